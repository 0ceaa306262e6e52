import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import type { CryptoPort } from "../protocol/crypto.ts";

/** The crypto port of protocol/ on Node.js. */
export const nodeCrypto: CryptoPort = {
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  sha512: (data) => new Uint8Array(createHash("sha512").update(data).digest()),
  aesEncrypt: (key, data, out) => {
    const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    out.set(cipher.update(data));
  },
  aesDecrypt: (key, data, out) => {
    const decipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    out.set(decipher.update(data));
  },
};
