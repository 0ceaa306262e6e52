import type { Board } from "./board.ts";
import { ownBuild } from "./engines.ts";
import { OWN_BUILD_HAZARDS } from "./hazards.ts";

/** RAK WisBlock Core RAK4631. nRF numbering: P1.nn is D(32+nn). */
export const rak4631: Board = {
  id: "rak4631",
  label: "RAK WisBlock Core RAK4631",
  mcu: "nRF52840",
  flashBytes: 1 << 20,
  engine: ownBuild("RAK4631"),
  radio: {
    chip: "SX1262",
    sck: "D43",
    miso: "D45",
    mosi: "D44",
    nss: "D42",
    reset: "D38",
    busy: "D46",
    dio1: "D47",
    power: "D37",
    powerMs: 10,
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D35", active: 1 },
  // WB_IO2 powers the WisBlock slots.
  rail: { pin: "D34", active: 1 },
  battery: { pin: "D5", multiplier: 1.7112 },
  usbIds: ["239a:8029", "239a:0029", "239a:002a", "239a:802a", "1915:520f"],
  roomBytes: 60000,
  hazards: OWN_BUILD_HAZARDS,
};
