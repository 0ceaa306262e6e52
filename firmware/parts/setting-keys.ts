// What `get` and `set` know, by MeshCore's names: the one table of what is kept.
import type { Prefs } from "../prefs.ts";

/** The field of Prefs that a key shows and changes, and its columns: `kind|from|to|what is said otherwise`. */
export type SettingRow = { readonly [Field in keyof Prefs]?: string };

/**
 * The row of a key, or null. A switch, since making a table of them all takes a board four times as long. Kinds:
 *
 *   s  on or off
 *   i  whole number                  d  with decimals
 *   e  degrees up to                 t  at most so many bytes of text
 *   r  of the radio: what is said when it cannot be
 *   n g l v  those of a kind of their own: name, seconds rounded to 4, words, multiplier
 */
export function settingRow(key: string): SettingRow | null {
  switch (key) {
    case "name":
      return { name: "n" };
    case "radio":
      return { freqHz: "r|Error, invalid radio params" };
    case "freq":
      return { freqHz: "r|Error, invalid radio params" };
    case "tx":
      return { powerDbm: "r|Error, must be -9 to 22" };
    case "lat":
      return { latE6: "e|90" };
    case "lon":
      return { lonE6: "e|180" };
    case "dutycycle":
      return { dutyPermille: "r|ERROR: dutycycle must be 1-100" };
    case "af":
      return { dutyPermille: "r|Error, must be 0-999" };
    case "repeat":
      return { repeat: "s" };
    case "flood.max":
      return { floodMax: "i|0|64|Error, max 64" };
    case "flood.max.unscoped":
      return { unscopedMax: "i|0|64|Error, max 64" };
    case "flood.max.advert":
      return { advertMax: "i|0|64|Error, max 64" };
    case "advert.interval":
      return { advertMin: "i|60|240|Error: interval range is 60-240 minutes" };
    case "flood.advert.interval":
      return { floodAdvertH: "i|3|168|Error: interval range is 3-168 hours" };
    case "int.thresh":
      return { intThresh: "i|0|255" };
    case "cad":
      return { cad: "s" };
    case "agc.reset.interval":
      return { agcResetS: "g|0|1020" };
    case "radio.rxgain":
      return { rxGain: "s" };
    case "rxdelay":
      return { rxDelay: "d|0|20" };
    case "txdelay":
      return { txDelay: "d|0|2" };
    case "direct.txdelay":
      return { directTxDelay: "d|0|2" };
    case "loop.detect":
      return { loopDetect: "l" };
    case "multi.acks":
      return { multiAcks: "i|0|1" };
    case "path.hash.mode":
      return { hashMode: "i|0|2|Error, must be 0,1, or 2" };
    case "owner.info":
      return { owner: "t|119" };
    case "adc.multiplier":
      return { adcMultiplier: "v|0|10" };
  }
  return null;
}

/** The first word of what follows `get` or `set`. */
export function keyOf(words: string): string {
  const space = words.indexOf(" ");
  return space < 0 ? words : words.substr(0, space);
}

/** The only field of a row, as it is called in the build. */
export function fieldOf(row: SettingRow): keyof Prefs {
  for (const field in row) return field as keyof Prefs;
  throw new Error("bug: a row without a field");
}

/** By number in Prefs. */
export function loopWords(): string[] {
  return ["off", "minimal", "moderate", "strict"];
}
