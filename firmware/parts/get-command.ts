// `get`: what is set, in MeshCore's form.
import type { Console } from "../console.ts";
import { findKey, LOOP_WORDS } from "./setting-keys.ts";

/** What does not change, or does not exist here: `begin=answer`. */
export const FIXED_ANSWERS =
  "\nradio.fem.rxgain=Error: unsupported" +
  "\nradio.fem.txgain=Error: unsupported" +
  "\nrole=> room_server" +
  "\nbridge.type=> none" +
  "\nbootloader.ver=Error: unsupported" +
  "\npwrmgt.support=> unsupported" +
  "\npwrmgt.source=ERROR: Power management not supported" +
  "\npwrmgt.bootmv=ERROR: Power management not supported" +
  "\nextra.sf=No extra SF configured" +
  "\nguest.password=Error: nobody logs in over the air here, so there is no password" +
  "\nallow.read.only=Error: nobody logs in over the air here, so nobody is kept from posting" +
  "\n";

/** As the board keeps it: MeshCore's numbers are floats of 32 bits, and show it. */
function float32(value: number): number {
  return new Float32Array([value])[0];
}

/** Up to seven decimals, cut off, at least one (TxtDataHelpers.cpp, ftoa); "0" for what is too small or too large for it. */
export function ftoa(value: number): string {
  const float = float32(value);
  const size = Math.abs(float);
  if (!size) return "0.0";
  if (size < 1 / 8388608 || size >= 2147483648) return "0";
  const whole = Math.floor(size);
  const digits = "" + (10000000 + Math.floor((Math.floor((size - whole) * 16777216) * 10000000) / 16777216));
  let end = 8;
  while (end > 2 && digits.substr(end - 1, 1) === "0") end--;
  return (float < 0 ? "-" : "") + whole + "." + digits.substring(1, end);
}

/** Rounded to three decimals, of which zeros at the end are left out (ftoa3). */
export function ftoa3(value: number): string {
  return "" + Math.round(float32(value) * 1000) / 1000;
}

export function getCommand(console: Console, _name: string, words: string): string {
  for (let at = FIXED_ANSWERS.indexOf("\n" + words.substr(0, 2)); at >= 0; ) {
    const equals = FIXED_ANSWERS.indexOf("=", at);
    const end = FIXED_ANSWERS.indexOf("\n", at + 1);
    const key = FIXED_ANSWERS.substring(at + 1, equals);
    if (words.substr(0, key.length) === key) return FIXED_ANSWERS.substring(equals + 1, end);
    at = FIXED_ANSWERS.indexOf("\n" + words.substr(0, 2), end);
  }
  const found = findKey(words, false);
  if (!found) return "??: " + words;
  const prefs = console.settings.prefs;
  const field = found[0];
  const kind = found[1][1];
  const value = (prefs as unknown as { [field: string]: number })[field];
  switch (kind) {
    case "s":
      return value ? "> on" : "> off";
    case "d":
      return "> " + ftoa(value);
    case "e":
      return "> " + ftoa(value / 1e6);
    case "t":
      return "> " + prefs.owner.split("\n").join("|");
    case "r":
      return "> " + ftoa(prefs.freqHz / 1e6) + "," + ftoa3(prefs.bwHz / 1e3) + "," + prefs.sf + "," + prefs.cr;
    case "f":
      return "> " + ftoa(value / 1e6);
    case "p":
      return "> " + (value / 10).toFixed(1) + "%";
    case "a":
      return "> " + ftoa(1000 / value - 1);
    case "l":
      return "> " + LOOP_WORDS[value];
    case "v": {
      const own = console.board.battery.multiplier;
      return own ? "> " + (value || own).toFixed(3) : "Error: unsupported";
    }
  }
  return "> " + value;
}
