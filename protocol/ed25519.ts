/*
 * Ed25519 verification (RFC 8032, 5.1) in plain TypeScript, written for size. For the host and for tests: an interpreter
 * on a microcontroller would need the better part of an hour for one signature.
 *
 * A field element is 16 limbs of 16 bits, least significant first, modulo p = 2^255 - 19. Limbs may be out of range
 * between operations; carry() brings them back. A point is [X, Y, Z, T] with x = X/Z, y = Y/Z, xy = T/Z.
 */

import { equalBytes, view } from "./bytes.ts";
import type { CryptoPort } from "./crypto.ts";

export type Field = Float64Array;
type Point = Field[];

/** Order of the base point, 2^252 + 27742317777372353535851937790883648493, in the same limbs. */
const ORDER = [0xd3ed, 0x5cf5, 0x631a, 0x5812, 0x9cd6, 0xa2f7, 0xf9de, 0x14de, 0, 0, 0, 0, 0, 0, 0, 0x1000];

/** Twice through the limbs; what leaves the top comes back in as 38 times as much, for 2^256 = 38. */
function carry(a: Field): Field {
  for (let i = 0; i < 32; i++) {
    const limb = i & 15;
    const over = Math.floor(a[limb] / 65536);
    a[limb] -= over * 65536;
    if (limb < 15) a[limb + 1] += over;
    else a[0] += 38 * over;
  }
  return a;
}

export function small(n: number): Field {
  const a = new Float64Array(16);
  a[0] = n;
  return a;
}

/** a + sign * b */
export function sum(a: Field, b: Field, sign: number): Field {
  const c = new Float64Array(16);
  for (let i = 0; i < 16; i++) c[i] = a[i] + sign * b[i];
  return c;
}

export function product(a: Field, b: Field): Field {
  const wide = new Float64Array(32);
  for (let i = 0; i < 16; i++) {
    const x = a[i];
    for (let j = 0; j < 16; j++) wide[i + j] += x * b[j];
  }
  const c = new Float64Array(16);
  for (let i = 0; i < 16; i++) c[i] = wide[i] + 38 * wide[i + 16];
  return carry(c);
}

/** `a` to the power of 2^(top + 1) - 1 - zeros: all bits up to `top` but those few low ones that are set in `zeros`. */
function power(a: Field, top: number, zeros: number): Field {
  let c = a;
  for (let i = top - 1; i >= 0; i--) {
    c = product(c, c);
    if (i > 4 || !((zeros >> i) & 1)) c = product(c, a);
  }
  return c;
}

/** 1 / a = a^(p - 2) */
export function inverse(a: Field): Field {
  return power(a, 254, 20);
}

/** a^((p - 5) / 8), the root in the making of RFC 8032, 5.1.3. */
function nearRoot(a: Field): Field {
  return power(a, 251, 2);
}

/** The one representation below p, as 32 bytes. */
export function pack(a: Field): Uint8Array {
  let least = carry(sum(a, small(0), 1));
  for (let i = 0; i < 2; i++) {
    // Is it p or more? Then adding 19 sets the top bit, and without that bit it is the remainder.
    const more = sum(least, small(19), 1);
    for (let j = 0; j < 15; j++) {
      const over = Math.floor(more[j] / 65536);
      more[j] -= over * 65536;
      more[j + 1] += over;
    }
    more[15] -= 32768;
    if (more[15] >= 0) least = more;
  }
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i++) bytes[i] = (least[i >> 1] >> ((i & 1) * 8)) & 255;
  return bytes;
}

export function unpack(bytes: Uint8Array): Field {
  const a = new Float64Array(16);
  for (let i = 0; i < 16; i++) a[i] = bytes[2 * i] | (bytes[2 * i + 1] << 8);
  a[15] = a[15] % 32768;
  return a;
}

function same(a: Field, b: Field): boolean {
  return equalBytes(pack(a), pack(b));
}

/** The curve's constants, computed from their definitions: shorter than writing them down. */
export class Curve {
  /** d = -121665 / 121666, and the root of -1. */
  readonly d: Field;
  readonly root: Field;
  readonly base: Point;

  constructor() {
    this.d = product(small(-121665), inverse(small(121666)));
    const two = nearRoot(small(2));
    this.root = product(product(two, two), small(2));
    const base = new Uint8Array(32);
    base.fill(0x66);
    base[0] = 0x58;
    this.base = this.point(base) as Point;
  }

  /** The point that 32 bytes stand for, null when there is none. */
  point(bytes: Uint8Array): Point | null {
    const one = small(1);
    const y = unpack(bytes);
    const yy = product(y, y);
    const u = sum(yy, one, -1);
    const v = sum(product(this.d, yy), one, 1);
    const v3 = product(product(v, v), v);
    const uv3 = product(u, v3);
    let x = product(uv3, nearRoot(product(product(uv3, v3), v)));
    if (!same(product(product(x, x), v), u)) x = product(x, this.root);
    if (!same(product(product(x, x), v), u)) return null;
    const odd = bytes[31] >> 7;
    if ((pack(x)[0] & 1) !== odd) x = sum(small(0), x, -1);
    // Zero has no odd twin.
    if ((pack(x)[0] & 1) !== odd) return null;
    return [x, y, one, product(x, y)];
  }

  /** RFC 8032, 5.1.4: holds for any two points, also for one point twice. */
  add(p: Point, q: Point): Point {
    const a = product(sum(p[1], p[0], -1), sum(q[1], q[0], -1));
    const b = product(sum(p[1], p[0], 1), sum(q[1], q[0], 1));
    const c = product(product(p[3], q[3]), sum(this.d, this.d, 1));
    const zz = product(p[2], q[2]);
    const d = sum(zz, zz, 1);
    const e = sum(b, a, -1);
    const f = sum(d, c, -1);
    const g = sum(d, c, 1);
    const h = sum(b, a, 1);
    return [product(e, f), product(g, h), product(f, g), product(e, h)];
  }
}

/** A little-endian number modulo the order, as 32 bytes: bit by bit from the top. */
export function moduloOrder(bytes: Uint8Array): Uint8Array {
  const r = new Float64Array(16);
  for (let bit = bytes.length * 8 - 1; bit >= 0; bit--) {
    let into = (bytes[bit >> 3] >> (bit & 7)) & 1;
    for (let i = 0; i < 16; i++) {
      const doubled = 2 * r[i] + into;
      into = doubled > 65535 ? 1 : 0;
      r[i] = doubled % 65536;
    }
    let top = 15;
    while (top && r[top] === ORDER[top]) top--;
    if (r[top] < ORDER[top]) continue;
    let borrow = 0;
    for (let i = 0; i < 16; i++) {
      const less = r[i] - ORDER[i] - borrow;
      borrow = less < 0 ? 1 : 0;
      r[i] = less + 65536 * borrow;
    }
  }
  const reduced = new Uint8Array(32);
  for (let i = 0; i < 32; i++) reduced[i] = (r[i >> 1] >> ((i & 1) * 8)) & 255;
  return reduced;
}

let curve: Curve | undefined;

/**
 * True when `signature` (64 bytes) of `message` was made with the private half of `publicKey` (32 bytes). Strict as RFC
 * 8032 is: an S of the order or more is refused, which MeshCore's software verifier lets pass.
 */
export function ed25519Verify(
  crypto: Pick<CryptoPort, "sha512">,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const r = view(signature, 0, 32);
  const s = view(signature, 32, 32);
  if (!equalBytes(s, moduloOrder(s))) return false;
  if (!curve) curve = new Curve();
  const key = curve.point(publicKey);
  if (!key) return false;
  const hashed = new Uint8Array(64 + message.length);
  hashed.set(r);
  hashed.set(publicKey, 32);
  hashed.set(message, 64);
  const h = moduloOrder(crypto.sha512(hashed));
  // R = sB - hA, both products at once: each bit pair adds nothing, B, -A or B - A.
  const zero = small(0);
  const minus: Point = [sum(zero, key[0], -1), key[1], key[2], sum(zero, key[3], -1)];
  const summands = [minus, curve.base, minus, curve.add(curve.base, minus)];
  let at: Point = [zero, small(1), small(1), zero];
  for (let bit = 252; bit >= 0; bit--) {
    at = curve.add(at, at);
    const shift = bit & 7;
    const pair = ((s[bit >> 3] >> shift) & 1) | (((h[bit >> 3] >> shift) & 1) << 1);
    if (pair) at = curve.add(at, summands[pair]);
  }
  const z = inverse(at[2]);
  const encoded = pack(product(at[1], z));
  encoded[31] |= (pack(product(at[0], z))[0] & 1) << 7;
  return equalBytes(encoded, r);
}
