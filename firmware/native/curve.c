/*
 * Ed25519 (RFC 8032) and X25519 (RFC 7748) with MeshCore's keys, for engines that have none of it; SHA-512 is the engine's.
 *
 * build.mjs compiles it for the Cortex-M4 and keeps the result in curve-blob.ts; native-curve.ts loads it with E.nativeCall, which
 * copies it to any address that is a multiple of four. So there is no writable data and nothing needs relocating.
 * No call takes longer than about 20 ms. What a piece of work needs between two calls is in a buffer of the caller: several can be
 * under way, and one that is given up needs nothing.
 * What is done with a secret number takes the same time for all numbers: no branch and no address depends on one.
 */
#include "field.h"
#include "point.h"
#include "scalar.h"

/*
 * The buffer, in words. What goes in before a command other than STEP, and what is there when a call gives READY:
 *   command  POINT       SCALAR    KEY                            HASH, by SHA-512            READY
 *   PUBLIC                         private key, first 32 bytes                                POINT = public key
 *   SHARED   public key            private key, first 32 bytes                                POINT = shared secret
 *   SIGN                           private key, first 32 bytes    of its rest, message        POINT = R of the signature
 *   CLOSE    as SIGN and its steps have left them                 of R, public key, message   POINT, SCALAR = signature
 *   VERIFY   signature             public key                     of R, public key, message   the signature is good
 * PLACE and TABLE: a point and three to be added, or the points of the ladder and its X1.
 */
enum {
  POINT = 0,
  SCALAR = 8,
  KEY = 16,
  HASH = 24,
  COMMAND = 40,
  BITS = 41,
  PLACE = 42,
  TABLE = PLACE + WORDS,
  SIZE = TABLE + 3 * WORDS,
};
enum { STEP, PUBLIC, SHARED, SIGN, CLOSE, VERIFY };
/* AGAIN: to go on with STEP. BAD: no signature by this key, or no key. */
enum { READY, AGAIN, BAD, REFUSED };
/* Bits of a scalar in one call. */
enum { LADDER_SLICE = 128, SUM_SLICE = 64 };

static word bit(const word *number, word at) { return number[at >> 5] >> (at & 31) & 1; }

static int start(word *w, word command, word bits) {
  w[COMMAND] = command;
  w[BITS] = bits;
  return AGAIN;
}

/* Number n of the table, by the rows of SUMMAND from the one of that number. */
static void tabulate(word *w, int n, word *registers, int from) {
  run(registers, SUMMAND + from);
  copy(w + TABLE + WORDS * n, registers + 8 * LESS, WORDS);
}

/* A table of B, the point with this X and Y, and the sum of both; to start with, the neutral point. */
static int startSum(word *w, word command, word bits, word *registers) {
  tabulate(w, 1, registers, OF_XY);
  tabulate(w, 0, registers, OF_BASE);
  copy(registers + 8 * LESS, w + TABLE + WORDS, WORDS);
  run(registers, ADD_POINT);
  tabulate(w, 2, registers, OF_POINT);
  clear(w + PLACE, WORDS);
  w[PLACE + 8 * Y] = w[PLACE + 8 * Z] = 1;
  return start(w, command, bits);
}

/* The scalar times B is its lower half times B plus its upper half times 2^128 B. */
static int startProduct(word *w, word command) {
  word registers[8 * REGISTERS];
  run(registers, HIGH_XY);
  return startSum(w, command, 128, registers);
}

/* R = S B - h A must hold, with S below L (RFC 8032, 5.1.7). */
static int startVerify(word *w) {
  word registers[8 * REGISTERS];
  field reduced;
  moduloOrder(reduced, (const unsigned char *)(w + SCALAR), 32);
  if (!same(reduced, w + SCALAR)) return BAD;
  moduloOrder(reduced, (const unsigned char *)(w + HASH), 64);
  copy(w + HASH, reduced, 8);
  if (!decodeNegative(registers, w + KEY)) return BAD;
  return startSum(w, VERIFY, 253, registers);
}

/* The clamped scalar times the point with this y, as MeshCore does it. */
static int startShared(word *w) {
  word registers[8 * REGISTERS];
  copy(w + SCALAR, w + KEY, 8);
  w[SCALAR] &= ~7u;
  w[SCALAR + 7] = (w[SCALAR + 7] & 0x3fffffff) | 0x40000000;
  copy(registers + 8 * Y, w + POINT, 8);
  registers[8 * Y + 7] &= 0x7fffffff;
  run(registers, U_OF_Y);
  divide(registers);
  copy(w + TABLE, registers + 8 * X, 8);
  clear(w + PLACE, WORDS);
  w[PLACE + 8 * X2] = w[PLACE + 8 * Z3] = 1;
  copy(w + PLACE + 8 * X3, registers + 8 * X, 8);
  return start(w, SHARED, 255);
}

/* S = r + h a (RFC 8032, 5.1.6). */
static int closeSignature(word *w) {
  word sum[16];
  field h;
  moduloOrder(h, (const unsigned char *)(w + HASH), 64);
  copy(sum, w + SCALAR, 8);
  multiply(sum, h, w + KEY);
  moduloOrder(w + SCALAR, (const unsigned char *)sum, 64);
  clear(w + KEY, SIZE - KEY);
  return READY;
}

static void climb(word *w, word *registers) {
  word swapped = 0;
  for (int left = LADDER_SLICE; left && w[BITS]; left--) {
    const word now = 0 - bit(w + SCALAR, --w[BITS]);
    swap(registers, now ^ swapped);
    swapped = now;
    run(registers, LADDER);
  }
  swap(registers, swapped);
}

static void sum(word *w, word *registers) {
  const word *const second = w + (w[COMMAND] == VERIFY ? HASH : SCALAR + 4);
  for (int left = SUM_SLICE; left && w[BITS]; left--) {
    const word at = --w[BITS];
    run(registers, DOUBLE_POINT);
    choose(registers, w + TABLE, bit(w + SCALAR, at) | bit(second, at) << 1);
    run(registers, ADD_POINT);
  }
}

/* Some of the bits; when none are left, the result. */
static int step(word *w) {
  word registers[8 * REGISTERS];
  const word command = w[COMMAND];
  word *const x = registers + 8 * X, *const y = registers + 8 * Y;

  copy(registers, w + PLACE, WORDS + 8);
  if (w[BITS]) {
    if (command == SHARED)
      climb(w, registers);
    else
      sum(w, registers);
    copy(w + PLACE, registers, WORDS);
    return AGAIN;
  }
  divide(registers);
  /* A point as 32 bytes (RFC 8032, 5.1.2). */
  y[7] |= x[0] << 31;
  w[COMMAND] = command == SIGN ? CLOSE : STEP;
  if (command == VERIFY) return same(y, w + POINT) ? READY : BAD;
  copy(w + POINT, command == SHARED ? x : y, 8);
  if (command != SIGN) clear(w + SCALAR, SIZE - SCALAR);
  return READY;
}

/*
 * The one call: starts what `command` says, or goes on with it. `size` is the length of the buffer in bytes.
 * REFUSED = nothing done: no buffer, one of another size or not at a multiple of four, or a command whose turn it is not.
 */
int curve(word *w, word size, word command) {
  if (!w || (__UINTPTR_TYPE__)w & 3 || size != SIZE * sizeof *w) return REFUSED;
  switch (command) {
    case STEP:
      return w[COMMAND] == STEP || w[COMMAND] == CLOSE ? REFUSED : step(w);
    case PUBLIC:
      copy(w + SCALAR, w + KEY, 8);
      return startProduct(w, PUBLIC);
    case SHARED:
      return startShared(w);
    case SIGN:
      moduloOrder(w + SCALAR, (const unsigned char *)(w + HASH), 64);
      return startProduct(w, SIGN);
    case CLOSE:
      return w[COMMAND] == CLOSE ? closeSignature(w) : REFUSED;
    case VERIFY:
      return startVerify(w);
    default:
      return REFUSED;
  }
}
