// Starts real engines (Linux builds of Espruino and JerryScript) with a generated script and brings back what they print.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export type EngineKind = "espruino" | "jerryscript";

export interface EngineCommand {
  readonly kind: EngineKind;
  /** For people: the file name of the engine. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

export interface EngineRun {
  /** What the script printed: bytes as latin1, lines end with "\n", no banner and no prompt. */
  readonly text: string;
  readonly errors: string;
  /** Exit code; null when the engine was killed, by us or by a crash. */
  readonly code: number | null;
  /** "script": it printed ENGINE_END. "engine": it stopped without. "time", "output": it went beyond a limit and was killed. */
  readonly ended: "script" | "engine" | "time" | "output";
  readonly ms: number;
}

/** A script prints this line when all is done: engines with a timer or a watch left may run on for ever. */
export const ENGINE_END = "-- end of the engine run --";
const ENGINE_START = "-- start of the engine run --";

/** Stops an engine that can be stopped from inside; harmless in the others. */
export const ENGINE_QUIT = `print(${JSON.stringify(ENGINE_END)});if(typeof quit=="function")quit();`;

/** How long an engine may take to stop by itself after ENGINE_END (JerryScript prints its memory statistics then). */
const GRACE_MS = 1000;
const MAX_OUTPUT = 8 * 1024 * 1024;
/** Espruino writes a string literal of this length to its storage without straining 14000 JsVars. */
const STORE_CHUNK = 4096;
/** And as much in one script, which is in memory as a whole. */
const STORE_AT_ONCE = 12 * STORE_CHUNK;

/** The engines that ESPRUINO_BIN and JERRY_BIN name: command lines, several of them separated by ";". */
export function enginesFrom(env: Record<string, string | undefined>): EngineCommand[] {
  const named = (variable: string, kind: EngineKind) =>
    (env[variable] ?? "")
      .split(";")
      .map((line) => splitCommand(line))
      .filter((words) => words.length > 0)
      .map(([program, ...args]) => {
        const engine = args.findLast((word) => !word.startsWith("-")) ?? program;
        return { kind, name: basename(engine), program, args };
      });
  return [...named("ESPRUINO_BIN", "espruino"), ...named("JERRY_BIN", "jerryscript")];
}

/** The words of a command line; single or double quotes keep blanks in a word. No other shell syntax. */
export function splitCommand(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** Runs `work` with a fresh folder and removes the folder. Runs that share a folder share Espruino's storage file. */
export async function inEngineFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "meshcore-room-engine-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts a file into Espruino's storage, as an installer does; needs an empty or older one of that name, or none. */
export async function storeInEspruino(
  engine: EngineCommand,
  folder: string,
  name: string,
  code: string,
): Promise<void> {
  for (let from = 0; from < code.length; from += STORE_AT_ONCE) {
    const writes = [];
    for (let at = from; at < Math.min(code.length, from + STORE_AT_ONCE); at += STORE_CHUNK) {
      const piece = JSON.stringify(code.slice(at, at + STORE_CHUNK));
      writes.push(`s.write(${JSON.stringify(name)},${piece},${at},${code.length});`);
    }
    const script = `var s=require("Storage");${writes.join("\n")}
      print("stored "+s.read(${JSON.stringify(name)}).length);${ENGINE_QUIT}`;
    const run = await runEngine(engine, script, { folder, limitMs: 60_000 });
    if (!run.text.includes(`stored ${code.length}\n`)) {
      throw new Error(`${engine.name} did not store ${name}: ${run.text}${run.errors}`);
    }
  }
}

/**
 * Runs `script` (ASCII text) as a file in `folder` and waits for its end: ENGINE_END, the engine's own end, or the time limit.
 * Rejects when the program cannot be started. Nothing of the engine is left running afterwards.
 */
export function runEngine(
  engine: EngineCommand,
  script: string,
  options: { folder: string; limitMs: number },
): Promise<EngineRun> {
  const file = join(options.folder, "script.js");
  // Without echo(0) Espruino's prompt comes between the lines that timers print. One line, so that line numbers stay right.
  const prologue = `${engine.kind === "espruino" ? "echo(0);" : ""}print(${JSON.stringify(ENGINE_START)});`;
  writeFileSync(file, prologue + script, "latin1");

  return new Promise((resolve, reject) => {
    const started = Date.now();
    // A group of its own: a wrapper script and the emulator below it are killed together. Standard input stays open: Espruino takes
    // the end of its input for an endless stream of typed bytes.
    const child = spawn(engine.program, [...engine.args, file], { cwd: options.folder, detached: true });
    const letGo = dieTogether(child);
    let output = "";
    let errors = "";
    let ended: EngineRun["ended"] = "engine";
    let timer = setTimeout(() => stop("time"), options.limitMs);

    function stop(why: EngineRun["ended"]): void {
      ended = why;
      killGroup(child);
    }

    child.stdout.setEncoding("latin1").on("data", (piece: string) => {
      const from = Math.max(0, output.length - ENGINE_END.length - 4);
      output += piece;
      if (output.length > MAX_OUTPUT && ended === "engine") stop("output");
      else if (ended === "engine" && hasEnded(output.slice(from))) {
        ended = "script";
        clearTimeout(timer);
        timer = setTimeout(() => killGroup(child), GRACE_MS);
      }
    });
    child.stderr.setEncoding("latin1").on("data", (piece: string) => {
      if (errors.length < MAX_OUTPUT) errors += piece;
    });
    child.stdin.on("error", () => undefined); // The engine may close its input; nobody writes to it.
    child.on("error", (error) => {
      clearTimeout(timer);
      letGo();
      reject(new Error(`cannot start ${engine.program}: ${error.message}`));
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      letGo();
      resolve({ text: printed(output), errors, code, ended, ms: Date.now() - started });
    });
  });
}

/** ENGINE_END as a line of its own: an engine may also quote the script in an error. */
function hasEnded(output: string): boolean {
  return new RegExp(`(^|[\\n\\rJ])${ENGINE_END}\\r?\\n`).test(output);
}

/** Output without Espruino's banner, prompts, cursor moves and carriage returns, and without our own two lines. */
function printed(output: string): string {
  const lines = output.replaceAll(">\r\u001b[J", "").replaceAll("\r", "");
  const start = lines.indexOf(`${ENGINE_START}\n`);
  const text = start < 0 ? lines : lines.slice(start + ENGINE_START.length + 1);
  return text.replace(`${ENGINE_END}\n`, "");
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // Gone already, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Ctrl-C reaches only our own group: takes the child along when this process ends. Returns the undo. */
function dieTogether(child: ChildProcess): () => void {
  const onExit = () => killGroup(child);
  const onSignal = (signal: NodeJS.Signals) => {
    letGo();
    killGroup(child);
    process.kill(process.pid, signal);
  };
  function letGo(): void {
    process.off("exit", onExit);
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
  process.on("exit", onExit);
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return letGo;
}
