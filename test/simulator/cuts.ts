import type { Cut, FlashOperation } from "../../simulator/flash.ts";

/** Places in an operation at which the power goes: before it, in the middle of a word, behind half of the words, in the last one. */
export const CUTS: ((operation: FlashOperation) => Cut)[] = [
  () => ({ words: 0, bits: 0 }),
  () => ({ words: 0, bits: 0x0f0f3355 }),
  ({ words }) => ({ words: words >> 1, bits: 0x00ff00f0 }),
  ({ words }) => ({ words: words - 1, bits: 0x7fffffff }),
];
