// What two servers say to each other: docs/federation.md, as a table. A message is a CBOR array (RFC 8949) of its number and its
// fields, in a frame of a 16-bit length (big endian) and that many bytes.
import { encode } from "cborg";
import { bytes, decodeStrict, flag, hex, type Kind, list, row, text, uint, wrong } from "./wire-kinds.ts";

/** The longest payload of a MeshCore packet. */
const MAX_PAYLOAD = 184;
/** Of a sealed one, with the longest origin and all that sealing adds (seal.ts). */
export const MAX_SEALED = 476;
/** Rooms that a blind hub is asked to keep have numbers from this on, the same in both directions. */
export const SEALED_ROOMS = 65_536;
/** Of vectors, marks and offers in one message; more of them take several. */
export const MAX_ROWS = 1000;
export const MAX_ENTRIES = 64;

const place = row({ stream: hex(8), seq: uint });
const entry = row({ stream: hex(8), seq: uint, origin: text(255), ageMs: uint, payload: bytes(1, MAX_PAYLOAD) });
const offer = row({ token: hex(16), takes: flag, gives: flag });
const sealed = row({ stream: hex(8), seq: uint, ageMs: uint, id: hex(16), bytes: bytes(29, MAX_SEALED) });
const sealedRoom = row({ id: hex(16), takes: flag, gives: flag });
export type Entry = ReturnType<typeof entry.read>;

/** Every message: its number, and its fields in their order. */
const TABLE = {
  /** The first of each side: the oldest and the newest version it speaks, and its number among servers. */
  hello: [1, row({ oldest: uint, newest: uint, server: hex(16) })],
  /** That it has the secret (proof.ts). The dialler's first; the listener's answers it. */
  proof: [2, row({ mac: bytes(32) })],
  /** Both sides are through: its name, and its software for people who look for a fault. */
  ready: [3, row({ label: text(255), software: text(64) })],
  /** Its rooms; a room's number is its place in all of these lists together. `isLast` ends them. */
  offers: [4, row({ offers: list(offer, MAX_ROWS), isLast: flag })],
  /** What it has of a room that both have. `isLast` ends them, and then the log of the room may be sent. */
  vector: [5, row({ room: uint, places: list(place, MAX_ROWS), isLast: flag })],
  /** Messages of a room; of each stream in the order of their numbers, as far as they come from the backlog. */
  entries: [6, row({ room: uint, entries: list(entry, MAX_ENTRIES) })],
  /** Everything of these streams up to the number was sent before, or never will be. */
  marks: [7, row({ room: uint, places: list(place, MAX_ROWS) })],
  /** So many messages of the kinds 6, 7 and 13 are durable here, since the beginning. */
  ack: [8, row({ count: uint })],
  ping: [9, row({ token: uint })],
  pong: [10, row({ token: uint })],
  /** The last one: why it closes. */
  bye: [11, row({ code: text(64), sentence: text(255) })],
  /** To a blind hub, after the offers: rooms that it has no key of; the first one's number is SEALED_ROOMS. */
  vaults: [12, row({ rooms: list(sealedRoom, MAX_ROWS), isLast: flag })],
  /** As 6, of such a room. */
  sealed: [13, row({ room: uint, entries: list(sealed, MAX_ENTRIES) })],
  /** From the hub: it has no place for these rooms. */
  full: [14, row({ rooms: list(uint, MAX_ROWS) })],
} as const;

export type WireName = keyof typeof TABLE;
type Body<N extends WireName> = (typeof TABLE)[N][1] extends Kind<infer T> ? T : never;
export type WireMessage = { [N in WireName]: { name: N } & Body<N> }[WireName];

const BY_NUMBER = new Map<number, [WireName, Kind<unknown>]>(
  Object.entries(TABLE).map(([name, [number, kind]]) => [number, [name as WireName, kind as Kind<unknown>]]),
);
export const MAX_FRAME = 0xffff;

/** The whole frame. */
export function encodeFrame(message: WireMessage): Buffer {
  const [number, kind] = TABLE[message.name] as unknown as [number, Kind<WireMessage>];
  const body = encode([number, ...(kind.write(message) as unknown[])]);
  if (body.length > MAX_FRAME) throw new Error(`bug: a frame of ${body.length} bytes`);
  const frame = Buffer.allocUnsafe(2 + body.length);
  frame.writeUInt16BE(body.length, 0);
  frame.set(body, 2);
  return frame;
}

/** What is in a frame, without its length; null where a newer version has a message that this one does not know. */
export function decodeBody(body: Uint8Array): WireMessage | null {
  const value = decodeStrict(body);
  if (!Array.isArray(value)) throw wrong("no message");
  const known = BY_NUMBER.get(uint.read(value[0]));
  if (known === undefined) return null;
  const [name, kind] = known;
  return { name, ...(kind.read(value.slice(1)) as object) } as WireMessage;
}

/** Cuts a stream of bytes into frames. Keeps at most one frame that is not whole. */
export class FrameReader {
  private waiting: Buffer[] = [];
  private length = 0;

  /** The bodies that are whole now. Throws `peer_malformed` for one above `most` bytes, before it has come. */
  push(chunk: Buffer, most: number): Buffer[] {
    const bodies: Buffer[] = [];
    this.waiting.push(chunk);
    this.length += chunk.length;
    if (this.length < 2) return bodies;
    let all = this.waiting.length === 1 ? chunk : Buffer.concat(this.waiting);
    while (all.length >= 2) {
      const size = all.readUInt16BE(0);
      if (size === 0 || size > most) throw wrong(`a frame of ${size} bytes`);
      if (all.length < 2 + size) break;
      bodies.push(all.subarray(2, 2 + size));
      all = all.subarray(2 + size);
    }
    this.waiting = all.length === 0 ? [] : [all];
    this.length = all.length;
    return bodies;
  }
}
