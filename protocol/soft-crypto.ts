import { Aes } from "./aes.ts";
import type { CryptoPort } from "./crypto.ts";
import { sha256 } from "./sha256.ts";
import { sha512 } from "./sha512.ts";

/** The whole port in plain TypeScript: for engines without crypto, and for tests to compare with. */
export function softCrypto(): CryptoPort {
  const aes = new Aes();
  return {
    sha256: sha256,
    sha512: sha512,
    aesEncrypt: (key, data, out) => aes.encrypt(key, data, out),
    aesDecrypt: (key, data, out) => aes.decrypt(key, data, out),
  };
}
