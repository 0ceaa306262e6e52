// What a hub keeps, as its backbone sees it.
import type { Vector } from "../room/store-log.ts";
import type { BackboneRecord, SealedMessage } from "./backbone-wire.ts";

/** How far this server has read: everything up to a number of a stream that was made at that time. */
export interface Position {
  created: string;
  seq: number;
  /** When that message was stored, so that one with the same number in its place is found out. */
  timeMs: number;
}

/** The hub's copy of the stream (hub-store.ts). */
export interface Stock {
  position(): Position | null;
  /** The stream is another one than the copy is of: all of the copy is missing there until it is read. */
  begin(created: string): void;
  /** In one transaction. Returns which numbers have moved in which room. Throws RoomError `store_...`. */
  apply(records: readonly BackboneRecord[], position: Position): Map<string, Set<string>>;
  /** Some that the stream lacks. */
  missing(limit: number): (SealedMessage & { room: string })[];
  /** Nothing is missing there any more. */
  complete(): void;
  rooms(): { name: string; bringer: string }[];
  vector(room: string): Vector;
  has(room: string, id: string): boolean;
  /** The room is full of younger ones. */
  isTooOld(room: string, bornAt: number): boolean;
}
