// `errors`: what happened to the board, as the journal in its flash has it.
import { readU32, view } from "../../protocol/bytes.ts";
import type { Console } from "../console.ts";
import type { FlashPort } from "../hal.ts";
import { PAGE_BYTES, PAGE_HEAD, RECORD_HEAD } from "../log.ts";
import { RECORD, SAFE_AFTER, STATE } from "../store-format.ts";

/** Why the board started, by number. */
export const REASONS = ["power", "reboot", "watchdog", "crash", "brown-out"];
/** Records that one handler looks at. */
const AT_ONCE = 6;

/** How often the board started and why; then a line for each error, oldest first. */
export function errors(console: Console): string {
  const { hal, clock } = console;
  const { journal, state, starts, isSafe, frozen, settings } = console.settings.store;
  if (!settings) return "Error: this board has no flash for what happens to it";
  const flash = hal.flash as FlashPort;
  const counts = REASONS.map((reason, i) => reason + " " + starts[STATE.starts + i]).join(", ");
  console.reply("starts: " + counts + "; this one: " + REASONS[state[STATE.reason]]);
  if (isSafe)
    console.reply("safe mode: " + SAFE_AFTER + " starts in a row went wrong; rooms and radio are off; Try: reboot");
  if (frozen) console.reply("nothing is saved: " + frozen);

  let page = journal.next();
  let bytes = flash.read(PAGE_BYTES, journal.addressOf(page));
  let at = PAGE_HEAD;
  const next = (): string => {
    for (let i = 0; i < AT_ONCE; i++) {
      const length = bytes[at + 4] | (bytes[at + 5] << 8);
      // Behind the last record is what erasing leaves, which as a length is too long.
      if (at + RECORD_HEAD + length > PAGE_BYTES || (page === journal.page && at >= journal.at)) {
        if (page === journal.page) return "";
        page = journal.page;
        bytes = flash.read(PAGE_BYTES, journal.addressOf(page));
        at = PAGE_HEAD;
      } else {
        if (bytes[at + 6] === RECORD.note && journal.holds(bytes, at)) {
          const time = readU32(bytes, at + RECORD_HEAD);
          const text = hal.toText(view(bytes, at + RECORD_HEAD + 4, length - 4));
          console.reply((time ? clock.text(time) : "at an unknown time") + " " + text.split("\n").join(" "));
        }
        at += (RECORD_HEAD + length + 3) & ~3;
      }
    }
    console.later(next);
    return "";
  };
  return next();
}
