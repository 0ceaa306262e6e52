export interface Rate {
  perMinute: number;
  burst: number;
}

/** Lets `burst` things pass at once and then `perMinute`; time is the caller's (monotonic ms), and so is the rate, which may change. */
export class TokenBucket {
  private tokens: number | null = null;
  private atMs = 0;

  /** Takes one and returns 0, or takes none and returns the seconds (whole, at least 1) until there is one. */
  take(nowMs: number, { perMinute, burst }: Rate): number {
    const perMs = perMinute / 60_000;
    const before = this.tokens ?? burst;
    this.tokens = Math.min(burst, before + (nowMs - this.atMs) * perMs);
    this.atMs = nowMs;
    if (this.tokens >= 1) {
      this.tokens--;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - this.tokens) / perMs / 1000));
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
