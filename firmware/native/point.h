/*
 * Points of edwards25519, -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032, 5.1), and the ladder of curve25519 (RFC 7748, 5).
 *
 * A point is X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z. What gets added is kept as a summand, which saves each addition some work:
 * Y - X, Y + X, 2 Z and 2 d T. The addition holds for any two points, so that no case needs a branch.
 */
enum { X, Y, Z, T, FIELDS };
enum { LESS, MORE, TWICE_Z, TWICE_DT };

static const field ONE = {1};

/* 2 d = -2 * 121665 / 121666 */
static const field TWICE_D = {0x26b2f159, 0xebd69b94, 0x8283b156, 0x00e0149a,
                              0xeef3d130, 0x198e80f2, 0x56dffce7, 0x2406d9dc};
/* The square root of -1 that is 2^((p - 1) / 4). */
static const field ROOT = {0x4a0ea0b0, 0xc4ee1b27, 0xad2fe478, 0x2f431806, 0x3dfbd7a7, 0x2b4d0099, 0x4fc1df0b, 0x2b832480};

/* x and y of the base point. */
static const field BASE[2] = {
    {0x8f25d51a, 0xc9562d60, 0x9525a7b2, 0x692cc760, 0xfdd6dc5c, 0xc0a4e231, 0xcd6e53fe, 0x216936d3},
    {0x66666658, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666},
};
/* 2^128 times the base point: the upper half of a scalar is multiplied while the lower is. */
static const field HIGH_BASE[2] = {
    {0x60b7e824, 0xfc8047ae, 0xc2e723e5, 0x98e685c9, 0xe14e29a0, 0x952d3984, 0x3c45f32c, 0x4c27afff},
    {0x4bf5a66b, 0x5bbabd11, 0x51a4c49e, 0x90d0be1e, 0x26c29c3a, 0x95f11eb6, 0x526dc87d, 0x5f2c99e6},
};

static void fromAffine(field *p, const field *xy) {
  copy(p[X], xy[X], 16);
  copy(p[Z], ONE, 8);
  mul(p[T], p[X], p[Y]);
}

static void toSummand(field *q, const field *p) {
  subtract(q[LESS], p[Y], p[X]);
  add(q[MORE], p[Y], p[X]);
  add(q[TWICE_Z], p[Z], p[Z]);
  mul(q[TWICE_DT], p[T], TWICE_D);
}

/* The last step of both formulas, from their E, F, G and H. */
static void finish(field *p, const word *e, const word *f, const word *g, const word *h) {
  mul(p[X], e, f);
  mul(p[Y], g, h);
  mul(p[Z], f, g);
  mul(p[T], e, h);
}

/* p = p + q, RFC 8032, 5.1.4. */
static void addPoint(field *p, const field *q) {
  field a, b, c, d, e;
  subtract(a, p[Y], p[X]);
  mul(a, a, q[LESS]);
  add(b, p[Y], p[X]);
  mul(b, b, q[MORE]);
  mul(c, p[T], q[TWICE_DT]);
  mul(d, p[Z], q[TWICE_Z]);
  subtract(e, b, a);
  add(b, b, a);
  subtract(a, d, c);
  add(c, d, c);
  finish(p, e, a, c, b);
}

/* p = 2 p, RFC 8032, 5.1.4. */
static void doublePoint(field *p) {
  field a, b, e, h;
  mul(a, p[X], p[X]);
  mul(b, p[Y], p[Y]);
  add(h, a, b);
  subtract(b, a, b);
  add(a, p[X], p[Y]);
  mul(a, a, a);
  subtract(e, h, a);
  mul(a, p[Z], p[Z]);
  combine(a, b, a, 2);
  finish(p, e, a, b, h);
}

/* The point as 32 bytes, RFC 8032, 5.1.2. */
static void encode(word *bytes, const field *p) {
  field inverse, x;
  invert(inverse, p[Z]);
  mul(x, p[X], inverse);
  pack(x, x);
  mul(inverse, p[Y], inverse);
  pack(bytes, inverse);
  bytes[7] |= x[0] << 31;
}

/*
 * The negative of the point that 32 public bytes stand for (RFC 8032, 5.1.3); 0 when there is none.
 * x^2 = u / v with u = 2 (y^2 - 1), v = 2 d y^2 + 2.
 */
static int decodeNegative(field *p, const word *bytes) {
  field affine[2], u, v, t;
  word *const x = affine[X], *const y = affine[Y];
  const word odd = bytes[7] >> 31;

  copy(y, bytes, 8);
  y[7] &= 0x7fffffff;
  mul(t, y, y);
  subtract(u, t, ONE);
  add(u, u, u);
  mul(v, t, TWICE_D);
  combine(v, v, ONE, 2);
  /* x = u v^3 (u v^7)^((p - 5) / 8) */
  mul(x, v, v);
  mul(x, x, v);
  mul(t, x, x);
  mul(x, x, u);
  mul(t, t, v);
  mul(t, t, u);
  nearRoot(t, t);
  mul(x, x, t);
  for (int tries = 0;; tries++) {
    mul(t, x, x);
    mul(t, t, v);
    subtract(t, t, u);
    if (isZero(t)) break;
    if (tries) return 0;
    mul(x, x, ROOT);
  }
  /* Zero has no odd twin. */
  if (isZero(x) && odd) return 0;
  pack(x, x);
  if ((x[0] & 1) == odd) {
    clear(t, 8);
    subtract(x, t, x);
  }
  fromAffine(p, (const field *)affine);
  return 1;
}

/* q = table[which - 1], or the neutral point for 0: reads all of the table whatever `which` is. */
static void choose(field *q, field table[3][FIELDS], word which) {
  const word neutral = (which - 1) >> 31;
  clear(q[0], 8 * FIELDS);
  q[LESS][0] = q[MORE][0] = neutral;
  q[TWICE_Z][0] = neutral << 1;
  for (word n = 1; n <= 3; n++) {
    const word mask = 0 - (((which ^ n) - 1) >> 31);
    for (int i = 0; i < 8 * FIELDS; i++) q[0][i] |= table[n - 1][0][i] & mask;
  }
}

/* Exchanges the first two fields of `f` with the next two where `mask` is all ones, and none where it is 0. */
static void swap(field *f, word mask) {
  for (int i = 0; i < 16; i++) {
    const word difference = (f[0][i] ^ f[2][i]) & mask;
    f[0][i] ^= difference;
    f[2][i] ^= difference;
  }
}

/* One step of the ladder, RFC 7748, 5: from n P, (n + 1) P as f[0]:f[1], f[2]:f[3] to 2 n P, (2 n + 1) P; u = x of P. */
static void ladderStep(field *f, const word *u) {
  field a, b, c;
  add(a, f[0], f[1]);
  subtract(b, f[0], f[1]);
  add(c, f[2], f[3]);
  subtract(f[3], f[2], f[3]);
  mul(f[3], f[3], a);
  mul(c, c, b);
  add(f[2], f[3], c);
  mul(f[2], f[2], f[2]);
  subtract(f[3], f[3], c);
  mul(f[3], f[3], f[3]);
  mul(f[3], f[3], u);
  mul(a, a, a);
  mul(b, b, b);
  mul(f[0], a, b);
  subtract(b, a, b);
  combine(a, a, b, 121665);
  mul(f[1], a, b);
}
