/*
 * Ed25519 keys and signatures (RFC 8032, 5.1) and X25519 (RFC 7748, 5) in plain TypeScript, on the field of ed25519.ts. For hosts,
 * and to compare with: the time that it takes depends on the private key, and a microcontroller would need most of an hour.
 */
import { view } from "./bytes.ts";
import type { CryptoPort } from "./crypto.ts";
import { atOnce, type CurvePort } from "./curve.ts";
import {
  Curve,
  ed25519Verify,
  type Field,
  inverse,
  moduloOrder,
  pack,
  product,
  small,
  sum,
  unpack,
} from "./ed25519.ts";

let curve: Curve | undefined;

/** `scalar` (32 bytes) times the base point, as 32 bytes. */
export function timesBase(scalar: Uint8Array): Uint8Array {
  if (!curve) curve = new Curve();
  let at = [small(0), small(1), small(1), small(0)];
  for (let bit = 255; bit >= 0; bit--) {
    at = curve.add(at, at);
    if ((scalar[bit >> 3] >> (bit & 7)) & 1) at = curve.add(at, curve.base);
  }
  const z = inverse(at[2]);
  const bytes = pack(product(at[1], z));
  bytes[31] |= (pack(product(at[0], z))[0] & 1) << 7;
  return bytes;
}

/** (r + h a) modulo the order, all of 32 bytes. */
export function closeSignature(r: Uint8Array, h: Uint8Array, a: Uint8Array): Uint8Array {
  const wide = new Float64Array(64);
  for (let i = 0; i < 32; i++) {
    wide[i] += r[i];
    for (let j = 0; j < 32; j++) wide[i + j] += h[i] * a[j];
  }
  const bytes = new Uint8Array(64);
  let over = 0;
  for (let i = 0; i < 64; i++) {
    over += wide[i];
    bytes[i] = over % 256;
    over = Math.floor(over / 256);
  }
  return moduloOrder(bytes);
}

/** X25519: `scalar`, clamped here, times the point with that u; 32 bytes each. */
export function x25519(scalar: Uint8Array, u: Uint8Array): Uint8Array {
  return ladder(scalar, unpack(u));
}

function ladder(scalar: Uint8Array, u: Field): Uint8Array {
  const clamped = new Uint8Array(scalar);
  clamped[0] &= 248;
  clamped[31] = (clamped[31] & 63) | 64;
  // n P and (n + 1) P, each as x and z.
  let near = [small(1), small(0)];
  let next = [u, small(1)];
  for (let bit = 254; bit >= 0; bit--) {
    const one = (clamped[bit >> 3] >> (bit & 7)) & 1;
    const low = one ? next : near;
    const high = one ? near : next;
    const plus = sum(low[0], low[1], 1);
    const minus = sum(low[0], low[1], -1);
    const across = product(sum(high[0], high[1], -1), plus);
    const crosswise = product(sum(high[0], high[1], 1), minus);
    const both = sum(across, crosswise, 1);
    const apart = sum(across, crosswise, -1);
    const aa = product(plus, plus);
    const bb = product(minus, minus);
    const e = sum(aa, bb, -1);
    const twice = [product(aa, bb), product(e, sum(aa, product(e, small(121665)), 1))];
    const added = [product(both, both), product(u, product(apart, apart))];
    near = one ? added : twice;
    next = one ? twice : added;
  }
  return pack(product(near[0], inverse(near[1])));
}

function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new Error("bug: " + what + " of " + bytes.length + " bytes");
}

export function softCurve(crypto: Pick<CryptoPort, "sha512">): CurvePort {
  const sign = (privateKey: Uint8Array, publicKey: Uint8Array, message: Uint8Array): Uint8Array => {
    const hashed = new Uint8Array(64 + message.length);
    hashed.set(view(privateKey, 32, 32), 32);
    hashed.set(message, 64);
    const r = moduloOrder(crypto.sha512(view(hashed, 32, 32 + message.length)));
    const signature = new Uint8Array(64);
    signature.set(timesBase(r));
    hashed.set(view(signature, 0, 32));
    hashed.set(publicKey, 32);
    signature.set(closeSignature(r, moduloOrder(crypto.sha512(hashed)), view(privateKey, 0, 32)), 32);
    return signature;
  };
  return {
    publicKey: (privateKey) => {
      checkLength("a private key", privateKey, 64);
      return atOnce(() => timesBase(privateKey));
    },
    sign: (privateKey, publicKey, message) => {
      checkLength("a private key", privateKey, 64);
      checkLength("a public key", publicKey, 32);
      return atOnce(() => sign(privateKey, publicKey, message));
    },
    verify: (publicKey, message, signature) => atOnce(() => ed25519Verify(crypto, publicKey, message, signature)),
    shared: (privateKey, peerKey) => {
      checkLength("a private key", privateKey, 64);
      checkLength("a public key", peerKey, 32);
      // u = (1 + y) / (1 - y)
      const y = unpack(peerKey);
      const u = product(sum(small(1), y, 1), inverse(sum(small(1), y, -1)));
      return atOnce(() => ladder(view(privateKey, 0, 32), u));
    },
  };
}
