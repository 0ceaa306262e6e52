// Walks through the plan.
import type { Board } from "../../boards/board.ts";
import { RoomError } from "../errors.ts";
import type { EngineFile } from "./engine-file.ts";
import { EnginePrompt } from "./engine-prompt.ts";
import { type Line, openLine } from "./line.ts";
import { sayHello, setRooms } from "./link-talk.ts";
import { look, toPrompt } from "./look.ts";
import { BOOT_FILES, engineSource, type Found, foundText, LIBRARY_FILE, lineBytes, needsEngine } from "./plan.ts";
import { findPort, type PortInfo } from "./ports.ts";
import { Progress } from "./progress.ts";
import type { RoomPlan } from "./room-file.ts";
import { flashEngine, type Tools, toolFor, wayBack } from "./tools.ts";
import { eraseFiles, holds, listFiles, stopProgram, writeFile } from "./upload.ts";

export interface Firmware {
  /** Byte strings of dist/firmware/<id>.js and .lib. */
  code: string;
  library: string;
  sha256: string;
  version: string;
}

export interface Job {
  board: Board;
  port: string;
  /** The port was named, so the board is looked for there and nowhere else. */
  isNamed: boolean;
  engineFile: EngineFile | null;
  firmware: Firmware;
  rooms: RoomPlan | null;
}

export interface JobIo {
  out(text: string): void;
  isTty: boolean;
  tools: Tools;
  listPorts(): Promise<PortInfo[]>;
}

/** How far a run came: what state the board is in if it ends there. */
export type Stage = "untouched" | "engine" | "prompt" | "clearing" | "cleared" | "started" | "settings";

/** After a reset, USB needs some seconds to come back. */
const REAPPEAR_MS = 20_000;
const RETRY_MS = 500;
/** A bundle boots in a second or two; an engine that tidies up its storage first takes longer. */
const START_TRIES = 10;

const SILENT_HINT =
  "close what else has the port open, press RST and run this again; a board without the engine needs ";

/** One run: who is there, then each step of the plan up to "verified". Where it fails, `stage` tells what state the board is in. */
export class FlashRun {
  stage: Stage = "untouched";
  private readonly job: Job;
  private readonly io: JobIo;
  private line: Line | null = null;

  constructor(job: Job, io: JobIo) {
    this.job = job;
    this.io = io;
  }

  /** Who is there now. Nothing is changed but who has the port; giveUp() changes that back. */
  async look(): Promise<Found> {
    this.line = await openLine(this.job.port);
    let found = await look(this.line);
    // A board that got its power just now reads back its messages first, and answers nobody meanwhile.
    if (found.kind === "silent") found = await look(this.line);
    if (found.kind !== "other") return found;
    // Our own console without a link that we understand, in safe mode or of another version, still knows `repl`.
    try {
      const engine = await toPrompt(this.line);
      this.stage = "prompt";
      return { kind: "prompt", ...engine };
    } catch (error) {
      if (error instanceof RoomError && error.code === "no_prompt") return found;
      throw error;
    }
  }

  /** What must be known to be possible before the first write. Throws RoomError `engine_needed`, `wrong_board`, `tool_missing`. */
  check(found: Found): void {
    const { board, engineFile } = this.job;
    if (found.kind === "firmware" && found.model !== board.id) {
      throw new RoomError("wrong_board", `the board at ${this.job.port} is another one`, {
        expected: board.id,
        found: found.model,
        hint: `--board ${found.model}, or --port for the other board`,
      });
    }
    if (needsEngine(board, found) !== true) return;
    if (engineFile === null) {
      throw new RoomError("engine_needed", `the board does not run the engine ${board.engine.build}`, {
        found: foundText(found),
        hint: `${found.kind === "silent" ? SILENT_HINT : ""}--engine-file FILE; ${engineSource(board)}`,
      });
    }
    toolFor(engineFile, this.io.tools);
  }

  /** Everything from the engine to "verified". */
  async write(found: Found): Promise<void> {
    if (needsEngine(this.job.board, found) === true) await this.engine();
    else this.io.out(`Engine ${this.job.board.engine.build} is there already\n`);
    await this.upload(found.kind === "firmware" && needsEngine(this.job.board, found) === false);
    await this.verify();
    await this.settings();
    this.line?.close();
  }

  /** Ends the line; a bundle that waits behind the prompt is started again. */
  async giveUp(): Promise<void> {
    const { line } = this;
    if (line !== null && line.closed === null) {
      if (this.stage === "prompt") line.write("\x03\r\x10load()\r");
      // The bytes go out before the port is closed.
      await new Promise((resolve) => setTimeout(resolve, 200));
      line.close();
    }
  }

  private async engine(): Promise<void> {
    const { job, io } = this;
    if (job.engineFile === null) throw new Error("bug: no engine file");
    this.line?.close();
    this.stage = "engine";
    io.out(`Flashing the engine from ${job.engineFile.path}\n`);
    await flashEngine(job.board, job.port, job.engineFile, io.tools, (text) => io.out(text));
    this.line = await this.reopen();
    const found = await look(this.line);
    if (needsEngine(job.board, found) === true) {
      throw new RoomError("engine_not_flashed", "the flashed engine does not answer as it should", {
        expected: `the prompt of ${job.board.engine.build}`,
        found: foundText(found),
        hint: job.board.hazards[0] ?? wayBack(job.board),
      });
    }
    io.out(`Engine: ${foundText(found)}\n`);
    // Boot code of an earlier time may have survived it.
    if (found.kind === "firmware") await toPrompt(this.line);
    this.stage = "prompt";
  }

  private async reopen(): Promise<Line> {
    const { job, io } = this;
    for (let waited = 0; ; waited += RETRY_MS) {
      await io.tools.pause(RETRY_MS);
      try {
        return await openLine(job.isNamed ? job.port : findPort(job.board, await io.listPorts()));
      } catch (error) {
        if (waited >= REAPPEAR_MS) throw error;
      }
    }
  }

  private async upload(isRunning: boolean): Promise<void> {
    const { job, io, line } = this;
    if (line === null) throw new Error("bug: no line");
    if (isRunning) {
      await toPrompt(line);
      this.stage = "prompt";
    }
    const engine = await EnginePrompt.start(line);
    const progress = new Progress((text) => io.out(text), io.isTty);
    try {
      await stopProgram(engine);
      this.stage = "prompt";
      const { bootFile } = job.board.engine;
      const { code, library } = job.firmware;
      const boot = (await listFiles(engine)).filter((name) => BOOT_FILES.includes(name));
      const isSame =
        boot.length === 1 && (await holds(engine, bootFile, code)) && (await holds(engine, LIBRARY_FILE, library));
      if (isSame) {
        io.out(`${bootFile} and ${LIBRARY_FILE} are there already, byte for byte\n`);
      } else {
        this.stage = "clearing";
        io.out(`Erasing ${[...boot, LIBRARY_FILE].join(", ")}\n`);
        await eraseFiles(engine, [...boot, LIBRARY_FILE]);
        this.stage = "cleared";
        for (const [name, text] of [
          [LIBRARY_FILE, library],
          [bootFile, code],
        ]) {
          await writeFile(engine, name, text, lineBytes(job.board), (done) => progress.show(name, done, text.length));
        }
      }
      this.stage = "started";
    } finally {
      progress.cut();
      await engine.stop();
    }
    io.out("Starting it\n");
    line.write("\x10load()\r");
  }

  private async verify(): Promise<void> {
    const { job, io } = this;
    const { firmware, board } = job;
    const hello = await this.greet();
    const expected = `${board.id} ${firmware.version}, sha256 ${firmware.sha256}`;
    const found = `${hello.model} ${hello.firmware}, sha256 ${hello.sha256}`;
    if (hello.model !== board.id || hello.sha256 !== firmware.sha256 || hello.firmware !== firmware.version) {
      throw new RoomError("not_verified", "the board runs something else than was written", { expected, found });
    }
    io.out(`The board says: ${found}, on ${hello.engine}\n`);
  }

  private async greet() {
    if (this.line === null) throw new Error("bug: no line");
    await this.io.tools.pause(1000);
    const hello = await sayHello(this.line, START_TRIES);
    if (hello !== null) return hello;
    throw new RoomError("not_verified", "the bundle is written, and does not answer on the room link", {
      found: foundText(await look(this.line)),
      hint: "press RST and run this again; if it stays so, look at what the engine's prompt prints at start",
    });
  }

  private async settings(): Promise<void> {
    const { job, io, line } = this;
    if (job.rooms === null || line === null) return;
    this.stage = "settings";
    const others = await setRooms(line, job.rooms, (what) => io.out(`  ${what}\n`));
    if (others.length > 0) io.out(`  left alone: ${others.map((name) => `"${name}"`).join(", ")}\n`);
  }
}

/** What a run that ended at `stage` leaves behind, and what to do. */
export function stateAfter(stage: Stage, board: Board): string {
  switch (stage) {
    case "untouched":
      return "Nothing was written: the board is as it was.";
    case "engine":
      return `The engine may be half written; the loader in front of it is untouched: ${wayBack(board)}.`;
    case "prompt":
      return "Nothing was erased: the bundle that was there starts again with the next reset, or shows its prompt where there was none.";
    case "clearing":
      return "The old boot code was being erased: the board runs its old bundle, or shows the engine's prompt. Run the same command again.";
    case "cleared":
      return "The board has no complete boot code: it shows the engine's prompt, also after a reset. Rooms and settings in its storage are kept. Run the same command again.";
    case "started":
      return "The new bundle is complete in the board's storage; it was not seen running. Press RST, and run the same command again.";
    case "settings":
      return "The board runs the new bundle, verified; not all of its settings are set. Run the same command again.";
  }
}
