import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import { addressText, isLoopback } from "../config/address.ts";
import type { Config } from "../config/schema.ts";
import { describe, RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import { wireMessage } from "../room/message.ts";
import type { Room, Rooms } from "../room/rooms.ts";
import { listenError } from "./listen-error.ts";
import { page, pagePolicy } from "./page.ts";
import type { Status } from "./status.ts";

export interface HttpParts {
  config: Config;
  rooms: Rooms;
  log: Log;
  status: () => Status;
  clients: { upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void };
}

/** An answer that is no success, as `{code, message}` and its HTTP status. */
class HttpError extends Error {
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

const MAX_BODY = 16 * 1024;
const DEFAULT_LIMIT = 50;

const messagesQuery = z.object({
  before: z.string().max(64).optional(),
  limit: z.coerce.number({ error: "a whole number" }).int().min(1).default(DEFAULT_LIMIT),
});

const postBody = z.object({
  sender: z.string({ error: "a name" }),
  text: z.string({ error: "a text" }),
  ref: z.union([z.string().max(200), z.number()]).optional(),
});

/** The HTTP side of SPEC section 4. Nothing listens before start(). */
export class HttpServer {
  private readonly parts: HttpParts;
  private readonly app: FastifyInstance;
  private readonly sockets = new Set<Socket>();

  constructor(parts: HttpParts) {
    this.parts = parts;
    this.app = fastify({ bodyLimit: MAX_BODY, forceCloseConnections: true, routerOptions: { maxParamLength: 200 } });
    this.app.addHook("onRequest", async (request, reply) => this.onRequest(request, reply));
    this.app.setErrorHandler((error, request, reply) => this.onError(error, request, reply));
    this.app.setNotFoundHandler((request, reply) => {
      reply.code(404).send({ code: "not_found", message: `there is nothing at ${request.method} ${request.url}` });
    });
    this.routes();
  }

  /** Listens and returns the URL. Throws RoomError `port_in_use`, `address_unusable`. */
  async start(): Promise<string> {
    const { listen } = this.parts.config;
    const { server } = this.app;
    server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.upgrade(request, socket, head);
    });
    try {
      await this.app.listen({ host: listen.host, port: listen.port });
    } catch (error) {
      throw listenError(error, listen);
    }
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : listen.port;
    return `http://${addressText({ host: listen.host, port })}`;
  }

  async stop(): Promise<void> {
    const closed = this.app.close();
    // What is half way through a request would hold the close.
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private routes(): void {
    const { app } = this;
    const { rooms, status } = this.parts;
    app.get("/healthz", async () => ({ ok: true }));
    app.get("/status", async (request) => {
      this.mustBeLocal(request);
      return status();
    });
    app.get("/", async (_request, reply) => {
      reply.header("content-security-policy", pagePolicy).type("text/html; charset=utf-8");
      return page;
    });
    // A plain request where an upgrade belongs.
    app.get("/ws", async (_request, reply) => {
      reply.header("upgrade", "websocket");
      throw new HttpError(426, "upgrade_required", "this is a WebSocket (subprotocol meshcore-room.v1)");
    });
    app.get("/api/v1/rooms", async (request) => {
      this.mustBeKnown(request);
      const count = new Map(status().rooms.map(({ name, messages }) => [name, messages]));
      const list = rooms.list.map(({ name, isPrivate, description, readOnly, maxHistory }) => ({
        ...{ name, private: isPrivate, description, read_only: readOnly },
        ...{ messages: count.get(name) ?? 0, max_history: maxHistory },
      }));
      return { rooms: list };
    });
    app.get<{ Params: { room: string } }>("/api/v1/rooms/:room/messages", async (request) => {
      this.mustBeKnown(request);
      const room = this.publicRoom(request.params.room);
      const { before, limit } = parse(messagesQuery, request.query);
      // Digits alone are a time (Unix seconds), anything else is the GUID of a message.
      const bound = before !== undefined && /^\d+$/.test(before) ? Number(before) : before;
      return { room: room.name, messages: rooms.history(room, { limit, before: bound }).map(wireMessage) };
    });
    app.post<{ Params: { room: string } }>("/api/v1/rooms/:room/messages", async (request, reply) => {
      this.mustBeKnown(request);
      const room = this.publicRoom(request.params.room);
      const { sender, text, ref } = parse(postBody, request.body);
      const guid = await new Promise<string>((resolve, reject) => {
        rooms.post(room, sender, text, "client", (outcome) => {
          if (outcome.ok) resolve(outcome.message.guid);
          else reject(outcome.error);
        });
      });
      reply.code(201);
      return { guid, ref };
    });
  }

  private async onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "no-referrer");
    reply.header("cache-control", "no-store");
    if (!isSameSite(request.headers.origin, request.headers.host)) {
      throw new HttpError(403, "cross_site", "requests from pages of other sites are refused");
    }
  }

  /** Tokens do not exist yet: who is not on this machine sees nothing. */
  private mustBeLocal(request: FastifyRequest): void {
    const address = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    if (!isLoopback(address)) throw new HttpError(401, "auth_required", "from another machine this needs a token");
  }

  /** Rooms take the same proof of identity here as over the WebSocket. */
  private mustBeKnown(request: FastifyRequest): void {
    this.mustBeLocal(request);
    if (this.parts.config.clients.auth === "required") {
      throw new HttpError(401, "auth_required", "this server wants a token");
    }
  }

  private publicRoom(name: string): Room {
    const room = this.parts.rooms.get(name);
    if (room === undefined) throw new HttpError(404, "unknown_room", `there is no room ${JSON.stringify(name)}`);
    if (room.isPrivate) {
      throw new HttpError(403, "proof_failed", `"${name}" is private: join it over /ws with a proof of its key`);
    }
    return room;
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", (error) => this.parts.log.debug(`upgrade failed: ${error.message}`));
    const path = (request.url ?? "").split("?")[0];
    const { origin, host } = request.headers;
    if (path !== "/ws") refuseUpgrade(socket, "404 Not Found");
    else if (!isSameSite(origin, host)) refuseUpgrade(socket, "403 Forbidden");
    else this.parts.clients.upgrade(request, socket, head);
  }

  private onError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { status, code, message } = toAnswer(error);
    if (status >= 500)
      this.parts.log.error(`${request.method} ${request.routeOptions.url ?? ""} failed: ${String(error)}`);
    reply.code(status).send({ code, message });
  }
}

const STATUS_BY_CODE: Record<string, number> = { bad_request: 400, too_long: 400, read_only: 403 };

function toAnswer(error: unknown): { status: number; code: string; message: string } {
  if (error instanceof HttpError) return { status: error.statusCode, code: error.code, message: error.message };
  if (error instanceof RoomError) {
    const status = STATUS_BY_CODE[error.code];
    if (status !== undefined) return { status, code: error.code, message: describe(error) };
    return { status: 503, code: "unavailable", message: "the history cannot be used now" };
  }
  // Fastify's own: a body that is no JSON, too large, of another type.
  if (
    error instanceof Error &&
    "statusCode" in error &&
    typeof error.statusCode === "number" &&
    error.statusCode < 500
  ) {
    return { status: error.statusCode, code: "bad_request", message: error.message };
  }
  return { status: 500, code: "internal", message: "internal error" };
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HttpError(400, "bad_request", `${issue.path.join(".") || "the body"}: expected ${issue.message}`);
}

/** A browser names the page that asks. Programs send no Origin. */
function isSameSite(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
