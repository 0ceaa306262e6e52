/*
 * SHA-512 (FIPS 180-4) in plain TypeScript, each 64-bit word as two 32-bit halves. Fallback and oracle, as sha256.ts.
 */

import { initialState, padded, putWord, roundConstants, wordAt, words } from "./sha256.ts";

/** Lower 32 bits of the fractional parts of the cube roots of the first 80 primes, as hex. */
const K_LOW =
  "d728ae2223ef65cdec4d3b2f8189dbbcf348b538b605d019af194f9bda6d8118a303024245706fbe4ee4b28cd5ffb4e2" +
  "f27b896f3b1696b125c71235cf6926949ef14ad2384f25e38b8cd5b577ac9c65592b02756ea6e483bd41fbd4831153b5" +
  "ee66dfab2db4321098fb213fbeef0ee43da88fc2930aa725e003826f0a0e6e7046d22ffc5c26c9265ac42aed9d95b3df" +
  "8baf63de3c77b2a847edaee61482353b4cf10364bc423001d0f897910654be30d6ef52185565a9105771202a32bbd1b8" +
  "b8d2d0c85141ab53df8eeb99e19b48a8c5c95a63e3418acb7763e373d6b2b8a35defb2fc43172f60a1f0ab721a6439ec" +
  "23631e28de82bde9b2c67915e372532bea26619c21c0c207cde0eb1eee6ed17872176fbaa2c898a6bef90dae131c471b" +
  "23047d8440c7249315c9bebc9c100d4ccb3e42b6fc657e2a3ad6faec4a475817";

/** Lower 32 bits of the fractional parts of the square roots of the first 8 primes, as hex. */
const H_LOW = "f3bcc90884caa73bfe94f82b5f1d36f1ade682d12b3e6c1ffb41bd6b137e2179";

let roundLow: Int32Array | undefined;

/** Upper half of `high:low` rotated right by n (not 32), or shifted where `shift`; swap the halves for the lower one. */
function part(high: number, low: number, n: number): number {
  return n < 32 ? (high >>> n) | (low << (32 - n)) : (low >>> (n - 32)) | (high << (64 - n));
}

/** Carry out of a sum of lower halves that were added as unsigned numbers. */
function carry(sum: number): number {
  return Math.floor(sum / 4294967296);
}

/** 64 bytes. */
export function sha512(data: Uint8Array): Uint8Array {
  const kHigh = roundConstants();
  if (!roundLow) roundLow = words(K_LOW);
  const kLow = roundLow;
  const stateHigh = initialState();
  const stateLow = words(H_LOW);
  const bytes = padded(data, 128);
  const wHigh = new Int32Array(80);
  const wLow = new Int32Array(80);
  // The eight working words; the one that is `a` moves back by one place each round instead of all eight moving up.
  const high = new Int32Array(8);
  const low = new Int32Array(8);
  for (let block = 0; block < bytes.length; block += 128) {
    high.set(stateHigh);
    low.set(stateLow);
    for (let i = 0; i < 80; i++) {
      if (i < 16) {
        wHigh[i] = wordAt(bytes, block + 8 * i);
        wLow[i] = wordAt(bytes, block + 8 * i + 4);
      } else {
        const xh = wHigh[i - 15];
        const xl = wLow[i - 15];
        const yh = wHigh[i - 2];
        const yl = wLow[i - 2];
        const s0h = part(xh, xl, 1) ^ part(xh, xl, 8) ^ (xh >>> 7);
        const s0l = part(xl, xh, 1) ^ part(xl, xh, 8) ^ part(xl, xh, 7);
        const s1h = part(yh, yl, 19) ^ part(yh, yl, 61) ^ (yh >>> 6);
        const s1l = part(yl, yh, 19) ^ part(yl, yh, 61) ^ part(yl, yh, 6);
        const sum = (s0l >>> 0) + (s1l >>> 0) + (wLow[i - 16] >>> 0) + (wLow[i - 7] >>> 0);
        wLow[i] = sum | 0;
        wHigh[i] = (s0h + s1h + wHigh[i - 16] + wHigh[i - 7] + carry(sum)) | 0;
      }
      const a = (80 - i) & 7;
      const b = (a + 1) & 7;
      const c = (a + 2) & 7;
      const d = (a + 3) & 7;
      const e = (a + 4) & 7;
      const f = (a + 5) & 7;
      const g = (a + 6) & 7;
      const h = (a + 7) & 7;
      const eh = high[e];
      const el = low[e];
      const ah = high[a];
      const al = low[a];
      const t1l =
        (low[h] >>> 0) +
        ((part(el, eh, 14) ^ part(el, eh, 18) ^ part(el, eh, 41)) >>> 0) +
        ((low[g] ^ (el & (low[f] ^ low[g]))) >>> 0) +
        (kLow[i] >>> 0) +
        (wLow[i] >>> 0);
      const t1h =
        high[h] +
        (part(eh, el, 14) ^ part(eh, el, 18) ^ part(eh, el, 41)) +
        (high[g] ^ (eh & (high[f] ^ high[g]))) +
        kHigh[i] +
        wHigh[i] +
        carry(t1l);
      const t2l =
        ((part(al, ah, 28) ^ part(al, ah, 34) ^ part(al, ah, 39)) >>> 0) +
        (((al & low[b]) | (low[c] & (al | low[b]))) >>> 0);
      const t2h =
        (part(ah, al, 28) ^ part(ah, al, 34) ^ part(ah, al, 39)) +
        ((ah & high[b]) | (high[c] & (ah | high[b]))) +
        carry(t2l);
      const dl = (low[d] >>> 0) + (t1l % 4294967296);
      low[d] = dl | 0;
      high[d] = (high[d] + t1h + carry(dl)) | 0;
      const hl = (t1l % 4294967296) + (t2l % 4294967296);
      low[h] = hl | 0;
      high[h] = (t1h + t2h + carry(hl)) | 0;
    }
    for (let i = 0; i < 8; i++) {
      const sum = (stateLow[i] >>> 0) + (low[i] >>> 0);
      stateLow[i] = sum | 0;
      stateHigh[i] = (stateHigh[i] + high[i] + carry(sum)) | 0;
    }
  }
  const digest = new Uint8Array(64);
  for (let i = 0; i < 8; i++) {
    putWord(digest, 8 * i, stateHigh[i]);
    putWord(digest, 8 * i + 4, stateLow[i]);
  }
  return digest;
}
