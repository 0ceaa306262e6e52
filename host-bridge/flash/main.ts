// The command line of flash.sh.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Command, CommanderError } from "commander";
import { BOARDS } from "../../boards/all.ts";
import type { Board } from "../../boards/board.ts";
import { type CliIo, processIo } from "../cli/io.ts";
import { suggest } from "../config/suggest.ts";
import { describe, exitCode, printError, RoomError } from "../errors.ts";
import { bundleFile, factsFile, libraryFile, VERSION } from "../files.ts";
import { readEngineFile } from "./engine-file.ts";
import { type Found, makePlan, type PlanInput, planText } from "./plan.ts";
import { candidates, findPort, listPorts, type PortInfo } from "./ports.ts";
import { type RoomPlan, readRoomFile } from "./room-file.ts";
import { type Firmware, FlashRun, type Job, stateAfter } from "./run.ts";
import { systemTools, type Tools } from "./tools.ts";

export interface FlashIo extends CliIo {
  tools: Tools;
  listPorts(): Promise<PortInfo[]>;
  /** Null where nobody can be asked. */
  confirm: ((question: string) => Promise<boolean>) | null;
  /** Where the bundle comes from. */
  firmware(id: string): Firmware;
}

interface Options {
  board: string;
  port?: string;
  engineFile?: string;
  rooms?: string;
  dryRun?: boolean;
  yes?: boolean;
}

const EXAMPLES = `
Examples:
  ./flash.sh --board rak4631 --dry-run                 what it would do
  ./flash.sh --board rak4631 --engine-file FILE.uf2    a board that has another firmware yet
  ./flash.sh --board rak4631 --rooms room.yaml         a new bundle, and rooms and radio from the daemon's configuration

Boards: ${flashable()
  .map(({ id }) => id)
  .join(", ")}
Exit codes: 0 verified, 1 failed (what state the board is in is said), 2 bad usage or bad configuration.
`;

/** Runs one command line and returns its exit code. Prints every error itself. */
export async function flashMain(args: readonly string[], io: FlashIo): Promise<number> {
  const program = new Command("flash.sh")
    .description("Flash a board: the engine where it is needed, the bundle, and rooms and radio settings.")
    .requiredOption("--board <id>", "which board it is")
    .option("--port <device>", "its serial port (default: found by its USB ids)")
    .option("--engine-file <file>", "the engine, for a board that does not run it yet")
    .option("--rooms <file>", "set the rooms (and radio settings) of this configuration")
    .option("--dry-run", "print each step and touch nothing")
    .option("-y, --yes", "do not ask before the first write")
    .addHelpText("after", EXAMPLES)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: (text) => io.err(usageError(text)) })
    .action((options: Options) => flash(options, io));
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.err(`${printError(error)}\n`);
    return exitCode(error);
  }
}

async function flash(options: Options, io: FlashIo): Promise<void> {
  const board = boardOf(options.board);
  const engineFile = options.engineFile === undefined ? null : readEngineFile(board, options.engineFile);
  const rooms = options.rooms === undefined ? null : await roomsOf(options.rooms, board, io);
  const firmware = io.firmware(board.id);
  const input = { board, engineFile, rooms, bundle: sizes(firmware) };
  if (options.dryRun) {
    await dryRun({ ...input, found: null, port: options.port ?? null }, io);
    return;
  }
  const port = options.port ?? findPort(board, await io.listPorts());
  const job = { board, port, isNamed: options.port !== undefined, engineFile, firmware, rooms };
  const run = new FlashRun(job, io);
  const interrupted = io.interrupted().then(() => {
    throw new RoomError("interrupted", "interrupted");
  });
  try {
    await Promise.race([perform(run, job, input, options, io), interrupted]);
  } catch (error) {
    await run.giveUp();
    if (!(error instanceof Declined)) io.err(`State: ${stateAfter(run.stage, board)}\n`);
    throw error;
  }
}

class Declined extends RoomError {}

async function perform(
  run: FlashRun,
  job: Job,
  input: Omit<PlanInput, "found" | "port">,
  options: Options,
  io: FlashIo,
) {
  const found: Found = await run.look();
  const whole = { ...input, found, port: job.port };
  io.out(planText(makePlan(whole), whole));
  run.check(found);
  if (io.confirm !== null && !options.yes && !(await io.confirm("Go on? [yes/no] "))) {
    throw new Declined("declined", "nothing was done");
  }
  await run.write(found);
  io.out(`verified: ${job.board.id} runs MeshCore Room ${job.firmware.version}\n`);
}

async function dryRun(input: PlanInput, io: FlashIo): Promise<void> {
  const { board } = input;
  let port = input.port;
  if (port === null) {
    let ports: PortInfo[] = [];
    try {
      ports = await io.listPorts();
    } catch (error) {
      io.err(`Warning: serial ports cannot be listed here (${(error as Error).message})\n`);
    }
    const found = candidates(board, ports);
    if (found.length === 1) port = found[0].path;
    else {
      const many = found.map(({ path }) => path).join(", ");
      io.out(
        `Port: looked for USB ${board.usbIds.join(", ")}: ${many === "" ? "none is plugged in" : `${many}, name one with --port`}\n`,
      );
    }
  }
  io.out(planText(makePlan({ ...input, port }), { ...input, port }));
  io.out("Dry run: nothing was touched.\n");
}

function sizes({ code, library, sha256 }: Firmware): PlanInput["bundle"] {
  return { bytes: code.length, libraryBytes: library.length, sha256 };
}

async function roomsOf(file: string, board: Board, io: FlashIo): Promise<RoomPlan> {
  const { plan, warnings } = await readRoomFile(file, board, io.env);
  for (const warning of warnings) io.err(`Warning: ${describe(warning)}\n`);
  return plan;
}

function flashable(): Board[] {
  return BOARDS.filter(({ mcu }) => mcu !== "simulated");
}

function boardOf(id: string): Board {
  const board = flashable().find((each) => each.id === id);
  if (board !== undefined) return board;
  const names = flashable().map((each) => each.id);
  const near = suggest(id, names);
  const hint = near === null ? "./flash.sh --help" : `did you mean "${near}"?`;
  throw new RoomError("bad_usage", "--board", { expected: `one of ${names.join(", ")}`, found: `"${id}"`, hint });
}

/** The built bundle. Throws RoomError `bundle_missing`. */
function builtFirmware(id: string): Firmware {
  const text = (path: string): string => {
    try {
      return readFileSync(path, "latin1");
    } catch (error) {
      throw new RoomError("bundle_missing", `${path} is not there`, { hint: "npm run build", cause: error });
    }
  };
  const { sha256 } = JSON.parse(text(factsFile(id))) as { sha256: string };
  return { code: text(bundleFile(id)), library: text(libraryFile(id)), sha256, version: VERSION };
}

/** The process around it. */
export function systemIo(): FlashIo {
  const io = processIo();
  const confirm = async (question: string): Promise<boolean> => {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    try {
      return /^y(es)?$/i.test((await lines.question(question)).trim());
    } finally {
      lines.close();
    }
  };
  const canAsk = io.isTty && process.stdin.isTTY === true;
  const around = { tools: systemTools(process.env), listPorts, firmware: builtFirmware };
  return { ...io, ...around, confirm: canAsk ? confirm : null };
}

function usageError(text: string): string {
  return `${text.replace(/^error: /, "Error: ").trimEnd()}\nTry: ./flash.sh --help\n`;
}
