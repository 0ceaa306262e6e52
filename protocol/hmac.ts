import { view } from "./bytes.ts";
import type { CryptoPort } from "./crypto.ts";

const BLOCK = 64;
/** The pads of an empty key: filling them in for each key takes a board four times as long as a copy. */
const NO_KEY = new Uint8Array(2 * BLOCK + 32);
NO_KEY.fill(0x36, 0, BLOCK);
NO_KEY.fill(0x5c, BLOCK, 2 * BLOCK);

/**
 * An HMAC-SHA256 key (RFC 2104) made ready: inner pad at 0, outer pad at 64, and at 128 room for the inner digest, so
 * that the second hash runs over what is already in place. For keys up to 64 bytes.
 */
export function hmacPads(key: Uint8Array): Uint8Array {
  const words = new Int32Array(BLOCK / 4);
  new Uint8Array(words.buffer).set(key);
  return hmacPadsOf(words, (key.length + 3) >> 2);
}

/** The same for a key of `count` words: byte by byte it would take a board a tenth of a second. */
export function hmacPadsOf(key: Int32Array, count: number): Uint8Array {
  const pads = new Uint8Array(2 * BLOCK + 32);
  pads.set(NO_KEY);
  const words = new Int32Array(pads.buffer);
  for (let i = 0; i < count; i++) {
    words[i] ^= key[i];
    words[BLOCK / 4 + i] ^= key[i];
  }
  return pads;
}

/** HMAC-SHA256 of `data` under a key made ready by hmacPads(): 32 bytes. */
export function hmacSha256(crypto: CryptoPort, pads: Uint8Array, data: Uint8Array): Uint8Array {
  const inner = new Uint8Array(BLOCK + data.length);
  inner.set(view(pads, 0, BLOCK));
  inner.set(data, BLOCK);
  pads.set(crypto.sha256(inner), 2 * BLOCK);
  return crypto.sha256(view(pads, BLOCK, BLOCK + 32));
}
