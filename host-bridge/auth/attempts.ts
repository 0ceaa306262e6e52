import { networkOf } from "./asker.ts";

/** What one network has done wrong. */
interface Misses {
  failures: number;
  /** Of the last one, monotonic ms. */
  lastMs: number;
  /** From then on it may try again, monotonic ms. */
  openMs: number;
}

const MAX_ADDRESSES = 20_000;

/** As `clients.login` of the configuration. */
export interface LoginLimits {
  failures: number;
  delayS: number;
  maxDelayS: number;
  forgetAfterS: number;
}

/**
 * Counts what an address did wrong (logins, proofs, connections above the limit) and makes it wait: after `failures` of them
 * `delayS`, and twice as long after each further one, up to `maxDelayS`.
 */
export class Attempts {
  private readonly records = new Map<string, Misses>();

  /** Whole seconds (at least 1) until this address may try again, or 0. */
  waitS(address: string, nowMs: number): number {
    const record = this.records.get(networkOf(address));
    if (record === undefined || record.openMs <= nowMs) return 0;
    return Math.max(1, Math.ceil((record.openMs - nowMs) / 1000));
  }

  failed(address: string, nowMs: number, limits: LoginLimits): void {
    const key = networkOf(address);
    const found = this.records.get(key);
    const isOld = found === undefined || nowMs - found.lastMs > limits.forgetAfterS * 1000;
    const failures = (isOld ? 0 : found.failures) + 1;
    const over = failures - limits.failures;
    const delayS = over < 0 ? 0 : Math.min(limits.maxDelayS, limits.delayS * 2 ** Math.min(over, 30));
    // Taken out first: the map is in the order of the last failure.
    this.records.delete(key);
    this.records.set(key, { failures, lastMs: nowMs, openMs: nowMs + delayS * 1000 });
    const oldest = this.records.keys().next().value;
    if (this.records.size > MAX_ADDRESSES && oldest !== undefined) this.records.delete(oldest);
  }
}
