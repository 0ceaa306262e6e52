// The engine builds that our boards run. Sources: Espruino's boards/*.py and targets/ at 2v29, and boards/espruino/.
import type { EngineFacts } from "./board.ts";

const PAGE = 4096;

/**
 * Espruino's own build for every ESP32-S3. Its console is the chip's own USB, which JavaScript sees as Serial1.
 * setWatch refuses D6 to D12, and its table of events ends at 39.
 */
export const ESP32S3_IDF4: EngineFacts = {
  build: "ESP32S3_IDF4",
  official: true,
  jsVars: 16383,
  jsVarBytes: 14,
  pins: 49,
  // USB; not on the chip; flash and PSRAM (ESP32-S3 datasheet 2.2).
  takenPins: [19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32],
  watchable: [
    [0, 5],
    [13, 39],
  ],
  analogPins: [],
  nativeAes: true,
  thumb: false,
  console: "Serial1",
  storage: { media: "internal", address: 0x320000, pageBytes: PAGE, pages: 224 },
  // 64 KB that the partition table keeps for programs (Espruino's partitions_espruino.csv); two applications lie below.
  log: { address: 0x310000, pages: 16 },
  codeEnd: 0x310000,
  // RTC_CNTL_RESET_STATE_REG (ESP32-S3 technical reference manual, low-power management).
  resetRegister: 0x60008038,
  bootFile: ".bootcde",
};

/**
 * Espruino's own build for the XIAO nRF52840. It numbers pins as Arduino does: D0 to D10 are the board's edge, D24 to D29 the
 * flash chip that holds its Storage. D1 counts as its button: high at power-up, it keeps .bootcde from running.
 */
export const XIAOBLE: EngineFacts = {
  build: "XIAOBLE",
  official: true,
  jsVars: 14000,
  jsVarBytes: 14,
  pins: 33,
  // Espruino boards/XIAOBLE.py; Seeed's pin map of the XIAO nRF52840.
  gpios: [
    ...[2, 3, 28, 29, 4, 5, 43, 44, 45, 46, 47, 26, 6, 30, 14, 40, 27],
    ...[7, 11, 42, 32, 16, 13, 17, 21, 25, 20, 24, 22, 23, 9, 10, 31],
  ],
  negated: [11, 12, 13, 14, 23],
  takenPins: [24, 25, 26, 27, 28, 29],
  watchable: [[0, 32]],
  analogPins: [0, 1, 2, 3, 4, 5, 13, 32],
  nativeAes: false,
  thumb: true,
  console: "USB",
  storage: { media: "external", address: 0x60000000, pageBytes: PAGE, pages: 512 },
  // Above the firmware; its own Flash module calls that free.
  log: { address: 0xa0000, pages: 16 },
  codeEnd: 0x74000,
  // The SoftDevice owns the POWER registers.
  resetRegister: 0,
  bootFile: ".bootrst",
};

/** A build of our own board file in boards/espruino/. Pin n is P0.n, pin 32 + n is P1.n. */
export function ownBuild(build: string): EngineFacts {
  return {
    build,
    official: false,
    jsVars: 14000,
    jsVarBytes: 14,
    pins: 48,
    takenPins: [],
    watchable: [[0, 47]],
    // AIN0 to AIN7 (nRF52840 product specification, pin assignments).
    analogPins: [2, 3, 4, 5, 28, 29, 30, 31],
    nativeAes: true,
    thumb: true,
    console: "USB",
    storage: { media: "internal", address: 0xa0000, pageBytes: PAGE, pages: 77 },
    log: { address: 0x90000, pages: 16 },
    codeEnd: 0x70000,
    resetRegister: 0,
    bootFile: ".bootcde",
  };
}
