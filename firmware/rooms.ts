// The rooms of this board: which packets are theirs, and what they hold.
import { view } from "../protocol/bytes.ts";
import { type Channel, GroupCipher, makeChannel } from "../protocol/channel.ts";
import { fieldAt } from "../protocol/codec.ts";
import { isPlainText, textEnd } from "../protocol/group-text.ts";
import { MESSAGE_OWN, RESULT_BAD_REQUEST, RESULT_FULL, RESULT_OK, RoomMessage } from "../protocol/link.ts";
import type { Packet } from "../protocol/packet.ts";
import type { Clock } from "./clock.ts";
import { COUNT } from "./counters.ts";
import type { Hal } from "./hal.ts";
import { Ring } from "./ring.ts";

export const MAX_ROOMS = 16;
const MAX_NAME_BYTES = 32;
const DEFAULT_MAX = 200;
const HIGHEST_MAX = 65535;
const SHARED_AT_ONCE = 6;

/** Where the fields of a record are: it is kept as the body of a RoomMessage, from the message's number on. */
export const AT = {
  seq: 1 + fieldAt(RoomMessage, "seq"),
  flags: 1 + fieldAt(RoomMessage, "flags"),
  heardAt: 1 + fieldAt(RoomMessage, "heardAt"),
  rssi: 1 + fieldAt(RoomMessage, "rssi"),
  snr: 1 + fieldAt(RoomMessage, "snr"),
  pathLen: 1 + fieldAt(RoomMessage, "pathLen"),
  room: 1 + fieldAt(RoomMessage, "room"),
};
/** Bytes of a record before the on-air payload. */
export const RECORD_HEADER = 1 + RoomMessage.size;
/** The header is put together behind this many bytes, so that its fields are whole words. */
const PAD = 3;

export interface Room {
  /** UTF-8 as a byte string. */
  readonly name: string;
  readonly handle: number;
  channel: Channel;
  max: number;
  /** Number that its first message had or will have: older ones under this handle were another room's, or had another key. */
  readonly born: number;
  /** Handle of the next room whose channel hash is the same byte, plus one; 0 ends the list. */
  sameHash: number;
}

export interface RoomEvents {
  /** A message was stored in `room`. */
  onMessage(room: Room): void;
  /** `room` is new, or has another key or size. */
  onRoomChange(room: Room): void;
}

/** Who keeps what outlasts the power. */
export interface Keeper {
  /** A room came, went, or changed. */
  changed(): void;
  /** A message was stored. */
  stored(): void;
}

export class Rooms {
  readonly ring: Ring;
  readonly cipher: GroupCipher;
  /** Where a room is left that a packet may be of: goes on with it, and says what receive() says. One handler has time for one. */
  more?: () => boolean;
  /** By handle; a removed room leaves null. */
  readonly list: (Room | null)[] = [];
  /** The same rooms' names, for a native search; a removed room leaves "". */
  private readonly names: string[] = [];
  /** Who is told; set before the first message. */
  events!: RoomEvents;
  keeper!: Keeper;
  /** By handle: number of the first message that has not been kept yet. */
  readonly unsaved = new Uint32Array(MAX_ROOMS);
  /** Above every number that a removed room had: its host may still hold a cursor. */
  nextSeq = 1;

  private readonly hal: Hal;
  private readonly clock: Clock;
  private readonly counters: Uint32Array;
  /** Channel hash byte -> handle + 1 of the first room with it. */
  private readonly byHash = new Uint8Array(256);
  /** Rooms that have just got a message, by handle a bit, and a function made once, for the time after that. */
  private fresh = 0;
  private readonly tell: () => void;
  /** Of the message that is stored. */
  private readonly header: Uint8Array;
  /** The same memory: engines are little endian like the link, and this is three times cheaper than a DataView. */
  private readonly words: Uint32Array;
  private readonly halves: Uint16Array;

  /** `arena` holds the messages of all rooms. */
  constructor(hal: Hal, clock: Clock, arena: Uint8Array, counters: Uint32Array) {
    this.hal = hal;
    this.clock = clock;
    this.counters = counters;
    this.ring = new Ring(arena, MAX_ROOMS);
    this.cipher = new GroupCipher(hal.crypto);
    this.tell = () => this.tellAll();
    // At least 20 bytes: shorter arrays are slow on Espruino.
    const memory = new Uint8Array(24);
    memory[PAD] = RoomMessage.type;
    this.header = view(memory, PAD, RECORD_HEADER);
    this.words = new Uint32Array(memory.buffer);
    this.halves = new Uint16Array(memory.buffer);
  }

  /** What comes after a message was stored, which receive() has no time for. */
  private tellAll(): void {
    const fresh = this.fresh;
    this.fresh = 0;
    for (let handle = 0; fresh >> handle; handle++) {
      const room = this.list[handle];
      if (!room || !((fresh >> handle) & 1)) continue;
      this.ring.makeRoom(handle);
      this.events.onMessage(room);
    }
    this.keeper.stored();
  }

  find(name: string): Room | null {
    return this.list[this.names.indexOf(name)] || null;
  }

  /** Adds a room or gives it another key or size; `key` has 16 or 32 bytes, `max` 0 means the default. Returns a Result code. */
  set(name: string, key: Uint8Array, max: number): number {
    if (!name || name.length > MAX_NAME_BYTES || (key.length !== 16 && key.length !== 32)) return RESULT_BAD_REQUEST;
    const limit = Math.min(max || DEFAULT_MAX, HIGHEST_MAX);
    const known = this.find(name);
    let handle = 0;
    let born = this.nextSeq;
    if (known) {
      handle = known.handle;
      const { key32, keyLen } = known.channel;
      const toText = this.hal.toText;
      // As texts: the engine compares those, and a loop of ours takes a millisecond for two bytes.
      born = toText(view(key32, 0, keyLen)) === toText(key) ? known.born : this.ring.endSeq[handle];
      this.unlist(known);
    } else {
      while (this.list[handle]) handle++;
      if (handle >= MAX_ROOMS) return RESULT_FULL;
      this.open(handle, born);
    }
    const room = this.put(handle, name, key, limit, born);
    const settle = (): void => {
      if (this.list[handle] !== room) return;
      if (this.ring.trim(handle, limit)) {
        this.hal.after(settle, 1);
        return;
      }
      this.ring.makeRoom(handle);
      this.events.onRoomChange(room);
    };
    this.share(settle);
    this.keeper.changed();
    return RESULT_OK;
  }

  /** Makes a handle free, without messages; the next one gets the number `seq`. */
  open(handle: number, seq: number): void {
    this.ring.clear(handle);
    this.ring.open(handle, seq);
    this.unsaved[handle] = seq;
    this.list[handle] = null;
    this.names[handle] = "";
  }

  /** A room in its place, whatever was there; share() is to follow. */
  put(handle: number, name: string, key: Uint8Array, max: number, born: number): Room {
    const channel = makeChannel(this.hal.crypto, key);
    const room = { name, handle, channel, max, born, sameHash: this.byHash[channel.hash] };
    this.byHash[channel.hash] = handle + 1;
    this.list[handle] = room;
    this.names[handle] = name;
    return room;
  }

  remove(name: string): boolean {
    const room = this.find(name);
    if (!room) return false;
    const handle = room.handle;
    this.unlist(room);
    this.nextSeq = Math.max(this.nextSeq, this.ring.next(handle));
    this.ring.clear(handle);
    this.list[handle] = null;
    this.names[handle] = "";
    this.share(() => undefined);
    this.keeper.changed();
    return true;
  }

  /** Takes a room out of the chain of its channel hash. */
  private unlist(room: Room): void {
    let other = this.byHash[room.channel.hash];
    if (other === room.handle + 1) this.byHash[room.channel.hash] = room.sameHash;
    while (other) {
      const each = this.list[other - 1] as Room;
      other = each.sameHash;
      if (other === room.handle + 1) each.sameHash = room.sameHash;
    }
  }

  /** Gives the rooms their parts of the arena, some in each handler, and calls `done`. */
  share(done: () => void): void {
    let handle = 0;
    const next = (): void => {
      // What they are may have changed since.
      const weights = this.list.map((room) => (room ? room.max : 0));
      const end = handle + SHARED_AT_ONCE;
      this.ring.share(weights, handle, end);
      handle = end;
      this.hal.after(end < weights.length ? next : done, 1);
    };
    this.hal.after(next, 1);
  }

  /**
   * Stores the GRP_TXT packet `packet`, hashed already, in the room that it belongs to. False when it belongs to none:
   * unknown channel or wrong MAC, or not yet: then the caller sees to `more`, in a handler of its own. `signal` as in Sx126x, `flags`
   * of RoomMessage; `from` is where among the rooms with this channel byte to begin.
   */
  receive(packet: Packet, signal: number, flags: number, from?: number): boolean {
    const hashed = packet.hashed;
    const length = packet.payloadLen;
    // An empty payload has no channel hash, and Espruino throws at an index that is none.
    const place = from || (length && this.byHash[hashed[1]]);
    if (!place) {
      this.counters[COUNT.unknownChannel]++;
      return false;
    }
    const handle = place - 1;
    const room = this.list[handle] as Room;
    // Kept as it came: opening it is the reader's business, who has more time. All in one function: a call takes a board as
    // long as three of these lines.
    if (this.cipher.isBy(room.channel, hashed, 1, length)) {
      const ring = this.ring;
      const words = this.words;
      words[(PAD + AT.seq) / 4] = ring.endSeq[handle];
      words[(PAD + AT.heardAt) / 4] = this.clock.unixTime();
      // Signal and path length lie side by side, room and flags too.
      words[(PAD + AT.rssi) / 4] = signal | (packet.pathLen << 24);
      this.halves[(PAD + AT.room) / 2] = handle | (flags << 8);
      const to = ring.append(handle, RECORD_HEADER + length, room.max);
      if (to >= 0) {
        // The payload with the byte in front of it, over which the header goes: one view less.
        ring.bytes.set(hashed, to + RECORD_HEADER - 1);
        ring.bytes.set(this.header, to);
        this.fresh |= 1 << handle;
        this.hal.after(this.tell, 1);
      }
      return true;
    }
    return this.isOther(room.sameHash, packet, signal, flags);
  }

  /** In a function of its own, for a board reads what it does not run, too. */
  private isOther(place: number, packet: Packet, signal: number, flags: number): boolean {
    if (place) {
      const rest = { hashed: packet.hashed, payloadLen: packet.payloadLen, pathLen: packet.pathLen } as Packet;
      this.more = () => !!this.list[place - 1] && this.receive(rest, signal, flags, place);
    } else {
      this.counters[COUNT.macFailures]++;
    }
    return false;
  }

  /** The record `seq` of a room as the body of a RoomMessage without its checksum, sharing the ring's memory; null when it is not held. */
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
}
