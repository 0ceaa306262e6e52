import type { BoardStatus, BoardsParts, Keeper, PostDesk } from "./keeper.ts";
import { PostDesks } from "./post-desks.ts";

/** Makes the keeper of a board, which takes what it is to send from `desk`. */
export type KeeperMaker = (parts: BoardsParts, desk: PostDesk) => Keeper;

/** All boards of this host, in the order of the configuration. */
export class Boards {
  private readonly parts: BoardsParts;
  readonly keepers: readonly Keeper[];

  constructor(makers: readonly KeeperMaker[], parts: BoardsParts) {
    this.parts = parts;
    const desks = new PostDesks(parts, () => this.keepers);
    this.keepers = makers.map((make) => {
      const desk: PostDesk = {
        takePosts: (count) => desks.take(keeper, count),
        aired: (id) => desks.done(keeper, id),
        unsendable: (id, why) => {
          parts.log.warn(`a post was given up: ${why}`, { board: keeper.id });
          desks.done(keeper, id);
        },
        lost: () => {
          desks.takeBack(keeper);
          this.offer();
        },
      };
      const keeper: Keeper = make(parts, desk);
      return keeper;
    });
  }

  /** Opens every board and keeps it open. Returns the stop, after which no port is open and no timer runs. */
  start(): () => Promise<void> {
    const { events, rooms } = this.parts;
    const offs = [
      events.on("outbox", () => this.offer()),
      events.on("rooms", ({ removed }) => {
        const gone = removed.map(({ name }) => name);
        for (const keeper of this.keepers) keeper.setRooms(rooms.list, gone);
      }),
    ];
    const stops = this.keepers.map((keeper) => keeper.start());
    return async () => {
      for (const off of offs) off();
      await Promise.all(stops.map((stop) => stop()));
    };
  }

  status(): BoardStatus[] {
    return this.keepers.map((keeper) => keeper.status());
  }

  private offer(): void {
    for (const keeper of this.keepers) keeper.offer();
  }
}
