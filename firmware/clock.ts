// What time it is: set by the host or by a person; the engine's own clock only counts.
import type { Hal } from "./hal.ts";

export class Clock {
  private readonly hal: Hal;
  private offsetS = 0;
  private known = false;

  constructor(hal: Hal) {
    this.hal = hal;
  }

  isSet(): boolean {
    return this.known;
  }

  set(unixTime: number): void {
    this.offsetS = unixTime - this.hal.nowMs() / 1000;
    this.known = true;
  }

  /** Unix seconds, or 0 while nobody has told us. */
  unixTime(): number {
    return this.known ? Math.floor(this.offsetS + this.hal.nowMs() / 1000) : 0;
  }
}
