// The neighbour table for people.
import { bytesToHex, equalBytes, view } from "../../protocol/bytes.ts";
import type { Adverts } from "../adverts.ts";
import { NEIGHBOUR, NEIGHBOUR_BYTES, NEIGHBOURS } from "./neighbour-row.ts";

export function neighbours(adverts: Adverts) {
  const { table, hal, heard, firsts } = adverts;

  return {
    /**
     * As MeshCore's repeater lists them: those in direct reach, latest first, each as four bytes of its key, seconds since then and
     * quarter dB, `abcdef01:12:-20`. A line each, and "-none-" when there is nobody.
     */
    text(): string {
      const rows: number[] = [];
      for (let i = 0; i < NEIGHBOURS; i++) {
        if (!heard[i] || table[i * NEIGHBOUR_BYTES + NEIGHBOUR.hops]) continue;
        let at = rows.length;
        while (at && heard[rows[at - 1]] < heard[i]) at--;
        rows.splice(at, 0, i);
      }
      const now = hal.now() + 1;
      const lines = rows.map((row) => {
        const at = row * NEIGHBOUR_BYTES;
        const snr = (table[at + NEIGHBOUR.snr] << 24) >> 24;
        return bytesToHex(view(table, at, 4)) + ":" + Math.max(0, Math.floor(now - heard[row])) + ":" + snr;
      });
      return lines.join("\n") || "-none-";
    },

    /** Forgets those whose key begins with `prefix`. */
    remove(prefix: Uint8Array): void {
      for (let i = 0; i < NEIGHBOURS; i++) {
        const row = view(table, i * NEIGHBOUR_BYTES, NEIGHBOUR_BYTES);
        if (!heard[i] || !equalBytes(view(row, 0, prefix.length), prefix)) continue;
        row.fill(0);
        heard[i] = firsts[i] = 0;
      }
    },
  };
}
