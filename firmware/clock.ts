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
    this.offsetS = unixTime - this.hal.now();
    this.known = true;
  }

  /** Unix seconds, or 0 while nobody has told us. */
  unixTime(): number {
    // Shifting cuts the fraction off in a third of Math.floor's steps.
    return this.known ? (this.offsetS + this.hal.now()) >>> 0 : 0;
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
