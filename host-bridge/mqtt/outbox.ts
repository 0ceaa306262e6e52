import type { Clock } from "../clock.ts";
import type { WireMessage } from "../room/message.ts";
import type { Deliveries } from "../room/store-deliveries.ts";

export interface OutboxParts {
  deliveries: Deliveries;
  clock: Clock;
  /** The broker's name among the deliveries. */
  name: string;
  /** May the room's messages go to brokers? */
  mayPublish(room: string): boolean;
  /** So many messages left the history before they were published. */
  lost(count: number): void;
  /** The place could not be stored; it is tried again. */
  failed(error: unknown): void;
}

/** A message on its way. */
export interface Outgoing {
  id: number;
  /** Null: of a room that is kept off. */
  message: WireMessage | null;
  isDone: boolean;
}

const BATCH = 64;
const SAVE_MS = 1000;
const RETRY_MS = 5000;

/**
 * What one broker lacks of the history, in the order of arrival. Its place moves over what is acknowledged and never over what is
 * not, so after a restart everything from there on is published again.
 */
export class Outbox {
  private readonly parts: OutboxParts;
  /** Everything up to it is acknowledged, of no concern to the broker, or gone. */
  private settledId: number;
  private savedId: number;
  private readId: number;
  /** What is missing up to here was counted. */
  private countedId: number;
  /** After settledId, as far as it was read. */
  private pending: Outgoing[] = [];
  private queue: Outgoing[] = [];
  private cancelSave: (() => void) | null = null;
  private isStopped = false;

  constructor(lastId: number, parts: OutboxParts) {
    this.parts = parts;
    this.settledId = this.savedId = this.readId = this.countedId = lastId;
  }

  /** From the first message on that is not acknowledged. */
  rewind(): void {
    this.readId = this.settledId;
    this.pending = [];
    this.queue = [];
  }

  /** The next message to publish, null when there is none. Throws RoomError `store_...`. */
  next(): (Outgoing & { message: WireMessage }) | null {
    while (this.queue.length === 0) if (!this.read()) return null;
    return this.queue.shift() as Outgoing & { message: WireMessage };
  }

  /** The broker has it, or never will. */
  done(outgoing: Outgoing): void {
    outgoing.isDone = true;
    this.settle();
  }

  /** Messages, of whatever room, that came in and are not settled. */
  depth(): number {
    return Math.max(0, this.parts.deliveries.last() - this.settledId);
  }

  /** Stores the place. */
  stop(): void {
    this.isStopped = true;
    this.save();
  }

  /** False when there was nothing. */
  private read(): boolean {
    const rows = this.parts.deliveries.after(this.readId, BATCH);
    for (const { id, message } of rows) {
      this.countGap(id);
      this.readId = id;
      const isWanted = this.parts.mayPublish(message.room);
      const outgoing = { id, message: isWanted ? message : null, isDone: !isWanted };
      this.pending.push(outgoing);
      if (isWanted) this.queue.push(outgoing);
    }
    this.settle();
    return rows.length > 0;
  }

  /** Numbers have no gaps of their own: what is missing was pruned. */
  private countGap(id: number): void {
    const gap = id - this.countedId - 1;
    this.countedId = Math.max(id, this.countedId);
    if (gap > 0) this.parts.lost(gap);
  }

  private settle(): void {
    for (let first = this.pending.at(0); first?.isDone; first = this.pending.at(0)) {
      this.settledId = first.id;
      this.pending.shift();
    }
    // Not at each acknowledgement: a commit is an fsync, and what is published twice has the same GUID.
    if (this.settledId > this.savedId && !this.isStopped) this.saveIn(SAVE_MS);
  }

  private saveIn(delayMs: number): void {
    this.cancelSave ??= this.parts.clock.after(delayMs, () => this.save());
  }

  private save(): void {
    this.cancelSave?.();
    this.cancelSave = null;
    if (this.settledId === this.savedId) return;
    try {
      this.parts.deliveries.save(this.parts.name, this.settledId);
      this.savedId = this.settledId;
    } catch (error) {
      this.parts.failed(error);
      if (!this.isStopped) this.saveIn(RETRY_MS);
    }
  }
}
