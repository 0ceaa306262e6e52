/*
 * Bytes, hex and byte strings. A byte string holds one byte in each character (0..255): the only text an engine
 * without Unicode can be trusted with.
 */

const HEX = "0123456789abcdef";

/** Hex digits of either case to bytes. Throws when a digit is missing or is none. */
export function hexToBytes(hex: string): Uint8Array {
  if (hex.length & 1) throw new Error("hex: an even number of digits is needed, got " + hex.length);
  const digits = hex.toLowerCase();
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    const high = HEX.indexOf(digits.charAt(2 * i));
    const low = HEX.indexOf(digits.charAt(2 * i + 1));
    if (high < 0 || low < 0) throw new Error("hex: no hex digit at position " + 2 * i);
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** Bytes to lower-case hex digits. */
export function bytesToHex(bytes: Uint8Array): string {
  let hex = "";
  for (let i = 0; i < bytes.length; i++) hex += HEX.charAt(bytes[i] >> 4) + HEX.charAt(bytes[i] & 15);
  return hex;
}

/**
 * A window on the same memory. `subarray` is missing on Espruino, and `slice` makes a plain array there. A length of 0
 * given to the constructor would mean "all that follows" there.
 */
export function view(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  return length ? new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length) : new Uint8Array(0);
}

/** Unsigned 16 bits, little endian. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return bytes[offset] | (bytes[offset + 1] << 8);
}

/** Unsigned 32 bits, little endian. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0;
}

/** Writes the low 16 bits of `value`, little endian. */
export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value & 255;
  bytes[offset + 1] = (value >> 8) & 255;
}

/** Writes the low 32 bits of `value`, little endian. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value & 255;
  bytes[offset + 1] = (value >> 8) & 255;
  bytes[offset + 2] = (value >> 16) & 255;
  bytes[offset + 3] = (value >>> 24) & 255;
}

/** Bytes to a byte string, in steps because Espruino passes at most 256 arguments. */
export function bytesToLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 128) {
    const some = view(bytes, at, Math.min(128, bytes.length - at));
    text += String.fromCharCode.apply(null, some as unknown as number[]);
  }
  return text;
}

/** A byte string to bytes; of a character above 255 the low byte is kept. */
export function latin1ToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** True when both hold the same bytes. Not constant-time: never the last word on a secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
