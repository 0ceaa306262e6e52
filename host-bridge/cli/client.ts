// The command line's end: /status over HTTP, rooms over the WebSocket.
import { createHmac } from "node:crypto";
import { WebSocket } from "ws";
import { RoomError } from "../errors.ts";
import { printable } from "../log.ts";
import type { WireMessage } from "../room/message.ts";

export const DEFAULT_URL = "http://127.0.0.1:7070";
const SUBPROTOCOL = "meshcore-room.v1";
const REPLY_TIMEOUT_MS = 10_000;
/** A connection whose other end vanished without a word is given up after two of these. */
const PING_MS = 20_000;

type Wire = Record<string, unknown>;

export interface ClientRoom {
  name: string;
  private: boolean;
  description: string;
}

export interface ClientOptions {
  /** Goes with the hello; null where the daemon is asked without one. */
  token: string | null;
  /** The name that the daemon knows this client by. */
  name: string;
  /** Called for every live message of the joined rooms. */
  onMessage?: (message: WireMessage) => void;
}

/** Checks and normalises `--url`: http or https, with or without a path. Throws bad_usage. */
export function daemonUrl(text: string): URL {
  const withSlash = text.endsWith("/") ? text : `${text}/`;
  const url = URL.canParse(withSlash) ? new URL(withSlash) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new RoomError("bad_usage", "--url", {
    expected: `a URL such as ${DEFAULT_URL}`,
    found: `"${text}"`,
    hint: `--url ${DEFAULT_URL}`,
  });
}

/** What the daemon answers at `path` (`status`, `api/v1/nodes`), a JSON object. Throws RoomError, `not_found` among them. */
export async function fetchObject(
  url: URL,
  path: string,
  token: string | null,
  sent: { method: string; body?: object } = { method: "GET" },
): Promise<Wire> {
  let response: Response;
  try {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    if (sent.body !== undefined) headers["content-type"] = "application/json";
    const body = sent.body === undefined ? {} : { body: JSON.stringify(sent.body) };
    const signal = AbortSignal.timeout(REPLY_TIMEOUT_MS);
    response = await fetch(new URL(path, url), { method: sent.method, headers, ...body, signal });
  } catch (error) {
    throw unreachable(url, error);
  }
  const body: unknown = await response.json().catch(() => null);
  if (
    !response.ok &&
    isWire(body) &&
    ["unknown_room", "not_muted", "forbidden", "bad_request"].includes(String(body["code"]))
  ) {
    throw serverError(body);
  }
  if (response.status === 401 || response.status === 403) {
    if (token !== null) {
      const hint = SERVER_HINTS["auth_failed"];
      throw new RoomError("auth_failed", `the daemon at ${url.origin} does not take this token`, { hint });
    }
    const hint = SERVER_HINTS["auth_required"];
    throw new RoomError("auth_required", `the daemon at ${url.origin} does not show this to everyone`, { hint });
  }
  if (response.status === 429) {
    throw new RoomError("rate_limited", `the daemon at ${url.origin} was asked too often`, {
      hint: "again in a minute",
    });
  }
  if (path !== "status" && response.status === 404 && isWire(body) && body["code"] === "not_found") {
    throw new RoomError("not_found", `the daemon at ${url.origin} has nothing at /${path}`, {
      hint: "meshcore-room status shows its version; this command may need a newer one",
    });
  }
  if (!response.ok || !isWire(body)) throw notADaemon(url, `HTTP ${response.status}`);
  return body;
}

/**
 * Connects and says hello. Throws RoomError: `daemon_not_running`, `not_a_daemon`, `daemon_silent`, or the code of the
 * daemon's own error.
 */
export async function connect(url: URL, options: ClientOptions): Promise<RoomClient> {
  const target = new URL("ws", url);
  target.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(target, [SUBPROTOCOL], {
    handshakeTimeout: REPLY_TIMEOUT_MS,
    maxPayload: 64 * 1024 * 1024,
  });
  const client = new RoomClient(socket, options.onMessage ?? (() => undefined));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (error) => reject(unreachable(url, error)));
  });
  try {
    await client.hello(options.name, options.token);
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
}

interface Pending {
  type: string;
  resolve: (reply: Wire) => void;
  reject: (error: RoomError) => void;
}

/** One connection to a daemon. Requests go one at a time. */
export class RoomClient {
  rooms: ClientRoom[] = [];
  /** Resolves when the connection is over, with the reason. */
  readonly closed: Promise<string>;
  private readonly socket: WebSocket;
  private readonly onMessage: (message: WireMessage) => void;
  private nonce = new Uint8Array(0);
  private pending: Pending | null = null;
  /** What the daemon refused before it was asked anything. */
  private refusal: RoomError | null = null;

  constructor(socket: WebSocket, onMessage: (message: WireMessage) => void) {
    this.socket = socket;
    this.onMessage = onMessage;
    socket.on("message", (data) => this.receive(String(data)));
    // The close that follows tells it; without a listener Node would end the process.
    socket.on("error", () => undefined);
    let isAlive = true;
    const timer = setInterval(() => {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, PING_MS);
    socket.on("pong", () => {
      isAlive = true;
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        clearInterval(timer);
        const why = reason.length > 0 ? printable(reason.toString()) : `code ${code}`;
        this.settle((pending) => pending.reject(this.lost(why)));
        resolve(why);
      });
    });
  }

  async hello(name: string, token: string | null): Promise<void> {
    const welcome = await this.request({ type: "hello", name, ...(token === null ? {} : { token }) }, "welcome");
    this.nonce = new Uint8Array(Buffer.from(String(welcome["nonce"] ?? ""), "hex"));
    const rooms = Array.isArray(welcome["rooms"]) ? welcome["rooms"].filter(isWire) : [];
    this.rooms = rooms.map((room) => ({
      name: String(room["name"]),
      private: room["private"] === true,
      description: String(room["description"] ?? ""),
    }));
  }

  /**
   * Joins a room and returns its last `limit` messages, or the last with `grep` in them, oldest first. `key` is the room key,
   * null for a public room.
   */
  async join(room: string, key: Uint8Array | null, limit: number, grep?: string): Promise<WireMessage[]> {
    const proof = key === null ? {} : { proof: this.proof(room, key) };
    const joined = await this.request({ type: "join", room, limit, grep, ...proof }, "joined");
    return (Array.isArray(joined["history"]) ? joined["history"] : []).filter(isMessage);
  }

  /** Posts and waits until the message is durable; returns its guid. */
  async post(room: string, text: string): Promise<string> {
    const posted = await this.request({ type: "post", room, text, ref: "1" }, "posted");
    return String(posted["guid"]);
  }

  close(): void {
    this.socket.close();
    // A daemon that does not answer the close must not keep the command alive.
    setTimeout(() => this.socket.terminate(), 1000).unref();
  }

  private proof(room: string, key: Uint8Array): string {
    return createHmac("sha256", key).update(this.nonce).update(room, "utf8").digest("hex");
  }

  private request(message: Wire, replyType: string): Promise<Wire> {
    if (this.pending !== null) throw new Error("bug: two requests at once");
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.reject(this.lost("before it was asked"));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.settle((pending) =>
          pending.reject(new RoomError("daemon_silent", "the daemon does not answer", { hint: "look at its log" })),
        );
      }, REPLY_TIMEOUT_MS);
      this.pending = {
        type: replyType,
        resolve: (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.socket.send(JSON.stringify(message));
    });
  }

  private lost(why: string): RoomError {
    const hint = "again; if it stays so, look at the daemon's log";
    return this.refusal ?? new RoomError("connection_lost", `the daemon closed the connection (${why})`, { hint });
  }

  private settle(how: (pending: Pending) => void): void {
    const { pending } = this;
    this.pending = null;
    if (pending !== null) how(pending);
  }

  private receive(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      message = null;
    }
    if (!isWire(message)) {
      this.socket.close(1007, "not JSON");
      return;
    }
    const wire = message;
    if (isMessage(wire)) this.onMessage(wire);
    else if (wire["type"] === this.pending?.type) this.settle((pending) => pending.resolve(wire));
    else if (wire["type"] === "error" && this.pending === null) this.refusal = serverError(wire);
    else if (wire["type"] === "error") this.settle((pending) => pending.reject(serverError(wire)));
    // Types of later versions are none of our business.
  }
}

function isWire(value: unknown): value is Wire {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isMessage(value: unknown): value is WireMessage {
  if (!isWire(value)) return false;
  const { type, room, guid, sender, text, timestamp } = value;
  if (type !== undefined && type !== "message") return false;
  return [room, guid, sender, text].every((field) => typeof field === "string") && typeof timestamp === "number";
}

const SERVER_HINTS: Record<string, string> = {
  unknown_room: "meshcore-room rooms",
  proof_failed: "check the room's psk: --config FILE, --psk-file FILE or MESHCORE_ROOM_PSK",
  too_long: "a shorter text; name and text together have 160 bytes",
  read_only: "a room that takes posts; meshcore-room rooms lists them",
  auth_required: "ask on the machine itself, or with a token: --token-file FILE or MESHCORE_ROOM_TOKEN",
  auth_failed: "another token; meshcore-room token list, where the daemon runs, shows which are good",
  not_muted: "meshcore-room room mute ROOM lists who is",
  forbidden: "a token that may do more: meshcore-room token create NAME --role admin",
  too_many_connections: "again later, with fewer connections from this address",
};

function serverError(wire: Wire): RoomError {
  const code = String(wire["code"] ?? "unknown");
  const wait = wire["retry_after_s"];
  const hint = typeof wait === "number" ? `again in ${Math.ceil(wait)} s` : SERVER_HINTS[code];
  return new RoomError(code, printable(String(wire["message"] ?? code)), { hint });
}

function unreachable(url: URL, error: unknown): RoomError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED" || code === "ECONNRESET") {
    const hint = "npm start, or meshcore-room run --config FILE; or name another daemon with --url";
    return new RoomError("daemon_not_running", `no daemon answers at ${url.origin}`, { hint, cause });
  }
  if (String(message).startsWith("Unexpected server response")) return notADaemon(url, String(message));
  const hint = "check --url, and that the daemon runs there";
  return new RoomError("daemon_unreachable", `cannot reach ${url.origin} (${code ?? message})`, { hint, cause });
}

function notADaemon(url: URL, found: string): RoomError {
  const hint = "check --url: something else answers there, or a proxy without the daemon behind it";
  return new RoomError("not_a_daemon", url.href, { expected: "a MeshCore Room daemon", found, hint });
}
