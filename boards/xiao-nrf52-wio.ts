import type { Board } from "./board.ts";
import { XIAOBLE } from "./engines.ts";
import { BLUETOOTH_ON, SOFTDEVICE_REPLACED } from "./hazards.ts";

/**
 * Seeed XIAO nRF52840 with the Wio-SX1262 board on its header. Pins are those of the XIAOBLE build: Arduino's numbers, and the
 * lights and D14 negated, so that 1 means on. Sources: MeshCore variants/xiao_nrf52 (variant.cpp), Espruino boards/XIAOBLE.py.
 */
export const xiaoNrf52Wio: Board = {
  id: "xiao-nrf52-wio",
  label: "Seeed XIAO nRF52840 + Wio-SX1262",
  mcu: "nRF52840",
  flashBytes: 1 << 20,
  engine: XIAOBLE,
  radio: {
    chip: "SX1262",
    sck: "D8",
    miso: "D9",
    mosi: "D10",
    nss: "D4",
    reset: "D2",
    busy: "D3",
    dio1: "D1",
    rxen: "D5",
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D11", active: 1 },
  button: { pin: "D0", active: 0 },
  // Let go of D14 while a battery is connected, and P0.31 sees its full voltage (Seeed): it stays on.
  battery: { pin: "D32", multiplier: 3, enable: { pin: "D14", active: 1 } },
  usbIds: ["2886:8044", "2886:0044", "1915:520f"],
  roomBytes: 60000,
  hazards: [
    "The radio's DIO1 is the engine's button BTN1: high at power-up it makes the engine skip .bootcde, so the bundle is stored as .bootrst, which always runs.",
    "The XIAOBLE build has no AES-ECB: the bundle brings a routine of its own in Thumb code.",
    "Sources disagree on the charge current pin P0.13 (Seeed: low is 100 mA, Espruino: high is): the firmware leaves it alone.",
    BLUETOOTH_ON,
    SOFTDEVICE_REPLACED,
  ],
};
