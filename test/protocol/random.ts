import { Random } from "../../simulator/random.ts";

/** The seed of a test run: another one each time, or that of the environment variable SEED to repeat a failure. */
export const SEED = Number(process.env.SEED) || Date.now() & 0x7fffffff;

/** Random numbers for one test; put SEED into its title. */
export function seeded(): Random {
  return new Random(SEED);
}

/** A whole number from `low` to `high`, both included. */
export function whole(random: Random, low: number, high: number): number {
  return low + Math.floor(random.fraction() * (high - low + 1));
}

export function bytes(random: Random, length: number): Uint8Array {
  const made = new Uint8Array(length);
  for (let i = 0; i < length; i++) made[i] = random.bits() & 255;
  return made;
}
