import assert from "node:assert/strict";
import type { Hal } from "../../firmware/hal.ts";
import { tempRadio } from "../../firmware/parts/temp-radio.ts";
import { defaultPrefs } from "../../firmware/prefs.ts";
import type { Sx126x } from "../../firmware/sx126x.ts";
import { VirtualClock } from "../../simulator/clock.ts";

describe("radio settings for a while", () => {
  const prefs = defaultPrefs("bench", 22, true);
  const other = { freqHz: 869525000, bwHz: 250000, sf: 11, cr: 5, powerDbm: 22 };
  let clock: VirtualClock;
  let set: [number, number][];
  let hal: Hal;
  let radio: Sx126x;

  beforeEach(() => {
    clock = new VirtualClock();
    set = [];
    const timers: (() => void)[] = [];
    hal = {
      after: (fn: () => void, ms: number) => timers.push(clock.after(ms, fn)),
      cancel: (id: number) => timers[id - 1](),
    } as unknown as Hal;
    radio = {
      tempTimer: 0,
      configure: ({ sf }: { sf: number }) => set.push([clock.nowMs(), sf]),
    } as unknown as Sx126x;
  });

  it("begin after two seconds and end by themselves", () => {
    tempRadio(hal, radio, prefs, other, 3);
    clock.advance(1_000_000);
    assert.deepEqual(set, [
      [2000, 11],
      [182_000, 8],
    ]);
    assert.equal(radio.tempTimer, 0);
  });

  it("another one takes the place of one that waits or runs", () => {
    tempRadio(hal, radio, prefs, other, 3);
    clock.advance(1000);
    tempRadio(hal, radio, prefs, { ...other, sf: 10 }, 3);
    clock.advance(60_000);
    tempRadio(hal, radio, prefs, { ...other, sf: 9 }, 1);
    clock.advance(1_000_000);
    assert.deepEqual(set, [
      [3000, 10],
      [63_000, 9],
      [123_000, 8],
    ]);
  });
});
