// What bridges of one hub write into the stream that they share: docs/federation.md, as a table. A record is a CBOR array (RFC 8949) of
// its fields; what kind it is of, and of which room, its subject says: `stream.kind.room`.
import { encode } from "cborg";
import type { Place } from "../room/store-log.ts";
import { MAX_ROWS, MAX_SEALED } from "./wire.ts";
import { bytes, decodeStrict, hex, type Kind, list, row, text, uint } from "./wire-kinds.ts";

/** A message as a hub has it; `id` is what key holders call it. */
export interface SealedMessage extends Place {
  /** Unix milliseconds by the clock of the bridge that it came to. */
  bornAt: number;
  id: string;
  bytes: Uint8Array;
}

export type BackboneRecord = { room: string } & (
  | ({ kind: "message" } & SealedMessage)
  /** Other numbers of messages that are in the stream. */
  | { kind: "places"; places: readonly Place[] }
  /** Everything of these runs up to the number is in the stream before, or never will be. */
  | { kind: "marks"; places: readonly Place[] }
  /** The room is kept for who has the secret of this name. */
  | { kind: "room"; bringer: string }
);

const place = row({ stream: hex(8), seq: uint });
const places = row({ places: list(place, MAX_ROWS) });
const KINDS = {
  message: row({ stream: hex(8), seq: uint, bornAt: uint, id: hex(16), bytes: bytes(29, MAX_SEALED) }),
  places,
  marks: places,
  room: row({ bringer: text(64) }),
} as const;

const ROOM = /^[0-9a-f]{32}$/;

export function encodeRecord(stream: string, record: BackboneRecord): { subject: string; data: Uint8Array } {
  const kind = KINDS[record.kind] as unknown as Kind<BackboneRecord>;
  return { subject: `${stream}.${record.kind}.${record.room}`, data: encode(kind.write(record)) };
}

/** Null for a kind that only a newer version knows. Throws RoomError `peer_malformed`. */
export function decodeRecord(subject: string, data: Uint8Array): BackboneRecord | null {
  const [, name, room] = subject.split(".");
  if (!Object.hasOwn(KINDS, name) || !ROOM.test(room)) return null;
  const kind = KINDS[name as keyof typeof KINDS] as Kind<object>;
  return { kind: name, room, ...kind.read(decodeStrict(data)) } as BackboneRecord;
}
