// How far something is: a bar that moves on a terminal, a line for each quarter otherwise.

const WIDTH = 28;

export class Progress {
  private readonly write: (text: string) => void;
  private readonly isTty: boolean;
  private last = -1;

  constructor(write: (text: string) => void, isTty: boolean) {
    this.write = write;
    this.isTty = isTty;
  }

  /** `done` of `all` of what `name` names. */
  show(name: string, done: number, all: number): void {
    const percent = Math.floor((100 * done) / all);
    const step = this.isTty ? percent : Math.floor(percent / 25) * 25;
    if (step === this.last) return;
    this.last = step;
    if (!this.isTty) {
      if (step > 0) this.write(`  ${name}: ${step} % of ${all} bytes\n`);
    } else {
      const full = Math.round((WIDTH * percent) / 100);
      const bar = "#".repeat(full) + ".".repeat(WIDTH - full);
      this.write(`\r  [${bar}] ${String(percent).padStart(3)} %  ${name}\u001b[K${percent === 100 ? "\n" : ""}`);
    }
    if (percent === 100) this.last = -1;
  }

  /** Ends a bar that did not come to its end, so that what is printed next has a line of its own. */
  cut(): void {
    if (this.isTty && this.last >= 0) this.write("\n");
    this.last = -1;
  }
}
