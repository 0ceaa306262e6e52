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
  /**
   * How old it was when it came here, in milliseconds since it came into the first server, added up of the times that servers
   * kept it: no clock needs to be right for that. Only via federation, and not in the history.
   */
  ageMs?: number;
  /** Every board that heard it, the first one first; only the history knows them. */
  receptions?: Reception[];
}

/** How one board heard a message. */
export interface Reception {
  board: string;
  /** Unix milliseconds of this server. */
  heardAt: number;
  /** dBm, dB, repeaters passed; null where the board does not say. */
  rssi: number | null;
  snr: number | null;
  hops: number;
}

/** The message object, as clients, the HTTP API and MQTT show it. */
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
  /** In a history: every board that heard it; `heard_at` is in Unix seconds. */
  receptions?: { board: string; heard_at: number; rssi: number | null; snr: number | null; hops: number }[];
}

export function wireMessage(message: RoomMessage): WireMessage {
  const { room, guid, sender, text, timestamp, origin, via, rssi, snr, hops, receptions } = message;
  const wire: WireMessage = { type: "message", room, guid, sender, text, timestamp, origin, via, rssi, snr, hops };
  if (receptions !== undefined) {
    wire.receptions = receptions.map(({ heardAt, ...heard }) => ({ ...heard, heard_at: Math.floor(heardAt / 1000) }));
  }
  return wire;
}
