// The air that the law leaves us: what was sent in each of the last minutes. No hour whatsoever holds more than its share.
// MeshCore keeps a bucket that starts full and fills while it is emptied: that lets an hour reach nearly twice the share.

const WINDOW_MS = 3600000;
const MINUTE_MS = 60000;
/** An hour touches so many minutes. */
const MINUTES = 61;
/** What is kept over a reboot grows in steps of this part of the whole: few writes, and little lost by rounding up. */
const STEPS = 8;

export class DutyBudget {
  /** Allowed share of any hour, in thousandths. */
  permille: number;
  /**
   * Keeps a number of milliseconds for the next start, where a restart is to be paid for too: it is given to `restore` then.
   * Called before the transmission that needs it; at most a few times an hour, when the air is used up to its limit.
   */
  save: ((spentMs: number) => void) | null = null;

  /** Milliseconds sent, by minute modulo MINUTES. A transmission belongs to the minute of its end. */
  private readonly spent = new Uint32Array(MINUTES);
  /** Their sum. */
  private sumMs = 0;
  /** Minute of the clock up to which `spent` holds. */
  private minute: number;
  private savedMs = 0;
  private enoughMs = 0;

  /** Starts with nothing spent. `permille` 1..1000. */
  constructor(permille: number, nowMs: number) {
    this.permille = permille;
    this.minute = Math.floor(nowMs / MINUTE_MS);
  }

  /** Changes the share; what was spent stays spent. */
  setShare(permille: number): void {
    this.permille = permille;
  }

  /** Takes what `save` was given before the restart as spent just now: how long ago it was nobody knows. */
  restore(spentMs: number, nowMs: number): void {
    this.savedMs = spentMs;
    this.enoughMs = spentMs - (2 * this.wholeMs()) / STEPS;
    this.spend(spentMs, nowMs);
  }

  /** What may be sent in an hour: nothing longer can ever be sent. */
  wholeMs(): number {
    return (WINDOW_MS * this.permille) / 1000;
  }

  /** Milliseconds until a transmission that lasts at most `airtimeMs` may start or is worth asking for again; 0 = now. */
  waitMs(airtimeMs: number, nowMs: number): number {
    this.moveOn(nowMs);
    const whole = this.wholeMs();
    return this.sumMs + Math.min(airtimeMs, whole) <= whole ? 0 : (this.minute + 1) * MINUTE_MS - nowMs;
  }

  /** Before a transmission of at most `airtimeMs`: sees to it that a restart right behind it is safe. True when it had to save. */
  commit(airtimeMs: number): boolean {
    const needMs = this.sumMs + airtimeMs;
    if (!this.save || (needMs <= this.savedMs && needMs > this.enoughMs)) return false;
    const step = this.wholeMs() / STEPS;
    this.savedMs = Math.ceil(Math.ceil(needMs / step) * step);
    // Far below it less is worth a write.
    this.enoughMs = this.savedMs - 2 * step;
    this.save(this.savedMs);
    return true;
  }

  /** A transmission has just ended. */
  spend(airtimeMs: number, nowMs: number): void {
    this.moveOn(nowMs);
    const ms = Math.ceil(airtimeMs);
    this.spent[this.minute % MINUTES] += ms;
    this.sumMs += ms;
  }

  /** Share of the last hour that is used up, in thousandths of the hour. */
  usedPermille(nowMs: number): number {
    this.moveOn(nowMs);
    return Math.round((this.sumMs * 1000) / WINDOW_MS);
  }

  /** Forgets the minutes that no hour which is not over yet touches. */
  private moveOn(nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    // After a long sleep nothing is left to be forgotten one by one.
    for (let left = MINUTES; this.minute < minute && left > 0; left--) {
      const at = ++this.minute % MINUTES;
      this.sumMs -= this.spent[at];
      this.spent[at] = 0;
    }
    this.minute = minute;
  }
}
