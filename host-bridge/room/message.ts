/** Through which door a message came in. */
export type Via = "radio" | "client" | "federation" | "mqtt";

/** One message of a room, the same object from the door it came in by to every door it goes out of. */
export interface RoomMessage {
  room: string;
  /** Lower-case UUID, derived from the on-air payload (guid.ts). */
  guid: string;
  /** "" where the text on air has no `sender: `. */
  sender: string;
  text: string;
  /** Unix seconds, as the sender's clock had it. */
  timestamp: number;
  /** Unix milliseconds of this server. */
  receivedAt: number;
  via: Via;
  /** Name of the server at which it came in. */
  origin: string;
  /** dBm, dB and repeaters passed; null unless it was heard on the air. */
  rssi: number | null;
  snr: number | null;
  hops: number | null;
  /** Id of the board that heard it. */
  board: string | null;
  /** The MeshCore payload as it is on air: channel hash, MAC, ciphertext. */
  payload: Uint8Array;
}

/** The message object of SPEC section 4, as clients, the HTTP API and MQTT show it. */
export interface WireMessage {
  type: "message";
  room: string;
  guid: string;
  sender: string;
  text: string;
  timestamp: number;
  origin: string;
  via: Via;
  rssi: number | null;
  snr: number | null;
  hops: number | null;
}

export function wireMessage(message: RoomMessage): WireMessage {
  const { room, guid, sender, text, timestamp, origin, via, rssi, snr, hops } = message;
  return { type: "message", room, guid, sender, text, timestamp, origin, via, rssi, snr, hops };
}
