// At the start of the board: what the logs hold, one record in each handler.
import { readU32, view } from "../../protocol/bytes.ts";
import type { FlashPort, Hal } from "../hal.ts";
import { type Log, MAGIC, PAGE_BYTES, PAGE_HEAD, RECORD_HEAD, START_BYTES } from "../log.ts";
import { AT, RECORD_HEADER } from "../rooms.ts";
import type { Store } from "../store.ts";
import { MARK, RECORD, SAFE_AFTER, START, STATE } from "../store-format.ts";

/** A whole record: its page's bytes, where its data begins in them, its length and kind, and where that is in the flash. */
type Take = (bytes: Uint8Array, at: number, length: number, kind: number, address: number) => void;

/** Finds the pages of `log`, hands out every record, oldest first, and makes it ready for more. */
export function scan(hal: Pick<Hal, "flash" | "after" | "crc32">, log: Log, take: Take, done: () => void): void {
  const flash = hal.flash as FlashPort;
  const numbers: number[] = [];
  let bytes = new Uint8Array(0);
  let page = 0;
  let at = 0;
  let left = 0;

  const head = (): void => {
    const each = flash.read(PAGE_HEAD, log.addressOf(numbers.length));
    const isPage = readU32(each, 0) === MAGIC && hal.crc32(view(each, 0, 8)) === readU32(each, 8);
    numbers.push(isPage ? readU32(each, 4) : 0);
    if (numbers.length < log.pages) hal.after(head, 1);
    else {
      for (let i = 0; i < log.pages; i++) {
        if (numbers[i] > log.number) {
          log.number = numbers[i];
          log.page = i;
        }
      }
      page = log.page;
      left = log.pages;
      hal.after(nextPage, 1);
    }
  };

  const nextPage = (): void => {
    if (left === 0) {
      if (log.number) end();
      else done();
      return;
    }
    left--;
    page = page + 1 < log.pages ? page + 1 : 0;
    if (!numbers[page]) {
      nextPageLater();
      return;
    }
    // Let go of the one before first: two do not fit beside each other in a full memory.
    bytes = new Uint8Array(0);
    bytes = flash.read(PAGE_BYTES, log.addressOf(page));
    at = PAGE_HEAD;
    hal.after(record, 1);
  };
  const nextPageLater = (): void => {
    hal.after(nextPage, 1);
  };

  const record = (): void => {
    // What follows a damaged record cannot be found.
    if (at + RECORD_HEAD >= PAGE_BYTES || !log.holds(bytes, at)) {
      nextPageLater();
      return;
    }
    const length = bytes[at + 4] | (bytes[at + 5] << 8);
    take(bytes, at + RECORD_HEAD, length, bytes[at + 6], log.addressOf(page) + at + RECORD_HEAD);
    at += (RECORD_HEAD + length + 3) & ~3;
    hal.after(record, 1);
  };

  /** The last page was the newest. Behind its records may be half of one that the power cut off. */
  const end = (): void => {
    log.at = at;
    if (at > PAGE_BYTES - START_BYTES || !log.isBlank(log.addressOf(log.page) + at)) log.giveUp();
    done();
  };
  head();
}

/** What the board was doing when it stopped, and the settings as they were; decides about safe mode. */
export function recall(store: Store, done: () => void): void {
  const { hal, state, starts, journal, resetRegister } = store;
  const settings = store.settings as Log;
  const found = (): void => {
    // ESP32-S3 technical reference manual, table of reset sources: seven watchdogs, and the brown-out detector.
    const code = resetRegister ? hal.peek(resetRegister) & 63 : 0;
    const isWatchdog = code > 6 && code < 19 && code !== 12 && code !== 15;
    const cause = code === 15 ? START.brownOut : isWatchdog ? START.watchdog : START.power;
    const mark = state[STATE.mark];
    const isFirst = journal.lastAt === 0;
    let reason = cause;
    if (mark === MARK.crash) reason = START.crash;
    if (mark === MARK.reboot) reason = START.reboot;
    // A watchdog that the engine does not tell us of, or a supply that fails: either way it did not live for a minute.
    const isBad =
      reason === START.watchdog || reason === START.crash || (reason !== START.reboot && mark === MARK.started);
    if (mark === MARK.reboot || isFirst) state[STATE.row] = 0;
    else if (isBad) state[STATE.row]++;
    store.isSafe = state[STATE.row] >= SAFE_AFTER;
    state[STATE.mark] = MARK.started;
    state[STATE.reason] = reason;
    starts[STATE.starts + reason]++;
    store.clock.lastSent = store.times[STATE.time];
    store.putState();
    done();
  };
  scan(
    hal,
    journal,
    (bytes, at, length, kind, address) => {
      if (kind !== RECORD.state) return;
      state.set(view(bytes, at, Math.min(length, state.length - RECORD_HEAD)), RECORD_HEAD);
      journal.lastAt = address;
    },
    () => {
      scan(
        hal,
        settings,
        (_bytes, _at, length, _kind, address) => {
          settings.lastAt = address;
          settings.lastLength = length;
        },
        found,
      );
    },
  );
}

/** Puts the messages back into the rooms. */
export function replay(store: Store, done: () => void): void {
  const { hal, rooms, messages, pageOf } = store;
  // Not in safe mode: one of the rooms or messages may be what the board cannot bear.
  if (store.isSafe || store.frozen) {
    done();
    return;
  }
  const ring = rooms.ring;
  const take: Take = (bytes, at, length, kind, address) => {
    if (kind !== RECORD.message) return;
    const seq = readU32(bytes, at + AT.seq);
    const handle = bytes[at + AT.room];
    const room = rooms.list[handle];
    if (!room || seq < room.born || bytes[at + RECORD_HEADER] !== room.channel.hash) {
      rooms.nextSeq = Math.max(rooms.nextSeq, seq + 1);
      return;
    }
    const isEmpty = ring.endSeq[handle] === ring.firstSeq[handle];
    // Twice there: it was written again because its page was to be erased.
    if (!isEmpty && seq < ring.endSeq[handle]) return;
    if (isEmpty || seq > ring.endSeq[handle]) {
      ring.clear(handle);
      ring.open(handle, seq);
    }
    const to = ring.append(handle, length, room.max);
    if (to >= 0) ring.bytes.set(view(bytes, at, length), to);
    rooms.unsaved[handle] = seq + 1;
    pageOf[handle] = Math.floor((address - messages.addressOf(0)) / PAGE_BYTES);
  };
  scan(hal, messages, take, done);
}
