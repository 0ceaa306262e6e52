// Runs two ways of doing one thing in turns, so that what else the machine does hits both alike.

export interface Measured {
  name: string;
  /** Operations a second of ours, and of the plain way in the same run. */
  perSecond: number;
  plain: string;
  plainPerSecond: number;
  ratio: number;
}

const ROUNDS = 7;
const ROUND_MS = 120;

/** Medians over rounds; `ours` and `plain` do `batch` operations a call. */
export async function compare(
  name: string,
  batch: number,
  ours: () => unknown,
  plainName: string,
  plain: () => unknown,
): Promise<Measured> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [which, work] of [ours, plain].entries()) {
      let calls = 0;
      const start = performance.now();
      while (performance.now() - start < ROUND_MS) {
        await work();
        calls++;
      }
      // The first round warms up.
      if (round > 0) rates[which].push((calls * batch * 1000) / (performance.now() - start));
    }
  }
  const [perSecond, plainPerSecond] = rates.map(median);
  return { name, perSecond, plain: plainName, plainPerSecond, ratio: perSecond / plainPerSecond };
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

export function table(rows: Measured[]): string {
  const cells = rows.map((row) => [
    row.name,
    Math.round(row.perSecond).toLocaleString("en"),
    row.plain,
    Math.round(row.plainPerSecond).toLocaleString("en"),
    row.ratio.toFixed(2),
  ]);
  cells.unshift(["ours", "per second", "the plain way", "per second", "ratio"]);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) => row.map((cell, at) => (at % 2 ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join("  "))
    .join("\n");
}
