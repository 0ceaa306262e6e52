/*
 * SHA-256 (FIPS 180-4) in plain TypeScript: the fallback where the engine has none, and the oracle of the tests. SHA-512
 * has the same constants with 32 more bits each, so it shares the upper halves from here.
 */

/** Upper 32 bits of the fractional parts of the cube roots of the first 80 primes, as hex. */
const K_HIGH =
  "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5d807aa9812835b01243185be550c7dc3" +
  "72be5d7480deb1fe9bdc06a7c19bf174e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da" +
  "983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca63511429296727b70a852e1b21384d2c6dfc53380d13" +
  "650a7354766a0abb81c2c92e92722c85a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa070" +
  "19a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3748f82ee78a5636f84c878148cc70208" +
  "90befffaa4506cebbef9a3f7c67178f2ca273eced186b8c7eada7dd6f57d4f7f06f067aa0a637dc5113f98041b710b35" +
  "28db77f532caab7b3c9ebe0a431d67c44cc5d4be597f299c5fcb6fab6c44198c";

/** Upper 32 bits of the fractional parts of the square roots of the first 8 primes, as hex. */
const H_HIGH = "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19";

/** Hex to 32-bit words, in halves: Espruino has no unsigned 32-bit integer. */
export function words(hex: string): Int32Array {
  const made = new Int32Array(hex.length / 8);
  for (let i = 0; i < made.length; i++) {
    made[i] = (parseInt(hex.substr(8 * i, 4), 16) << 16) | parseInt(hex.substr(8 * i + 4, 4), 16);
  }
  return made;
}

let roundHigh: Int32Array | undefined;

/** The round constants of SHA-256 (the first 64), upper halves of those of SHA-512 (80). */
export function roundConstants(): Int32Array {
  if (!roundHigh) roundHigh = words(K_HIGH);
  return roundHigh;
}

/** The state before the first block; of SHA-512 the upper halves. */
export function initialState(): Int32Array {
  return words(H_HIGH);
}

/** `data`, a 1 bit, zeros, and the length in bits at the end of a whole number of blocks. */
export function padded(data: Uint8Array, blockBytes: number): Uint8Array {
  const blocks = Math.ceil((data.length + 1 + blockBytes / 8) / blockBytes);
  const bytes = new Uint8Array(blocks * blockBytes);
  bytes.set(data);
  bytes[data.length] = 128;
  const bits = data.length * 8;
  for (let i = 0; i < 6; i++) bytes[bytes.length - 1 - i] = Math.floor(bits / 256 ** i) & 255;
  return bytes;
}

/** The big-endian word at `at`. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** Writes a word big endian. */
export function putWord(bytes: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = (word >> (24 - 8 * i)) & 255;
}

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}

/** 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const k = roundConstants();
  const state = initialState();
  const bytes = padded(data, 64);
  const w = new Int32Array(64);
  for (let block = 0; block < bytes.length; block += 64) {
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        w[i] = wordAt(bytes, block + 4 * i);
      } else {
        const x = w[i - 15];
        const y = w[i - 2];
        const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
        const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      const t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + k[i] + w[i];
      const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
  const digest = new Uint8Array(32);
  for (let i = 0; i < 8; i++) putWord(digest, 4 * i, state[i]);
  return digest;
}
