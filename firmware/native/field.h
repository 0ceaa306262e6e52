/*
 * Arithmetic modulo p = 2^255 - 19, the field of Curve25519 (RFC 7748, 4.1).
 *
 * An element is eight words of 32 bits, least significant first. Any value below 2^256 stands for its remainder, so that nothing needs
 * comparing; pack() finds the one value below p. A result may be written over its operands.
 * No branch, no address and no loop here depends on the value of an element.
 */
typedef unsigned int word;
typedef unsigned long long wide;
typedef word field[8];

/* *high:*low = a * b + *low + *high, which is always below 2^64. */
static inline void multiplyAdd(word *low, word *high, word a, word b) {
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
  __asm__("umaal %0, %1, %2, %3" : "+r"(*low), "+r"(*high) : "r"(a), "r"(b));
#else
  const wide sum = (wide)a * b + *low + *high;
  *low = (word)sum;
  *high = (word)(sum >> 32);
#endif
}

static void copy(word *out, const word *a, int words) {
  for (int i = 0; i < words; i++) out[i] = a[i];
}

static void clear(word *out, int words) {
  for (int i = 0; i < words; i++) out[i] = 0;
}

/* product[0..15] = a * b + product[0..7]. Two words of `a` at a time share the loads of `b`. */
static void multiply(word *product, const word *a, const word *b) {
  for (int i = 0; i < 8; i += 2) {
    const word a0 = a[i], a1 = a[i + 1];
    word high0 = 0, high1 = 0, before = b[0], low = product[i];
    multiplyAdd(&low, &high0, a0, before);
    product[i] = low;
#pragma GCC unroll 8
    for (int j = 1; j < 8; j++) {
      const word now = b[j];
      low = product[i + j];
      multiplyAdd(&low, &high0, a0, now);
      multiplyAdd(&low, &high1, a1, before);
      product[i + j] = low;
      before = now;
    }
    multiplyAdd(&high0, &high1, a1, before);
    product[i + 8] = high0;
    product[i + 9] = high1;
  }
}

/* r modulo 2^255, plus 19 where bit 255 was set, plus `more`: the same element plus `more`. */
static void fold(word *r, int more) {
  more += 19 * (int)(r[7] >> 31);
  r[7] &= 0x7fffffff;
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    const long long sum = (long long)r[i] + more;
    r[i] = (word)sum;
    more = (int)(sum >> 32);
  }
}

/*
 * r = a + times * b, for `times` from 0 to 2^20 and for -1. For -1 it adds the complement of b, 2^256 - 1 - b, instead: then, with
 * the high bits coming back 19-fold, a - b = (low 255 bits) + 19 * (high bits) - 56 + 2^255, which is between 0 and 2^256.
 */
static void combine(word *r, const word *a, const word *b, int times) {
  const word minus = (word)(times >> 31);
  word high = 0;
  times = (times ^ (int)minus) - (int)minus;
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    word low = a[i];
    multiplyAdd(&low, &high, b[i] ^ minus, (word)times);
    r[i] = low;
  }
  fold(r, (int)(38 * high - (minus & 56)));
  r[7] += minus << 31;
}

static void mul(word *r, const word *a, const word *b) {
  word product[16];
  clear(product, 8);
  multiply(product, a, b);
  combine(r, product, product + 8, 38);
}

static void square(word *r, const word *a, int times) {
  copy(r, a, 8);
  while (times-- > 0) mul(r, r, r);
}

/*
 * r = a to the power of 2^250 - 1 followed by the binary digits of `tail` behind its leading one. a^(2^n - 1) becomes
 * a^(2^2n - 1) by n squarings and one product: the digits of 250 are read as the tail's are.
 */
static void power(word *r, const word *a, word tail) {
  field base, ones;
  copy(base, a, 8);
  copy(r, a, 8);
  for (int n = 1, bits = 6; n < 250; bits--) {
    square(ones, r, n);
    mul(r, ones, r);
    n *= 2;
    if (250 >> bits & 1) {
      mul(r, r, r);
      mul(r, r, base);
      n++;
    }
  }
  word digit = 1;
  while (digit * 2 <= tail) digit *= 2;
  while (digit /= 2) {
    mul(r, r, r);
    if (tail & digit) mul(r, r, base);
  }
}

/* Tails: of p - 2, for 1 / a, and 0 for 0; of (p - 5) / 8, of which RFC 8032, 5.1.3 makes square roots. */
enum { INVERSE = 0x2b, NEAR_ROOT = 5 };

/* The one value below p. */
static void pack(word *r, const word *a) {
  copy(r, a, 8);
  fold(r, 19);
  /* Below 2^255 + 38, and with the 19 more bit 255 is set where it was p or more: those lose p, the others the 19. */
  fold(r, -19);
}

/* Whether the same 256 bits are in both. */
static int same(const word *a, const word *b) {
  word different = 0;
  for (int i = 0; i < 8; i++) different |= a[i] ^ b[i];
  return !different;
}
