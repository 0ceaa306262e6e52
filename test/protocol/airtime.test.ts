import assert from "node:assert/strict";
import { airtimeMs, lowDataRate, preambleSymbols } from "../../protocol/airtime.ts";
import { findPreset, PRESETS } from "../../protocol/presets.ts";

/** kHz, SF, CR, then ms for 16, 50, 100, 150, 184 and 255 bytes: by the formula of the SX1262 datasheet, computed apart from this code. */
const TABLE: [number, number, number, number[]][] = [
  [62.5, 8, 8, [345.09, 607.23, 1033.22, 1426.43, 1721.34, 2311.17]],
  [62.5, 8, 5, [283.65, 447.49, 713.73, 959.49, 1143.81, 1512.45]],
  [62.5, 7, 5, [152.06, 244.22, 397.82, 541.18, 643.58, 848.38]],
  [62.5, 7, 8, [188.93, 336.38, 582.14, 811.52, 975.36, 1303.04]],
  [125, 9, 5, [197.63, 361.47, 586.75, 812.03, 975.87, 1283.07]],
  [250, 10, 5, [197.63, 340.99, 545.79, 750.59, 873.47, 1180.67]],
  [250, 11, 5, [354.3, 641.02, 1009.66, 1378.3, 1624.06, 2156.54]],
  [125, 11, 5, [790.53, 1445.89, 2347.01, 3248.13, 3821.57, 5132.29]],
  [62.5, 9, 6, [428.03, 821.25, 1361.92, 1902.59, 2295.81, 3033.09]],
  [500, 7, 5, [19.01, 30.53, 49.73, 67.65, 80.45, 106.05]],
];
const LENGTHS = [16, 50, 100, 150, 184, 255];

describe("time on air", () => {
  for (const [khz, sf, cr, expected] of TABLE) {
    it(`is right for ${khz} kHz, SF${sf}, 4/${cr}`, () => {
      const settings = { freqHz: 869618000, bwHz: khz * 1000, sf, cr, powerDbm: 22 };
      const got = LENGTHS.map((length) => airtimeMs(settings, length));
      for (let i = 0; i < got.length; i++)
        assert.ok(Math.abs(got[i] - expected[i]) < 0.006, `${got[i]}, ${expected[i]}`);
    });
  }

  it("is longer for the longest message than a page of the nRF52840's flash takes to be erased, at every preset", () => {
    // The SX1262 keeps the one packet that it has got: the next one that is as long has not come before the engine goes on.
    const longest = 2 + 184;
    const erasureMs = 85;
    for (const preset of PRESETS) assert.ok(airtimeMs({ ...preset, powerDbm: 22 }, longest) > erasureMs, preset.name);
  });

  it("gives short spreading factors their longer sync and shorter header", () => {
    const settings = { freqHz: 0, bwHz: 500000, sf: 6, cr: 5, powerDbm: 0 };
    // 32 + 6.25 + 8 + ceil((8 * 16 + 16 - 24 + 20) / 24) * 5 symbols of 0.128 ms
    assert.ok(Math.abs(airtimeMs(settings, 16) - (46.25 + 6 * 5) * 0.128) < 1e-9);
  });

  it("counts no block for a frame that fits into the header", () => {
    const settings = { freqHz: 0, bwHz: 250000, sf: 12, cr: 5, powerDbm: 0 };
    assert.ok(Math.abs(airtimeMs(settings, 0) - (16 + 4.25 + 8) * 16.384) < 1e-9);
  });

  it("has a preamble of 32 symbols up to SF8 and 16 above", () => {
    assert.deepEqual([5, 7, 8, 9, 12].map(preambleSymbols), [32, 32, 32, 16, 16]);
  });

  it("switches low data rate on where a symbol takes 16 ms or more", () => {
    assert.deepEqual(
      [lowDataRate(10, 62500), lowDataRate(9, 62500), lowDataRate(11, 125000), lowDataRate(10, 125000)],
      [true, false, true, false],
    );
    assert.deepEqual([lowDataRate(12, 250000), lowDataRate(11, 250000)], [true, false]);
  });
});

describe("presets", () => {
  it("are found by name in any case", () => {
    assert.deepEqual(findPreset("eu/uk (NARROW)"), {
      name: "EU/UK (Narrow)",
      freqHz: 869618000,
      bwHz: 62500,
      sf: 8,
      cr: 8,
      hashBytes: 0,
    });
    assert.equal(findPreset("EU/UK"), null);
  });

  it("have unique names and settings that an SX1262 takes", () => {
    const bandwidths = [62500, 125000, 250000, 500000];
    for (const preset of PRESETS) {
      assert.equal(findPreset(preset.name), preset);
      assert.ok(preset.freqHz >= 150e6 && preset.freqHz <= 960e6 && preset.freqHz % 1000 === 0, preset.name);
      assert.ok(bandwidths.includes(preset.bwHz), preset.name);
      assert.ok(preset.sf >= 7 && preset.sf <= 12 && preset.cr >= 5 && preset.cr <= 8, preset.name);
    }
  });

  it("say how long the hashes in paths are where a community has agreed on that", () => {
    const agreed = PRESETS.filter((preset) => preset.hashBytes).map(({ name, hashBytes }) => [name, hashBytes]);
    assert.deepEqual(agreed, [
      ["Hungary", 2],
      ["New Zealand (Narrow)", 2],
      ["New Zealand (Gisborne)", 1],
      ["Slovakia", 2],
    ]);
  });

  it("need low data rate only for Costa Rica", () => {
    const slow = PRESETS.filter((preset) => lowDataRate(preset.sf, preset.bwHz));
    assert.deepEqual(
      slow.map((preset) => preset.name),
      ["Costa Rica"],
    );
  });
});
