const HOUR_MS = 3_600_000;

/** What may be transmitted where no firmware counts it: no hour whatsoever holds more than its share. */
export class AirBudget {
  /** Allowed milliseconds in any hour. */
  wholeMs = 0;
  /** In the order of their ends, and their sum. */
  private readonly spent: { untilMs: number; airMs: number }[] = [];
  private sumMs = 0;

  /** `permille` 0..1000 of any hour, with fractions. */
  constructor(permille: number) {
    this.setShare(permille);
  }

  /** Changes the share; what was spent stays spent. */
  setShare(permille: number): void {
    this.wholeMs = (HOUR_MS * permille) / 1000;
  }

  /** Milliseconds sent in the hour before `nowMs`. */
  spentMs(nowMs: number): number {
    for (let first = this.spent[0]; first !== undefined && first.untilMs <= nowMs - HOUR_MS; first = this.spent[0]) {
      this.spent.shift();
      this.sumMs -= first.airMs;
    }
    return this.sumMs;
  }

  /** Milliseconds until a transmission of `airMs` may start, 0 = now, Infinity = it is longer than the share of an hour. */
  waitMs(airMs: number, nowMs: number): number {
    if (airMs > this.wholeMs) return Number.POSITIVE_INFINITY;
    let over = this.spentMs(nowMs) + airMs - this.wholeMs;
    if (over <= 0) return 0;
    for (const { untilMs, airMs: freed } of this.spent) {
      over -= freed;
      if (over <= 0) return Math.max(1, untilMs + HOUR_MS - nowMs);
    }
    return HOUR_MS;
  }

  /** A transmission of `airMs`, whole milliseconds, that ends at `untilMs` at the latest: not before those told of earlier. */
  spend(airMs: number, untilMs: number): void {
    this.spent.push({ untilMs, airMs });
    this.sumMs += airMs;
  }
}
