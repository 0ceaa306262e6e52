// status and rooms: what the daemon, or the configuration, has.
import { toString as qrText } from "qrcode";
import { roomKey } from "../config/room-key.ts";
import { duration } from "../duration.ts";
import { printable } from "../log.ts";
import { daemonUrl, fetchObject } from "./client.ts";
import { configForClient, tokenOf } from "./config.ts";
import type { CliIo } from "./io.ts";
import { bold, paint } from "./io.ts";
import type { Column, Row } from "./table.ts";
import { columnsText, linkText, rowsOf, section, show, unit } from "./table.ts";

export interface StatusOptions {
  url: string;
  tokenFile?: string;
  json?: boolean;
}

const statusObject = (options: StatusOptions, io: CliIo): Promise<Row> =>
  fetchObject(daemonUrl(options.url), "status", tokenOf(options, io));

export async function status(options: StatusOptions, io: CliIo): Promise<void> {
  const found = await statusObject(options, io);
  if (options.json) return io.out(`${JSON.stringify(found, null, 2)}\n`);
  const { federation, mqtt } = found as { federation?: Row; mqtt?: Row };
  io.out(
    `${bold(io, show(found["name"]))}  version ${show(found["version"])}, up ${duration(Number(found["uptime_s"]))}`,
  );
  io.out(`, ${counted(found["clients"], "client")}, ${counted(found["nodes"], "node")}\n`);
  const { history_error: trouble } = found;
  if (typeof trouble === "string")
    io.out(`\nMessages are not stored now: ${show(trouble)} (docs/operate.md says what to do)\n`);
  const alerts = rowsOf(found["alerts"]);
  if (alerts.length > 0)
    io.out(`\n${alerts.map(({ text }) => `${paint(io, "red", "alert")}  ${show(text)}\n`).join("")}`);
  section(io, "Rooms", rowsOf(found["rooms"]), ROOM_COLUMNS);
  section(io, "Boards", rowsOf(found["boards"]), BOARD_COLUMNS);
  if (federation?.["enabled"] === true) section(io, "Peers", rowsOf(federation["peers"]), PEER_COLUMNS);
  io.out(backboneText(federation));
  if (mqtt?.["enabled"] === true) {
    io.out(
      `\nMQTT  ${mqtt["connected"] === true ? "connected" : "not connected"}, ${show(mqtt["published"])} published\n`,
    );
    section(io, "Brokers", rowsOf(mqtt["brokers"]), BROKER_COLUMNS);
  }
}

/** The servers that rooms are shared with. */
export async function peers(options: StatusOptions, io: CliIo): Promise<void> {
  const federation = (await statusObject(options, io))["federation"] as Row | undefined;
  const list = rowsOf(federation?.["peers"]);
  if (options.json) return io.out(`${JSON.stringify(list, null, 2)}\n`);
  if (list.length > 0 || io.isTty) io.out(columnsText(io, list, PEER_COLUMNS));
  io.err(backboneText(federation));
  if (federation?.["enabled"] !== true)
    io.err("Federation is off at this daemon: no room is shared with another server.\n");
  else if (list.length === 0)
    io.err("Federation is on, and no peer is configured: others may connect to this daemon.\n");
}

/** The same, again and again: on a terminal in its place, else one after the other. */
export async function watchPeers(options: StatusOptions, io: CliIo): Promise<void> {
  let isOver = false;
  let wake = (): void => undefined;
  void io.interrupted().then(() => {
    isOver = true;
    wake();
  });
  while (!isOver) {
    let text = "";
    const gather = { ...io, out: (part: string) => void (text += part), err: (part: string) => void (text += part) };
    await peers(options, gather);
    io.out(io.isTty ? `\u001b[H\u001b[J${text}` : text);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The rooms that the daemon shows. */
export async function rooms(options: StatusOptions, io: CliIo): Promise<void> {
  const list = rowsOf((await statusObject(options, io))["rooms"]);
  if (options.json) io.out(`${JSON.stringify(list, null, 2)}\n`);
  else io.out(columnsText(io, list, ROOM_COLUMNS));
}

/** The configured rooms as codes that MeshCore's phone app scans. The only output of this product that holds keys. */
export async function roomCodes(options: { config?: string[]; json?: boolean }, io: CliIo): Promise<void> {
  const { config, files } = configForClient(io, options.config);
  const codes: { name: string; url: string }[] = [];
  for (const { name, psk } of config.rooms) codes.push({ name, url: channelUrl(name, await roomKey(name, psk)) });
  if (options.json) return io.out(`${JSON.stringify(codes, null, 2)}\n`);
  io.err(`rooms of ${files.join(", ")}; whoever sees a code can read the room\n`);
  for (const { name, url } of codes) {
    // Terminal codes set black and white themselves; without a terminal, plain block characters.
    const code = await qrText(url, io.isTty ? { type: "terminal", small: true } : { type: "utf8" });
    io.out(`${bold(io, printable(name))}\n${code}\n${url}\n\n`);
  }
}

/** The form of MeshCore's docs/qr_codes.md. Its app takes 16-byte secrets; a 32-byte key has 64 digits. */
export function channelUrl(name: string, key: Uint8Array): string {
  return `meshcore://channel/add?name=${encodeURIComponent(name)}&secret=${Buffer.from(key).toString("hex")}`;
}

const ROOM_COLUMNS: Column[] = [
  ["room", (row) => show(row["name"])],
  ["access", (row) => (row["private"] === true ? "private" : "public")],
  ["clients", (row) => show(row["clients"])],
  ["participants", (row) => show(row["participants"])],
  ["messages", (row) => `${show(row["messages"])} of ${show(row["max_history"])}`],
];

const BOARD_COLUMNS: Column[] = [
  ["board", (row) => show(row["id"])],
  ["model", (row) => show(row["model"])],
  ["link", (row, io) => linkText(io, row["connected"] === true)],
  ["firmware", (row) => show(row["firmware"])],
  ["engine", (row) => show(row["engine"])],
  ["received", (row) => show(row["rx_packets"])],
  ["sent", (row) => show(row["tx_packets"])],
  ["airtime", (row) => unit(row["airtime_percent"], "%")],
  ["noise", (row) => unit(row["noise_floor_dbm"], "dBm")],
  ["queue", (row) => show(row["tx_queue"])],
];

const BROKER_COLUMNS: Column[] = [
  ["broker", (row) => show(row["broker"])],
  ["link", (row, io) => linkText(io, row["connected"] === true)],
  ["published", (row) => show(row["published"])],
  ["queue", (row) => show(row["queue_depth"])],
  ["dropped", (row) => show(row["dropped"])],
  ["refused", (row) => show(row["refused"])],
  ["problem", (row) => (row["error"] === null ? "" : show(row["error"]))],
];
const PEER_COLUMNS: Column[] = [
  ["peer", (row) => show(row["name"])],
  ["address", (row) => show(row["addr"])],
  ["link", (row, io) => linkText(io, row["connected"] === true)],
  ["latency", (row) => unit(row["latency_ms"], "ms")],
  ["queue", (row) => show(row["queue_depth"])],
  ["sent", (row) => show(row["sent"])],
  ["received", (row) => show(row["received"])],
  ["duplicates", (row) => show(row["duplicates"])],
];

/** Where the hub is one with others; empty where it has no backbone. */
function backboneText(federation: Row | undefined): string {
  const backbone = federation?.["backbone"] as Row | undefined;
  if (backbone === undefined) return "";
  const { connected, server, behind, url, error } = backbone;
  const state =
    connected === true
      ? `connected (${show(server)}), ${show(behind)} behind`
      : `not connected${typeof error === "string" ? ` (${show(error)}: docs/operate.md says what to do)` : ""}`;
  return `\nBackbone  ${show(url)} ${state}\n`;
}

const counted = (value: unknown, name: string): string => `${show(value)} ${name}${value === 1 ? "" : "s"}`;
