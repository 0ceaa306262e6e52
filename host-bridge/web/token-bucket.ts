/** Lets `burst` things pass at once and then `perMinute`; time is the caller's (monotonic ms). */
export class TokenBucket {
  private readonly perMs: number;
  private readonly burst: number;
  private tokens: number;
  private atMs: number;

  constructor(perMinute: number, burst: number, nowMs: number) {
    this.perMs = perMinute / 60_000;
    this.burst = burst;
    this.tokens = burst;
    this.atMs = nowMs;
  }

  /** Takes one and returns 0, or takes none and returns the seconds (whole, at least 1) until there is one. */
  take(nowMs: number): number {
    this.tokens = Math.min(this.burst, this.tokens + (nowMs - this.atMs) * this.perMs);
    this.atMs = nowMs;
    if (this.tokens >= 1) {
      this.tokens--;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - this.tokens) / this.perMs / 1000));
  }
}
