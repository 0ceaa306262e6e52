/*
 * Points of edwards25519, -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032, 5.1), and the ladder of curve25519 (RFC 7748, 5).
 *
 * The formulas are tables for run(): a fifth of the size of the same as calls. They work on registers of one field each, and on
 * constants.
 */
typedef unsigned short row;

enum {
  /* A point: x = X / Z, y = Y / Z, xy = T / Z. */
  Z,
  X,
  Y,
  T,
  /* A point to be added: Y - X, Y + X, 2 Z, 2 d T. */
  LESS,
  MORE,
  TWICE_Z,
  TWICE_DT,
  /* What the formulas of RFC 8032 call so. */
  A,
  B,
  C,
  D,
  E,
  F,
  G,
  H,
  REGISTERS,
  ONE = REGISTERS,
  TWICE_D,
  ROOT,
  BASE_X,
  BASE_Y,
  HIGH_X,
  HIGH_Y,
};
/* On the ladder: n P with u = X2 / Z2, (n + 1) P with u = X3 / Z3, and P with u = X1. */
enum { Z2 = Z, X2 = X, Z3 = Y, X3 = T, X1 = LESS };
/* A point of either kind, four registers in a row. */
enum { WORDS = 32 };

static const field CONSTANTS[] = {
    {1},
    /* 2 d = -2 * 121665 / 121666 */
    {0x26b2f159, 0xebd69b94, 0x8283b156, 0x00e0149a, 0xeef3d130, 0x198e80f2, 0x56dffce7, 0x2406d9dc},
    /* The square root of -1 that is 2^((p - 1) / 4). */
    {0x4a0ea0b0, 0xc4ee1b27, 0xad2fe478, 0x2f431806, 0x3dfbd7a7, 0x2b4d0099, 0x4fc1df0b, 0x2b832480},
    /* x and y of the base point. */
    {0x8f25d51a, 0xc9562d60, 0x9525a7b2, 0x692cc760, 0xfdd6dc5c, 0xc0a4e231, 0xcd6e53fe, 0x216936d3},
    {0x66666658, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666},
    /* x and y of 2^128 times the base point. */
    {0x60b7e824, 0xfc8047ae, 0xc2e723e5, 0x98e685c9, 0xe14e29a0, 0x952d3984, 0x3c45f32c, 0x4c27afff},
    {0x4bf5a66b, 0x5bbabd11, 0x51a4c49e, 0x90d0be1e, 0x26c29c3a, 0x95f11eb6, 0x526dc87d, 0x5f2c99e6},
};

static const word *operand(const word *registers, word n) {
  return n < REGISTERS ? registers + 8 * n : CONSTANTS[n - REGISTERS];
}

/* r = a * b, a + b, a - b, a + 121665 * b. 0, which would be the square of Z, is the end. */
enum { MUL_ROW, ADD_ROW, SUB_ROW, ADD_A24_ROW, END = 0 };
#define ROW(operation, r, a, b) ((operation) << 14 | (r) << 10 | (a) << 5 | (b))
#define MUL(r, a, b) ROW(MUL_ROW, r, a, b)
#define ADD(r, a, b) ROW(ADD_ROW, r, a, b)
#define SUB(r, a, b) ROW(SUB_ROW, r, a, b)
#define ADD_A24(r, a, b) ROW(ADD_A24_ROW, r, a, b)

static void run(word *registers, const row *rows) {
  for (word now; (now = *rows) != END; rows++) {
    word *const r = registers + 8 * (now >> 10 & 15);
    const word *const a = operand(registers, now >> 5 & 31), *const b = operand(registers, now & 31);
    const word operation = now >> 14;
    if (operation == MUL_ROW)
      mul(r, a, b);
    else
      combine(r, a, b, operation == ADD_ROW ? 1 : operation == SUB_ROW ? -1 : 121665);
  }
}

/* The end of both formulas of RFC 8032, 5.1.4. */
#define POINT_OF_EFGH MUL(X, E, F), MUL(Y, G, H), MUL(Z, F, G), MUL(T, E, H), END

/* The point plus the one to be added. Holds for any two, so that no case needs a branch. */
static const row ADD_POINT[] = {
    SUB(A, Y, X), MUL(A, A, LESS), ADD(B, Y, X), MUL(B, B, MORE), MUL(C, T, TWICE_DT), MUL(D, Z, TWICE_Z),
    SUB(E, B, A), SUB(F, D, C),    ADD(G, D, C), ADD(H, B, A),    POINT_OF_EFGH,
};

/* Twice the point. */
static const row DOUBLE_POINT[] = {
    MUL(A, X, X), MUL(B, Y, Y), MUL(C, Z, Z), ADD(C, C, C), ADD(H, A, B), ADD(E, X, Y),
    MUL(E, E, E), SUB(E, H, E), SUB(G, A, B), ADD(F, C, G), POINT_OF_EFGH,
};

/* The base point, as one to be added as well. Further down: the same for x and y, for any point. */
static const row SUMMAND[] = {
    MUL(X, ONE, BASE_X), MUL(Y, ONE, BASE_Y), MUL(Z, ONE, ONE),  MUL(T, X, Y),
    SUB(LESS, Y, X),     ADD(MORE, Y, X),     ADD(TWICE_Z, Z, Z), MUL(TWICE_DT, T, TWICE_D), END,
};
enum { OF_BASE = 0, OF_XY = 2, OF_POINT = 4 };

static const row HIGH_XY[] = {MUL(X, ONE, HIGH_X), MUL(Y, ONE, HIGH_Y), END};

/* From y to A / B = x^2 with A = 2 (y^2 - 1), B = 2 d y^2 + 2; X = A B^3; T = A B^7, which is to be raised to (p - 5) / 8. */
static const row SQUARE_OF_X[] = {
    MUL(T, Y, Y), SUB(A, T, ONE), ADD(A, A, A), MUL(B, T, TWICE_D), ADD(B, B, ONE), ADD(B, B, ONE),
    MUL(X, B, B), MUL(X, X, B), MUL(T, X, X), MUL(X, X, A), MUL(T, T, B), MUL(T, T, A), END,
};
/* X = X T is x if C = A now. Otherwise, with the new T, the same again. */
static const row TRY_X[] = {MUL(X, X, T), MUL(C, X, X), MUL(C, C, B), MUL(T, ONE, ROOT), END};

/* The negative of the point that 32 public bytes stand for, as X and Y (RFC 8032, 5.1.3); 0 when there is none. */
static int decodeNegative(word *registers, const word *bytes) {
  word *const x = registers + 8 * X, *const y = registers + 8 * Y, *const t = registers + 8 * T;
  word *const a = registers + 8 * A, *const c = registers + 8 * C;
  const word odd = bytes[7] >> 31;
  copy(y, bytes, 8);
  y[7] &= 0x7fffffff;
  run(registers, SQUARE_OF_X);
  power(t, t, NEAR_ROOT);
  pack(a, a);
  for (int tries = 0;; tries++) {
    run(registers, TRY_X);
    pack(c, c);
    if (same(c, a)) break;
    if (tries) return 0;
  }
  pack(x, x);
  clear(c, 8);
  /* Zero has no odd twin. */
  if (odd && same(x, c)) return 0;
  if ((x[0] & 1) == odd) combine(x, c, x, -1);
  return 1;
}

/* Makes X and Y the one X / Z and Y / Z below p. */
static const row TIMES_A[] = {MUL(X, X, A), MUL(Y, Y, A), END};
static void divide(word *registers) {
  power(registers + 8 * A, registers + 8 * Z, INVERSE);
  run(registers, TIMES_A);
  pack(registers + 8 * X, registers + 8 * X);
  pack(registers + 8 * Y, registers + 8 * Y);
}

/* The point to be added: number which - 1 of the table of three, or the neutral one for 0; reads all of it whatever `which` is. */
static void choose(word *registers, const word *table, word which) {
  word *const q = registers + 8 * LESS;
  const word neutral = (which - 1) >> 31;
  clear(q, WORDS);
  q[0] = q[8] = neutral;
  q[16] = neutral << 1;
  for (word n = 1; n <= 3; n++) {
    const word mask = 0 - (((which ^ n) - 1) >> 31);
    for (int i = 0; i < WORDS; i++) q[i] |= *table++ & mask;
  }
}

/* One step of the ladder: from n P, (n + 1) P to 2 n P, (2 n + 1) P. RFC 7748, 5 calls its E, AA, BB here E, A, B. */
static const row LADDER[] = {
    ADD(A, X2, Z2), SUB(B, X2, Z2), ADD(C, X3, Z3), SUB(D, X3, Z3), MUL(D, D, A), MUL(C, C, B), ADD(X3, D, C), MUL(X3, X3, X3),
    SUB(Z3, D, C), MUL(Z3, Z3, Z3), MUL(Z3, Z3, X1), MUL(A, A, A), MUL(B, B, B), MUL(X2, A, B), SUB(E, A, B),
    ADD_A24(D, A, E), MUL(Z2, E, D), END,
};

/* From y to the u of the same point on curve25519, which is X / Z (RFC 7748, 4.1). */
static const row U_OF_Y[] = {SUB(Z, ONE, Y), ADD(X, ONE, Y), END};

/* Exchanges both points of the ladder where `mask` is all ones, and nothing where it is 0. */
static void swap(word *registers, word mask) {
  for (int i = 0; i < 16; i++) {
    const word difference = (registers[i] ^ registers[i + 16]) & mask;
    registers[i] ^= difference;
    registers[i + 16] ^= difference;
  }
}
