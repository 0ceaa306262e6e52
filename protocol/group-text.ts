/*
 * What is inside a group payload (MeshCore: src/helpers/BaseChatMesh.cpp):
 *
 *   GRP_TXT    timestamp u32, kind u8 (kind << 2 | attempt; 0 is plain text), "sender: text", zero padding
 *   GRP_DATA   data type u16, length u8, data
 */

import { readU16, view, writeU16, writeU32 } from "./bytes.ts";

/** Most bytes of `sender: text` on the air. */
export const MAX_TEXT = 160;
/** Most bytes of data in a group datagram. */
export const MAX_DATA = 165;
/** Where the text begins. */
export const TEXT_AT = 5;

/** Writes timestamp, kind and text to the start of `out` (165 bytes or more). Returns the length, -1 for more than MAX_TEXT. */
export function encodeGroupText(timestamp: number, text: Uint8Array, out: Uint8Array): number {
  if (text.length > MAX_TEXT) return -1;
  writeU32(out, 0, timestamp);
  out[4] = 0;
  out.set(text, TEXT_AT);
  return TEXT_AT + text.length;
}

/** Where the text of a plaintext of `len` bytes ends: at its first NUL, or at `len`. */
export function textEnd(plain: Uint8Array, len: number): number {
  const end = plain.indexOf(0, TEXT_AT);
  return end < 0 || end > len ? len : end;
}

/** True when a plaintext of `len` bytes is one that MeshCore shows: other kinds of text do not occur in channels. */
export function isPlainText(plain: Uint8Array, len: number): boolean {
  return len > 4 && plain[4] < 4;
}

export interface SenderText {
  sender: string;
  text: string;
}

/** Parts `sender: text` at the first ": "; without one it is all text. Works on JavaScript and on byte strings. */
export function splitSender(line: string): SenderText {
  const at = line.indexOf(": ");
  return { sender: at < 0 ? "" : line.substr(0, at), text: at < 0 ? line : line.substr(at + 2) };
}

/** What goes on the air. A sender with ": " inside comes apart elsewhere: the caller keeps such names out. */
export function joinSender(sender: string, text: string): string {
  return sender + ": " + text;
}

/** Writes a group datagram to the start of `out` (168 bytes or more). Returns the length, -1 for more than MAX_DATA. */
export function encodeGroupData(dataType: number, data: Uint8Array, out: Uint8Array): number {
  if (data.length > MAX_DATA) return -1;
  writeU16(out, 0, dataType);
  out[2] = data.length;
  out.set(data, 3);
  return 3 + data.length;
}

export interface GroupData {
  dataType: number;
  /** Shares the plaintext's memory. */
  data: Uint8Array;
}

/** Takes a datagram's plaintext of `len` bytes apart; null when it announces more data than it has. */
export function decodeGroupData(plain: Uint8Array, len: number): GroupData | null {
  if (len < 3 || plain[2] > len - 3) return null;
  return { dataType: readU16(plain, 0), data: view(plain, 3, plain[2]) };
}
