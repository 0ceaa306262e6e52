// nodes and peers: who else is out there, on the mesh and on the network.
import { RoomError } from "../errors.ts";
import { daemonUrl, fetchObject } from "./client.ts";
import { tokenOf } from "./config.ts";
import type { CliIo } from "./io.ts";
import type { AddCommands } from "./kit.ts";
import type { StatusOptions } from "./status.ts";
import { peers, watchPeers } from "./status.ts";
import type { Column, Row } from "./table.ts";
import { columnsText, rowsOf, show, unit } from "./table.ts";

export const addMesh: AddCommands = (program, { io, remote }) => {
  remote(program.command("nodes"))
    .description("list the nodes of the mesh that the daemon's boards have heard")
    .action((options) => nodes(options, io));
  remote(program.command("peers"))
    .description("list the servers that rooms are shared with")
    .option("--watch", "show them again every second, until Ctrl-C")
    .action((options) => (options.watch ? watchPeers(options, io) : peers(options, io)));
};

/** The nodes heard, the last heard first, as the daemon orders them. */
async function nodes(options: StatusOptions, io: CliIo): Promise<void> {
  const list = await nodeList(options, io);
  if (options.json) return io.out(`${JSON.stringify(list ?? [], null, 2)}\n`);
  if ((list !== null && list.length > 0) || io.isTty) io.out(columnsText(io, list ?? [], NODE_COLUMNS));
  if (list === null) io.err("This daemon does not list nodes yet.\n");
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

const NODE_COLUMNS: Column[] = [
  // The first bytes are what MeshCore's own screens show; --json has all of it.
  ["node", ({ node_id }) => show(node_id).slice(0, 12)],
  ["name", ({ name }) => show(name)],
  ["type", ({ type }) => show(type)],
  ["heard", ({ last_seen }) => timeText(last_seen)],
  ["rssi", ({ rssi }) => unit(rssi, "dBm")],
  ["snr", ({ snr }) => unit(snr, "dB")],
  ["hops", ({ hops }) => show(hops)],
  ["battery", ({ battery_mv }) => unit(battery_mv, "mV")],
  ["position", ({ lat, lon }) => (typeof lat === "number" && typeof lon === "number" ? `${lat}, ${lon}` : "-")],
];

/** Unix seconds, or a text such as ISO 8601, in UTC. */
function timeText(value: unknown): string {
  if (typeof value !== "number") return show(value);
  const date = new Date(value * 1000);
  return Number.isNaN(date.getTime()) ? "?" : date.toISOString().replace(".000", "").replace("T", " ");
}
