/*
 * Runs curve.c on the host. Standard input holds requests, standard output gets one answer for each:
 *   request: what u32, number u32, buffer of SIZE words
 *   answer:  result u32, number of calls u32, the buffer
 */
#include "../../firmware/native/curve.c"
#include <stdint.h>
#include <stdio.h>

enum {
  CALL = 0,        /* curve() once; number = command */
  WHOLE = 1,       /* curve() until it says something other than AGAIN; number = command */
  LENGTH = 2,      /* PUBLIC with a length of `number` */
  NO_ADDRESS = 3,  /* PUBLIC without a buffer */
  ODD_ADDRESS = 4, /* PUBLIC with a buffer two bytes further on */
  FIELD = 5,       /* number = one of the operations below, on POINT and SCALAR; the result in POINT */
  X25519 = 6,      /* the iteration of RFC 7748, 5.2, `number` times, with k and u in KEY and POINT */
};
enum { TIMES, PLUS, MINUS, PLUS_A24, INVERT, PACK, MODULO_ORDER };

static word buffer[SIZE + 1], calls;

static int call(word *w, word size, word command) {
  calls++;
  return curve(w, size, command);
}

static int whole(word command) {
  int result = call(buffer, SIZE * 4, command);
  while (result == AGAIN) result = call(buffer, SIZE * 4, STEP);
  return result;
}

static int fieldOperation(word operation) {
  word *const a = buffer + POINT, *const b = buffer + SCALAR, reduced[8];
  if (operation == TIMES) mul(a, a, b);
  if (operation == PLUS) combine(a, a, b, 1);
  if (operation == MINUS) combine(a, a, b, -1);
  if (operation == PLUS_A24) combine(a, a, b, 121665);
  if (operation == INVERT) power(a, a, INVERSE);
  if (operation == PACK) pack(a, a);
  if (operation == MODULO_ORDER) {
    moduloOrder(reduced, (const unsigned char *)a, 64);
    copy(a, reduced, 8);
  }
  return READY;
}

/* SHARED takes points by the y of the same point on edwards25519: y = (u - 1) / (u + 1). */
static int iterate(word times) {
  static const row Y_OF_U[] = {SUB(X, Y, ONE), ADD(Z, Y, ONE), END};
  word k[8], u[8], registers[8 * REGISTERS];
  copy(k, buffer + KEY, 8);
  copy(u, buffer + POINT, 8);
  while (times--) {
    copy(registers + 8 * Y, u, 8);
    registers[8 * Y + 7] &= 0x7fffffff;
    run(registers, Y_OF_U);
    divide(registers);
    copy(buffer + POINT, registers + 8 * X, 8);
    copy(buffer + KEY, k, 8);
    if (whole(SHARED) != READY) return BAD;
    copy(u, k, 8);
    copy(k, buffer + POINT, 8);
  }
  return READY;
}

int main(void) {
  uint32_t head[2];
  while (fread(head, sizeof head, 1, stdin) == 1) {
    uint32_t answer[2];
    if (fread(buffer, SIZE * 4, 1, stdin) != 1) return 1;
    calls = 0;
    answer[0] = (uint32_t)(head[0] == CALL          ? call(buffer, SIZE * 4, head[1])
                           : head[0] == WHOLE       ? whole(head[1])
                           : head[0] == LENGTH      ? call(buffer, head[1], PUBLIC)
                           : head[0] == NO_ADDRESS  ? call(0, SIZE * 4, PUBLIC)
                           : head[0] == ODD_ADDRESS ? call((word *)(void *)((char *)buffer + 2), SIZE * 4, PUBLIC)
                           : head[0] == FIELD       ? fieldOperation(head[1])
                                                    : iterate(head[1]));
    answer[1] = calls;
    fwrite(answer, sizeof answer, 1, stdout);
    fwrite(buffer, SIZE * 4, 1, stdout);
  }
  return 0;
}
