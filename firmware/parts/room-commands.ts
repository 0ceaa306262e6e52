// Rooms from the console: which there are, what they hold, adding and removing one.
import { hexToBytes } from "../../protocol/bytes.ts";
import { KISS_FEND } from "../../protocol/kiss.ts";
import { RESULT_FULL, RESULT_OK } from "../../protocol/link.ts";
import type { Console } from "../console.ts";
import type { Room } from "../rooms.ts";
import { splitWord } from "./words.ts";

const HISTORY_LINES = 10;
/** Hex digits that one handler makes bytes of, and how often for the longest key and one more. */
const KEY_PART = 16;
const MAX_KEY_PARTS = 5;

export function roomCommands(console: Console, name: string, tail: string): string {
  const rooms = console.rooms;
  const ring = rooms.ring;
  const words = splitWord(tail);
  const nothing = (): string => "";

  /** What others wrote, for a terminal: C0 would begin a link frame, a line end or an escape pose as our own words. */
  const harmless = (text: string): string => {
    if (!text) return "";
    const bytes = console.hal.toBytes(text);
    // Nearly every text is as it is: looking for the worst natively takes a twentieth of the loop.
    if (Math.min.apply(null, bytes as unknown as number[]) >= 32 && text.indexOf(KISS_FEND) < 0) return text;
    let shown = "";
    for (let i = 0; i < bytes.length; i++) shown += bytes[i] < 32 || bytes[i] === 0xc0 ? "?" : text.substr(i, 1);
    return shown;
  };

  const showRoom = (i: number): void => {
    const room = rooms.list[i];
    if (!room) return;
    const count = ring.next(i) - ring.first(i);
    console.reply(harmless(room.name) + ": " + count + "/" + room.max + " messages, " + ring.roomBytes(i) + " bytes");
  };

  const add = (): string => {
    const options = words[1].split(" ");
    const hex = options[0];
    const key = new Uint8Array(Math.ceil(hex.length / 2));
    let isHex = true;
    const convert = (i: number): void => {
      try {
        key.set(hexToBytes(hex.substr(KEY_PART * i, KEY_PART)), (KEY_PART / 2) * i);
      } catch (_) {
        isHex = false;
      }
    };
    console.each(0, Math.min(Math.ceil(hex.length / KEY_PART), MAX_KEY_PARTS), convert, () => {
      if (!isHex) return "Error: the key is not hex; Try: room add NAME KEYHEX [MAX]";
      const code = rooms.set(words[0], key, parseInt(options[1] || "0", 10) || 0);
      if (code === RESULT_OK) return "OK";
      return code === RESULT_FULL
        ? "Error: no place for another room"
        : "Error: a name of 1 to 32 bytes and a key of 32 or 64 hex digits are needed";
    });
    return "";
  };

  const history = (room: Room): string => {
    const end = ring.next(room.handle);
    const wanted = parseInt(words[1], 10) || HISTORY_LINES;
    const first = Math.max(ring.first(room.handle), end - wanted);
    if (first === end) return "no messages";
    let text = "";
    let signal = "";
    let time = 0;
    // Each message in two steps: opening one takes as long as writing it down.
    const show = (step: number): void => {
      const seq = step >> 1;
      if (step & 1) {
        if (signal) console.reply("#" + seq + " " + console.clock.text(time) + " " + harmless(text) + signal);
        text = signal = "";
        return;
      }
      const record = rooms.record(room, seq);
      signal = record ? rooms.signal(record) : "";
      text = record ? rooms.text(room, record) : "";
      time = rooms.textTime();
    };
    console.each(2 * first, 2 * end, show, nothing);
    return "";
  };

  if (name === "rooms") {
    if (!rooms.list.some((each) => !!each)) return "no rooms; Try: room add NAME KEYHEX [MAX]";
    console.each(0, rooms.list.length, showRoom, nothing);
    return "";
  }
  if (name === "room add") return add();
  if (name === "room remove") return rooms.remove(words[0]) ? "OK" : "Error: no such room";
  const room = rooms.find(words[0]);
  return room ? history(room) : "Error: no such room; Try: rooms";
}
