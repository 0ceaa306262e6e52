/** Time and timers for everything in the simulator: nothing else in it may ask the machine for the time. */
export interface SimClock {
  /** Milliseconds since some fixed moment, with fractions. */
  nowMs(): number;
  /** Runs `fn` once, `delayMs` from now at the earliest; never before `after` has returned. The answer cancels it. */
  after(delayMs: number, fn: () => void): () => void;
}

/** The longest delay that Node's timers take. */
const MAX_DELAY_MS = 0x7fffffff;

/** The machine's time, `speed` times faster (0.5 is slow motion). */
export function realClock(speed = 1): SimClock {
  if (!(speed > 0 && Number.isFinite(speed))) throw new RangeError(`a clock's speed must be above 0, got ${speed}`);
  const start = performance.now();
  return {
    nowMs: () => (performance.now() - start) * speed,
    after(delayMs, fn) {
      const ms = Math.max(0, delayMs) / speed;
      // Below a timer's grain the event loop itself is the better clock.
      if (ms < 0.5) {
        const soon = setImmediate(fn);
        return () => clearImmediate(soon);
      }
      const timer = setTimeout(fn, Math.min(ms, MAX_DELAY_MS));
      return () => clearTimeout(timer);
    },
  };
}

interface Entry {
  at: number;
  order: number;
  /** Null once cancelled; the entry itself stays until its moment comes. */
  fn: (() => void) | null;
}

/** Timers in the order of their time, those of the same time in the order in which they were set. */
export class Agenda {
  private readonly heap: Entry[] = [];
  private order = 0;

  /** Enters `fn` for the moment `at`; the answer takes it out again. */
  add(at: number, fn: () => void): () => void {
    const entry: Entry = { at, order: this.order++, fn };
    this.heap.push(entry);
    this.up(this.heap.length - 1);
    return () => {
      entry.fn = null;
    };
  }

  /** The moment of the first entry, or Infinity. */
  next(): number {
    this.skipCancelled();
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the first entry out. */
  take(): (() => void) | undefined {
    this.skipCancelled();
    return this.pop()?.fn ?? undefined;
  }

  /** Moves everything that waits `ms` away. */
  postpone(ms: number): void {
    for (const entry of this.heap) entry.at += ms;
  }

  private skipCancelled(): void {
    while (this.heap[0]?.fn === null) this.pop();
  }

  private pop(): Entry | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (last && this.heap.length > 0 && first !== last) {
      this.heap[0] = last;
      this.down(0);
    }
    return first;
  }

  private before(a: number, b: number): boolean {
    const x = this.heap[a];
    const y = this.heap[b];
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  private swap(a: number, b: number): void {
    [this.heap[a], this.heap[b]] = [this.heap[b], this.heap[a]];
  }

  private up(from: number): void {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.before(i, parent)) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private down(from: number): void {
    for (let i = from; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.heap.length && this.before(child, least)) least = child;
      }
      if (least === i) return;
      this.swap(i, least);
      i = least;
    }
  }
}

/** Time that stands still until a test moves it. */
export class VirtualClock implements SimClock {
  private readonly agenda = new Agenda();
  private now = 0;

  nowMs(): number {
    return this.now;
  }

  after(delayMs: number, fn: () => void): () => void {
    return this.agenda.add(this.now + Math.max(0, delayMs), fn);
  }

  /** Moves time on by `ms` and runs what falls due on the way, each at its own moment. */
  advance(ms: number): void {
    const end = this.now + ms;
    while (this.agenda.next() <= end) this.step();
    this.now = end;
  }

  /** Lets `ms` pass in which nothing happens at all: everybody slept, and what was due is that much late. */
  skip(ms: number): void {
    this.now += ms;
    this.agenda.postpone(ms);
  }

  /** Runs until nothing is left to do or `limitMs` have passed. Returns the ms that passed. */
  runUntilIdle(limitMs = 3_600_000): number {
    const start = this.now;
    while (this.agenda.next() <= start + limitMs) this.step();
    return this.now - start;
  }

  private step(): void {
    this.now = Math.max(this.now, this.agenda.next());
    this.agenda.take()?.();
  }
}

/** Who has to have dealt with an event before time may go on. */
export interface Settling {
  isSettled(): boolean;
  /** Called when patience ends: those who hang are not to be waited for again. */
  excuseUnsettled(): void;
}

/** Of a turn of the event loop at most so much counts as waiting: while this process stood still, nobody could settle. */
const TURN_MS = 20;

/**
 * The clock of speed 0: the time between two events is left out. Before each event it waits until everybody has dealt with
 * the last one, but at most `patienceMs` of real time.
 */
export class SkippingClock implements SimClock {
  private readonly agenda = new Agenda();
  private readonly patienceMs: number;
  private settling: Settling | undefined;
  private now = 0;
  private turn: NodeJS.Immediate | undefined;
  private waitedMs = 0;
  private turnBegan = 0;
  private stopped = false;

  constructor(patienceMs = 500) {
    this.patienceMs = patienceMs;
  }

  /** The ether is made with this clock, so it is known only afterwards. */
  waitFor(settling: Settling): void {
    this.settling = settling;
  }

  nowMs(): number {
    return this.now;
  }

  after(delayMs: number, fn: () => void): () => void {
    const cancel = this.agenda.add(this.now + Math.max(0, delayMs), fn);
    this.wake();
    return cancel;
  }

  stop(): void {
    this.stopped = true;
    if (this.turn) clearImmediate(this.turn);
  }

  private wake(): void {
    if (this.turn || this.stopped) return;
    this.waitedMs = 0;
    this.turnBegan = performance.now();
    this.turn = setImmediate(() => this.pump());
  }

  private pump(): void {
    this.turn = undefined;
    if (this.stopped || this.agenda.next() === Number.POSITIVE_INFINITY) return;
    if (this.settling && !this.settling.isSettled()) {
      const now = performance.now();
      this.waitedMs += Math.min(TURN_MS, now - this.turnBegan);
      this.turnBegan = now;
      if (this.waitedMs < this.patienceMs) {
        this.turn = setImmediate(() => this.pump());
        return;
      }
      this.settling.excuseUnsettled();
    }
    this.now = Math.max(this.now, this.agenda.next());
    this.agenda.take()?.();
    this.wake();
  }
}
