// What outlasts the power: settings, the newest messages of each room, and what happened to the board. Three logs in the pages
// that boards/ keeps free for it; docs/decisions/0006-flash.md says why not in the engine's files.
//
// Each record is written in a handler of its own. Settings go before the messages of the rooms that they describe.
import type { Clock } from "./clock.ts";
import type { BoardFacts, Hal } from "./hal.ts";
import { Log, RECORD_HEAD } from "./log.ts";
import { part } from "./parts.ts";
import type { Prefs } from "./prefs.ts";
import { MAX_ROOMS, type Room, type Rooms } from "./rooms.ts";
import { MARK, RECORD, STATE, STATE_BYTES } from "./store-format.ts";

const PAGES = { settings: 2, journal: 2 };
/** A change may be the first of several. */
const SAVE_MS = 5000;
/** Lets the radio and the host have their turns first. */
const WRITE_MS = 50;
const TICK_MS = 5000;
/** A start that lasts a minute is no bad one, and after an hour it is a good one. */
const UP_TICKS = 12;
const GOOD_TICKS = 720;
const WATCHDOG_S = 30;
/** Of one start: an error that comes again and again must not wear the flash. */
const MAX_NOTES = 10;
/** A time ahead of what we send is put down seldom, and counts from there after a start. */
const TIME_AHEAD_S = 900;

export class Store {
  readonly hal: Hal;
  readonly rooms: Rooms;
  readonly prefs: Prefs;
  readonly clock: Clock;
  /** Null where the board has no flash for us: then nothing outlasts the power. */
  readonly settings: Log | null = null;
  readonly journal!: Log;
  readonly messages!: Log;
  /** Where the processor says why it started, 0 = nowhere. */
  readonly resetRegister: number;
  /** The state record, and its numbers as words and halves: store-format.ts. */
  readonly state = new Uint8Array(RECORD_HEAD + STATE_BYTES);
  readonly times: Uint32Array;
  readonly starts: Uint16Array;
  /** Console and radio settings only. */
  isSafe = false;
  /** Why nothing is saved, for people; "" when it is. */
  frozen = "";
  /** By room handle: page of its newest message. */
  readonly pageOf = new Uint8Array(20);
  /** Sections that differ from those in the flash, by number. */
  pending: string[] = [];
  /** Something is to be saved. */
  dirty = false;
  isLoaded = false;
  /** The regions that were saved, until they are taken. */
  regions = "";
  /** Adverts.exportIdentity() as it was saved, until it is taken. */
  identity = "";

  private loaded!: () => void;
  private saving = false;
  private saveTimer = 0;
  private writeTimer = 0;
  private nextRoom = 0;
  private ticks = 0;
  private notes = 0;
  private afterwards: (() => void) | null = null;
  readonly out = new Uint8Array(RECORD_HEAD + 256);
  private readonly write: () => void;

  constructor(hal: Hal, board: BoardFacts, rooms: Rooms, prefs: Prefs, clock: Clock) {
    this.hal = hal;
    this.rooms = rooms;
    this.prefs = prefs;
    this.clock = clock;
    this.times = new Uint32Array(this.state.buffer);
    this.starts = new Uint16Array(this.state.buffer);
    this.resetRegister = board.resetRegister;
    this.write = () => this.writeNext();
    const { address, pages } = board.log;
    const flash = hal.flash;
    if (flash && pages) {
      const used = PAGES.settings + PAGES.journal;
      this.settings = new Log(hal, flash, address, PAGES.settings);
      this.journal = new Log(hal, flash, this.settings.addressOf(PAGES.settings), PAGES.journal);
      this.messages = new Log(hal, flash, this.settings.addressOf(used), pages - used);
    }
  }

  /** Brings back what was saved, in handlers of its own, and calls `done` at the end of that; at once when there is nothing. */
  start(done: () => void): void {
    this.hal.onError((error) => this.onError(error));
    this.hal.watchdog(WATCHDOG_S);
    this.tick();
    this.loaded = done;
    try {
      if (this.settings) part(this.hal, "recall")(this, () => this.apply());
      else this.ready();
    } catch (_) {
      // No parts, or those of another build: the radio and the engine's prompt work, and flash.sh puts it right.
      this.frozen = "mc.lib";
      this.ready();
    }
  }

  // Methods: on Espruino an arrow function without braces does not know `this` when another arrow function is in it.
  private apply(): void {
    this.hal.after(() => this.applyNow(), 1);
  }

  private applyNow(): void {
    const apply = part(this.hal, "applySettings");
    this.hal.after(() => apply(this, () => this.replay()), 1);
  }

  private replay(): void {
    this.hal.after(() => this.replayNow(), 1);
  }

  private replayNow(): void {
    part(this.hal, "replay")(this, () => this.ready());
  }

  private ready(): void {
    this.isLoaded = true;
    this.loaded();
  }

  /** Settings or rooms have changed. */
  changed(): void {
    this.dirty = true;
    if (!this.isLoaded || this.saveTimer) return;
    this.saveTimer = this.hal.after(() => this.save(), SAVE_MS);
  }

  /** A message was stored in a room. */
  stored(): void {
    if (!this.writeTimer) this.writeTimer = this.hal.after(this.write, WRITE_MS);
  }

  /** Sets a section of the settings (store-format.ts); parts/section.ts reads one. False when nothing can be saved. */
  setSection(id: number, text: string): boolean {
    this.pending[id] = text;
    this.changed();
    return !!this.settings && !this.frozen;
  }

  /** Saves what is not yet saved, and boots again. */
  reboot(): void {
    this.finish(() => {
      this.mark(MARK.reboot);
      this.hal.reboot();
    });
  }

  private finish(then: () => void): void {
    this.afterwards = then;
    this.writeNext();
  }

  /** Puts down how far this start has come. */
  mark(mark: number): void {
    this.state[STATE.mark] = mark;
    this.putState();
  }

  putState(): void {
    if (this.settings && !this.frozen) this.journal.append(this.state, STATE_BYTES, RECORD.state);
  }

  /** A timestamp for what we send: no two are the same, and none is before another, over starts too. */
  stamp(): number {
    const time = this.clock.stamp();
    if (time > this.times[STATE.time]) {
      this.times[STATE.time] = time + TIME_AHEAD_S;
      this.hal.after(() => this.putState(), 1);
    }
    return time;
  }

  /** Milliseconds on the air for which a start has to pay. */
  spentMs(): number {
    return this.times[STATE.spent];
  }

  spend(spentMs: number): void {
    this.times[STATE.spent] = spentMs;
    this.putState();
  }

  /** Puts a sentence for people into the journal, in handlers of its own, and goes on with `then`. */
  note(text: string, then: () => void): void {
    if (!this.settings || this.frozen || this.notes >= MAX_NOTES) {
      then();
      return;
    }
    this.notes++;
    this.hal.after(() => this.noteNow(text, then), 1);
  }

  private noteNow(text: string, then: () => void): void {
    const write = part(this.hal, "note");
    this.hal.after(() => write(this, text, then), 1);
  }

  private onError(error: unknown): void {
    const known = error as { message?: string; stack?: string };
    this.note((known.message || error) + " " + (known.stack || ""), () => {
      if (this.state[STATE.mark] === MARK.started || this.notes >= MAX_NOTES) this.crash();
    });
  }

  private crash(): void {
    this.mark(MARK.crash);
    this.hal.reboot();
  }

  private tick(): void {
    this.hal.after(() => this.tick(), TICK_MS);
    this.hal.kick();
    this.ticks++;
    if (this.ticks === UP_TICKS && this.state[STATE.mark] === MARK.started) this.mark(MARK.up);
    if (this.ticks === GOOD_TICKS) {
      this.state[STATE.row] = 0;
      if (this.isSafe) this.reboot();
      else this.mark(MARK.good);
    }
    if (this.hal.hasOverflowed()) {
      // Now: who knows whether there is another handler.
      if (this.settings && !this.frozen) part(this.hal, "note")(this, "out of memory", null);
      this.crash();
    }
  }

  private save(): void {
    if (this.saveTimer) this.hal.cancel(this.saveTimer);
    this.saveTimer = 0;
    if (!this.settings || this.frozen) this.dirty = false;
    else if (!this.saving) {
      this.saving = true;
      this.dirty = false;
      const save = part(this.hal, "saveSettings");
      this.hal.after(() => save(this, (image) => this.saved(image)), 1);
    }
    this.stored();
  }

  /** `image` is a record of the settings, without a byte when nothing is to be saved; what changed meanwhile may be in it by half. */
  private saved(image: Uint8Array): void {
    const length = image.length - RECORD_HEAD - 3;
    if (length < 0 || this.dirty) this.checked(0);
    else {
      (this.settings as Log).put(image, length, RECORD.settings);
      this.hal.after(() => this.checked(length), 1);
    }
  }

  private checked(length: number): void {
    this.saving = false;
    if (length && !(this.settings as Log).check(length)) this.frozen = "flash";
    else if (!this.dirty) this.pending = [];
    this.stored();
  }

  /** One thing that is to be written, and another handler for the next. */
  private writeNext(): void {
    this.writeTimer = 0;
    if (this.saving) return;
    if (this.dirty) this.save();
    else if (this.settings && !this.frozen && !this.isSafe && this.writeMessage()) this.stored();
    else if (this.afterwards) this.afterwards();
    else if (this.settings && !this.frozen) this.prepareNext();
  }

  /** The pages that come next are erased while there is time; those of the messages only when nothing waits that is in them. */
  private prepareNext(): void {
    // In safe mode nobody has looked where the messages are.
    const logs = [this.settings as Log, this.journal].concat(this.isSafe ? [] : [this.messages]);
    const log = logs.filter((each) => !each.ready)[0];
    if (!log) return;
    log.prepare();
    this.stored();
  }

  /** A message says what time it is; in handlers of their own. */
  private hear(room: Room, seq: number): void {
    const hear = part(this.hal, "hearMessage");
    this.hal.after(() => hear(this, room, seq), 1);
  }

  /** Writes the oldest unwritten message of a room, of each room in turn; false when there is none. Now and then it only finds where it is, or begins a page. */
  private writeMessage(): boolean {
    const { rooms, messages } = this;
    const { unsaved, list } = rooms;
    const { endSeq, firstSeq } = rooms.ring;
    let handle = this.nextRoom;
    let looks = 0;
    while (unsaved[handle] >= endSeq[handle]) {
      if (++looks === MAX_ROOMS) return false;
      handle = (handle + 1) % MAX_ROOMS;
    }
    this.nextRoom = handle;
    // That was enough for a handler.
    if (looks > 2) return true;
    const seq = Math.max(unsaved[handle], firstSeq[handle]);
    const room = list[handle];
    const record = room && rooms.record(room, seq);
    if (record && messages.isFull(record.length)) {
      messages.turn();
      this.hal.after(() => part(this.hal, "keepQuiet")(this), 1);
      return true;
    }
    unsaved[handle] = record ? seq + 1 : endSeq[handle];
    if (!room || !record) return true;
    this.nextRoom = (handle + 1) % MAX_ROOMS;
    if (!this.clock.isSet()) this.hal.after(() => this.hear(room, seq), 1);
    this.out.set(record, RECORD_HEAD);
    if (!messages.append(this.out, record.length, RECORD.message)) this.frozen = "flash";
    this.pageOf[handle] = messages.page;
    return true;
  }
}
