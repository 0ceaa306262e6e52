// The neighbour table for people.
import { bytesToHex, view } from "../../protocol/bytes.ts";
import type { Adverts } from "../adverts.ts";
import { NEIGHBOUR, NEIGHBOUR_BYTES } from "./neighbour-row.ts";

export function neighbours(adverts: Adverts) {
  const { table, hal, heard, firsts } = adverts;
  const left = new Uint32Array(heard);

  return {
    /**
     * As MeshCore's repeater lists them: those in direct reach, latest first, each as four bytes of its key, seconds since then and
     * quarter dB, `abcdef01:12:-20`. One with each call, "" for one that is not in direct reach, and null when there are no more.
     */
    next(): string | null {
      const latest = Math.max.apply(null, left as unknown as number[]);
      if (!latest) return null;
      const row = left.indexOf(latest);
      left[row] = 0;
      const at = row * NEIGHBOUR_BYTES;
      if (table[at + NEIGHBOUR.hops]) return "";
      const snr = (table[at + NEIGHBOUR.snr] << 24) >> 24;
      return bytesToHex(view(table, at, 4)) + ":" + Math.max(0, Math.floor(hal.now() + 1 - latest)) + ":" + snr;
    },

    /** Forgets those of the rows `from` up to `end` whose key begins with `prefix`. */
    remove(prefix: Uint8Array, from: number, end: number): void {
      // As texts: the engine compares those at once.
      const wanted = hal.toText(prefix) + "";
      for (let i = from; i < end; i++) {
        const row = view(table, i * NEIGHBOUR_BYTES, NEIGHBOUR_BYTES);
        if (!heard[i] || hal.toText(view(row, 0, prefix.length)) + "" !== wanted) continue;
        row.fill(0);
        heard[i] = firsts[i] = 0;
      }
    },
  };
}
