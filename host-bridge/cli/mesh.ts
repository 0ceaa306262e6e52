// nodes and peers: who else is out there, on the mesh and on the network.
import { RoomError } from "../errors.ts";
import { NODE_TYPES } from "../nodes/node.ts";
import { daemonUrl, fetchObject } from "./client.ts";
import { tokenOf } from "./config.ts";
import type { CliIo } from "./io.ts";
import { paint } from "./io.ts";
import type { AddCommands } from "./kit.ts";
import type { StatusOptions } from "./status.ts";
import { peers, watchPeers } from "./status.ts";
import type { Column, Row } from "./table.ts";
import { columnsText, rowsOf, show, unit } from "./table.ts";

export const addMesh: AddCommands = (program, { io, remote }) => {
  remote(program.command("nodes"))
    .description("list the nodes of the mesh that the daemon's boards have heard")
    .option("--sort <column>", `${Object.keys(SORTS).join(", ")}`, "heard")
    .option("--type <type>", `only nodes of this type: ${NODE_TYPES.join(", ")}`)
    .option("--grep <text>", "only nodes with this in their name or number, capitals or not")
    .option("--silent", "only nodes that are reported as silent")
    .action((options) => nodes(options, io));
  remote(program.command("peers"))
    .description("list the servers that rooms are shared with")
    .option("--watch", "show them again every second, until Ctrl-C")
    .action((options) => (options.watch ? watchPeers(options, io) : peers(options, io)));
};

interface NodeOptions extends StatusOptions {
  sort: string;
  type?: string;
  grep?: string;
  silent?: boolean;
}

/** The nodes heard, the last heard first where nothing else is wanted. */
async function nodes(options: NodeOptions, io: CliIo): Promise<void> {
  const order = oneOf("--sort", options.sort, Object.keys(SORTS));
  const type = options.type === undefined ? undefined : oneOf("--type", options.type, NODE_TYPES);
  const all = await nodeList(options, io);
  const grep = options.grep?.toLowerCase() ?? "";
  const isMeant = (row: Row): boolean =>
    (type === undefined || row["type"] === type) &&
    (options.silent !== true || row["silent"] === true) &&
    `${row["name"]}\n${row["node_id"]}`.toLowerCase().includes(grep);
  const list = all?.filter(isMeant).sort(SORTS[order]) ?? null;
  if (options.json) return io.out(`${JSON.stringify(list ?? [], null, 2)}\n`);
  if ((list !== null && list.length > 0) || io.isTty) io.out(columnsText(io, list ?? [], NODE_COLUMNS));
  if (list === null) io.err("This daemon does not list nodes yet.\n");
  else if (all?.length !== 0 && list.length === 0) io.err("No node is like that.\n");
  else if (list.length === 0) io.err("No node has been heard yet: they appear when they send an advert.\n");
}

/** null from a daemon that has no such list. */
async function nodeList(options: StatusOptions, io: CliIo): Promise<Row[] | null> {
  try {
    return rowsOf((await fetchObject(daemonUrl(options.url), "api/v1/nodes", tokenOf(options, io)))["nodes"]);
  } catch (error) {
    if (error instanceof RoomError && error.code === "not_found") return null;
    throw error;
  }
}

function oneOf(option: string, text: string, names: readonly string[]): string {
  if (names.includes(text)) return text;
  const hint = "meshcore-room help nodes";
  throw new RoomError("bad_usage", option, { expected: names.join(", "), found: `"${text}"`, hint });
}

type Order = (a: Row, b: Row) => number;
const number = (value: unknown, without: number): number => (typeof value === "number" ? value : without);
/** Who has none comes last. */
const byNumber =
  (key: string, sign: 1 | -1): Order =>
  (a, b) => {
    const last = sign * Number.MAX_VALUE;
    return sign * (number(a[key], last) - number(b[key], last));
  };
const byText =
  (key: string): Order =>
  (a, b) =>
    show(a[key]).localeCompare(show(b[key]), "en");

/** What people look for comes first: the last heard, the strongest, the nearest, the emptiest battery. */
const SORTS: Record<string, Order> = {
  heard: byNumber("last_seen", -1),
  name: byText("name"),
  node: byText("node_id"),
  type: byText("type"),
  rssi: byNumber("rssi", -1),
  snr: byNumber("snr", -1),
  hops: byNumber("hops", 1),
  battery: byNumber("battery_mv", 1),
};

const NODE_COLUMNS: Column[] = [
  // The first bytes are what MeshCore's own screens show; --json has all of it.
  ["node", ({ node_id }) => show(node_id).slice(0, 12)],
  ["name", ({ name }) => show(name)],
  ["type", ({ type, own }) => (own === true ? `${show(type)}, ours` : show(type))],
  ["heard", ({ last_seen, silent }, io) => heardText(io, last_seen, silent === true)],
  ["rssi", ({ rssi }) => unit(rssi, "dBm")],
  ["snr", ({ snr }) => unit(snr, "dB")],
  ["hops", ({ hops }) => show(hops)],
  ["battery", ({ battery_mv }) => unit(battery_mv, "mV")],
  ["position", ({ lat, lon }) => (typeof lat === "number" && typeof lon === "number" ? `${lat}, ${lon}` : "-")],
];

const heardText = (io: CliIo, lastSeen: unknown, isSilent: boolean): string =>
  isSilent ? paint(io, "red", `${timeText(lastSeen)} silent`) : timeText(lastSeen);

/** Unix seconds, or a text such as ISO 8601, in UTC. */
function timeText(value: unknown): string {
  if (typeof value !== "number") return show(value);
  const date = new Date(value * 1000);
  return Number.isNaN(date.getTime()) ? "?" : date.toISOString().replace(".000", "").replace("T", " ");
}
