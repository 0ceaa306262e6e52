// `set`: MeshCore's keys, ranges and answers; what it lets pass and no board can do is refused here. What changes the radio is
// applied at once, and so answered without MeshCore's "reboot to apply".
import type { Console } from "../console.ts";
import { KEYS_PART } from "./commands.ts";
import { fieldOf, keyOf, loopWords, settingRow } from "./setting-keys.ts";

const MOST_NAME_BYTES = 31;
/** MeshCore gives up the first, frequent adverts of a new node as soon as somebody sets anything. */
const FEWEST_ADVERT_MINUTES = 60;

/** Frequency, or frequency and all that goes with it; power; share of an hour. False when this board cannot have it. */
function setRadio(console: Console, key: string, text: string): boolean {
  const prefs = console.settings.prefs;
  const parts = text.split(",");
  const number = parseFloat(text);
  const isRadio = key === "radio";
  const radio = { freqHz: prefs.freqHz, bwHz: prefs.bwHz, sf: prefs.sf, cr: prefs.cr, powerDbm: prefs.powerDbm };
  let permille = prefs.dutyPermille;
  if (isRadio || key === "freq") radio.freqHz = Math.round(number * 1e6);
  if (isRadio) {
    if (parts.length !== 4) return false;
    radio.bwHz = Math.round(parseFloat(parts[1]) * 1000);
    radio.sf = parseInt(parts[2], 10);
    radio.cr = parseInt(parts[3], 10);
  }
  if (key === "tx") radio.powerDbm = parseInt(text, 10);
  if (key === "dutycycle") permille = number >= 1 ? Math.round(number * 10) : 0;
  if (key === "af") permille = number >= 0 ? Math.round(1000 / (number + 1)) : 0;
  return console.settings.setRadio(radio, permille);
}

export function setCommand(console: Console, _name: string, words: string): string {
  const prefs = console.settings.prefs;
  const key = keyOf(words);
  const text = words.substr(key.length + 1).trim();
  const row = text ? settingRow(key) : null;
  if (!row) {
    if (text && key === "prv.key") {
      console.go(KEYS_PART, "set prv.key", text);
      return "";
    }
    if (text && (key === "radio.fem.rxgain" || key === "radio.fem.txgain")) return "Error: unsupported";
    return text && (key === "guest.password" || key === "allow.read.only")
      ? "Error: nobody logs in over the air here"
      : "unknown config: " + words;
  }
  const fields = prefs as unknown as { [field: string]: number | string };
  const field = fieldOf(row);
  const columns = (row[field] as string).split("|");
  const least = parseFloat(columns[1]);
  const most = parseFloat(columns[2]);
  const number = parseFloat(text);
  const inRange = number >= least && number <= most;
  const keep = (answer: string): string => {
    if (prefs.advertMin < FEWEST_ADVERT_MINUTES) prefs.advertMin = 0;
    console.settings.store.changed();
    return answer;
  };
  if (columns[0] === "r") {
    // Setting up the radio takes a handler of its own.
    console.later(() => {
      if (!setRadio(console, key, text)) return columns[1];
      return keep(key === "dutycycle" ? "OK - " + (prefs.dutyPermille / 10).toFixed(1) + "%" : "OK");
    });
    return "";
  }
  let value: number | string = number;
  let answer = "OK";
  let error = "";
  switch (columns[0]) {
    case "s": {
      // MeshCore's way: a repeater is off only by that word, all else is on only by its.
      const isOn = key === "repeat" ? text.substr(0, 3) !== "off" : text.substr(0, 2) === "on";
      value = isOn ? 1 : 0;
      if (key === "repeat") answer = "OK - repeat is now " + (isOn ? "ON" : "OFF");
      break;
    }
    case "i":
      if (inRange || (number === 0 && key.indexOf("interval") >= 0)) value = Math.floor(number);
      else error = columns[3] || "Error, must be " + least + "-" + most;
      break;
    case "d":
      if (!inRange) error = "Error, must be " + least + "-" + most;
      break;
    case "e":
      if (Math.abs(number) <= least) value = Math.round(number * 1e6);
      else error = "Error, must be -" + least + " to " + least;
      break;
    case "n":
      value = text;
      if (text.length > MOST_NAME_BYTES) error = "Error, at most 31 bytes";
      else if (!console.settings.setName(text)) error = "Error, bad chars";
      break;
    case "t":
      value = text.split("|").join("\n");
      if (text.length > least) error = "Error, at most " + least + " bytes";
      break;
    case "l":
      value = loopWords()
        .map((word) => text.substr(0, word.length) === word)
        .indexOf(true);
      if (value < 0) error = "Error, must be: off, minimal, moderate, or strict";
      break;
    case "v":
      answer = number ? "OK - multiplier set to " + number.toFixed(3) : "OK - using default board multiplier";
      if (!console.board.battery.multiplier) error = "Error: unsupported";
      else if (!inRange) error = "Error, must be 0-10";
      break;
    case "g":
      value = Math.floor(number / 4) * 4;
      answer = "OK - interval rounded to " + value;
      if (!inRange) error = "Error, must be 0-" + most;
  }
  if (error) return error;
  // Kept in steps of two minutes.
  fields[field] = key === "advert.interval" ? (value as number) & ~1 : value;
  if (key === "radio.rxgain") console.mesh.radio.configure(console.mesh.radio.settings);
  return keep(answer);
}
