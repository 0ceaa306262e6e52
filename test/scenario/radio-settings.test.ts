// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes and addresses are hex in the datasheet
import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import { RESULT_BAD_REQUEST, RESULT_OK, Result, SetRadio } from "../../protocol/link.ts";
import { PRESETS } from "../../protocol/presets.ts";
import { meshcoreRadio } from "../../simulator/propagation.ts";
import { Host } from "./host.ts";
import { RoomWorld } from "./room-world.ts";
import { groupText, RADIO, TEST_KEY } from "./world.ts";

/** Optimal settings of datasheet table 13-21: dBm, paDutyCycle, hpMax, and the power byte of SetTxParams. */
const POWER = [
  [22, 4, 7, 22],
  [20, 3, 5, 22],
  [17, 2, 3, 22],
  [14, 2, 2, 22],
  // Below its rows the power byte counts down from the lowest.
  [5, 2, 2, 13],
  [-9, 2, 2, 0xff],
];

class Bench extends RoomWorld {
  readonly host = new Host(this.board.serial, this.world.clock);
  private req = 0;

  /** The Result code of SetRadio. */
  set(settings: Partial<typeof RADIO> & { dutyPermille?: number }): number {
    this.host.send(SetRadio, { req: ++this.req, ...RADIO, dutyPermille: 1000, ...settings });
    this.world.wait(1000);
    return this.host.got(Result).find((each) => each.req === this.req)?.code ?? -1;
  }

  /** A station speaks on these settings; true when it reaches the room. */
  hearsOn(settings: typeof RADIO): boolean {
    const { hex, text } = this.nextFrame();
    this.station.seat.transmit(Buffer.from(hex, "hex"), meshcoreRadio(settings));
    this.world.wait(15_000);
    this.host.text = "";
    this.run("history test 3");
    return this.host.text.includes(text);
  }
}

for (const { id } of BOARDS) {
  describe(`radio settings (${id})`, () => {
    let bench: Bench;
    beforeEach(() => {
      bench = new Bench(id);
    });
    afterEach(() => {
      assert.deepEqual(bench.board.violations, []);
      assert.deepEqual(bench.board.uncaught, []);
      bench.stop();
    });

    for (const [dbm, duty, hpMax, power] of POWER)
      it(`${dbm} dBm: SetPaConfig ${duty},${hpMax} and SetTxParams ${power}`, () => {
        assert.equal(bench.set({ powerDbm: dbm }), RESULT_OK);
        const { chip } = bench.board;
        assert.deepEqual([...(chip.given[0x95] ?? [])], [0x95, duty, hpMax, 0, 1]);
        assert.equal(chip.given[0x8e]?.[1], power);
        assert.equal(chip.register(0x08e7), 0x38, "140 mA, which SetPaConfig had put back");
        assert.ok(bench.speaks());
        assert.ok(Math.abs(chip.radio().powerDbm - dbm) <= 3);
      });

    it("bit 2 of register 0x0889 is clear at 500 kHz and set at every other bandwidth, whenever it sends", () => {
      for (const bwHz of [500000, 62500, 500000, 250000, 125000]) {
        assert.equal(bench.set({ bwHz, sf: 7 }), RESULT_OK);
        bench.run("say test fix");
        bench.world.wait(3000);
        assert.equal((bench.board.chip.register(0x0889) >> 2) & 1, bwHz === 500000 ? 0 : 1, `${bwHz} Hz`);
        // It was looked at in the moment of SetTx as well.
        assert.deepEqual(bench.board.violations, []);
      }
    });

    it("settings that change while the radio is told others are those that it gets, at whatever millisecond that is", () => {
      const set = (settings: Partial<typeof RADIO>): void =>
        bench.host.send(SetRadio, { req: 1, ...RADIO, dutyPermille: 1000, ...settings });
      for (let ms = 1; ms <= 30; ms++) {
        set({ freqHz: 433650000, bwHz: 250000, sf: 11, powerDbm: 2 });
        bench.world.wait(ms);
        set({ powerDbm: (ms % 20) + 3 });
        bench.world.wait(500);
        const { freqHz, bwHz, sf, powerDbm } = bench.board.chip.radio();
        assert.deepEqual(
          [Math.round(freqHz / 1000), bwHz, sf],
          [RADIO.freqHz / 1000, RADIO.bwHz, RADIO.sf],
          `${ms} ms`,
        );
        assert.ok(Math.abs(powerDbm - (ms % 20) - 3) <= 3, `${powerDbm} dBm after ${ms} ms`);
        assert.ok(bench.board.chip.listening(), `deaf after ${ms} ms`);
      }
    });

    it("calibrates the image for each frequency", () => {
      for (const mhz of [433.65, 869.618, 910.525, 923.125, 470.3, 600, 155, 959]) {
        assert.equal(bench.set({ freqHz: Math.round(mhz * 1e6) }), RESULT_OK);
        const { imageLow, imageHigh } = bench.board.chip;
        assert.ok(imageLow * 4 < mhz && imageHigh * 4 > mhz, `${mhz} MHz in ${imageLow * 4}..${imageHigh * 4}`);
        assert.ok(Math.abs(bench.board.chip.radio().freqHz - mhz * 1e6) < 2);
      }
    });

    it("tunes to every preset of the community, hears and speaks there", () => {
      for (const { name, freqHz, bwHz, sf, cr } of PRESETS) {
        const settings = { freqHz, bwHz, sf, cr, powerDbm: 20 };
        assert.equal(bench.set(settings), RESULT_OK, name);
        const tuned = bench.board.chip.listening();
        assert.ok(tuned, name);
        assert.deepEqual([tuned.bwHz, tuned.sf, tuned.cr, tuned.sync], [bwHz, sf, cr, 0x12], name);
        assert.equal(tuned.lowRate, 2 ** sf / bwHz >= 0.016, name);
        assert.equal(tuned.preamble, sf <= 8 ? 32 : 16, name);
        assert.ok(bench.hearsOn(settings), `${name}: it hears`);
        const before = bench.station.heard.length;
        bench.run(`say test on ${name}`);
        bench.world.wait(15_000);
        assert.equal(bench.station.heard.length, before + 1, `${name}: it speaks`);
      }
    });

    it("refuses what the chip or the law does not have, and stays as it was", () => {
      for (const wrong of [
        { freqHz: 149999999 },
        { freqHz: 960000001 },
        { bwHz: 62501 },
        { bwHz: 0 },
        { sf: 4 },
        { sf: 13 },
        { cr: 4 },
        { cr: 9 },
        { powerDbm: 23 },
        { powerDbm: -10 },
        { dutyPermille: 0 },
        { dutyPermille: 1001 },
      ])
        assert.equal(bench.set(wrong), RESULT_BAD_REQUEST, JSON.stringify(wrong));
      assert.ok(bench.hears());
    });

    it("a whole session of hearing, speaking and changing settings breaks no rule of the datasheet", () => {
      const { run, world, station } = bench;
      run("time 1700000000");
      for (let round = 0; round < 12; round++) {
        const { name, freqHz, bwHz, sf, cr } = PRESETS[round % PRESETS.length];
        assert.match(run(`set radio ${freqHz / 1e6},${bwHz / 1e3},${sf},${cr}`), /OK/, name);
        // In the middle of what is going on, as well as in peace.
        world.wait((round % 4) * 130);
        run(`say test round ${round}`);
        station.seat.transmit(
          Buffer.from(groupText(TEST_KEY, 1700000000 + round, "Ann", `in ${round}`), "hex"),
          meshcoreRadio({ freqHz, bwHz, sf, cr, powerDbm: 22 }),
        );
        if (round % 3 === 0) run("set radio 869.618,62.5,8,8");
        world.wait(20_000);
      }
      world.wait(600_000);
      const { sent } = bench.packets();
      assert.equal(sent, 12);
      assert.equal(bench.core().errors, 0);
    });
  });
}

describe("set radio on the console", () => {
  it("moves the board to another channel, where it hears and is heard, and nowhere else", () => {
    const bench = new Bench();
    assert.equal(bench.run("get radio"), "  -> > 869.6179809,62.5,8,8");
    assert.equal(bench.run("set radio 915.8,250,10,5"), "  -> OK");
    assert.equal(bench.run("get radio"), "  -> > 915.7999877,250,10,5");
    const there = { freqHz: 915800000, bwHz: 250000, sf: 10, cr: 5, powerDbm: 22 };
    assert.ok(!bench.hearsOn(RADIO), "the old channel");
    assert.ok(bench.hearsOn(there), "the new channel");
    assert.ok(bench.speaks());
    bench.stop();
  });

  it("refuses what it does not understand", () => {
    const bench = new Bench();
    for (const wrong of [
      "869.618",
      "869.618,62.5,8",
      "869.618,62.5,8,8,1",
      "a,b,c,d",
      "2400,62.5,8,8",
      "869.618,63,8,8",
    ])
      assert.equal(bench.run(`set radio ${wrong}`), "  -> Error, invalid radio params", wrong);
    assert.equal(bench.run("get radio"), "  -> > 869.6179809,62.5,8,8");
    bench.stop();
  });
});
