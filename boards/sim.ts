import type { Board } from "./board.ts";
import { ownBuild } from "./engines.ts";

/** The board that exists only in software: an engine with everything native and a radio on plain pins. */
export const sim: Board = {
  id: "sim",
  label: "Simulated board",
  mcu: "simulated",
  flashBytes: 1 << 20,
  engine: ownBuild("SIMULATED"),
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
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D9", active: 1 },
  usbIds: [],
  roomBytes: 60000,
  hazards: [],
};
