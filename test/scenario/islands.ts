// Servers with boards that run the built bundles, on ethers in virtual time, and what federation does for them: each tells the others
// what came in at its place.
import type { Clock } from "../../host-bridge/clock.ts";
import { BoardKeeper } from "../../host-bridge/link/board-keeper.ts";
import { Boards } from "../../host-bridge/link/boards.ts";
import type { PortSource } from "../../host-bridge/link/ports.ts";
import { silentLog } from "../../host-bridge/log.ts";
import type { RoomMessage } from "../../host-bridge/room/message.ts";
import { makeRoom } from "../../host-bridge/room/rooms.ts";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { VirtualClock } from "../../simulator/clock.ts";
import { Ether } from "../../simulator/ether.ts";
import { Random } from "../../simulator/random.ts";
import { createSimBoard, type SimBoard } from "../../simulator/sim-board.ts";
import { openRooms, post, roomConfig, sealText } from "../host-bridge/room/rooms-bench.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { bundle, library, RADIO, TEST_KEY } from "./world.ts";

const START = Date.UTC(2026, 10, 20, 12);
const WIRE_MS = 30;
const STEP_MS = 50;

export const room = makeRoom(roomConfig("test", { psk: TEST_KEY, maxHistory: 10_000 }), hexToBytes(TEST_KEY));

export interface Aired {
  /** Hex of the GRP_TXT payload. */
  payload: string;
  atMs: number;
  airMs: number;
}

/** One channel, with somebody who listens and can speak as a phone does. */
export class Air {
  readonly ether: Ether;
  readonly aired: Aired[] = [];
  readonly isBusy: () => boolean;
  private readonly send: (frame: Uint8Array) => void;

  constructor(clock: VirtualClock, seed: number) {
    this.ether = new Ether({ clock, radio: RADIO, seed });
    const seat = this.ether.join({
      heard: ({ frame, airtimeMs }) => this.aired.push(note(frame, clock.nowMs(), airtimeMs)),
    });
    this.isBusy = () => seat.isChannelBusy();
    this.send = (frame) => {
      seat.transmit(frame);
      this.aired.push(note(frame, clock.nowMs(), 0));
    };
  }

  /** A phone says this; its own time on air is not counted. */
  say(payload: Uint8Array): void {
    this.send(Uint8Array.of(0x15, 0, ...payload));
  }

  airMs(): number {
    return this.aired.reduce((sum, { airMs }) => sum + airMs, 0);
  }

  /** How often each payload was on air. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { payload } of this.aired) counts.set(payload, (counts.get(payload) ?? 0) + 1);
    return counts;
  }
}

function note(frame: Uint8Array, atMs: number, airMs: number): Aired {
  // Neither a region nor a repeater is here: header, path length 0, payload.
  if (frame[0] !== 0x15 || frame[1] !== 0) throw new Error(`a frame of another kind: ${bytesToHex(frame)}`);
  return { payload: bytesToHex(frame.slice(2)), atMs, airMs };
}

/** A server and its board. */
export class Server {
  readonly name: string;
  /** Every message that its clients were told, in order. */
  readonly told: RoomMessage[] = [];
  readonly parts: ReturnType<typeof openRooms>;
  readonly boards: Boards;
  /** Of the log of each other server. */
  private readonly lastSeq = new Map<string, number>();
  private readonly board: SimBoard;
  private readonly stopBoards: () => Promise<void>;

  constructor(name: string, air: Air, dir: string, clock: VirtualClock, seed: number) {
    const time: Clock = {
      nowMs: () => clock.nowMs(),
      unixMs: () => START + Math.floor(clock.nowMs()),
      after: (ms, fn) => clock.after(ms, fn),
    };
    this.name = name;
    this.board = createSimBoard({
      ...{ id: name, model: "sim", source: bundle("sim"), library: library("sim"), clock, seed },
      air: { speed: 1, join: (station) => air.ether.join(station) },
    });
    this.parts = openRooms(dir, time, [room], silentLog(), { origin: name });
    this.parts.events.on("message", (message) => void this.told.push(message));
    const source: PortSource = {
      ...{ id: "b1", type: "sim", model: "sim", place: () => "", stop: async () => undefined },
      open: async () => this.board.serial,
    };
    const random = new Random(seed);
    const radio = { ...RADIO, dutyPermille: 100 };
    this.boards = new Boards([(parts, desk) => new BoardKeeper(source, radio, parts, desk)], {
      ...{ ...this.parts, clock: time, log: silentLog(), rebroadcastMaxAgeMs: () => 300_000 },
      random16: () => random.bits() >>> 16,
      boardKey: () => {
        throw new Error("bug: a simulated board has a key");
      },
    });
    this.stopBoards = this.boards.start();
  }

  /** No adverts: they are in the way. */
  hush(): void {
    const { adverts } = this.board.globals["meshcore"] as { adverts: { send(): boolean } };
    adverts.send = () => false;
  }

  async stop(): Promise<void> {
    await this.stopBoards();
    this.board.stop();
    this.parts.rooms.stop();
    this.parts.store.close();
  }

  /** A message that another server has; `ageMs` as it says. */
  bring(payload: Uint8Array, origin: string, ageMs: number): void {
    const seq = (this.lastSeq.get(origin) ?? 0) + 1;
    this.lastSeq.set(origin, seq);
    const place = { stream: origin.charCodeAt(0).toString(16).padStart(16, "0"), seq };
    this.parts.rooms.federate(room, [{ place, message: { payload, origin, ageMs } }], (error) => {
      if (error !== null) throw error;
    });
  }

  history(): RoomMessage[] {
    return this.parts.rooms.history(room, { limit: 10_000 });
  }
}

export class Islands {
  readonly clock = new VirtualClock();
  readonly airs: Air[];
  readonly servers: Server[];
  isFederated = true;
  private readonly scratch = new Scratch();
  private phone = 0;

  /** `places`: for each server the number of the ether that its board is on. */
  constructor(places: readonly number[], seed = 1) {
    this.airs = Array.from({ length: Math.max(...places) + 1 }, (_, i) => new Air(this.clock, seed + i));
    this.servers = places.map((place, i) => {
      const name = String.fromCharCode(65 + i);
      return new Server(name, this.airs[place], this.scratch.dir(), this.clock, 100 * seed + i);
    });
    for (const server of this.servers) {
      server.parts.events.on("message", (message) => {
        if (message.via === "federation" || !this.isFederated) return;
        for (const other of this.servers) {
          const bring = () => other.bring(message.payload, server.name, WIRE_MS);
          if (other !== server) this.clock.after(WIRE_MS, bring);
        }
      });
    }
  }

  /** Boards are up and have their rooms. */
  async ready(): Promise<void> {
    await this.run(1000);
    for (const server of this.servers) server.hush();
    await this.run(9000);
    for (const { boards } of this.servers) {
      if (!boards.status()[0].connected) throw new Error(`no board: ${boards.status()[0].error}`);
    }
  }

  async run(ms: number): Promise<void> {
    for (let done = 0; done < ms; done += STEP_MS) {
      this.clock.advance(STEP_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A client of a server posts. */
  async post(server: number, text: string): Promise<void> {
    const done = post(this.servers[server].parts.rooms, room, `client-${this.servers[server].name}`, text);
    await this.run(STEP_MS);
    const outcome = await done;
    if (!outcome.ok) throw outcome.error;
  }

  /** A phone says something on an ether, when nobody else speaks. */
  async say(air: number, text: string): Promise<void> {
    while (this.airs[air].isBusy()) await this.run(4 * STEP_MS);
    this.airs[air].say(sealText(room, Math.floor(START / 1000) + ++this.phone, `phone: ${text}`));
  }

  /** A server gets a message from a peer that is not among these. */
  bring(server: number, text: string, ageMs: number): void {
    const timestamp = Math.floor((START + this.clock.nowMs() - ageMs) / 1000);
    this.servers[server].bring(sealText(room, timestamp, `far: ${text}`), "Z", ageMs);
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop();
    this.scratch.clean();
  }
}
