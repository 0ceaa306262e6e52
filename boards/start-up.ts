// A board's facts as the table that the firmware walks at power-up, so that it needs no code of its own for a board.
import { axp2101Writes } from "./axp2101.ts";
import type { Board } from "./board.ts";

/** What a bundle carries; the shape is that of firmware/hal.ts. */
export interface StartUp {
  /** Pins to drive, in this order. */
  readonly rails: readonly (readonly [pin: string, level: number])[];
  /** Registers to write over I2C before that. */
  readonly pmu: {
    readonly sda: string;
    readonly scl: string;
    readonly address: number;
    readonly writes: readonly (readonly [register: number, value: number])[];
  } | null;
  /** After that: wait, read `enable`, take the transmit pin for its level. */
  readonly frontEnd: {
    readonly enable: string;
    readonly waitMs: number;
    readonly txPins: readonly [low: string, high: string];
  } | null;
}

export function startUp(board: Board): StartUp {
  const { frontEnd, power } = board.radio;
  const enable = board.battery?.enable;
  const rails: [string, number][] = [];
  if (power) rails.push([power, 1]);
  if (frontEnd) rails.push([frontEnd.power, 1]);
  if (board.rail) rails.push([board.rail.pin, board.rail.active]);
  // For good: the divider takes microamperes, and some boards forbid to let go of it.
  if (enable) rails.push([enable.pin, enable.active]);
  const pmu = board.pmu;
  return {
    rails,
    pmu: pmu ? { sda: pmu.sda, scl: pmu.scl, address: pmu.address, writes: axp2101Writes(pmu.rails) } : null,
    frontEnd: frontEnd
      ? {
          enable: frontEnd.enable,
          waitMs: frontEnd.powerMs,
          txPins: [frontEnd.whenLow.txPin, frontEnd.whenHigh.txPin],
        }
      : null,
  };
}
