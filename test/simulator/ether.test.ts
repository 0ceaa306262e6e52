import assert from "node:assert/strict";
import { Random } from "../../simulator/random.ts";
import { AIR_50, EU, EU_RADIO, frame, Listener, PREAMBLE_MS, virtualEther } from "./stations.ts";

describe("ether: who hears whom", () => {
  it("delivers a frame to every other station after its time on air, with signal figures of a station close by", () => {
    const { clock, ether } = virtualEther();
    const [a, b, c] = [new Listener(ether), new Listener(ether), new Listener(ether)];
    a.seat.transmit(frame(1));
    clock.advance(AIR_50 - 0.1);
    assert.equal(b.frames.length + c.frames.length, 0);
    clock.advance(0.2);
    assert.deepEqual([a.hex.length, b.hex, c.hex], [0, ["01".repeat(50)], ["01".repeat(50)]]);
    const [heard] = b.frames;
    // Time on air of 50 bytes at 62.5 kHz, SF8, 4/8: hardware facts C.9.
    assert.equal(heard.airtimeMs.toFixed(2), "607.23");
    assert.ok(Math.abs(heard.rssi + 70) <= 2, `${heard.rssi} dBm`);
    assert.ok(Math.abs(heard.snr - 10) <= 1.5 && (4 * heard.snr) % 1 === 0, `${heard.snr} dB`);
  });

  it("sends a station's frames one after the other, in order", () => {
    const { clock, ether } = virtualEther();
    const [a, b] = [new Listener(ether), new Listener(ether)];
    for (let i = 0; i < 5; i++) a.seat.transmit(frame(i));
    clock.advance(5 * AIR_50 - 1);
    assert.equal(b.frames.length, 4);
    clock.advance(2);
    assert.deepEqual(
      b.frames.map((heard) => heard.frame[0]),
      [0, 1, 2, 3, 4],
    );
  });

  it("separates frequencies, bandwidths and spreading factors", () => {
    const { clock, ether } = virtualEther();
    const [a, b] = [new Listener(ether), new Listener(ether)];
    for (const other of [{ freqHz: 869_525_000 }, { bwHz: 125_000 }, { sf: 9 }, { sync: 0x34 }, { inverted: true }]) {
      a.seat.transmit(frame(2), { ...EU_RADIO, ...other });
      clock.runUntilIdle();
    }
    assert.deepEqual(b.hex, []);
    a.seat.transmit(frame(3), { ...EU_RADIO, cr: 5, powerDbm: 10 });
    clock.runUntilIdle();
    assert.deepEqual(b.hex, ["03".repeat(50)]);
  });

  it("lets a station hear on the settings it last used as well", () => {
    const { clock, ether } = virtualEther();
    const [a, b] = [new Listener(ether), new Listener(ether)];
    const us = { ...EU_RADIO, freqHz: 910_525_000, sf: 7 };
    a.seat.transmit(frame(1), us);
    b.seat.transmit(frame(2), us);
    clock.runUntilIdle();
    a.seat.transmit(frame(3), us);
    clock.runUntilIdle();
    a.seat.transmit(frame(4));
    clock.runUntilIdle();
    assert.deepEqual(
      b.frames.map((heard) => heard.frame[0]),
      [3, 4],
    );
  });

  it("takes the settings that a board listens on as those of stations that say none", () => {
    const { clock, ether } = virtualEther();
    const [a, b, board] = [new Listener(ether), new Listener(ether), new Listener(ether, { chip: true })];
    board.seat.listen({ ...EU_RADIO, freqHz: 910_525_000, sf: 7, cr: 5 });
    a.seat.transmit(frame(9));
    clock.runUntilIdle();
    assert.equal(b.frames.length, 1);
    assert.equal(board.events.at(-1), "noise");
    assert.ok(board.events.includes(`heard ${"09".repeat(50)}`));
    // 62.5/7/5, 50 bytes: hardware facts C.9.
    assert.equal(b.frames[0].airtimeMs.toFixed(2), "244.22");
  });

  it("weakens with distance until nothing is heard, at the sensitivity of the spreading factor", () => {
    const { clock, ether } = virtualEther();
    const at = (km: number) => ({ lat: km / 111.195, lon: 0 });
    const far = [1, 5, 12].map((km) => new Listener(ether, { position: at(km) }));
    const a = new Listener(ether, { position: at(0) });
    a.seat.transmit(frame(1));
    clock.runUntilIdle();
    assert.deepEqual(
      far.map((each) => each.frames.length),
      [1, 1, 0],
    );
    // 22 dBm - 128.95 dB at 1 km; 16.2 dB less at 5 km, 3 dB below the noise.
    assert.ok(Math.abs(far[0].frames[0].rssi + 107) <= 1);
    assert.ok(far[1].frames[0].snr < -1, `${far[1].frames[0].snr}`);
    a.seat.transmit(frame(1), { ...EU_RADIO, sf: 12 });
    far[2].seat.transmit(frame(5, 1), { ...EU_RADIO, sf: 12 });
    clock.runUntilIdle();
    const [, , twelve] = far;
    a.seat.transmit(frame(2), { ...EU_RADIO, sf: 12 });
    clock.runUntilIdle();
    assert.deepEqual(twelve.hex, ["02".repeat(50)], "SF12 reaches further");
  });

  it("loses the configured share of frames, the same ones for the same seed", () => {
    const lost = (seed: number) => {
      const { clock, ether } = virtualEther({ seed, loss: 0.2 });
      const [a, b] = [new Listener(ether), new Listener(ether)];
      for (let i = 0; i < 200; i++) a.seat.transmit(frame(i, 20));
      clock.runUntilIdle();
      return b.frames.map((heard) => heard.frame[0]);
    };
    const first = lost(42);
    assert.ok(first.length > 140 && first.length < 180, `${first.length} of 200 arrived`);
    assert.deepEqual(lost(42), first);
    assert.notDeepEqual(lost(43), first);
  });

  it("refuses more than 20000 waiting frames of one station", () => {
    const { ether } = virtualEther();
    const a = new Listener(ether);
    for (let i = 0; i < 20_001; i++) a.seat.transmit(frame(1, 1));
    assert.throws(() => a.seat.transmit(frame(1, 1)), /20000 frames are waiting/);
  });
});

describe("ether: collisions", () => {
  /** b sends `later` ms after a with `stronger` dB more; what c hears of both. */
  function overlap(later: number, stronger: number, length = 50): string[] {
    const { clock, ether } = virtualEther();
    const [a, b, c] = [new Listener(ether), new Listener(ether), new Listener(ether)];
    const base = { ...EU_RADIO, powerDbm: 0 };
    a.seat.transmit(frame(0xaa, length), base);
    clock.advance(later);
    b.seat.transmit(frame(0xbb, length), { ...base, powerDbm: stronger });
    clock.runUntilIdle();
    return c.frames.map((heard) => (heard.frame[0] === 0xaa ? "a" : "b"));
  }

  it("spoil both frames when they are about as strong", () => {
    assert.deepEqual(overlap(0, 0), []);
    assert.deepEqual(overlap(60, 0), []);
    assert.deepEqual(overlap(300, 0), []);
    assert.deepEqual(overlap(AIR_50 - PREAMBLE_MS + 30, 0), []);
  });

  it("spoil only the first when they overlap in nothing but the first symbols of the second's preamble", () => {
    assert.deepEqual(overlap(AIR_50 - 5, 0), ["b"]);
  });

  it("leave a frame alone that is 6 dB stronger than the other and came first", () => {
    assert.deepEqual(overlap(60, -10), ["a"]);
    assert.deepEqual(overlap(300, -10), ["a"]);
  });

  it("let a much stronger frame take over during the preamble, and not after it", () => {
    assert.deepEqual(overlap(60, 20), ["b"]);
    assert.deepEqual(overlap(PREAMBLE_MS - 25, 20), ["b"]);
    assert.deepEqual(overlap(PREAMBLE_MS + 5, 20), []);
  });

  it("do not happen between frames that only follow each other", () => {
    assert.deepEqual(overlap(AIR_50 + 0.1, 0), ["a", "b"]);
  });

  it("are none between different spreading factors or frequencies", () => {
    const { clock, ether } = virtualEther();
    const [a, b, d, c] = [0, 1, 2, 3].map(() => new Listener(ether));
    a.seat.transmit(frame(0xaa));
    b.seat.transmit(frame(0xbb), { ...EU_RADIO, sf: 9 });
    d.seat.transmit(frame(0xdd), { ...EU_RADIO, freqHz: EU.freqHz + 200_000 });
    clock.runUntilIdle();
    assert.deepEqual(c.hex, ["aa".repeat(50)]);
  });

  it("happen only where both are heard", () => {
    const { clock, ether } = virtualEther();
    const at = (km: number) => ({ lat: km / 111.195, lon: 0 });
    // a and b do not hear each other; c beside a hears a alone, d in the middle hears neither.
    const [a, b] = [new Listener(ether, { position: at(0) }), new Listener(ether, { position: at(16) })];
    const [c, d] = [new Listener(ether, { position: at(0.1) }), new Listener(ether, { position: at(8) })];
    a.seat.transmit(frame(0xaa));
    b.seat.transmit(frame(0xbb));
    clock.runUntilIdle();
    assert.deepEqual([c.hex.length, d.hex.length], [1, 0]);
  });

  it("keep a sender from hearing: half duplex", () => {
    const { clock, ether } = virtualEther();
    const [a, b, c] = [new Listener(ether), new Listener(ether), new Listener(ether)];
    b.seat.transmit(frame(0xbb, 1), { ...EU_RADIO, freqHz: EU.freqHz + 200_000 });
    clock.advance(50);
    a.seat.transmit(frame(0xaa));
    clock.runUntilIdle();
    assert.deepEqual([b.hex.length, c.hex.length], [0, 1], "b was on the air when the preamble began");
  });

  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  it(`never deliver the first of two equal frames that overlap, nor the second before its preamble is alone, seed ${seed}`, () => {
    const random = new Random(seed);
    for (let i = 0; i < 200; i++) {
      const later = random.between(0, AIR_50 - 1);
      const got = overlap(later, 0);
      assert.ok(!got.includes("a") && (got.length === 0 || later > AIR_50 - PREAMBLE_MS), `${got} at ${later} ms`);
    }
  });
});

describe("ether: chips", () => {
  it("see preamble, header and frame at their moments", () => {
    const { clock, ether } = virtualEther();
    const a = new Listener(ether);
    const chip = new Listener(ether, { chip: true });
    chip.seat.listen(EU_RADIO);
    a.seat.transmit(frame(1));
    assert.deepEqual(chip.events, ["signal"]);
    clock.advance(21);
    assert.deepEqual(chip.events, ["signal", "preamble"], "after five symbols");
    clock.advance(PREAMBLE_MS + 12.25 * 4.096 - 21 - 1);
    assert.equal(chip.events.length, 2);
    clock.advance(2);
    assert.equal(chip.events.at(-1), "header");
    clock.advance(1000);
    assert.deepEqual(chip.events.slice(3), [`heard ${"01".repeat(50)}`, "noise"]);
  });

  it("hear only while they listen, and still catch a preamble that has begun", () => {
    const { clock, ether } = virtualEther();
    const a = new Listener(ether);
    const chip = new Listener(ether, { chip: true });
    a.seat.transmit(frame(1));
    clock.runUntilIdle();
    assert.equal(chip.events.length, 0);
    a.seat.transmit(frame(2));
    clock.advance(PREAMBLE_MS - 30);
    chip.seat.listen(EU_RADIO);
    clock.runUntilIdle();
    assert.ok(chip.events.includes(`heard ${"02".repeat(50)}`));
    chip.seat.listen(null);
    chip.events.splice(0);
    a.seat.transmit(frame(3));
    clock.advance(PREAMBLE_MS - 10);
    chip.seat.listen(EU_RADIO);
    clock.runUntilIdle();
    assert.ok(!chip.events.includes("preamble"), "too late");
  });

  it("lose a frame when they stop to listen in the middle of it", () => {
    const { clock, ether } = virtualEther();
    const a = new Listener(ether);
    const chip = new Listener(ether, { chip: true });
    chip.seat.listen(EU_RADIO);
    a.seat.transmit(frame(1));
    clock.advance(300);
    chip.seat.listen(null);
    chip.seat.listen(EU_RADIO);
    clock.runUntilIdle();
    assert.ok(chip.events.includes("header"));
    assert.ok(!chip.events.some((event) => event.startsWith("heard")));
  });

  it("get frames with errors: collided, lost by chance, or sent with another low data rate setting", () => {
    const { clock, ether } = virtualEther();
    const [a, b] = [new Listener(ether), new Listener(ether)];
    const chip = new Listener(ether, { chip: true });
    chip.seat.listen(EU_RADIO);
    a.seat.transmit(frame(1));
    clock.advance(300);
    b.seat.transmit(frame(2));
    clock.runUntilIdle();
    assert.deepEqual(
      chip.events.filter((event) => /broken|heard|header/.test(event)),
      ["header", "broken 50"],
    );
    chip.events.splice(0);
    a.seat.transmit(frame(1));
    clock.advance(60);
    b.seat.transmit(frame(2));
    clock.runUntilIdle();
    assert.deepEqual(
      chip.events.filter((event) => /broken|heard|header/.test(event)),
      ["bad header"],
    );
    chip.events.splice(0);
    a.seat.transmit(frame(1), { ...EU_RADIO, lowRate: true });
    clock.runUntilIdle();
    assert.deepEqual(chip.events.at(-2), "broken 50");
  });

  it("are told when their own frame is over, and not when they cut it off", () => {
    const { clock, ether } = virtualEther();
    const b = new Listener(ether);
    const chip = new Listener(ether, { chip: true });
    chip.seat.transmit(frame(1), EU_RADIO, AIR_50);
    clock.runUntilIdle();
    assert.deepEqual(chip.events, ["sent"]);
    assert.equal(b.frames.length, 1);
    chip.seat.transmit(frame(2), EU_RADIO, AIR_50);
    clock.advance(100);
    chip.seat.abort();
    chip.seat.transmit(frame(3), EU_RADIO, AIR_50);
    clock.runUntilIdle();
    assert.deepEqual(chip.events, ["sent", "sent"]);
    assert.equal(b.frames.length, 1, "the third began while b was still in the ruin of the second");
  });

  it("whose station leaves in the middle of a frame harm nobody", () => {
    const { clock, ether } = virtualEther();
    const [a, b] = [new Listener(ether), new Listener(ether)];
    const chip = new Listener(ether, { chip: true });
    chip.seat.listen(EU_RADIO);
    a.seat.transmit(frame(1));
    clock.advance(300);
    a.seat.leave();
    clock.runUntilIdle();
    assert.deepEqual([b.frames.length, chip.events.at(-1)], [0, "broken 50"]);
    b.seat.transmit(frame(2));
    clock.runUntilIdle();
    assert.ok(chip.events.includes(`heard ${"02".repeat(50)}`));
  });

  it("a station that leaves after sending sends what it has waiting", () => {
    const { clock, ether } = virtualEther();
    const [a, b] = [new Listener(ether), new Listener(ether)];
    for (let i = 0; i < 3; i++) a.seat.transmit(frame(i));
    a.seat.leave(true);
    clock.runUntilIdle();
    assert.deepEqual(
      b.frames.map((heard) => heard.frame[0]),
      [0, 1, 2],
    );
    b.seat.transmit(frame(9));
    clock.runUntilIdle();
    assert.deepEqual(a.frames, [], "it is gone");
  });
});
