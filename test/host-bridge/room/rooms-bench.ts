import { createHash } from "node:crypto";
import type { Clock } from "../../../host-bridge/clock.ts";
import type { RoomConfig } from "../../../host-bridge/config/schema.ts";
import { Events } from "../../../host-bridge/events.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import { type BoardReport, makeRoom, type PostOutcome, type Room, Rooms } from "../../../host-bridge/room/rooms.ts";
import { Store } from "../../../host-bridge/room/store.ts";
import { bytesToHex } from "../../../protocol/bytes.ts";
import { Channel, GroupCipher } from "../../../protocol/channel.ts";
import { encodeGroupText } from "../../../protocol/group-text.ts";
import { softCrypto } from "../../../protocol/soft-crypto.ts";

export function roomConfig(name: string, fields: Partial<RoomConfig> = {}): RoomConfig {
  return {
    name,
    psk: "",
    isPrivate: false,
    description: `about ${name}`,
    maxHistory: 100,
    federate: true,
    mqtt: true,
    mqttPost: false,
    rebroadcast: true,
    readOnly: false,
    roomServer: false,
    airtimePercent: 50,
    topic: "",
    previousName: null,
    onRekey: "keep",
    ...fields,
  };
}

export const keyOf = (text: string, bytes = 16): Uint8Array =>
  new Uint8Array(createHash("sha256").update(text).digest().subarray(0, bytes));

/** A room whose key is made of its name. */
export const testRoom = (name: string, fields: Partial<RoomConfig> = {}): Room =>
  makeRoom(roomConfig(name, fields), keyOf(name));

/** Rooms on a real store. */
export function openRooms(
  dir: string,
  clock: Clock,
  rooms: Room[],
  log = silentLog(),
  more: { isMuted?: (room: string, sender: string) => boolean; origin?: string } = {},
) {
  const store = Store.open(dir);
  const events = new Events(log);
  return { store, events, rooms: new Rooms(rooms, { store, events, clock, log, origin: "here", ...more }) };
}

export function post(rooms: Rooms, room: Room, sender: string, text: string): Promise<PostOutcome> {
  return new Promise((resolve) => rooms.post(room, sender, text, "client", resolve));
}

export function ingest(
  rooms: Rooms,
  report: Partial<BoardReport> & { room: string; payload: Uint8Array },
): Promise<unknown> {
  const place = { board: "b1", bootId: 1, keyCheck: 2, seq: 1, own: false, rssi: -71, snr: 10.5, hops: 3 };
  return new Promise((resolve) => rooms.ingest({ ...place, ...report }, resolve));
}

const cipher = new GroupCipher(softCrypto());

/** The payload that a stock node would send, by the plain crypto of protocol/. */
export function sealText(room: Room, timestamp: number, line: string | Uint8Array, kind = 0): Uint8Array {
  const plain = new Uint8Array(200);
  const bytes = typeof line === "string" ? new TextEncoder().encode(line) : line;
  const length = encodeGroupText(timestamp, bytes, plain);
  plain[4] = kind;
  const out = new Uint8Array(200);
  return out.slice(0, cipher.seal(softChannel(room), plain, length, out, 0));
}

/** Timestamp and text of a payload, as a stock node reads it; null when it is not authentic. */
export function openText(room: Room, payload: Uint8Array): { timestamp: number; line: string } | null {
  const length = cipher.open(softChannel(room), payload, 0, payload.length);
  if (length < 0) return null;
  const plain = Buffer.from(cipher.plain.slice(0, length));
  const text = plain.subarray(5);
  const end = text.indexOf(0);
  return { timestamp: plain.readUInt32LE(0), line: text.subarray(0, end < 0 ? undefined : end).toString("utf8") };
}

function softChannel(room: Room): Channel {
  const key32 = new Uint8Array(32);
  key32.set(room.key);
  return new Channel(key32, room.key.length, softCrypto().sha256(room.key)[0]);
}

export const hex = bytesToHex;
