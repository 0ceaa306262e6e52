import type { Board } from "./board.ts";
import { heltecV3 } from "./heltec-v3.ts";
import { rak4631 } from "./rak4631.ts";
import { sim } from "./sim.ts";

/** Every board that a bundle is built for. */
export const BOARDS: readonly Board[] = [heltecV3, rak4631, sim];
