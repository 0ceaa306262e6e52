// Memory and instructions of the runs, beside the budgets that a board has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Board } from "../../boards/board.ts";
import type { EngineCommand } from "./engines.ts";
import type { Outcome } from "./plan.ts";

export interface Figures {
  engine: EngineCommand;
  board: Board;
  outcome: Outcome;
}

const MAX_BUNDLE = 45 * 1024;
/** JsVars of code, flat tables and the Thumb routine together: 2,700 + 1,500 + 450. */
const MAX_VARIABLES = 4650;
const MIN_FREE = 3500;
/** Instructions from a received packet into the ring, without the radio driver: 36 ms on the nRF52840. */
const MAX_STORE = 1_000_000;
/** Instructions of any one handler on the nRF52840: 50 ms. */
const MAX_HANDLER = 1_400_000;
/**
 * An SPI transfer or a pin takes native code on a board, on average of the calls in a handler (13 k and 7 k, measured on the
 * ARM build without hardware): here the chip model's part is taken out and this put in.
 */
const NATIVE_CALL = 10_000;

/** Prints the tables; returns how many budgets are exceeded. */
export function budgetReport(figures: Figures[]): number {
  let over = 0;
  const judge = (what: string, value: number, limit: number, isAtMost: boolean): void => {
    const good = isAtMost ? value <= limit : value >= limit;
    if (!good) over++;
    console.log(
      `  ${good ? "ok    " : "OVER  "}  ${what}: ${value.toLocaleString("en")} (${isAtMost ? "at most" : "at least"} ${limit.toLocaleString("en")})`,
    );
  };
  for (const { engine, board, outcome } of figures) {
    const { before, loaded, full, peak } = outcome.memory;
    console.log(`\n${engine.name}, bundle of ${board.id}`);
    if (peak)
      console.log(`          JerryScript heap, peak with the chip model: ${peak.usage.toLocaleString("en")} bytes`);
    if (before === undefined || loaded === undefined || full === undefined) continue;
    const bundle = readFileSync(join(import.meta.dirname, "../../dist/firmware", `${board.id}.js`)).length;
    judge("bundle, bytes", bundle, MAX_BUNDLE, true);
    const arena = 3 + Math.ceil(board.roomBytes / board.engine.jsVarBytes);
    console.log(
      `          JsVars: chip model and harness ${before.usage}, bundle ${loaded.usage - before.usage} of them rooms ${arena}, with full rooms ${full.usage - before.usage}`,
    );
    // The plain Linux build has larger variables and as many as it likes: it proves syntax, not memory.
    if (engine.name.includes("x86")) continue;
    judge("JsVars of code, tables and native routine", loaded.usage - before.usage - arena, MAX_VARIABLES, true);
    judge("JsVars free on the board, rooms full", board.engine.jsVars - (full.usage - before.usage), MIN_FREE, false);
    for (const label of ["first", "known", "duplicate", "forged", "unknown"]) {
      const cost = outcome.costs.find((each) => each.label === label);
      if (!cost) continue;
      const net = cost.total - cost.chip - cost.calls * (outcome.counting - NATIVE_CALL);
      if (label === "known" || label === "first")
        judge(`instructions, receive and store, ${label} channel message of 160 bytes`, cost.mesh, MAX_STORE, true);
      judge(`instructions, radio handler, ${label} channel message of 160 bytes`, net, MAX_HANDLER, true);
    }
  }
  return over;
}
