/** Time as an argument, so that tests run on a virtual one. */
export interface Clock {
  /** Milliseconds that only ever grow: for timeouts. A Raspberry Pi's wall clock jumps by years when NTP answers. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970. */
  unixMs(): number;
  /** Calls `fn` once after `delayMs`; returns its cancel, which may be called at any time. */
  after(delayMs: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  unixMs: () => Date.now(),
  after: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

// No release of this software is older. A host whose clock is earlier has none (no RTC and no network yet).
export const BELIEVABLE_MS = Date.UTC(2025, 0, 1);

/** Unix time in seconds, or 0 while the host's clock is not set (which the link calls unknown). */
export function believableUnixS(clock: Pick<Clock, "unixMs">): number {
  const unixMs = clock.unixMs();
  return unixMs < BELIEVABLE_MS ? 0 : Math.floor(unixMs / 1000);
}
