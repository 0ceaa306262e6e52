import { describe, RoomError } from "../errors.ts";
import { BoardKeeper, type BoardStatus, type BoardsParts } from "./board-keeper.ts";
import type { PortSource } from "./ports.ts";
import type { LinkWish, Post } from "./state.ts";

/** All boards of this host, in the order of the configuration, and which of them sends what waits for the air. */
export class Boards {
  private readonly parts: BoardsParts;
  private readonly keepers: BoardKeeper[];
  /** Outbox id -> the board that has the post. */
  private readonly handed = new Map<number, string>();

  constructor(sources: readonly PortSource[], radio: LinkWish["radio"], parts: BoardsParts) {
    this.parts = parts;
    this.keepers = sources.map(
      (source) =>
        new BoardKeeper(source, radio, parts, {
          takePosts: (count) => this.takePosts(source.id, count),
          aired: (id) => this.done(id),
          unsendable: (id, why) => {
            parts.log.warn(`a post was given up: ${why}`, { board: source.id });
            this.done(id);
          },
          lost: () => this.takeBack(source.id),
        }),
    );
  }

  /** Opens every board and keeps it open. Returns the stop, after which no port is open and no timer runs. */
  start(): () => Promise<void> {
    const off = this.parts.events.on("outbox", () => this.offer());
    const stops = this.keepers.map((keeper) => keeper.start());
    return async () => {
      off();
      await Promise.all(stops.map((stop) => stop()));
    };
  }

  status(): BoardStatus[] {
    return this.keepers.map((keeper) => keeper.status());
  }

  /** One board sends: the first of the configuration that is there. What none can send now waits in the store. */
  private takePosts(board: string, count: number): Post[] {
    if (this.keepers.find((keeper) => keeper.isUp())?.id !== board) return [];
    const { store, rooms, log } = this.parts;
    try {
      const waiting = store.outbox(this.handed.size + count).filter(({ id }) => !this.handed.has(id));
      const posts: Post[] = [];
      for (const { id, room, payload } of waiting.slice(0, count)) {
        if (rooms.get(room) === undefined) {
          log.warn(`a post to "${room}" was not sent: the room is no longer configured`);
          store.removeFromOutbox(id);
          continue;
        }
        this.handed.set(id, board);
        posts.push({ id, payload });
      }
      return posts;
    } catch (error) {
      log.error(`posts cannot be sent now: ${sentence(error)}`);
      return [];
    }
  }

  private done(id: number): void {
    try {
      this.parts.store.removeFromOutbox(id);
      this.handed.delete(id);
    } catch (error) {
      // It stays handed out, or it would be offered again and again. After a restart the board knows it as a duplicate.
      this.parts.log.error(`a post that was sent cannot be marked as such: ${sentence(error)}`);
    }
  }

  private takeBack(board: string): void {
    for (const [id, holder] of this.handed) if (holder === board) this.handed.delete(id);
    this.offer();
  }

  private offer(): void {
    for (const keeper of this.keepers) keeper.offer();
  }
}

function sentence(error: unknown): string {
  return error instanceof RoomError ? describe(error) : String(error);
}
