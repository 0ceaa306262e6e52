import type { BoardStatus, BoardsParts, Keeper, PostDesk } from "./keeper.ts";
import { PostDesks } from "./post-desks.ts";
import { RebroadcastDesk, type RebroadcastStatus } from "./rebroadcast-desk.ts";
import { FIRST_FOREIGN } from "./state.ts";

/** Makes the keeper of a board, which takes what it is to send from `desk`. */
export type KeeperMaker = (parts: BoardsParts, desk: PostDesk) => Keeper;

/** All boards of this host, in the order of the configuration. */
export class Boards {
  private readonly parts: BoardsParts;
  private readonly foreign: RebroadcastDesk;
  readonly keepers: readonly Keeper[];

  constructor(makers: readonly KeeperMaker[], parts: BoardsParts) {
    this.parts = parts;
    const all = () => this.keepers;
    this.foreign = new RebroadcastDesk(parts, all, () => this.offer());
    const desks = new PostDesks(parts, all, this.foreign);
    this.keepers = makers.map((make) => {
      const desk: PostDesk = {
        takePosts: (count) => desks.take(keeper, count),
        aired: (id, isKnown) => desks.done(keeper, id, isKnown ? "known" : "sent"),
        unsendable: (id, why) => {
          if (id < FIRST_FOREIGN) parts.log.warn(`a post was given up: ${why}`, { board: keeper.id });
          desks.done(keeper, id, "refused");
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
      this.foreign.start(),
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

  /** What becomes of messages of other servers in this room. */
  rebroadcast(room: string): RebroadcastStatus {
    return this.foreign.status(room);
  }

  private offer(): void {
    for (const keeper of this.keepers) keeper.offer();
  }
}
