/*
 * UTF-8 (RFC 3629). Boards handle text as bytes and only cut and check it; encoding and decoding are for the host, where
 * strings are Unicode.
 */

import { view } from "./bytes.ts";

/** Bytes of the character that begins with this byte, 0 when none does. */
function width(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** How many of the bytes at `at` belong to its character: all of its width when it is valid, otherwise those that still fit. */
function wellFormed(bytes: Uint8Array, at: number, size: number): number {
  const lead = bytes[at];
  for (let i = 1; i < size; i++) {
    const next = bytes[at + i];
    // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
    const low = i > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = i > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (!(next >= low && next <= high)) return i;
  }
  return size;
}

/** A JavaScript string as UTF-8; half of a surrogate pair becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let to = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code >= 0xd800 && code < 0xe000) {
      const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
      if (code < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        i++;
      } else {
        code = 0xfffd;
      }
    }
    if (code < 0x80) {
      bytes[to++] = code;
      continue;
    }
    if (code < 0x800) {
      bytes[to++] = 0xc0 | (code >> 6);
    } else {
      if (code < 0x10000) {
        bytes[to++] = 0xe0 | (code >> 12);
      } else {
        bytes[to++] = 0xf0 | (code >> 18);
        bytes[to++] = 0x80 | ((code >> 12) & 63);
      }
      bytes[to++] = 0x80 | ((code >> 6) & 63);
    }
    bytes[to++] = 0x80 | (code & 63);
  }
  const exact = new Uint8Array(to);
  exact.set(view(bytes, 0, to));
  return exact;
}

/** UTF-8 as a JavaScript string, U+FFFD for what is none (one for each longest beginning of a character, as browsers do). */
export function utf8Decode(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at];
    const size = width(lead);
    const good = size ? wellFormed(bytes, at, size) : 1;
    let code = 0xfffd;
    if (size && good === size) {
      code = size === 1 ? lead : lead & (127 >> size);
      for (let i = 1; i < size; i++) code = (code << 6) | (bytes[at + i] & 63);
    }
    if (code > 0xffff) text += String.fromCharCode(0xd7c0 + (code >> 10), 0xdc00 | (code & 1023));
    else text += String.fromCharCode(code);
    at += good;
  }
  return text;
}

/** True when all of it is UTF-8. */
export function utf8Valid(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    const size = width(bytes[at]);
    if (!size || wellFormed(bytes, at, size) < size) return false;
    at += size;
  }
  return true;
}

/** The largest length up to `max` that splits no character. */
export function utf8CutLength(bytes: Uint8Array, max: number): number {
  if (bytes.length <= max) return bytes.length;
  for (let back = 0; back < 4 && back <= max; back++) {
    const size = width(bytes[max - back]);
    if (size) return back && wellFormed(bytes, max - back, size) > back ? max - back : max;
  }
  return max;
}
