import type { LogRow, Place, Vector } from "../room/store-log.ts";
import type { Shelf } from "./shelf.ts";

/** Numbers out of order that are remembered of one room; forgotten ones cost a message that is sent twice, and nothing else. */
const MAX_EXTRA = 50_000;

/** A part of the log that is being sent: rows after `at`, up to and including `end`. */
export interface Stretch {
  at: number;
  end: number;
}

/** One room that a peer has too: what the peer has of it, and how far it was told. */
export class RoomLink {
  readonly shelf: Shelf;
  /** The room's number in our offers and in the peer's. */
  readonly ours: number;
  readonly theirs: number;
  /** May its messages come in, and may ours go out? */
  readonly takes: boolean;
  readonly gives: boolean;
  /** A hub may keep it or not: it says so by its vector. */
  isAsked = false;
  /** What the peer said of itself, chunk by chunk; null when it is through. */
  incoming: Map<string, number> | null = new Map();
  readonly backlog: Stretch = { at: 0, end: 0 };
  readonly live: Stretch = { at: 0, end: 0 };
  /** There may be rows behind `live`. */
  isAwake = false;
  /** The stream of the last message that came from the peer. */
  private brought: string | null = null;
  /** Streams whose number moved here without a row that was sent. */
  readonly moved = new Set<string>();
  /** Batches of the backlog since marks were sent. */
  batches = 0;
  private readonly known = new Map<string, number>();
  private readonly reached = new Map<string, number>();
  private readonly extra = new Map<string, Set<number>>();
  private extras = 0;

  constructor(fields: Pick<RoomLink, "shelf" | "ours" | "theirs" | "takes" | "gives">) {
    this.shelf = fields.shelf;
    this.ours = fields.ours;
    this.theirs = fields.theirs;
    this.takes = fields.takes;
    this.gives = fields.gives;
  }

  /** Everything of the stream up to this number the peer has, or has no need of. */
  knows(stream: string): number {
    return this.known.get(stream) ?? 0;
  }

  /**
   * The peer's own number of the stream: what comes out of turn, as live messages do during a backlog, leaves it behind, and it
   * would be sent again on the next connection. Only a mark brings it along.
   */
  reaches(stream: string): number {
    return this.reached.get(stream) ?? 0;
  }

  has({ stream, seq }: Place): boolean {
    return seq <= this.knows(stream) || (this.extra.get(stream)?.has(seq) ?? false);
  }

  /** The peer has this one, or it is on its way there. */
  note({ stream, seq }: Place): void {
    if (seq === this.reaches(stream) + 1) this.reached.set(stream, seq);
    else this.moved.add(stream);
    const known = this.knows(stream);
    if (seq <= known) return;
    const extra = this.extra.get(stream);
    if (seq !== known + 1) {
      if (this.extras >= MAX_EXTRA) this.forget();
      const set = this.extra.get(stream) ?? new Set();
      this.extra.set(stream, set.add(seq));
      this.extras++;
      return;
    }
    let next = seq;
    while (extra?.delete(next + 1)) {
      next++;
      this.extras--;
    }
    this.known.set(stream, next);
  }

  /** This one comes from the peer. */
  bring(place: Place): void {
    this.brought = place.stream;
    this.note(place);
  }

  /** The peer was told everything up to this number. */
  noteAll({ stream, seq }: Place): void {
    if (seq > this.knows(stream)) this.known.set(stream, seq);
    if (seq > this.reaches(stream)) this.reached.set(stream, seq);
  }

  /**
   * The peer says that it has everything up to this number. It may have been lied to by another one, so it is believed only up to
   * `highest`, our highest row of the stream: what comes later is sent, and at worst known there. Marks it needs none.
   */
  noteClaim({ stream, seq }: Place, highest: number): void {
    this.noteAll({ stream, seq: Math.min(seq, highest) });
    if (seq > this.reaches(stream)) this.reached.set(stream, seq);
  }

  vector(): Vector {
    return this.known;
  }

  isInBacklog(): boolean {
    return this.backlog.at < this.backlog.end;
  }

  /** `live` goes on to this row, without looking at those that the peer has brought itself. */
  extend(last: number): void {
    const { live, shelf, brought } = this;
    live.end = last;
    if (brought === null || shelf.passed === undefined) return;
    live.at = shelf.passed(live.at, last, { stream: brought, seq: this.knows(brought) });
  }

  /** Of these rows, what the peer lacks; they count as known from now on. */
  lacking(rows: readonly LogRow[]): LogRow[] {
    const missing = rows.filter((row) => !this.has(row));
    for (const row of missing) this.note(row);
    return missing;
  }

  forget(): void {
    this.extra.clear();
    this.extras = 0;
  }
}
