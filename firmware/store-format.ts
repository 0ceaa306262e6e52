// Numbers in what firmware/store.ts keeps: a number once given out stays what it is.
import { RECORD_HEAD } from "./log.ts";

/** Kinds of records. */
export const RECORD = { settings: 1, state: 2, note: 3, message: 4 };
/** Sections of the settings. */
export const SECTION = { prefs: 1, rooms: 2, regions: 3, identity: 4, adverts: 5 };
/** Before the sections: version of their format, three bytes of nothing. */
export const SETTINGS_HEAD = 4;
export const SETTINGS_VERSION = 1;

/** Why the board started; where in the state its count is. */
export const START = { power: 0, reboot: 1, watchdog: 2, crash: 3, brownOut: 4 };
/** How far a start has come: just started, a minute, an hour; or how it ended. */
export const MARK = { started: 0, up: 1, good: 2, reboot: 3, crash: 4 };
/** Places in the state record: bytes, words, the first of the half words. */
export const STATE = {
  mark: RECORD_HEAD,
  row: RECORD_HEAD + 1,
  reason: RECORD_HEAD + 2,
  time: 3,
  spent: 4,
  starts: 10,
};
export const STATE_BYTES = 24;
/** So many starts that soon ended by themselves, one after the other, and the next one is in safe mode. */
export const SAFE_AFTER = 3;
