/*
 * Runs aes.c on the host. Standard input holds requests, standard output gets one answer for each:
 *   request: backwards u32, sizes u32, null u32 (1, 2, 4 = pass address 0 as key, input, output), key[16], input
 *   answer:  result u32, then the whole output buffer, which starts as 0xee in each byte
 * All buffers start at odd addresses, as those of the engine may.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int aesEncrypt(unsigned sizes, const unsigned char *key, const unsigned char *in, unsigned char *out);
int aesDecrypt(unsigned sizes, const unsigned char *key, const unsigned char *in, unsigned char *out);

static unsigned char key[17], in[65537], out[65537];

int main(void) {
  uint32_t head[3];
  while (fread(head, sizeof head, 1, stdin) == 1) {
    const uint32_t size = head[1] & 0xffff, room = head[1] >> 16;
    if (fread(key + 1, 16, 1, stdin) != 1) return 1;
    if (size && fread(in + 1, size, 1, stdin) != 1) return 1;
    memset(out, 0xee, sizeof out);
    const uint32_t result = (head[0] ? aesDecrypt : aesEncrypt)(head[1], head[2] & 1 ? 0 : key + 1,
                                                                head[2] & 2 ? 0 : in + 1, head[2] & 4 ? 0 : out + 1);
    fwrite(&result, sizeof result, 1, stdout);
    fwrite(out + 1, room, 1, stdout);
  }
  return 0;
}
