// `tempradio f,bw,sf,cr,minutes`, with MeshCore's ranges and those of the chip.
import type { Console } from "../console.ts";
import { BANDWIDTH_CODES } from "../sx126x-table.ts";
import { tempRadio } from "./temp-radio.ts";

/** As many as a timer can wait. */
const MOST_MINUTES = 35000;

export function tempRadioCommand(console: Console, _name: string, text: string): string {
  const { hal, mesh } = console;
  const parts = text.split(",");
  const freqHz = Math.round(parseFloat(parts[0]) * 1e6);
  const bwHz = Math.round(parseFloat(parts[1]) * 1000);
  const sf = parseInt(parts[2], 10);
  const cr = parseInt(parts[3], 10);
  const minutes = parseInt(parts[4], 10);
  const possible =
    freqHz >= 150e6 &&
    freqHz <= 960e6 &&
    sf >= 5 &&
    sf <= 12 &&
    cr >= 5 &&
    cr <= 8 &&
    minutes > 0 &&
    minutes <= MOST_MINUTES &&
    BANDWIDTH_CODES.some((row) => row[0] === bwHz);
  if (!possible) return "Error, invalid params";
  tempRadio(hal, mesh.radio, mesh.prefs, { freqHz, bwHz, sf, cr, powerDbm: mesh.prefs.powerDbm }, minutes);
  return "OK - temp params for " + minutes + " mins";
}
