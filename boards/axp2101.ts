// The registers of the AXP2101 power management chip that a board needs at power-up (datasheet V1.4, register map).
import type { PmuRail } from "./board.ts";

/** Rails in the order of the enable bits of register 0x90. Their voltages are set in 0x92 and following. */
export const AXP2101_RAILS = ["ALDO1", "ALDO2", "ALDO3", "ALDO4"];
const REG_ENABLE = 0x90;
const REG_FIRST_VOLTAGE = 0x92;
/** 0.5 V and 100 mV for each step, up to 3.5 V. */
export const AXP2101_MV = { lowest: 500, step: 100, highest: 3500 };
/** Bit 4: the TS pin is no thermistor of the battery. Where none is fitted the chip would take that for a cold battery and not charge. */
const REG_TS_PIN = 0x50;
const TS_NOT_A_THERMISTOR = 0x10;

/** [register, value] in the order to write: voltages before the rails that have them are switched on. */
export function axp2101Writes(rails: readonly PmuRail[]): [number, number][] {
  const writes: [number, number][] = [[REG_TS_PIN, TS_NOT_A_THERMISTOR]];
  let enabled = 0;
  for (const { rail, millivolts } of rails) {
    const at = AXP2101_RAILS.indexOf(rail);
    writes.push([REG_FIRST_VOLTAGE + at, (millivolts - AXP2101_MV.lowest) / AXP2101_MV.step]);
    enabled |= 1 << at;
  }
  writes.push([REG_ENABLE, enabled]);
  return writes;
}
