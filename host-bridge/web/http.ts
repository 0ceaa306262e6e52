import type { IncomingMessage, Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Asker } from "../auth/asker.ts";
import type { Gate } from "../auth/gate.ts";
import { mayDo, type Principal } from "../auth/principal.ts";
import type { Clock } from "../clock.ts";
import { addressText, isLoopback } from "../config/address.ts";
import type { Config } from "../config/schema.ts";
import { describe, RoomError } from "../errors.ts";
import { sharePort } from "../federation/listener.ts";
import type { Log } from "../log.ts";
import { HttpError, toAnswer } from "./http-error.ts";
import { listenError } from "./listen-error.ts";
import { openApiDocument } from "./openapi.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import type { Access, Route } from "./route.ts";
import { type RouteParts, routes } from "./routes.ts";
import { readTls, watchTls } from "./tls.ts";
import { Buckets } from "./token-bucket.ts";

export type HttpParts = Omit<RouteParts, "openApi" | "takePost" | "clients"> & {
  /** As they are now. */
  settings: () => Config["clients"];
  gate: Gate;
  clock: Clock;
  log: Log;
  clients: RouteParts["clients"] & { upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void };
};

const MAX_BODY = 16 * 1024;
/** Connections of one address besides the WebSockets it may have. */
const MORE_CONNECTIONS = 64;

/** HTTP: the routes, and upgrades to WebSockets. Nothing listens before start(). */
export class HttpServer {
  /** What it serves; there is nothing besides. */
  readonly routes: readonly Route[];
  private readonly parts: HttpParts;
  private readonly app: FastifyInstance;
  private readonly sockets = new Set<Socket>();
  private readonly perAddress = new Map<string, number>();
  private readonly posts = new Buckets();
  private readonly known = new WeakMap<FastifyRequest, { asker: Asker; principal: Principal }>();
  private readonly tls: ReturnType<typeof readTls> | null;
  private stopWatching: () => void = () => undefined;
  private takePeer: ((socket: Socket) => void) | null = null;

  /** Throws RoomError `tls_unusable`. */
  constructor(parts: HttpParts) {
    this.parts = parts;
    const { tls } = parts.sources.config;
    this.tls = tls === null ? null : readTls(tls);
    this.app = fastify({
      ...{ bodyLimit: MAX_BODY, forceCloseConnections: true, routerOptions: { maxParamLength: 200 } },
      ...{ requestTimeout: 30_000, http: { headersTimeout: 15_000 } },
      ...(this.tls === null ? {} : { https: { ...this.tls, handshakeTimeout: 15_000, headersTimeout: 15_000 } }),
    }) as unknown as FastifyInstance;
    let document: object | null = null;
    this.routes = routes({
      ...parts,
      openApi: () => (document ??= openApiDocument(this.routes)),
      takePost: ({ principal, asker }) => {
        const { messagesPerMinute: perMinute, burst } = parts.settings().rateLimit;
        return this.posts.take(principal.token?.id ?? asker.address, parts.clock.nowMs(), { perMinute, burst });
      },
    });
    this.app.addHook("onRequest", async (request, reply) => this.onRequest(request, reply));
    this.app.setErrorHandler((error, request, reply) => this.onError(error, request, reply));
    this.app.setNotFoundHandler(({ method, url }, reply) => {
      reply.code(404).send({ code: "not_found", message: `there is nothing at ${method} ${url}` });
    });
    // A route that is not in the table would be open to everybody.
    this.app.addHook("onRoute", ({ url, config }) => {
      if ((config as { access?: Access } | undefined)?.access === undefined)
        throw new Error(`bug: nobody guards ${url}`);
    });
    for (const route of this.routes) this.add(route);
  }

  /** Before start(): connections of other servers come to this port too, and are handed to `take`. */
  sharePort(take: (socket: Socket) => void): void {
    this.takePeer = take;
  }

  /** Listens and returns the URL. Throws RoomError `port_in_use`, `address_unusable`. */
  async start(): Promise<string> {
    const { config } = this.parts.sources;
    const { listen, tls } = config;
    const server = this.app.server as Server | HttpsServer;
    server.on("connection", (socket: Socket) => this.onConnection(socket));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.upgrade(request, socket, head);
    });
    if (this.takePeer !== null) sharePort(server, this.takePeer, this.parts.clock);
    try {
      await this.app.listen({ host: listen.host, port: listen.port });
    } catch (error) {
      throw listenError(error, listen);
    }
    if (tls !== null && this.tls !== null) {
      this.stopWatching = watchTls(server as HttpsServer, tls, this.tls, this.parts.clock, this.parts.log);
    }
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : listen.port;
    return `${tls === null ? "http" : "https"}://${addressText({ host: listen.host, port })}`;
  }

  async stop(): Promise<void> {
    this.stopWatching();
    const closed = this.app.close();
    // What is half way through a request would hold the close.
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private add(route: Route): void {
    this.app.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ":$1"),
      config: { access: route.access },
      handler: async (request, reply) => {
        const known = this.known.get(request);
        if (known === undefined) throw new Error("bug: a request that nobody looked at");
        const asked = {
          ...{ ...known, reply },
          params: checked(route.params, request.params, "the address"),
          query: checked(route.query, request.query, "the query"),
          body: checked(route.body, request.body, "the body"),
        };
        const answer = await route.handle(asked);
        reply.code(route.status ?? 200);
        if (route.contentType !== undefined) reply.type(route.contentType);
        return answer;
      },
    });
  }

  /** Before anything of the request is read: who asks, and whether this route is for them. */
  private async onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "no-referrer");
    reply.header("cache-control", "no-store");
    if (this.allowOrigin(request, reply) && request.method === "OPTIONS") {
      reply.header("access-control-allow-methods", "GET, POST, PUT, DELETE");
      reply.header("access-control-allow-headers", "authorization, content-type");
      await reply.code(204).send();
      return;
    }
    const { gate } = this.parts;
    const asker = gate.asker(request.socket.remoteAddress, request.headers);
    const access = (request.routeOptions.config as { access?: Access }).access ?? "open";
    if (access === "open") {
      this.known.set(request, { asker, principal: gate.withoutToken(asker) });
      return;
    }
    const token = bearer(request.headers.authorization);
    const principal = token === null ? gate.withoutToken(asker) : await gate.withToken(token, asker);
    this.mustBeAllowed(principal, asker, access);
    this.known.set(request, { asker, principal });
  }

  private mustBeAllowed(principal: Principal, asker: Asker, access: Exclude<Access, "open">): void {
    const isFar = principal.kind === "anonymous" && !isLoopback(asker.address);
    if (access === "status") {
      const mayLook = principal.kind !== "anonymous" || (!isFar && principal.role !== "none");
      if (!mayLook) throw new HttpError(401, "auth_required", "from another machine this needs a token");
      return;
    }
    // Without a token other machines have the WebSocket only, and that only where authentication is optional.
    if (isFar) throw new HttpError(401, "auth_required", "from another machine this needs a token");
    if (principal.role === "none") throw new HttpError(401, "auth_required", "this server wants a token");
    if (!mayDo(principal, access)) throw new HttpError(403, "forbidden", `this needs the role ${access}`);
  }

  /** A browser names the page that asks; programs send no Origin. Other sites' pages are refused unless the operator named them. */
  private allowOrigin({ headers }: FastifyRequest, reply: FastifyReply): boolean {
    const { origin, host } = headers;
    if (origin === undefined || isSameSite(origin, host)) return false;
    if (!this.parts.settings().allowedOrigins.includes(origin)) {
      throw new HttpError(403, "cross_site", "requests from pages of other sites are refused");
    }
    reply.header("access-control-allow-origin", origin);
    reply.header("vary", "origin");
    return true;
  }

  private onConnection(socket: Socket): void {
    const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    const count = (this.perAddress.get(address) ?? 0) + 1;
    this.perAddress.set(address, count);
    this.sockets.add(socket);
    socket.on("close", () => {
      this.sockets.delete(socket);
      const left = (this.perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.perAddress.set(address, left);
      else this.perAddress.delete(address);
    });
    const { rateLimit, trustedProxies } = this.parts.settings();
    if (isLoopback(address) || trustedProxies.length > 0) return;
    if (count > rateLimit.connectionsPerAddress + MORE_CONNECTIONS) {
      this.parts.metrics.refused("http", "too_many_connections");
      socket.destroy();
    }
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", (error) => this.parts.log.debug(`upgrade failed: ${error.message}`));
    const path = (request.url ?? "").split("?")[0];
    const { origin, host } = request.headers;
    const isFine =
      origin === undefined || isSameSite(origin, host) || this.parts.settings().allowedOrigins.includes(origin);
    if (path !== "/ws") refuseUpgrade(socket, "404 Not Found");
    else if (!isFine) refuseUpgrade(socket, "403 Forbidden");
    else this.parts.clients.upgrade(request, socket, head);
  }

  private onError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { status, body } = toAnswer(error);
    this.parts.metrics.refused("http", body.code);
    if (status >= 500) {
      const what = error instanceof RoomError ? describe(error) : String(error);
      this.parts.log.error(`${request.method} ${request.routeOptions.url ?? ""} failed: ${what}`);
    }
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="meshcore-room"');
    if (body.retry_after_s !== undefined) reply.header("retry-after", String(body.retry_after_s));
    reply.code(status).type("application/json; charset=utf-8").send(body);
  }
}

function checked(schema: z.ZodObject | undefined, value: unknown, what: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HttpError(400, "bad_request", `${issue.path.join(".") || what}: expected ${issue.message}`);
}

/** The token of an Authorization header, null without one. Another scheme is the business of a proxy in front. */
function bearer(header: string | undefined): string | null {
  return /^bearer(?: +(\S*))? *$/i.exec(header ?? "")?.[1] ?? null;
}

function isSameSite(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}
