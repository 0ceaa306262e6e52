// The rooms of this board: which packets are theirs, and what they hold.
import { view } from "../protocol/bytes.ts";
import { type Channel, GroupCipher, makeChannel } from "../protocol/channel.ts";
import { fieldAt } from "../protocol/codec.ts";
import { isPlainText, textEnd } from "../protocol/group-text.ts";
import { MESSAGE_OWN, RESULT_BAD_REQUEST, RESULT_FULL, RESULT_OK, RoomMessage } from "../protocol/link.ts";
import type { Packet } from "../protocol/packet.ts";
import type { Clock } from "./clock.ts";
import type { Hal } from "./hal.ts";
import { Ring } from "./ring.ts";

export const MAX_ROOMS = 16;
export const MAX_NAME_BYTES = 32;
const DEFAULT_MAX = 200;
const HIGHEST_MAX = 65535;

/** Where the fields of a record are: it is kept as it goes over the link. */
export const AT = {
  seq: fieldAt(RoomMessage, "seq"),
  flags: fieldAt(RoomMessage, "flags"),
  heardAt: fieldAt(RoomMessage, "heardAt"),
  rssi: fieldAt(RoomMessage, "rssi"),
  snr: fieldAt(RoomMessage, "snr"),
  pathLen: fieldAt(RoomMessage, "pathLen"),
  room: fieldAt(RoomMessage, "room"),
};
/** Bytes of a record before the on-air payload. */
export const RECORD_HEADER = RoomMessage.size;

export interface Room {
  /** UTF-8 as a byte string. */
  readonly name: string;
  readonly handle: number;
  channel: Channel;
  max: number;
  /** Handle of the next room whose channel hash is the same byte, plus one; 0 ends the list. */
  sameHash: number;
}

export interface RoomEvents {
  /** A message was stored in `room`. */
  onMessage(room: Room): void;
  /** `room` is new, or has another key or size. */
  onRoomChange(room: Room): void;
}

export class Rooms {
  readonly ring: Ring;
  readonly cipher: GroupCipher;
  /** By handle; a removed room leaves null. */
  readonly list: (Room | null)[] = [];
  macFailures = 0;
  unknownChannel = 0;

  private readonly hal: Hal;
  private readonly clock: Clock;
  /** Who is told; set before the first message. */
  events!: RoomEvents;
  /** Channel hash byte -> handle + 1 of the first room with it. */
  private readonly byHash = new Uint8Array(256);
  private readonly header: Uint8Array;
  /** The same memory as `header`: engines are little endian like the link, and this is three times cheaper than a DataView. */
  private readonly words: Uint32Array;
  private readonly halves: Int16Array;

  /** `arena` holds the messages of all rooms; allocate it before anything else. */
  constructor(hal: Hal, clock: Clock, arena: Uint8Array) {
    this.hal = hal;
    this.clock = clock;
    this.ring = new Ring(arena, MAX_ROOMS);
    this.cipher = new GroupCipher(hal.crypto);
    // At least 20 bytes: shorter arrays are slow on Espruino.
    const header = new Uint8Array(20);
    this.header = view(header, 0, RECORD_HEADER);
    this.words = new Uint32Array(header.buffer, 0, 5);
    this.halves = new Int16Array(header.buffer, 0, 10);
  }

  find(name: string): Room | null {
    for (let i = 0; i < this.list.length; i++) {
      const room = this.list[i];
      if (room && room.name === name) return room;
    }
    return null;
  }

  /** Adds a room or gives it another key or size; `key` has 16 or 32 bytes, `max` 0 means the default. Returns a Result code. */
  set(name: string, key: Uint8Array, max: number): number {
    if (!name || name.length > MAX_NAME_BYTES || (key.length !== 16 && key.length !== 32)) return RESULT_BAD_REQUEST;
    const limit = Math.min(max || DEFAULT_MAX, HIGHEST_MAX);
    let room = this.find(name);
    if (room) {
      room.channel = makeChannel(this.hal.crypto, key);
      room.max = limit;
      this.ring.trim(room.handle, limit);
    } else {
      let handle = 0;
      while (handle < this.list.length && this.list[handle]) handle++;
      if (handle >= MAX_ROOMS) return RESULT_FULL;
      room = { name, handle, channel: makeChannel(this.hal.crypto, key), max: limit, sameHash: 0 };
      this.list[handle] = room;
      // Never a number again that this board has used since boot: a host may hold a cursor of a room removed meanwhile.
      let seq = 1;
      for (let i = 0; i < MAX_ROOMS; i++) seq = Math.max(seq, this.ring.next(i));
      this.ring.open(handle, seq);
    }
    this.reindex();
    this.events.onRoomChange(room);
    return RESULT_OK;
  }

  remove(name: string): boolean {
    const room = this.find(name);
    if (!room) return false;
    this.ring.clear(room.handle);
    this.list[room.handle] = null;
    this.reindex();
    return true;
  }

  /**
   * Stores the GRP_TXT packet `packet` of `frame` in the room that it belongs to. False when it belongs to none: unknown
   * channel or wrong MAC. dBm and quarter dB; `flags` of RoomMessage.
   */
  receive(frame: Uint8Array, packet: Packet, rssi: number, snr: number, flags: number): boolean {
    const at = packet.payloadAt;
    let handle = this.byHash[frame[at]];
    while (handle > 0) {
      const room = this.list[handle - 1] as Room;
      // Kept as it came: opening it is the reader's business, who has more time.
      if (this.cipher.matches(room.channel, frame, at, packet.payloadLen)) {
        this.store(room, frame, packet, rssi, snr, flags);
        return true;
      }
      handle = room.sameHash;
      // Only a room's own byte says whether another one shares it.
      if (handle === 0) this.macFailures++;
    }
    if (!this.byHash[frame[at]]) this.unknownChannel++;
    return false;
  }

  /** The record `seq` of a room as the fields of RoomMessage, sharing the ring's memory; null when it is not held. */
  record(room: Room, seq: number): Uint8Array | null {
    const at = this.ring.find(room.handle, seq);
    return at < 0 ? null : view(this.ring.bytes, at, this.ring.bytes[at - 1]);
  }

  /** What a record says, as a byte string `sender: text`; empty when the key has changed since, or for what MeshCore does not show. */
  text(room: Room, record: Uint8Array): string {
    const length = this.cipher.open(room.channel, record, RECORD_HEADER, record.length - RECORD_HEADER);
    const plain = this.cipher.plain;
    if (length < 0 || !isPlainText(plain, length)) return "";
    const end = textEnd(plain, length);
    // A copy: the next decryption overwrites `plain`, and toText may share memory.
    return end > 5 ? this.hal.toText(view(plain, 5, end - 5)) + "" : "";
  }

  /** When the sender says a record was written, Unix seconds; valid after `text` of the same record. */
  textTime(): number {
    const plain = this.cipher.plain;
    return plain[0] + plain[1] * 256 + plain[2] * 65536 + plain[3] * 16777216;
  }

  /** Where a record came from, for a person: `, -71 dBm, 10.50 dB, 2 hops`, or that it is our own. */
  signal(record: Uint8Array): string {
    if (record[AT.flags] & MESSAGE_OWN) return " (own)";
    const rssi = ((record[AT.rssi] | (record[AT.rssi + 1] << 8)) << 16) >> 16;
    const snr = (record[AT.snr] << 24) >> 24;
    return " (" + rssi + " dBm, " + (snr / 4).toFixed(2) + " dB, " + (record[AT.pathLen] & 63) + " hops)";
  }

  private store(room: Room, frame: Uint8Array, packet: Packet, rssi: number, snr: number, flags: number): void {
    const length = packet.payloadLen;
    const handle = room.handle;
    const ring = this.ring;
    const header = this.header;
    const words = this.words;
    words[AT.seq / 4] = ring.endSeq[handle];
    const to = ring.append(handle, RECORD_HEADER + length, room.max);
    if (to < 0) return;
    words[AT.heardAt / 4] = this.clock.unixTime();
    this.halves[AT.rssi / 2] = rssi;
    header[AT.snr] = snr;
    header[AT.pathLen] = packet.pathLen;
    header[AT.flags] = flags;
    header[AT.room] = handle;
    ring.bytes.set(header, to);
    // Not view(): a call costs as much as the copy.
    ring.bytes.set(new Uint8Array(frame.buffer, frame.byteOffset + packet.payloadAt, length), to + RECORD_HEADER);
    this.events.onMessage(room);
  }

  private reindex(): void {
    this.byHash.fill(0);
    const weights: number[] = [];
    for (let i = 0; i < MAX_ROOMS; i++) {
      const room = this.list[i];
      weights.push(room ? room.max : 0);
      if (!room) continue;
      room.sameHash = this.byHash[room.channel.hash];
      this.byHash[room.channel.hash] = i + 1;
    }
    this.ring.share(weights);
  }
}
