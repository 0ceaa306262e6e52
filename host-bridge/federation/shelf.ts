// A room's log as a session sees it: where its rows are, how they look on the wire, and who takes what comes.
import { RoomError } from "../errors.ts";
import type { PeerFate, PeerSaid, Room, Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import type { LogRow, Place, Vector } from "../room/store-log.ts";
import type { RoomSeal } from "./seal.ts";
import type { WireMessage } from "./wire.ts";

export interface Shelf {
  /** Tells it from the others of this server. */
  readonly name: string;
  /** The stream of this run, to which nobody else adds; null where nothing begins here. */
  readonly stream: string | null;
  vector(): Vector;
  /** What the peer is told that this server has: it need not send that. */
  told(): Vector;
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
  /**
   * The row before the first one, of those after `after` and up to `last`, that is not of this stream up to this number; `last` where
   * there is none. It spares the reading of what a peer itself has brought.
   */
  passed?(after: number, last: number, place: Place): number;
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

  told(): Vector {
    return this.vector();
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

  passed(after: number, last: number, place: Place): number {
    return this.store.passed(this.name, after, last, place);
  }

  pack(room: number, rows: readonly LogRow[], nowMs: number): WireMessage {
    const entries = rows.map(({ stream, seq, origin, bornAt, payload }) => {
      return { stream, seq, origin: shortOrigin(origin), ageMs: ageOf(bornAt, nowMs), payload };
    });
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

/** Stream -> what a hub has said is settled up to there. */
export type Hearsay = Map<string, number>;
/** A hub that makes up more streams of one room is not listened to. */
const MAX_HEARSAY = 50_000;

/**
 * A room of this server, for a blind hub. What a hub says without proof, that messages are gone, counts between it and this server
 * only: else one that lies could keep away what comes by other ways.
 */
export class SealedShelf extends OpenShelf {
  private readonly seal: RoomSeal;
  private readonly hearsay: Hearsay;

  constructor(room: Room, rooms: Rooms, store: Store, seal: RoomSeal, hearsay: Hearsay) {
    super(room, rooms, store);
    this.seal = seal;
    this.hearsay = hearsay;
  }

  override told(): Vector {
    const all = new Map(this.vector());
    for (const [stream, seq] of this.hearsay) all.set(stream, Math.max(seq, all.get(stream) ?? 0));
    return all;
  }

  override pack(room: number, rows: readonly LogRow[], nowMs: number): WireMessage {
    const entries = rows.map(({ stream, seq, guid, origin, bornAt, payload }) => ({
      ...{ stream, seq, ageMs: ageOf(bornAt, nowMs) },
      ...this.seal.seal({ stream, seq }, guid, shortOrigin(origin), payload),
    }));
    return { name: "sealed", room, entries };
  }

  override unpack(message: Packed): PeerSaid[] {
    if (message.name !== "sealed") throw wrongKind();
    return message.entries.map(({ stream, seq, ageMs, ...sealed }) => {
      const place = { stream, seq };
      const opened = this.seal.open(place, sealed);
      return { place, message: { ...(opened ?? { payload: NOTHING, origin: "" }), ageMs } };
    });
  }

  override take(said: readonly PeerSaid[], settle: (error: unknown, fates: PeerFate[]) => void): void {
    const isForged = ({ message }: PeerSaid): boolean => message?.payload === NOTHING;
    const proven = said.map((one): PeerSaid => {
      // Takes its turn behind what came before, and moves nothing.
      if (one.message !== null && !isForged(one)) return one;
      return { place: one.place === null ? null : { stream: one.place.stream, seq: 0 }, message: null };
    });
    super.take(proven, (error, fates) => {
      if (error === null)
        for (const { place, message } of said) if (message === null && place !== null) this.hear(place);
      settle(
        error,
        fates.map((fate, i) => (isForged(said[i]) ? "not_authentic" : fate)),
      );
    });
  }

  private hear({ stream, seq }: Place): void {
    const before = this.hearsay.get(stream);
    if (before === undefined && this.hearsay.size >= MAX_HEARSAY) return;
    this.hearsay.set(stream, Math.max(seq, before ?? 0));
  }
}

/** Of what could not be opened. */
const NOTHING = new Uint8Array(0);

const shortOrigin = (origin: string): string => (Buffer.byteLength(origin) > 255 ? "" : origin);

/** Clocks are set back and forward while a message waits. */
export const ageOf = (bornAt: number, nowMs: number): number => Math.max(0, Math.round(nowMs - bornAt));

export const wrongKind = (): RoomError =>
  new RoomError("peer_malformed", "it sent what no server sends", { found: "messages of the other kind" });
