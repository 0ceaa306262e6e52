// A room's log as a session sees it: where its rows are, how they look on the wire, and who takes what comes.
import { RoomError } from "../errors.ts";
import type { PeerFate, PeerSaid, Room, Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import type { LogRow, Vector } from "../room/store-log.ts";
import type { RoomSeal } from "./seal.ts";
import type { WireMessage } from "./wire.ts";

export interface Shelf {
  /** Tells it from the others of this server. */
  readonly name: string;
  /** The stream of this run, to which nobody else adds; null where nothing begins here. */
  readonly stream: string | null;
  vector(): Vector;
  /** After one row and up to another, in the order of arrival. */
  rows(after: number, last: number, limit: number): LogRow[];
  count(after: number, last: number): number;
  lastRow(): number;
  /** The row after which a server with this vector has to be told the log; lastRow() when it has all. */
  rowBefore(known: Vector): number;
  /** Up to which number a stream is settled for a server that was told every row up to `after` and has it up to `known`. */
  settled(stream: string, known: number, after: number): number;
  /** The highest number of a stream that a row has; 0 without one. */
  highest(stream: string): number;
  /** At most MAX_ENTRIES rows. */
  pack(room: number, rows: readonly LogRow[], nowMs: number): WireMessage;
  /** What a packed message says. Throws `peer_malformed` where it is of the other kind. */
  unpack(message: Packed): PeerSaid[];
  /** `settle` is called once, when all of it is durable, with what became of each part, or with why none of it counts. */
  take(said: readonly PeerSaid[], settle: (error: unknown, fates: PeerFate[]) => void): void;
}

export type Packed = Extract<WireMessage, { name: "entries" | "sealed" }>;

/** A room of this server, for a peer that has its key too. */
export class OpenShelf implements Shelf {
  readonly room: Room;
  private readonly rooms: Rooms;
  private readonly store: Store;

  constructor(room: Room, rooms: Rooms, store: Store) {
    this.room = room;
    this.rooms = rooms;
    this.store = store;
  }

  get name(): string {
    return this.room.name;
  }

  get stream(): string {
    return this.store.stream;
  }

  vector(): Vector {
    return this.store.vector(this.name);
  }

  rows(after: number, last: number, limit: number): LogRow[] {
    return this.store.logRows(this.name, after, last, limit);
  }

  count(after: number, last: number): number {
    return this.store.countRows(this.name, after, last);
  }

  lastRow(): number {
    return this.store.lastRow();
  }

  rowBefore(known: Vector): number {
    return this.store.rowBefore(this.name, known);
  }

  settled(stream: string, known: number, after: number): number {
    return this.store.settled(this.name, stream, known, after);
  }

  highest(stream: string): number {
    return this.store.highest(this.name, stream);
  }

  pack(room: number, rows: readonly LogRow[], nowMs: number): WireMessage {
    const entries = rows.map(({ stream, seq, origin, bornAt, payload }) => ({
      ...{ stream, seq, origin: shortOrigin(origin), ageMs: ageOf(bornAt, nowMs), payload: new Uint8Array(payload) },
    }));
    return { name: "entries", room, entries };
  }

  unpack(message: Packed): PeerSaid[] {
    if (message.name !== "entries") throw wrongKind();
    return message.entries.map(({ stream, seq, origin, ageMs, payload }) => ({
      place: { stream, seq },
      message: { payload, origin, ageMs },
    }));
  }

  take(said: readonly PeerSaid[], settle: (error: unknown, fates: PeerFate[]) => void): void {
    this.rooms.federate(this.room, said, settle);
  }
}

/** A room of this server, for a blind hub. */
export class SealedShelf extends OpenShelf {
  private readonly seal: RoomSeal;

  constructor(room: Room, rooms: Rooms, store: Store, seal: RoomSeal) {
    super(room, rooms, store);
    this.seal = seal;
  }

  override pack(room: number, rows: readonly LogRow[], nowMs: number): WireMessage {
    const entries = rows.map(({ stream, seq, guid, origin, bornAt, payload }) => ({
      ...{ stream, seq, ageMs: ageOf(bornAt, nowMs), ...this.seal.seal(guid, shortOrigin(origin), payload) },
    }));
    return { name: "sealed", room, entries };
  }

  override unpack(message: Packed): PeerSaid[] {
    if (message.name !== "sealed") throw wrongKind();
    return message.entries.map(({ stream, seq, ageMs, ...sealed }) => {
      // No payload is authentic in no room: refused and counted like any other forgery.
      const { payload, origin } = this.seal.open(sealed) ?? { payload: new Uint8Array(0), origin: "" };
      return { place: { stream, seq }, message: { payload, origin, ageMs } };
    });
  }
}

const shortOrigin = (origin: string): string => (Buffer.byteLength(origin) > 255 ? "" : origin);

/** Clocks are set back and forward while a message waits. */
export const ageOf = (bornAt: number, nowMs: number): number => Math.max(0, Math.round(nowMs - bornAt));

export const wrongKind = (): RoomError =>
  new RoomError("peer_malformed", "it sent what no server sends", { found: "messages of the other kind" });
