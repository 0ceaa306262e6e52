import type { Board } from "./board.ts";
import { ownBuild } from "./engines.ts";
import { OWN_BUILD_HAZARDS, SOFTDEVICE_REPLACED } from "./hazards.ts";

/** Seeed Wio Tracker L1. nRF numbering, mapped through variant.cpp of MeshCore's variants/wio-tracker-l1. */
export const wioTrackerL1: Board = {
  id: "wio-tracker-l1",
  label: "Seeed Wio Tracker L1",
  mcu: "nRF52840",
  flashBytes: 1 << 20,
  engine: ownBuild("WIO_TRACKER_L1"),
  radio: {
    chip: "SX1262",
    sck: "D30",
    miso: "D3",
    mosi: "D28",
    nss: "D46",
    reset: "D39",
    busy: "D42",
    dio1: "D7",
    rxen: "D40",
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D33", active: 1 },
  button: { pin: "D8", active: 0 },
  battery: { pin: "D31", multiplier: 2, enable: { pin: "D4", active: 1 } },
  usbIds: ["2886:1667", "2886:1668", "1915:520f"],
  roomBytes: 60000,
  hazards: [
    "The menu button held down at power-up keeps the saved code from running.",
    ...OWN_BUILD_HAZARDS,
    SOFTDEVICE_REPLACED,
  ],
};
