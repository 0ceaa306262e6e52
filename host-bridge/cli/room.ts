// room mute, unmute, topic, and notice: what an admin does while the daemon runs.
import { RoomError } from "../errors.ts";
import { daemonUrl, fetchObject } from "./client.ts";
import { tokenOf } from "./config.ts";
import type { CliIo } from "./io.ts";
import type { AddCommands } from "./kit.ts";
import type { StatusOptions } from "./status.ts";
import { columnsText, type Row, rowsOf, show } from "./table.ts";

type MuteOptions = StatusOptions & { for?: string };

export const addRoom: AddCommands = (program, { io, remote }) => {
  const room = program
    .command("room")
    .description("mute senders and set topics of the running daemon's rooms (role admin)");
  remote(room.command("mute"))
    .description("refuse a sender's posts and keep nothing of him; without a sender, list who is muted")
    .argument("<room>")
    .argument("[sender]")
    .option("--for <time>", "such as 30m, 12h or 7d (default: until unmuted)")
    .action((name: string, sender: string | undefined, options: MuteOptions) =>
      sender === undefined ? listMuted(name, options, io) : mute(name, sender, options, io),
    );
  remote(room.command("unmute"))
    .description("let a muted sender speak again")
    .argument("<room>")
    .argument("<sender>")
    .action(async (name: string, sender: string, options: StatusOptions) => {
      await ask(`${pathOf(name)}/muted/${encodeURIComponent(sender)}`, "DELETE", undefined, options, io);
      said(io, options, `${show(sender)} may speak again in ${show(name)}`);
    });
  remote(room.command("topic"))
    .description("set what the room is about now; without a text, that of the configuration again")
    .argument("<room>")
    .argument("[text...]")
    .action(async (name: string, words: string[], options: StatusOptions) => {
      await ask(`${pathOf(name)}/topic`, "PUT", { topic: words.length === 0 ? null : words.join(" ") }, options, io);
      said(io, options, `the topic of ${show(name)} is set`);
    });
  remote(program.command("notice"))
    .description("show a text to everybody who is connected (role admin)")
    .argument("<text...>")
    .option("--room <room>", "only to who is in this room")
    .action(async (words: string[], options: StatusOptions & { room?: string }) => {
      const { clients } = await ask(
        "api/v1/notice",
        "POST",
        { text: words.join(" "), room: options.room },
        options,
        io,
      );
      said(io, options, `told to ${show(clients)} clients`, { clients });
    });
};

async function mute(name: string, sender: string, options: MuteOptions, io: CliIo): Promise<void> {
  const body = options.for === undefined ? {} : { for_s: secondsOf(options.for) };
  await ask(`${pathOf(name)}/muted/${encodeURIComponent(sender)}`, "PUT", body, options, io);
  said(io, options, `${show(sender)} is muted in ${show(name)}`);
}

async function listMuted(name: string, options: StatusOptions, io: CliIo): Promise<void> {
  const list = rowsOf((await ask(`${pathOf(name)}/muted`, "GET", undefined, options, io))["muted"]);
  if (options.json) return io.out(`${JSON.stringify(list, null, 2)}\n`);
  const time = (value: unknown): string =>
    typeof value === "number" ? new Date(value * 1000).toISOString().slice(0, 16).replace("T", " ") : "unmuted";
  if (list.length > 0 || io.isTty) {
    io.out(
      columnsText(io, list, [
        ["sender", ({ sender }) => show(sender)],
        ["since", ({ since }) => time(since)],
        ["until", ({ until }) => time(until)],
      ]),
    );
  }
  if (list.length === 0) io.err("Nobody is muted here.\n");
}

const pathOf = (room: string): string => `api/v1/rooms/${encodeURIComponent(room)}`;

function ask(path: string, method: string, body: object | undefined, options: StatusOptions, io: CliIo): Promise<Row> {
  return fetchObject(daemonUrl(options.url), path, tokenOf(options, io), { method, ...(body ? { body } : {}) });
}

function said(io: CliIo, { json }: StatusOptions, sentence: string, row: Row = { ok: true }): void {
  io.out(json ? `${JSON.stringify(row)}\n` : `${sentence}\n`);
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };

function secondsOf(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const seconds = unit === undefined ? 0 : Number(count) * UNITS[unit];
  if (seconds > 0) return seconds;
  const expected = "a time such as 30m, 12h or 7d";
  throw new RoomError("bad_usage", "--for", { expected, found: JSON.stringify(text), hint: "--for 1h" });
}
