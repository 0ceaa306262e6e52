import type { PeerFate, PeerSaid } from "../room/rooms.ts";
import type { LogRow, Place, Vector } from "../room/store-log.ts";
import type { HubRoom, HubStore } from "./hub-store.ts";
import { ageOf, type Packed, type Shelf, wrongKind } from "./shelf.ts";
import type { WireMessage } from "./wire.ts";

/** A room that this server has no key of. Of a message, `origin` is what key holders call it, and the payload is sealed. */
export class HubShelf implements Shelf {
  readonly name: string;
  readonly stream = null;
  private readonly room: HubRoom;
  private readonly store: HubStore;

  constructor(room: HubRoom, store: HubStore) {
    // No room of this server can have such a name.
    this.name = `\0${room.name}`;
    this.room = room;
    this.store = store;
  }

  vector(): Vector {
    return this.store.vector(this.room.name);
  }

  told(): Vector {
    return this.vector();
  }

  rows(after: number, last: number, limit: number): LogRow[] {
    return this.store.rows(this.room, after, last, limit);
  }

  count(after: number, last: number): number {
    return this.store.count(this.room, after, last);
  }

  lastRow(): number {
    return this.store.lastRow();
  }

  rowBefore(known: Vector): number {
    return this.store.rowBefore(this.room, known);
  }

  highest(stream: string): number {
    return this.store.highest(this.room, stream);
  }

  settled(stream: string, known: number, after: number): number {
    return this.store.settled(this.room, stream, known, after);
  }

  pack(room: number, rows: readonly LogRow[], nowMs: number): WireMessage {
    const entries = rows.map(({ stream, seq, guid, bornAt, payload }) => ({
      ...{ stream, seq, ageMs: ageOf(bornAt, nowMs), id: guid, bytes: new Uint8Array(payload) },
    }));
    return { name: "sealed", room, entries };
  }

  unpack(message: Packed): PeerSaid[] {
    if (message.name !== "sealed") throw wrongKind();
    return message.entries.map(({ stream, seq, ageMs, id, bytes }) => ({
      place: { stream, seq } satisfies Place,
      message: { payload: bytes, origin: id, ageMs },
    }));
  }

  take(said: readonly PeerSaid[], settle: (error: unknown, fates: PeerFate[]) => void): void {
    this.store.take({ room: this.room, said, settle });
  }
}
