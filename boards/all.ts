import type { Board } from "./board.ts";
import { heltecT114 } from "./heltec-t114.ts";
import { heltecV3 } from "./heltec-v3.ts";
import { heltecV4 } from "./heltec-v4.ts";
import { lilygoT3s3 } from "./lilygo-t3s3.ts";
import { lilygoTbeamSupreme } from "./lilygo-tbeam-supreme.ts";
import { rak4631 } from "./rak4631.ts";
import { sim } from "./sim.ts";
import { wioTrackerL1 } from "./wio-tracker-l1.ts";
import { xiaoEsp32s3Wio } from "./xiao-esp32s3-wio.ts";
import { xiaoNrf52Wio } from "./xiao-nrf52-wio.ts";

/** Every board that a bundle is built for. */
export const BOARDS: readonly Board[] = [
  heltecV3,
  heltecV4,
  heltecT114,
  rak4631,
  xiaoNrf52Wio,
  xiaoEsp32s3Wio,
  lilygoT3s3,
  lilygoTbeamSupreme,
  wioTrackerL1,
  sim,
];
