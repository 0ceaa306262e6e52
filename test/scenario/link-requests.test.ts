import assert from "node:assert/strict";
import * as FAULT from "../../firmware/radio-faults.ts";
import {
  Heard,
  RESULT_BAD_REQUEST,
  RESULT_FULL,
  RESULT_OK,
  RemoveRoom,
  RoomState,
  SetRadio,
  SetRoom,
  SetTime,
  WANTS_HEARD,
} from "../../protocol/link.ts";
import type { Host } from "./host.ts";
import { LinkScene, payload } from "./link-scene.ts";
import { groupText, RADIO, TEST_KEY } from "./world.ts";

describe("link: settings, counters and what else is heard", () => {
  let scene: LinkScene;
  let host: Host;
  beforeEach(() => {
    scene = new LinkScene().follow();
    host = scene.host;
  });
  afterEach(() => scene.stop());

  it("SetRoom: a new room, a changed one, and what is refused", () => {
    const set = (req: number, name: string, keyLen: number, max = 50): void => {
      host.send(SetRoom, { req, max, keyLen, key: new Uint8Array(32).fill(keyLen), name: Buffer.from(name) });
      scene.world.clock.advance(100);
    };
    set(1, "Клуб", 16);
    set(2, "Клуб", 32, 10);
    set(3, "Клуб", 24);
    set(4, "", 16);
    set(5, "n".repeat(33), 16);
    assert.deepEqual(scene.codes, [
      [1, RESULT_OK],
      [2, RESULT_OK],
      [3, RESULT_BAD_REQUEST],
      [4, RESULT_BAD_REQUEST],
      [5, RESULT_BAD_REQUEST],
    ]);
    const states = host.got(RoomState);
    assert.deepEqual(
      states.map(({ room, max }) => [room, max]),
      [
        [1, 50],
        [1, 10],
      ],
    );
    assert.notEqual(states[0].keyCheck, states[1].keyCheck);
    for (let i = 2; i < 16; i++) set(10 + i, `room ${i}`, 16);
    set(30, "one too many", 16);
    assert.deepEqual(scene.codes.at(-1), [30, RESULT_FULL]);
    assert.match(scene.run("rooms"), /Клуб: 0\/10 messages/);
  });

  it("RemoveRoom: the room is gone, and once more is a bad request", () => {
    for (const req of [1, 2]) {
      host.send(RemoveRoom, { req, name: Buffer.from("test") });
      scene.world.clock.advance(100);
    }
    assert.deepEqual(scene.codes, [
      [1, RESULT_OK],
      [2, RESULT_BAD_REQUEST],
    ]);
    host.forget();
    host.hello();
    assert.deepEqual(host.got(RoomState), []);
  });

  it("SetRadio: the board moves, keeps what waits, and takes the same settings without a pause", () => {
    host.send(SetRadio, { req: 1, ...RADIO, freqHz: 868000000, powerDbm: 14, dutyPermille: 10 });
    scene.world.wait(500);
    const tuned = scene.board.chip.listening();
    assert.ok(tuned && Math.abs(tuned.freqHz - 868000000) < 2);
    const standbys: number[] = [];
    const enter = scene.board.chip.enter.bind(scene.board.chip);
    scene.board.chip.enter = (mode) => {
      standbys.push(mode);
      enter(mode);
    };
    host.send(SetRadio, { req: 2, ...RADIO, freqHz: 868000000, powerDbm: 14, dutyPermille: 20 });
    scene.world.wait(500);
    assert.deepEqual(standbys, [], "reception goes on");
    assert.deepEqual(scene.codes, [
      [1, RESULT_OK],
      [2, RESULT_OK],
    ]);
  });

  it("SetTime and Hello set the clock", () => {
    host.send(SetTime, { unixTime: 1800000000 });
    scene.world.clock.advance(100);
    assert.match(scene.run("clock"), /8:00 - 15\/1\/2027 UTC/);
    host.hello(1700000000);
    assert.match(scene.run("clock"), /22:13 - 14\/11\/2023 UTC/);
    host.hello(0);
    assert.match(scene.run("clock"), /22:13 - 14\/11\/2023 UTC/, "0 means that the host does not know");
  });

  it("GetStatus counts what happened", () => {
    const { chip } = scene.board;
    const receive = (hex: string, crcOk = true): void => {
      chip.airStart();
      chip.airHeader(true);
      chip.airEnd(Buffer.from(hex, "hex"), -71, -5.25, crcOk);
      scene.world.clock.advance(50);
    };
    const frame = groupText(TEST_KEY, 1, "Ann", "good");
    receive(frame);
    receive(frame);
    receive(frame, false);
    receive(groupText("ff".repeat(16), 1, "Ann", "unknown"));
    receive(frame.slice(0, 6) + (frame[6] === "0" ? "1" : "0") + frame.slice(7));
    receive("ff00");
    chip.airStart();
    chip.airHeader(false);
    scene.request(5, payload("out"));
    scene.world.wait();
    host.raw("\xc0\x10broken\xc0");
    const found = scene.status();
    assert.deepEqual(
      {
        req: found.req,
        rx: found.rx,
        tx: found.tx,
        crcErrors: found.crcErrors,
        headerErrors: found.headerErrors,
        malformed: found.malformed,
        duplicates: found.duplicates,
        macFailures: found.macFailures,
        unknownChannel: found.unknownChannel,
        linkErrors: found.linkErrors,
        txDropped: found.txDropped,
        recoveries: found.recoveries,
        rssi: found.rssi,
        snr: found.snr,
        txQueue: found.txQueue,
      },
      {
        req: 99,
        rx: 5,
        tx: 1,
        crcErrors: 1,
        headerErrors: 1,
        malformed: 1,
        duplicates: 1,
        macFailures: 1,
        unknownChannel: 1,
        linkErrors: 1,
        txDropped: 0,
        recoveries: 0,
        rssi: -71,
        snr: -21,
        txQueue: 0,
      },
    );
    assert.ok(found.uptimeS >= 5 && found.uptimeS < 20 && found.unixTime >= 1700000004);
    assert.ok(found.noiseFloor <= -100 && found.noiseFloor >= -130, `${found.noiseFloor} dBm`);
    assert.ok(found.memFree > 0 && found.memFree < found.memTotal);
  });

  it("Status tells what went wrong with the radio, by name", () => {
    const { faults } = (scene.board.globals.meshcore as { mesh: { radio: { faults: Uint16Array } } }).mesh.radio;
    const numbers = {
      ...{ busyStuck: FAULT.FAULT_BUSY, edgesMissed: FAULT.FAULT_EDGE, txEndless: FAULT.FAULT_TX },
      ...{ modeLeft: FAULT.FAULT_MODE, chipSilent: FAULT.FAULT_SILENT, cadEndless: FAULT.FAULT_CAD },
      ...{ deaf: FAULT.FAULT_DEAF, notTaken: FAULT.FAULT_BUFFER },
    };
    for (const number of Object.values(numbers)) faults[number] = 1000 + number;
    const status = scene.status();
    for (const [name, number] of Object.entries(numbers))
      assert.equal(status[name as keyof typeof numbers], 1000 + number, name);
    assert.deepEqual([status.snr, status.txQueue], [0, 0], "what is behind them");
  });

  it("Heard brings whole packets that are no room's, only to a host that wants them", () => {
    const advert = `1100${"ab".repeat(110)}`;
    scene.station.send(advert);
    scene.world.wait();
    assert.deepEqual(host.got(Heard), []);
    host.hello(0, WANTS_HEARD);
    const unknown = groupText("ff".repeat(16), 2, "Ann", "other net");
    for (const frame of [`${advert}cd`, unknown, groupText(TEST_KEY, 2, "Ann", "ours")]) {
      scene.station.send(frame);
      scene.world.wait();
    }
    assert.deepEqual(
      host.got(Heard).map(({ packet }) => Buffer.from(packet).toString("hex")),
      [`${advert}cd`, unknown],
    );
    assert.ok(host.got(Heard)[0].rssi < 0);
  });
});
