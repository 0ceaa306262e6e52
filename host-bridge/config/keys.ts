// Every key of the configuration, one row each: what is accepted, the default, and what it means. The `error`
// of each row is what a person reads after "expected"; the description is the row of docs/config.md.
import * as z from "zod";
import { parseQuietHours } from "../alerts/quiet-hours.ts";
import { NODE_TYPES } from "../nodes/node.ts";
import { isHost, isNetwork, parseAddress } from "./address.ts";
import { parseBackbone } from "./backbone-url.ts";

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

const BACKBONE_ERROR =
  "nats://host:4222 or tls://host:4222, or several of them separated by commas, with one user and password or none";

const origin = () => {
  const error = "an origin such as https://example.com";
  return z.string({ error }).refine((value) => URL.canParse(value) && new URL(value).origin === value, { error });
};
const network = () => {
  const error = "an address or a network, such as 127.0.0.1 or 10.0.0.0/8";
  return z.string({ error }).refine(isNetwork, { error });
};
const secretFile = (what: string) =>
  text("the path of a file").optional().describe(`A file with ${what} in it, instead of writing it here.`);

const room = table({
  name: label("the room's name")
    .regex(/^\S(.*\S)?$/su, { error: "the room's name without spaces around it" })
    .refine((name) => new TextEncoder().encode(name).length <= MAX_ROOM_NAME_BYTES, {
      error: `a room's name of at most ${MAX_ROOM_NAME_BYTES} bytes (MeshCore's limit)`,
    })
    .describe("The room's name; with it a public room's key is made and a passphrase salted."),
  psk: z
    .string({ error: 'a text in quotes ("" for a public room)' })
    .default("")
    .describe('The room\'s key: "" for a public room, 32 or 64 hex digits, base64, or a passphrase.'),
  psk_file: secretFile("the psk"),
  description: z.string({ error: "a text" }).default("").describe("What the room is for, shown to clients."),
  topic: z
    .string({ error: "a text" })
    .regex(/^\P{Cc}{0,200}$/u, { error: "a text on one line, of at most 200 characters" })
    .default("")
    .describe("What the room talks about now, shown to clients."),
  max_history: integer(1, 10_000_000).default(1000).describe("Messages kept; the oldest go first."),
  federate: z
    .literal([true, false, "import", "export"], { error: "true, false, import or export" })
    .default(true)
    .describe("Share the room with peers that have the same key; `import` or `export` in one direction only."),
  mqtt: flag().default(true).describe("Publish the room's messages to the brokers."),
  mqtt_post: flag().default(false).describe("Let whoever the broker lets publish to the room's topic post in it."),
  rebroadcast: flag().default(true).describe("Put messages from clients and peers on air."),
  read_only: flag().default(false).describe("Clients read and do not post."),
  room_server: flag().default(false).describe("Serve the room to MeshCore's room-server clients too."),
  airtime_percent: decimal(0, 100, "a percentage")
    .default(50)
    .describe("The share of the transmit budget that messages from the internet may use in this room."),
  previous_name: label("the name it had before")
    .optional()
    .describe("The name it had before: its history comes along. May stay in the file."),
  on_rekey: oneOf(["keep", "archive"])
    .default("keep")
    .describe("What happens to the history when the key changes: the new key's holders read it, or it is put aside."),
});

const peer = table({
  name: label("the peer's name").optional().describe("Its name in the log and in the status; else its address."),
  host: z
    .string({ error: "a host name or address" })
    .refine(isHost, { error: "a host name or address" })
    .optional()
    .describe("Host name or address, beside `port`."),
  port: port().optional().describe("Its port, beside `host`."),
  addr: address(1).optional().describe("Host and port in one, instead of `host` and `port`."),
  secret: text("a text in quotes")
    .optional()
    .describe("The secret shared with this peer; else `federation.federation_secret`."),
  secret_file: secretFile("the secret"),
  fingerprint: z
    .string({ error: "a SHA-256 fingerprint of 64 hex digits" })
    .regex(/^([0-9a-f]{2}:?){32}$/i, { error: "a SHA-256 fingerprint of 64 hex digits" })
    .transform((digits) => digits.replaceAll(":", "").toLowerCase())
    .optional()
    .describe("SHA-256 of the peer's certificate: no other will do (`meshcore-room federation pair` shows it)."),
  blind_hub: flag().default(false).describe("It may keep and pass on, sealed, the rooms that it has no key of."),
});

const boardId = () =>
  text("a name for the board")
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, {
      error: "letters, digits, and - _ . after the first, at most 63 of them",
    })
    .optional()
    .describe("Its name here; else made of the port or the model.");
const cable = {
  id: boardId(),
  path: text("a device such as /dev/ttyACM0 or COM3, or tcp://host:port")
    .refine((path) => !path.includes("://") || (path.startsWith("tcp://") && parseAddress(path.slice(6)) !== null), {
      error: "a device such as /dev/ttyACM0 or COM3, or tcp://host:port",
    })
    .describe("The port; names in /dev/serial/by-id/ stay the same when boards change places."),
  baud: integer(300, 4_000_000).default(115_200).describe("Bits per second of a serial port."),
};
const NODE_ERROR = "a node's public key, 64 hex digits, or the first 8 or more of them";
const watchedNode = table({
  node: z
    .string({ error: NODE_ERROR })
    .regex(/^[0-9a-f]{8,64}$/i, { error: NODE_ERROR })
    .transform((digits) => digits.toLowerCase())
    .describe("Its public key, or the first 8 or more digits of it (`meshcore-room nodes --json`)."),
  silent_after_s: integer(1, 31_536_000, "a number of seconds")
    .optional()
    .describe("For this node alone, whatever its habit is."),
  ignore: flag().default(false).describe("Its silence is not reported."),
});
const QUIET_ERROR = "hours such as 22:00-07:00";

/** LoRa bandwidths of the SX1262, in kHz, as MeshCore writes them (datasheet table 13-48). */
const BANDWIDTHS_KHZ = [7.8, 10.4, 15.6, 20.8, 31.25, 41.7, 62.5, 125, 250, 500];
const BANDWIDTH_ERROR = `one of ${BANDWIDTHS_KHZ.join(", ")}`;
const CODING_RATE_ERROR = "5, 6, 7 or 8 (or 4/5 ... 4/8)";

const radio = table({
  preset: text("the name of a preset")
    .optional()
    .describe("A community preset of MeshCore's app; the keys below come over it."),
  frequency_mhz: decimal(150, 960, "a frequency in MHz that the SX1262 reaches,")
    .optional()
    .describe("The middle of the channel."),
  bandwidth_khz: z
    .number({ error: BANDWIDTH_ERROR })
    .refine((value) => BANDWIDTHS_KHZ.includes(value), { error: BANDWIDTH_ERROR })
    .optional()
    .describe("LoRa bandwidth."),
  spreading_factor: integer(5, 12).optional().describe("LoRa spreading factor: more reaches further and takes longer."),
  coding_rate: z
    .literal([5, 6, 7, 8, "4/5", "4/6", "4/7", "4/8"], { error: CODING_RATE_ERROR })
    .transform((value) => (typeof value === "number" ? value : Number(value.slice(2))))
    .optional()
    .describe("LoRa coding rate."),
  tx_power_dbm: integer(-9, 22, "a whole number of dBm").optional().describe("Transmit power at the chip."),
  duty_cycle_percent: decimal(0.1, 100, "a percentage")
    .optional()
    .describe("The most of any hour that may be spent on air."),
});

const ownRadio = radio.optional();
const board = z.discriminatedUnion(
  "type",
  [
    table({ type: z.literal("serial").describe("A board with this project's firmware."), ...cable, radio: ownRadio }),
    table({ type: z.literal("kiss").describe("A stock MeshCore KISS modem."), ...cable, radio: ownRadio }),
    table({
      type: z.literal("sim").describe("A simulated board that runs the built bundle."),
      id: boardId(),
      model: text("a board id").default("sim").describe("Which board it is: an id of `boards/`."),
      ether: address(1).optional().describe("The simulated channel it is on."),
      radio: ownRadio,
    }),
  ],
  { error: (issue) => ((issue.code as string) === "invalid_type" ? "a table of keys" : "serial, sim or kiss") },
);

const pem = () => text("the path of a PEM file");
const tlsFiles = table({
  cert: pem().describe("The certificate, with what is between it and its root; read again when the file changes."),
  key: pem().describe("Its private key; read again when the file changes."),
});

const brokerUrl = () => url(["mqtt:", "mqtts:", "ws:", "wss:"], "mqtt://localhost:1883");
/** What there is to say of a broker besides its URL. */
const brokerKeys = {
  topic_prefix: text("a topic")
    .regex(/^[^+#/\s]+(\/[^+#/\s]+)*$/, { error: "a topic without + # or spaces, and no / at its ends" })
    .default("meshcore")
    .describe("What all topics begin with."),
  profile: oneOf(["native", "mc2mqtt"])
    .default("native")
    .describe("This project's topics, or those that the MeshCore analysers read."),
  username: text("a text in quotes").optional().describe("For the broker; may stand in the URL."),
  password: text("a text in quotes").optional().describe("For the broker; may stand in the URL."),
  password_file: secretFile("the password"),
  client_id: text("a text in quotes").optional().describe("The MQTT client id; else one of the server's name."),
  ca: pem().optional().describe("Who signed the broker's certificate; else the system's authorities."),
  cert: pem().optional().describe("A client certificate."),
  key: pem().optional().describe("Its private key."),
  iata: z
    .string({ error: "a region code of three letters, or test" })
    .regex(/^([A-Z]{3}|test)$/, { error: "a region code of three capital letters, or test" })
    .default("test")
    .describe("The region in the topics of `profile: mc2mqtt`."),
};

/** The top level. Each section is checked by itself, so that one mistake does not hide the next. */
export const KEYS = {
  name: label("this server's name").optional().describe("This server's name, the origin of its messages."),
  data_dir: text("a directory").optional().describe("Where history and keys are kept; made with mode 0700."),
  listen: address(0).prefault("127.0.0.1:7070").describe("Where the web page, HTTP and WebSocket are served."),
  tls: tlsFiles.optional(),
  companion: table({
    listen: address(0).optional().describe("Where MeshCore's companion protocol is served over TCP."),
  }).prefault({}),
  boards: list(board),
  radio: radio.prefault({}),
  rooms: list(room),
  peers: list(peer),
  federation: table({
    enabled: flag().optional().describe("Speak with other room servers."),
    federation_port: port().default(5001).describe("Where peers connect; they may use the port of `listen` too."),
    tls_cert: pem().optional().describe("The certificate shown to peers; else one is made in `data_dir`."),
    tls_key: pem().optional().describe("Its private key."),
    ca: pem().optional().describe("Authorities that peers' certificates must come from; else any certificate will do."),
    max_kib_per_s: integer(0, 1_000_000)
      .default(0)
      .describe("The most that is sent to each peer; 0 is without a limit."),
    federation_secret: text("a text in quotes")
      .optional()
      .describe("The secret for all peers that have none of their own."),
    federation_secret_file: secretFile("the secret"),
    status_endpoint: flag().default(false).describe("Serve the federation's status on a port of its own."),
    status_port: port().default(5002).describe("That port."),
    rebroadcast_max_age_s: integer(1, 86_400, "a number of seconds")
      .default(300)
      .describe("A peer's message that is older than that does not go on air any more."),
    blind_hub: table({
      max_rooms: integer(1, 4096).default(64).describe("The most of them that this server keeps."),
      max_rooms_per_peer: integer(1, 4096)
        .default(16)
        .describe("The most that one peer may bring; peers with the same secret count as one."),
      max_messages: integer(1, 10_000_000).default(5000).describe("Messages kept of each; the oldest go first."),
    })
      .optional()
      .describe("Keep and pass on rooms of peers that this server has no key of."),
    backbone: z
      .string({ error: BACKBONE_ERROR })
      .refine((value) => parseBackbone(value) !== null, { error: BACKBONE_ERROR })
      .optional()
      .describe("NATS servers with JetStream, separated by commas: all hubs that name them are one."),
    backbone_stream: text("a name")
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "a name of letters, digits, - and _" })
      .default("meshcore")
      .describe("The stream of this hub there, the same at each of its bridges."),
    backbone_replicas: integer(1, 5)
      .default(3)
      .describe("NATS servers that keep each message; more than half must run."),
    backbone_user: text("a text in quotes").optional().describe("For the NATS servers; may stand in the URL."),
    backbone_password: text("a text in quotes").optional().describe("For the NATS servers; may stand in the URL."),
    backbone_password_file: secretFile("the password"),
    backbone_creds: text("the path of a .creds file")
      .optional()
      .describe("A `.creds` file, instead of user and password."),
    backbone_ca: pem().optional().describe("Who signed the NATS servers' certificates; else the system's authorities."),
    backbone_cert: pem().optional().describe("A client certificate for them."),
    backbone_key: pem().optional().describe("Its private key."),
    peers: list(peer),
  }).prefault({}),
  mqtt: table({
    enabled: flag().optional().describe("Publish to the brokers."),
    broker: brokerUrl().optional().describe("The broker's URL."),
    ...brokerKeys,
    brokers: list(table({ broker: brokerUrl().describe("The broker's URL."), ...brokerKeys })),
  }).prefault({}),
  clients: table({
    auth: oneOf(["required", "optional"]).optional().describe("Whether a client needs a token."),
    trusted_proxies: list(network()).describe(
      "Addresses and networks of reverse proxies whose X-Forwarded-For is believed.",
    ),
    allowed_origins: list(origin()).describe("Web pages of other sites that may use the API from a browser (CORS)."),
    ping_interval_s: integer(1, 3600, "a number of seconds").default(30).describe("How often a client is pinged."),
    idle_timeout_s: integer(2, 86_400, "a number of seconds")
      .default(75)
      .describe("A client of which nothing comes for so long, not even the answer to a ping, is gone."),
    send_queue_kb: integer(16, 1_048_576)
      .default(1024)
      .describe("A client that leaves more than this unread is dropped."),
    rate_limit: table({
      messages_per_minute: decimal(0.1, 100_000).default(20).describe("Posts of one client, on average."),
      burst: integer(1, 100_000).default(5).describe("Posts that may come at once."),
      connections_per_address: integer(1, 1_000_000).default(20).describe("Connections of one address at a time."),
    }).prefault({}),
    login: table({
      failures: integer(1, 1000).default(5).describe("Wrong tokens and proofs of one address before it has to wait."),
      delay_s: decimal(0.1, 3600, "a number of seconds")
        .default(1)
        .describe("How long it waits then; doubled with each further failure."),
      max_delay_s: decimal(0.1, 86_400, "a number of seconds").default(300).describe("The longest wait."),
      forget_after_s: integer(1, 604_800, "a number of seconds")
        .default(3600)
        .describe("After so long without a failure the address begins anew."),
    }).prefault({}),
  }).prefault({}),
  nodes: table({
    forget_after_s: integer(60, 315_360_000, "a number of seconds")
      .default(2_592_000)
      .describe("A node that was not heard for so long, while a board listened, is forgotten."),
    max: integer(1, 100_000)
      .default(10_000)
      .describe("Nodes that are remembered; beyond that those that were heard once go first, then the oldest."),
  }).prefault({}),
  alerts: table({
    silent_after_s: integer(1, 31_536_000, "a number of seconds")
      .default(3600)
      .describe("A node that was not heard for so long is reported, until its own habit is known (docs/nodes.md)."),
    lost_after_s: integer(1, 31_536_000, "a number of seconds")
      .default(300)
      .describe("A board, a peer or a broker that is away for so long is reported."),
    types: list(oneOf(NODE_TYPES)).describe("The types of nodes that are watched; without any, all are."),
    nodes: list(watchedNode),
    quiet_hours: z
      .string({ error: QUIET_ERROR })
      .transform((text, context) => {
        const hours = parseQuietHours(text);
        if (hours !== null) return hours;
        context.issues.push({ code: "custom", input: text, message: QUIET_ERROR });
        return z.NEVER;
      })
      .optional()
      .describe(
        "Hours of this machine's clock in which the webhook is left alone; what still stands then is told after them.",
      ),
    webhook: url(["http:", "https:"], "https://example.com/hook").optional().describe("Where alerts are posted."),
    webhook_file: secretFile("the URL"),
    webhook_secret: text("a text in quotes")
      .optional()
      .describe("With it each alert that is posted is signed (docs/nodes.md)."),
    webhook_secret_file: secretFile("the secret"),
  }).prefault({}),
  log: table({
    level: oneOf(["debug", "info", "warn", "error"]).default("info").describe("The least that is logged."),
    format: oneOf(["text", "json"]).default("text").describe("Lines for people, or one JSON object a line."),
  }).prefault({}),
  metrics: table({
    private_rooms: flag()
      .default(false)
      .describe("Name private rooms in `/metrics` too: whoever may scrape it then knows that they are there."),
  }).prefault({}),
  simulator: table({
    neighbours: integer(0, 100).default(0).describe("Simulated nodes that chat on the simulated channel."),
    speed: decimal(0, 1000, "a number")
      .default(1)
      .describe("Its time: 1 is real time, 10 ten times faster, 0 as fast as possible."),
  }).prefault({}),
};

export type Section = keyof typeof KEYS;
/** What the files say, checked and with the defaults that depend on nothing else. */
export type Settings = { [Name in Section]: z.output<(typeof KEYS)[Name]> };
