import { createHmac } from "node:crypto";
import { WebSocket } from "ws";
import { openAccess } from "../../../host-bridge/auth/access.ts";
import type { Clock } from "../../../host-bridge/clock.ts";
import { systemClock } from "../../../host-bridge/clock.ts";
import type { Config } from "../../../host-bridge/config/schema.ts";
import { Boards } from "../../../host-bridge/link/boards.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import type { Room } from "../../../host-bridge/room/rooms.ts";
import { openWeb } from "../../../host-bridge/web/open-web.ts";
import { findPreset } from "../../../protocol/presets.ts";
import { openRooms, testRoom } from "../room/rooms-bench.ts";

export type Frame = Record<string, unknown>;

export type TestFields = Partial<Omit<Config, "clients">> & { clients?: Partial<Config["clients"]> };

/** A configuration without boards that listens on a free loopback port. */
export function testConfig(dataDir: string, fields: TestFields = {}): Config {
  const preset = findPreset("EU/UK (Narrow)");
  if (preset === null || preset === undefined) throw new Error("the preset is gone");
  return {
    name: "here",
    dataDir,
    listen: { host: "127.0.0.1", port: 0 },
    tls: null,
    companion: { listen: null },
    boards: [],
    radio: {
      preset: "EU/UK (Narrow)",
      settings: { freqHz: 869_618_000, bwHz: 62_500, sf: 8, cr: 8, powerDbm: 22 },
      dutyCyclePercent: 10,
    },
    rooms: [],
    federation: {
      ...{ enabled: false, port: 5001, tls: null, statusEndpoint: false, ca: null, maxKibPerS: 0, statusPort: 5002 },
      ...{ rebroadcastMaxAgeS: 300, blindHub: null, backbone: null, secret: "", peers: [] },
    },
    mqtt: { enabled: false, brokers: [] },
    nodes: { forgetAfterS: 2_592_000, max: 10_000 },
    alerts: {
      ...{ silentAfterS: 3600, lostAfterS: 300, types: [], nodes: [] },
      ...{ quietHours: null, webhook: null, webhookSecret: null },
    },
    log: { level: "error", format: "text" },
    metrics: { privateRooms: false },
    simulator: { neighbours: 0, speed: 1 },
    files: [],
    ...fields,
    clients: {
      ...{ auth: "optional", trustedProxies: [], allowedOrigins: [] },
      ...{ pingIntervalS: 30, idleTimeoutS: 75, sendQueueKb: 1024 },
      rateLimit: { messagesPerMinute: 6000, burst: 1000, connectionsPerAddress: 50 },
      login: { failures: 5, delayS: 1, maxDelayS: 300, forgetAfterS: 3600 },
      ...fields.clients,
    },
  };
}

export const openRoom = testRoom("Open");
export const secretRoom = testRoom("Secret", { psk: "x", isPrivate: true });
export const noticeRoom = testRoom("Notices", { readOnly: true });

/** Store, rooms, clients and HTTP, as run.ts puts them together, without boards. */
export async function startServer(
  dataDir: string,
  fields: TestFields = {},
  clock: Clock = systemClock,
  log = silentLog(),
) {
  const config = testConfig(dataDir, fields);
  const access = openAccess(dataDir, clock);
  const { store, events, rooms } = openRooms(dataDir, clock, [openRoom, secretRoom, noticeRoom], log, {
    isMuted: (room, sender) => access.moderation.isMuted(room, sender),
  });
  const noBoard = new Boards([], {
    ...{ rooms, store, events, clock, log, random16: () => 7, rebroadcastMaxAgeMs: () => 300_000 },
    boardKey: () => {
      throw new Error("bug: there is no board");
    },
  });
  const web = openWeb({
    config,
    rooms,
    store,
    events,
    clock,
    log,
    access,
    boards: noBoard,
    nodes: { count: () => 0, list: () => [] },
    alerts: { list: () => [] },
    peers: () => [],
    backbone: () => null,
    mqtt: () => ({ enabled: false, connected: false, published: 0, brokers: [] }),
  });
  const { clients, http } = web;
  const url = await web.start();
  const stop = async (): Promise<void> => {
    await web.stop();
    rooms.stop();
    store.close();
    access.close();
  };
  return { url, rooms, events, store, clients, http, access, stop };
}

/** A client that keeps what it was sent. */
export class TestClient {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  private waiting: (() => void)[] = [];

  constructor(url: string, options: { protocols?: string[]; headers?: Record<string, string>; path?: string } = {}) {
    const { protocols = ["meshcore-room.v1"], headers, path = "/ws" } = options;
    this.socket = new WebSocket(url.replace("http", "ws") + path, protocols, { headers });
    this.socket.on("message", (data) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        for (const wake of this.waiting.splice(0)) wake();
      });
    });
  }

  async opened(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("error", reject);
    });
    return this;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** The next frame that was not read yet. */
  async next(): Promise<Frame> {
    while (this.frames.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("the connection is closed");
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return this.frames.shift() as Frame;
  }

  async ask(frame: unknown): Promise<Frame> {
    this.send(frame);
    return this.next();
  }

  async hello(name: string): Promise<Frame> {
    await this.opened();
    return this.ask({ type: "hello", name });
  }
}

export function proof(room: Room, nonce: unknown): string {
  return createHmac("sha256", room.key)
    .update(Buffer.from(String(nonce), "hex"))
    .update(room.name)
    .digest("hex");
}
