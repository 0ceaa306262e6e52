import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { PeerFate, PeerSaid } from "../room/rooms.ts";
import type { Shelf } from "./shelf.ts";

/** After this time a store that is full or locked is tried again, and so are a hub's NATS servers. */
const AGAIN_MS = 2000;

/**
 * Hands over what one peer says, in its order. While the store takes nothing, all of it waits here, for a mark says that everything
 * before it is there; one message is tried again and again. A new connection would only bring the same once more.
 */
export class Intake {
  private readonly clock: Clock;
  private readonly trouble: (error: unknown) => void;
  private readonly waiting: (() => void)[] = [];
  private cancel: (() => void) | null = null;
  private isStopped = false;

  /** `trouble` is told of each attempt that fails, and null when all is well again. */
  constructor(clock: Clock, trouble: (error: unknown) => void) {
    this.clock = clock;
    this.trouble = trouble;
  }

  /** As Shelf.take(), but settles only when a failing disk is well again. What waits counts as held: the session bounds it. */
  take(shelf: Shelf, said: readonly PeerSaid[], settle: (error: unknown, fates: PeerFate[]) => void): void {
    const attempt = (): void =>
      shelf.take(said, (error, fates) => {
        const isFirst = this.waiting[0] === attempt;
        if (!this.isStopped && isStoreTrouble(error)) {
          if (!isFirst) this.waiting.push(attempt);
          this.trouble(error);
          this.cancel ??= this.clock.after(AGAIN_MS, () => {
            this.cancel = null;
            this.waiting[0]?.();
          });
          return;
        }
        settle(error, fates);
        if (!isFirst) return;
        this.trouble(null);
        this.waiting.shift();
        for (const next of this.waiting.splice(0)) next();
      });
    if (this.waiting.length > 0) this.waiting.push(attempt);
    else attempt();
  }

  stop(): void {
    this.isStopped = true;
    this.cancel?.();
  }
}

/** What passes by itself, or by somebody who makes room. */
export const isStoreTrouble = (error: unknown): boolean =>
  error instanceof RoomError && /^(store|backbone)_/.test(error.code);
