// The one processor of a simulated board: its local time and the events that wait for it.
import type { SimClock } from "./clock.ts";

/**
 * Runs a board's events one at a time and keeps its local time. What the program does takes time, so the board is a little
 * ahead of the clock while it works, and its next event waits until the clock has caught up. Without that a program that
 * polls a pin until time has passed would never end on a clock that stands still meanwhile.
 */
export class EngineQueue {
  private readonly clock: SimClock;
  private readonly waiting: (() => void)[] = [];
  private localMs = 0;
  private cancelTurn: (() => void) | null = null;
  private stopped = false;

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  /** The board's time in ms, never behind the clock's. */
  nowMs(): number {
    this.localMs = Math.max(this.localMs, this.clock.nowMs());
    return this.localMs;
  }

  /** The program has worked for so long. */
  spend(ms: number): void {
    this.localMs = this.nowMs() + ms;
  }

  /** Puts an event at the end of the queue. */
  push(event: () => void): void {
    this.waiting.push(event);
    this.schedule();
  }

  /** After `ms` of the board's time the event joins the queue. */
  after(ms: number, event: () => void): () => void {
    return this.clock.after(this.nowMs() + Math.max(0, ms) - this.clock.nowMs(), () => this.push(event));
  }

  /** True when nothing waits to be run now. */
  isIdle(): boolean {
    return this.waiting.length === 0;
  }

  length(): number {
    return this.waiting.length;
  }

  /** Forgets what waits and runs nothing more. */
  stop(): void {
    this.stopped = true;
    this.waiting.length = 0;
    this.cancelTurn?.();
    this.cancelTurn = null;
  }

  private schedule(): void {
    if (this.cancelTurn || this.stopped || this.waiting.length === 0) return;
    this.cancelTurn = this.clock.after(Math.max(0, this.localMs - this.clock.nowMs()), () => {
      this.cancelTurn = null;
      this.waiting.shift()?.();
      this.schedule();
    });
  }
}
