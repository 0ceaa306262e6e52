import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import type { Board, EngineFacts, FrontEnd, PmuRail, RadioFacts, StorageFacts } from "../../boards/board.ts";
import { checkBoard } from "../../boards/check.ts";
import { heltecV3 } from "../../boards/heltec-v3.ts";
import { heltecV4 } from "../../boards/heltec-v4.ts";
import { lilygoT3s3 } from "../../boards/lilygo-t3s3.ts";
import { lilygoTbeamSupreme } from "../../boards/lilygo-tbeam-supreme.ts";
import { rak4631 } from "../../boards/rak4631.ts";
import { sim } from "../../boards/sim.ts";
import { xiaoEsp32s3Wio } from "../../boards/xiao-esp32s3-wio.ts";
import { xiaoNrf52Wio } from "../../boards/xiao-nrf52-wio.ts";

const radio = (board: Board, facts: Partial<RadioFacts>): Board => ({ ...board, radio: { ...board.radio, ...facts } });
const engine = (board: Board, facts: Partial<EngineFacts>): Board => ({
  ...board,
  engine: { ...board.engine, ...facts },
});

const storage = (board: Board, facts: Partial<StorageFacts>): Board =>
  engine(board, { storage: { ...board.engine.storage, ...facts } });
const frontEnd = (facts: Partial<FrontEnd>): Board =>
  radio(heltecV4, { frontEnd: { ...(heltecV4.radio.frontEnd as FrontEnd), ...facts } });
const rails = (...list: PmuRail[]): Board => ({
  ...lilygoTbeamSupreme,
  pmu: { ...(lilygoTbeamSupreme.pmu as NonNullable<Board["pmu"]>), rails: list },
});

/** A board with one fact that cannot be, and the sentence for it. */
const BROKEN: [string, Board, string][] = [
  ["a name with capitals", { ...sim, id: "Sim" }, `Sim: id: expected lower-case words joined by dashes, found "Sim"`],
  [
    "a pin that is no pin",
    radio(sim, { sck: "P1" }),
    `sim: pin sck: expected D0 to D47, the pins of SIMULATED, found "P1"`,
  ],
  ["an empty pin", radio(sim, { busy: "" }), `sim: pin busy: expected D0 to D47, the pins of SIMULATED, found ""`],
  [
    "a pin with a zero in front",
    radio(sim, { nss: "D04" }),
    `sim: pin nss: expected D0 to D47, the pins of SIMULATED, found "D04"`,
  ],
  [
    "the first pin beyond the nRF52840",
    radio(rak4631, { reset: "D48" }),
    `rak4631: pin reset: expected D0 to D47, the pins of RAK4631, found "D48"`,
  ],
  [
    "the first pin beyond the ESP32-S3",
    radio(heltecV3, { reset: "D49" }),
    `heltec-v3: pin reset: expected D0 to D48, the pins of ESP32S3_IDF4, found "D49"`,
  ],
  [
    "a pin that the ESP32-S3 does not bring out",
    radio(heltecV3, { nss: "D22" }),
    `heltec-v3: pin nss: expected a pin that ESP32S3_IDF4 has, and not for its flash or USB, found "D22"`,
  ],
  [
    "a pin of the ESP32-S3's flash",
    { ...heltecV3, led: { pin: "D27", active: 1 } },
    `heltec-v3: pin led: expected a pin that ESP32S3_IDF4 has, and not for its flash or USB, found "D27"`,
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
    `heltec-v3: pin dio1: expected a pin that ESP32S3_IDF4 can watch (D0-D5, D13-D39), found "D6"`,
  ],
  [
    "a DIO1 that the ESP32-S3 build cannot watch, above",
    radio(heltecV3, { dio1: "D40" }),
    `heltec-v3: pin dio1: expected a pin that ESP32S3_IDF4 can watch (D0-D5, D13-D39), found "D40"`,
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
    "power at the antenna that the chip cannot give",
    radio(heltecV4, { powerDbm: 28 }),
    "heltec-v4: powerDbm: expected -9 to the board's limit of 22, found 28",
  ],
  [
    "more power than the board's own limit",
    radio(sim, { powerDbm: 20, maxPowerDbm: 19 }),
    "sim: powerDbm: expected -9 to the board's limit of 19, found 20",
  ],
  [
    "a pin that the processor has and the engine build does not",
    radio(xiaoNrf52Wio, { sck: "D45" }),
    `xiao-nrf52-wio: pin sck: expected D0 to D32, the pins of XIAOBLE, found "D45"`,
  ],
  [
    "a pin of the flash chip that holds the engine's files",
    radio(xiaoNrf52Wio, { rxen: "D24" }),
    `xiao-nrf52-wio: pin rxen: expected a pin that XIAOBLE has, and not for its flash or USB, found "D24"`,
  ],
  [
    "a radio on the pins of the ESP32-S3's USB",
    radio(heltecV4, { busy: "D20" }),
    `heltec-v4: pin busy: expected a pin that ESP32S3_IDF4 has, and not for its flash or USB, found "D20"`,
  ],
  [
    "the XIAO ESP32S3's DIO1 one pin further",
    { ...radio(xiaoEsp32s3Wio, { dio1: "D40", busy: "D39" }) },
    `xiao-esp32s3-wio: pin dio1: expected a pin that ESP32S3_IDF4 can watch (D0-D5, D13-D39), found "D40"`,
  ],
  [
    "the Station G2's DIO1",
    radio(heltecV4, { dio1: "D48" }),
    `heltec-v4: pin dio1: expected a pin that ESP32S3_IDF4 can watch (D0-D5, D13-D39), found "D48"`,
  ],
  [
    "an amplifier without time for its supply",
    frontEnd({ powerMs: 0 }),
    "heltec-v4: frontEnd powerMs: expected 1 to 1000 for its supply, found 0",
  ],
  [
    "an amplifier on a pin of the radio",
    frontEnd({ enable: "D12" }),
    `heltec-v4: pin frontEnd enable: expected a pin of its own (D12 is reset), found "D12"`,
  ],
  [
    "an amplifier that switches on a light",
    frontEnd({ whenHigh: { chip: "KCT8103L", txPin: "D35" } }),
    `heltec-v4: pin led: expected a pin of its own (D35 is frontEnd txPin when high), found "D35"`,
  ],
  [
    "two switches for one antenna",
    radio(heltecV4, { rxen: "D38" }),
    `heltec-v4: rxen: expected none beside an amplifier, found "D38"`,
  ],
  [
    "a rail that the chip does not have",
    rails({ rail: "LDO2", feeds: "sensors", millivolts: 3300 }, { rail: "ALDO3", feeds: "radio", millivolts: 3300 }),
    `lilygo-tbeam-supreme: pmu rail: expected ALDO1, ALDO2, ALDO3, ALDO4, found "LDO2"`,
  ],
  [
    "a rail between two steps",
    rails({ rail: "ALDO3", feeds: "radio", millivolts: 3250 }),
    "lilygo-tbeam-supreme: pmu ALDO3: expected 500 to 3500 mV by 100, found 3250",
  ],
  [
    "a radio on too little voltage",
    rails({ rail: "ALDO3", feeds: "radio", millivolts: 1700 }),
    "lilygo-tbeam-supreme: pmu ALDO3: expected 1800 to 3700 mV for the radio, found 1700",
  ],
  [
    "a radio that no rail feeds",
    rails(),
    "lilygo-tbeam-supreme: pmu rails: expected one that feeds the radio, found 0",
  ],
  [
    "a rail without a time, behind a power chip",
    radio(lilygoTbeamSupreme, { powerMs: 0 }),
    "lilygo-tbeam-supreme: powerMs: expected 1 to 1000 for the rail, found 0",
  ],
  [
    "files in the bootloader",
    storage(rak4631, { pages: 86 }),
    'rak4631: storage: expected between the engine at 0x26000 and 0xF2000, found "0xA0000 to 0xF6000"',
  ],
  [
    "files in the pages right below the bootloader",
    storage(rak4631, { pages: 83 }),
    'rak4631: storage: expected between the engine at 0x26000 and 0xF2000, found "0xA0000 to 0xF3000"',
  ],
  [
    "files in the SoftDevice",
    storage(rak4631, { address: 0x25000 }),
    'rak4631: storage: expected between the engine at 0x26000 and 0xF2000, found "0x25000 to 0x72000"',
  ],
  [
    "files in the application of the ESP32-S3",
    storage(heltecV3, { address: 0x150000 }),
    'heltec-v3: storage: expected between the engine at 0x160000 and 0x800000, found "0x150000 to 0x230000"',
  ],
  [
    "files beyond the end of the flash",
    { ...engine(lilygoT3s3, { log: { address: 0x1f0000, pages: 16 }, codeEnd: 0x190000 }), flashBytes: 2 << 20 },
    'lilygo-t3s3: storage: expected between the engine at 0x160000 and 0x200000, found "0x320000 to 0x400000"',
  ],
  [
    "files that begin within a page",
    storage(rak4631, { address: 0xa0800 }),
    "rak4631: storage address: expected the start of a page, found 657408",
  ],
  [
    "files without room for the bundle",
    storage(rak4631, { pages: 15 }),
    "rak4631: storage pages: expected 16 or more for the bundle, settings and rooms, found 15",
  ],
  [
    "a battery where the engine cannot measure",
    { ...heltecV3, battery: { pin: "D1", multiplier: 5.42 } },
    `heltec-v3: battery: expected none, ESP32S3_IDF4 cannot measure, found "D1"`,
  ],
  [
    "a battery by the processor's number of the pin, where the engine has another",
    { ...xiaoNrf52Wio, battery: { pin: "D31", multiplier: 3 } },
    `xiao-nrf52-wio: pin battery: expected an analog input (D0, D1, D2, D3, D4, D5, D13, D32), found "D31"`,
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
    "a log in the engine",
    engine(rak4631, { log: { address: 0x6f000, pages: 16 } }),
    'rak4631: log: expected behind the engine, which ends at 0x70000, found "0x6F000 to 0x7F000"',
  ],
  [
    "a log in the storage",
    engine(rak4631, { log: { address: 0x91000, pages: 16 } }),
    'rak4631: log: expected outside of the storage at 0xA0000, found "0x91000 to 0xA1000"',
  ],
  [
    "a log in the bootloader",
    engine(xiaoNrf52Wio, { log: { address: 0xe3000, pages: 16 } }),
    'xiao-nrf52-wio: log: expected below 0xF2000, found "0xE3000 to 0xF3000"',
  ],
  [
    "a log of few pages",
    engine(heltecV3, { log: { address: 0x310000, pages: 7 } }),
    "heltec-v3: log pages: expected 8 to 250, found 7",
  ],
  [
    "a log between pages",
    engine(heltecV3, { log: { address: 0x310800, pages: 8 } }),
    "heltec-v3: log address: expected the start of a page, found 3213312",
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
      { maxPowerDbm: -9, powerDbm: -9 },
      { maxPowerDbm: 22 },
      { currentLimitMa: 60 },
      { currentLimitMa: 140 },
      { spiHz: 16000000 },
      { tcxoVolts: 0 },
      { tcxoVolts: 3.3 },
      { dio1: "D47" },
      { powerDbm: -9 },
      { powerDbm: 19, maxPowerDbm: 19 },
    ])
      assert.deepEqual(checkBoard(radio(sim, facts)), [], JSON.stringify(facts));
    for (const dio1 of ["D5", "D15", "D39"]) assert.deepEqual(checkBoard(radio(heltecV3, { dio1 })), [], dio1);
    assert.deepEqual(checkBoard({ ...sim, roomBytes: 2048 }), []);
    assert.deepEqual(checkBoard(storage(rak4631, { pages: 82 })), [], "up to the pages below the bootloader");
    for (const millivolts of [1800, 3500])
      assert.deepEqual(checkBoard(rails({ rail: "ALDO3", feeds: "radio", millivolts })), [], `${millivolts} mV`);
  });

  it("says everything that is wrong at once", () => {
    const sentences = checkBoard(radio(engine(sim, { console: "" }), { sck: "x", maxPowerDbm: 30, spiHz: -1 }));
    assert.equal(sentences.length, 4);
  });
});
