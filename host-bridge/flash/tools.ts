// The programs and drives by which an engine gets onto a board.
import { spawn } from "node:child_process";
import {
  accessSync,
  constants,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import type { Board } from "../../boards/board.ts";
import { RoomError } from "../errors.ts";
import type { EngineFile } from "./engine-file.ts";
import { esptoolArguments, nrfutilArguments } from "./plan.ts";

/** What flashing an engine touches besides the line; tests bring their own. */
export interface Tools {
  /** Full path of the first of these programs that is there, else null. */
  find(names: readonly string[]): string | null;
  /** Runs to the end, output as it comes; the exit code, or -1 when it cannot be started. */
  run(program: string, args: readonly string[], onOutput: (text: string) => void): Promise<number>;
  /** Drives of UF2 bootloaders that are mounted now. */
  drives(): string[];
  copy(file: string, drive: string): void;
  /** Opens and closes the port at 1200 baud: how a program with native USB is asked for its bootloader. */
  touch(port: string): Promise<void>;
  pause(ms: number): Promise<void>;
}

/** Programs by name, and the sentence how to get them. */
const PROGRAMS = {
  esptool: { names: ["esptool", "esptool.py"], hint: "pipx install esptool   (or: pip install --user esptool)" },
  nrfutil: {
    names: ["adafruit-nrfutil"],
    hint: "pipx install adafruit-nrfutil   (or: pip install --user adafruit-nrfutil)",
  },
};
const DRIVE_FILE = "INFO_UF2.TXT";
const DRIVE_WAIT_MS = 60_000;
const POLL_MS = 500;

/** The program that this file needs, or null for none. Throws RoomError `tool_missing`. */
export function toolFor(file: EngineFile, tools: Tools): string | null {
  if (file.kind === "uf2") return null;
  const { names, hint } = file.kind === "esp" ? PROGRAMS.esptool : PROGRAMS.nrfutil;
  const found = tools.find(names);
  if (found !== null) return found;
  throw new RoomError("tool_missing", `${names[0]} is not installed, and only it can flash this file`, { hint });
}

/**
 * Puts the engine onto the board. The port must be closed. Throws RoomError `tool_missing` before anything is written, and
 * `engine_not_flashed` after that.
 */
export async function flashEngine(
  board: Board,
  port: string,
  file: EngineFile,
  tools: Tools,
  out: (text: string) => void,
): Promise<void> {
  const program = toolFor(file, tools);
  if (file.kind === "uf2") {
    await copyToDrive(board, port, file.path, tools, out);
    return;
  }
  if (program === null) throw new Error("bug: no program for this file");
  const folder = mkdtempSync(join(tmpdir(), "meshcore-room-engine-"));
  try {
    let args: string[];
    if (file.kind === "esp") {
      for (const { name, data } of file.parts) writeFileSync(join(folder, name), data);
      args = esptoolArguments(port, file, join(folder, "/"));
    } else {
      args = nrfutilArguments(port, file.path);
    }
    const code = await tools.run(program, args, out);
    if (code === 0) return;
    throw new RoomError("engine_not_flashed", `${basename(program)} failed with code ${code}`, {
      hint: wayBack(board),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How to reach a board whose engine is half written: its loader is not part of it. */
export function wayBack(board: Board): string {
  return board.mcu === "ESP32-S3"
    ? "hold BOOT, tap RST, let go of BOOT (the chip's own loader then waits), and run this again"
    : "tap RST twice (the bootloader then shows its drive), and run this again";
}

async function copyToDrive(
  board: Board,
  port: string,
  file: string,
  tools: Tools,
  out: (text: string) => void,
): Promise<void> {
  if (tools.drives().length === 0) {
    await tools.touch(port);
    out("Waiting for the bootloader's drive. Tap RST twice when it does not appear.\n");
  }
  for (let waited = 0; tools.drives().length === 0; waited += POLL_MS) {
    if (waited >= DRIVE_WAIT_MS) {
      throw new RoomError("no_drive", "the bootloader's drive does not appear", {
        expected: `a mounted drive with ${DRIVE_FILE} on it`,
        hint: `tap RST twice and mount the drive; or copy ${file} to it yourself, then run this again`,
      });
    }
    await tools.pause(POLL_MS);
  }
  const [drive, ...others] = tools.drives();
  if (others.length > 0) {
    const found = [drive, ...others].join(", ");
    throw new RoomError("many_drives", "several bootloaders show a drive", {
      found,
      hint: `unplug all but the ${board.label}`,
    });
  }
  out(`Copying ${file} to ${drive}\n`);
  try {
    tools.copy(file, drive);
  } catch (error) {
    // The board restarts with the last block, and the drive is gone before the copy has an end.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EIO" && code !== "ENODEV" && code !== "ENOENT") {
      throw new RoomError("engine_not_flashed", `the copy to ${drive} failed`, {
        found: code ?? String(error),
        hint: wayBack(board),
      });
    }
  }
}

/** The tools of this machine. */
export function systemTools(env: NodeJS.ProcessEnv): Tools {
  return {
    find: (names) => {
      const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
      return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram) ?? null;
    },
    run: (program, args, onOutput) =>
      new Promise((resolve) => {
        const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
        child.stdout.on("data", (data: Buffer) => onOutput(data.toString()));
        child.stderr.on("data", (data: Buffer) => onOutput(data.toString()));
        child.on("error", () => resolve(-1));
        child.on("close", (code) => resolve(code ?? -1));
      }),
    drives: () => mountPoints().filter((folder) => isReadable(join(folder, DRIVE_FILE))),
    copy: (file, drive) => copyFileSync(file, join(drive, basename(file))),
    touch: async (path) => {
      const { SerialPort } = await import("serialport");
      await new Promise<void>((resolve) => {
        const port = new SerialPort({ path, baudRate: 1200, autoOpen: false });
        // A board that cannot be asked can still be tapped.
        port.on("error", () => resolve());
        port.open((error) => (error === null ? port.close(() => resolve()) : resolve()));
      });
    },
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Linux tells in /proc/mounts, with blanks as \040; macOS mounts below /Volumes. */
function mountPoints(): string[] {
  try {
    if (process.platform === "darwin") return readdirSync("/Volumes").map((name) => join("/Volumes", name));
    const lines = readFileSync("/proc/mounts", "utf8").split("\n");
    return lines.map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " ")).filter((folder) => folder !== "");
  } catch {
    // Another system: the copy is left to a person, and the error of copyToDrive says so.
    return [];
  }
}
