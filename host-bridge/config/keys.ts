// Every key of the configuration (SPEC section 3), one row each: what is accepted, and the default. The `error` of each row
// is what a person reads after "expected".
import * as z from "zod";
import { isHost, parseAddress } from "./address.ts";

/** MeshCore keeps a channel's name in 32 bytes with a closing NUL. */
const MAX_ROOM_NAME_BYTES = 31;

const text = (expected = "a text") => z.string({ error: expected }).min(1, { error: `${expected} that is not empty` });
/** Shown to people on one line. */
const label = (expected: string) => text(expected).regex(/^\P{Cc}*$/u, { error: `${expected} on one line` });
const flag = () => z.boolean({ error: "true or false" });
const integer = (low: number, high: number, what = "a whole number") => {
  const error = `${what} from ${low} to ${high}`;
  return z.int({ error }).min(low, { error }).max(high, { error });
};
const decimal = (low: number, high: number, what = "a number") => {
  const error = `${what} from ${low} to ${high}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
};
const port = () => integer(1, 65535, "a port");
const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, {
    error: names.length === 2 ? names.join(" or ") : `${names.slice(0, -1).join(", ")} or ${names[names.length - 1]}`,
  });
const table = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape, { error: "a table of keys" });
const list = <T extends z.ZodType>(item: T) => z.array(item, { error: "a list" }).default([]);

const address = (lowestPort: 0 | 1) => {
  const error = `host:port, such as 127.0.0.1:7070, with a port from ${lowestPort} to 65535`;
  return z.string({ error }).transform((value, context) => {
    const parsed = parseAddress(value, lowestPort);
    if (parsed !== null) return parsed;
    context.issues.push({ code: "custom", input: value, message: error });
    return z.NEVER;
  });
};

const url = (schemes: readonly string[], example: string) => {
  const error = `a URL such as ${example}`;
  return z
    .string({ error })
    .refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol), { error });
};

const room = table({
  name: label("the room's name")
    .regex(/^\S(.*\S)?$/su, { error: "the room's name without spaces around it" })
    .refine((name) => new TextEncoder().encode(name).length <= MAX_ROOM_NAME_BYTES, {
      error: `a room's name of at most ${MAX_ROOM_NAME_BYTES} bytes (MeshCore's limit)`,
    }),
  psk: z.string({ error: 'a text in quotes ("" for a public room)' }).default(""),
  description: z.string({ error: "a text" }).default(""),
  max_history: integer(1, 10_000_000).default(1000),
  federate: flag().default(true),
  mqtt: flag().default(true),
  rebroadcast: flag().default(true),
  read_only: flag().default(false),
  room_server: flag().default(false),
  airtime_percent: decimal(0, 100, "a percentage").default(50),
});

const peer = table({
  name: label("the peer's name").optional(),
  host: z.string({ error: "a host name or address" }).refine(isHost, { error: "a host name or address" }).optional(),
  port: port().optional(),
  addr: address(1).optional(),
  secret: text("a text in quotes").optional(),
});

const boardId = () =>
  text("a name for the board")
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, {
      error: "letters, digits, and - _ . after the first, at most 63 of them",
    })
    .optional();
const cable = {
  id: boardId(),
  path: text("a device such as /dev/ttyACM0 or COM3, or tcp://host:port").refine(
    (path) => !path.includes("://") || (path.startsWith("tcp://") && parseAddress(path.slice(6)) !== null),
    { error: "a device such as /dev/ttyACM0 or COM3, or tcp://host:port" },
  ),
  baud: integer(300, 4_000_000).default(115_200),
};
/** LoRa bandwidths of the SX1262, in kHz, as MeshCore writes them (datasheet table 13-48). */
export const BANDWIDTHS_KHZ = [7.8, 10.4, 15.6, 20.8, 31.25, 41.7, 62.5, 125, 250, 500];
const BANDWIDTH_ERROR = `one of ${BANDWIDTHS_KHZ.join(", ")}`;
const CODING_RATE_ERROR = "5, 6, 7 or 8 (or 4/5 ... 4/8)";

const radio = table({
  preset: text("the name of a preset").optional(),
  frequency_mhz: decimal(150, 960, "a frequency in MHz that the SX1262 reaches,").optional(),
  bandwidth_khz: z
    .number({ error: BANDWIDTH_ERROR })
    .refine((value) => BANDWIDTHS_KHZ.includes(value), { error: BANDWIDTH_ERROR })
    .optional(),
  spreading_factor: integer(5, 12).optional(),
  coding_rate: z
    .literal([5, 6, 7, 8, "4/5", "4/6", "4/7", "4/8"], { error: CODING_RATE_ERROR })
    .transform((value) => (typeof value === "number" ? value : Number(value.slice(2))))
    .optional(),
  tx_power_dbm: integer(-9, 22, "a whole number of dBm").optional(),
  duty_cycle_percent: decimal(0.1, 100, "a percentage").optional(),
});

const board = z.discriminatedUnion(
  "type",
  [
    table({ type: z.literal("serial"), ...cable, radio: radio.optional() }),
    table({ type: z.literal("kiss"), ...cable, radio: radio.optional() }),
    table({
      type: z.literal("sim"),
      id: boardId(),
      model: text("a board id").default("sim"),
      ether: address(1).optional(),
      radio: radio.optional(),
    }),
  ],
  { error: (issue) => ((issue.code as string) === "invalid_type" ? "a table of keys" : "serial, sim or kiss") },
);

const tlsFiles = table({ cert: text("the path of a PEM file"), key: text("the path of a PEM file") });

/** The top level. Each section is checked by itself, so that one mistake does not hide the next. */
export const KEYS = {
  name: label("this server's name").optional(),
  data_dir: text("a directory").optional(),
  listen: address(0).prefault("127.0.0.1:7070"),
  tls: tlsFiles.optional(),
  companion: table({ listen: address(0).optional() }).prefault({}),
  boards: list(board),
  radio: radio.prefault({}),
  rooms: list(room),
  peers: list(peer),
  federation: table({
    enabled: flag().optional(),
    federation_port: port().default(5001),
    tls_cert: text("the path of a PEM file").optional(),
    tls_key: text("the path of a PEM file").optional(),
    federation_secret: text("a text in quotes").optional(),
    status_endpoint: flag().default(false),
    status_port: port().default(5002),
    peers: list(peer),
  }).prefault({}),
  mqtt: table({
    enabled: flag().optional(),
    broker: url(["mqtt:", "mqtts:", "ws:", "wss:"], "mqtt://localhost:1883").optional(),
    topic_prefix: text("a topic")
      .regex(/^[^+#/\s]+(\/[^+#/\s]+)*$/, { error: "a topic without + # or spaces, and no / at its ends" })
      .default("meshcore"),
    profile: oneOf(["native", "mc2mqtt"]).default("native"),
    username: text("a text in quotes").optional(),
    password: text("a text in quotes").optional(),
    client_id: text("a text in quotes").optional(),
    ca: text("the path of a PEM file").optional(),
    cert: text("the path of a PEM file").optional(),
    key: text("the path of a PEM file").optional(),
    iata: z
      .string({ error: "a region code of three letters, or test" })
      .regex(/^([A-Z]{3}|test)$/, { error: "a region code of three capital letters, or test" })
      .default("test"),
  }).prefault({}),
  clients: table({
    auth: oneOf(["required", "optional"]).optional(),
    rate_limit: table({
      messages_per_minute: decimal(0.1, 100_000).default(20),
      burst: integer(1, 100_000).default(5),
      connections_per_address: integer(1, 1_000_000).default(20),
    }).prefault({}),
  }).prefault({}),
  alerts: table({
    silent_after_s: integer(1, 31_536_000, "a number of seconds").default(3600),
    webhook: url(["http:", "https:"], "https://example.com/hook").optional(),
  }).prefault({}),
  log: table({
    level: oneOf(["debug", "info", "warn", "error"]).default("info"),
    format: oneOf(["text", "json"]).default("text"),
  }).prefault({}),
  simulator: table({
    neighbours: integer(0, 100).default(0),
    speed: decimal(0, 1000, "a number").default(1),
  }).prefault({}),
};

export type Section = keyof typeof KEYS;
/** What the files say, checked and with the defaults that depend on nothing else. */
export type Settings = { [Name in Section]: z.output<(typeof KEYS)[Name]> };

/** The keys that may stand where `value` stands in the table of `schema`; empty for what is no table. */
export function keysOf(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const inner = unwrap(schema, value);
  if (path.length > 0) {
    const next =
      value === null || typeof value !== "object" ? undefined : (value as Record<PropertyKey, unknown>)[path[0]];
    if (inner instanceof z.ZodArray) return keysOf(inner.element, path.slice(1), next);
    const below = inner instanceof z.ZodObject ? (inner.shape as z.core.$ZodLooseShape)[String(path[0])] : undefined;
    return below === undefined ? [] : keysOf(below, path.slice(1), next);
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType, value);
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const type = value !== null && typeof value === "object" ? (value as { type?: unknown }).type : undefined;
  const option = schema.options.find((one) => one instanceof z.ZodObject && one.shape.type.safeParse(type).success);
  return option ?? schema;
}

/** A hint to leave out the key at `path` of a section, with the default that it then has; null where it may not be left out. */
export function defaultText(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string | null {
  const inner = unwrap(schema, value);
  if (path.length === 0) {
    if (schema === inner) return null;
    const fallback =
      schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
    const isPlain = fallback !== undefined && typeof fallback !== "object";
    return isPlain ? `leave it out for the default, ${JSON.stringify(fallback)}` : "leave it out";
  }
  const next =
    value === null || typeof value !== "object" ? undefined : (value as Record<PropertyKey, unknown>)[path[0]];
  if (inner instanceof z.ZodArray) return defaultText(inner.element, path.slice(1), next);
  const below = inner instanceof z.ZodObject ? (inner.shape as z.core.$ZodLooseShape)[String(path[0])] : undefined;
  return below === undefined ? null : defaultText(below, path.slice(1), next);
}

/** Where each key of the whole configuration belongs, for a hint when it stands in the wrong table: `psk` in `rooms[]`. */
export function homesOf(key: string): string[] {
  return Object.entries(KEYS).flatMap(([section, schema]) => homes(schema, section, key));
}

function homes(schema: z.core.$ZodType, path: string, key: string): string[] {
  const inner = unwrap(schema, undefined);
  if (inner instanceof z.ZodArray) return homes(inner.element, `${path}[]`, key);
  if (inner instanceof z.ZodDiscriminatedUnion) {
    return [...new Set(inner.options.flatMap((option) => homes(option, path, key)))];
  }
  if (!(inner instanceof z.ZodObject)) return [];
  const shape = inner.shape as z.core.$ZodLooseShape;
  const below = Object.entries(shape).flatMap(([name, field]) => homes(field, `${path}.${name}`, key));
  return Object.hasOwn(shape, key) ? [path, ...below] : below;
}
