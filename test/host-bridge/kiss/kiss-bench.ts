// A daemon's boards in virtual time, one of them a KISS modem.
import type { Clock } from "../../../host-bridge/clock.ts";
import type { Events, HeardPacket } from "../../../host-bridge/events.ts";
import { KissKeeper } from "../../../host-bridge/kiss/kiss-keeper.ts";
import { Boards } from "../../../host-bridge/link/boards.ts";
import type { PortSource } from "../../../host-bridge/link/ports.ts";
import type { Room, Rooms } from "../../../host-bridge/room/rooms.ts";
import type { Store } from "../../../host-bridge/room/store.ts";
import type { BytePort } from "../../../simulator/byte-port.ts";
import { keptLog } from "../kept-log.ts";
import { openRooms } from "../room/rooms-bench.ts";

export const RADIO = { freqHz: 869_618_000, bwHz: 62_500, sf: 8, cr: 8, powerDbm: 22, dutyPermille: 100 };

export class KissBench {
  readonly lines: string[] = [];
  readonly heard: HeardPacket[] = [];
  readonly store: Store;
  readonly rooms: Rooms;
  readonly events: Events;
  readonly boards: Boards;
  private readonly clock: { advance(ms: number): void };
  private readonly stopBoards: () => Promise<void>;

  constructor(
    dir: string,
    clock: Omit<Clock, "unixMs"> & { advance(ms: number): void },
    rooms: Room[],
    open: () => BytePort,
    radio = RADIO,
  ) {
    const log = keptLog(this.lines);
    const time: Clock = {
      nowMs: () => clock.nowMs(),
      unixMs: () => Date.UTC(2026, 10, 21) + clock.nowMs(),
      after: (ms, fn) => clock.after(ms, fn),
    };
    this.clock = clock;
    const parts = openRooms(dir, time, rooms, log);
    this.store = parts.store;
    this.rooms = parts.rooms;
    this.events = parts.events;
    parts.events.on("heard", (packet) => void this.heard.push(packet));
    const source: PortSource = {
      ...{ id: "k1", type: "kiss", model: "", place: () => "/dev/kiss", stop: async () => undefined },
      open: async () => open(),
    };
    const { boardKey, random16 } = {
      boardKey: () => {
        throw new Error("bug: a modem has no key");
      },
      random16: () => 7,
    };
    this.boards = new Boards([(all, desk) => new KissKeeper(source, radio, all, desk)], {
      ...{ ...parts, clock: time, log, boardKey, random16, rebroadcastMaxAgeMs: () => 300_000 },
    });
    this.stopBoards = this.boards.start();
  }

  /** Time passes, and what is due by setImmediate or a promise gets its turn. */
  async run(ms: number, stepMs = 100): Promise<void> {
    for (let done = 0; done < ms; done += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - done));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  texts(room: Room): string[] {
    return this.rooms.history(room, { limit: 1000 }).map(({ text }) => text);
  }

  async stop(): Promise<void> {
    await this.stopBoards();
    this.rooms.stop();
    this.store.close();
  }
}
