// What `get` and `set` know, by MeshCore's names: one table of what is kept, and what MeshCore has and this board has not.
import type { Prefs } from "../prefs.ts";

/**
 * Rows of `key|kind|...` by the field of Prefs that they show and change, with `;` between two; a key that another one begins
 * with stands behind that. Kinds:
 *
 *   s  on or off
 *   i  whole number from | to | what is said otherwise       d  the same with decimals
 *   e  degrees up to                                         t  bytes of text
 *   r f p a n g l v   those of a kind of their own: radio, frequency, share and airtime factor, name, seconds rounded to 4,
 *                     words, multiplier
 */
export const KEYS: { readonly [Field in keyof Prefs]?: string } = {
  rxGain: "radio.rxgain|s",
  freqHz: "radio|r;freq|f",
  powerDbm: "tx|i|-9|22|Error, must be -9 to 22",
  dutyPermille: "dutycycle|p;af|a",
  intThresh: "int.thresh|i|0|255",
  cad: "cad|s",
  agcResetS: "agc.reset.interval|g|0|1020",
  name: "name|n",
  latE6: "lat|e|90",
  lonE6: "lon|e|180",
  repeat: "repeat|s",
  rxDelay: "rxdelay|d|0|20",
  txDelay: "txdelay|d|0|2",
  directTxDelay: "direct.txdelay|d|0|2",
  advertMax: "flood.max.advert|i|0|64|Error, max 64",
  unscopedMax: "flood.max.unscoped|i|0|64|Error, max 64",
  floodMax: "flood.max|i|0|64|Error, max 64",
  loopDetect: "loop.detect|l",
  multiAcks: "multi.acks|i|0|1",
  hashMode: "path.hash.mode|i|0|2|Error, must be 0,1, or 2",
  advertMin: "advert.interval|i|60|240|Error: interval range is 60-240 minutes",
  floodAdvertH: "flood.advert.interval|i|3|168|Error: interval range is 3-168 hours",
  owner: "owner.info|t|119",
  adcMultiplier: "adc.multiplier|v|0|10",
};

/** By number in Prefs. */
export const LOOP_WORDS = ["off", "minimal", "moderate", "strict"];

/**
 * [field, columns of its row] of the key that `text` begins with, with a space behind it to set it; null when there is none.
 * `keys` is KEYS: an object of the caller's, for it is made anew each time that a part runs.
 */
export function findKey(text: string, isSet: boolean): [string, string[]] | null {
  const start = text.substr(0, 2);
  for (const field in KEYS) {
    const rows = KEYS[field as keyof Prefs] as string;
    if (rows.indexOf(start) < 0) continue;
    const each = rows.split(";");
    for (let i = 0; i < each.length; i++) {
      const columns = each[i].split("|");
      const key = columns[0];
      if (text.substr(0, key.length) !== key) continue;
      const next = text.substr(key.length, 1);
      // MeshCore's own way: `get` takes anything behind a key, but for this one.
      if (isSet ? next === " " : key !== "tx" || !next || next === " ") return [field, columns];
    }
  }
  return null;
}
