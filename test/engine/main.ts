// `npm run test:engine`: the built bundles on the real engines that ESPRUINO_BIN and JERRY_BIN name, above the chip model.
import { createHash } from "node:crypto";
import { BOARDS } from "../../boards/all.ts";
import type { Board } from "../../boards/board.ts";
import { type EngineCommand, enginesFrom } from "./engines.ts";
import { budgetReport, type Figures } from "./figures.ts";
import { forwardPlan } from "./forward-plan.ts";
import { linkPlan } from "./link-plan.ts";
import { channelPlans, consolePlan, type Plan, packetPlan, rebootPlan } from "./plan.ts";
import { probe } from "./probe.ts";
import { type Engine, known, type Outcome, read, runSteps } from "./run.ts";
import { checkInside } from "./vectors-inside.ts";

/** One board of each kind is filled to the brim and talks to a host; the others start, hear and speak. */
const FULL = ["heltec-v3", "rak4631", "sim"];
/** The vectors do not care for the board's wiring: one bundle of each engine goes through all of them. */
const FOR_VECTORS = "sim";

let passed = 0;
let failed = 0;
let skipped = 0;
const figures: Figures[] = [];

for (const variable of ["ESPRUINO_BIN", "JERRY_BIN"]) {
  if (process.env[variable]) continue;
  console.log(`skipped: ${variable} is not set (command line of a Linux build of the engine)`);
  skipped++;
}
for (const command of enginesFrom(process.env)) {
  let engine: Engine;
  try {
    engine = await known(command);
  } catch (error) {
    failed++;
    console.log(`\nFAILED  ${(error as Error).message}`);
    continue;
  }
  for (const board of BOARDS) {
    console.log(`\n${engine.name}, bundle of ${board.id}`);
    if (!engine.hasAes && !board.engine.thumb) {
      console.log("  skipped: this board relies on an engine with AES, which this one has not");
      skipped++;
      continue;
    }
    const isFull = FULL.includes(board.id);
    const outcome = await runPlan(engine, board, consolePlan(board.id, fill(engine, isFull), !engine.hasAes));
    if (isFull) await runPlan(engine, board, linkPlan(board.id, bundleHash(engine, board)));
    if (isFull && engine.kind === "jerryscript") await runPlan(engine, board, rebootPlan());
    if (board.id === FOR_VECTORS) {
      for (const plan of [packetPlan(), forwardPlan(), ...channelPlans()]) await runPlan(engine, board, plan);
      await attempt("runs the checks of the vectors inside", async () => {
        for (const { title, failures } of await checkInside(engine, board)) {
          await attempt(title, () => {
            if (failures.length) throw new Error(failures.join("\n"));
          });
        }
      });
    }
    if (!isFull || !outcome) continue;
    const found: Figures = { engine, board, outcome, probe: null };
    figures.push(found);
    if (!engine.counts) continue;
    await attempt("goes through every event handler while they are counted", async () => {
      found.probe = await probe(engine, board, read(`${board.id}.js`), read(`${board.id}.lib`));
    });
  }
}
const over = budgetReport(figures);
failed += over;
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/** Runs the steps and all checks on what came of them; null when the engine did not get to their end. */
async function runPlan(engine: Engine, board: Board, plan: Plan): Promise<Outcome | null> {
  let outcome: Outcome;
  try {
    outcome = await runSteps(engine, board, plan.steps);
  } catch (error) {
    failed += plan.checks.length;
    console.log(`  FAILED  ${(error as Error).message}`);
    return null;
  }
  for (const { title, run } of plan.checks) {
    await attempt(title, () => {
      run(outcome);
      if (outcome.violations !== "0 ") throw new Error(`against the datasheet: ${outcome.violations}`);
    });
  }
  return outcome;
}

async function attempt(title: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
    passed++;
    console.log(`  ok      ${title}`);
  } catch (error) {
    failed++;
    console.log(`  FAILED  ${title}\n${(error as Error).message}`);
  }
}

/** How many messages fill a room: on Espruino more than there is room for, in JerryScript what its heap takes beside them. */
function fill(engine: EngineCommand, isFull: boolean): number {
  return isFull ? (engine.kind === "espruino" ? 300 : 40) : 5;
}

/** What the bundle says of itself. */
function bundleHash(engine: EngineCommand, board: Board): string {
  const bundle = read(board.id + (engine.kind === "jerryscript" ? ".jerry.js" : ".js"));
  return createHash("sha256").update(bundle, "latin1").digest("hex");
}
