import type { Board } from "./board.ts";
import { ESP32S3_IDF4 } from "./engines.ts";
import { ESP32S3_HAZARDS } from "./hazards.ts";

/** LilyGo T3-S3 v1.x with SX1262 (MeshCore variants/lilygo_t3s3). Its 4 MB of flash end where the engine's Storage ends. */
export const lilygoT3s3: Board = {
  id: "lilygo-t3s3",
  label: "LilyGo T3-S3 (SX1262)",
  mcu: "ESP32-S3",
  flashBytes: 4 << 20,
  engine: ESP32S3_IDF4,
  radio: {
    chip: "SX1262",
    sck: "D5",
    miso: "D3",
    mosi: "D6",
    nss: "D7",
    reset: "D8",
    busy: "D34",
    dio1: "D33",
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D37", active: 1 },
  button: { pin: "D0", active: 0 },
  usbIds: ["303a:1001"],
  roomBytes: 65520,
  hazards: [
    "The same board is sold with SX1276, SX1280 and LR1121 radios, which this firmware does not drive: it must say SX1262.",
    ...ESP32S3_HAZARDS,
  ],
};
