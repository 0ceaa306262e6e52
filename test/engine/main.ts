// `npm run test:engine`: the built bundles on the real engines that ESPRUINO_BIN and JERRY_BIN name, above the chip model.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BOARDS } from "../../boards/all.ts";
import { type Board, TCXO_VOLTS } from "../../boards/board.ts";
import { ENGINE_QUIT, type EngineCommand, enginesFrom, inEngineFolder, runEngine, storeInEspruino } from "./engines.ts";
import { budgetReport, type Figures } from "./figures.ts";
import { COUNTERS, ESPRUINO_PRELUDE, JERRY_PRELUDE, MESH_COUNTER, STEP_RUNNER } from "./inside.ts";
import { channelPlans, consolePlan, type Outcome, type Plan, packetPlan } from "./plan.ts";

const FIRMWARE = join(import.meta.dirname, "../../dist/firmware");
const LIMIT_MS = 120_000;
/** Built for ARM, where our Thumb routine runs; on another processor the engine would jump into it. */
const RUNS_THUMB = /arm/;
/** One board of each kind is filled to the brim; the others start, hear and speak. */
const FULL = ["heltec-v3", "rak4631", "sim"];

let passed = 0;
let failed = 0;
let skipped = 0;
const figures: Figures[] = [];

for (const variable of ["ESPRUINO_BIN", "JERRY_BIN"]) {
  if (process.env[variable]) continue;
  console.log(`skipped: ${variable} is not set (command line of a Linux build of the engine)`);
  skipped++;
}
for (const engine of enginesFrom(process.env)) {
  for (const board of BOARDS) {
    console.log(`\n${engine.name}, bundle of ${board.id}`);
    if (engine.kind === "espruino" && !board.engine.thumb && !(await hasAes(engine))) {
      console.log("  skipped: this board relies on an engine with AES, which this one has not");
      skipped++;
      continue;
    }
    const isLong = FULL.includes(board.id);
    const plans = [consolePlan(board.id, isLong)];
    // The vectors do not care for the board's wiring; one bundle of each engine goes through all of them.
    if (board.id === "sim") plans.push(packetPlan(), ...channelPlans());
    for (const [at, plan] of plans.entries()) await runPlan(engine, board, plan, at === 0);
  }
}
const over = budgetReport(figures);
failed += over;
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

async function runPlan(engine: EngineCommand, board: Board, plan: Plan, isConsole: boolean): Promise<void> {
  let outcome: Outcome;
  try {
    outcome = await runSteps(engine, board, plan.steps);
  } catch (error) {
    failed += plan.checks.length;
    console.log(`  FAILED  ${(error as Error).message}`);
    return;
  }
  for (const { title, run } of plan.checks) {
    try {
      run(outcome);
      if (outcome.violations !== "0 ") throw new Error(`against the datasheet: ${outcome.violations}`);
      passed++;
      console.log(`  ok      ${title}`);
    } catch (error) {
      failed++;
      console.log(`  FAILED  ${title}\n${(error as Error).message}`);
    }
  }
  if (isConsole && FULL.includes(board.id)) figures.push({ engine, board, outcome });
}

function hasAes(engine: EngineCommand): Promise<boolean> {
  const script = `print("AES "+!!require("crypto").AES);${ENGINE_QUIT}`;
  return inEngineFolder(async (folder) =>
    (await runEngine(engine, script, { folder, limitMs: 20_000 })).text.includes("AES true"),
  );
}

/** Runs the steps in a fresh engine and sorts what it printed. */
function runSteps(engine: EngineCommand, board: Board, steps: string[]): Promise<Outcome> {
  return inEngineFolder(async (folder) => {
    const isJerry = engine.kind === "jerryscript";
    const script = isJerry
      ? jerryScript(board, steps)
      : await espruinoScript(engine, folder, board, `${steps.join("\n")}\n`);
    const run = await runEngine(engine, script, { folder, limitMs: LIMIT_MS });
    if (run.ended !== "script") {
      const end = (run.text + run.errors).trimEnd().slice(0, 2500);
      throw new Error(`${engine.name} stopped early (${run.ended}, code ${run.code}): ${end}`);
    }
    const outcome = sorted(run.text);
    const heap = /Peak allocated = (\d+) bytes/.exec(run.errors + run.text);
    if (isJerry && heap) outcome.memory.peak = { free: 0, total: 0, usage: Number(heap[1]) };
    return outcome;
  });
}

function sorted(text: string): Outcome {
  const outcome: Outcome = {
    answers: [],
    sent: [],
    memory: {},
    costs: [],
    counting: 0,
    deaf: 0,
    violations: "none reported",
  };
  for (const line of text.split("\n")) {
    const [kind, ...rest] = line.split(" ");
    if (kind === "C") {
      const said = Buffer.from(rest[0], "base64").toString("latin1");
      // After the echo of what was typed.
      outcome.answers.push(said.slice(said.indexOf("\n") + 1).trimEnd());
    } else if (kind === "X") outcome.sent.push(rest[0]);
    else if (kind === "M") outcome.memory[rest[0]] = JSON.parse(rest.slice(1).join(" "));
    else if (kind === "I")
      outcome.costs.push({
        label: rest[0],
        total: Number(rest[1]),
        chip: Number(rest[2]),
        calls: Number(rest[3]),
        mesh: Number(rest[4]),
      });
    else if (kind === "P") outcome.violations = rest.join(" ");
    else if (kind === "O") outcome.counting = Number(rest[0]);
    else if (kind === "DEAF") outcome.deaf++;
  }
  return outcome;
}

function pins(board: Board): string {
  const { nss, reset, busy, dio1, rxen, tcxoVolts, dio2Switch } = board.radio;
  const wiring = {
    nss,
    reset,
    busy,
    dio1,
    rxen: rxen ?? "",
    tcxoCode: TCXO_VOLTS.indexOf(tcxoVolts),
    dio2: dio2Switch,
  };
  return JSON.stringify(wiring);
}

function read(name: string): string {
  return readFileSync(join(FIRMWARE, name), "latin1");
}

/**
 * As on a board, bundle and chip model run from storage. The plain Linux build reads its storage from a file 16 bytes at a time,
 * so slowly that timing means nothing: there, and it has the memory, both stand in the script.
 */
async function espruinoScript(engine: EngineCommand, folder: string, board: Board, steps: string): Promise<string> {
  await storeInEspruino(engine, folder, "steps", steps);
  const isBoardLike = RUNS_THUMB.test(engine.name);
  const code = async (name: string, stored: string): Promise<string> => {
    if (!isBoardLike) return read(name);
    await storeInEspruino(engine, folder, stored, read(name));
    return `eval(S.read(${JSON.stringify(stored)}));`;
  };
  return `${ESPRUINO_PRELUDE}${isBoardLike ? "" : "E.nativeCall=undefined;"}
    ${await code("chip-model.js", "chip")}
    var H=chipModel.install(global,${pins(board)},0.02);
    ${STEP_RUNNER}${COUNTERS}
    function FINISH(){${ENGINE_QUIT}}
    emit("M before "+JSON.stringify(mem()));
    ${await code(`${board.id}.js`, ".bootcde")}
    ${MESH_COUNTER}
    emit("M loaded "+JSON.stringify(mem()));
    setTimeout(step,300);`;
}

function jerryScript(board: Board, steps: string[]): string {
  return `${JERRY_PRELUDE}
    var STEPS=${JSON.stringify(steps)};
    ${read("chip-model.js")}
    var H=chipModel.install(global,${pins(board)},0.02);
    ${STEP_RUNNER}
    function FINISH(){}
    ${read(`${board.id}.jerry.js`)}
    setTimeout(step,300);run();${ENGINE_QUIT}`;
}
