import type { RadioSettings } from "../../protocol/airtime.ts";
import type { Clock } from "../clock.ts";
import type { Events } from "../events.ts";
import type { Log } from "../log.ts";
import type { Room, Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import type { BoardKey } from "./board-key.ts";
import type { Post } from "./state.ts";

export interface BoardsParts {
  rooms: Rooms;
  store: Store;
  events: Events;
  clock: Clock;
  log: Log;
  /** The key of a board that cannot have one itself; made when there is none. Throws RoomError. */
  boardKey: (board: string) => BoardKey;
  /** A whole number from 0 to 65535. */
  random16: () => number;
  /** Messages of peers that are older do not go on air. */
  rebroadcastMaxAgeMs: () => number;
}

/** How a board's radio is set, and the share of an hour that it may transmit. */
export type BoardRadio = RadioSettings & { dutyPermille: number };

/** What went wrong with a board since it started; null is unknown, as with a KISS modem. */
export interface BoardFaults {
  /** Frames on the air with a wrong checksum or header: interference, or stations too far away. */
  crc_errors: number | null;
  header_errors: number | null;
  /** Frames that were no MeshCore packet. */
  malformed: number | null;
  /** Group messages whose channel looks like one of ours and whose key is another. */
  mac_failures: number | null;
  /** Packets that could not be transmitted. */
  tx_dropped: number | null;
  /** Times that the radio chip had to be reset. */
  radio_recoveries: number | null;
  /** What went wrong with the radio chip, by name (docs/link.md, Status); most of it ends in a reset. */
  radio: RadioFaults | null;
}

export interface RadioFaults {
  busy_stuck: number;
  edges_missed: number;
  tx_endless: number;
  mode_left: number;
  chip_silent: number;
  cad_endless: number;
  deaf: number;
  not_taken: number;
}

/** A board as /status shows it; numbers are null until the board has told them. */
export interface BoardStatus {
  id: string;
  type: "serial" | "sim" | "kiss";
  model: string;
  engine: string;
  firmware: string;
  /** Of the bundle that runs, as in dist/firmware/<id>.json. */
  sha256: string;
  /** Where it was found: a device, an address, or "" for a simulated board. */
  port: string;
  connected: boolean;
  rx_packets: number | null;
  tx_packets: number | null;
  airtime_percent: number | null;
  noise_floor_dbm: number | null;
  tx_queue: number | null;
  uptime_s: number | null;
  memory_free_percent: number | null;
  /** The board's clock less ours, seconds; null while either is not set. */
  clock_offset_s: number | null;
  faults: BoardFaults;
  /** Bad frames, at both ends. */
  link_errors: number;
  /** Times that its port went away. */
  disconnects: number;
  /** Room messages that the board dropped before this host could have them. */
  missed: number;
  /** Why it is not connected, or null. */
  error: string | null;
}

/** What all boards share: who sends which post. */
export interface PostDesk {
  /** Up to `count` posts for this board; it has them until `aired`, `unsendable` or `lost`. */
  takePosts(count: number): Post[];
  /** `isKnown`: it was on air before the board was asked. */
  aired(id: number, isKnown: boolean): void;
  unsendable(id: number, why: string): void;
  /** The board has gone, and has nothing any more. */
  lost(): void;
}

/** Keeps one board: opens its port, talks to it, and finds it again after it was gone. */
export interface Keeper {
  readonly id: string;
  readonly radio: BoardRadio;
  /** Returns the stop, after which its port is closed and no timer runs. */
  start(): () => Promise<void>;
  isUp(): boolean;
  /** The public key that it advertises itself with, hex; null while that is not known. */
  publicKey(): string | null;
  /** Packets that wait in the board for its transmitter, as far as is known. */
  queue(): number;
  /** Milliseconds that it may still transmit in this hour, as far as is known. */
  airLeftMs(): number;
  /** There may be new posts to take. */
  offer(): void;
  /** The rooms of this host are others now. */
  setRooms(rooms: readonly Room[], removed: readonly string[]): void;
  status(): BoardStatus;
  /**
   * Lets a person type at the board's console: `onText` gets what it prints (byte strings), `onEnd` that it has gone. Throws
   * RoomError `board_missing`, `no_console`.
   */
  console(onText: (text: string) => void, onEnd: () => void): ConsoleSeat;
}

/** Boards that hear each other, as text; coding rate and power make no difference to that. */
export function channelOf({ radio }: Keeper): string {
  return `${radio.freqHz} ${radio.bwHz} ${radio.sf}`;
}

/** Somebody at a board's console. */
export interface ConsoleSeat {
  type(bytes: Uint8Array): void;
  leave(): void;
}
