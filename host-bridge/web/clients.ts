import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Events } from "../events.ts";
import { wireMessage } from "../room/message.ts";
import type { Room } from "../room/rooms.ts";
import { CLOSE, Client, type ClientParts } from "./client.ts";
import { MAX_CLIENT_FRAME } from "./frames.ts";

const SUBPROTOCOL = "meshcore-room.v1";
// A larger frame than allowed still gets its answer, up to here; beyond, ws closes the connection (1009).
const MAX_READ = 16 * MAX_CLIENT_FRAME;
const FAREWELL_MS = 500;

export type ClientsParts = Omit<ClientParts, "members" | "rateLimit"> & {
  events: Events;
  rateLimit: ClientParts["rateLimit"] & { connectionsPerAddress: number };
};

/** The WebSocket clients: who is here, what each has joined, and the messages on their way to them. */
export class Clients {
  private readonly parts: ClientsParts;
  private readonly members = new Map<Room, Set<Client>>();
  private readonly all = new Set<Client>();
  private readonly perAddress = new Map<string, number>();
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_READ,
    // Compression costs each connection a quarter of a megabyte; messages of this size gain nothing from it.
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  constructor(parts: ClientsParts) {
    this.parts = parts;
  }

  /** Begins to tell messages to clients. Returns the stop, which ends every connection. */
  start(): () => Promise<void> {
    const off = this.parts.events.on("message", (message) => {
      const room = this.parts.rooms.get(message.room);
      const members = room === undefined ? undefined : this.members.get(room);
      if (members === undefined || members.size === 0) return;
      // Once for all, as bytes: ws would encode a string again for each client.
      const frame = Buffer.from(JSON.stringify(wireMessage(message)));
      for (const client of members) client.sendText(frame);
    });
    return async () => {
      off();
      await this.end();
    };
  }

  /** Takes over the connection of an HTTP upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.server.handleUpgrade(request, socket, head, (webSocket) => {
      const address = request.socket.remoteAddress ?? "";
      const { connectionsPerAddress } = this.parts.rateLimit;
      const client = new Client(webSocket, { ...this.parts, members: this.members });
      const count = this.countAddress(address, 1);
      this.all.add(client);
      webSocket.on("close", () => {
        this.all.delete(client);
        this.countAddress(address, -1);
      });
      if (count > connectionsPerAddress) {
        const message = `at most ${connectionsPerAddress} connections from one address`;
        client.refuse("too_many_connections", message, CLOSE.tryLater);
      }
    });
  }

  /** Clients that have said hello. */
  count(): number {
    let count = 0;
    for (const client of this.all) if (client.hasSaidHello()) count++;
    return count;
  }

  countIn(room: Room): number {
    return this.members.get(room)?.size ?? 0;
  }

  private countAddress(address: string, change: number): number {
    const count = (this.perAddress.get(address) ?? 0) + change;
    if (count > 0) this.perAddress.set(address, count);
    else this.perAddress.delete(address);
    return count;
  }

  private async end(): Promise<void> {
    for (const client of this.all) client.close(CLOSE.goingAway, "the server stops");
    await new Promise<void>((resolve) => {
      const cancel = this.parts.clock.after(FAREWELL_MS, () => {
        for (const client of this.all) client.terminate();
        resolve();
      });
      const check = (): void => {
        if (this.all.size > 0) return;
        cancel();
        resolve();
      };
      for (const socket of this.server.clients) socket.on("close", check);
      check();
    });
    this.server.close();
  }
}
