import type { Server as NetServer, Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { listenError } from "../web/listen-error.ts";
import type { Certificate } from "./certificate.ts";
import { ALPN, socketError } from "./session.ts";

/** Connections that have not shown who they are: of everybody, and of one address. */
const MAX_STRANGERS = 64;
const MAX_OF_ADDRESS = 16;
const HANDSHAKE_MS = 5000;
/** The first byte of a TLS record with a handshake in it. */
const TLS_HANDSHAKE = 0x16;

export interface ListenerParts {
  certificate: Certificate;
  /** Of the authorities that peers' certificates must come from, in PEM; null: any will do. */
  ca: string | null;
  clock: Clock;
  log: Log;
  /** The TLS handshake is done; `settled` is called when it is known who it is, or that it is nobody. */
  accept(socket: TLSSocket, settled: () => void): void;
}

/** Takes connections of other servers: on a port of its own, and what others hand over with take(). */
export class Listener {
  private readonly server: Server;
  private readonly strangers = new Map<Socket, string>();

  constructor(parts: ListenerParts) {
    const { cert, key } = parts.certificate;
    this.server = createServer({
      ...{ cert, key, minVersion: "TLSv1.3", ALPNProtocols: [ALPN], handshakeTimeout: HANDSHAKE_MS },
      ...{ requestCert: true, rejectUnauthorized: parts.ca !== null, ca: parts.ca ?? undefined },
    });
    this.server.on("connection", (socket: Socket) => this.admit(socket));
    this.server.on("tlsClientError", (error, socket) => {
      parts.log.debug(`a connection on the federation port failed: ${socketError(error).message}`);
      socket.destroy();
    });
    this.server.on("secureConnection", (socket) => {
      const settled = (): void => this.settled(socket);
      if (socket.alpnProtocol === ALPN) parts.accept(socket, settled);
      else socket.destroy();
    });
  }

  /** Listens on all addresses of this machine. Throws RoomError `port_in_use`, `address_unusable`. */
  async start(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", (error) => reject(listenError(error, { host: "0.0.0.0", port })));
      this.server.listen(port, () => resolve());
    });
  }

  /** A connection on another port that turned out to be a peer's. */
  take(socket: Socket): void {
    this.server.emit("connection", socket);
  }

  async stop(): Promise<void> {
    for (const socket of this.strangers.keys()) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private admit(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const ofAddress = [...this.strangers.values()].filter((other) => other === address).length;
    if (this.strangers.size >= MAX_STRANGERS || ofAddress >= MAX_OF_ADDRESS) {
      socket.destroy();
      return;
    }
    this.strangers.set(socket, address);
    socket.once("close", () => this.strangers.delete(socket));
  }

  /** The TLS socket stands for the plain one that was counted. */
  private settled(socket: TLSSocket): void {
    for (const plain of this.strangers.keys()) {
      if (plain.remotePort === socket.remotePort && plain.remoteAddress === socket.remoteAddress) {
        this.strangers.delete(plain);
      }
    }
  }
}

/**
 * Looks at the first bytes of each connection of `server`, and hands those to `take` that are TLS with the ALPN of federation; all
 * others it treats as before. To be called when `server` has its listeners and before it listens.
 */
export function sharePort(server: NetServer, take: (socket: Socket) => void, clock: Clock): void {
  const others = server.listeners("connection") as ((this: NetServer, socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const ignore = (): void => undefined;
    socket.on("error", ignore);
    const cancel = clock.after(HANDSHAKE_MS * 2, () => socket.destroy());
    const look = (): void => {
      const first = socket.read() as Buffer | null;
      if (first === null) {
        if (!socket.readableEnded && !socket.destroyed) socket.once("readable", look);
        return;
      }
      cancel();
      socket.removeListener("error", ignore);
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE && first.includes(ALPN)) take(socket);
      else for (const other of others) other.call(server, socket);
    };
    socket.once("close", cancel);
    socket.once("readable", look);
  });
}
