// The engine's native parts that need nothing of the board: crypto and Storage.
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { crc32 } from "../protocol/crc32.ts";
import type { EngineHost } from "./espruino-inside.ts";
import type { Flash } from "./flash.ts";

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
export function nativeStorage(
  files: Map<string, string>,
  changed: () => void = () => undefined,
): Pick<EngineHost, "read" | "write" | "erase" | "list"> {
  return {
    read: (file) => files.get(file),
    write: (file, text, offset, size) => {
      changed();
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
      changed();
      files.delete(file);
    },
    list: () => JSON.stringify([...files.keys()]),
  };
}

/** nRF52840: 41 us a word and 85 ms a page (product specification, NVMC). */
const WRITE_WORD_MS = 0.041;
const ERASE_MS = 85;

/** The Flash module over `flash`; `work` is told how long each operation takes. */
export function nativeFlash(
  flash: Flash | undefined,
  work: (ms: number, what: () => void) => void,
): Pick<EngineHost, "flashPage" | "flashRead" | "flashWrite" | "flashErase"> {
  const chip = (): Flash => {
    if (!flash) throw new Error("this board has no flash for the program");
    return flash;
  };
  return {
    flashPage: (address) => flash?.holds(address) === true,
    flashRead: (address, answer) => work(0, () => copyOut(chip().read(address, answer.length), answer)),
    flashWrite: (address, data) => {
      const bytes = copyIn(data);
      work(chip().takesTime ? (WRITE_WORD_MS * bytes.length) / 4 : 0, () => chip().write(address, bytes));
    },
    flashErase: (address) => work(chip().takesTime ? ERASE_MS : 0, () => chip().erase(address)),
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
