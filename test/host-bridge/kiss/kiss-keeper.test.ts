import assert from "node:assert/strict";
import { messageGuid } from "../../../host-bridge/room/guid.ts";
import { airtimeMs } from "../../../protocol/airtime.ts";
import { hexToBytes } from "../../../protocol/bytes.ts";
import { flood } from "../daemon-bench.ts";
import { FakeClock } from "../fake-clock.ts";
import { openText, post, sealText, testRoom } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { FakeModem } from "./fake-modem.ts";
import { KissBench, RADIO } from "./kiss-bench.ts";

const scratch = new Scratch();
const room = testRoom("Open");
const other = testRoom("Club");

describe("kiss: a stock modem as a board", () => {
  let clock: FakeClock;
  let modem: FakeModem;
  let bench: KissBench;

  const begin = (radio = RADIO): void => {
    bench = new KissBench(scratch.dir(), clock, [room, other], () => modem.open(), radio);
  };
  const aired = (): (string | undefined)[] => modem.aired.map((hex) => openText(room, hexToBytes(hex).slice(2))?.line);

  beforeEach(() => {
    clock = new FakeClock();
    modem = new FakeModem(clock);
  });
  afterEach(async () => {
    await bench.stop();
    assert.equal(clock.pending(), 0, "no timer is left");
    scratch.clean();
  });

  it("sets its radio and shows what it says of itself", async () => {
    begin();
    await bench.run(1000);
    assert.equal(modem.radio.toString("hex"), "5051d533" + "24f40000" + "0808");
    assert.equal(modem.power, 22);
    const [status] = bench.boards.status();
    const { id, type, model, engine, firmware, connected, rx_packets, tx_packets, noise_floor_dbm, error } = status;
    assert.deepEqual(
      { id, type, model, engine, firmware, connected, rx_packets, tx_packets, noise_floor_dbm, error },
      {
        ...{ id: "k1", type: "kiss", model: "Heltec V3", engine: "KISS modem", firmware: "3", connected: true },
        ...{ rx_packets: 9, tx_packets: 8, noise_floor_dbm: -108, error: null },
      },
    );
    assert.equal(status.faults.crc_errors, 7);
  });

  it("leaves a radio alone that is set already", async () => {
    modem.radio = Buffer.from("5051d53324f400000808", "hex");
    modem.power = 22;
    begin();
    await bench.run(1000);
    assert.ok(!modem.asked.includes(0x09) && !modem.asked.includes(0x0a));
    assert.equal(bench.boards.status()[0].connected, true);
  });

  it("works with a modem whose radio cannot be set, and says so", async () => {
    modem.fixed = true;
    begin();
    await bench.run(1000);
    assert.equal(bench.boards.status()[0].connected, true);
    assert.ok(
      bench.lines.some((line) => /warn .*does not let its Radio be set/.test(line)),
      bench.lines.join("\n"),
    );
  });

  it("stores what it hears once, in its room, with the signal", async () => {
    begin();
    await bench.run(1000);
    const payload = sealText(room, 1, "Carol: hi");
    modem.hear(flood(payload, Uint8Array.of(1, 2)));
    modem.hear(flood(payload, Uint8Array.of(3)));
    modem.hear(flood(sealText(other, 1, "Dave: elsewhere")));
    modem.hear(flood(sealText(testRoom("Foreign"), 1, "Eve: no")));
    modem.hear(Uint8Array.of(0xff, 0xff));
    await bench.run(1000);
    assert.deepEqual(bench.texts(room), ["hi"]);
    assert.deepEqual(bench.texts(other), ["elsewhere"]);
    const { rssi, snr, hops, board } = bench.rooms.history(room, { limit: 1 })[0];
    assert.deepEqual({ rssi, snr, hops, board }, { rssi: -71, snr: 10.5, hops: 2, board: "k1" });
    assert.equal(bench.heard.length, 1, "the foreign one is told to the others");
    assert.equal(bench.boards.status()[0].faults.malformed, 1);
  });

  it("takes a packet without RxMeta, with an unknown signal", async () => {
    begin();
    await bench.run(1000);
    modem.hear(flood(sealText(room, 1, "Carol: one")), false);
    modem.hear(flood(sealText(room, 2, "Carol: two")));
    modem.hear(flood(sealText(room, 3, "Carol: three")), false);
    await bench.run(1000);
    assert.deepEqual(
      bench.rooms.history(room, { limit: 9 }).map(({ text, rssi }) => [text, rssi]),
      [
        ["one", null],
        ["two", -71],
        ["three", null],
      ],
    );
  });

  it("sends posts one after the other, each once, and knows its own echo", async () => {
    begin();
    await bench.run(1000);
    for (const text of ["one", "two", "three"]) await post(bench.rooms, room, "Ann", text);
    await bench.run(3000);
    assert.deepEqual(aired(), ["Ann: one", "Ann: two", "Ann: three"]);
    assert.equal(bench.store.countOutbox(), 0);
    modem.hear(Uint8Array.from([0x15, 1, 9, ...hexToBytes(modem.aired[0]).slice(2)]));
    await bench.run(500);
    assert.deepEqual(bench.texts(room), ["one", "two", "three"]);
  });

  it("tries again what the modem was too busy for, could not send, or said nothing about", async () => {
    modem.outcomes = ["busy", false, null, true];
    begin();
    await bench.run(1000);
    await post(bench.rooms, room, "Ann", "one");
    await bench.run(2000);
    assert.equal(bench.store.countOutbox(), 1);
    await bench.run(90_000);
    assert.deepEqual(aired(), ["Ann: one", "Ann: one"], "the one without a word may have been on air or not");
    assert.equal(bench.store.countOutbox(), 0);
  });

  it("never sends more in an hour than the duty cycle allows, and sends the rest later", async () => {
    const airMs = airtimeMs(RADIO, 2 + sealText(room, 1, "Ann: 10").length);
    // Space for three of them.
    begin({ ...RADIO, dutyPermille: (3.5 * airMs) / 3600 });
    await bench.run(1000);
    for (let i = 10; i < 17; i++) await post(bench.rooms, room, "Ann", String(i));
    await bench.run(30_000);
    const { length } = aired();
    assert.ok(length >= 3 && length < 7, `${length}`);
    assert.equal(bench.store.countOutbox(), 7 - length);
    await bench.run(3_500_000, 10_000);
    assert.equal(aired().length, length, "not before the hour is over");
    await bench.run(3_700_000, 10_000);
    assert.equal(aired().length, 7);
  });

  it("sends what a peer brings, but not what it hears meanwhile, nor when it is too old", async () => {
    begin();
    await bench.run(1000);
    const bring = (line: string): void => {
      const payload = sealText(room, 1000, line);
      bench.events.emit("message", {
        ...{ room: room.name, guid: messageGuid(room.key, payload), sender: "Bob", text: line, timestamp: 1000 },
        ...{ receivedAt: 0, via: "federation", origin: "City B", payload, ageMs: 0, board: null },
        ...{ rssi: null, snr: null, hops: null },
      });
    };
    bring("Bob: one");
    bring("Bob: two");
    await bench.run(1000);
    modem.hear(Uint8Array.of(0x15, 0, ...sealText(room, 1000, "Bob: one")));
    await bench.run(60_000);
    assert.deepEqual(aired(), ["Bob: two"]);
    modem.outcomes = Array(400).fill("busy");
    bring("Bob: three");
    await bench.run(310_000, 500);
    modem.outcomes = [];
    await bench.run(60_000);
    assert.deepEqual(aired(), ["Bob: two"]);
    const { sent, waiting, not_sent } = bench.boards.rebroadcast(room.name);
    assert.deepEqual([sent, waiting, not_sent.heard_on_air], [1, 0, 1]);
    assert.equal(
      Object.values(not_sent).reduce((sum, count) => sum + count, 0),
      2,
    );
  });

  it("gives up a post that is longer than the whole hour's share", async () => {
    begin({ ...RADIO, dutyPermille: 0.1 });
    await bench.run(1000);
    await post(bench.rooms, room, "Ann", "x".repeat(100));
    await bench.run(1000);
    assert.deepEqual(aired(), []);
    assert.equal(bench.store.countOutbox(), 0);
    assert.ok(bench.lines.some((line) => /given up: .*duty_cycle_percent/.test(line)));
  });

  it("says what to do about a device that is no modem, and finds it when it is one", async () => {
    modem.silent = true;
    begin();
    await bench.run(70_000);
    const [status] = bench.boards.status();
    assert.equal(status.connected, false);
    assert.match(String(status.error), /does not answer as a KISS modem/);
    assert.equal(bench.lines.filter((line) => /warn .*Try: flash MeshCore's KISS modem/.test(line)).length, 1);
    modem.silent = false;
    await bench.run(70_000);
    assert.equal(bench.boards.status()[0].connected, true);
  });

  it("comes back after a pull, and sends again what was not confirmed", async () => {
    modem.outcomes = [null];
    begin();
    await bench.run(1000);
    await post(bench.rooms, room, "Ann", "one");
    await bench.run(1000);
    modem.unplug();
    await bench.run(500);
    assert.equal(bench.boards.status()[0].connected, false);
    await bench.run(5000);
    assert.equal(bench.boards.status()[0].connected, true);
    assert.equal(bench.boards.status()[0].disconnects, 1);
    assert.equal(bench.store.countOutbox(), 0);
  });

  it("notices a modem that has stopped to answer", async () => {
    begin();
    await bench.run(1000);
    modem.silent = true;
    await bench.run(20_000);
    assert.equal(bench.boards.status()[0].connected, false);
  });
});
