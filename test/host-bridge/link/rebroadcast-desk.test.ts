import assert from "node:assert/strict";
import { BoardKeeper } from "../../../host-bridge/link/board-keeper.ts";
import { Boards, type KeeperMaker } from "../../../host-bridge/link/boards.ts";
import type { PortSource } from "../../../host-bridge/link/ports.ts";
import { messageGuid } from "../../../host-bridge/room/guid.ts";
import type { RoomMessage } from "../../../host-bridge/room/message.ts";
import type { Room } from "../../../host-bridge/room/rooms.ts";
import { airtimeMs } from "../../../protocol/airtime.ts";
import { FakeClock } from "../fake-clock.ts";
import { openRooms, openText, post, sealText, testRoom } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { FakeBoard } from "./fake-board.ts";
import { RADIO } from "./link-bench.ts";

const scratch = new Scratch();
const open = testRoom("Open");
const quiet = testRoom("Quiet", { rebroadcast: false });

/** A daemon's rooms and boards, and a peer that brings messages. */
class Host {
  readonly boards: FakeBoard[];
  readonly dir: string;
  readonly clock: FakeClock;
  readonly dutyPermille: number;
  private parts!: ReturnType<typeof openRooms>;
  private all!: Boards;
  private stopBoards!: () => Promise<void>;

  constructor(clock: FakeClock, boards: number, dutyPermille = 100) {
    this.clock = clock;
    this.dir = scratch.dir();
    this.dutyPermille = dutyPermille;
    this.boards = Array.from({ length: boards }, () => {
      const board = new FakeBoard(clock);
      return Object.assign(board, { txQueue: 0, airPermille: 0 });
    });
  }

  async start(): Promise<void> {
    const { clock, dutyPermille } = this;
    this.parts = openRooms(this.dir, clock, [open, quiet]);
    const makers = this.boards.map((board, i): KeeperMaker => {
      const source: PortSource = {
        ...{ id: `b${i + 1}`, type: "serial", model: "", place: () => "", stop: async () => undefined },
        open: async () => board.open(),
      };
      return (parts, desk) => new BoardKeeper(source, { ...RADIO, dutyPermille }, parts, desk);
    });
    this.all = new Boards(makers, {
      ...{ ...this.parts, clock, random16: () => 7, rebroadcastMaxAgeMs: () => 300_000 },
      ...{ log: { debug: noop, info: noop, warn: noop, error: noop, setLevel: noop } },
      boardKey: () => {
        throw new Error("bug: these boards have a key");
      },
    });
    this.stopBoards = this.all.start();
    await clock.run(2000);
  }

  async stop(): Promise<void> {
    await this.stopBoards();
    this.parts.rooms.stop();
    this.parts.store.close();
  }

  /** A message of a peer, as it is when it is durable. */
  bring(line: string, fields: Partial<RoomMessage> = {}, room = open): void {
    const payload = sealText(room, 1000, line);
    const message: RoomMessage = {
      ...{ room: room.name, guid: messageGuid(room.key, payload), sender: "", text: line, timestamp: 1000 },
      ...{ receivedAt: this.clock.unixMs(), via: "federation", origin: "City B", payload, ageMs: 0 },
      ...{ rssi: null, snr: null, hops: null, board: null },
      ...fields,
    };
    const [isNew] = this.parts.store.write([{ message, toAir: false, cursor: null }]);
    if (isNew) this.parts.events.emit("message", message);
  }

  post(text: string): Promise<unknown> {
    return post(this.parts.rooms, open, "Ann", text);
  }

  apply(rooms: Room[]): void {
    this.parts.rooms.apply(rooms);
  }

  counts(room = "Open") {
    const { not_sent, ...rest } = this.all.rebroadcast(room);
    return { ...rest, not_sent: Object.fromEntries(Object.entries(not_sent).filter(([, count]) => count > 0)) };
  }

  aired(board = 0): (string | undefined)[] {
    return this.boards[board].aired.map((payload) => openText(open, Buffer.from(payload, "hex"))?.line);
  }
}

const noop = (): void => undefined;

describe("messages of other servers and the boards", () => {
  let clock: FakeClock;
  let host: Host;

  beforeEach(async () => {
    clock = new FakeClock();
    host = new Host(clock, 1);
    await host.start();
  });

  afterEach(async () => {
    await host.stop();
    scratch.clean();
  });

  it("go on air as the very payload, behind everything else that the board has to send", async () => {
    host.bring("Bob: hi");
    await clock.run(20_000);
    assert.deepEqual(host.boards[0].aired, [Buffer.from(sealText(open, 1000, "Bob: hi")).toString("hex")]);
    assert.deepEqual(host.boards[0].priorities, [4]);
    const { airtime_ms, ...rest } = host.counts();
    assert.deepEqual(rest, { waiting: 0, sent: 1, not_sent: {} });
    assert.ok(airtime_ms > 300 && airtime_ms < 600, `${airtime_ms} ms`);
  });

  it("do not go when the board hears them meanwhile, and are one message", async () => {
    host.bring("Bob: hi");
    await clock.run(1000);
    host.boards[0].hear("Open", sealText(open, 1000, "Bob: hi"));
    await clock.run(60_000);
    assert.deepEqual(host.aired(), []);
    assert.deepEqual(host.counts().not_sent, { heard_on_air: 1 });
  });

  it("wait until no post of this place does", async () => {
    host.boards[0].sentAfterMs = 3000;
    host.bring("Bob: far");
    await clock.run(3000);
    for (let i = 1; i <= 6; i++) await host.post(`${i}`);
    await clock.run(60_000);
    assert.deepEqual(host.aired(), ["Ann: 1", "Ann: 2", "Ann: 3", "Ann: 4", "Ann: 5", "Ann: 6", "Bob: far"]);
  });

  it("wait until the board has nothing to send", async () => {
    host.boards[0].txQueue = 2;
    await clock.run(6000);
    host.bring("Bob: far");
    await clock.run(60_000);
    assert.deepEqual(host.aired(), []);
    host.boards[0].txQueue = 0;
    await clock.run(7000);
    assert.deepEqual(host.aired(), ["Bob: far"]);
  });

  it("leave a tenth of the duty cycle to the posts of this place", async () => {
    host.boards[0].airPermille = 90;
    await clock.run(6000);
    host.bring("Bob: far");
    await host.post("near");
    await clock.run(310_000);
    assert.deepEqual(host.aired(), ["Ann: near"]);
    assert.deepEqual(host.counts().not_sent, { airtime: 1 });
  });

  it("are not sent when they are old: by the servers' word, by the sender's clock, by how long they were here", async () => {
    const nowS = clock.unixMs() / 1000;
    host.bring("Bob: old", { ageMs: 300_000 });
    host.bring("Bob: said long ago", { ageMs: undefined, timestamp: nowS - 301 });
    assert.deepEqual(host.counts().not_sent, { too_old: 2 });
    host.bring("Bob: of the future", { ageMs: undefined, timestamp: nowS + 86_400 });
    host.boards[0].unplug();
    host.boards[0].silent = true;
    await clock.run(310_000);
    assert.deepEqual(host.counts(), { waiting: 0, sent: 0, airtime_ms: 0, not_sent: { too_old: 2, no_board: 1 } });
  });

  it("are not sent after a restart of this server", async () => {
    host.bring("Bob: hi");
    await clock.run(1000);
    await host.stop();
    await host.start();
    await clock.run(60_000);
    assert.deepEqual(host.aired(), []);
  });

  it("are not sent in a room that does not want it, nor in one that is removed", async () => {
    host.bring("Bob: hush", {}, quiet);
    host.bring("Bob: hi");
    host.apply([quiet]);
    await clock.run(60_000);
    assert.deepEqual(host.boards[0].aired, []);
    assert.deepEqual([host.counts("Quiet").not_sent, host.counts().not_sent], [{ not_wanted: 1 }, { not_wanted: 1 }]);
  });

  it("are sent by another board when the one that had it is lost", async () => {
    await host.stop();
    host = new Host(clock, 2);
    host.boards[0].sentAfterMs = null;
    await host.start();
    host.bring("Bob: hi");
    await clock.run(10_000);
    assert.deepEqual([host.aired(0), host.aired(1)], [["Bob: hi"], []]);
    host.boards[0].silent = true;
    host.boards[0].unplug();
    await clock.run(10_000);
    assert.deepEqual([host.aired(0), host.aired(1)], [["Bob: hi"], ["Bob: hi"]]);
    assert.equal(host.counts().sent, 1);
  });

  it("that a board would take for too long are forgotten when they are too old", async () => {
    host.boards[0].sendCodes = Array(400).fill(2);
    host.bring("Bob: hi");
    await clock.run(310_000);
    host.boards[0].sendCodes = [];
    await clock.run(60_000);
    assert.deepEqual(host.aired(), []);
    assert.deepEqual(host.counts().waiting, 0);
  });

  it("use no more than their share of an hour, however often this server starts", async () => {
    await host.stop();
    // 18 s of an hour, half of the duty cycle.
    host = new Host(clock, 1, 10);
    await host.start();
    for (let start = 0; start < 6; start++) {
      for (let i = 0; i < 30; i++) host.bring(`Bob: ${start} ${i}`);
      await clock.run(100_000);
      await host.stop();
      await host.start();
    }
    const airMs = host.boards[0].aired.reduce((sum, hex) => sum + airtimeMs(RADIO, 2 + hex.length / 2), 0);
    assert.ok(airMs <= 18_000 && airMs > 16_000, `${airMs} ms`);
  });

  it("leave no timer behind", async () => {
    host.bring("Bob: hi");
    await host.stop();
    const before = clock.pending();
    await clock.run(1000);
    assert.equal(clock.pending(), before);
    await host.start();
  });
});
