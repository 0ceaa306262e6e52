// What the store does seldom.
import { splitSender } from "../../protocol/group-text.ts";
import { RECORD_HEAD } from "../log.ts";
import type { Room } from "../rooms.ts";
import type { Store } from "../store.ts";
import { RECORD, STATE } from "../store-format.ts";

const NOTE_BYTES = 100;
/** Messages of rooms long quiet that are written again before their page is erased. */
const KEPT = 16;
/** Two who are heard must agree within so many seconds. */
const AGREE_S = 300;
/** Nobody believes an earlier time: 15 May 2024. */
const EARLIEST = 1715770351;

/** Rooms whose newest messages are in the page that is erased next get them written again. */
export function keepQuiet(store: Store): void {
  const { rooms, pageOf, messages } = store;
  const { ring, unsaved } = rooms;
  const next = messages.next();
  const quiet = rooms.list.filter((room) => room && pageOf[room.handle] === next);
  for (let i = 0; i < quiet.length; i++) {
    const { handle } = quiet[i] as Room;
    const first = Math.max(ring.firstSeq[handle], ring.endSeq[handle] - Math.floor(KEPT / quiet.length));
    unsaved[handle] = Math.min(unsaved[handle], first);
  }
}

/**
 * Writes `text` into the journal, with the time, and goes on with `then` in another handler; with null all is done at once. The
 * state goes first into each page: it must not be erased with the other one.
 */
export function note(store: Store, text: string, then: (() => void) | null): void {
  const { hal, journal, out } = store;
  const bytes = hal.toBytes(text.substr(0, NOTE_BYTES));
  const write = (): void => {
    new Uint32Array(out.buffer, RECORD_HEAD, 1)[0] = store.clock.unixTime();
    out.set(bytes, RECORD_HEAD + 4);
    journal.append(out, 4 + bytes.length, RECORD.note);
    if (then) hal.after(then, 1);
  };
  const isFull = journal.isFull(bytes.length + 4);
  if (isFull) store.putState();
  if (isFull && then) hal.after(write, 1);
  else write();
}

/**
 * While neither the host nor a person has told the time: `sender`, a name, says that it is `time`, and that this is authentic has
 * been seen to. Believed when another sender says the same within five minutes and it is not before what we sent ourselves, so that
 * one board with a wrong clock is not believed, whatever it sends. The later of the two counts.
 */
export function hearTime(store: Store, time: number, sender: string): void {
  const { clock, hal } = store;
  if (!sender || time < EARLIEST || time < store.times[STATE.time] - AGREE_S) return;
  const offsetS = time - hal.now();
  if (clock.heardFrom && sender !== clock.heardFrom && Math.abs(offsetS - clock.heardS) <= AGREE_S) {
    clock.set(Math.max(offsetS, clock.heardS) + hal.now());
    return;
  }
  clock.heardS = offsetS;
  clock.heardFrom = sender;
}

/** The same for a message of a room. */
export function hearMessage(store: Store, room: Room, seq: number): void {
  const { rooms, hal } = store;
  const record = rooms.record(room, seq);
  const text = record ? rooms.text(room, record) : "";
  const time = rooms.textTime();
  if (text) hal.after(() => hearTime(store, time, splitSender(text).sender), 1);
}
