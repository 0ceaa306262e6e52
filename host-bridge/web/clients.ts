import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Asker } from "../auth/asker.ts";
import { Attempts } from "../auth/attempts.ts";
import type { Events } from "../events.ts";
import { wireMessage } from "../room/message.ts";
import type { Room, RoomsChange } from "../room/rooms.ts";
import { CLOSE, Client, type ClientParts } from "./client.ts";
import { MAX_CLIENT_FRAME, textFrame } from "./frames.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";

const SUBPROTOCOL = "meshcore-room.v1";
// A larger frame than allowed still gets its answer, up to here; beyond, ws closes the connection (1009).
const MAX_READ = 16 * MAX_CLIENT_FRAME;
const FAREWELL_MS = 500;
/** How soon a revoked or expired token ends the connections it opened. */
const RIGHTS_MS = 1000;
/** Connections above the limit that are told so; then the address waits, longer each time. */
const PUSHY = { failures: 50, delayS: 1, maxDelayS: 60, forgetAfterS: 300 };

export type ClientsParts = Omit<ClientParts, "members" | "participants"> & {
  events: Events;
  /** Who takes part in a room, given who has joined it. */
  participants: (room: Room, clients: Clients) => ReturnType<ClientParts["participants"]>;
};

/** The WebSocket clients: who is here, what each has joined, and the messages on their way to them. */
export class Clients {
  private readonly parts: ClientsParts;
  private readonly members = new Map<Room, Set<Client>>();
  private readonly all = new Set<Client>();
  /** Frames of this turn of the event loop, by room. */
  private readonly outgoing = new Map<Room, Buffer[]>();
  private readonly perAddress = new Map<string, number>();
  private readonly pushy = new Attempts();
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
      if (room !== undefined) this.tell(room, wireMessage(message));
    });
    const offRooms = this.parts.events.on("rooms", (change) => this.roomsChanged(change));
    const lookAtRights = (): void => {
      cancel = this.parts.clock.after(RIGHTS_MS, lookAtRights);
      for (const client of this.all) client.checkRights();
    };
    let cancel = this.parts.clock.after(RIGHTS_MS, lookAtRights);
    return async () => {
      cancel();
      off();
      offRooms();
      await this.end();
    };
  }

  /** Takes over the connection of an HTTP upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { gate, clock } = this.parts;
    const asker = gate.asker(request.socket.remoteAddress, request.headers);
    const waitS = this.pushy.waitS(asker.address, clock.nowMs());
    if (waitS > 0) {
      this.parts.refused("too_many_connections");
      refuseUpgrade(socket, "429 Too Many Requests", `Retry-After: ${waitS}\r\n`);
      return;
    }
    this.server.handleUpgrade(request, socket, head, (webSocket) => {
      const participants = (room: Room) => this.parts.participants(room, this);
      const client = new Client(webSocket, socket, asker, { ...this.parts, members: this.members, participants });
      const count = this.countAddress(asker, 1);
      this.all.add(client);
      webSocket.on("close", () => {
        this.all.delete(client);
        this.countAddress(asker, -1);
      });
      const { connectionsPerAddress } = this.parts.settings().rateLimit;
      if (count > connectionsPerAddress) {
        this.pushy.failed(asker.address, clock.nowMs(), PUSHY);
        const message = `at most ${connectionsPerAddress} connections from one address`;
        client.refuse("too_many_connections", message, CLOSE.tryLater);
      }
    });
  }

  /** Clients that have said hello. */
  count(): number {
    let count = 0;
    for (const client of this.all) if (client.sender() !== null) count++;
    return count;
  }

  countIn(room: Room): number {
    return this.members.get(room)?.size ?? 0;
  }

  /** Names of who has joined the room, each once. */
  namesIn(room: Room): string[] {
    const names = new Set<string>();
    for (const client of this.members.get(room) ?? []) {
      const name = client.sender();
      if (name !== null) names.add(name);
    }
    return [...names];
  }

  /** Shows a text of the operator to who is in the room, or to everybody. Returns how many are told. */
  notice(text: string, room: Room | null): number {
    if (room !== null) return this.tell(room, { type: "notice", room: room.name, text });
    const frame = textFrame(JSON.stringify({ type: "notice", text }));
    let count = 0;
    for (const client of this.all) {
      if (client.sender() === null) continue;
      client.sendFrame(frame);
      count++;
    }
    return count;
  }

  topicChanged(room: Room): void {
    this.tell(room, { type: "topic", room: room.name, topic: this.parts.topic(room) });
  }

  /** Who is in a room that stays, stays in it; a new key of a private room has to be proven again. */
  private roomsChanged({ removed, changed }: RoomsChange): void {
    this.deliver();
    for (const { previous, room, isRekeyed } of changed) {
      if (room.isPrivate && (isRekeyed || !previous.isPrivate)) this.dismiss(previous, "the room has a new key");
      const members = this.members.get(previous);
      this.members.delete(previous);
      if (members !== undefined) this.members.set(room, members);
      if (previous.topic !== room.topic) this.topicChanged(room);
    }
    for (const room of removed) this.dismiss(room, "the room was removed");
  }

  private dismiss(room: Room, reason: string): void {
    this.tell(room, { type: "left", room: room.name, reason });
    this.deliver();
    this.members.delete(room);
  }

  private tell(room: Room, frame: object): number {
    const count = this.countIn(room);
    if (count === 0) return 0;
    if (this.outgoing.size === 0) queueMicrotask(() => this.deliver());
    const frames = this.outgoing.get(room) ?? [];
    this.outgoing.set(room, frames);
    // Made once for all.
    frames.push(textFrame(JSON.stringify(frame)));
    return count;
  }

  /** What was stored together goes out in one write to each client: the system's call is what a message costs. */
  private deliver(): void {
    for (const [room, frames] of this.outgoing) {
      const bytes = frames.length === 1 ? frames[0] : Buffer.concat(frames);
      for (const client of this.members.get(room) ?? []) client.sendFrame(bytes);
    }
    this.outgoing.clear();
  }

  private countAddress({ address }: Asker, change: number): number {
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
