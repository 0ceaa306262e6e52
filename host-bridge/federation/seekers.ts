import type { Clock } from "../clock.ts";

/** One who waits. */
export interface Seeker {
  /** True when it has come since seek(), or comes within that time. */
  within(ms: number): Promise<boolean>;
  end(): void;
}

/** Who waits to see a message come out of the stream. */
export class Seekers {
  private readonly clock: Clock;
  private readonly all = new Map<string, Set<() => void>>();
  private readonly waits = new Set<() => void>();
  private isStopped = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  seek(room: string, id: string): Seeker {
    const key = room + id;
    let isSeen = false;
    let told = (): void => undefined;
    const come = (): void => {
      isSeen = true;
      told();
    };
    const others = this.all.get(key) ?? new Set();
    this.all.set(key, others.add(come));
    return {
      within: (ms) => {
        if (isSeen) return Promise.resolve(true);
        return new Promise((resolve) => {
          const end = (): void => {
            cancel();
            this.waits.delete(end);
            resolve(isSeen);
          };
          const cancel = this.clock.after(this.isStopped ? 0 : ms, end);
          this.waits.add(end);
          told = end;
        });
      },
      end: () => {
        others.delete(come);
        if (others.size === 0) this.all.delete(key);
      },
    };
  }

  /** Nobody waits any longer. */
  stop(): void {
    this.isStopped = true;
    for (const end of [...this.waits]) end();
  }

  /** It has come. */
  found(room: string, id: string): void {
    for (const come of this.all.get(room + id) ?? []) come();
  }
}
