// What the daemon tells of a node of the mesh, and of one that has fallen silent.
import { ADVERT_CHAT, ADVERT_REPEATER, ADVERT_ROOM, ADVERT_SENSOR } from "../../protocol/advert.ts";

const TYPES = new Map([
  [ADVERT_CHAT, "chat"],
  [ADVERT_REPEATER, "repeater"],
  [ADVERT_ROOM, "room"],
  [ADVERT_SENSOR, "sensor"],
] as const);

export const NODE_TYPES = ["chat", "repeater", "room", "sensor", "unknown"] as const;
export type NodeType = (typeof NODE_TYPES)[number];

/** The type in an advert's flags, in words. */
export const nodeType = (type: number): NodeType => TYPES.get(type as typeof ADVERT_CHAT) ?? "unknown";

/** A node as everybody is told of it: docs/schemas/node.json. */
export interface NodeView {
  /** Its public key, 64 lower-case hex digits. */
  node_id: string;
  /** As it calls itself; may be empty. */
  name: string;
  type: NodeType;
  /** Degrees; null where it tells no position. */
  lat: number | null;
  lon: number | null;
  /** Unix seconds by our clock; null while that was not set. */
  last_seen: number | null;
  /** dBm and dB, of its last advert; null where the board does not say. */
  rssi: number | null;
  snr: number | null;
  /** Repeaters between it and the board that heard it. */
  hops: number;
  /** Null as long as nothing tells it: an advert does not. */
  battery_mv: number | null;
}

/** A node that has fallen silent, or is heard again: docs/schemas/alert.json. */
export interface NodeAlert {
  node_id: string;
  state: "silent" | "ok";
  last_seen: number | null;
  /** Seconds in which a board of ours listened and did not hear it; 0 when it is heard again. */
  silent_for_s: number;
}

/** The same with what only /api/v1/nodes tells. */
export interface NodeDetail extends NodeView {
  first_seen: number | null;
  /** The board of ours that heard it best. */
  board: string;
  /** Hashes of the repeaters between, hex, in the order of the way to us. */
  path: string[];
  /** Adverts heard. */
  adverts: number;
  /** It is a board of this server. */
  own: boolean;
  /** Its usual time between two adverts, and the longest lately; seconds in which a board of ours listened. */
  heard_every_s: number | null;
  longest_gap_s: number | null;
  /** It is reported as silent. */
  silent: boolean;
}
