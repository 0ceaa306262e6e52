import type { Board } from "./board.ts";
import { ESP32S3_IDF4 } from "./engines.ts";
import { ESP32S3_HAZARDS } from "./hazards.ts";

/** Heltec WiFi LoRa 32 V3. Pins from Heltec's schematic; reset is GPIO12, which MeshCore leaves unused. */
export const heltecV3: Board = {
  id: "heltec-v3",
  label: "Heltec WiFi LoRa 32 V3",
  mcu: "ESP32-S3",
  flashBytes: 8 << 20,
  engine: { ...ESP32S3_IDF4, console: "Serial2", consolePins: { rx: "D44", tx: "D43" } },
  radio: {
    chip: "SX1262",
    sck: "D9",
    miso: "D11",
    mosi: "D10",
    nss: "D8",
    reset: "D12",
    busy: "D13",
    dio1: "D14",
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  led: { pin: "D35", active: 1 },
  button: { pin: "D0", active: 0 },
  // Vext feeds display and antenna boost and is on when low (Heltec, Meshtastic); MeshCore calls it active high and yet
  // leaves it low. The engine leaves it floating high at boot.
  rail: { pin: "D36", active: 0 },
  usbIds: ["10c4:ea60"],
  roomBytes: 65520,
  hazards: [
    "Espruino's official ESP32-S3 build talks on the chip's own USB pins, which this board does not bring to its connector: use a build without ESPR_USE_USB_SERIAL_JTAG, or let the boot code move the console to Serial2 on D44/D43.",
    ...ESP32S3_HAZARDS,
  ],
};
