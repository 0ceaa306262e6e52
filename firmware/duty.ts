// The air that the law leaves us: a token bucket of transmit time over one hour, as MeshCore's Dispatcher keeps it.

const WINDOW_MS = 3600000;
/** Below this the bucket counts as empty, so that a trickle does not send one symbol at a time. */
const MIN_BUDGET_MS = 100;

export class DutyBudget {
  /** Allowed share of the window, in thousandths. */
  permille: number;
  private budgetMs: number;
  private atMs: number;

  /** Starts full. `permille` 1..1000. */
  constructor(permille: number, nowMs: number) {
    this.permille = permille;
    this.budgetMs = this.wholeMs();
    this.atMs = nowMs;
  }

  /** Changes the share; what was spent stays spent. */
  setShare(permille: number, nowMs: number): void {
    this.refill(nowMs);
    const spentMs = this.wholeMs() - this.budgetMs;
    this.permille = permille;
    this.budgetMs = Math.max(0, this.wholeMs() - spentMs);
  }

  /** What the full bucket holds: nothing longer can ever be sent. */
  wholeMs(): number {
    return (WINDOW_MS * this.permille) / 1000;
  }

  /** Milliseconds until a transmission of `airtimeMs` may start; 0 = now. */
  waitMs(airtimeMs: number, nowMs: number): number {
    this.refill(nowMs);
    const missing = Math.max(airtimeMs, MIN_BUDGET_MS) - this.budgetMs;
    return missing <= 0 ? 0 : (missing * 1000) / this.permille;
  }

  spend(airtimeMs: number, nowMs: number): void {
    this.refill(nowMs);
    this.budgetMs -= airtimeMs;
  }

  /** Share of the window that is used up, in thousandths of the window. */
  usedPermille(nowMs: number): number {
    this.refill(nowMs);
    return Math.round(this.permille - (this.budgetMs * 1000) / WINDOW_MS);
  }

  private refill(nowMs: number): void {
    this.budgetMs = Math.min(this.wholeMs(), this.budgetMs + ((nowMs - this.atMs) * this.permille) / 1000);
    this.atMs = nowMs;
  }
}
