const HOUR_MS = 3_600_000;

/** What a board may transmit whose firmware has no duty cycle of its own: no hour whatsoever holds more than its share. */
export class AirBudget {
  /** Allowed milliseconds in any hour. */
  readonly wholeMs: number;
  private spent: { untilMs: number; airMs: number }[] = [];

  /** `permille` 1..1000 of any hour. */
  constructor(permille: number) {
    this.wholeMs = (HOUR_MS * permille) / 1000;
  }

  /** Milliseconds sent in the hour before `nowMs`. */
  spentMs(nowMs: number): number {
    this.spent = this.spent.filter(({ untilMs }) => untilMs > nowMs - HOUR_MS);
    return this.spent.reduce((sum, { airMs }) => sum + airMs, 0);
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

  /** A transmission of `airMs` that ends at `untilMs` at the latest. */
  spend(airMs: number, untilMs: number): void {
    this.spent.push({ untilMs, airMs });
  }
}
