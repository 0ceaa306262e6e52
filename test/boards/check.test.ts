import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import type { Board, EngineFacts, RadioFacts } from "../../boards/board.ts";
import { checkBoard } from "../../boards/check.ts";
import { heltecV3 } from "../../boards/heltec-v3.ts";
import { rak4631 } from "../../boards/rak4631.ts";
import { sim } from "../../boards/sim.ts";

const radio = (board: Board, facts: Partial<RadioFacts>): Board => ({ ...board, radio: { ...board.radio, ...facts } });
const engine = (board: Board, facts: Partial<EngineFacts>): Board => ({
  ...board,
  engine: { ...board.engine, ...facts },
});

/** A board with one fact that cannot be, and the sentence for it. */
const BROKEN: [string, Board, string][] = [
  ["a name with capitals", { ...sim, id: "Sim" }, `Sim: id: expected lower-case words joined by dashes, found "Sim"`],
  ["a pin that is no pin", radio(sim, { sck: "P1" }), `sim: pin sck: expected D0 to D47 on simulated, found "P1"`],
  ["an empty pin", radio(sim, { busy: "" }), `sim: pin busy: expected D0 to D47 on simulated, found ""`],
  [
    "a pin with a zero in front",
    radio(sim, { nss: "D04" }),
    `sim: pin nss: expected D0 to D47 on simulated, found "D04"`,
  ],
  [
    "the first pin beyond the nRF52840",
    radio(rak4631, { reset: "D48" }),
    `rak4631: pin reset: expected D0 to D47 on nRF52840, found "D48"`,
  ],
  [
    "the first pin beyond the ESP32-S3",
    radio(heltecV3, { reset: "D49" }),
    `heltec-v3: pin reset: expected D0 to D48 on ESP32-S3, found "D49"`,
  ],
  [
    "a pin that the ESP32-S3 does not bring out",
    radio(heltecV3, { nss: "D22" }),
    `heltec-v3: pin nss: expected a pin that the ESP32-S3 brings out and that is not its flash, found "D22"`,
  ],
  [
    "a pin of the ESP32-S3's flash",
    { ...heltecV3, led: { pin: "D27", active: 1 } },
    `heltec-v3: pin led: expected a pin that the ESP32-S3 brings out and that is not its flash, found "D27"`,
  ],
  [
    "one pin for two things",
    radio(sim, { miso: "D1" }),
    `sim: pin miso: expected a pin of its own (D1 is sck), found "D1"`,
  ],
  [
    "a light on a pin of the radio",
    { ...sim, led: { pin: "D6", active: 1 } },
    `sim: pin led: expected a pin of its own (D6 is busy), found "D6"`,
  ],
  [
    "a DIO1 that the ESP32-S3 build cannot watch, below",
    radio(heltecV3, { dio1: "D6" }),
    `heltec-v3: pin dio1: expected a pin that Espruino can watch on the ESP32-S3 (D0-D5, D13-D39), found "D6"`,
  ],
  [
    "a DIO1 that the ESP32-S3 build cannot watch, above",
    radio(heltecV3, { dio1: "D40" }),
    `heltec-v3: pin dio1: expected a pin that Espruino can watch on the ESP32-S3 (D0-D5, D13-D39), found "D40"`,
  ],
  [
    "a TCXO voltage between two steps",
    radio(sim, { tcxoVolts: 2 }),
    "sim: tcxoVolts: expected 0 (crystal) or one of 1.6, 1.7, 1.8, 2.2, 2.4, 2.7, 3, 3.3, found 2",
  ],
  [
    "a TCXO voltage that would burn it",
    radio(sim, { tcxoVolts: 5 }),
    "sim: tcxoVolts: expected 0 (crystal) or one of 1.6, 1.7, 1.8, 2.2, 2.4, 2.7, 3, 3.3, found 5",
  ],
  ["23 dBm", radio(sim, { maxPowerDbm: 23 }), "sim: maxPowerDbm: expected -9 to 22 (SX1262), found 23"],
  ["-10 dBm", radio(sim, { maxPowerDbm: -10 }), "sim: maxPowerDbm: expected -9 to 22 (SX1262), found -10"],
  ["no power", radio(sim, { maxPowerDbm: Number.NaN }), "sim: maxPowerDbm: expected -9 to 22 (SX1262), found null"],
  ["142.5 mA", radio(sim, { currentLimitMa: 142.5 }), "sim: currentLimitMa: expected 60 to 140 by 2.5, found 142.5"],
  ["57.5 mA", radio(sim, { currentLimitMa: 57.5 }), "sim: currentLimitMa: expected 60 to 140 by 2.5, found 57.5"],
  ["100.1 mA", radio(sim, { currentLimitMa: 100.1 }), "sim: currentLimitMa: expected 60 to 140 by 2.5, found 100.1"],
  ["SPI too fast", radio(sim, { spiHz: 16000001 }), "sim: spiHz: expected up to 16000000, found 16000001"],
  ["SPI that stands still", radio(sim, { spiHz: 0 }), "sim: spiHz: expected up to 16000000, found 0"],
  [
    "a power rail without a time",
    radio(rak4631, { powerMs: undefined }),
    "rak4631: powerMs: expected 1 to 1000 for the rail, found undefined",
  ],
  [
    "a battery on a pin that measures nothing",
    { ...rak4631, battery: { pin: "D6", multiplier: 1.7 } },
    `rak4631: pin battery: expected an analog input (D2, D3, D4, D5, D28, D29, D30, D31), found "D6"`,
  ],
  [
    "a divider that makes the voltage larger",
    { ...rak4631, battery: { pin: "D5", multiplier: 0.6 } },
    "rak4631: battery multiplier: expected 1 to 20, found 0.6",
  ],
  ["rooms without space", { ...sim, roomBytes: 2047 }, "sim: roomBytes: expected 2048 to 65520, found 2047"],
  [
    "rooms beyond a view",
    { ...heltecV3, roomBytes: 65521 },
    "heltec-v3: roomBytes: expected 2048 to 65520, found 65521",
  ],
  ["half a byte", { ...sim, roomBytes: 4096.5 }, "sim: roomBytes: expected 2048 to 65520, found 4096.5"],
  [
    "rooms in more than half of the memory",
    engine(sim, { jsVars: 8000 }),
    "sim: roomBytes: expected at most half of the engine's 112000 bytes, found 60000",
  ],
  [
    "a console that no engine has",
    engine(sim, { console: "Bluetooth" }),
    `sim: console: expected USB, Serial1, Serial2, found "Bluetooth"`,
  ],
  [
    "pins for a USB console",
    engine(sim, { consolePins: { rx: "D20", tx: "D21" } }),
    `sim: consolePins: expected none, a USB console has no pins of ours, found {"rx":"D20","tx":"D21"}`,
  ],
  [
    "Thumb code on an Xtensa",
    engine(heltecV3, { thumb: true }),
    "heltec-v3: thumb: expected false (not an ARM processor), found true",
  ],
];

describe("board check", () => {
  for (const board of BOARDS)
    it(`has nothing against ${board.id}`, () => {
      assert.deepEqual(checkBoard(board), []);
    });

  for (const [what, board, sentence] of BROKEN)
    it(`refuses ${what}`, () => {
      assert.deepEqual(checkBoard(board), [sentence]);
    });

  it("takes every value at its limit", () => {
    for (const facts of [
      { maxPowerDbm: -9 },
      { maxPowerDbm: 22 },
      { currentLimitMa: 60 },
      { currentLimitMa: 140 },
      { spiHz: 16000000 },
      { tcxoVolts: 0 },
      { tcxoVolts: 3.3 },
      { dio1: "D47" },
    ])
      assert.deepEqual(checkBoard(radio(sim, facts)), [], JSON.stringify(facts));
    for (const dio1 of ["D5", "D15", "D39"]) assert.deepEqual(checkBoard(radio(heltecV3, { dio1 })), [], dio1);
    assert.deepEqual(checkBoard({ ...sim, roomBytes: 2048 }), []);
  });

  it("says everything that is wrong at once", () => {
    const sentences = checkBoard(radio(engine(sim, { console: "" }), { sck: "x", maxPowerDbm: 30, spiHz: -1 }));
    assert.equal(sentences.length, 4);
  });
});
