import assert from "node:assert/strict";
import { RoomError } from "../../../host-bridge/errors.ts";
import { BoardKeeper } from "../../../host-bridge/link/board-keeper.ts";
import { openBoardKey } from "../../../host-bridge/link/board-key.ts";
import { Boards, type KeeperMaker } from "../../../host-bridge/link/boards.ts";
import type { PortSource } from "../../../host-bridge/link/ports.ts";
import type { Rooms } from "../../../host-bridge/room/rooms.ts";
import type { Store } from "../../../host-bridge/room/store.ts";
import { LINK_VERSION } from "../../../protocol/link.ts";
import { FakeClock } from "../fake-clock.ts";
import { keptLog } from "../kept-log.ts";
import { hex, openRooms, openText, post, sealText, testRoom } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { FakeBoard } from "./fake-board.ts";
import { RADIO } from "./link-bench.ts";

const scratch = new Scratch();
const room = testRoom("Open");

/** A board on a cable that can be out. */
class Source implements PortSource {
  readonly type = "serial";
  readonly model = "fake-model";
  readonly board: FakeBoard;
  plugged = true;
  opens = 0;
  stopped = false;
  readonly id: string;
  /** Where it differs from the common one. */
  readonly radio: Partial<typeof RADIO>;

  constructor(id: string, clock: FakeClock, radio: Partial<typeof RADIO> = {}) {
    this.id = id;
    this.radio = radio;
    this.board = new FakeBoard(clock);
  }

  async open() {
    this.opens++;
    if (!this.plugged) throw new RoomError("board_missing", "/dev/none is not there", { hint: "plug the board in" });
    return this.board.open();
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }

  place(): string {
    return "/dev/fake";
  }

  unplug(): void {
    this.plugged = false;
    this.board.unplug();
  }
}

describe("boards", () => {
  let clock: FakeClock;
  let store: Store;
  let rooms: Rooms;
  let first: Source;
  let second: Source;
  let boards: Boards;
  let stop: () => Promise<void>;
  let lines: string[];
  let dir: string;

  const begin = (sources: Source[]): void => {
    lines = [];
    const log = keptLog(lines);
    const parts = openRooms(dir, clock, [room], log);
    ({ store, rooms } = parts);
    const makers = sources.map((source): KeeperMaker => {
      return (parts, desk) => new BoardKeeper(source, { ...RADIO, ...source.radio }, parts, desk);
    });
    boards = new Boards(makers, {
      ...{ ...parts, clock, log },
      boardKey: (board) => openBoardKey(dir, board),
      random16: () => 7,
      rebroadcastMaxAgeMs: () => 300_000,
    });
    stop = boards.start();
  };
  const end = async (): Promise<void> => {
    await stop();
    rooms.stop();
    store.close();
  };
  const texts = (): string[] => rooms.history(room, { limit: 100 }).map(({ text }) => text);
  const aired = ({ board }: Source): (string | undefined)[] =>
    board.aired.map((payload) => openText(room, Buffer.from(payload, "hex"))?.line);

  beforeEach(() => {
    clock = new FakeClock();
    dir = scratch.dir();
    first = new Source("b1", clock);
    second = new Source("b2", clock);
  });

  afterEach(async () => {
    await end();
    scratch.clean();
  });

  it("shows what the board says of itself", async () => {
    begin([first]);
    assert.equal(boards.status()[0].connected, false);
    assert.equal(boards.status()[0].model, "fake-model");
    await clock.run(2000);
    assert.deepEqual(boards.status(), [
      {
        ...{ id: "b1", model: "fake", engine: "NoEngine", firmware: "9.9.9", sha256: "07".repeat(32) },
        ...{ connected: true, rx_packets: 5, tx_packets: 6, airtime_percent: 1.5, noise_floor_dbm: -110, tx_queue: 1 },
        ...{ type: "serial", port: "/dev/fake", memory_free_percent: 50, clock_offset_s: null },
        ...{ uptime_s: 0, link_errors: 0, disconnects: 0, missed: 0, error: null },
        faults: {
          ...{ crc_errors: 0, header_errors: 0, malformed: 0, mac_failures: 0, tx_dropped: 0, radio_recoveries: 0 },
          radio: {
            ...{ busy_stuck: 1, edges_missed: 2, tx_endless: 3, mode_left: 4 },
            ...{ chip_silent: 5, cad_endless: 6, deaf: 7, not_taken: 8 },
          },
        },
      },
    ]);
    assert.ok(lines.includes('info Board "b1" connected (fake, NoEngine, firmware 9.9.9)'));
  });

  it("brings what the board hears into the history, and tells what was heard", async () => {
    begin([first]);
    await clock.run(2000);
    for (let i = 1; i <= 9; i++) first.board.hear("Open", sealText(room, i, `Carol: n${i}`));
    await clock.run(2000);
    assert.deepEqual(texts(), ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"]);
    const { rssi, snr, hops, board } = rooms.history(room, { limit: 1 })[0];
    assert.deepEqual({ rssi, snr, hops, board }, { rssi: -71, snr: 10.5, hops: 2, board: "b1" });
  });

  it("asks a board for its public key on the console, again while it has none, and not while a person types", async () => {
    let asked = 0;
    first.board.cable = (bytes, to) => {
      if (to === "board" && Buffer.from(bytes).includes("hb|get public.key\r")) asked++;
      return bytes;
    };
    begin([first]);
    await clock.run(2000);
    assert.deepEqual([asked, boards.keepers[0].publicKey()], [1, null]);
    first.board.print("  -> hb|Error: no key yet; Try: later\r\n");
    const seat = boards.keepers[0].console(
      () => undefined,
      () => undefined,
    );
    await clock.run(70_000);
    assert.equal(asked, 1);
    seat.leave();
    await clock.run(10_000);
    assert.equal(asked, 2);
    first.board.print(`  -> hb|> ${"AB".repeat(32)}\r\n`);
    await clock.run(130_000);
    assert.deepEqual([asked, boards.keepers[0].publicKey()], [2, "ab".repeat(32)]);
  });

  it("finds a board again that was unplugged, and says so once", async () => {
    begin([first]);
    await clock.run(2000);
    first.board.hear("Open", sealText(room, 1, "Carol: before"));
    await clock.run(1000);
    first.unplug();
    await clock.run(60_000);
    assert.equal(boards.status()[0].connected, false);
    assert.match(String(boards.status()[0].error), /not there/);
    assert.ok(first.opens > 10, "tried again and again");
    assert.ok(first.opens < 20, "but not all the time");
    assert.equal(lines.filter((line) => line.startsWith("warn")).length, 2, "the loss, and that it is not there");
    first.board.hear("Open", sealText(room, 2, "Carol: meanwhile"));
    first.plugged = true;
    await clock.run(12_000);
    assert.equal(boards.status()[0].connected, true);
    assert.equal(boards.status()[0].error, null);
    assert.deepEqual(texts(), ["before", "meanwhile"]);
  });

  it("hears a message with two boards and keeps it once", async () => {
    begin([first, second]);
    await clock.run(2000);
    const payload = sealText(room, 1, "Carol: hi");
    first.board.hear("Open", payload);
    second.board.hear("Open", payload);
    await clock.run(1000);
    assert.deepEqual(texts(), ["hi"]);
    const [{ receptions }] = rooms.history(room, { limit: 1 });
    assert.deepEqual(receptions?.map(({ board, rssi, snr, hops }) => [board, rssi, snr, hops]).sort(), [
      ["b1", -71, 10.5, 2],
      ["b2", -71, 10.5, 2],
    ]);
    assert.deepEqual([store.cursors("b1")[0].seq, store.cursors("b2")[0].seq], [1, 1]);
  });

  it("sends posts by the first board that is there, and by the next when that one is lost", async () => {
    begin([first, second]);
    await clock.run(2000);
    await post(rooms, room, "Ann", "one");
    await clock.run(1000);
    first.unplug();
    await post(rooms, room, "Ann", "two");
    await clock.run(1000);
    assert.deepEqual(aired(first), ["Ann: one"]);
    assert.deepEqual(aired(second), ["Ann: two"]);
    assert.equal(store.countOutbox(), 0);
  });

  it("lets the next board send what the lost one had taken and not confirmed", async () => {
    first.board.sentAfterMs = null;
    begin([first, second]);
    await clock.run(2000);
    await post(rooms, room, "Ann", "one");
    await clock.run(1000);
    assert.equal(store.countOutbox(), 1);
    first.unplug();
    await clock.run(1000);
    assert.deepEqual(aired(second), ["Ann: one"]);
    assert.equal(store.countOutbox(), 0);
  });

  it("keeps posts while no board is there, over a restart too, and sends each once", async () => {
    first.plugged = false;
    begin([first]);
    for (const text of ["one", "two", "three"]) await post(rooms, room, "Ann", text);
    await clock.run(5000);
    assert.equal(store.countOutbox(), 3);
    await end();
    first.plugged = true;
    begin([first]);
    await clock.run(5000);
    assert.deepEqual(aired(first), ["Ann: one", "Ann: two", "Ann: three"]);
    assert.equal(store.countOutbox(), 0);
    assert.equal(first.board.rooms[0].records.length, 0);
  });

  it("does not send twice when it was ended between the air and the board's word for it", async () => {
    first.board.sentAfterMs = 5000;
    begin([first]);
    await clock.run(2000);
    await post(rooms, room, "Ann", "one");
    await clock.run(1000);
    assert.equal(store.countOutbox(), 1);
    await end();
    await clock.run(10_000);
    begin([first]);
    await clock.run(5000);
    assert.deepEqual(aired(first), ["Ann: one"]);
    assert.equal(store.countOutbox(), 0);
  });

  it("resumes each ring where the store was, after a restart", async () => {
    begin([first]);
    await clock.run(2000);
    for (let i = 1; i <= 3; i++) first.board.hear("Open", sealText(room, i, `Carol: n${i}`));
    await clock.run(1000);
    await end();
    for (let i = 4; i <= 6; i++) first.board.hear("Open", sealText(room, i, `Carol: n${i}`));
    first.board.heard = [];
    begin([first]);
    await clock.run(3000);
    assert.deepEqual(texts(), ["n1", "n2", "n3", "n4", "n5", "n6"]);
    assert.equal(first.board.heard.filter((name) => name === "Ack").length, 3, "only the new ones came");
  });

  it("looks after a board of another version once a minute, with the remedy in the log", async () => {
    Object.assign(first.board, { version: 0, minVersion: 0 });
    begin([first]);
    await clock.run(70_000, 500);
    assert.equal(first.opens, 2);
    assert.equal(lines.filter((line) => /warn .*link version 0.*Try: flash/.test(line)).length, 1);
    assert.match(String(boards.status()[0].error), /link version 0/);
    first.board.version = LINK_VERSION;
    await clock.run(60_000, 500);
    assert.equal(boards.status()[0].connected, true);
  });

  it("sends a post once on each channel, and no more when a channel has gone meanwhile", async () => {
    second = new Source("b2", clock, { freqHz: 433_775_000 });
    const third = new Source("b3", clock);
    begin([first, second, third]);
    await clock.run(2000);
    await post(rooms, room, "Ann", "one");
    await clock.run(6000);
    assert.deepEqual([first, second, third].map(aired), [["Ann: one"], ["Ann: one"], []]);
    assert.equal(store.countOutbox(), 0);
    second.board.sentAfterMs = null;
    await post(rooms, room, "Ann", "two");
    await clock.run(6000);
    assert.equal(store.countOutbox(), 1, "the other channel has not confirmed");
    second.unplug();
    await clock.run(1000);
    assert.equal(store.countOutbox(), 0);
    assert.deepEqual([first, third].map(aired), [["Ann: one", "Ann: two"], []]);
  });

  it("sets each radio as that board's configuration says", async () => {
    second = new Source("b2", clock, { freqHz: 433_775_000, sf: 11 });
    begin([first, second]);
    await clock.run(2000);
    assert.deepEqual([first.board.radio?.freqHz, first.board.radio?.sf], [RADIO.freqHz, RADIO.sf]);
    assert.deepEqual([second.board.radio?.freqHz, second.board.radio?.sf], [433_775_000, 11]);
  });

  it("leaves the next posts to another board when the first has four, and keeps their order below that", async () => {
    first.board.sentAfterMs = null;
    begin([first, second]);
    await clock.run(2000);
    for (let i = 1; i <= 7; i++) await post(rooms, room, "Ann", String(i));
    await clock.run(1000);
    assert.deepEqual(aired(first), ["Ann: 1", "Ann: 2", "Ann: 3", "Ann: 4"]);
    assert.deepEqual(aired(second), ["Ann: 5", "Ann: 6", "Ann: 7"]);
    assert.equal(store.countOutbox(), 4);
  });

  it("gives boards the rooms of a reload, and takes the removed ones from them", async () => {
    const [added, stays] = [testRoom("New"), testRoom("Stays")];
    begin([first]);
    await rooms.apply([room, stays]);
    await clock.run(2000);
    const held = (): string[] => first.board.rooms.filter(({ gone }) => !gone).map(({ name }) => name);
    assert.deepEqual(held(), ["Open", "Stays"]);
    first.board.heard = [];
    await rooms.apply([stays, added]);
    await clock.run(2000);
    assert.deepEqual(held(), ["Stays", "New"]);
    assert.ok(!first.board.heard.includes("Hello"), "within the same conversation");
    first.board.hear("New", sealText(added, 1, "Carol: hi"));
    first.board.hear("Stays", sealText(stays, 1, "Carol: ho"));
    await clock.run(1000);
    assert.deepEqual(
      [added, stays].map((each) => rooms.history(each, { limit: 9 }).length),
      [1, 1],
    );
  });

  it("takes a room from a board that was away when it was removed", async () => {
    const stays = testRoom("Stays");
    begin([first]);
    await rooms.apply([room, stays]);
    await clock.run(2000);
    first.unplug();
    await rooms.apply([stays]);
    first.plugged = true;
    await clock.run(8000);
    assert.deepEqual(
      first.board.rooms.filter(({ gone }) => !gone).map(({ name }) => name),
      ["Stays"],
    );
  });

  it("counts what a full ring dropped while the board was away, even when it had sent nothing before", async () => {
    begin([first]);
    await clock.run(2000);
    first.unplug();
    for (let i = 1; i <= 10; i++) first.board.hear("Open", sealText(room, i, `Carol: n${i}`));
    first.board.evict(first.board.rooms[0], 4);
    first.plugged = true;
    await clock.run(8000);
    assert.deepEqual(texts(), ["n7", "n8", "n9", "n10"]);
    assert.equal(boards.status()[0].missed, 6);
    assert.ok(lines.some((line) => /warn 6 messages of "Open" are lost/.test(line)));
  });

  it("drops posts to a room that is no longer configured", async () => {
    first.plugged = false;
    begin([first]);
    await post(rooms, room, "Ann", "one");
    const gone = testRoom("Gone");
    store.setRooms([room, gone], 0);
    const message = rooms.history(room, { limit: 1 })[0];
    store.write([{ message: { ...message, room: "Gone", guid: hex(Uint8Array.of(1)) }, toAir: true, cursor: null }]);
    first.plugged = true;
    await clock.run(15_000);
    assert.equal(store.countOutbox(), 0);
    assert.deepEqual(aired(first), ["Ann: one"]);
  });

  it("leaves no timer and no port when it stops, whatever it was doing", async () => {
    const idle = clock.pending();
    begin([first, second]);
    second.plugged = false;
    await clock.run(3000);
    await stop();
    const [openedFirst, openedSecond] = [first.opens, second.opens];
    await clock.run(30_000);
    assert.equal(clock.pending(), idle);
    assert.deepEqual([first.opens, second.opens], [openedFirst, openedSecond]);
    assert.ok(first.stopped && second.stopped);
  });
});
