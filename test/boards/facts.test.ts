import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import { type Board, TCXO_VOLTS } from "../../boards/board.ts";
import { gpioLevel, gpioOf } from "../../boards/gpio.ts";

interface Facts {
  source: string;
  /** The engine's names where it does not number pins in a row. */
  names?: Record<string, string>;
  /** As the source names them: ESP32 `GPIO9`, nRF `P1.11`. */
  pins: Record<string, string>;
  levels: Record<string, 0 | 1>;
  numbers: Record<string, number | boolean>;
  /** Product ids as `lsusb` shows them, and where the engine's files are. */
  usb?: string[];
  storage?: [address: number, bytes: number];
}

const RADIO = { tcxoVolts: 1.8, dio2Switch: true, boostedGain: true, maxPowerDbm: 22, currentLimitMa: 140 };
const ESP_STORAGE: [number, number] = [0x320000, 896 * 1024];
const NRF_STORAGE: [number, number] = [0xa0000, 0xed000 - 0xa0000];
/** Seeed's pin map of the XIAO nRF52840, Espruino boards/XIAOBLE.py. */
const XIAO_NAMES: Record<string, string> = {
  "P0.02": "D0",
  "P0.03": "D1",
  "P0.28": "D2",
  "P0.29": "D3",
  "P0.04": "D4",
  "P0.05": "D5",
  "P1.13": "D8",
  "P1.14": "D9",
  "P1.15": "D10",
  "P0.26": "D11",
  "P0.14": "D14",
  "P0.31": "D32",
};

/** What others say of these boards, in their own words. */
const KNOWN: Record<string, Facts> = {
  "heltec-v3": {
    source: "Heltec WiFi LoRa 32 V3 schematic and pin map; MeshCore variants/heltec_v3, Meshtastic heltec_v3 (reset)",
    pins: {
      sck: "GPIO9",
      miso: "GPIO11",
      mosi: "GPIO10",
      nss: "GPIO8",
      reset: "GPIO12",
      busy: "GPIO13",
      dio1: "GPIO14",
      led: "GPIO35",
      button: "GPIO0",
      rail: "GPIO36",
      rx: "GPIO44",
      tx: "GPIO43",
    },
    levels: { led: 1, button: 0, rail: 0 },
    numbers: { tcxoVolts: 1.8, dio2Switch: true, boostedGain: true, maxPowerDbm: 22, currentLimitMa: 140 },
  },
  rak4631: {
    source: "RAK4631 datasheet, WisBlock pin map (SX1262 on P1.10 to P1.15); MeshCore variants/rak4631",
    pins: {
      sck: "P1.11",
      miso: "P1.13",
      mosi: "P1.12",
      nss: "P1.10",
      reset: "P1.06",
      busy: "P1.14",
      dio1: "P1.15",
      power: "P1.05",
      led: "P1.03",
      rail: "P1.02",
      battery: "P0.05",
    },
    levels: { led: 1, rail: 1 },
    numbers: { tcxoVolts: 1.8, dio2Switch: true, boostedGain: true, maxPowerDbm: 22, currentLimitMa: 140, powerMs: 10 },
    usb: ["239a:8029", "239a:0029", "239a:002a", "239a:802a", "1915:520f"],
    storage: NRF_STORAGE,
  },
  "heltec-v4": {
    source: "MeshCore variants/heltec_v4 (platformio.ini, LoRaFEMControl.cpp); Meshtastic heltec_v4",
    pins: {
      sck: "GPIO9",
      miso: "GPIO11",
      mosi: "GPIO10",
      nss: "GPIO8",
      reset: "GPIO12",
      busy: "GPIO13",
      dio1: "GPIO14",
      femPower: "GPIO7",
      femEnable: "GPIO2",
      gc1109Cps: "GPIO46",
      kct8103lCtx: "GPIO5",
      led: "GPIO35",
      button: "GPIO0",
      rail: "GPIO36",
    },
    levels: { led: 1, button: 0, rail: 0 },
    numbers: { ...RADIO, powerDbm: 10 },
    usb: ["303a:1001"],
    storage: ESP_STORAGE,
  },
  "heltec-t114": {
    source:
      "MeshCore variants/heltec_t114/variant.h, T114Board.h (battery); Meshtastic heltec_mesh_node_t114 (no radio power pin)",
    pins: {
      sck: "P0.19",
      miso: "P0.23",
      mosi: "P0.22",
      nss: "P0.24",
      reset: "P0.25",
      busy: "P0.17",
      dio1: "P0.20",
      led: "P1.03",
      button: "P1.10",
      battery: "P0.04",
      batteryEnable: "P0.06",
    },
    levels: { led: 0, button: 0, batteryEnable: 1 },
    numbers: { ...RADIO, powerDbm: 22, multiplier: 4.9 },
    usb: ["239a:8029", "239a:0029", "239a:002a", "239a:802a", "1915:520f"],
    storage: NRF_STORAGE,
  },
  "xiao-nrf52-wio": {
    source: "MeshCore variants/xiao_nrf52 (platformio.ini, variant.cpp); Seeed's pin map",
    names: XIAO_NAMES,
    pins: {
      sck: "P1.13",
      miso: "P1.14",
      mosi: "P1.15",
      nss: "P0.04",
      reset: "P0.28",
      busy: "P0.29",
      dio1: "P0.03",
      rxen: "P0.05",
      led: "P0.26",
      button: "P0.02",
      battery: "P0.31",
      batteryEnable: "P0.14",
    },
    // Low at the pins; XIAOBLE turns both round.
    levels: { led: 1, button: 0, batteryEnable: 1 },
    numbers: { ...RADIO, powerDbm: 22, multiplier: 3 },
    usb: ["2886:8044", "2886:0044", "1915:520f"],
    storage: [0x60000000, 2 * 1024 * 1024],
  },
  "xiao-esp32s3-wio": {
    source: "MeshCore variants/xiao_s3_wio/platformio.ini",
    pins: {
      sck: "GPIO7",
      miso: "GPIO8",
      mosi: "GPIO9",
      nss: "GPIO41",
      reset: "GPIO42",
      busy: "GPIO40",
      dio1: "GPIO39",
      rxen: "GPIO38",
      led: "GPIO48",
      button: "GPIO21",
    },
    levels: { button: 0 },
    numbers: { ...RADIO, powerDbm: 22 },
    usb: ["303a:1001"],
    storage: ESP_STORAGE,
  },
  "lilygo-t3s3": {
    source: "MeshCore variants/lilygo_t3s3/platformio.ini; LilyGo's pin map of the T3-S3",
    pins: {
      sck: "GPIO5",
      miso: "GPIO3",
      mosi: "GPIO6",
      nss: "GPIO7",
      reset: "GPIO8",
      busy: "GPIO34",
      dio1: "GPIO33",
      led: "GPIO37",
      button: "GPIO0",
    },
    levels: { led: 1, button: 0 },
    numbers: { ...RADIO, powerDbm: 22 },
    usb: ["303a:1001"],
    storage: ESP_STORAGE,
  },
  "lilygo-tbeam-supreme": {
    source: "MeshCore src/helpers/esp32/TBeamBoard.h; Meshtastic tbeam-s3-core (TCXO)",
    pins: {
      sck: "GPIO12",
      miso: "GPIO13",
      mosi: "GPIO11",
      nss: "GPIO10",
      reset: "GPIO5",
      busy: "GPIO4",
      dio1: "GPIO1",
      pmuSda: "GPIO42",
      pmuScl: "GPIO41",
      button: "GPIO0",
    },
    levels: { button: 0 },
    numbers: { ...RADIO, powerDbm: 22, powerMs: 10 },
    usb: ["303a:1001"],
    storage: ESP_STORAGE,
  },
  "wio-tracker-l1": {
    source: "MeshCore variants/wio-tracker-l1 (variant.h, mapped by variant.cpp)",
    pins: {
      sck: "P0.30",
      miso: "P0.03",
      mosi: "P0.28",
      nss: "P1.14",
      reset: "P1.07",
      busy: "P1.10",
      dio1: "P0.07",
      rxen: "P1.08",
      led: "P1.01",
      button: "P0.08",
      battery: "P0.31",
      batteryEnable: "P0.04",
    },
    levels: { led: 1, button: 0, batteryEnable: 1 },
    numbers: { ...RADIO, powerDbm: 22, multiplier: 2 },
    usb: ["2886:1667", "2886:1668", "1915:520f"],
    storage: NRF_STORAGE,
  },
};

/** Espruino's name of a pin on builds that number all pins in a row. */
function espruinoPin(name: string): string {
  const [, port, pin] = /^(?:GPIO|P(\d)\.)(\d+)$/.exec(name) ?? [];
  return `D${32 * Number(port ?? 0) + Number(pin)}`;
}

function pinsOf(board: Board): Record<string, string | undefined> {
  const { sck, miso, mosi, nss, reset, busy, dio1, rxen, power, frontEnd } = board.radio;
  const all: Record<string, string | undefined> = {
    ...{ sck, miso, mosi, nss, reset, busy, dio1, rxen, power },
    ...{ femPower: frontEnd?.power, femEnable: frontEnd?.enable },
    ...{ gc1109Cps: frontEnd?.whenLow.txPin, kct8103lCtx: frontEnd?.whenHigh.txPin },
    ...{ pmuSda: board.pmu?.sda, pmuScl: board.pmu?.scl },
    ...{ led: board.led?.pin, button: board.button?.pin, rail: board.rail?.pin },
    ...{ battery: board.battery?.pin, batteryEnable: board.battery?.enable?.pin },
    ...board.engine.consolePins,
  };
  return Object.fromEntries(Object.entries(all).filter(([, pin]) => pin !== undefined));
}

describe("facts of the boards", () => {
  for (const [id, known] of Object.entries(KNOWN)) {
    const board = BOARDS.find((each) => each.id === id) as Board;

    it(`${id}: pins are those of ${known.source}`, () => {
      const expected = Object.entries(known.pins).map(([use, name]) => [use, known.names?.[name] ?? espruinoPin(name)]);
      assert.deepEqual(pinsOf(board), Object.fromEntries(expected));
    });

    it(`${id}: levels and radio limits are those of the same source`, () => {
      const levels = { ...board, batteryEnable: board.battery?.enable };
      for (const [use, active] of Object.entries(known.levels))
        assert.equal(levels[use as "led" | "button" | "rail" | "batteryEnable"]?.active, active, use);
      const numbers: Record<string, unknown> = { ...board.radio, multiplier: board.battery?.multiplier };
      for (const [name, value] of Object.entries(known.numbers)) assert.equal(numbers[name], value, name);
      if (known.usb) assert.deepEqual(board.usbIds, known.usb);
      const { address, pages, pageBytes } = board.engine.storage;
      if (known.storage) assert.deepEqual([address, pages * pageBytes], known.storage);
    });
  }

  for (const [id, known] of Object.entries(KNOWN)) {
    const { engine, ...board } = BOARDS.find((each) => each.id === id) as Board;

    it(`${id}: to the processor its pins are the numbers in the names of the source`, () => {
      for (const [use, pin] of Object.entries(pinsOf({ engine, ...board })))
        assert.equal(`D${gpioOf(engine, pin as string)}`, espruinoPin(known.pins[use]), use);
    });
  }

  it("what XIAOBLE turns round is low at the pin itself", () => {
    const { engine, led, battery, button } = BOARDS.find((each) => each.id === "xiao-nrf52-wio") as Board;
    const atThePin = [led, battery?.enable, button].map((each) => each && gpioLevel(engine, each.pin, each.active));
    assert.deepEqual(atThePin, [0, 0, 0]);
    assert.equal(engine.gpios?.length, engine.pins);
    assert.equal(new Set(engine.gpios).size, engine.pins, "no pin twice");
    const rak = BOARDS.find((each) => each.id === "rak4631") as Board;
    assert.deepEqual(
      [0, 1].map((level) => gpioLevel(rak.engine, "D35", level)),
      [0, 1],
    );
    assert.equal(gpioOf(rak.engine, ""), -1);
  });

  it("ids are unique, and every board but the simulated one has its independent facts here", () => {
    const ids = BOARDS.map((board) => board.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual([...ids].sort(), ["sim", ...Object.keys(KNOWN)].sort());
  });

  it("DIO3 gives its eight voltages in the order of the codes of SetDIO3AsTCXOCtrl (datasheet 13.3.6)", () => {
    assert.deepEqual(TCXO_VOLTS, [1.6, 1.7, 1.8, 2.2, 2.4, 2.7, 3.0, 3.3]);
  });

  it("a RAK4631 on a 3.6 V cell shows it within 3 %", () => {
    // MeshCore: millivolts = raw of 12 bits * 6160.5 / 4096, with the ADC's full scale at 3.6 V.
    const rak = BOARDS.find((board) => board.id === "rak4631") as Board;
    assert.ok(Math.abs((rak.battery?.multiplier ?? 0) * 3600 - 6160.5) < 185);
  });
});
