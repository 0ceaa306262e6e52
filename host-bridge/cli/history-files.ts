// backup, export, import: the history as files. They work on data_dir itself; a daemon may run beside the first two.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import type { Command } from "commander";
import { systemClock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import { configForClient } from "./config.ts";
import type { CliIo } from "./io.ts";
import type { AddCommands } from "./kit.ts";

interface FileOptions {
  config?: string[];
  dataDir?: string;
}

export const addHistoryFiles: AddCommands = (program, { io, configured }) => {
  const onData = (command: Command): Command =>
    configured(command).option("--data-dir <dir>", "the daemon's data_dir, instead of what the configuration says");
  onData(program.command("backup"))
    .description("copy the history into a new file, also while the daemon runs, and verify the copy")
    .argument("<file>")
    .addHelpText("after", RESTORE)
    .action((file: string, options) => backupTo(file, options, io));
  onData(program.command("export"))
    .description("write a room's history as JSON Lines into a file, or to standard output")
    .argument("[room]", "a room, or the name of an archive")
    .argument("[file]")
    .option("--all", "every room that has a history")
    .action((room: string | undefined, file: string | undefined, options) => exportTo(room, file, options, io));
  onData(program.command("import"))
    .description("add the messages of an export that the history does not have (stop the daemon first)")
    .argument("<file>")
    .option("--into <room>", "another room than the one each message is from")
    .action((file: string, options) => importFrom(file, options, io));
};

const RESTORE = `
To restore: stop the daemon, move history.sqlite, history.sqlite-wal and history.sqlite-shm out of data_dir, copy the
backup there as history.sqlite, make it the daemon's user's, start the daemon.
`;

async function backupTo(file: string, options: FileOptions, io: CliIo): Promise<void> {
  const { backup } = await import("../room/backup.ts");
  const { rooms, messages, bytes } = backup(dataDirOf(options, io), file);
  io.out(`${file}: ${count(messages, "message")} in ${count(rooms, "room")}, ${bytes} bytes, verified\n`);
}

async function exportTo(
  first: string | undefined,
  second: string | undefined,
  options: FileOptions & { all?: boolean },
  io: CliIo,
): Promise<void> {
  const room = options.all ? null : first;
  const file = options.all ? first : second;
  if (room === undefined || (options.all && second !== undefined)) {
    throw new RoomError("bad_usage", "ROOM", {
      expected: "either a room or --all",
      found: room === undefined ? "neither" : "both",
      hint: "meshcore-room export --all history.jsonl",
    });
  }
  const { exportHistory } = await import("../room/export.ts");
  const dataDir = dataDirOf(options, io);
  const run = (write: (text: string) => void) => exportHistory(dataDir, room, systemClock.unixMs(), write);
  if (file === undefined) {
    run((text) => io.out(text));
    return;
  }
  const { rooms, messages } = intoNewFile(file, run);
  io.out(`${file}: ${count(messages, "message")} of ${count(rooms, "room")}\n`);
}

/** `file` appears when all is written. */
function intoNewFile<T>(file: string, work: (write: (text: string) => void) => T): T {
  if (existsSync(file)) {
    throw new RoomError("file_exists", `${file} is there already`, { hint: "another name; nothing is overwritten" });
  }
  const partial = `${file}.partial`;
  try {
    // Messages of private rooms: for this user alone.
    rmSync(partial, { force: true });
    const handle = openSync(partial, "wx", 0o600);
    let result: T;
    try {
      result = work((text) => {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      });
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(partial, file);
    return result;
  } catch (error) {
    rmSync(partial, { force: true });
    const code = error instanceof Error && "syscall" in error ? (error as NodeJS.ErrnoException).code : undefined;
    if (code === undefined) throw error;
    const hint = "check the directory, its permissions, and the space on its disk";
    throw new RoomError("file_unwritable", `${file} cannot be written`, { found: code, hint, cause: error });
  }
}

async function importFrom(file: string, options: FileOptions & { into?: string }, io: CliIo): Promise<void> {
  const [{ importHistory }, { Store }] = await Promise.all([import("../room/import.ts"), import("../room/store.ts")]);
  const { into } = options;
  const store = Store.open(dataDirOf(options, io));
  try {
    // The daemon's next start applies max_history.
    const facts = importHistory(
      file,
      (room, messages) => store.importMessages(into ?? room, messages),
      (messages) => {
        if (io.isTty) io.err(`\r${count(messages, "message")} read`);
      },
    );
    if (io.isTty) io.err("\r\u001b[K");
    io.out(`${file}: ${count(facts.messages, "message")} of ${count(facts.rooms, "room")}, ${facts.added} new\n`);
  } finally {
    store.close();
  }
}

const dataDirOf = (options: FileOptions, io: CliIo): string =>
  options.dataDir ?? configForClient(io, options.config).config.dataDir;

const count = (number: number, name: string): string => `${number} ${name}${number === 1 ? "" : "s"}`;
