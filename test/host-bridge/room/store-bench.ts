import type { RoomMessage } from "../../../host-bridge/room/message.ts";
import type { StoreEntry } from "../../../host-bridge/room/store.ts";

/** A message with everything in it; `guid` also makes the text. */
export function sample(guid: string, fields: Partial<RoomMessage> = {}): RoomMessage {
  return {
    room: "A",
    guid,
    sender: "Ann",
    text: `text ${guid}`,
    timestamp: 1_700_000_000,
    receivedAt: 1_700_000_000_123,
    via: "radio",
    origin: "here",
    rssi: -71,
    snr: 10.5,
    hops: 2,
    board: "b1",
    payload: Uint8Array.from([1, 2, 3]),
    ...fields,
  };
}

export const entry = (message: RoomMessage | null, more: Partial<StoreEntry> = {}): StoreEntry => ({
  message,
  toAir: false,
  cursor: null,
  ...more,
});
