/*
 * AES-128 in ECB mode over whole blocks (FIPS 197), for engines that have no AES of their own (nRF52840 builds of Espruino).
 *
 * build.mjs compiles it for the Cortex-M4 and keeps the result in aes-blob.ts; native-aes.ts loads it with E.nativeCall, which
 * copies it to any address that is a multiple of four. So there is no writable data and nothing needs relocating.
 * A column of the state is one 32-bit word, first byte lowest, which both CPUs that run this (ARM, and the host in the tests) share.
 * Table look-ups by key and data are fine here: the Cortex-M4 has no data cache that would give their timing away.
 */
typedef unsigned char byte;
typedef unsigned int word;

enum { BLOCK = 16, COLUMNS = 4, ROUNDS = 10, KEY_WORDS = COLUMNS * (ROUNDS + 1) };

/* FIPS 197, figure 7. */
static const byte SBOX[256] = {
    0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76,
    0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0,
    0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15,
    0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2, 0xeb, 0x27, 0xb2, 0x75,
    0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84,
    0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf,
    0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8,
    0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5, 0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2,
    0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73,
    0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb,
    0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79,
    0xe7, 0xc8, 0x37, 0x6d, 0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08,
    0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a,
    0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e,
    0xe1, 0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
    0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
};

static word rotate(word w, int bits) { return w >> bits | w << (32 - bits); }

/* Each byte times x in GF(2^8), section 4.2.1. */
static word times2(word w) { return (w & 0x7f7f7f7f) << 1 ^ (w >> 7 & 0x01010101) * 0x1b; }

/* MixColumns of one column, section 5.1.3. */
static word mix(word w) {
  word doubled = times2(w);
  return doubled ^ rotate(w ^ doubled, 8) ^ rotate(w, 16) ^ rotate(w, 24);
}

/* InvMixColumns, section 5.3.3: its matrix is MixColumns times the circulant 5 0 4 0. */
static word unmix(word w) { return mix(w ^ times2(times2(w ^ rotate(w, 16)))); }

static word substitute(const byte *box, word a, word b, word c, word d) {
  return box[a & 255] | box[b >> 8 & 255] << 8 | box[c >> 16 & 255] << 16 | (word)box[d >> 24] << 24;
}

/* The buffers of the engine start at any byte. */
static word load(const byte *at) {
  word w;
  __builtin_memcpy(&w, at, 4);
  return w;
}
static void store(byte *at, word w) { __builtin_memcpy(at, &w, 4); }

/* Section 5.2. */
static void expandKey(word *keys, const byte *key) {
  word roundConstant = 1;
  for (int i = 0; i < COLUMNS; i++) keys[i] = load(key + 4 * i);
  for (int i = COLUMNS; i < KEY_WORDS; i++) {
    word w = keys[i - 1];
    if (i % COLUMNS == 0) {
      w = rotate(w, 8);
      w = substitute(SBOX, w, w, w, w) ^ roundConstant;
      roundConstant = times2(roundConstant);
    }
    keys[i] = keys[i - COLUMNS] ^ w;
  }
}

/*
 * The rounds of both directions differ in four things only: the table, the way the rows shift, the order of the round keys,
 * and on which side of the round key the columns are mixed (sections 5.1 and 5.3).
 */
static int aes(int backwards, word sizes, const byte *key, const byte *in, byte *out) {
  word keys[KEY_WORDS], state[COLUMNS], next[COLUMNS];
  byte inverse[256];
  const byte *box = SBOX;
  const int shift = backwards ? 3 : 1;
  const word size = sizes & 0xffff;

  if (!key || !in || !out || size % BLOCK || size > sizes >> 16) return 1;
  expandKey(keys, key);
  if (backwards) {
    for (int i = 0; i < 256; i++) inverse[SBOX[i]] = (byte)i;
    box = inverse;
  }
  for (const byte *end = in + size; in < end; in += BLOCK, out += BLOCK) {
    const word *roundKey = keys + (backwards ? KEY_WORDS - COLUMNS : 0);
    for (int c = 0; c < COLUMNS; c++) state[c] = load(in + 4 * c) ^ roundKey[c];
    for (int round = 1; round <= ROUNDS; round++) {
      roundKey += backwards ? -COLUMNS : COLUMNS;
      for (int c = 0; c < COLUMNS; c++) {
        word w = substitute(box, state[c], state[(c + shift) & 3], state[(c + 2) & 3], state[(c - shift) & 3]);
        if (!backwards && round < ROUNDS) w = mix(w);
        w ^= roundKey[c];
        if (backwards && round < ROUNDS) w = unmix(w);
        next[c] = w;
      }
      for (int c = 0; c < COLUMNS; c++) state[c] = next[c];
    }
    for (int c = 0; c < COLUMNS; c++) store(out + 4 * c, state[c]);
  }
  return 0;
}

/*
 * The two calls. `sizes` has the length of `in` in its low and that of `out` in its high 16 bits: four words are all that the engine
 * passes, and a check costs it thousands of instructions that cost nothing here. `key` has 16 bytes; `out` may be `in`.
 * 0 = done. 1 = nothing done: an address is 0, `in` is not made of whole blocks, or `out` is shorter.
 */
int aesEncrypt(word sizes, const byte *key, const byte *in, byte *out) { return aes(0, sizes, key, in, out); }
int aesDecrypt(word sizes, const byte *key, const byte *in, byte *out) { return aes(1, sizes, key, in, out); }
