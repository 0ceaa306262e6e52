/*
 * Ed25519 (RFC 8032) and X25519 (RFC 7748) with MeshCore's keys, for engines that have none of it; SHA-512 is the engine's.
 *
 * build.mjs compiles it for the Cortex-M4 and keeps the result in curve-blob.ts; native-curve.ts loads it with E.nativeCall, which
 * copies it to any address that is a multiple of four. So there is no writable data and nothing needs relocating.
 * One call takes at most about 20 ms there, and what a piece of work needs between two calls is in a buffer of the caller: several can be
 * under way, and one that is given up needs nothing.
 * What is done with a secret number takes the same time for all numbers: no branch and no address depends on one.
 */
#include "field.h"
#include "point.h"
#include "scalar.h"

/*
 * The caller's buffer, at an address that is a multiple of four.
 *   command   in: point      scalar   key                                hash                    out
 *   PUBLIC                            private key, its first 32 bytes                            point = public key
 *   SHARED    peer's public key       private key, its first 32 bytes                            point = shared secret
 *   SIGN                              private key, its first 32 bytes    of prefix, message      point = R
 *   CLOSE     after SIGN's last step, nothing changed but:               of R, key, message      point, scalar = signature
 *   VERIFY    signature: R   S        public key                         of R, key, message      the result of the last call
 */
struct work {
  field point, scalar, key;
  word hash[16];
  word command, bits;
  field at[FIELDS];
  field table[3][FIELDS];
};

enum { STEP, PUBLIC, SHARED, SIGN, CLOSE, VERIFY };
/* READY: the output is there, or the signature is good. AGAIN: go on with STEP. BAD: a signature or a key that is none. */
enum { READY, AGAIN, BAD, REFUSED };
/* Bits of the scalars in one call. */
enum { LADDER_SLICE = 128, SLICE = 64 };

static word bit(const word *number, word at) { return number[at >> 5] >> (at & 31) & 1; }

static int start(struct work *w, word command, word bits) {
  w->command = command;
  w->bits = bits;
  return AGAIN;
}

/* Fills the table with B, the point w->at, and the sum of both, and starts at the neutral point. */
static int startSum(struct work *w, word command, word bits) {
  toSummand(w->table[1], (const field *)w->at);
  fromAffine(w->at, BASE);
  toSummand(w->table[0], (const field *)w->at);
  addPoint(w->at, (const field *)w->table[1]);
  toSummand(w->table[2], (const field *)w->at);
  clear(w->at[X], 8 * FIELDS);
  w->at[Y][0] = w->at[Z][0] = 1;
  return start(w, command, bits);
}

/* The scalar times B, as (lower half) B + (upper half) 2^128 B. */
static int startBase(struct work *w, word command) {
  fromAffine(w->at, HIGH_BASE);
  return startSum(w, command, 128);
}

/* R = S B - h A must hold (RFC 8032, 5.1.7). S must be below L. */
static int startVerify(struct work *w) {
  field reduced;
  moduloOrder(reduced, (const unsigned char *)w->scalar, 32);
  for (int i = 0; i < 8; i++) {
    if (reduced[i] != w->scalar[i]) return BAD;
  }
  moduloOrder(reduced, (const unsigned char *)w->hash, 64);
  copy(w->hash, reduced, 8);
  if (!decodeNegative(w->at, w->key)) return BAD;
  return startSum(w, VERIFY, 253);
}

/* The clamped scalar times the point with u = (1 + y) / (1 - y), as MeshCore does it. */
static int startShared(struct work *w) {
  word *const u = w->table[0][0];
  field below;
  copy(w->scalar, w->key, 8);
  w->scalar[0] &= ~7u;
  w->scalar[7] = (w->scalar[7] & 0x3fffffff) | 0x40000000;
  copy(u, w->point, 8);
  u[7] &= 0x7fffffff;
  subtract(below, ONE, u);
  invert(below, below);
  add(u, ONE, u);
  mul(u, u, below);
  copy(w->at[0], ONE, 8);
  clear(w->at[1], 8);
  copy(w->at[2], u, 8);
  copy(w->at[3], ONE, 8);
  return start(w, SHARED, 255);
}

/* Erases all that lies behind the output. */
static void erase(struct work *w, const word *output, word words) {
  word *const all = w->point;
  for (word i = (word)(output - all) + words; i < sizeof *w / sizeof(word); i++) all[i] = 0;
}

/* S = r + h a (RFC 8032, 5.1.6). */
static int close(struct work *w) {
  word sum[16];
  field h;
  moduloOrder(h, (const unsigned char *)w->hash, 64);
  copy(sum, w->scalar, 8);
  multiply(sum, h, w->key);
  moduloOrder(w->scalar, (const unsigned char *)sum, 64);
  erase(w, w->scalar, 8);
  return READY;
}

static int stepShared(struct work *w) {
  word swapped = 0;
  for (int left = LADDER_SLICE; left && w->bits; left--) {
    const word now = 0 - bit(w->scalar, --w->bits);
    swap(w->at, now ^ swapped);
    swapped = now;
    ladderStep(w->at, w->table[0][0]);
  }
  swap(w->at, swapped);
  if (w->bits) return AGAIN;
  invert(w->at[1], w->at[1]);
  mul(w->at[0], w->at[0], w->at[1]);
  pack(w->point, w->at[0]);
  erase(w, w->point, 8);
  return READY;
}

static int stepSum(struct work *w) {
  const word *const second = w->command == VERIFY ? w->hash : w->scalar + 4;
  field q[FIELDS];
  for (int left = SLICE; left && w->bits; left--) {
    w->bits--;
    doublePoint(w->at);
    choose(q, w->table, bit(w->scalar, w->bits) | bit(second, w->bits) << 1);
    addPoint(w->at, (const field *)q);
  }
  if (w->bits) return AGAIN;
  encode(q[0], (const field *)w->at);
  if (w->command == VERIFY) {
    for (int i = 0; i < 8; i++) {
      if (q[0][i] != w->point[i]) return BAD;
    }
    return READY;
  }
  copy(w->point, q[0], 8);
  if (w->command == PUBLIC) erase(w, w->point, 8);
  return READY;
}

/*
 * The one call: starts what `command` says, or goes on with it. `size` is the length of the buffer in bytes.
 * REFUSED = nothing done: no buffer, one of another size or at an odd address, or a command that there is not.
 */
int curve(struct work *w, word size, word command) {
  if (!w || (__UINTPTR_TYPE__)w & 3 || size != sizeof *w) return REFUSED;
  switch (command) {
    case STEP:
      return w->command == SHARED ? stepShared(w) : stepSum(w);
    case PUBLIC:
      copy(w->scalar, w->key, 8);
      return startBase(w, PUBLIC);
    case SHARED:
      return startShared(w);
    case SIGN:
      moduloOrder(w->scalar, (const unsigned char *)w->hash, 64);
      return startBase(w, SIGN);
    case CLOSE:
      return close(w);
    case VERIFY:
      return startVerify(w);
    default:
      return REFUSED;
  }
}
