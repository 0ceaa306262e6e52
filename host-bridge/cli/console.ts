// An interactive terminal to a board: through the daemon where that holds the port, beside it otherwise.
import { createConnection } from "node:net";
import { KissDeframer } from "../../protocol/kiss.ts";
import { defaultConfigFiles, loadConfig } from "../config/load.ts";
import { RoomError } from "../errors.ts";
import { type ConsoleAnswer, consoleSocket } from "../link/console-server.ts";
import { serialSource } from "../link/ports.ts";
import type { CliIo } from "./io.ts";
import { numberOption } from "./io.ts";
import type { AddCommands } from "./kit.ts";

interface ConsoleOptions {
  port: string;
  baud: string;
  config?: string[];
}

/** A board's console, wherever it is. */
interface Line {
  /** How it is reached, for the person. */
  what: string;
  type(bytes: Uint8Array): void;
  /** `onEnd` gets the reason. */
  listen(onBytes: (bytes: Uint8Array) => void, onEnd: (reason: string) => void): void;
  close(): void;
}

/** Where a person leaves: Ctrl-], as in telnet and virsh. */
const LEAVE = 0x1d;
/** Input that is no terminal ends, and the board's answer to its last line still comes. */
const LAST_ANSWER_MS = 1500;
const HALF_FRAME_MS = 1000;

export const addConsole: AddCommands = (program, { io, configured }) => {
  configured(program.command("console"))
    .description("a terminal to a board's console, through the daemon where that has the port; Ctrl-] leaves")
    .requiredOption("--port <device>", "serial device, tcp://host:port, or the id of a board of the daemon")
    .option("--baud <n>", "speed of a serial device", "115200")
    .action((options: ConsoleOptions) => consoleTo(options, io));
};

async function consoleTo(options: ConsoleOptions, io: CliIo): Promise<void> {
  const line = (await throughDaemon(options, io)) ?? (await beside(options));
  const reason = await talk(line, io);
  if (reason !== null) throw new RoomError("board_missing", reason, { hint: "plug it in, and start console again" });
}

/** Null when the person has left, else why the line ended. */
function talk(line: Line, io: CliIo): Promise<string | null> {
  const input = io.input ?? process.stdin;
  const text = new TextDecoder();
  return new Promise((resolve) => {
    const leave = (reason: string | null): void => {
      input.off("data", onTyped);
      if (input.isTTY) input.setRawMode(false);
      input.pause();
      line.close();
      if (input.isTTY) io.out("\r\n");
      resolve(reason);
    };
    const onTyped = (bytes: Buffer): void => {
      const end = input.isTTY ? bytes.indexOf(LEAVE) : -1;
      if (end !== 0) line.type(end < 0 ? bytes : bytes.subarray(0, end));
      if (end >= 0) leave(null);
    };
    line.listen((bytes) => io.out(text.decode(bytes, { stream: true })), leave);
    // The board echoes and edits; Ctrl-C is the board's as well.
    if (input.isTTY) input.setRawMode(true);
    input.on("data", onTyped);
    input.once("end", () => setTimeout(() => leave(null), LAST_ANSWER_MS));
    input.resume();
    io.err(`Connected to ${line.what}. Ctrl-] leaves, help lists the commands.\n`);
  });
}

/** Null when no daemon that we know of has this board. */
async function throughDaemon({ port, config }: ConsoleOptions, io: CliIo): Promise<Line | null> {
  for (const dir of dataDirs(io, config)) {
    const line = await askDaemon(consoleSocket(dir), port);
    if (line !== null) return line;
  }
  return null;
}

function dataDirs(io: CliIo, named: readonly string[] = []): string[] {
  const files = named.length > 0 ? [...named] : defaultConfigFiles(io.defaultFiles);
  return files.length > 0 ? [loadConfig(files, io.env).config.dataDir] : ["./data", "/var/lib/meshcore-room"];
}

function askDaemon(path: string, port: string): Promise<Line | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let head = Buffer.alloc(0);
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EACCES") resolve(null);
      else {
        const hint = "run this as the daemon's user: sudo -u meshcore-room meshcore-room console --port ...";
        reject(new RoomError("board_forbidden", `this user may not use the daemon's consoles (${path})`, { hint }));
      }
    });
    const onHead = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf(10);
      if (end < 0) return;
      socket.off("data", onHead);
      const answer = JSON.parse(head.toString("utf8", 0, end)) as ConsoleAnswer;
      if (answer.ok) {
        socket.pause();
        resolve({
          what: `board "${answer.board}" through the daemon`,
          type: (typed) => void socket.write(typed),
          listen: (onBytes, onEnd) => {
            if (head.length > end + 1) onBytes(head.subarray(end + 1));
            socket.on("data", onBytes);
            socket.on("close", () => onEnd("the daemon has lost the board, or has stopped"));
            socket.resume();
          },
          close: () => {
            socket.removeAllListeners("close");
            socket.destroy();
          },
        });
        return;
      }
      socket.destroy();
      const { code, message, hint } = answer;
      if (code === "not_mine") resolve(null);
      else reject(new RoomError(code, message, hint === undefined ? {} : { hint }));
    };
    socket.on("data", onHead);
    socket.once("connect", () => socket.write(`${JSON.stringify({ port })}\n`));
  });
}

async function beside({ port, baud }: ConsoleOptions): Promise<Line> {
  const baudRate = numberOption(baud, "--baud", 300, 4_000_000, true);
  const cable = await serialSource({ type: "serial", id: "console", path: port, baud: baudRate })
    .open()
    .catch((error: unknown) => {
      if (!(error instanceof RoomError) || error.code !== "board_busy") throw error;
      const hint = "where that is the daemon, name its configuration: --config FILE";
      throw new RoomError(error.code, error.message, { hint, cause: error });
    });
  return {
    what: port,
    type: (bytes) => cable.write(bytes),
    listen: (onBytes, onEnd) => {
      let timer: NodeJS.Timeout | undefined;
      // Frames of a conversation that somebody has begun are nothing to read.
      const deframer = new KissDeframer(
        () => undefined,
        (text) => onBytes(Buffer.from(text, "latin1")),
      );
      cable.onData((bytes) => {
        clearTimeout(timer);
        deframer.push(Buffer.from(bytes).toString("latin1"));
        if (deframer.waiting()) timer = setTimeout(() => deframer.drop(), HALF_FRAME_MS).unref();
      });
      cable.onClose(onEnd);
    },
    close: () => cable.close(),
  };
}
