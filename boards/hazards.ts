// Sentences that belong to an engine build and so to every board that runs it.

export const ESP32S3_HAZARDS = [
  "Espruino's ESP32-S3 build has no analogRead, so the battery voltage is not known.",
  "Math.random and E.hwRand of this build are not fit for keys.",
  "Version 2v29 of this build loses what comes in large packets (Espruino issue 2718): upload in small plain chunks, or flash a later one.",
  "This build always runs its boot code and has no button to skip it: Ctrl-C stops it, and `esptool erase_region 0x320000 0xE0000` erases everything that is stored.",
];

/** The engine writes its flash through the SoftDevice, so Bluetooth is in every nRF52840 build. */
export const BLUETOOTH_ON =
  "The engine shows itself over Bluetooth. Who connects gets no prompt while the firmware runs, but would where there is no boot code: do not leave the bare engine on a mast.";

export const OWN_BUILD_HAZARDS = [
  "There is no official Espruino build for this board; an image made for another nRF52840 board can overwrite the bootloader or lose its saved code. Build the file in boards/espruino/ for it, and never flash an image that reaches 0xF4000.",
  BLUETOOTH_ON,
];

/** Seeed ships SoftDevice 7.3.0; the engine's UF2 brings 6.1.1, which starts programs 4 KB earlier. */
export const SOFTDEVICE_REPLACED =
  "The engine's UF2 replaces the SoftDevice 7.3.0 that this board ships with by 6.1.1: before going back to MeshCore, flash Seeed's bootloader package with its SoftDevice again.";
