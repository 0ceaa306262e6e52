import assert from "node:assert/strict";
import { meshcoreRadio } from "../../simulator/propagation.ts";
import { RoomWorld } from "./room-world.ts";
import { RADIO } from "./world.ts";

/** Low data rate, a coding rate of each end, each length of preamble. */
const SETTINGS = [
  { ...RADIO, sf: 7, cr: 5 },
  { ...RADIO, bwHz: 125000, sf: 11, cr: 5 },
  { ...RADIO, bwHz: 250000, sf: 10, cr: 8 },
  RADIO,
];
const ROUNDS = 6;
/** The board's times are sums of fractions. */
const TOLERANCE_S = 0.005;

for (const model of ["sim", "rak4631", "heltec-v3"]) {
  describe(`stats-radio (${model})`, () => {
    let scene: RoomWorld;
    beforeEach(() => {
      scene = new RoomWorld(model);
    });
    afterEach(() => scene.stop());

    /** Seconds on the air of all that this ear has heard, as the ether counts them. */
    const seconds = (heard: readonly { airtimeMs: number }[]): number =>
      heard.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0) / 1000;

    it('tells the seconds that the ether counts, over a change of the settings and "clear stats"', () => {
      const { world, station, run } = scene;
      const ear = world.station();
      run("set dutycycle 100");
      const isRight = (what: string): void => {
        const { tx_air_secs, rx_air_secs } = JSON.parse(run("stats-radio").slice(5));
        const tx = seconds(station.heard);
        const rx = seconds(ear.heard) - tx;
        for (const [name, told, counted] of [
          ["tx_air_secs", tx_air_secs, tx],
          ["rx_air_secs", rx_air_secs, rx],
        ])
          assert.ok(
            told <= counted + TOLERANCE_S && told > counted - 1 - TOLERANCE_S,
            `${what}: ${name} ${told}, ${counted}`,
          );
      };
      isRight("at first");
      for (const radio of SETTINGS) {
        const { freqHz, bwHz, sf, cr } = radio;
        assert.match(run(`set radio ${freqHz / 1e6},${bwHz / 1e3},${sf},${cr}`), /-> OK$/);
        world.wait(1000);
        for (let round = 0; round < ROUNDS; round++) {
          station.seat.transmit(Buffer.from(scene.nextFrame().hex, "hex"), meshcoreRadio(radio));
          world.wait(15_000);
          // Another length each time, for the time on air grows in steps.
          run(`say test ${"x".repeat(1 + 17 * round)}`);
          world.wait(15_000);
        }
        isRight(`${bwHz} Hz, SF${sf}`);
      }
      run("clear stats");
      isRight("after clear stats");
      assert.equal(station.heard.length, SETTINGS.length * ROUNDS);
      assert.equal(ear.heard.length, 2 * SETTINGS.length * ROUNDS);
      assert.ok(seconds(station.heard) > 15, `${seconds(station.heard)} s: enough to tell`);
    });
  });
}
