// The engine's native parts that need nothing of the board: crypto and Storage.
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { crc32 } from "../protocol/crc32.ts";
import type { EngineHost } from "./espruino-inside.ts";

const STORAGE_BYTES = 300_000;
const FILE_HEADER_BYTES = 32;
const MAX_NAME = 28;

/** SHA-2, AES-ECB and CRC-32 by the host's own means. */
export function nativeCrypto(): Pick<EngineHost, "digest" | "aes" | "crc32"> {
  return {
    digest: (bits, data, answer) => copyOut(createHash(`sha${bits}`).update(copyIn(data)).digest(), answer),
    aes: (encrypt, mode, data, key, answer) => {
      if (mode !== "ECB") throw new Error(`the stand-in has AES in mode ECB only, not ${mode}`);
      const name = `aes-${key.length * 8}-ecb`;
      const cipher = encrypt ? createCipheriv(name, copyIn(key), null) : createDecipheriv(name, copyIn(key), null);
      copyOut(cipher.setAutoPadding(false).update(copyIn(data)), answer);
    },
    crc32: (data) => crc32(copyIn(data)),
  };
}

/** Storage over a map of files, which outlasts the engine. */
export function nativeStorage(files: Map<string, string>): Pick<EngineHost, "read" | "write" | "erase" | "list"> {
  return {
    read: (file) => files.get(file),
    write: (file, text, offset, size) => {
      if (file.length > MAX_NAME) throw new Error("File name too long");
      const old = offset > 0 ? (files.get(file) ?? "") : "\xff".repeat(size);
      if (offset > 0 && offset + text.length > old.length) throw new Error("Too much data for file size");
      const whole = old.slice(0, offset) + text + old.slice(offset + text.length);
      let used = whole.length + FILE_HEADER_BYTES;
      for (const [name, content] of files) if (name !== file) used += content.length + FILE_HEADER_BYTES;
      if (used > STORAGE_BYTES) return false;
      files.set(file, whole);
      return true;
    },
    erase: (file) => {
      files.delete(file);
    },
    list: () => JSON.stringify([...files.keys()]),
  };
}

/** The program's bytes as the host's own. */
export function copyIn(bytes: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** The host's bytes into an array of the program; by the host's own method, so that the program never sees the source. */
export function copyOut(bytes: Uint8Array, answer: Uint8Array): void {
  Uint8Array.prototype.set.call(answer, bytes);
}
