import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import { type Board, TCXO_VOLTS } from "../../boards/board.ts";

interface Facts {
  source: string;
  /** As the source names them: ESP32 `GPIO9`, nRF `P1.11`. */
  pins: Record<string, string>;
  levels: Record<string, 0 | 1>;
  numbers: Record<string, number | boolean>;
}

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
  },
};

/** Espruino's name of a pin on builds that number all pins in a row. */
function espruinoPin(name: string): string {
  const [, port, pin] = /^(?:GPIO|P(\d)\.)(\d+)$/.exec(name) ?? [];
  return `D${32 * Number(port ?? 0) + Number(pin)}`;
}

function pinsOf(board: Board): Record<string, string | undefined> {
  const { sck, miso, mosi, nss, reset, busy, dio1, rxen, power } = board.radio;
  const own = { sck, miso, mosi, nss, reset, busy, dio1, rxen, power };
  const others = { led: board.led?.pin, button: board.button?.pin, rail: board.rail?.pin, battery: board.battery?.pin };
  const all: Record<string, string | undefined> = { ...own, ...others, ...board.engine.consolePins };
  return Object.fromEntries(Object.entries(all).filter(([, pin]) => pin !== undefined));
}

describe("facts of the boards", () => {
  for (const [id, known] of Object.entries(KNOWN)) {
    const board = BOARDS.find((each) => each.id === id) as Board;

    it(`${id}: pins are those of ${known.source}`, () => {
      const expected = Object.entries(known.pins).map(([use, name]) => [use, espruinoPin(name)]);
      assert.deepEqual(pinsOf(board), Object.fromEntries(expected));
    });

    it(`${id}: levels and radio limits are those of the same source`, () => {
      for (const [use, active] of Object.entries(known.levels))
        assert.equal(board[use as "led" | "button" | "rail"]?.active, active, use);
      for (const [name, value] of Object.entries(known.numbers))
        assert.equal(board.radio[name as keyof Board["radio"]], value, name);
    });
  }

  it("ids are unique, and the three that this version builds for are there", () => {
    const ids = BOARDS.map((board) => board.id);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ["heltec-v3", "rak4631", "sim"]) assert.ok(ids.includes(id), id);
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
