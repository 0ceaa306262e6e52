/*
 * The body of a link frame: number u8, fields, CRC-32 of both as u32 little endian. KISS does the framing (kiss.ts), the
 * platform the CRC: native on a board, crc32.ts elsewhere.
 */

import { readU32, view, writeU32 } from "./bytes.ts";
import { decode, encode, type Message } from "./codec.ts";

/** Frame type byte: KISS port 1, command 0. */
export const LINK_TYPE_BYTE = 0x10;

/** The longest body. Escaped to twice its length it still fits KISS_MAX. */
export const LINK_MAX_BODY = 288;

/** Bytes around the fields: the number and the checksum. */
export const AROUND = 5;

/** CRC-32 of anything with its own CRC-32 behind it, so that a whole body can be checked in one go. */
export const CRC_RESIDUE = 0x2144df1c;

/** IEEE CRC-32 of the bytes, unsigned. */
export type Crc32 = (bytes: Uint8Array) => number;

/** Puts a body together at the start of `out`. Returns its length, -1 when it is too long for `out` or for the link. */
export function sealBody<V>(crc: Crc32, table: Message<V>, value: V, out: Uint8Array): number {
  const size = encode(table, value, out, 1) + AROUND;
  if (size < AROUND || size > out.length || size > LINK_MAX_BODY) return -1;
  out[0] = table.type;
  writeU32(out, size - 4, crc(view(out, 0, size - 4)));
  return size;
}

/** The number of the message in a body, -1 when the body is too short or its checksum wrong. */
export function bodyType(crc: Crc32, bytes: Uint8Array, len: number): number {
  if (len < AROUND || len > LINK_MAX_BODY || len > bytes.length) return -1;
  return crc(view(bytes, 0, len - 4)) === readU32(bytes, len - 4) ? bytes[0] : -1;
}

/** The fields of a body that bodyType() knows as `table`'s; null when they do not fit it. Byte fields are views. */
export function bodyValue<V>(table: Message<V>, bytes: Uint8Array, len: number): V | null {
  return decode(table, bytes, 1, len - AROUND);
}
