// Pins as the processor numbers them, for engines that have no names of their own: nRF52840 P0.n is n and P1.n is 32 + n.
import type { EngineFacts } from "./board.ts";

/** GPIO number of the pin that Espruino's build calls `name`; -1 for none. */
export function gpioOf(engine: EngineFacts, name: string): number {
  if (!name) return -1;
  const number = Number(name.slice(1));
  return engine.gpios ? engine.gpios[number] : number;
}

/** The level at the pin itself where Espruino is told `level`. */
export function gpioLevel(engine: EngineFacts, name: string, level: number): number {
  const isNegated = engine.negated !== undefined && engine.negated.indexOf(Number(name.slice(1))) >= 0;
  return isNegated ? 1 - level : level;
}
