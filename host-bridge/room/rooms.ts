import { isDeepStrictEqual } from "node:util";
import { equalBytes, readU32, view } from "../../protocol/bytes.ts";
import { type Channel, GroupCipher, makeChannel } from "../../protocol/channel.ts";
import { encodeGroupText, isPlainText, joinSender, splitSender, textEnd } from "../../protocol/group-text.ts";
import { MAX_PAYLOAD } from "../../protocol/packet.ts";
import { utf8Decode, utf8Encode } from "../../protocol/utf8.ts";
import { believableUnixS, type Clock } from "../clock.ts";
import type { RoomConfig } from "../config/schema.ts";
import { RoomError } from "../errors.ts";
import type { EventMap, Events } from "../events.ts";
import type { Log } from "../log.ts";
import { nodeCrypto } from "../node-crypto.ts";
import { messageGuid } from "./guid.ts";
import type { RoomMessage, Via } from "./message.ts";
import { postProblem } from "./post-problem.ts";
import { Retries } from "./retries.ts";
import { SearchTurns } from "./search-turns.ts";
import type { Store, StoreEntry } from "./store.ts";
import { storeSentence } from "./store-errors.ts";
import type { Place } from "./store-log.ts";
import type { HistoryQuery } from "./store-query.ts";
import { moveSentence } from "./store-rooms.ts";

/** A configured room, ready for use. */
export interface Room {
  name: string;
  description: string;
  /** What it talks about now, "" where nothing is said. */
  topic: string;
  isPrivate: boolean;
  readOnly: boolean;
  /** Posts of clients and messages of peers go on air. */
  rebroadcast: boolean;
  /** The share of the transmit budget that messages of peers may use, 0..100. */
  airtimePercent: number;
  /** Shared with peers that have the key, or in one direction only. */
  federate: RoomConfig["federate"];
  maxHistory: number;
  /** The name whose history it takes over, where it has none of its own yet. */
  previousName: string | null;
  /** What becomes of the history when the key is another one than before. */
  onRekey: "keep" | "archive";
  /** The channel key, 16 or 32 bytes. */
  key: Uint8Array;
  /** Tells two keys apart without naming either: first 4 bytes of SHA-256("room-key-check" || key), little endian. */
  keyCheck: number;
  channel: Channel;
}

/** What a board's ring held: one payload with its place in the ring. */
export interface BoardReport {
  board: string;
  room: string;
  bootId: number;
  keyCheck: number;
  /** Its place in the board's ring, 0 where the board keeps none (a KISS modem): then there is no cursor. */
  seq: number;
  payload: Uint8Array;
  /** The board sent it itself; then the three below mean nothing. */
  own: boolean;
  /** dBm, dB, repeaters; null where the board does not say. */
  rssi: number | null;
  snr: number | null;
  hops: number;
}

/** What apply() did. A room keeps its object while nothing of it changes; one with another name is a removed and an added one. */
export interface RoomsChange {
  added: Room[];
  removed: Room[];
  changed: { previous: Room; room: Room; isRekeyed: boolean }[];
}

/** A part of what a peer says of a room's log: a message, or null: what is up to the place came before or never will. */
export interface PeerSaid {
  /** Null where the number cannot be right: the message gets one of ours. */
  place: Place | null;
  message: PeerMessage | null;
}

export interface PeerMessage {
  payload: Uint8Array;
  /** Name of the server at which it came in. */
  origin: string;
  ageMs: number;
}

/** What became of it; a mark is `known`. The last four are refused: nobody here ever sees them. */
export type PeerFate = "new" | "known" | "not_authentic" | "from_the_future" | "muted" | "forged";

export type PostOutcome = { ok: true; message: RoomMessage } | { ok: false; error: RoomError };

/** What came together through one door. */
interface Waiting {
  entries: readonly StoreEntry[];
  /** It was on the air, whatever becomes of it here. */
  heard?: EventMap["reception"];
  /** `isNew` says of each entry whether its message is. */
  settle(error: unknown, isNew: readonly boolean[]): void;
}

interface RoomsParts {
  store: Store;
  events: Events;
  clock: Clock;
  log: Log;
  /** This server's name. */
  origin: string;
  /** Senders whom nobody here wants to read. */
  isMuted?: (room: string, sender: string) => boolean;
}

/** A peer's frame of so many messages is of a backlog; these wait a little for each other, up to so many. */
const PEER_BATCH = 64;
const BACKLOG_WAIT_MS = 8;
const MAX_WAITING = 2048;

/** No time zone is further away: a sender whose clock shows another zone's time is not to lose its messages. */
const MAX_FUTURE_S = 26 * 3600;

/** How far timestamps of posts may run ahead of the clock. */
const MAX_LEAD_S = 60;

/** `configuredKey` as roomKey() of room-key.ts gives it, 16 or 32 bytes. */
export function makeRoom(config: RoomConfig, configuredKey: Uint8Array): Room {
  const { name, description, isPrivate, readOnly, maxHistory, topic, previousName, onRekey } = config;
  const { rebroadcast, airtimePercent, federate } = config;
  const channel = makeChannel(nodeCrypto, configuredKey);
  // As the channel has it: 32 bytes that end in 16 zeros are a key of 16.
  const key = channel.key32.slice(0, channel.keyLen);
  const keyCheck = readU32(nodeCrypto.sha256(Buffer.concat([Buffer.from("room-key-check"), key])), 0);
  const settings = { name, description, topic, isPrivate, readOnly, maxHistory, previousName, onRekey };
  return { ...settings, rebroadcast, airtimePercent, federate, key, keyCheck, channel };
}

/**
 * The rooms of this server: what comes in by any door is checked, named (GUID), made durable and told to all others as
 * the event `message`. What arrives within one turn of the event loop shares one transaction, for a commit is an fsync.
 */
export class Rooms {
  /** In the order of the configuration. */
  list: readonly Room[] = [];
  private byName = new Map<string, Room>();
  private readonly parts: RoomsParts;
  private readonly cipher = new GroupCipher(nodeCrypto);
  private readonly retries = new Retries();
  private waiting: Waiting[] = [];
  private waitingEntries = 0;
  /** GUIDs of waiting posts, which the store does not know yet. */
  private readonly unwritten = new Set<string>();
  /** Of each room the last post from here. */
  private readonly lastPosts = new Map<string, { timestamp: number; guid: string }>();
  private failure: RoomError | null = null;
  /** Messages refused since the trouble began, and when that was last said. */
  private lost = 0;
  private saidMs = 0;
  private immediate: NodeJS.Immediate | null = null;
  private cancelWait: (() => void) | null = null;
  private readonly search: SearchTurns;

  /** Throws as apply() does. */
  constructor(rooms: readonly Room[], parts: RoomsParts) {
    this.parts = parts;
    this.search = new SearchTurns(parts);
    this.take(rooms);
  }

  /**
   * From now on these are the rooms: writes what is waiting for the old ones, brings the store along and emits `rooms`. The
   * history of a removed room stays on the disk, for the day that it comes back. Throws RoomError `bad_config` when two rooms
   * share a key or one takes over the history of another one that is configured too, or `store_...`; then nothing changed.
   */
  apply(list: readonly Room[]): RoomsChange {
    const kept = list.map((room) => {
      const before = this.byName.get(room.name);
      return before !== undefined && isSame(before, room) ? before : room;
    });
    checkRooms(kept);
    this.flush();
    const before = this.byName;
    this.take(kept);
    const change: RoomsChange = { added: [], removed: [], changed: [] };
    for (const room of kept) {
      const previous = before.get(room.name);
      if (previous === undefined) change.added.push(room);
      else if (previous !== room) {
        change.changed.push({ previous, room, isRekeyed: !equalBytes(previous.key, room.key) });
      }
    }
    for (const room of before.values()) if (!this.byName.has(room.name)) change.removed.push(room);
    this.parts.events.emit("rooms", change);
    return change;
  }

  get(name: string): Room | undefined {
    return this.byName.get(name);
  }

  /** The newest messages that the query means, oldest first; never more than the room's max_history. */
  history(room: Room, query: HistoryQuery): RoomMessage[] {
    return this.parts.store.history(room.name, { ...query, limit: Math.min(query.limit, room.maxHistory) });
  }

  /**
   * A text from a client or another door without a packet of its own. `settle` is called when the message is durable
   * and before anyone is told of it, or with the reason: `read_only`, `too_long`, `bad_request`, `store_...`.
   */
  post(room: Room, sender: string, text: string, via: Via, settle: (outcome: PostOutcome) => void): void {
    const problem = postProblem(room, sender, text) ?? this.muteProblem(room, sender);
    if (problem !== null) {
      settle({ ok: false, error: problem });
      return;
    }
    let message: RoomMessage;
    try {
      message = this.compose(room, sender, text, via);
    } catch (error) {
      settle({ ok: false, error: asRoomError(error) });
      return;
    }
    this.unwritten.add(message.guid);
    this.enqueue({
      entries: [{ message, toAir: room.rebroadcast, cursor: null }],
      settle: (error) => {
        this.unwritten.delete(message.guid);
        settle(error === null ? { ok: true, message } : { ok: false, error: asRoomError(error) });
      },
    });
  }

  /** A payload from a board's ring. `settle` gets null when the store is past it, be it new, known or of no use. */
  ingest(report: BoardReport, settle: (error: unknown) => void): void {
    const room = this.byName.get(report.room);
    if (room === undefined) {
      // It was removed while this was on its way.
      settle(new RoomError("unknown_room", "the room is no longer configured"));
      return;
    }
    const { board, bootId, keyCheck, seq, own, rssi, snr } = report;
    const heard = this.open(room, report.payload, "radio");
    // The board may go on: what nobody is to read is as good as stored.
    const isWanted = heard !== null && !this.isMuted(room, heard.sender) && (own || !this.retries.isRetry(heard));
    const message = isWanted ? heard : null;
    if (message !== null) {
      message.board = board;
      message.hops = own ? 0 : report.hops;
      message.rssi = own ? null : rssi;
      message.snr = own ? null : snr;
    }
    const cursor = seq === 0 ? null : { board, room: room.name, bootId, keyCheck, seq };
    const onAir = heard === null || own ? undefined : { room: room.name, guid: heard.guid, board, rssi, snr };
    this.enqueue({ entries: [{ message, toAir: false, cursor, own }], heard: onAir, settle });
  }

  /**
   * What a peer says of a room's log, in its order. `settle` is called once, when all of it is durable, with what became of each
   * part, or with the reason why nothing of it counts. A payload that the room's key does not open is refused like one that
   * never came; the peer is not asked for it again.
   */
  federate(matched: Room, said: readonly PeerSaid[], settle: (error: unknown, fates: PeerFate[]) => void): void {
    const room = this.byName.get(matched.name);
    if (room === undefined || !equalBytes(room.key, matched.key)) {
      settle(new RoomError("unknown_room", "the room is no longer configured"), []);
      return;
    }
    const found = said.map(({ message }) => (message === null ? null : this.fromPeer(room, message)));
    const entries = said.map(({ place, message }, i): StoreEntry => {
      const known = found[i];
      const at = place === null ? undefined : { room: room.name, stream: place.stream, seq: place.seq };
      const wanted = typeof known === "string" ? null : known;
      return { message: wanted, toAir: false, cursor: null, place: at, isMark: message === null };
    });
    const fatesOf = (isNew: readonly boolean[]): PeerFate[] =>
      found.map((known, i) => (typeof known === "string" ? known : isNew[i] ? "new" : "known"));
    this.enqueue(
      { entries, settle: (error, isNew) => settle(error, error === null ? fatesOf(isNew) : []) },
      said.length >= PEER_BATCH,
    );
  }

  private fromPeer(room: Room, { payload, origin, ageMs }: PeerMessage): RoomMessage | PeerFate {
    const message = this.open(room, payload, "federation");
    if (message === null) return "not_authentic";
    const nowS = believableUnixS(this.parts.clock);
    if (nowS > 0 && message.timestamp > nowS + MAX_FUTURE_S) return "from_the_future";
    if (this.isMuted(room, message.sender)) return "muted";
    message.origin = origin;
    message.ageMs = ageMs;
    return message;
  }

  /** Writes what is waiting, now. Every `settle` is called before it returns. */
  flush(): void {
    if (this.immediate !== null) clearImmediate(this.immediate);
    this.immediate = null;
    this.cancelWait?.();
    this.cancelWait = null;
    const batch = this.waiting;
    const all = batch.flatMap(({ entries }) => entries);
    this.waiting = [];
    this.waitingEntries = 0;
    if (batch.length === 0) return;
    const { store, events } = this.parts;
    let news: boolean[];
    try {
      news = store.write(all);
    } catch (error) {
      this.notStored(asRoomError(error), all.length);
      for (const waiting of batch) waiting.settle(error, []);
      return;
    }
    this.stored();
    const toAir = new Set<string>();
    let at = 0;
    for (const { entries, heard, settle } of batch) {
      const isNew = news.slice(at, at + entries.length);
      at += entries.length;
      settle(null, isNew);
      if (heard !== undefined) events.emit("reception", heard);
      for (const [i, entry] of entries.entries()) {
        if (!isNew[i] || entry.message === null) continue;
        events.emit("message", entry.message);
        if (entry.toAir) toAir.add(entry.message.room);
      }
    }
    for (const room of toAir) events.emit("outbox", { room });
    this.search.stored(all.length);
  }

  /** Why the last messages could not be stored, null when all is well. Nothing was acknowledged; boards try again. */
  trouble(): RoomError | null {
    return this.failure;
  }

  /** True when nothing waits for the disk. */
  isSettled(): boolean {
    return this.waiting.length === 0;
  }

  /** Brings what is waiting to the disk; nothing is left running. */
  stop(): void {
    this.flush();
    this.search.stop();
  }

  private take(rooms: readonly Room[]): void {
    checkRooms(rooms);
    const { store, clock, log } = this.parts;
    for (const move of store.setRooms(rooms, clock.unixMs())) log.warn(moveSentence(move));
    this.list = rooms;
    this.byName = new Map(rooms.map((room) => [room.name, room]));
  }

  /** Boards try again every few seconds and clients as often as they like: said when it begins, and once a minute. */
  private notStored(error: RoomError, count: number): void {
    const { log, clock, events } = this.parts;
    const isNew = this.failure?.code !== error.code;
    this.failure = error;
    this.lost += count;
    if (!isNew && clock.nowMs() - this.saidMs < 60_000) return;
    this.saidMs = clock.nowMs();
    log.error(`${this.lost} messages could not be stored and were not acknowledged: ${storeSentence(error)}`);
    if (isNew) events.emit("store", { error });
  }

  private stored(): void {
    if (this.failure === null) return;
    const { log, events } = this.parts;
    log.warn(`Messages are stored again; ${this.lost} were refused meanwhile`);
    this.failure = null;
    this.lost = 0;
    events.emit("store", { error: null });
  }

  private isMuted(room: Room, sender: string): boolean {
    return this.parts.isMuted?.(room.name, sender) ?? false;
  }

  private muteProblem(room: Room, sender: string): RoomError | null {
    if (!this.isMuted(room, sender)) return null;
    return new RoomError("read_only", `${JSON.stringify(sender)} is muted in "${room.name}"`);
  }

  /** `mayWait`: more of its kind follows at once, and a commit for all of it is cheaper. */
  private enqueue(waiting: Waiting, mayWait = false): void {
    this.waiting.push(waiting);
    this.waitingEntries += waiting.entries.length;
    if (!mayWait || this.waitingEntries >= MAX_WAITING) this.immediate ??= setImmediate(() => this.flush());
    else this.cancelWait ??= this.parts.clock.after(BACKLOG_WAIT_MS, () => this.flush());
  }

  /** The message in a payload of this room, or null when it is not authentic or no plain text. */
  private open(room: Room, payload: Uint8Array, via: Via): RoomMessage | null {
    const length = payload.length > MAX_PAYLOAD ? -1 : this.cipher.open(room.channel, payload, 0, payload.length);
    const plain = this.cipher.plain;
    if (length < 0 || !isPlainText(plain, length)) return null;
    const { sender, text } = splitSender(utf8Decode(view(plain, 5, textEnd(plain, length) - 5)));
    return this.message(room, payload, readU32(plain, 0), sender, text, via);
  }

  /**
   * The packet of a new text. A payload names its message (and MeshCore drops a packet it has heard before), so where
   * somebody said the same within the same second, the timestamp moves on until the payload is new. It also does where the
   * history, which goes by timestamp and GUID, would show the text before the one that was posted before it; MeshCore's
   * nodes give each text a second of its own (RTCClock::getCurrentTimeUnique). A flood of posts does not run ahead for ever.
   */
  private compose(room: Room, sender: string, text: string, via: Via): RoomMessage {
    const bytes = utf8Encode(joinSender(sender, text));
    const plain = new Uint8Array(MAX_PAYLOAD);
    const sealed = new Uint8Array(MAX_PAYLOAD);
    const nowS = Math.floor(this.parts.clock.unixMs() / 1000);
    // After a restart the newest message stands for the last post.
    const known = this.lastPosts.get(room.name) ?? this.parts.store.history(room.name, { limit: 1 }).at(0);
    const last = known !== undefined && known.timestamp <= nowS + MAX_LEAD_S ? known : { timestamp: 0, guid: "" };
    for (let timestamp = Math.max(nowS, last.timestamp); ; timestamp++) {
      const length = this.cipher.seal(room.channel, plain, encodeGroupText(timestamp, bytes, plain), sealed, 0);
      if (length < 0) throw new Error("bug: a text of legal length does not fit into a packet");
      const message = this.message(room, sealed.slice(0, length), timestamp, sender, text, via);
      const isAfter = timestamp > last.timestamp || message.guid > last.guid || timestamp >= nowS + MAX_LEAD_S;
      if (!isAfter || this.unwritten.has(message.guid) || this.parts.store.hasSeen(message.guid)) continue;
      this.lastPosts.set(room.name, { timestamp, guid: message.guid });
      return message;
    }
  }

  private message(room: Room, payload: Uint8Array, timestamp: number, sender: string, text: string, via: Via) {
    const message: RoomMessage = {
      room: room.name,
      guid: messageGuid(room.key, payload),
      sender,
      text,
      timestamp,
      receivedAt: this.parts.clock.unixMs(),
      via,
      origin: this.parts.origin,
      rssi: null,
      snr: null,
      hops: null,
      board: null,
      payload,
    };
    return message;
  }
}

function checkRooms(rooms: readonly Room[]): void {
  const byKey = new Map<string, Room>();
  const names = new Set(rooms.map(({ name }) => name));
  for (const room of rooms) {
    const key = Buffer.from(room.key).toString("hex");
    const other = byKey.get(key);
    if (other !== undefined) {
      throw new RoomError("bad_config", `the rooms "${other.name}" and "${room.name}" have the same key`, {
        hint: "give each its own psk; the names of public rooms must differ in more than upper and lower case",
      });
    }
    byKey.set(key, room);
    if (room.previousName !== null && names.has(room.previousName)) {
      throw new RoomError("bad_config", `previous_name of the room "${room.name}"`, {
        expected: "the name of a room that is no longer configured",
        found: `"${room.previousName}"`,
        hint: "remove previous_name: once the history has moved it is not needed",
      });
    }
  }
}

/** Nothing that anybody could notice tells the two apart. */
function isSame(one: Room, other: Room): boolean {
  const { key, channel: _one, ...rest } = one;
  const { key: otherKey, channel: _other, ...otherRest } = other;
  return equalBytes(key, otherKey) && isDeepStrictEqual(rest, otherRest);
}

function asRoomError(error: unknown): RoomError {
  if (error instanceof RoomError) return error;
  return new RoomError("internal", error instanceof Error ? error.message : String(error), { cause: error });
}
