/*
 * MeshCore packets on the air (MeshCore: src/Packet.h, src/Dispatcher.cpp tryParsePacket):
 *
 *   header u8: route bits 0-1, type bits 2-5, version bits 6-7
 *   code1 u16, code2 u16       only on the two transport routes
 *   pathLen u8: hops bits 0-5, bytes of one hop's hash - 1 in bits 6-7 (3 is reserved)
 *   path, payload
 */

import { readU16, view, writeU16 } from "./bytes.ts";
import type { CryptoPort } from "./crypto.ts";

export const ROUTE_TRANSPORT_FLOOD = 0;
export const ROUTE_FLOOD = 1;
export const ROUTE_DIRECT = 2;
export const ROUTE_TRANSPORT_DIRECT = 3;

export const TYPE_REQ = 0;
export const TYPE_RESPONSE = 1;
export const TYPE_TXT_MSG = 2;
export const TYPE_ACK = 3;
export const TYPE_ADVERT = 4;
export const TYPE_GRP_TXT = 5;
export const TYPE_GRP_DATA = 6;
export const TYPE_ANON_REQ = 7;
export const TYPE_PATH = 8;
export const TYPE_TRACE = 9;
export const TYPE_MULTIPART = 10;
export const TYPE_CONTROL = 11;
export const TYPE_RAW_CUSTOM = 15;

/** Who goes first of what waits for the air, MeshCore's numbers: the smaller, the sooner. */
export const PRIORITY_DIRECT = 0;
export const PRIORITY_FLOOD = 1;
export const PRIORITY_ADVERT = 3;
export const PRIORITY_TRACE = 5;

/** The largest frame of the radio, and MeshCore's limits inside it. */
export const MAX_PACKET = 255;
export const MAX_PAYLOAD = 184;
export const MAX_PATH = 64;

export const REJECT_SHORT = 1;
export const REJECT_VERSION = 2;
export const REJECT_PATH_MODE = 3;
export const REJECT_PATH_LONG = 4;
export const REJECT_PAYLOAD = 5;
export const REJECT_EMPTY = 6;

/** Names of the codes that parsePacket and parseBlob return. */
export const REJECTS = ["", "too_short", "version", "path_mode", "path_too_long", "payload_too_long", "empty_payload"];

/** What a Packet points to while it points to no frame. */
export const NO_BYTES = new Uint8Array(0);

/**
 * Where the parts of a packet lie in the caller's buffer. Made once, filled by each parse, which sets only what every
 * packet needs: on a board each field costs 0.4 ms.
 */
export class Packet {
  header: number;
  route: number;
  type: number;
  /** The byte as sent; `hashSize` and `hops` are its two halves. */
  pathLen: number;
  payloadAt: number;
  payloadLen: number;
  /** Set by packetDigest(): what was hashed, namely the payload and one byte in front of it, in the caller's buffer. */
  hashed: Uint8Array;
  /** What stands where the transport codes are; means something on the transport routes only, see code1 and code2. */
  raw1: number;
  raw2: number;

  constructor() {
    this.header = this.route = this.type = this.pathLen = 0;
    this.payloadAt = this.payloadLen = 0;
    this.hashed = NO_BYTES;
    this.raw1 = this.raw2 = 0;
  }

  get code1(): number {
    return this.route % 3 ? 0 : this.raw1;
  }

  get code2(): number {
    return this.route % 3 ? 0 : this.raw2;
  }

  get version(): number {
    return this.header >> 6;
  }

  get hashSize(): number {
    return (this.pathLen >> 6) + 1;
  }

  get hops(): number {
    return this.pathLen & 63;
  }

  get pathAt(): number {
    return this.payloadAt - pathBytes(this.pathLen);
  }
}

function pathBytes(pathLen: number): number {
  return (pathLen & 63) * ((pathLen >> 6) + 1);
}

/**
 * Takes a frame from the radio apart, by the rules of MeshCore's on-air parser: an empty payload is accepted, a version
 * other than 0 is not. Returns 0, or the code of the reason (see REJECTS); then `into` is not to be used.
 */
export function parsePacket(bytes: Uint8Array, length: number, into: Packet): number {
  return parsePacketAt(bytes, 0, length, into);
}

/** The same for a frame of `length` bytes that begins at `at`; the places in `into` count from the start of `bytes`. */
export function parsePacketAt(bytes: Uint8Array, at: number, length: number, into: Packet): number {
  const header = bytes[at];
  const pathLen = bytes[at + 1];
  const payloadLen = length - 2 - pathLen;
  // The plain flood of few hops with short hashes, nearly everything that is heard, goes the short way.
  if ((header & 0xc3) === ROUTE_FLOOD && pathLen < 64 && payloadLen >= 0 && payloadLen <= MAX_PAYLOAD) {
    into.header = header;
    into.route = ROUTE_FLOOD;
    into.type = header >> 2;
    into.pathLen = pathLen;
    into.payloadAt = at + 2 + pathLen;
    into.payloadLen = payloadLen;
    return 0;
  }
  if (length < 2) return REJECT_SHORT;
  if (header > 63) return REJECT_VERSION;
  into.header = header;
  into.route = header & 3;
  into.type = header >> 2;
  return parseParts(bytes, at, length, into);
}

/** The same for a stored packet (MeshCore: Packet::readFrom): any version is accepted, an empty payload is not. */
export function parseBlob(bytes: Uint8Array, length: number, into: Packet): number {
  if (length < 2) return REJECT_SHORT;
  const header = bytes[0];
  into.header = header;
  into.route = header & 3;
  into.type = (header >> 2) & 15;
  return parseParts(bytes, 0, length, into) || (into.payloadLen ? 0 : REJECT_EMPTY);
}

function parseParts(bytes: Uint8Array, start: number, length: number, into: Packet): number {
  const coded = into.route === ROUTE_TRANSPORT_FLOOD || into.route === ROUTE_TRANSPORT_DIRECT;
  const fixedLen = coded ? 6 : 2;
  if (length < fixedLen) return REJECT_SHORT;
  const pathLen = bytes[start + fixedLen - 1];
  if (pathLen > 191) return REJECT_PATH_MODE;
  if (pathBytes(pathLen) > MAX_PATH) return REJECT_PATH_LONG;
  into.payloadAt = start + fixedLen + pathBytes(pathLen);
  into.payloadLen = start + length - into.payloadAt;
  if (into.payloadLen < 0) return REJECT_SHORT;
  if (into.payloadLen > MAX_PAYLOAD) return REJECT_PAYLOAD;
  into.pathLen = pathLen;
  if (coded) {
    into.raw1 = readU16(bytes, start + 1);
    into.raw2 = readU16(bytes, start + 3);
  }
  return 0;
}

/** What encodePacket puts together. `pathLen` is the byte as sent; without it `path` is taken as one-byte hashes. */
export interface PacketParts {
  route: number;
  type: number;
  version?: number;
  code1?: number;
  code2?: number;
  pathLen?: number;
  path?: Uint8Array;
  payload: Uint8Array;
}

/** A packet as bytes. Parts that no parser would accept are a bug of the caller. */
export function encodePacket(parts: PacketParts): Uint8Array {
  const path = parts.path || new Uint8Array(0);
  const pathLen = parts.pathLen === undefined ? path.length : parts.pathLen;
  const coded = parts.route === ROUTE_TRANSPORT_FLOOD || parts.route === ROUTE_TRANSPORT_DIRECT;
  if (pathLen > 191 || (pathLen & 63) * ((pathLen >> 6) + 1) !== path.length || path.length > MAX_PATH) {
    throw new Error("bug: path of " + path.length + " bytes with path length byte " + pathLen);
  }
  if (parts.payload.length > MAX_PAYLOAD) throw new Error("bug: payload of " + parts.payload.length + " bytes");
  let at = coded ? 6 : 2;
  const bytes = new Uint8Array(at + path.length + parts.payload.length);
  bytes[0] = ((parts.version || 0) << 6) | (parts.type << 2) | parts.route;
  if (coded) {
    writeU16(bytes, 1, parts.code1 || 0);
    writeU16(bytes, 3, parts.code2 || 0);
  }
  bytes[at - 1] = pathLen;
  bytes.set(path, at);
  at += path.length;
  bytes.set(parts.payload, at);
  return bytes;
}

/** MeshCore's name of a packet: the first 8 bytes of packetDigest(). */
export function packetHash(crypto: CryptoPort, bytes: Uint8Array, packet: Packet): Uint8Array {
  return new Uint8Array(packetDigest(crypto, bytes, packet), 0, 8);
}

/**
 * The memory of the SHA-256 over type and payload, for TRACE with the path length between them (Packet::calculatePacketHash). Route,
 * codes, path and version do not count. The byte in front of the payload is borrowed for the type and put back, which
 * saves a copy on every packet heard.
 */
export function packetDigest(crypto: CryptoPort, bytes: Uint8Array, packet: Packet): ArrayBufferLike {
  const type = packet.type;
  if (type === TYPE_TRACE) return traceDigest(crypto, bytes, packet);
  const before = packet.payloadAt - 1;
  const kept = bytes[before];
  bytes[before] = type;
  const hashed = new Uint8Array(bytes.buffer, bytes.byteOffset + before, packet.payloadLen + 1);
  packet.hashed = hashed;
  const digest = crypto.digest ? crypto.digest(hashed) : crypto.sha256(hashed).buffer;
  bytes[before] = kept;
  return digest;
}

function traceDigest(crypto: CryptoPort, bytes: Uint8Array, packet: Packet): ArrayBufferLike {
  const trace = new Uint8Array(packet.payloadLen + 3);
  trace[0] = TYPE_TRACE;
  trace[1] = packet.pathLen;
  trace.set(view(bytes, packet.payloadAt, packet.payloadLen), 3);
  return crypto.sha256(trace).buffer;
}
