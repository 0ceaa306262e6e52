import type { Board } from "./board.ts";
import { ESP32S3_IDF4 } from "./engines.ts";
import { ESP32S3_HAZARDS } from "./hazards.ts";

/**
 * LilyGo T-Beam Supreme. Pins from MeshCore's TBeamBoard.h, which overrides those of its variant (they are the classic
 * T-Beam's); TCXO voltage from Meshtastic's tbeam-s3-core, where MeshCore sets none and so uses 1.6 V. No light: MeshCore
 * names GPIO6, which is the GPS receiver's pulse in Meshtastic.
 */
export const lilygoTbeamSupreme: Board = {
  id: "lilygo-tbeam-supreme",
  label: "LilyGo T-Beam Supreme (SX1262)",
  mcu: "ESP32-S3",
  flashBytes: 8 << 20,
  engine: ESP32S3_IDF4,
  radio: {
    chip: "SX1262",
    sck: "D12",
    miso: "D13",
    mosi: "D11",
    nss: "D10",
    reset: "D5",
    busy: "D4",
    dio1: "D1",
    powerMs: 10,
    spiHz: 2000000,
    tcxoVolts: 1.8,
    dio2Switch: true,
    boostedGain: true,
    powerDbm: 22,
    maxPowerDbm: 22,
    currentLimitMa: 140,
  },
  pmu: {
    chip: "AXP2101",
    sda: "D42",
    scl: "D41",
    address: 0x34,
    rails: [{ rail: "ALDO3", feeds: "radio", millivolts: 3300 }],
  },
  button: { pin: "D0", active: 0 },
  usbIds: ["303a:1001"],
  roomBytes: 65520,
  hazards: [
    "The radio has no power until the firmware has told the AXP2101 over I2C; GPS receiver, display, sensors and SD card stay off.",
    "The firmware tells the AXP2101 that no thermistor is fitted, as MeshCore does: the battery charges without its temperature being watched.",
    "Some units carry an LR1121 radio, which this firmware does not drive: it must say SX1262.",
    ...ESP32S3_HAZARDS,
  ],
};
