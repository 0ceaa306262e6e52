/*
 * AES-128-ECB (FIPS 197) in plain TypeScript with lookup tables: the fallback where the engine has no AES, and the
 * oracle of the tests. The tables are computed when first used, 4 KB for each direction.
 *
 * Deciphering is written as ciphering: with the columns taken in the order 0, 3, 2, 1 the inverse row shifts become the
 * forward ones, and with the round keys sent through the inverse column mix (FIPS 197, 5.3.5) so does the rest.
 */

import { equalBytes } from "./bytes.ts";

/** Doubling in GF(2^8). */
function twice(x: number): number {
  return (x << 1) ^ (x > 127 ? 0x11b : 0);
}

/** One byte column of the mix, and the three turned by a byte each: 256 words at 0, 256, 512 and 768. */
function mixTable(box: Uint8Array, inverse: boolean): Int32Array {
  const table = new Int32Array(1024);
  for (let i = 0; i < 256; i++) {
    const s = box[i];
    const s2 = twice(s);
    const s4 = twice(s2);
    const s8 = twice(s4);
    const word = inverse
      ? ((s8 ^ s4 ^ s2) << 24) | ((s8 ^ s) << 16) | ((s8 ^ s4 ^ s) << 8) | (s8 ^ s2 ^ s)
      : (s2 << 24) | (s << 16) | (s << 8) | (s2 ^ s);
    table[i] = word;
    table[i + 256] = (word >>> 8) | (word << 24);
    table[i + 512] = (word >>> 16) | (word << 16);
    table[i + 768] = (word >>> 24) | (word << 8);
  }
  return table;
}

/** One direction with its tables and the round keys of the last key, columns in the order they are used in. */
class Direction {
  private readonly step: number;
  private readonly box: Uint8Array;
  private readonly table: Int32Array;
  private readonly lastKey: Uint8Array;
  private readonly keys: Int32Array;
  /** Four columns, for the length of a block. */
  private readonly state: Int32Array;

  constructor(sbox: Uint8Array, inverse: boolean) {
    this.step = inverse ? 3 : 1;
    this.box = sbox;
    if (inverse) {
      this.box = new Uint8Array(256);
      for (let i = 0; i < 256; i++) this.box[sbox[i]] = i;
    }
    this.table = mixTable(this.box, inverse);
    this.lastKey = new Uint8Array(16);
    this.keys = new Int32Array(44);
    this.state = new Int32Array(4);
    this.expand(sbox, this.lastKey);
  }

  /** Puts the round keys of another key in place. */
  useKey(sbox: Uint8Array, key: Uint8Array): void {
    if (!equalBytes(key, this.lastKey)) this.expand(sbox, key);
  }

  private expand(sbox: Uint8Array, key: Uint8Array): void {
    this.lastKey.set(key);
    const w = new Int32Array(44);
    let round = 1;
    for (let i = 0; i < 44; i++) {
      if (i < 4) {
        w[i] = (key[4 * i] << 24) | (key[4 * i + 1] << 16) | (key[4 * i + 2] << 8) | key[4 * i + 3];
        continue;
      }
      let t = w[i - 1];
      if ((i & 3) === 0) {
        t = (sbox[(t >> 16) & 255] << 24) | (sbox[(t >> 8) & 255] << 16) | (sbox[t & 255] << 8) | sbox[t >>> 24];
        t ^= round << 24;
        round = twice(round);
      }
      w[i] = w[i - 4] ^ t;
    }
    if (this.step === 1) {
      this.keys.set(w);
      return;
    }
    const mix = this.table;
    for (let i = 0; i < 44; i++) {
      let word = w[40 - (i & 60) + ((3 * i) & 3)];
      if (i > 3 && i < 40) {
        word =
          mix[sbox[word >>> 24]] ^
          mix[256 + sbox[(word >> 16) & 255]] ^
          mix[512 + sbox[(word >> 8) & 255]] ^
          mix[768 + sbox[word & 255]];
      }
      this.keys[i] = word;
    }
  }

  /** One block of 16 bytes at `at`. */
  block(data: Uint8Array, out: Uint8Array, at: number): void {
    const keys = this.keys;
    const table = this.table;
    const box = this.box;
    const s = this.state;
    for (let i = 0; i < 4; i++) {
      const from = at + 4 * ((this.step * i) & 3);
      s[i] = ((data[from] << 24) | (data[from + 1] << 16) | (data[from + 2] << 8) | data[from + 3]) ^ keys[i];
    }
    let p = s[0];
    let q = s[1];
    let r = s[2];
    let t = s[3];
    for (let k = 4; k < 40; k += 4) {
      const a = table[p >>> 24] ^ table[256 + ((q >> 16) & 255)] ^ table[512 + ((r >> 8) & 255)];
      const b = table[q >>> 24] ^ table[256 + ((r >> 16) & 255)] ^ table[512 + ((t >> 8) & 255)];
      const c = table[r >>> 24] ^ table[256 + ((t >> 16) & 255)] ^ table[512 + ((p >> 8) & 255)];
      const d = table[t >>> 24] ^ table[256 + ((p >> 16) & 255)] ^ table[512 + ((q >> 8) & 255)];
      const last = p;
      p = a ^ table[768 + (t & 255)] ^ keys[k];
      t = d ^ table[768 + (r & 255)] ^ keys[k + 3];
      r = c ^ table[768 + (q & 255)] ^ keys[k + 2];
      q = b ^ table[768 + (last & 255)] ^ keys[k + 1];
    }
    s[0] = p;
    s[1] = q;
    s[2] = r;
    s[3] = t;
    for (let i = 0; i < 4; i++) {
      const to = at + 4 * ((this.step * i) & 3);
      const key = keys[40 + i];
      out[to] = box[s[i] >>> 24] ^ ((key >> 24) & 255);
      out[to + 1] = box[(s[(i + 1) & 3] >> 16) & 255] ^ ((key >> 16) & 255);
      out[to + 2] = box[(s[(i + 2) & 3] >> 8) & 255] ^ ((key >> 8) & 255);
      out[to + 3] = box[s[(i + 3) & 3] & 255] ^ (key & 255);
    }
  }
}

/** AES-128-ECB both ways; each keeps the round keys of the key it was last used with. */
export class Aes {
  private readonly sbox: Uint8Array;
  private cipher: Direction | undefined;
  private decipher: Direction | undefined;

  constructor() {
    // 3 generates the field: p runs through all its powers, q through their inverses (FIPS 197, 5.1.1).
    const sbox = new Uint8Array(256);
    let p = 1;
    let q = 1;
    do {
      p ^= twice(p);
      q ^= q << 1;
      q ^= q << 2;
      q ^= (q << 4) & 255;
      q &= 255;
      if (q & 128) q ^= 9;
      sbox[p] = 99 ^ q ^ turned(q, 1) ^ turned(q, 2) ^ turned(q, 3) ^ turned(q, 4);
    } while (p !== 1);
    sbox[0] = 99;
    this.sbox = sbox;
  }

  /** Whole blocks from `data` into `out`, which may be the same. */
  encrypt(key: Uint8Array, data: Uint8Array, out: Uint8Array): void {
    if (!this.cipher) this.cipher = new Direction(this.sbox, false);
    this.cipher.useKey(this.sbox, key);
    for (let at = 0; at < data.length; at += 16) this.cipher.block(data, out, at);
  }

  /** The inverse of encrypt. */
  decrypt(key: Uint8Array, data: Uint8Array, out: Uint8Array): void {
    if (!this.decipher) this.decipher = new Direction(this.sbox, true);
    this.decipher.useKey(this.sbox, key);
    for (let at = 0; at < data.length; at += 16) this.decipher.block(data, out, at);
  }
}

function turned(x: number, n: number): number {
  return ((x << n) | (x >> (8 - n))) & 255;
}
