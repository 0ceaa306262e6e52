import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseSyncInstance as Database, DatabaseSync } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";
import type { RoomMessage } from "./message.ts";
import { isSearchDamaged, resultCode, storeError } from "./store-errors.ts";
import { type HistoryQuery, HistoryReader } from "./store-query.ts";
import { type RoomMove, type RoomWish, settleRoom } from "./store-rooms.ts";
import { applySchema } from "./store-schema.ts";
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

/**
 * The history on disk. One process at a time. Synchronous: a transaction is one fsync, so callers gather what they have
 * (rooms.ts). Every failure is a RoomError: `store_full`, `store_corrupt`, `store_locked`, `store_unusable`, `store_newer`.
 */
export class Store {
  private readonly db: Database;
  private readonly lock: Database;
  private readonly path: string;
  private readonly sql: Statements;
  private readonly reader: HistoryReader;
  private rooms = new Map<string, RoomRow>();
  private outboxCount: number;

  private constructor(db: Database, lock: Database, path: string) {
    this.db = db;
    this.lock = lock;
    this.path = path;
    this.sql = prepareSql(db);
    this.reader = new HistoryReader(db);
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
      this.db.exec("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')");
      return this.writeAll(entries);
    } catch (error) {
      restore();
      throw storeError(error, this.path);
    }
  }

  /** The messages that the query means, oldest first. A GUID that the room does not hold gives none. */
  history(room: string, query: HistoryQuery): RoomMessage[] {
    const { id } = this.row(room);
    return this.guard(() => this.reader.read(room, id, query));
  }

  /**
   * Adds messages from an export to a room, be it configured or not, and brings all of the room into the order of arrival.
   * One transaction; what the room has already is left alone. Returns how many were new.
   */
  importMessages(room: string, messages: readonly RoomMessage[]): number {
    return this.guard(() => {
      const known = this.rooms.get(room);
      let added = 0;
      this.transaction(() => {
        const id = known?.id ?? settleRoom(this.sql, { name: room, maxHistory: 0 }, 0, []);
        for (const message of messages) added += this.importOne(id, message);
        if (added > 0) this.orderByArrival(id);
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
      news = entries.map((entry) => this.writeOne(entry));
      for (const row of this.rooms.values()) this.prune(row);
    });
    return news;
  }

  private writeOne(entry: StoreEntry): boolean {
    const { message, cursor } = entry;
    let isNew = false;
    if (message !== null) {
      const row = this.row(message.room);
      isNew = this.sql.addSeen.run(row.id, message.guid).changes > 0;
      if (isNew) this.addMessage(row, message, entry.toAir);
      const { board, receivedAt, rssi, snr, hops, guid } = message;
      if (board !== null && hops !== null && !entry.own)
        this.sql.addReception.run(board, receivedAt, rssi, snr, hops, guid);
    }
    if (cursor !== null) {
      this.sql.setCursor.run(cursor.board, this.row(cursor.room).id, cursor.bootId, cursor.keyCheck, cursor.seq);
    }
    return isNew;
  }

  private addMessage(row: RoomRow, m: RoomMessage, toAir: boolean): void {
    const { guid, payload, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board } = m;
    this.sql.addMessage.run(
      ...[row.id, guid, payload, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board],
    );
    row.count++;
    row.seenAdded++;
    if (!toAir) return;
    this.sql.addToOutbox.run(row.id, guid, payload);
    if (++this.outboxCount > MAX_OUTBOX) {
      this.outboxCount -= Number(this.sql.dropOutbox.run().changes);
    }
  }

  private importOne(room: number, message: RoomMessage): number {
    const { guid, payload, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board } = message;
    const added = this.sql.importMessage.run(
      ...[room, guid, payload, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board],
    ).changes;
    this.sql.addSeen.run(room, guid);
    for (const heard of message.receptions ?? []) {
      this.sql.addReception.run(heard.board, heard.heardAt, heard.rssi, heard.snr, heard.hops, guid);
    }
    return Number(added);
  }

  private orderByArrival(room: number): void {
    const ids = (this.sql.byArrival.all(room) as { id: number }[]).map(({ id }) => id);
    const first = ids.findIndex((id, i) => i > 0 && id < ids[i - 1]);
    if (first < 0) return;
    // What stands in order before them stays; a move costs far more than an insert.
    let next = (this.sql.lastId.get() as { id: number }).id;
    for (const id of ids.slice(first)) this.sql.moveMessage.run(++next, id);
  }

  private prune(row: RoomRow): void {
    if (row.count > row.maxHistory) {
      this.sql.pruneMessages.run(row.id, row.count - row.maxHistory);
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
      this.db.exec("COMMIT");
    } catch (error) {
      // SQLite may have rolled back by itself, and must not hide why.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(error, this.path);
    }
  }
}

/** Holds the directory for this process; the system lets go of it even after SIGKILL. */
function takeLock(path: string, dataDir: string): Database {
  closeSync(openSync(path, "a", 0o600));
  const lock = new DatabaseSync(path);
  try {
    lock.exec("BEGIN EXCLUSIVE");
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
