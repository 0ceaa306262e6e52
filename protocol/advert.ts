/*
 * Adverts: how a node makes itself known (MeshCore: src/Mesh.cpp, src/helpers/AdvertDataHelpers.cpp).
 *
 *   public key 32, timestamp u32, signature 64 over key, timestamp and app data
 *   app data (at most 32 count): flags u8 with the type in bits 0-3, then those the flags announce:
 *   0x10 lat i32, lon i32 (1e-6 degrees); 0x20 feature u16; 0x40 feature u16; 0x80 name up to the end
 */

import { readU16, readU32, view, writeU32 } from "./bytes.ts";
import type { CryptoPort } from "./crypto.ts";
import { ed25519Verify } from "./ed25519.ts";
import { utf8CutLength } from "./utf8.ts";

export const ADVERT_CHAT = 1;
export const ADVERT_REPEATER = 2;
export const ADVERT_ROOM = 3;
export const ADVERT_SENSOR = 4;

/** Where things are in a payload, and the most app data. */
export const TIMESTAMP_AT = 32;
export const SIGNATURE_AT = 36;
export const APP_AT = 100;
export const MAX_APP = 32;

/** Byte fields share the packet's memory. What an advert leaves out is 0, the name empty. */
export interface Advert {
  publicKey: Uint8Array;
  /** Unix seconds by the node's clock; only newer ones than the last are to be believed. */
  timestamp: number;
  type: number;
  hasLocation: boolean;
  latE6: number;
  lonE6: number;
  feat1: number;
  feat2: number;
  /** UTF-8, as claimed. */
  name: Uint8Array;
}

/** Takes the advert payload of `len` bytes at `at` apart; null when it is too short for what it announces. */
export function parseAdvert(bytes: Uint8Array, at: number, len: number): Advert | null {
  const size = Math.min(len - APP_AT, MAX_APP);
  if (size < 1) return null;
  const app = view(bytes, at + APP_AT, size);
  const flags = app[0];
  let end = 1;
  if (flags & 0x10) end += 8;
  if (flags & 0x20) end += 2;
  if (flags & 0x40) end += 2;
  if (end > size) return null;
  const advert: Advert = {
    publicKey: view(bytes, at, 32),
    timestamp: readU32(bytes, at + 32),
    type: flags & 15,
    hasLocation: (flags & 0x10) > 0,
    latE6: 0,
    lonE6: 0,
    feat1: 0,
    feat2: 0,
    name: view(app, end, flags & 0x80 ? size - end : 0),
  };
  let from = 1;
  if (advert.hasLocation) {
    advert.latE6 = readU32(app, 1) | 0;
    advert.lonE6 = readU32(app, 5) | 0;
    from = 9;
  }
  if (flags & 0x20) {
    advert.feat1 = readU16(app, from);
    from += 2;
  }
  if (flags & 0x40) advert.feat2 = readU16(app, from);
  const nul = advert.name.indexOf(0);
  if (nul >= 0) advert.name = view(advert.name, 0, nul);
  return advert;
}

/** True when the advert payload is long enough and its signature right. Of longer app data the first 32 bytes are signed. */
export function verifyAdvert(crypto: CryptoPort, bytes: Uint8Array, at: number, len: number): boolean {
  if (len < APP_AT) return false;
  const message = signedMessage(bytes, at, len);
  return ed25519Verify(crypto, view(bytes, at, 32), message, view(bytes, at + SIGNATURE_AT, 64));
}

/** What is signed of an advert payload of at least 100 bytes: key, timestamp, and the first 32 bytes of its app data. */
export function signedMessage(bytes: Uint8Array, at: number, len: number): Uint8Array {
  const app = Math.min(len - APP_AT, MAX_APP);
  const message = new Uint8Array(SIGNATURE_AT + app);
  message.set(view(bytes, at, SIGNATURE_AT));
  message.set(view(bytes, at + APP_AT, app), SIGNATURE_AT);
  return message;
}

/** App data of a node: `name` is UTF-8 and cut to what fits; a position of 0, 0 is none. Millionths of a degree. */
export function encodeAppData(type: number, latE6: number, lonE6: number, name: Uint8Array): Uint8Array {
  const hasLocation = latE6 !== 0 || lonE6 !== 0;
  const nameAt = hasLocation ? 9 : 1;
  const length = utf8CutLength(name, MAX_APP - nameAt);
  const app = new Uint8Array(nameAt + length);
  app[0] = type | (hasLocation ? 0x10 : 0) | (length ? 0x80 : 0);
  if (hasLocation) {
    writeU32(app, 1, latE6);
    writeU32(app, 5, lonE6);
  }
  app.set(view(name, 0, length), nameAt);
  return app;
}
