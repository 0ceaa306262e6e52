import assert from "node:assert/strict";
import { complaints, load } from "./files.ts";

const boards = (own: string): string => `
radio: {frequency_mhz: 868.1, spreading_factor: 9, tx_power_dbm: 14}
boards:
  - {type: serial, path: /dev/ttyACM0}
  - {type: kiss, path: /dev/ttyACM1, radio: ${own}}
`;

describe("configuration: the radio of one board", () => {
  it("is the common one where it says nothing", () => {
    const { config } = load({ "a.yaml": boards("{}") });
    assert.equal(config.boards[0].radio, undefined);
    assert.deepEqual(config.boards[1].radio, config.radio);
  });

  it("goes over the common one, key by key", () => {
    const { config } = load({ "a.yaml": boards("{frequency_mhz: 433.775}") });
    const { settings, dutyCyclePercent } = config.boards[1].radio ?? assert.fail();
    assert.deepEqual(settings, { ...config.radio.settings, freqHz: 433_775_000 });
    assert.equal(dutyCyclePercent, 10, "the limit of its own band");
  });

  it("begins anew with a preset of its own", () => {
    const { config } = load({ "a.yaml": boards('{preset: "EU/UK (Narrow)"}') });
    const { settings } = config.boards[1].radio ?? assert.fail();
    assert.deepEqual(settings, { freqHz: 869_618_000, bwHz: 62_500, sf: 8, cr: 8, powerDbm: 22 });
  });

  it("is checked as the common one is, with its line", () => {
    const text = complaints({ "a.yaml": boards("{spreading_factor: 13}") }).join("\n");
    assert.match(text, /a\.yaml:5: boards\[1\]\.radio\.spreading_factor: expected a whole number from 5 to 12/);
    const together = complaints({ "a.yaml": boards('{preset: "EU/UK (Narow)"}') }).join("\n");
    assert.match(together, /boards\[1\]\.radio\.preset.*\n.*did you mean "EU\/UK \(Narrow\)"/);
  });
});
