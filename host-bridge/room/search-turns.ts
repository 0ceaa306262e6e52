import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Store } from "./store.ts";
import { storeSentence } from "./store-errors.ts";

/** When no more of a backlog has come for so long, the search index is brought up, so many messages at a time, and then others have a turn. */
const AFTER_MS = 250;
const PART = 500;
const PAUSE_MS = 20;

/** Gives the search index its turns, as long as it is behind (store-search.ts). */
export class SearchTurns {
  private readonly parts: { store: Store; clock: Clock; log: Log };
  private cancel: (() => void) | null = null;

  constructor(parts: { store: Store; clock: Clock; log: Log }) {
    this.parts = parts;
  }

  /** Messages were stored; many of them at once may have more behind them. */
  stored(isMany: boolean): void {
    if (this.cancel === null || isMany) this.next(AFTER_MS);
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
