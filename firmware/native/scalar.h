/* Numbers modulo the order of the base point, L = 2^252 + 27742317777372353535851937790883648493 (RFC 8032, 5.1). */
static const word ORDER[8] = {0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0, 0, 0, 0x10000000};

/*
 * r = the little-endian number of `count` bytes, modulo L; `r` must lie elsewhere. Byte by byte from the top: r * 256 + byte, less
 * as many times L as there are times 2^252 in it, which is right or one time too many. Takes the same way for all numbers.
 */
static void moduloOrder(word *r, const unsigned char *bytes, int count) {
  clear(r, 8);
  while (count-- > 0) {
    const word quotient = r[7] >> 20;
    for (int i = 7; i > 0; i--) r[i] = r[i] << 8 | r[i - 1] >> 24;
    r[0] = r[0] << 8 | bytes[count];
    long long sum = 0;
    for (int i = 0; i < 8; i++) {
      sum += (long long)r[i] - (long long)((wide)quotient * ORDER[i]);
      r[i] = (word)sum;
      sum >>= 32;
    }
    const word negative = (word)((int)r[7] >> 31);
    wide carry = 0;
    for (int i = 0; i < 8; i++) {
      carry += (wide)r[i] + (ORDER[i] & negative);
      r[i] = (word)carry;
      carry >>= 32;
    }
  }
}
