/**
 * The crypto that a platform brings: native calls on Espruino, node:crypto on the host, softCrypto() anywhere.
 *
 * sha256 (32 bytes) and sha512 (64 bytes) return a new array each time, on memory of its own. The AES calls are AES-128-ECB over whole blocks:
 * `key` has 16 bytes, `data.length` is a multiple of 16, `out` has room for it and may be `data` itself.
 */
export interface CryptoPort {
  /** The memory of sha256() without an array on it, where the platform has that: it spares a board a copy and a call. */
  digest?(data: Uint8Array): ArrayBufferLike;
  sha256(data: Uint8Array): Uint8Array;
  sha512(data: Uint8Array): Uint8Array;
  aesEncrypt(key: Uint8Array, data: Uint8Array, out: Uint8Array): void;
  aesDecrypt(key: Uint8Array, data: Uint8Array, out: Uint8Array): void;
}
