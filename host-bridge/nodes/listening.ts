/**
 * A clock that goes on while at least one board listens, over all runs of the daemon. Whether a node is silent, how often it
 * is heard and when it is forgotten goes by it: neither a wrong clock nor a night without power makes a node silent.
 */
export class Listening {
  private readonly boards = new Set<string>();
  private totalMs: number;
  private sinceMs = 0;

  /** `totalMs` is what was counted before this run. */
  constructor(totalMs: number) {
    this.totalMs = totalMs;
  }

  board(id: string, isConnected: boolean, nowMs: number): void {
    this.totalMs = this.atMs(nowMs);
    this.sinceMs = nowMs;
    if (isConnected) this.boards.add(id);
    else this.boards.delete(id);
  }

  /** Milliseconds listened up to now, a moment of the monotonic clock. */
  atMs(nowMs: number): number {
    return this.boards.size === 0 ? this.totalMs : this.totalMs + Math.max(0, nowMs - this.sinceMs);
  }
}
