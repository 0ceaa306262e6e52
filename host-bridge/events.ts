import type { Trouble } from "./alerts/alert.ts";
import type { Config } from "./config/schema.ts";
import type { RoomError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { NodeAlert, NodeView } from "./nodes/node.ts";
import type { RoomMessage } from "./room/message.ts";
import type { RoomsChange } from "./room/rooms.ts";

/** A whole packet that a board heard and that is no message of one of its rooms (adverts, foreign channels). */
export interface HeardPacket {
  board: string;
  /** dBm and dB; null where the board does not say. */
  rssi: number | null;
  snr: number | null;
  packet: Uint8Array;
}

/** A board came or went. `error` is a sentence for the operator, null when all is well. */
export interface BoardChange {
  board: string;
  connected: boolean;
  error: string | null;
}

/**
 * Everything the parts of the daemon tell each other: boards, clients, and later federation and MQTT, know this table and
 * the rooms, never one another.
 */
export interface EventMap {
  /** A message is durable in its room. Told once for each message, in the order of the history, whatever door it used. */
  message: RoomMessage;
  /** A board heard a message on the air that it did not send itself, be it new or known. Told before `message`. */
  reception: { room: string; guid: string; board: string } & Pick<HeardPacket, "rssi" | "snr">;
  /** The store holds a post that has to go on air. */
  outbox: { room: string };
  /** Other rooms than before, after a reload. Rooms that stay as they are keep their Room object, changed ones have a new one. */
  rooms: RoomsChange;
  /** Messages cannot be stored, or with null, can be again. Told when that changes. */
  store: { error: RoomError | null };
  /** The configuration was read again; the object is the one that everybody has, with new values in it. */
  config: Config;
  heard: HeardPacket;
  /** A node of the mesh was heard: a new advert of it, verified. */
  node: NodeView;
  /** A node was not heard for so long that it is no longer known, or had to make room for another one. */
  nodeForgotten: { node_id: string };
  /** A node has not been heard for so long that somebody should know, or is heard again. */
  alert: NodeAlert;
  /** Something of this server's own is not as it should be (a board is lost, the disk is full), or is again. */
  trouble: Trouble;
  board: BoardChange;
}

export type EventName = keyof EventMap;
type Listener<N extends EventName> = (value: EventMap[N]) => void;

/** The one meeting place. A listener that throws is logged and costs the others nothing. */
export class Events {
  private readonly listeners = new Map<EventName, Set<(value: never) => void>>();
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  /** Calls `fn` at each event until the returned function is called. */
  on<N extends EventName>(name: N, fn: Listener<N>): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set);
    // A fresh function, so that the same listener may be added twice and each is taken off by its own.
    const own = (value: EventMap[N]): void => fn(value);
    set.add(own);
    return () => void set.delete(own);
  }

  emit<N extends EventName>(name: N, value: EventMap[N]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        (listener as Listener<N>)(value);
      } catch (error) {
        this.log.error(`a listener of "${name}" failed`, {
          error: error instanceof Error ? error.stack : String(error),
        });
      }
    }
  }
}
