import type { Board } from "./board.ts";

/** RAK WisBlock Core RAK4631. nRF numbering: P1.nn is D(32+nn). */
export const rak4631: Board = {
  id: "rak4631",
  label: "RAK WisBlock Core RAK4631",
  mcu: "nRF52840",
  engine: {
    build: "RAK4631",
    official: false,
    jsVars: 14000,
    jsVarBytes: 14,
    nativeAes: false,
    thumb: true,
    console: "USB",
  },
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
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D35", active: 1 },
  // WB_IO2 powers the WisBlock slots.
  rail: { pin: "D34", active: 1 },
  battery: { pin: "D5", multiplier: 1.7112 },
  usbIds: ["239a:8029", "239a:0029", "239a:002a", "239a:802a", "1915:520f"],
  roomBytes: 60000,
  hazards: [
    "There is no official Espruino build for this board; an image made for another nRF52840 board can overwrite the bootloader or lose its saved code.",
  ],
};
