import assert from "node:assert/strict";
import { airtimeMs } from "../../protocol/airtime.ts";
import {
  distanceM,
  hears,
  marginDb,
  meshcoreRadio,
  noiseDbm,
  pathLossDb,
  sameChannel,
  shownSnr,
} from "../../simulator/propagation.ts";

const EU = { freqHz: 869_618_000, bwHz: 62_500, sf: 8, cr: 8, powerDbm: 22 };

describe("propagation", () => {
  it("measures distances on the globe", () => {
    // Berlin to Munich, 504 km as the crow flies.
    const metres = distanceM({ lat: 52.52, lon: 13.405 }, { lat: 48.137, lon: 11.575 });
    assert.ok(Math.abs(metres - 504_000) < 2000, `${metres}`);
    assert.equal(distanceM({ lat: 10, lon: 10 }, { lat: 10, lon: 10 }), 0);
  });

  it("loses 128.95 dB over the first kilometre and 23.2 dB more for each ten times of it", () => {
    const here = { lat: 0, lon: 0 };
    const km = 1 / 111.195;
    assert.ok(Math.abs(pathLossDb(here, { lat: km, lon: 0 }) - 128.95) < 0.01);
    assert.ok(Math.abs(pathLossDb(here, { lat: 10 * km, lon: 0 }) - 152.15) < 0.01);
    assert.equal(pathLossDb(here, undefined), 92);
  });

  it("has the noise floor of the bandwidth: -120 dBm at 62.5 kHz, -111 at 500", () => {
    assert.ok(Math.abs(noiseDbm(62_500) + 120) < 0.1);
    assert.ok(Math.abs(noiseDbm(500_000) + 111) < 0.1);
  });

  it("needs the SNR of the spreading factor, Semtech's figures", () => {
    const needed = [-7.5, -10, -12.5, -15, -17.5, -20];
    for (const [i, snr] of needed.entries()) {
      const radio = meshcoreRadio({ ...EU, sf: 7 + i });
      assert.ok(Math.abs(marginDb(radio, noiseDbm(EU.bwHz) + snr)) < 1e-9);
    }
  });

  it("shows SNR in quarters and never far above 10 dB", () => {
    const radio = meshcoreRadio(EU);
    assert.equal(shownSnr(radio, -70, 0), 10);
    assert.equal(shownSnr(radio, noiseDbm(EU.bwHz) - 3.3, 0), -3.25);
  });

  it("tells channels apart by frequency, bandwidth and spreading factor", () => {
    const radio = meshcoreRadio(EU);
    // What a chip makes of 869.618 MHz is 1 Hz off.
    assert.ok(sameChannel(radio, { ...radio, freqHz: 869_617_999 }));
    assert.ok(sameChannel(radio, { ...radio, freqHz: EU.freqHz + 15_625 }));
    assert.ok(!sameChannel(radio, { ...radio, freqHz: EU.freqHz + 15_626 }));
    assert.ok(!sameChannel(radio, { ...radio, sf: 9 }));
    assert.ok(!sameChannel(radio, { ...radio, bwHz: 125_000 }));
    assert.ok(hears(radio, { ...radio, cr: 5, powerDbm: 0 }));
    assert.ok(!hears(radio, { ...radio, sync: 0x34 }));
    assert.ok(!hears(radio, { ...radio, inverted: true }));
  });

  it("takes MeshCore's preamble and low data rate rule", () => {
    assert.equal(meshcoreRadio(EU).preamble, 32);
    assert.equal(meshcoreRadio({ ...EU, sf: 11, bwHz: 125_000 }).preamble, 16);
    assert.equal(meshcoreRadio({ ...EU, sf: 11, bwHz: 125_000 }).lowRate, true);
    assert.equal(airtimeMs(EU, 50).toFixed(2), "607.23");
  });
});
