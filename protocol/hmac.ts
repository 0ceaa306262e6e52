import { view } from "./bytes.ts";
import type { CryptoPort } from "./crypto.ts";

const BLOCK = 64;

/**
 * An HMAC-SHA256 key (RFC 2104) made ready: inner pad at 0, outer pad at 64, and at 128 room for the inner digest, so
 * that the second hash runs over what is already in place. For keys up to 64 bytes.
 */
export function hmacPads(key: Uint8Array): Uint8Array {
  const pads = new Uint8Array(2 * BLOCK + 32);
  // The key by words and the rest by fill: byte by byte it would take a board a tenth of a second.
  const words = new Int32Array(pads.buffer, 0, BLOCK / 2);
  const keyWords = (key.length + 3) >> 2;
  pads.set(key);
  pads.set(key, BLOCK);
  for (let i = 0; i < keyWords; i++) {
    words[i] ^= 0x36363636;
    words[BLOCK / 4 + i] ^= 0x5c5c5c5c;
  }
  pads.fill(0x36, 4 * keyWords, BLOCK);
  pads.fill(0x5c, BLOCK + 4 * keyWords, 2 * BLOCK);
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
