// What time it is: from the host or a person, or, as long as neither has said so, from what is heard; the engine's own clock
// only counts.
import type { Hal } from "./hal.ts";

/** Before anybody has told the time it counts from 15 May 2024, as MeshCore's does. */
const UNKNOWN_TIME = 1715770351;

export class Clock {
  private readonly hal: Hal;
  private offsetS = 0;
  private known = false;
  /** The latest time that was heard while it is not set, as an offset too, and who said it: parts/keep.ts. */
  heardS = 0;
  heardFrom = "";
  /** The last timestamp that we sent, or may have sent before this start. */
  lastSent = 0;

  constructor(hal: Hal) {
    this.hal = hal;
  }

  isSet(): boolean {
    return this.known;
  }

  set(unixTime: number): void {
    this.offsetS = unixTime - this.hal.now();
    this.known = true;
  }

  /** Unix seconds, or 0 while nobody has told us. */
  unixTime(): number {
    // Shifting cuts the fraction off in a third of Math.floor's steps.
    return this.known ? (this.offsetS + this.hal.now()) >>> 0 : 0;
  }

  /** A timestamp for what we send: later than the one before, whatever became of the clock. */
  stamp(): number {
    const time = this.known ? this.unixTime() : UNKNOWN_TIME;
    this.lastSent = time > this.lastSent ? time : this.lastSent + 1;
    return this.lastSent;
  }

  /** Unix seconds as MeshCore writes them, `HH:MM - D/M/YYYY UTC`. Days to date as in Howard Hinnant's civil_from_days. */
  text(unixTime: number): string {
    const minutes = Math.floor(unixTime / 60) % 1440;
    const days = Math.floor(unixTime / 86400) + 719468;
    const era = Math.floor(days / 146097);
    const dayOfEra = days - era * 146097;
    const yearOfEra = Math.floor(
      (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
    );
    const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
    const shifted = Math.floor((5 * dayOfYear + 2) / 153);
    const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
    const month = shifted < 10 ? shifted + 3 : shifted - 9;
    const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    const two = (n: number): string => (n < 10 ? "0" : "") + n;
    return two(Math.floor(minutes / 60)) + ":" + two(minutes % 60) + " - " + day + "/" + month + "/" + year + " UTC";
  }
}
