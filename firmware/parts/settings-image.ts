// The settings as bytes: the one place that knows which fields there are. A part for each direction.
//
//   image     version u8, 0, 0, 0; sections, each: number u8, length u16, data
//   prefs     how many numbers u8, each i32; texts, each length u8 and text: in the order of walk() and walkOn()
//   rooms     number that the next room begins with u32; for each handle: length u8 and name; where that is not 0 also
//             length u8 and key, max u16, born u32
//
// New fields go to the end of walkOn(), without a new version: older settings end earlier, and the rest stays as it is by default.
// A new version is for what cannot be done so; older firmware then keeps the settings as they are and runs without.
import { view } from "../../protocol/bytes.ts";
import { PAGE_BYTES, PAGE_HEAD, RECORD_HEAD } from "../log.ts";
import type { Prefs } from "../prefs.ts";
import type { Store } from "../store.ts";
import { SECTION, SETTINGS_VERSION } from "../store-format.ts";
import { section, settingsImage } from "./section.ts";

/** Takes a field as it is and gives it back as it is to be. */
interface Fields {
  int(value: number): number;
  text(value: string): string;
}

/** The first half, in the order in which they are saved; each half is a handler. */
function walk(prefs: Prefs, fields: Fields): void {
  prefs.name = fields.text(prefs.name);
  prefs.latE6 = fields.int(prefs.latE6);
  prefs.lonE6 = fields.int(prefs.lonE6);
  prefs.freqHz = fields.int(prefs.freqHz);
  prefs.bwHz = fields.int(prefs.bwHz);
  prefs.sf = fields.int(prefs.sf);
  prefs.cr = fields.int(prefs.cr);
  prefs.powerDbm = fields.int(prefs.powerDbm);
  prefs.dutyPermille = fields.int(prefs.dutyPermille);
  prefs.rxGain = fields.int(prefs.rxGain);
  prefs.intThresh = fields.int(prefs.intThresh);
  prefs.cad = fields.int(prefs.cad);
  prefs.agcResetS = fields.int(prefs.agcResetS);
}

/** The second half. New fields go to its end. */
function walkOn(prefs: Prefs, fields: Fields): void {
  prefs.repeat = fields.int(prefs.repeat);
  prefs.txDelay = fields.int(Math.round(prefs.txDelay * 1000)) / 1000;
  prefs.directTxDelay = fields.int(Math.round(prefs.directTxDelay * 1000)) / 1000;
  prefs.rxDelay = fields.int(Math.round(prefs.rxDelay * 1000)) / 1000;
  prefs.floodMax = fields.int(prefs.floodMax);
  prefs.unscopedMax = fields.int(prefs.unscopedMax);
  prefs.advertMax = fields.int(prefs.advertMax);
  prefs.loopDetect = fields.int(prefs.loopDetect);
  prefs.multiAcks = fields.int(prefs.multiAcks);
  prefs.hashMode = fields.int(prefs.hashMode);
  prefs.advertMin = fields.int(prefs.advertMin);
  prefs.floodAdvertH = fields.int(prefs.floodAdvertH);
  prefs.owner = fields.text(prefs.owner);
  prefs.adcMultiplier = fields.int(Math.round(prefs.adcMultiplier * 1000)) / 1000;
}

/** Numbers that there may be in them. */
const MOST_INTS = 40;

function u16(value: number): string {
  return String.fromCharCode(value & 255, (value >> 8) & 255);
}

function u32(value: number): string {
  return u16(value) + u16(value >>> 16);
}

function short(text: string): string {
  return String.fromCharCode(text.length) + text;
}

/** Bytes that a byte string holds, from the front. */
class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  more(): boolean {
    return this.at < this.text.length;
  }

  number(bytes: number): number {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.text.charCodeAt(this.at + i);
    this.at += bytes;
    return value;
  }

  short(): string {
    const length = this.number(1);
    this.at += length;
    return this.text.substr(this.at - length, length);
  }
}

/**
 * Puts the settings together, in several handlers, and gives them to `done` as a record with RECORD_HEAD (8) bytes in front and
 * three behind; without a byte when they are those in the flash already, or more than a page holds. In safe mode the rooms are those of the settings before.
 */
export function saveSettings(store: Store, done: (image: Uint8Array) => void): void {
  const { hal, rooms, prefs } = store;
  const sections: string[] = [];
  const take = (id: number): void => {
    const text = section(store, id);
    if (text) sections.push(String.fromCharCode(id) + u16(text.length) + text);
  };
  const compare = (image: Uint8Array): void => {
    const old = settingsImage(store);
    const length = image.length - RECORD_HEAD - 3;
    const isFitting = RECORD_HEAD + length <= PAGE_BYTES - PAGE_HEAD;
    const isSame = length === old.length && hal.crc32(view(image, RECORD_HEAD, length)) === hal.crc32(old);
    if (!isFitting) store.note("settings are too large and were not saved", () => undefined);
    const record = isFitting && !isSame ? image : new Uint8Array(0);
    hal.after(() => done(record), 1);
  };
  const finish = (): void => {
    const all = "\0\0\0\0\0\0\0\0" + u32(SETTINGS_VERSION) + sections.join("") + "\0\0\0";
    const image = hal.toBytes(all);
    hal.after(() => compare(image), 1);
  };
  const others = [SECTION.regions, SECTION.identity, SECTION.adverts];
  const eachOther = (): void => {
    const id = others.shift();
    if (id) take(id);
    hal.after(id ? eachOther : finish, 1);
  };
  let list = u32(rooms.nextSeq);
  const eachRoom = (handle: number): void => {
    const room = rooms.list[handle];
    if (handle >= rooms.list.length) {
      store.pending[SECTION.rooms] = list;
      take(SECTION.rooms);
      delete store.pending[SECTION.rooms];
      hal.after(eachOther, 1);
      return;
    }
    if (room) {
      const { key32, keyLen } = room.channel;
      const key = hal.toText(view(key32, 0, keyLen));
      list += short(room.name) + short(key) + u16(room.max) + u32(room.born);
    } else list += "\0";
    hal.after(() => eachRoom(handle + 1), 1);
  };
  // As one array: putting numbers together byte by byte takes Espruino ten times as long.
  const ints = new Int32Array(MOST_INTS);
  let count = 0;
  let texts = "";
  const fields: Fields = {
    int: (value) => {
      ints[count++] = value;
      return value;
    },
    text: (value) => {
      texts += short(value);
      return value;
    },
  };
  const rest = (): void => {
    walkOn(prefs, fields);
    const text = String.fromCharCode(count) + hal.toText(new Uint8Array(ints.buffer, 0, 4 * count)) + texts;
    sections.push(String.fromCharCode(SECTION.prefs) + u16(text.length) + text);
    if (store.isSafe) {
      take(SECTION.rooms);
      eachOther();
    } else hal.after(() => eachRoom(0), 1);
  };
  walk(prefs, fields);
  hal.after(rest, 1);
}

/** Takes what saveSettings() gave, in several handlers, and calls `done`. */
export function applySettings(store: Store, done: () => void): void {
  const { hal, rooms, prefs } = store;
  const version = settingsImage(store)[0] || 0;
  if (version > SETTINGS_VERSION) {
    store.frozen = "settings of version " + version + " are of newer firmware and stay as they are";
    done();
    return;
  }
  const data = section(store, SECTION.prefs);
  const count = data ? data.charCodeAt(0) : 0;
  const bytes = hal.toBytes(data.substr(1, 4 * count));
  const ints = new Int32Array(bytes.buffer, bytes.byteOffset, count);
  const texts = new Reader(data.substr(1 + 4 * count));
  let at = 0;
  const fields: Fields = {
    // Older settings end earlier.
    int: (value) => (at < count ? ints[at++] : value),
    text: (value) => (texts.more() ? texts.short() : value),
  };
  let list = new Reader("");
  const eachRoom = (handle: number): void => {
    if (!list.more()) {
      rooms.share(done);
      return;
    }
    const name = list.short();
    if (name) {
      const key = hal.toBytes(list.short());
      const max = list.number(2);
      const born = list.number(4);
      rooms.open(handle, born);
      rooms.put(handle, name, key, max, born);
    } else rooms.open(handle, rooms.nextSeq);
    hal.after(() => eachRoom(handle + 1), 1);
  };
  const steps = [
    () => walk(prefs, fields),
    () => walkOn(prefs, fields),
    () => {
      store.regions = section(store, SECTION.regions);
      store.identity = section(store, SECTION.identity);
    },
    () => {
      list = new Reader(section(store, SECTION.rooms));
      // In safe mode one of them may be what the board cannot bear.
      if (store.isSafe) list = new Reader("");
      if (list.more()) rooms.nextSeq = list.number(4);
    },
    () => eachRoom(0),
  ];
  const next = (step: number): void => {
    steps[step]();
    if (step + 1 < steps.length) hal.after(() => next(step + 1), 1);
  };
  hal.after(() => next(0), 1);
}
