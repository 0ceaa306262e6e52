// What `doctor` looks at. A check tells what it found and, where that is not well, what to do; none changes anything.
import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  type Stats,
  statfsSync,
  statSync,
} from "node:fs";
import { createConnection, createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { addressText, isLoopback, parseAddress } from "../config/address.ts";
import type { Address, BackboneConfig, BoardConfig, BrokerConfig, Config, PeerConfig } from "../config/schema.ts";
import { describe } from "../errors.ts";
import { makeCertificate, openCertificate, readAuthorities } from "../federation/certificate.ts";
import { backboneError } from "../federation/nats-errors.ts";
import { tryNats } from "../federation/nats-line.ts";
import { tryPeer } from "../federation/try-peer.ts";
import { bundleFile } from "../files.ts";
import { tryBroker } from "../mqtt/try-broker.ts";

export interface Finding {
  check: string;
  state: "ok" | "warning" | "failed";
  /** A sentence without a full stop. */
  found: string;
  /** What to do; null where all is well. */
  remedy: string | null;
}

/** What the checks ask of the world besides files and sockets. */
export interface Surroundings {
  unixMs(): number;
  /** Whether the system says that its clock is set by the network; null where it cannot be asked. */
  clockIsSynchronised(): boolean | null;
  /** The user that runs the command; null on systems without such numbers. */
  uid: number | null;
}

const CONNECT_MS = 5000;
const DAY_MS = 24 * 3600 * 1000;
const MIN_CERTIFICATE_DAYS = 14;
const MIN_FREE_BYTES = 50 * 1024 * 1024;
const LOW_FREE_BYTES = 500 * 1024 * 1024;
/** No clock that is right is before the day this was written. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

const ok = (check: string, found: string): Finding => ({ check, state: "ok", found, remedy: null });
const warning = (check: string, found: string, remedy: string): Finding => ({ check, state: "warning", found, remedy });
const failed = (check: string, found: string, remedy: string): Finding => ({ check, state: "failed", found, remedy });

/** Every check that fits the configuration, one after the other: the slow ones (network) come last. */
export async function* findings(config: Config, around: Surroundings): AsyncGenerator<Finding> {
  yield dataDir(config.dataDir, around.uid);
  yield disk(config.dataDir);
  yield clock(around);
  const { tls, federation, mqtt } = config;
  if (tls !== null) yield certificate("tls", tls, around);
  if (federation.tls !== null && federation.enabled) yield certificate("federation.tls", federation.tls, around);
  const brokers = mqtt.enabled ? mqtt.brokers : [];
  for (const { url, tls } of brokers) {
    if (tls.cert === null || tls.key === null) continue;
    yield certificate(brokers.length > 1 ? `mqtt ${url}` : "mqtt", { cert: tls.cert, key: tls.key }, around);
  }
  const isRunning = await answers(config);
  yield* ports(config, isRunning);
  if (config.boards.length === 0) {
    yield warning("boards", "no board is configured: nothing goes on the air", "add one under boards:");
  }
  for (const board of config.boards) yield await boardCheck(board, isRunning === true);
  for (const one of brokers) yield await broker(brokers.length > 1 ? `mqtt.broker ${one.url}` : "mqtt.broker", one);
  if (!federation.enabled) return;
  for (const one of federation.peers) yield await peer(one, config);
  if (federation.blindHub !== null && federation.backbone !== null) yield await backbone(federation.backbone);
}

function dataDir(path: string, uid: number | null): Finding {
  const check = "data_dir";
  const full = resolve(path);
  if (!existsSync(full)) {
    if (mayWrite(nearest(full))) return ok(check, `${full} is made at the first start`);
    return failed(check, `${full} is not there, and this user may not make it`, "make it, or set data_dir");
  }
  const stats = statSync(full);
  if (!stats.isDirectory()) return failed(check, `${full} is no directory`, "set data_dir to a directory");
  if (!mayWrite(full)) {
    return failed(
      check,
      `this user may not write to ${full}`,
      "run this as the daemon's user: sudo -u meshcore-room ...",
    );
  }
  const foreign = readdirSync(full).filter((name) => statsOf(join(full, name))?.uid !== stats.uid);
  if (foreign.length > 0) {
    const remedy = `chown -R --reference=${full} ${full}; and run commands as the daemon's user, not as root`;
    return failed(check, `${foreign[0]} in ${full} belongs to another user than the directory`, remedy);
  }
  if (uid !== null && (stats.mode & 0o077) !== 0) {
    return warning(check, `others may look into ${full}, where keys are`, `chmod 700 ${full}`);
  }
  return ok(check, `${full}, for this user only`);
}

const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)));

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    // Gone between two looks, as SQLite's files go.
    return null;
  }
}

function disk(path: string): Finding {
  const { bavail, bsize } = statfsSync(nearest(resolve(path)));
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GB free for the history`;
  if (free < MIN_FREE_BYTES) return failed("disk", text, "free some space, or set data_dir to another disk");
  if (free < LOW_FREE_BYTES) return warning("disk", text, "free some space before it is full, or lower max_history");
  return ok("disk", text);
}

function clock({ unixMs, clockIsSynchronised }: Surroundings): Finding {
  const now = `it is ${new Date(unixMs()).toISOString().slice(0, 16).replace("T", " ")} UTC here`;
  if (unixMs() < EARLIEST_MS) {
    return failed(
      "clock",
      `${now}: wrong, and boards and messages take it`,
      "timedatectl set-ntp true, or set it by hand",
    );
  }
  const isSynchronised = clockIsSynchronised();
  if (isSynchronised === false) {
    return warning("clock", `${now}, not set by the network`, "timedatectl set-ntp true");
  }
  return ok("clock", isSynchronised === null ? now : `${now}, set by the network`);
}

function certificate(check: string, files: { cert: string; key: string }, { unixMs }: Surroundings): Finding {
  let cert: X509Certificate;
  try {
    cert = new X509Certificate(readFileSync(files.cert));
  } catch (error) {
    return failed(check, `${files.cert}: ${reason(error)}`, "check the path, and that the daemon's user may read it");
  }
  try {
    if (!cert.checkPrivateKey(createPrivateKey(readFileSync(files.key)))) {
      return failed(check, `${files.key} is not the key of ${files.cert}`, "name the two files of one certificate");
    }
  } catch (error) {
    return failed(check, `${files.key}: ${reason(error)}`, "check the path, and that the daemon's user may read it");
  }
  const days = Math.floor((Date.parse(cert.validTo) - unixMs()) / DAY_MS);
  if (days < 0)
    return failed(check, `${files.cert} is over since ${cert.validTo}`, "renew it; it is read again by itself");
  if (Date.parse(cert.validFrom) > unixMs()) {
    return failed(check, `${files.cert} is good only from ${cert.validFrom} on`, "check the clock");
  }
  const found = `${files.cert} is good for ${days} ${days === 1 ? "day" : "days"}`;
  if (days < MIN_CERTIFICATE_DAYS) return warning(check, found, "renew it: does certbot's timer run?");
  if ((statSync(files.key).mode & 0o004) !== 0) {
    return warning(check, `every user of this machine can read ${files.key}`, `chmod o-r ${files.key}`);
  }
  return ok(check, found);
}

/** True: a daemon is at `listen`. False: nobody. A text: something else is. */
async function answers({ listen, tls }: Config): Promise<boolean | string> {
  const address = { host: anywhere(listen.host) ? "127.0.0.1" : listen.host, port: listen.port };
  if (listen.port === 0 || (await connectFault(address)) !== null) return false;
  // Its certificate is for another name than this address; that it takes connections must do.
  if (tls !== null) return true;
  try {
    const answer = await fetch(`http://${addressText(address)}/healthz`, { signal: AbortSignal.timeout(CONNECT_MS) });
    return answer.ok ? true : `HTTP ${answer.status}`;
  } catch (error) {
    return reason(error);
  }
}

const anywhere = (host: string): boolean => host === "0.0.0.0" || host === "::";

async function* ports(config: Config, isRunning: boolean | string): AsyncGenerator<Finding> {
  const { listen, companion, federation, tls, clients } = config;
  const at = addressText(listen);
  if (isRunning === true) yield ok("listen", `the daemon answers at ${at}`);
  else if (isRunning !== false) {
    yield failed("listen", `another program is at ${at} (${isRunning})`, "stop it, or choose another port");
  } else yield await free("listen", listen);
  if (!isLoopback(listen.host) && tls === null) {
    const remedy = "set tls:, or listen on 127.0.0.1 with nginx or Caddy in front (deploy/)";
    yield warning("listen", `${at} is open to the network without TLS: tokens can be overheard`, remedy);
  }
  if (!isLoopback(listen.host) && clients.auth === "optional") {
    yield warning("clients.auth", "everybody who reaches this machine may post", "clients: { auth: required }");
  }
  // The daemon itself is in them.
  if (isRunning === true) return;
  if (companion.listen !== null) yield await free("companion.listen", companion.listen);
  if (federation.enabled) yield await free("federation.federation_port", { host: "::", port: federation.port });
}

async function free(check: string, address: Address): Promise<Finding> {
  const fault = await new Promise<string | null>((settle) => {
    const server = createServer();
    server.once("error", (error) => settle(reason(error)));
    server.listen(address.port, address.host, () => server.close(() => settle(null)));
  });
  if (fault === null) return ok(check, `${addressText(address)} is free; no daemon runs there`);
  return failed(
    check,
    `${addressText(address)} cannot be used (${fault})`,
    "choose an address of this machine, and a free port",
  );
}

async function boardCheck(board: BoardConfig, isRunning: boolean): Promise<Finding> {
  const check = `board ${board.id}`;
  if (board.type === "sim") {
    if (existsSync(bundleFile(board.model))) return ok(check, `simulated, ${board.model}`);
    return failed(check, `the bundle of ${board.model} is not built`, "npm run build");
  }
  const { path } = board;
  const address = path.startsWith("tcp://") ? parseAddress(path.slice("tcp://".length)) : null;
  if (address !== null) {
    // A serial port over TCP often takes one connection only, and that is the daemon's.
    if (isRunning) return ok(check, `${path}: meshcore-room status tells`);
    return reach(check, address);
  }
  if (process.platform === "win32") return ok(check, `${path}: meshcore-room status tells`);
  if (!existsSync(path)) {
    return failed(check, `${path} is not there`, "plug the board in, or correct the path: ls /dev/serial/by-id/");
  }
  if (!mayWrite(path)) {
    const remedy = "usermod -aG dialout USER and log in again; the service is in that group already";
    return failed(check, `this user may not use ${path}`, remedy);
  }
  return ok(check, `${path} is there`);
}

/** Does it answer, and does it let us in? */
async function broker(check: string, config: BrokerConfig): Promise<Finding> {
  const { hostname, port, protocol } = new URL(config.url);
  const usual = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 }[protocol] ?? 1883;
  const host = hostname.replace(/^\[|\]$/g, "");
  const reached = await reach(check, { host, port: port === "" ? usual : Number(port) });
  if (reached.state !== "ok") return reached;
  const fault = await tryBroker(config);
  if (fault === null) return ok(check, `${config.url} answers and lets this server in`);
  const [why, remedy] = fault.reason.split("; ");
  return failed(check, `${config.url}: ${why}`, remedy ?? "check mqtt.broker, and the broker's own log");
}

async function reach(check: string, address: Address): Promise<Finding> {
  const startedMs = performance.now();
  const fault = await connectFault(address);
  const at = addressText(address);
  if (fault === null)
    return ok(check, `${at} takes connections, after ${Math.round(performance.now() - startedMs)} ms`);
  const remedy =
    fault === "ENOTFOUND" || fault === "EAI_AGAIN"
      ? "check the name, and this machine's DNS"
      : "is it running there, and does a firewall let it pass?";
  return failed(check, `${at} cannot be reached (${fault})`, remedy);
}

/** Does it answer, and does it have our secret? */
async function peer(config: PeerConfig, { dataDir, federation }: Config): Promise<Finding> {
  const check = `peer ${config.name}`;
  const reached = await reach(check, config.address);
  if (reached.state !== "ok" || config.secret === "") return reached;
  const { tls, ca } = federation;
  // A certificate of its own is the daemon's to make; to look, any will do.
  const isMade = tls !== null || existsSync(join(dataDir, "federation.pem"));
  const certificate = isMade ? openCertificate(dataDir, tls) : makeCertificate();
  const error = await tryPeer(config, certificate, ca === null ? null : readAuthorities(ca));
  if (error === null) return ok(check, `${addressText(config.address)} answers and has the secret`);
  return failed(
    check,
    `${addressText(config.address)}: ${error.message}`,
    "meshcore-room federation pair, on both sides",
  );
}

/** Do the NATS servers take us? */
async function backbone(config: BackboneConfig): Promise<Finding> {
  const check = "federation.backbone";
  try {
    await tryNats(config);
  } catch (error) {
    const found = backboneError(error);
    return failed(check, describe(found), found.hint ?? "docs/operate.md");
  }
  return ok(check, "a NATS server answers, and has JetStream");
}

function connectFault({ host, port }: Address): Promise<string | null> {
  return new Promise((settle) => {
    const socket = createConnection({ host, port });
    const end = (fault: string | null): void => {
      socket.destroy();
      settle(fault);
    };
    socket.setTimeout(CONNECT_MS, () => end("no answer"));
    socket.once("connect", () => end(null));
    socket.once("error", (error) => end(reason(error)));
  });
}

/** The system's short name for it, else the sentence. */
function reason(error: unknown): string {
  const { code, message, cause } = error as NodeJS.ErrnoException;
  return code ?? (cause instanceof Error ? reason(cause) : message);
}
