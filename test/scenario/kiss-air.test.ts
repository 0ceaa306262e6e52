import assert from "node:assert/strict";
import { COMMAND, ERROR, OK, REQUEST, TX_DONE } from "./kiss-host.ts";
import { KissScene } from "./kiss-scene.ts";
import { groupText, TEST_KEY } from "./world.ts";

/** ms on the air at SF8, 62.5 kHz, 4/8. */
function airtime(length: number): number {
  return (32 + 4.25 + 8 + Math.ceil(Math.max(8 * length + 12, 0) / 32) * 8) * 4.096;
}

describe("KISS modem: packets", () => {
  let scene: KissScene;
  beforeEach(() => {
    scene = new KissScene();
    // Every throw of the dice is a six.
    scene.host.send(COMMAND.Persistence, [255]);
    scene.world.clock.advance(10);
  });
  afterEach(() => scene.stop());

  /** Sends and waits: what the modem said, and ms from the host's frame to the first of it. */
  function transmit(hex: string): { said: string[]; tookMs: number } {
    const { clock } = scene.world;
    const start = clock.nowMs();
    scene.host.forget();
    scene.host.data(hex);
    while (scene.host.hardware.length === 0 && clock.nowMs() - start < 60_000) clock.advance(1);
    return { said: [...scene.host.hardware], tookMs: clock.nowMs() - start };
  }

  const onAir = (): string[] => scene.station.heard.map(({ frame }) => Buffer.from(frame).toString("hex"));

  for (const length of [1, 2, 19, 20, 254, 255])
    it(`${length} bytes go out as they are, then TxDone`, () => {
      const hex = "c0dbdcdd00ff".repeat(50).slice(0, 2 * length);
      assert.deepEqual(transmit(hex).said, [TX_DONE.success]);
      scene.world.wait(100);
      assert.deepEqual(onAir(), [hex]);
    });

  for (const length of [0, 256, 300])
    it(`${length} bytes are dropped without a word`, () => {
      scene.host.data("07".repeat(length));
      scene.world.wait(10_000);
      assert.deepEqual(scene.host.order, []);
      assert.deepEqual(onAir(), []);
      assert.equal(scene.answer("Ping"), "97");
    });

  it("a second packet before TxDone is TxBusy, the first goes out, and after TxDone there is place for another", () => {
    scene.host.data("0101");
    scene.host.data("0202");
    scene.world.clock.advance(100);
    assert.deepEqual(scene.host.hardware, [ERROR.TxBusy]);
    scene.world.clock.advance(600);
    scene.host.data("0303");
    scene.world.wait();
    assert.deepEqual(scene.host.hardware, [ERROR.TxBusy, ERROR.TxBusy, TX_DONE.success]);
    assert.deepEqual(transmit("0404").said, [TX_DONE.success]);
    scene.world.wait(100);
    assert.deepEqual(onAir(), ["0101", "0404"]);
  });

  for (const [value, ms] of [
    [0, 0],
    [1, 10],
    [50, 500],
    [255, 2550],
  ])
    it(`TXDELAY ${value} is ${ms} ms`, () => {
      if (value !== 50) scene.host.send(COMMAND.TxDelay, [value]);
      const { said, tookMs } = transmit("0123");
      assert.deepEqual(said, [TX_DONE.success]);
      const expected = ms + airtime(2);
      assert.ok(tookMs >= expected && tookMs < expected + 20, `${tookMs} ms, expected ${expected}`);
    });

  it("TXtail is the time from the end of a transmission to TxDone", () => {
    scene.host.send(COMMAND.TxDelay, [0]);
    scene.host.send(COMMAND.TxTail, [100]);
    const { tookMs } = transmit("0123");
    const expected = 1000 + airtime(2);
    assert.ok(tookMs >= expected && tookMs < expected + 20, `${tookMs} ms`);
  });

  it("with Persistence 127 about every second slot is let go by, each as long as SlotTime says", () => {
    scene.host.send(COMMAND.TxDelay, [0]);
    scene.host.send(COMMAND.SlotTime, [100]);
    scene.host.send(COMMAND.Persistence, [127]);
    scene.run("set dutycycle 100");
    const slots: number[] = [];
    for (let i = 0; i < 100; i++) slots.push((transmit("0123").tookMs - airtime(2)) / 1000);
    for (const each of slots) assert.ok(each % 1 < 0.1, `${each} slots`);
    const mean = slots.reduce((sum, each) => sum + Math.floor(each), 0) / slots.length;
    assert.ok(mean > 0.6 && mean < 1.6, `${mean} slots on average`);
  });

  it("with Persistence 0 hardly a slot is taken", () => {
    scene.host.send(COMMAND.Persistence, [0]);
    scene.host.send(COMMAND.SlotTime, [255]);
    scene.host.data("0123");
    scene.world.wait(10_000);
    assert.deepEqual(onAir(), []);
    assert.deepEqual(scene.host.order, []);
  });

  it("a packet waits while somebody speaks; in full duplex it does not", () => {
    scene.host.send(COMMAND.TxDelay, [0]);
    const speak = (): number => {
      scene.station.send("15".repeat(200));
      scene.world.clock.advance(300);
      return airtime(200) - 300;
    };
    const left = speak();
    const { said, tookMs } = transmit("0123");
    // The frame of the station comes first, and RxMeta.
    assert.match(said[0], /^f9/);
    assert.ok(Math.abs(tookMs - left) < 50, `${tookMs} ms`);
    scene.world.wait();
    assert.deepEqual(onAir(), ["0123"]);
    scene.host.send(COMMAND.FullDuplex, [1]);
    speak();
    const next = transmit("0123");
    assert.deepEqual(next.said, [TX_DONE.success]);
    assert.ok(next.tookMs < airtime(2) + 20, `${next.tookMs} ms`);
    scene.host.send(COMMAND.FullDuplex, [0]);
    scene.world.wait(5000);
    const last = speak();
    assert.ok(transmit("0123").tookMs > last - 50);
  });

  it("a packet waits for the board's own transmissions, and both go out whole", () => {
    scene.run(`say test ${"hello ".repeat(20)}`);
    assert.equal(scene.answer("IsChannelBusy"), "8e01");
    assert.deepEqual(transmit("0123").said, [TX_DONE.success]);
    scene.run("say test again");
    scene.world.wait();
    assert.equal(onAir().length, 3);
    assert.equal(onAir()[1], "0123");
  });

  it("a packet beyond the duty cycle is not sent, and TxDone says so", () => {
    scene.host.send(COMMAND.TxDelay, [0]);
    scene.run("set dutycycle 1");
    let sent = 0;
    while (transmit("15".repeat(255)).said[0] === TX_DONE.success) sent++;
    const budget = Math.floor(36_000 / airtime(255));
    assert.ok(sent >= budget - 1 && sent <= budget, `${sent} of ${budget}`);
    assert.deepEqual(scene.host.hardware, [TX_DONE.failed]);
    assert.equal(onAir().length, sent);
    scene.world.wait(3_700_000);
    assert.deepEqual(transmit("15".repeat(255)).said, [TX_DONE.success]);
  });

  it("a packet outlasts a restart of the radio", () => {
    scene.host.send(COMMAND.TxDelay, [0]);
    assert.equal(scene.answer("SetTxPower", "14"), OK);
    scene.host.request(REQUEST.SetTxPower, "13");
    scene.world.clock.advance(3);
    assert.equal(scene.answer("GetCurrentRssi"), ERROR.TxBusy, "it is being restarted");
    assert.deepEqual(transmit("0123").said.slice(-1), [TX_DONE.success]);
  });

  it("a radio that is gone for good fails a packet within half a minute", () => {
    scene.isFaulty = true;
    scene.board.faults.busyStuck = true;
    scene.world.wait(20_000);
    const { said, tookMs } = transmit("0123");
    assert.deepEqual(said, [TX_DONE.failed]);
    assert.ok(tookMs < 30_000, `${tookMs} ms`);
    assert.equal(scene.answer("GetCurrentRssi"), ERROR.TxBusy);
  });

  it("every frame heard comes raw with RxMeta: duplicates, and such that no parser takes", () => {
    const { hex } = scene.nextFrame();
    for (const frame of [hex, hex, "ff", "c0", "db".repeat(255), "00"]) {
      scene.host.forget();
      scene.hear(frame, -71, 10.5);
      assert.deepEqual(scene.host.heard, [frame]);
      assert.deepEqual(scene.host.order, ["D", "f9"]);
      assert.deepEqual(scene.host.hardware, ["f92ab9"]);
    }
    scene.host.forget();
    scene.hear("0102", -126, -20);
    assert.deepEqual(scene.host.hardware, ["f9b082"]);
    assert.equal(scene.run("history test 9").split("Ann: ").length - 1, 1, "and the room has its message once");
  });

  it("a frame with a wrong checksum does not come", () => {
    scene.board.chip.airStart();
    scene.board.chip.airHeader(true);
    scene.board.chip.airEnd(Uint8Array.of(1, 2, 3), -90, 3, false);
    scene.world.wait(100);
    assert.deepEqual(scene.host.order, []);
  });

  it("a room message of the host is in the room as our own, and its copies are duplicates", () => {
    const hex = groupText(TEST_KEY, 1700000000, "Kim", "from a KISS host");
    assert.deepEqual(transmit(hex).said, [TX_DONE.success]);
    assert.match(scene.run("history test 9"), /Kim: from a KISS host/);
    scene.hear(hex);
    scene.hear(groupText(TEST_KEY, 1700000000, "Kim", "from a KISS host", "a1"));
    assert.equal(scene.run("history test 9").split("Kim: ").length - 1, 1);
  });

  it("nothing comes before the host has spoken, nor after its return", () => {
    scene.host.send(COMMAND.Return);
    scene.hear("0102");
    assert.deepEqual(scene.host.order, []);
    scene.host.send(COMMAND.TxTail, [0]);
    scene.world.clock.advance(10);
    scene.hear("0103");
    assert.deepEqual(scene.host.heard, ["0103"]);
    scene.host.send(COMMAND.Persistence, [0]);
    scene.host.data("0104");
    scene.world.clock.advance(10);
    scene.host.send(COMMAND.Return);
    scene.world.wait(600_000);
    assert.deepEqual(onAir(), [], "what waited is dropped");
    assert.deepEqual(transmit("0105").said.slice(-1), [TX_DONE.success], "and the parameters are the first ones again");
  });

  it("a board that nobody has spoken to on port 0 never speaks there", () => {
    const other = new KissScene();
    other.hear(other.nextFrame().hex);
    other.run("say test hello");
    other.world.wait();
    assert.deepEqual(other.host.order, []);
    other.stop();
  });
});
