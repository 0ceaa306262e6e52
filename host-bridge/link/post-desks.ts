import { describe, RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import { channelOf, type Keeper } from "./keeper.ts";
import type { Outcome, RebroadcastDesk } from "./rebroadcast-desk.ts";
import { FIRST_FOREIGN, type Post } from "./state.ts";

/** A board with so many packets before it leaves the next one to another; below that one board keeps the posts in order. */
const BUSY_QUEUE = 4;

/** A post that some board has, or has sent: which board it is on each channel, null where the next one to come may take it. */
interface Handed {
  channels: Map<string, string | null>;
  /** It has been on air somewhere. */
  aired: boolean;
}

/**
 * Which board sends which post. A post goes on air once on every channel (frequency, bandwidth, spreading factor) that a
 * board is up on when the first of them takes it; where several boards are on one channel, the first of the configuration
 * sends, and the others when that one has much to do. What no board can send now waits in the store. A message of another
 * server comes when there is no post at all.
 */
export class PostDesks {
  private readonly parts: { store: Store; rooms: Rooms; log: Log };
  private readonly keepers: () => readonly Keeper[];
  private readonly foreign: RebroadcastDesk;
  /** By outbox id, in that order. */
  private readonly handed = new Map<number, Handed>();

  constructor(
    parts: { store: Store; rooms: Rooms; log: Log },
    keepers: () => readonly Keeper[],
    foreign: RebroadcastDesk,
  ) {
    this.parts = parts;
    this.keepers = keepers;
    this.foreign = foreign;
  }

  take(keeper: Keeper, count: number): Post[] {
    try {
      const posts: Post[] = [];
      while (posts.length < count && this.sender(channelOf(keeper)) === keeper) {
        const post = this.next(keeper);
        if (post === null) break;
        posts.push(post);
      }
      if (posts.length === 0 && this.sender(channelOf(keeper)) === keeper) {
        const isIdle = this.parts.store.countOutbox() === 0 && this.load(keeper) === 0;
        const foreign = this.foreign.take(keeper, isIdle);
        if (foreign !== null) posts.push(foreign);
      }
      return posts;
    } catch (error) {
      this.parts.log.error(`posts cannot be sent now: ${sentence(error)}`);
      return [];
    }
  }

  /** The board is through with this post. */
  done(keeper: Keeper, id: number, outcome: Outcome): void {
    if (id >= FIRST_FOREIGN) {
      this.foreign.done(keeper, outcome);
      return;
    }
    const handed = this.handed.get(id);
    if (handed === undefined) return;
    handed.aired = true;
    handed.channels.delete(channelOf(keeper));
    this.settle(id, handed);
  }

  /** The board is gone. What it had goes to the next board of its channel. */
  takeBack(keeper: Keeper): void {
    this.foreign.lost(keeper);
    const channel = channelOf(keeper);
    const hasOther = this.keepers().some((other) => other.isUp() && channelOf(other) === channel);
    for (const [id, handed] of [...this.handed]) {
      if (handed.channels.get(channel) === keeper.id) handed.channels.set(channel, null);
      if (hasOther || handed.channels.get(channel) !== null) continue;
      // Nobody is left on this channel: enough when it is or was on air elsewhere, otherwise it waits again.
      handed.channels.delete(channel);
      if (handed.aired || handed.channels.size > 0) this.settle(id, handed);
      else this.handed.delete(id);
    }
  }

  /** The board that sends next on this channel. */
  private sender(channel: string): Keeper | undefined {
    const there = this.keepers().filter((keeper) => keeper.isUp() && channelOf(keeper) === channel);
    const loads = there.map((keeper) => Math.max(BUSY_QUEUE - 1, this.load(keeper)));
    return there[loads.indexOf(Math.min(...loads))];
  }

  private load(keeper: Keeper): number {
    let count = 0;
    for (const { channels } of this.handed.values())
      for (const board of channels.values()) if (board === keeper.id) count++;
    // The board's own word is some seconds old, and counts what it has of ours.
    return Math.max(count, keeper.queue());
  }

  private next(keeper: Keeper): Post | null {
    const { store, rooms, log } = this.parts;
    const channel = channelOf(keeper);
    // One more than is handed out is enough to find one that is not.
    for (const { id, room, payload } of store.outbox(this.handed.size + 1)) {
      let handed = this.handed.get(id);
      if (handed === undefined) {
        if (rooms.get(room) === undefined) {
          log.warn(`a post to "${room}" was not sent: the room is no longer configured`);
          store.removeFromOutbox(id);
          return this.next(keeper);
        }
        const up = this.keepers().filter((other) => other.isUp());
        handed = { channels: new Map(up.map((other) => [channelOf(other), null])), aired: false };
        this.handed.set(id, handed);
      }
      if (handed.channels.get(channel) !== null) continue;
      handed.channels.set(channel, keeper.id);
      return { id, payload };
    }
    return null;
  }

  private settle(id: number, { channels }: Handed): void {
    if (channels.size > 0) return;
    try {
      this.parts.store.removeFromOutbox(id);
      this.handed.delete(id);
    } catch (error) {
      // It stays handed out, or it would be offered again and again. After a restart the board knows it as a duplicate.
      this.parts.log.error(`a post that was sent cannot be marked as such: ${sentence(error)}`);
    }
  }
}

function sentence(error: unknown): string {
  return error instanceof RoomError ? describe(error) : String(error);
}
