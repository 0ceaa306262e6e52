// One run of a bundle in a real engine, above the chip model: what goes in, and what came out, sorted.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Board, TCXO_VOLTS } from "../../boards/board.ts";
import { gpioOf } from "../../boards/gpio.ts";
import {
  ENGINE_QUIT,
  type EngineCommand,
  type EngineRun,
  inEngineFolder,
  runEngine,
  storeInEspruino,
} from "./engines.ts";
import { ESPRUINO_PRELUDE, JERRY_PRELUDE, STEP_RUNNER } from "./inside.ts";

const FIRMWARE = join(import.meta.dirname, "../../dist/firmware");
const LIMIT_MS = 120_000;

export interface Memory {
  free: number;
  total: number;
  usage: number;
  blocksize?: number;
}

/** What an engine printed of one run of the steps. */
export interface Outcome {
  /** By console step. */
  answers: string[];
  /** By serial step: all that came out since the one before, as a byte string. */
  serial: string[];
  sent: string[];
  memory: Record<string, Memory>;
  deaf: number;
  /** Native routines that were loaded. */
  thumb: number;
  violations: string;
}

/** What has to be known of an engine before a bundle runs in it. */
export interface Engine extends EngineCommand {
  /** In its crypto module: boards without Thumb code rely on it. */
  readonly hasAes: boolean;
  /** Variables as on a board. Other builds read their storage from a file 16 bytes at a time: code runs from memory there. */
  readonly isBoardLike: boolean;
  /** It has a global instructions(). */
  readonly counts: boolean;
}

/** Asks an engine for its facts. */
export async function known(engine: EngineCommand): Promise<Engine> {
  if (engine.kind === "jerryscript") return { ...engine, hasAes: true, isBoardLike: false, counts: false };
  const script = `print("FACTS "+!!require("crypto").AES+" "+process.memory().blocksize+" "+typeof instructions);${ENGINE_QUIT}`;
  const { text } = await inEngineFolder((folder) => runEngine(engine, script, { folder, limitMs: 20_000 }));
  const facts = /^FACTS (\w+) (\d+) (\w+)$/m.exec(text);
  if (!facts) throw new Error(`${engine.name} does not run: ${text.slice(0, 500)}`);
  return { ...engine, hasAes: facts[1] === "true", isBoardLike: facts[2] === "14", counts: facts[3] === "function" };
}

/** Runs the steps in a fresh engine and sorts what it printed. Throws when the engine stops before their end. */
export function runSteps(engine: Engine, board: Board, steps: string[]): Promise<Outcome> {
  return inEngineFolder(async (folder) => {
    const isJerry = engine.kind === "jerryscript";
    const limits = { folder, limitMs: LIMIT_MS };
    // What the chip model and all these steps take of the same heap.
    const alone = isJerry ? await runEngine(engine, jerryScript(board, steps, ""), limits) : null;
    const script = isJerry
      ? jerryScript(board, steps, read(`${board.id}.jerry.js`))
      : await espruinoScript(engine, folder, board, `${steps.join("\n")}\n`);
    const run = await runEngine(engine, script, limits);
    if (run.ended !== "script") {
      const end = (run.text + run.errors).trimEnd().slice(0, 2500);
      throw new Error(`${engine.name} stopped early (${run.ended}, code ${run.code}): ${end}`);
    }
    const outcome = sorted(run.text);
    const peak = heapPeak(run);
    const harness = alone && heapPeak(alone);
    if (peak && harness) outcome.memory.heap = { free: 0, total: 0, usage: peak - harness };
    return outcome;
  });
}

/** What JerryScript's --mem-stats says, in bytes; 0 without that option. */
function heapPeak(run: EngineRun): number {
  return Number(/Peak allocated = (\d+) bytes/.exec(run.errors + run.text)?.[1] ?? 0);
}

function sorted(text: string): Outcome {
  const outcome: Outcome = {
    answers: [],
    serial: [],
    sent: [],
    memory: {},
    deaf: 0,
    thumb: 0,
    violations: "none reported",
  };
  for (const line of text.split("\n")) {
    const [kind, ...rest] = line.split(" ");
    if (kind === "C" || kind === "S") {
      const said = Buffer.from(rest[0], "base64").toString("latin1");
      if (kind === "S") outcome.serial.push(said);
      // After the echo of what was typed.
      else outcome.answers.push(said.slice(said.indexOf("\n") + 1).trimEnd());
    } else if (kind === "X") outcome.sent.push(rest[0]);
    else if (kind === "M") outcome.memory[rest[0]] = JSON.parse(rest.slice(1).join(" "));
    else if (kind === "P") outcome.violations = rest.join(" ");
    else if (kind === "T") outcome.thumb = Number(rest[0]);
    else if (kind === "DEAF") outcome.deaf++;
  }
  return outcome;
}

/** The radio's wires; a pin as `named` calls it. */
function wiring(board: Board, named: (pin: string) => string | number): string {
  const { nss, reset, busy, dio1, rxen, tcxoVolts, dio2Switch } = board.radio;
  return JSON.stringify({
    nss: named(nss),
    reset: named(reset),
    busy: named(busy),
    dio1: named(dio1),
    rxen: named(rxen ?? ""),
    tcxoCode: TCXO_VOLTS.indexOf(tcxoVolts),
    dio2: dio2Switch,
  });
}

/** A file of dist/firmware, as bytes in a string. */
export function read(name: string): string {
  return readFileSync(join(FIRMWARE, name), "latin1");
}

/** Puts code into the engine's storage and returns what runs it from there, or from memory where that is better. */
export async function stored(engine: Engine, folder: string, name: string, code: string): Promise<string> {
  await storeInEspruino(engine, folder, name, code);
  return engine.isBoardLike ? `eval(S.read(${JSON.stringify(name)}));` : code;
}

async function espruinoScript(engine: Engine, folder: string, board: Board, steps: string): Promise<string> {
  const bundle = await stored(engine, folder, ".bootcde", read(`${board.id}.js`));
  await storeInEspruino(engine, folder, "mc.lib", read(`${board.id}.lib`));
  const chip = await stored(engine, folder, "chip", read("chip-model.js"));
  await storeInEspruino(engine, folder, "steps", steps);
  return `${ESPRUINO_PRELUDE}
    ${chip}
    var H=chipModel.install(global,${wiring(board, String)},0.02);
    ${STEP_RUNNER}
    function FINISH(){${ENGINE_QUIT}}
    emit("M before "+JSON.stringify(mem()));
    ${bundle}
    setTimeout(step,300);`;
}

/** `bundle`: "" for none, which leaves the steps undone. */
function jerryScript(board: Board, steps: string[], bundle: string): string {
  return `${JERRY_PRELUDE}
    var STEPS=${JSON.stringify(steps)};
    ${read("chip-model.js")}
    var H=chipModel.installNative(native,${wiring(board, (pin) => gpioOf(board.engine, pin))},0.02);
    ${STEP_RUNNER}
    HASH="${createHash("sha256").update(bundle, "latin1").digest("hex")}";
    function FINISH(){}
    ${
      // Once in the heap, which has not the room for two.
      steps.includes("B")
        ? `function BOOT(){${bundle}\n}\nfunction REBOOT(){Q=[];SERIAL=null;BOOT();}\nBOOT();`
        : bundle
    }
    ${bundle && "later(step,300);run();"}${ENGINE_QUIT}`;
}
