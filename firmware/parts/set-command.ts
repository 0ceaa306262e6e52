// `set`: MeshCore's keys, ranges and answers; what it lets pass and no board can do is refused here.
import type { Console } from "../console.ts";
import { BANDWIDTH_CODES } from "../sx126x-table.ts";
import { findKey, LOOP_WORDS } from "./setting-keys.ts";

const MOST_NAME_BYTES = 31;
/** MeshCore gives up the first, frequent adverts of a new node as soon as somebody sets anything. */
const FEWEST_ADVERT_MINUTES = 60;

export function setCommand(console: Console, _name: string, words: string): string {
  const settings = console.settings;
  const mesh = console.mesh;
  const prefs = settings.prefs;
  const found = findKey(words, true);
  if (!found) {
    const starts = (key: string): boolean => words.substr(0, key.length + 1) === key + " ";
    if (starts("radio.fem.rxgain") || starts("radio.fem.txgain")) return "Error: unsupported";
    if (starts("guest.password")) return "Error: nobody logs in over the air here, so there is no password";
    if (starts("allow.read.only"))
      return "Error: nobody logs in over the air here; Try: a room with read_only in the daemon's configuration";
    return "unknown config: " + words;
  }
  const fields = prefs as unknown as { [field: string]: number | string };
  const field = found[0];
  const columns = found[1];
  const kind = columns[1];
  const text = words.substr(columns[0].length).trim();
  const number = parseFloat(text);
  const least = parseFloat(columns[2]);
  const most = parseFloat(columns[3]);
  const range = columns[4] || "Error, must be " + least + "-" + most;
  const inRange = number >= least && number <= most;

  /** Everything that has to do with the radio goes one way; false when this board cannot have it. */
  const setRadio = (
    freqMhz: number,
    bwHz: number,
    sf: number,
    cr: number,
    powerDbm: number,
    permille: number,
  ): boolean => settings.setRadio({ freqHz: Math.round(freqMhz * 1e6), bwHz, sf, cr, powerDbm }, permille);
  const setShare = (permille: number): boolean =>
    setRadio(prefs.freqHz / 1e6, prefs.bwHz, prefs.sf, prefs.cr, prefs.powerDbm, permille);
  const saved = (answer: string): string => {
    if (prefs.advertMin < FEWEST_ADVERT_MINUTES) prefs.advertMin = 0;
    settings.store.changed();
    return answer;
  };

  switch (kind) {
    case "r": {
      const parts = text.split(",");
      const khz = parseFloat(parts[1]);
      const row = BANDWIDTH_CODES.filter((each) => each[0] === Math.round(khz * 1000))[0];
      const done =
        parts.length === 4 &&
        row &&
        setRadio(
          parseFloat(parts[0]),
          row[0],
          parseInt(parts[2], 10),
          parseInt(parts[3], 10),
          prefs.powerDbm,
          prefs.dutyPermille,
        );
      return done ? saved("OK") : "Error, invalid radio params";
    }
    case "f": {
      const done = setRadio(number, prefs.bwHz, prefs.sf, prefs.cr, prefs.powerDbm, prefs.dutyPermille);
      return done ? saved("OK") : "Error, invalid radio params";
    }
    case "p":
      if (!(number >= 1 && number <= 100)) return "ERROR: dutycycle must be 1-100";
      setShare(Math.round(number * 10));
      return saved("OK - " + (prefs.dutyPermille / 10).toFixed(1) + "%");
    case "a":
      return number >= 0 && setShare(Math.round(1000 / (number + 1))) ? saved("OK") : "Error, must be 0-999";
    case "n":
      if (text.length > MOST_NAME_BYTES) return "Error, at most 31 bytes";
      return settings.setName(text) ? saved("OK") : "Error, bad chars";
    case "e":
      if (!(Math.abs(number) <= least)) return "Error, must be -" + least + " to " + least;
      fields[field] = Math.round(number * 1e6);
      return saved("OK");
    case "t":
      if (text.length > least) return "Error, at most " + least + " bytes";
      prefs.owner = text.split("|").join("\n");
      return saved("OK");
    case "s": {
      const isRepeat = columns[0] === "repeat";
      // MeshCore's way: a repeater is off only by that word, all else is on only by its.
      const isOn = isRepeat ? text.substr(0, 3) !== "off" : text.substr(0, 2) === "on";
      fields[field] = isOn ? 1 : 0;
      if (columns[0] === "radio.rxgain") mesh.radio.configure(mesh.radio.settings);
      return saved(isRepeat ? "OK - repeat is now " + (isOn ? "ON" : "OFF") : "OK");
    }
    case "l": {
      const mode = LOOP_WORDS.map((word) => text.substr(0, word.length) === word).indexOf(true);
      if (mode < 0) return "Error, must be: off, minimal, moderate, or strict";
      prefs.loopDetect = mode;
      return saved("OK");
    }
    case "v":
      if (!console.board.battery.multiplier) return "Error: unsupported";
      if (!inRange) return range;
      prefs.adcMultiplier = number;
      return saved(number ? "OK - multiplier set to " + number.toFixed(3) : "OK - using default board multiplier");
    case "g":
      if (!inRange) return range;
      prefs.agcResetS = Math.floor(number / 4) * 4;
      return saved("OK - interval rounded to " + prefs.agcResetS);
    case "d":
      if (!inRange) return range;
      fields[field] = number;
      return saved("OK");
  }
  const isInterval = columns[0].indexOf("interval") >= 0;
  if (!inRange && !(isInterval && number === 0)) return range;
  const whole = Math.floor(number);
  if (field === "powerDbm") setRadio(prefs.freqHz / 1e6, prefs.bwHz, prefs.sf, prefs.cr, whole, prefs.dutyPermille);
  // Kept in steps of two minutes.
  else fields[field] = columns[0] === "advert.interval" ? whole & ~1 : whole;
  return saved("OK");
}
