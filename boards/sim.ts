import type { Board } from "./board.ts";

/** The board that exists only in software: an engine with everything native and a radio on plain pins. */
export const sim: Board = {
  id: "sim",
  label: "Simulated board",
  mcu: "simulated",
  engine: {
    build: "SIMULATED",
    official: false,
    jsVars: 14000,
    jsVarBytes: 14,
    nativeAes: true,
    thumb: true,
    console: "USB",
  },
  radio: {
    chip: "SX1262",
    sck: "D1",
    miso: "D2",
    mosi: "D3",
    nss: "D4",
    reset: "D5",
    busy: "D6",
    dio1: "D7",
    rxen: "D8",
    spiHz: 8000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D9", active: 1 },
  usbIds: [],
  roomBytes: 60000,
  hazards: [],
};
