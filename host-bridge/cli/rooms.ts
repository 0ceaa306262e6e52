// send, tail, history: a client of one room.
import { userInfo } from "node:os";
import { RoomError } from "../errors.ts";
import { printable } from "../log.ts";
import type { WireMessage } from "../room/message.ts";
import type { ClientOptions, RoomClient } from "./client.ts";
import { connect, daemonUrl } from "./client.ts";
import type { KeyOptions } from "./config.ts";
import { keyForRoom, tokenOf } from "./config.ts";
import type { CliIo } from "./io.ts";
import { bold } from "./io.ts";

export interface RoomOptions extends KeyOptions {
  url: string;
  tokenFile?: string;
  json?: boolean;
}

/** Posts one text and prints its guid once the daemon holds it safely. */
export async function send(
  room: string,
  text: string,
  options: RoomOptions & { name?: string },
  io: CliIo,
): Promise<void> {
  if (text.trim() === "") {
    throw new RoomError("bad_usage", "TEXT", {
      expected: "a text",
      found: "nothing",
      hint: 'meshcore-room send ROOM "hello"',
    });
  }
  const session = new Session(room, options, io, { name: options.name ?? userName() });
  const { client } = await session.open(1);
  try {
    const guid = await client.post(room, text);
    io.out(options.json ? `${JSON.stringify({ guid })}\n` : `${guid}\n`);
  } finally {
    client.close();
  }
}

/** Prints the last `limit` messages (that have `grep` in them): a line each, or with --json one array of message objects. */
export async function history(
  room: string,
  limit: number,
  options: RoomOptions & { grep?: string },
  io: CliIo,
): Promise<void> {
  const { grep } = options;
  const { client, messages } = await new Session(room, options, io, { name: userName() }).open(limit, grep);
  client.close();
  if (options.json) io.out(`[${messages.map((message) => `\n${JSON.stringify(message)}`).join(",")}\n]\n`);
  else io.out(messages.map((message) => messageLine(message, io)).join(""));
}

const RETRY_MS = [250, 500, 1000, 2000, 5000];
/** How far back a reconnected tail looks for what it missed. */
const CATCH_UP = 1000;

/**
 * Prints the last `limit` messages and then each new one until Ctrl-C; with --json one object a line. When the daemon goes
 * away it waits for it, and prints what came in between.
 */
export async function tail(room: string, limit: number, options: RoomOptions, io: CliIo): Promise<void> {
  const seen = new Seen();
  const print = (message: WireMessage): void => {
    if (message.room !== room || !seen.add(message.guid)) return;
    io.out(options.json ? `${JSON.stringify(message)}\n` : messageLine(message, io));
  };
  // Live messages that overtake the answer to the join wait until the history is printed.
  let early: WireMessage[] | null = [];
  const onMessage = (message: WireMessage): void => void (early === null ? print(message) : early.push(message));
  const session = new Session(room, options, io, { name: userName(), onMessage });
  const isOver = io.interrupted().then(() => "interrupted" as const);
  for (let attempt = 0, isFirst = true; ; ) {
    try {
      const opened = await Promise.race([session.open(isFirst ? limit : CATCH_UP), isOver]);
      if (opened === "interrupted") return;
      const { client, messages } = opened;
      for (const message of seen.missed(messages)) print(message);
      for (const message of early ?? []) print(message);
      early = null;
      if (!isFirst) io.err("connected again\n");
      [attempt, isFirst] = [0, false];
      const end = await Promise.race([client.closed, isOver]);
      client.close();
      if (end === "interrupted") return;
      io.err(`connection lost (${end}), waiting for the daemon\n`);
    } catch (error) {
      if (isFirst || !(error instanceof RoomError) || !PASSING.includes(error.code)) throw error;
    }
    early = [];
    const delay = RETRY_MS[Math.min(attempt++, RETRY_MS.length - 1)];
    if ((await Promise.race([pause(delay), isOver])) === "interrupted") return;
  }
}

/** Failures that end by themselves while a daemon starts again, also behind a proxy. */
const PASSING = [
  "daemon_not_running",
  "daemon_unreachable",
  "daemon_silent",
  "connection_lost",
  "not_a_daemon",
  "rate_limited",
  "unavailable",
  "too_many_connections",
];

const pause = (ms: number): Promise<"again"> => new Promise((resolve) => setTimeout(() => resolve("again"), ms));

/** The guids already printed. */
class Seen {
  private readonly guids = new Set<string>();

  /** False when it was there. */
  add(guid: string): boolean {
    if (this.guids.has(guid)) return false;
    this.guids.add(guid);
    const oldest = this.guids.values().next().value;
    if (this.guids.size > 10 * CATCH_UP && oldest !== undefined) this.guids.delete(oldest);
    return true;
  }

  /** Of a history: what is newer than anything printed before; all of it where nothing was. */
  missed(messages: WireMessage[]): WireMessage[] {
    return messages.slice(messages.findIndex(({ guid }) => this.guids.has(guid)) + 1);
  }
}

/** A room on a daemon, opened as often as needed; the key is derived once. */
class Session {
  private readonly room: string;
  private readonly options: RoomOptions;
  private readonly io: CliIo;
  private readonly client: Omit<ClientOptions, "token">;
  private key: Uint8Array | null = null;

  constructor(room: string, options: RoomOptions, io: CliIo, client: Omit<ClientOptions, "token">) {
    this.room = room;
    this.options = options;
    this.io = io;
    this.client = client;
  }

  async open(limit: number, grep?: string): Promise<{ client: RoomClient; messages: WireMessage[] }> {
    const client = await connect(daemonUrl(this.options.url), {
      ...this.client,
      token: tokenOf(this.options, this.io),
    });
    try {
      const known = client.rooms.find(({ name }) => name === this.room);
      // A room that is not in the welcome may be hidden from strangers: then the key is the only way in.
      if (known === undefined && this.options.pskFile === undefined && !this.io.env["MESHCORE_ROOM_PSK"])
        throw this.unknown(client);
      if (known?.private !== false) this.key ??= await keyForRoom(this.room, this.options, this.io);
      return { client, messages: await client.join(this.room, this.key, limit, grep) };
    } catch (error) {
      client.close();
      throw error;
    }
  }

  private unknown(client: RoomClient): RoomError {
    const names = client.rooms.map(({ name }) => `"${printable(name)}"`);
    const detail = { expected: `one of ${names.join(", ")}`, found: `"${this.room}"`, hint: "meshcore-room rooms" };
    return new RoomError("unknown_room", "no such room at this daemon", detail);
  }
}

/** `2026-11-20 21:04:05  Alice: hello  (radio, 2 hops, -71 dBm)` for a person, `2026-11-20T21:04:05Z Alice: hello` for a program. */
function messageLine(message: WireMessage, io: CliIo): string {
  const date = new Date(message.timestamp * 1000);
  const sender = printable(message.sender);
  const text = printable(message.text);
  if (!io.isTty) return `${isoTime(date)} ${sender === "" ? "" : `${sender}: `}${text}\n`;
  const facts = [message.via, hops(message), message.rssi === null ? null : `${message.rssi} dBm`].filter(
    (fact) => fact,
  );
  return `${localTime(date)}  ${sender === "" ? "" : `${bold(io, sender)}: `}${text}  (${facts.join(", ")})\n`;
}

const hops = ({ hops: count }: WireMessage): string | null =>
  count === null || count === undefined ? null : `${count} ${count === 1 ? "hop" : "hops"}`;

// A sender's clock may say anything; Date refuses what is too far away.
const isoTime = (date: Date): string => (Number.isNaN(date.getTime()) ? "?" : date.toISOString().replace(".000", ""));

function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The name on air where none is given: the user's. */
function userName(): string {
  try {
    return userInfo().username || "operator";
  } catch {
    // A container may run under a number that has no name.
    return "operator";
  }
}
