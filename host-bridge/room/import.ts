import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { z } from "zod";
import { RoomError } from "../errors.ts";
import { EXPORT_FORMAT } from "./export.ts";
import type { RoomMessage } from "./message.ts";

// A message has 160 bytes of text; with a reception by each of a hundred boards its line is still far below.
const MAX_LINE = 256 * 1024;
const CHUNK = 1024 * 1024;
/** Messages of a room that go into one transaction; beyond, the room takes several. */
const GROUP = 50_000;

const whole = z.number().int();
const signal = { rssi: whole.nullable(), snr: z.number().nullable() };
const headLine = z.object({ type: z.literal("meshcore-room-export"), format: whole });
const endLine = z.object({ type: z.literal("end"), messages: whole, sha256: z.string() });
const messageLine = z.object({
  type: z.literal("message"),
  room: z.string().min(1),
  guid: z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, { error: "a GUID" }),
  sender: z.string(),
  text: z.string(),
  timestamp: whole.min(0),
  received_at_ms: whole.min(0),
  via: z.enum(["radio", "client", "federation", "mqtt"]),
  origin: z.string(),
  ...signal,
  hops: whole.nullable(),
  board: z.string().nullable(),
  receptions: z.array(z.object({ board: z.string(), heard_at_ms: whole, ...signal, hops: whole })),
  payload: z.string().regex(/^([0-9a-f]{2})+$/, { error: "hex digits" }),
});

export interface ImportFacts {
  rooms: number;
  messages: number;
  /** Of these, what the history did not have. */
  added: number;
}

/**
 * Reads an export twice: first all of it is checked, and nothing is taken from a file that is damaged, cut off or of a newer
 * format; then `take` gets the messages of one room after the other, in their order, and returns how many were new. Done again,
 * or after it was interrupted, it adds what is lacking. Throws RoomError `bad_export`, `file_unreadable` and what `take` throws.
 */
export function importHistory(
  file: string,
  take: (room: string, messages: RoomMessage[]) => number,
  progress: (messages: number) => void,
): ImportFacts {
  checkExport(file);
  const facts: ImportFacts = { rooms: 0, messages: 0, added: 0 };
  const rooms = new Set<string>();
  let group: RoomMessage[] = [];
  const flush = (): void => {
    if (group.length === 0) return;
    facts.added += take(group[0].room, group);
    facts.messages += group.length;
    group = [];
    progress(facts.messages);
  };
  for (const { text, number } of linesOf(file)) {
    const line = parseLine(file, number, text);
    if (line.type !== "message") continue;
    if (group.length >= GROUP || (group.length > 0 && group[0].room !== line.room)) flush();
    rooms.add(line.room);
    group.push(toMessage(line));
  }
  flush();
  return { ...facts, rooms: rooms.size };
}

function checkExport(file: string): void {
  const hash = createHash("sha256");
  let messages = 0;
  let end: z.infer<typeof endLine> | null = null;
  let last = 0;
  for (const { text, number } of linesOf(file)) {
    last = number;
    if (end !== null) throw damaged(file, number, "nothing after the end line", "more lines");
    const line = parseLine(file, number, text);
    if ((number === 1) !== (line.type === "meshcore-room-export")) {
      throw damaged(file, number, "one line that says what the file is, the first", `a line of type ${line.type}`);
    }
    if (line.type === "end") end = line;
    else hash.update(`${text}\n`);
    if (line.type === "message") messages++;
  }
  if (end === null) throw damaged(file, last, "an end line", "the end of the file: it was cut off");
  if (end.messages !== messages) throw damaged(file, last, `${end.messages} messages`, String(messages));
  if (end.sha256 !== hash.digest("hex")) throw damaged(file, last, "lines as they were written", "another SHA-256");
}

type Line = z.infer<typeof headLine> | z.infer<typeof messageLine> | z.infer<typeof endLine>;
const anyLine = z.discriminatedUnion("type", [headLine, messageLine, endLine], {
  error: "a line of an export by meshcore-room",
});

function parseLine(file: string, number: number, text: string): Line {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(file, number, "JSON", "something else");
  }
  const parsed = anyLine.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw damaged(file, number, [...path, message].join(": "), null);
  }
  const { data } = parsed;
  if (data.type === "meshcore-room-export" && data.format > EXPORT_FORMAT) {
    throw new RoomError("bad_export", `${file} was written by a newer version of meshcore-room`, {
      expected: `format ${EXPORT_FORMAT}`,
      found: `format ${data.format}`,
      hint: "update meshcore-room",
    });
  }
  return data;
}

function damaged(file: string, line: number, expected: string, found: string | null): RoomError {
  return new RoomError("bad_export", `${file}:${line}`, {
    expected,
    found: found ?? undefined,
    hint: "export again; nothing was taken from this file",
  });
}

function toMessage(line: z.infer<typeof messageLine>): RoomMessage {
  const { type: _, received_at_ms, receptions, payload, ...rest } = line;
  return {
    ...rest,
    receivedAt: received_at_ms,
    payload: new Uint8Array(Buffer.from(payload, "hex")),
    receptions: receptions.map(({ heard_at_ms, ...heard }) => ({ ...heard, heardAt: heard_at_ms })),
  };
}

/** The lines of a file of any size, without their newlines; empty ones are left out. */
function* linesOf(file: string): Generator<{ text: string; number: number }> {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (error) {
    throw new RoomError("file_unreadable", `${file} cannot be read`, {
      found: String((error as NodeJS.ErrnoException).code),
      hint: "check the path",
      cause: error,
    });
  }
  try {
    const chunk = Buffer.alloc(CHUNK);
    let rest = Buffer.alloc(0);
    let number = 0;
    for (let length = -1; length !== 0; ) {
      length = readSync(handle, chunk, 0, CHUNK, null);
      let bytes = Buffer.concat([rest, chunk.subarray(0, length)]);
      for (let at = bytes.indexOf(10); at >= 0 || (length === 0 && bytes.length > 0); at = bytes.indexOf(10)) {
        const text = bytes.toString("utf8", 0, at < 0 ? bytes.length : at);
        bytes = bytes.subarray(at < 0 ? bytes.length : at + 1);
        number++;
        if (text !== "") yield { text, number };
      }
      if (bytes.length > MAX_LINE)
        throw damaged(file, number + 1, `a line of at most ${MAX_LINE} bytes`, "a longer one");
      rest = bytes;
    }
  } finally {
    closeSync(handle);
  }
}
