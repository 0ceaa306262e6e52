import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseSyncInstance as Database, DatabaseSync } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";
import type { RoomMessage } from "./message.ts";
import { AirLedger } from "./store-air.ts";
import { Deliveries, skipImported } from "./store-deliveries.ts";
import { guarded, isSearchDamaged, resultCode, storeError } from "./store-errors.ts";
import { type LogRow, type Place, StoreLog, type Vector } from "./store-log.ts";
import { type HistoryQuery, HistoryReader } from "./store-query.ts";
import { type RoomMove, type RoomWish, settleRoom } from "./store-rooms.ts";
import { applySchema } from "./store-schema.ts";
import { SearchIndex } from "./store-search.ts";
import { prepareSql, type Statements } from "./store-sql.ts";

/** How far one ring of a board is in the store: everything up to and including `seq`. */
export interface Cursor {
  board: string;
  room: string;
  bootId: number;
  keyCheck: number;
  seq: number;
}

export interface Sender {
  name: string;
  /** Unix milliseconds. */
  lastSeen: number;
  messages: number;
}

/** One step of a transaction; every part may be absent. */
export interface StoreEntry {
  message: RoomMessage | null;
  /** The message also has to go on air. */
  toAir: boolean;
  cursor: Cursor | null;
  /** The board sent the message itself: that is no reception. */
  own?: boolean;
  /** Where another server has it in its log; without a message, one that is of no use here. */
  place?: Place & { room: string };
  /** With `place`: everything of that stream up to it came before or never will. */
  isMark?: boolean;
}

export interface OutboxPost {
  id: number;
  room: string;
  guid: string;
  payload: Uint8Array;
}

interface RoomRow {
  id: number;
  name: string;
  maxHistory: number;
  count: number;
  /** Rows added to `seen` since it was last pruned. */
  seenAdded: number;
}

// Posts beyond this wait in vain: a month of one message every four minutes.
const MAX_OUTBOX = 10_000;
// A board's ring and a peer's backlog are far smaller than this, per room.
const MIN_SEEN = 10_000;
const SEEN_PRUNE_EVERY = 500;
const MAX_LOG = 16 * 1024 * 1024;
/** GUIDs come in no order, so the indexes of them should fit. */
const CACHE_KIB = 16_384;

/**
 * The history on disk. One process at a time. Synchronous: a transaction is one fsync, so callers gather what they have
 * (rooms.ts). Every failure is a RoomError: `store_full`, `store_corrupt`, `store_locked`, `store_unusable`, `store_newer`.
 */
export class Store {
  readonly air: AirLedger;
  readonly deliveries: Deliveries;
  private readonly db: Database;
  private readonly lock: Database;
  private readonly path: string;
  private readonly sql: Statements;
  private readonly reader: HistoryReader;
  private readonly log: StoreLog;
  private readonly search: SearchIndex;
  private rooms = new Map<string, RoomRow>();
  private outboxCount: number;

  private constructor(db: Database, lock: Database, path: string) {
    this.db = db;
    this.lock = lock;
    this.path = path;
    this.sql = prepareSql(db);
    this.reader = new HistoryReader(db);
    this.log = new StoreLog(db);
    this.search = new SearchIndex(db);
    this.air = new AirLedger(db, path);
    this.deliveries = new Deliveries(db, path);
    this.outboxCount = (this.sql.outboxCount.get() as { n: number }).n;
  }

  /** Opens or creates the store in `dataDir`, which is created for this user alone. */
  static open(dataDir: string): Store {
    const path = join(dataDir, "history.sqlite");
    let lock: Database | null = null;
    let db: Database | null = null;
    try {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      lock = takeLock(join(dataDir, "history.lock"), dataDir);
      // Made before SQLite does, which would let everyone read it where the directory was there already.
      closeSync(openSync(path, "a", 0o600));
      db = new DatabaseSync(path, { timeout: 2000 });
      // FULL: a commit is on the disk when it returns, so what was acknowledged survives a power cut.
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
      // What a migration or an import has made of the write-ahead log is given back to the disk.
      db.exec(`PRAGMA journal_size_limit = ${MAX_LOG}`);
      db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
      applySchema(db, path);
      return new Store(db, lock, path);
    } catch (error) {
      db?.close();
      lock?.close();
      throw storeError(error, path);
    }
  }

  /**
   * Tells the store which rooms there are, from now on these and no others, and how much of each to keep; what is too much
   * is pruned now. The history of a room that is not among them stays. All or nothing; `nowMs` is Unix time.
   */
  setRooms(wishes: readonly RoomWish[], nowMs: number): RoomMove[] {
    return this.guard(() => {
      const moves: RoomMove[] = [];
      const rooms = new Map<string, RoomRow>();
      this.transaction(() => {
        for (const wish of wishes) {
          const { name, maxHistory } = wish;
          const id = settleRoom(this.sql, wish, nowMs, moves);
          const { n: count } = this.sql.countMessages.get(id) as { n: number };
          const row: RoomRow = { id, name, maxHistory, count, seenAdded: SEEN_PRUNE_EVERY };
          rooms.set(name, row);
          this.prune(row);
        }
      });
      this.rooms = rooms;
      this.outboxCount = (this.sql.outboxCount.get() as { n: number }).n;
      return moves;
    });
  }

  /** True for every message that is or was in the store. */
  hasSeen(guid: string): boolean {
    return this.guard(() => this.sql.hasSeen.get(guid) !== undefined);
  }

  /**
   * Writes all entries in one transaction, or none. Returns for each entry whether its message is new. Durable on return.
   */
  write(entries: readonly StoreEntry[]): boolean[] {
    const counts = [...this.rooms.values()].map((row) => ({ row, count: row.count, seenAdded: row.seenAdded }));
    const outboxCount = this.outboxCount;
    const restore = (): void => {
      for (const { row, count, seenAdded } of counts) Object.assign(row, { count, seenAdded });
      this.outboxCount = outboxCount;
    };
    try {
      return this.writeAll(entries);
    } catch (error) {
      restore();
      if (!isSearchDamaged(error)) throw storeError(error, this.path);
    }
    // The index of the search can be made anew from the messages, so its damage must not cost one.
    try {
      this.search.rebuild();
      return this.writeAll(entries);
    } catch (error) {
      restore();
      throw storeError(error, this.path);
    }
  }

  /** Some messages are not in the search index yet: searches are right and slower until takeUpSearch() has brought it up. */
  isSearchBehind(): boolean {
    return this.guard(() => this.search.isBehind());
  }

  /** Puts so many more messages into the search index; true when it has all. */
  takeUpSearch(limit: number): boolean {
    return this.guard(() => {
      try {
        let hasAll = false;
        this.transaction(() => {
          hasAll = this.search.takeUp(limit);
        });
        return hasAll;
      } catch (error) {
        if (!isSearchDamaged(error)) throw error;
        this.search.rebuild();
        return true;
      }
    });
  }

  /** The messages that the query means, oldest first. A GUID that the room does not hold gives none. */
  history(room: string, query: HistoryQuery): RoomMessage[] {
    const { id } = this.row(room);
    return this.guard(() => this.reader.read(room, id, query));
  }

  /**
   * Adds messages from an export to a room, be it configured or not. One transaction; what the room has already is left
   * alone. Returns how many were new.
   */
  importMessages(room: string, messages: readonly RoomMessage[]): number {
    return this.guard(() => {
      const known = this.rooms.get(room);
      let added = 0;
      this.transaction(() => {
        const id = known?.id ?? settleRoom(this.sql, { name: room, maxHistory: 0 }, 0, []);
        skipImported(this.db, () => {
          for (const message of messages) added += this.importOne(id, message);
        });
        if (known !== undefined) this.prune({ ...known, count: known.count + added });
      });
      if (known !== undefined) known.count = Math.min(known.count + added, known.maxHistory);
      return added;
    });
  }

  countMessages(room: string): number {
    return this.row(room).count;
  }

  /** Who wrote in a room, of the kept messages that came in at or after `sinceMs`; the last one first. */
  senders(room: string, sinceMs: number): Sender[] {
    const { id } = this.row(room);
    return this.guard(() => this.sql.senders.all(id, sinceMs) as Sender[]).map((row) => ({ ...row }));
  }

  /** Distinct senders of the kept messages that came in at or after `sinceMs` (Unix milliseconds). */
  countSenders(room: string, sinceMs: number): number {
    const { id } = this.row(room);
    return this.guard(() => (this.sql.countSenders.get(id, sinceMs) as { n: number }).n);
  }

  /** The name of this run in the log, 16 hex digits. */
  get stream(): string {
    return this.log.own;
  }

  /** What this server has of each stream of a room. */
  vector(room: string): Vector {
    const { id } = this.row(room);
    return this.guard(() => this.log.vector(id));
  }

  /** The log of a room after one row and up to another, in the order of arrival. */
  logRows(room: string, after: number, last: number, limit: number): LogRow[] {
    const { id } = this.row(room);
    return this.guard(() => this.log.rows(id, after, last, limit));
  }

  countRows(room: string, after: number, last: number): number {
    const { id } = this.row(room);
    return after >= last ? 0 : this.guard(() => this.log.count(id, after, last));
  }

  /** The highest number of a stream that a message of the room has; 0 without one. */
  highest(room: string, stream: string): number {
    const { id } = this.row(room);
    return this.guard(() => this.log.highest(id, stream));
  }

  /** As StoreLog.passed(). */
  passed(room: string, after: number, last: number, place: Place): number {
    const { id } = this.row(room);
    return this.guard(() => this.log.passed(id, after, last, place));
  }

  /** The last row of the log of all rooms. */
  lastRow(): number {
    return this.guard(() => this.log.last());
  }

  /** The row after which a server with this vector has to be told the log of a room; lastRow() when it has all. */
  rowBefore(room: string, known: Vector): number {
    const { id } = this.row(room);
    return this.guard(() => this.log.before(id, known, this.log.last()));
  }

  /** Up to which number a stream is settled for a server that was told every row up to `after` and has it up to `known`. */
  settled(room: string, stream: string, known: number, after: number): number {
    const { id } = this.row(room);
    return this.guard(() => this.log.settled(id, stream, known, after));
  }

  /** This server's number among servers: 32 hex digits, made once and kept with the history. */
  serverId(): string {
    return this.guard(() => this.log.serverId());
  }

  cursors(board: string): Cursor[] {
    return this.guard(() => this.sql.cursors.all(board) as Cursor[]).map((row) => ({ ...row, board }));
  }

  /** The oldest posts that no board has sent, in order. */
  outbox(limit: number): OutboxPost[] {
    return this.guard(() => this.sql.outbox.all(limit) as OutboxPost[]).map((row) => ({ ...row }));
  }

  countOutbox(): number {
    return this.outboxCount;
  }

  /** A board has sent the post, or none ever will. */
  removeFromOutbox(id: number): void {
    this.guard(() => {
      this.outboxCount -= Number(this.sql.removeFromOutbox.run(id).changes);
    });
  }

  close(): void {
    if (this.db.isOpen) {
      // While statements exist the file stays open behind close(), and all would still stand in the write-ahead log.
      try {
        this.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      } catch {
        // A full or broken disk: the log holds it all, and the next start reads it.
      }
      this.db.close();
    }
    if (this.lock.isOpen) this.lock.close();
  }

  private writeAll(entries: readonly StoreEntry[]): boolean[] {
    let news: boolean[] = [];
    this.transaction(() => {
      if (entries.some(({ message }) => message !== null)) this.search.leaveBehind();
      news = entries.map((entry) => this.writeOne(entry));
      for (const row of this.rooms.values()) this.prune(row);
    });
    return news;
  }

  private writeOne(entry: StoreEntry): boolean {
    const { message, cursor } = entry;
    let isNew = false;
    if (message !== null) {
      isNew = this.addMessage(this.row(message.room), message, entry);
      const { board, receivedAt, rssi, snr, hops, guid } = message;
      if (board !== null && hops !== null && !entry.own)
        this.sql.addReception.run(board, receivedAt, rssi, snr, hops, guid);
    }
    if (entry.place !== undefined) {
      const { id } = this.row(entry.place.room);
      if (entry.isMark) this.log.mark(id, entry.place);
      // The number of a new message moved when it got its row.
      else if (!isNew) this.log.skip(id, entry.place);
    }
    if (cursor !== null) {
      this.sql.setCursor.run(cursor.board, this.row(cursor.room).id, cursor.bootId, cursor.keyCheck, cursor.seq);
    }
    return isNew;
  }

  private addMessage(row: RoomRow, message: RoomMessage, { toAir, place }: StoreEntry): boolean {
    const at = this.log.placeOf(row.id, place);
    const { ageMs, receivedAt, guid, payload } = message;
    const bornAt = ageMs === undefined ? null : Math.round(receivedAt - ageMs);
    if (this.sql.addMessage.run(...this.columns(row.id, message, at, bornAt)).changes === 0) return false;
    this.log.skip(row.id, at);
    row.count++;
    if (!toAir) return true;
    this.sql.addToOutbox.run(row.id, guid, payload);
    if (++this.outboxCount > MAX_OUTBOX) {
      this.outboxCount -= Number(this.sql.dropOutbox.run().changes);
    }
    return true;
  }

  private importOne(room: number, message: RoomMessage): number {
    const at = this.log.placeOf(room, undefined);
    const { changes } = this.sql.importMessage.run(...this.columns(room, message, at, null));
    if (changes > 0) this.log.skip(room, at);
    for (const heard of message.receptions ?? []) {
      this.sql.addReception.run(heard.board, heard.heardAt, heard.rssi, heard.snr, heard.hops, message.guid);
    }
    return Number(changes);
  }

  private columns(room: number, message: RoomMessage, { stream, seq }: Place, bornAt: number | null) {
    const { guid, payload, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board } = message;
    const place = [this.log.rowOf(stream), seq, bornAt] as const;
    return [room, guid, payload, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board, ...place];
  }

  private prune(row: RoomRow): void {
    if (row.count > row.maxHistory) {
      const many = row.count - row.maxHistory;
      this.sql.keepSeen.run(row.id, many);
      this.sql.pruneMessages.run(row.id, many);
      row.seenAdded += many;
      row.count = row.maxHistory;
    }
    if (row.seenAdded >= SEEN_PRUNE_EVERY) {
      this.sql.pruneSeen.run(row.id, row.id, Math.max(MIN_SEEN, 4 * row.maxHistory));
      row.seenAdded = 0;
    }
  }

  private row(room: string): RoomRow {
    const row = this.rooms.get(room);
    if (row === undefined) throw new Error(`bug: room ${JSON.stringify(room)} was not given to the store`);
    return row;
  }

  private transaction(work: () => void): void {
    this.db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.log.save();
      this.db.exec("COMMIT");
      this.log.committed();
    } catch (error) {
      this.log.undone();
      // SQLite may have rolled back by itself, and must not hide why.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  private guard<T>(work: () => T): T {
    return guarded(this.path, work);
  }
}

/** Holds the directory for this process; the system lets go of it even after SIGKILL. */
function takeLock(path: string, dataDir: string): Database {
  closeSync(openSync(path, "a", 0o600));
  const lock = new DatabaseSync(path);
  try {
    // A journal would be a file, for which a full disk has no place.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (resultCode(error) !== 5) throw error;
    throw new RoomError("store_locked", `another meshcore-room is using ${dataDir}`, {
      hint: "stop the other one, or give each its own data_dir",
      cause: error,
    });
  }
}
