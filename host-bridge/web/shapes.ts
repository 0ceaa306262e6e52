// What goes over HTTP, both ways: the checks of the server and the OpenAPI document in one.
import { z } from "zod";
import { NODE_TYPES } from "../nodes/node.ts";

const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 50;

export const problem = z
  .object({ code: z.string(), message: z.string(), retry_after_s: z.number().int().optional() })
  .meta({ id: "Problem" });

export const message = z
  .object({
    type: z.literal("message"),
    room: z.string(),
    guid: z.string().meta({ description: "lower-case UUID" }),
    sender: z.string(),
    text: z.string(),
    timestamp: z.number().int().meta({ description: "Unix seconds, the sender's clock" }),
    origin: z.string().meta({ description: "the server at which it came in" }),
    via: z.enum(["radio", "client", "federation", "mqtt"]),
    rssi: z.number().nullable().meta({ description: "dBm" }),
    snr: z.number().nullable().meta({ description: "dB" }),
    hops: z.number().int().nullable(),
  })
  .meta({ id: "Message" });

export const room = z
  .object({
    name: z.string(),
    private: z.boolean(),
    description: z.string(),
    topic: z.string(),
    read_only: z.boolean(),
    messages: z.number().int(),
    max_history: z.number().int(),
  })
  .meta({ id: "Room" });

export const participant = z
  .object({
    name: z.string(),
    connected: z.boolean().meta({ description: "has joined the room now" }),
    last_seen: z.number().int().nullable().meta({ description: "Unix seconds of the last message" }),
    messages: z.number().int().meta({ description: "in the last 24 hours" }),
  })
  .meta({ id: "Participant" });

export const muted = z
  .object({ sender: z.string(), since: z.number().int(), until: z.number().int().nullable() })
  .meta({ id: "Muted" });

const UNIX_OR_NULL = "Unix seconds by this server's clock; null while that was not set";
const LISTENED = "seconds, counted while a board listens";

export const node = z
  .object({
    node_id: z.string().meta({ description: "public key, 64 hex digits" }),
    name: z.string().meta({ description: "as it calls itself" }),
    type: z.enum(NODE_TYPES),
    lat: z.number().nullable().meta({ description: "degrees; null where it tells no position" }),
    lon: z.number().nullable(),
    last_seen: z.number().int().nullable().meta({ description: UNIX_OR_NULL }),
    rssi: z.number().nullable().meta({ description: "dBm, of its last advert" }),
    snr: z.number().nullable().meta({ description: "dB" }),
    hops: z.number().int().meta({ description: "repeaters between it and the board" }),
    battery_mv: z.number().int().nullable().meta({ description: "null as long as nothing tells it" }),
    first_seen: z.number().int().nullable().meta({ description: UNIX_OR_NULL }),
    board: z.string().meta({ description: "the board here that heard it best" }),
    path: z.array(z.string()).meta({ description: "hashes of the repeaters, hex, in the order of the way to us" }),
    adverts: z.number().int().meta({ description: "heard since it is known" }),
    own: z.boolean().meta({ description: "a board of this server" }),
    heard_every_s: z
      .number()
      .int()
      .nullable()
      .meta({ description: `its usual time between two adverts, ${LISTENED}` }),
    longest_gap_s: z
      .number()
      .int()
      .nullable()
      .meta({ description: `the longest lately, ${LISTENED}` }),
    silent: z.boolean().meta({ description: "it is reported as silent" }),
  })
  .meta({ id: "Node" });

export const roomParams = z.object({ room: z.string() });
export const mutedParams = z.object({ room: z.string(), sender: z.string() });

const TIME = "Unix seconds, or a time such as 2026-11-20T18:00:00Z";
const time = z
  .string({ error: TIME })
  .max(64)
  .transform((text, context) => {
    const seconds = /^\d{1,12}$/.test(text) ? Number(text) : Math.floor(Date.parse(text) / 1000);
    if (Number.isFinite(seconds)) return seconds;
    context.issues.push({ code: "custom", input: text, message: TIME });
    return z.NEVER;
  })
  .meta({ description: TIME, override: { type: "string" } });
// Digits alone are a time, anything else is the GUID of a message.
const bound = (side: string) =>
  z
    .string()
    .max(64)
    .transform((text) => (/^\d+$/.test(text) ? Number(text) : text))
    .meta({
      description: `only messages ${side} the one with this GUID, or, digits, ${side} this time (Unix seconds)`,
      override: { type: "string" },
    });

export const messagesQuery = z.object({
  before: bound("before").optional(),
  after: bound("after").optional(),
  since: time.optional(),
  /** Not itself included. */
  until: time.optional(),
  grep: z.string().max(160).optional().meta({ description: "only with this in text or sender, capitals or not" }),
  limit: z.coerce
    .number({ error: "a whole number" })
    .int({ error: "a whole number" })
    .min(1, { error: "1 or more" })
    .transform((limit) => Math.min(limit, MAX_LIMIT))
    .default(DEFAULT_LIMIT)
    .meta({ description: `at most ${MAX_LIMIT}`, override: { type: "integer", minimum: 1, default: DEFAULT_LIMIT } }),
});

export const postBody = z.object({
  sender: z.string({ error: "a name" }).meta({ description: "at most 160 bytes together with the text" }),
  text: z.string({ error: "a text" }),
  ref: z.union([z.string().max(200), z.number()]).optional(),
});

const line = (what: string) =>
  z
    .string({ error: what })
    .max(500, { error: `${what} of at most 500 characters` })
    .regex(/^\P{Cc}*$/u, { error: `${what} on one line` });

export const topicBody = z.object({
  topic: line("a text").nullable().meta({ description: "null: that of the configuration again" }),
});
export const noticeBody = z.object({
  text: line("a text").min(1, { error: "a text" }),
  room: z.string().optional().meta({ description: "only to who is in this room" }),
});
export const muteBody = z.object({
  for_s: z
    .number({ error: "a number of seconds" })
    .int()
    .positive()
    .max(10 * 365 * 86_400)
    .optional()
    .meta({ description: "seconds; until further notice when left out" }),
});
