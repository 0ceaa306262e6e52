// The other end of the command line for its tests: HTTP and WebSocket as far as the command line uses it, on a real socket.
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

export interface FakeRoom {
  name: string;
  /** null is a public room. */
  key: Uint8Array | null;
}

type Wire = Record<string, unknown>;

export class FakeDaemon {
  readonly history: Wire[] = [];
  /** Everything that clients said, in order. */
  readonly said: Wire[] = [];
  status: unknown = {};
  /** Of /api/v1/nodes: the body, a code to refuse with, or undefined where the daemon is too old for it. */
  nodes: unknown;
  /** The authorization header of each request. */
  readonly authorizations: (string | undefined)[] = [];
  /** Answers a message instead of the daemon's own way, when it returns something. */
  answer: (message: Wire) => Wire | string | undefined = () => undefined;
  port = 0;
  private server = createServer();
  private readonly joined = new Map<WebSocket, Set<string>>();
  private readonly rooms: FakeRoom[];

  constructor(rooms: FakeRoom[]) {
    this.rooms = rooms;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens, after the first time on the same port again. */
  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      this.authorizations.push(request.headers.authorization);
      const body = request.url === "/status" ? this.status : request.url === "/api/v1/nodes" ? this.nodes : undefined;
      const code = typeof body === "number" ? body : body === undefined ? 404 : 200;
      response.writeHead(code, { "content-type": "application/json" });
      response.end(JSON.stringify(code === 404 ? { code: "not_found", message: "nothing" } : body));
    });
    const sockets = new WebSocketServer({
      server: this.server,
      path: "/ws",
      handleProtocols: (offered) => (offered.has("meshcore-room.v1") ? "meshcore-room.v1" : false),
    });
    sockets.on("connection", (socket) => this.serve(socket));
    await new Promise<void>((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.joined.keys()) socket.close(1001, "stopping");
    this.joined.clear();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A message that comes in by radio; told to who is in the room. */
  hear(room: string, sender: string, text: string, timestamp = 1_790_000_000): string {
    const guid = randomUUID();
    const message = {
      type: "message",
      room,
      guid,
      sender,
      text,
      timestamp,
      origin: "fake",
      via: "radio",
      rssi: -71,
      snr: 10.5,
      hops: 2,
    };
    this.history.push(message);
    for (const [socket, rooms] of this.joined) if (rooms.has(room)) socket.send(JSON.stringify(message));
    return guid;
  }

  private serve(socket: WebSocket): void {
    const nonce = randomBytes(16);
    const rooms = new Set<string>();
    this.joined.set(socket, rooms);
    socket.on("close", () => this.joined.delete(socket));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as Wire;
      this.said.push(message);
      const reply = this.answer(message) ?? this.reply(message, nonce, rooms);
      socket.send(typeof reply === "string" ? reply : JSON.stringify(reply));
    });
  }

  private reply(message: Wire, nonce: Uint8Array, joined: Set<string>): Wire {
    const error = (code: string, text: string): Wire => ({ type: "error", code, message: text });
    if (message["type"] === "hello") {
      const rooms = this.rooms.map(({ name, key }) => ({ name, private: key !== null, description: "" }));
      return { type: "welcome", client_id: "1", nonce: Buffer.from(nonce).toString("hex"), rooms };
    }
    const room = this.rooms.find(({ name }) => name === message["room"]);
    if (room === undefined) return error("unknown_room", "no such room");
    if (message["type"] === "join") {
      const proof = room.key && createHmac("sha256", room.key).update(nonce).update(room.name).digest("hex");
      if (proof !== null && message["proof"] !== proof) return error("proof_failed", "the proof is wrong");
      joined.add(room.name);
      const limit = Number(message["limit"]);
      const grep = String(message["grep"] ?? "");
      const history = this.history.filter((one) => one["room"] === room.name && String(one["text"]).includes(grep));
      return { type: "joined", room: room.name, history: limit > 0 ? history.slice(-limit) : [] };
    }
    if (!joined.has(room.name)) return error("not_joined", "join first");
    return { type: "posted", ref: message["ref"], guid: "11111111-2222-8333-8444-555555555555" };
  }
}
