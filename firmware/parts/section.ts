// A section of the settings: what a part reads that keeps something of its own there (firmware/store-format.ts, SECTION).
import { view } from "../../protocol/bytes.ts";
import type { FlashPort } from "../hal.ts";
import type { Store } from "../store.ts";
import { SETTINGS_HEAD } from "../store-format.ts";

/** The settings that are in the flash, without their record's head; empty when there are none. */
export function settingsImage(store: Store): Uint8Array {
  const log = store.settings;
  if (!log || !log.lastAt) return new Uint8Array(0);
  return (store.hal.flash as FlashPort).read(log.lastLength, log.lastAt);
}

/** Section `id` as it will be after the next start, as a byte string; "" when there is none. */
export function section(store: Store, id: number): string {
  const pending = store.pending[id];
  if (pending !== undefined) return pending;
  const image = settingsImage(store);
  for (let at = SETTINGS_HEAD; at + 3 <= image.length; ) {
    const length = image[at + 1] | (image[at + 2] << 8);
    // A copy: toText may share memory with what is forgotten then.
    if (image[at] === id) return length ? store.hal.toText(view(image, at + 3, length)) + "" : "";
    at += 3 + length;
  }
  return "";
}
