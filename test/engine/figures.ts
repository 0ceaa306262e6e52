// Size, memory and instructions of the runs beside the budgets that a board has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Board } from "../../boards/board.ts";
import { AES_BLOB } from "../../firmware/native/aes-blob.ts";
import { CURVE_BLOB } from "../../firmware/native/curve-blob.ts";
import type { EngineCommand } from "./engines.ts";
import type { Probe } from "./probe.ts";
import type { Outcome } from "./run.ts";

export interface Figures {
  engine: EngineCommand;
  board: Board;
  outcome: Outcome;
  /** Only where the engine counts instructions. */
  probe: Probe | null;
}

/** Of the nRF52840; an ESP32-S3 has room for two such arenas, but must keep more free. */
const BUDGETS = {
  bundle: 45 * 1024,
  code: 2700,
  arena: 4290,
  tables: 1500,
  blob: 450,
  free: 3500,
  /** Instructions from a packet's reading to its place in the ring: 36 ms. */
  store: 1_000_000,
  /** Instructions of any one handler: 50 ms. */
  handler: 1_400_000,
};
const ESP32 = { ...BUDGETS, arena: 2 * BUDGETS.arena, free: 4000 };

const number = (value: number): string => Math.round(value).toLocaleString("en");

/** Prints what was found for each engine and bundle; returns how many budgets are exceeded. */
export function budgetReport(figures: Figures[]): number {
  let over = 0;
  const row = (what: string, value: number, limit?: number, isAtMost = true): void => {
    const isOver = limit !== undefined && (isAtMost ? value > limit : value < limit);
    if (isOver) over++;
    const bound = limit === undefined ? "" : `${isAtMost ? "at most" : "at least"} ${number(limit)}`;
    console.log(`  ${isOver ? "OVER" : "    "}  ${what.padEnd(52)} ${number(value).padStart(10)}  ${bound}`);
  };
  for (const { engine, board, outcome, probe } of figures) {
    const budget = board.mcu === "ESP32-S3" ? ESP32 : BUDGETS;
    const { before, start, full, heap } = outcome.memory;
    console.log(`\n${engine.name}, bundle of ${board.id}`);
    const suffix = engine.kind === "jerryscript" ? ".jerry.js" : ".js";
    const bundle = readFileSync(join(import.meta.dirname, "../../dist/firmware", board.id + suffix)).length;
    row("bundle, bytes", bundle, engine.kind === "jerryscript" ? undefined : budget.bundle);
    if (heap) row("heap of the bundle at its peak, bytes", heap.usage);
    if (before === undefined || start === undefined || full === undefined) continue;
    const whole = start.usage - before.usage;
    row("JsVars: chip model and harness", before.usage);
    row("JsVars: bundle at rest, rooms empty", whole);
    row("JsVars: bundle, rooms full", full.usage - before.usage);
    // The plain Linux build has larger variables and as many as it likes: it proves syntax, not memory.
    if (start.blocksize !== board.engine.jsVarBytes) continue;
    row("JsVars: free on the board, rooms full", board.engine.jsVars - (full.usage - before.usage), budget.free, false);
    const arena = 3 + Math.ceil(board.roomBytes / board.engine.jsVarBytes);
    const flat = (blob: string): number => 1 + Math.ceil(Buffer.from(blob, "base64").length / board.engine.jsVarBytes);
    const blob = outcome.thumb ? flat(AES_BLOB) + flat(CURVE_BLOB) : 0;
    row("JsVars: arena", arena, budget.arena);
    row("JsVars: native routines", blob, budget.blob);
    if (!probe) {
      console.log("        instructions: this engine does not count them");
      continue;
    }
    row("JsVars: tables and objects", probe.data - arena, budget.tables);
    // What loads the native routines cannot be told from the rest.
    if (outcome.thumb) row("JsVars: code and native routines", whole - probe.data, budget.code + budget.blob);
    else row("JsVars: code", whole - probe.data, budget.code);
    for (const { label, times, most, stored } of probe.costs) {
      row(`instructions: ${label}${times > 1 ? `, most of ${times}` : ""}`, most, budget.handler);
      if (label.startsWith("radio: stored")) row("    of it receive and store", stored, budget.store);
    }
  }
  return over;
}
