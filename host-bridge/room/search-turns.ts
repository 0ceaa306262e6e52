import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Store } from "./store.ts";
import { storeSentence } from "./store-errors.ts";

/** What came one by one goes into the search index together, so long after the first; searches look through so few by themselves. */
const SINGLE_MS = 30_000;
/** So many at once are of a backlog, and go into it when no more has come for so long. */
const MANY = 64;
const MANY_MS = 250;
/** So many messages at a time, and then others have a turn. */
const PART = 250;
const PAUSE_MS = 20;

/** Gives the search index its turns, as long as it is behind (store-search.ts). */
export class SearchTurns {
  private readonly parts: { store: Store; clock: Clock; log: Log };
  private cancel: (() => void) | null = null;

  constructor(parts: { store: Store; clock: Clock; log: Log }) {
    this.parts = parts;
  }

  /** So many messages were stored in one transaction. */
  stored(count: number): void {
    if (count >= MANY) this.next(MANY_MS);
    else if (this.cancel === null) this.next(SINGLE_MS);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private next(afterMs: number): void {
    const { store, clock, log } = this.parts;
    this.stop();
    if (!store.isSearchBehind()) return;
    this.cancel = clock.after(afterMs, () => {
      this.cancel = null;
      try {
        if (!store.takeUpSearch(PART)) this.next(PAUSE_MS);
      } catch (error) {
        // Searches are right without it; it is tried again after the next message.
        log.warn(`The search index stays behind: ${storeSentence(error)}`);
      }
    });
  }
}
