import type { Board } from "./board.ts";
import { ESP32S3_IDF4 } from "./engines.ts";
import { ESP32S3_HAZARDS } from "./hazards.ts";

/**
 * Seeed XIAO ESP32S3 with the Wio-SX1262 on its board-to-board connector (MeshCore variants/xiao_s3_wio), not on the pin
 * header, where the wiring is another. The button of the Wio board is on GPIO21, where the XIAO has its light: we use the
 * light of the Wio board, GPIO48, whose polarity no source names; high is what MeshCore's other boards have.
 */
export const xiaoEsp32s3Wio: Board = {
  id: "xiao-esp32s3-wio",
  label: "Seeed XIAO ESP32S3 + Wio-SX1262",
  mcu: "ESP32-S3",
  flashBytes: 8 << 20,
  engine: ESP32S3_IDF4,
  radio: {
    chip: "SX1262",
    sck: "D7",
    miso: "D8",
    mosi: "D9",
    nss: "D41",
    reset: "D42",
    busy: "D40",
    // The last pin that the build can watch.
    dio1: "D39",
    // Floats high from the engine's boot on, until the firmware drives it.
    rxen: "D38",
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D48", active: 1 },
  button: { pin: "D21", active: 0 },
  usbIds: ["303a:1001"],
  roomBytes: 65520,
  hazards: [
    "Only for the kit whose two boards are plugged onto each other: a Wio-SX1262 wired to the pin header has other pins.",
    ...ESP32S3_HAZARDS,
  ],
};
