import type { Clock } from "../../host-bridge/clock.ts";

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  private ms = 1000;
  private readonly startUnixMs: number;
  private timers: { atMs: number; fn: () => void }[] = [];

  constructor(unixMs = Date.UTC(2026, 10, 20, 12)) {
    this.startUnixMs = unixMs - this.ms;
  }

  nowMs(): number {
    return this.ms;
  }

  unixMs(): number {
    return this.startUnixMs + this.ms;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.ms + delayMs, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Timers that still run. */
  pending(): number {
    return this.timers.length;
  }

  advance(ms: number): void {
    const end = this.ms + ms;
    for (;;) {
      const next = this.timers.reduce<{ atMs: number; fn: () => void } | null>(
        (first, timer) => (timer.atMs <= end && (first === null || timer.atMs < first.atMs) ? timer : first),
        null,
      );
      if (next === null) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.ms = Math.max(this.ms, next.atMs);
      next.fn();
    }
    this.ms = end;
  }

  /** The same, and what is due by setImmediate or a promise gets its turn every `stepMs`. */
  async run(ms: number, stepMs = 50): Promise<void> {
    for (let done = 0; done < ms; done += stepMs) {
      this.advance(Math.min(stepMs, ms - done));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
