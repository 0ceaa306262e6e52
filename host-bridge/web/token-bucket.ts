export interface Rate {
  perMinute: number;
  burst: number;
}

/** So often in a row somebody is refused for nothing. */
const FREE_REFUSALS = 20;

/** Lets `burst` things pass at once and then `perMinute`; time is the caller's (monotonic ms), and so is the rate, which may change. */
export class TokenBucket {
  private tokens: number | null = null;
  private atMs = 0;
  /** In a row. */
  private refusals = 0;

  /**
   * Takes one and returns 0, or takes none and returns the seconds (whole, at least 1) until there is one. Who goes on asking all
   * the same does not get one until he pauses: a flood would come through at the full rate.
   */
  take(nowMs: number, rate: Rate): number {
    let tokens = this.refill(nowMs, rate);
    if (tokens >= 1) {
      this.tokens = tokens - 1;
      this.refusals = 0;
      return 0;
    }
    if (++this.refusals > FREE_REFUSALS) this.tokens = tokens = Math.max(-1, tokens - 1);
    return Math.max(1, Math.ceil(((1 - tokens) * 60) / rate.perMinute));
  }

  /** Takes `cost` in any case and returns the milliseconds until nothing is owed any more. */
  spend(nowMs: number, rate: Rate, cost: number): number {
    this.tokens = this.refill(nowMs, rate) - cost;
    return this.tokens >= 0 ? 0 : (-this.tokens * 60_000) / rate.perMinute;
  }

  private refill(nowMs: number, { perMinute, burst }: Rate): number {
    this.tokens = Math.min(burst, (this.tokens ?? burst) + ((nowMs - this.atMs) * perMinute) / 60_000);
    this.atMs = nowMs;
    return this.tokens;
  }
}

const MAX_BUCKETS = 20_000;

/** One bucket for each who asks, by a key of the caller. */
export class Buckets {
  private readonly all = new Map<string, TokenBucket>();

  take(key: string, nowMs: number, rate: Rate): number {
    const bucket = this.all.get(key) ?? new TokenBucket();
    // Moved to the end: the first is the one that was longest away.
    this.all.delete(key);
    this.all.set(key, bucket);
    const oldest = this.all.keys().next().value;
    if (this.all.size > MAX_BUCKETS && oldest !== undefined) this.all.delete(oldest);
    return bucket.take(nowMs, rate);
  }
}
