import type { Board } from "./board.ts";
import { ESP32S3_IDF4 } from "./engines.ts";
import { ESP32S3_HAZARDS } from "./hazards.ts";

/**
 * Heltec WiFi LoRa 32 V4: a V3 with an amplifier. Sources: MeshCore variants/heltec_v4 (LoRaFEMControl), Meshtastic heltec_v4.
 * GPIO2 is LED1 in the engine's own words: it must stay an input until the amplifier's kind is known.
 */
export const heltecV4: Board = {
  id: "heltec-v4",
  label: "Heltec WiFi LoRa 32 V4",
  mcu: "ESP32-S3",
  flashBytes: 16 << 20,
  engine: ESP32S3_IDF4,
  radio: {
    chip: "SX1262",
    sck: "D9",
    miso: "D11",
    mosi: "D10",
    nss: "D8",
    reset: "D12",
    busy: "D13",
    dio1: "D14",
    frontEnd: {
      power: "D7",
      powerMs: 2,
      enable: "D2",
      // GC1109 pulls its enable pin down, KCT8103L up.
      whenLow: { chip: "GC1109 (V4.2)", txPin: "D46" },
      whenHigh: { chip: "KCT8103L (V4.3)", txPin: "D5" },
      gainDb: 12,
    },
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    // 22 dBm at the antenna, as MeshCore sets it.
    powerDbm: 10,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D35", active: 1 },
  button: { pin: "D0", active: 0 },
  // Sources differ on Vext's polarity (MeshCore: high, Meshtastic: low); MeshCore leaves it low, and so do we.
  rail: { pin: "D36", active: 0 },
  usbIds: ["303a:1001"],
  roomBytes: 65520,
  hazards: [
    "An amplifier follows the radio: 10 dBm set are about 22 dBm at the antenna, 22 set about 28. What your country allows is counted at the antenna.",
    "Never transmit without an antenna: it is the amplifier that breaks.",
    "LED1 of the engine is the amplifier's enable pin on this board: leave it alone at the engine's prompt.",
    ...ESP32S3_HAZARDS,
  ],
};
