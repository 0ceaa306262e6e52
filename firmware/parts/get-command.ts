// `get`: what is set, in MeshCore's form.
import type { Console } from "../console.ts";
import { KEYS_PART } from "./commands.ts";
import { fieldOf, keyOf, loopWords, settingRow } from "./setting-keys.ts";

/** What does not change, or does not exist here; "" for all else. */
export function fixedAnswer(key: string): string {
  switch (key) {
    case "role":
      return "> room_server";
    case "bridge.type":
      return "> none";
    case "pwrmgt.support":
      return "> unsupported";
    case "radio.fem.rxgain":
    case "radio.fem.txgain":
    case "bootloader.ver":
      return "Error: unsupported";
    case "pwrmgt.source":
    case "pwrmgt.bootmv":
      return "ERROR: Power management not supported";
    case "extra.sf":
      return "No extra SF configured";
    case "guest.password":
    case "allow.read.only":
      return "Error: nobody logs in over the air here";
  }
  return "";
}

/** As the board keeps it: MeshCore's numbers are floats of 32 bits, and show it. */
function float32(value: number): number {
  return new Float32Array([value])[0];
}

/** Up to seven decimals, cut off, at least one (TxtDataHelpers.cpp, ftoa); "0" for what is too small or too large for it. */
function ftoa(value: number): string {
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
function ftoa3(value: number): string {
  return "" + Math.round(float32(value) * 1000) / 1000;
}

export function getCommand(console: Console, _name: string, words: string): string {
  const key = keyOf(words);
  const row = settingRow(key);
  if (!row) {
    if (key === "public.key" || key === "prv.key") {
      console.go(KEYS_PART, "get " + key, "");
      return "";
    }
    if (key === "acl") {
      // Nobody is in it, and MeshCore's has no arrow.
      console.hal.print("ACL:\r\n");
      return "";
    }
    return fixedAnswer(key) || "??: " + words;
  }
  const prefs = console.settings.prefs;
  const field = fieldOf(row);
  const value = prefs[field] as number;
  switch ((row[field] as string).substr(0, 1)) {
    case "s":
      return value ? "> on" : "> off";
    case "d":
      return "> " + ftoa(value);
    case "e":
      return "> " + ftoa(value / 1e6);
    case "t":
      return "> " + prefs.owner.split("\n").join("|");
    case "r":
      if (key === "freq") return "> " + ftoa(value / 1e6);
      if (key === "tx") return "> " + value;
      if (key === "af") return "> " + ftoa(1000 / value - 1);
      if (key === "dutycycle") return "> " + (value / 10).toFixed(1) + "%";
      return "> " + ftoa(value / 1e6) + "," + ftoa3(prefs.bwHz / 1e3) + "," + prefs.sf + "," + prefs.cr;
    case "l":
      return "> " + loopWords()[value];
    case "v": {
      const own = console.board.battery.multiplier;
      return own ? "> " + (value || own).toFixed(3) : "Error: unsupported";
    }
  }
  return "> " + value;
}
