// token create, list, revoke: they work on data_dir itself, with the daemon running or not.
import { type Access, openAccess } from "../auth/access.ts";
import { ROLES, type Role, type Token } from "../auth/tokens.ts";
import { systemClock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import { suggest } from "../config/suggest.ts";
import { RoomError } from "../errors.ts";
import { configForClient } from "./config.ts";
import type { CliIo } from "./io.ts";
import type { AddCommands } from "./kit.ts";
import { collect } from "./kit.ts";
import { type Column, columnsText, type Row, show } from "./table.ts";

interface Options {
  config?: string[];
  json?: boolean;
}

interface CreateOptions extends Options {
  rooms?: string[];
  role: string;
  expires?: string;
}

export const addToken: AddCommands = (program, { io, configured }) => {
  const token = program.command("token").description("make, list and revoke the tokens that clients log in with");
  const sub = (name: string) => configured(token.command(name)).option("--json", "machine readable output");
  sub("create")
    .description("make a token and show it, once")
    .argument("<name>", "whom or what it is for")
    .option("--rooms <names>", "only these rooms, parted by commas; may be given again (default: all rooms)", collect)
    .option("--role <role>", "read, post or admin", "post")
    .option("--expires <when>", "a time such as 12h, 30d or 2027-01-31 (default: never)")
    .action((name: string, options: CreateOptions) => create(name, options, io));
  sub("list")
    .description("show the tokens (without their secrets, which nobody has)")
    .action((options: Options) => list(options, io));
  sub("revoke")
    .description("end a token now; who is connected with it is disconnected")
    .argument("<name>", "its name or id")
    .action((name: string, options: Options) => revoke(name, options, io));
};

async function create(name: string, options: CreateOptions, io: CliIo): Promise<void> {
  const { config } = configForClient(io, options.config);
  const wish = {
    ...{ name, role: roleOf(options.role), rooms: roomsOf(options.rooms, config) },
    expires: options.expires === undefined ? null : expiryOf(options.expires, systemClock.unixMs()),
  };
  const { token, text } = await inAccess(config, (access) => access.tokens.create(wish));
  if (options.json) return io.out(`${JSON.stringify({ ...wireToken(token), token: text }, null, 2)}\n`);
  io.out(`${text}\n`);
  io.err("Keep it now: it is stored as a hash and cannot be shown again.\n");
}

async function list(options: Options, io: CliIo): Promise<void> {
  const { config } = configForClient(io, options.config);
  const tokens = (await inAccess(config, async (access) => access.tokens.list())).map(wireToken);
  if (options.json) return io.out(`${JSON.stringify(tokens, null, 2)}\n`);
  if (tokens.length > 0 || io.isTty) io.out(columnsText(io, tokens, COLUMNS));
  if (tokens.length === 0) io.err("There are no tokens. Make one: meshcore-room token create NAME\n");
}

async function revoke(name: string, options: Options, io: CliIo): Promise<void> {
  const { config } = configForClient(io, options.config);
  const isGone = await inAccess(config, async (access) => access.tokens.revoke(name));
  if (!isGone) {
    const hint = "meshcore-room token list";
    throw new RoomError("unknown_token", `there is no token ${JSON.stringify(name)}`, { hint });
  }
  io.out(options.json ? `${JSON.stringify({ revoked: name })}\n` : `revoked ${show(name)}\n`);
}

async function inAccess<T>({ dataDir }: Config, work: (access: Access) => Promise<T>): Promise<T> {
  const access = openAccess(dataDir, systemClock);
  try {
    return await work(access);
  } finally {
    access.close();
  }
}

function roleOf(text: string): Role {
  const role = ROLES.find((name) => name === text);
  if (role !== undefined) return role;
  const near = suggest(text, ROLES);
  const hint = near === null ? "--role post" : `did you mean ${near}?`;
  throw new RoomError("bad_usage", "--role", { expected: "read, post or admin", found: JSON.stringify(text), hint });
}

/** A name may hold a comma itself: what is a room's name as it stands is not taken apart. */
function roomsOf(given: string[] | undefined, config: Config): string[] | null {
  if (given === undefined) return null;
  const names = config.rooms.map((room) => room.name);
  const wanted = given.flatMap((text) => (names.includes(text) ? [text] : text.split(",").map((name) => name.trim())));
  for (const name of wanted) {
    if (names.includes(name)) continue;
    const near = suggest(name, names);
    throw new RoomError("bad_usage", "--rooms", {
      expected: `rooms of ${config.files.join(", ")}`,
      found: JSON.stringify(name),
      hint: near === null ? "meshcore-room rooms" : `did you mean ${JSON.stringify(near)}?`,
    });
  }
  return [...new Set(wanted)];
}

const UNITS: Record<string, number> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

/** Unix milliseconds of `30d`, or of a date or time. Throws bad_usage, also for what is over. */
function expiryOf(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,6})\s*([mhdwy])$/.exec(text) ?? [];
  const atMs = unit !== undefined ? nowMs + Number(count) * UNITS[unit] : /^\d{4}-/.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(atMs) && atMs > nowMs) return atMs;
  const expected = "a time to come, such as 12h, 30d, 1y, 2027-01-31 or 2027-01-31T12:00:00Z";
  throw new RoomError("bad_usage", "--expires", { expected, found: JSON.stringify(text), hint: "--expires 90d" });
}

function wireToken({ id, name, role, rooms, created, expires, lastUsed }: Token): Row {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return { id, name, role, rooms, created: iso(created), expires: iso(expires), last_used: iso(lastUsed) };
}

const COLUMNS: Column[] = [
  ["name", ({ name }) => show(name)],
  ["id", ({ id }) => show(id)],
  ["role", ({ role }) => show(role)],
  ["rooms", ({ rooms }) => (Array.isArray(rooms) ? show(rooms.join(", ")) : "all")],
  ["created", ({ created }) => dayOf(created)],
  ["expires", ({ expires }) => (expires === null ? "never" : isOver(expires) ? "expired" : dayOf(expires))],
  ["last used", ({ last_used }) => (last_used === null ? "never" : dayOf(last_used))],
];

const dayOf = (iso: unknown): string => String(iso).slice(0, 16).replace("T", " ");
const isOver = (iso: unknown): boolean => Date.parse(String(iso)) <= systemClock.unixMs();
