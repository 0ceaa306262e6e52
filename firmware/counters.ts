// What the board counts since its start: one array, of which Status carries the whole.
import { fieldAt } from "../protocol/codec.ts";
import { Status } from "../protocol/link.ts";

const FIRST = fieldAt(Status, "rx");

/** Where each number is in the array. */
export const COUNT = {
  rx: 0,
  tx: (fieldAt(Status, "tx") - FIRST) / 4,
  crcErrors: (fieldAt(Status, "crcErrors") - FIRST) / 4,
  headerErrors: (fieldAt(Status, "headerErrors") - FIRST) / 4,
  malformed: (fieldAt(Status, "malformed") - FIRST) / 4,
  duplicates: (fieldAt(Status, "duplicates") - FIRST) / 4,
  macFailures: (fieldAt(Status, "macFailures") - FIRST) / 4,
  unknownChannel: (fieldAt(Status, "unknownChannel") - FIRST) / 4,
  linkErrors: (fieldAt(Status, "linkErrors") - FIRST) / 4,
  txDropped: (fieldAt(Status, "txDropped") - FIRST) / 4,
  recoveries: (fieldAt(Status, "recoveries") - FIRST) / 4,
};

/** All zero. */
export function newCounters(): Uint32Array {
  return new Uint32Array(COUNT.recoveries + 1);
}
