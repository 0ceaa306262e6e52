// The command table of `meshcore-room`.
import { Command, CommanderError } from "commander";
import { exitCode, printError } from "../errors.ts";
import { VERSION } from "../files.ts";
import { DEFAULT_URL } from "./client.ts";
import { addCompletion } from "./completion.ts";
import { addConsole } from "./console.ts";
import { addDoctor } from "./doctor.ts";
import { addFederation } from "./federation.ts";
import { addHistoryFiles } from "./history-files.ts";
import type { CliIo } from "./io.ts";
import { numberOption } from "./io.ts";
import type { AddCommands, Kit } from "./kit.ts";
import { collect } from "./kit.ts";
import { addMesh } from "./mesh.ts";
import { addRoom } from "./room.ts";
import type { RoomOptions } from "./rooms.ts";
import { history, send, tail } from "./rooms.ts";
import { check, run, sim } from "./run.ts";
import { roomCodes, rooms, status } from "./status.ts";
import { addToken } from "./token.ts";

const MAX_LIMIT = 100_000;

/** Runs one command line (without node and the script) and returns its exit code: 0, 1 or 2. Prints every error itself. */
export async function main(args: readonly string[], io: CliIo): Promise<number> {
  try {
    const program = commands(io);
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    // commander's own `help` stops at the first word, and answers an unknown one with the whole help.
    const [first, ...path] = args;
    if (first === "help" && path.length > 0 && path[0] !== "help") {
      const isKnown = program.commands.some((command) => command.name() === path[0]);
      return await main(isKnown ? [...path, "--help"] : path, io);
    }
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // commander has printed its own; help and version end with code 0, all else of it is bad usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.err(`${printError(error)}\n`);
    return exitCode(error);
  }
}

/** Commands that live in files of their own: one line here each, in the order of the help. */
const ADDED: AddCommands[] = [
  addMesh, // nodes, peers
  addHistoryFiles, // backup, export, import
  addRoom, // room mute, unmute, topic; notice
  addToken,
  addFederation, // federation pair
  addConsole,
  addDoctor,
  addCompletion,
];

function commands(io: CliIo): Command {
  const program = new Command("meshcore-room");
  const defaultUrl = io.env["MESHCORE_ROOM_URL"] || DEFAULT_URL;
  // Settings of the program reach only commands made with program.command().
  program
    .description("A MeshCore room server: its daemon, and commands that talk to it.")
    .version(VERSION, "-V, --version")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: (text) => io.err(usageError(text)) })
    .helpCommand("help [command]", "show this help, or the help of a command")
    .addHelpText("after", EXAMPLES);

  const configured = (command: Command): Command =>
    command.option("--config <file>", "configuration file; may be given again, later files win", collect);
  const remote = (command: Command): Command =>
    command
      .option("--url <url>", "the daemon (also MESHCORE_ROOM_URL)", defaultUrl)
      .option("--token-file <file>", "file with a token for the daemon (also MESHCORE_ROOM_TOKEN)")
      .option("--json", "machine readable output");
  const inRoom = (command: Command): Command =>
    configured(remote(command)).option(
      "--psk-file <file>",
      "file with the psk of a private room (also MESHCORE_ROOM_PSK)",
    );

  configured(program.command("run"))
    .description("run the daemon until Ctrl-C; SIGHUP makes it read its configuration again")
    .option("--print-config", "show the configuration with the place each value comes from, and end")
    .action((options) => run(options, io));
  configured(program.command("check"))
    .description("check the configuration and say what is wrong, with file and line")
    .option("--strict", "refuse weak secrets and other warnings too")
    .action((options) => check(options, io));
  remote(program.command("status"))
    .description("show rooms, boards and links of the running daemon")
    .action((options) => status(options, io));
  configured(remote(program.command("rooms")))
    .description("list the rooms of the running daemon")
    .option("--qr", "show the configured rooms as QR codes for MeshCore's phone app (these hold the keys)")
    .action((options) => (options.qr ? roomCodes(options, io) : rooms(options, io)));
  inRoom(program.command("send"))
    .description("post a text to a room")
    .argument("<room>")
    .argument("<text...>")
    .option("--name <name>", "the sender (default: your user name)")
    .action((room: string, words: string[], options) => send(room, words.join(" "), options, io));
  inRoom(program.command("tail"))
    .description("show a room's last messages and then each new one, until Ctrl-C")
    .argument("<room>")
    .option("--limit <n>", "how many of the last messages", "20")
    .action((room: string, options: LimitOptions) => tail(room, limit(options, 0), options, io));
  inRoom(program.command("history"))
    .description("show a room's last messages")
    .argument("<room>")
    .option("--limit <n>", "how many of the last messages", "50")
    .option("--grep <text>", "only messages with this in their text or sender, capitals or not")
    .action((room: string, options: LimitOptions) => history(room, limit(options, 1), options, io));
  program
    .command("sim")
    .description("run the simulated LoRa channel alone, with a port that any program can join")
    .option("--ether <host:port>", "where stations connect", "127.0.0.1:7300")
    .option("--speed <x>", "1 is real time, 10 ten times faster, 0 as fast as possible", "1")
    .option("--neighbours <n>", "simulated nodes that chat", "0")
    .option("--board <model>", "a simulated board on the channel; may be given again", collect)
    .option("--serial <host:port>", "serial port of the first board over TCP; the next board has the next port")
    .action((options) => sim(options, io));
  const kit: Kit = { io, configured, remote, inRoom };
  for (const add of ADDED) add(program, kit);
  return program;
}

type LimitOptions = RoomOptions & { limit: string };

const limit = (options: LimitOptions, low: number): number =>
  numberOption(options.limit, "--limit", low, MAX_LIMIT, true);

const EXAMPLES = `
Examples:
  meshcore-room run --config room-server.yaml
  meshcore-room tail RegionMesh-Public
  meshcore-room send RegionMesh-Public "hello from the hill"

A private room's key comes from the configuration (--config, else /etc/meshcore), --psk-file or MESHCORE_ROOM_PSK.
Exit codes: 0 done, 1 failed while running, 2 bad usage or bad configuration.
`;

/** commander's `error: ...` and `(Did you mean ...?)` in the form of all our errors. */
function usageError(text: string): string {
  const [first, ...rest] = text.trim().split("\n");
  const suggestion = /\(Did you mean (.*)\?\)/.exec(rest.join(" "))?.[1];
  const next = suggestion === undefined ? "meshcore-room help" : `did you mean ${suggestion}?`;
  return `${first.replace(/^error:/, "Error:")}\nTry: ${next}\n`;
}
