import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseSyncInstance as Database, DatabaseSync } from "@photostructure/sqlite";
import { describe, RoomError } from "../errors.ts";
import type { RoomMessage } from "./message.ts";
import { applySchema } from "./store-schema.ts";

/** How far one ring of a board is in the store: everything up to and including `seq`. */
export interface Cursor {
  board: string;
  room: string;
  bootId: number;
  keyCheck: number;
  seq: number;
}

/** One step of a transaction; every part may be absent. */
export interface StoreEntry {
  message: RoomMessage | null;
  /** The message also has to go on air. */
  toAir: boolean;
  cursor: Cursor | null;
}

export interface OutboxPost {
  id: number;
  room: string;
  guid: string;
  payload: Uint8Array;
}

export interface HistoryQuery {
  limit: number;
  /** Only messages before this one (a GUID), or, as a number, with an earlier timestamp (Unix seconds). */
  before?: string | number;
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

type Statements = ReturnType<typeof prepare>;

/**
 * The history on disk. One process at a time. Synchronous: a transaction is one fsync, so callers gather what they have
 * (rooms.ts). Every failure is a RoomError: `store_full`, `store_corrupt`, `store_locked`, `store_unusable`, `store_newer`.
 */
export class Store {
  private readonly db: Database;
  private readonly lock: Database;
  private readonly path: string;
  private readonly sql: Statements;
  private readonly rooms = new Map<string, RoomRow>();
  private outboxCount: number;

  private constructor(db: Database, lock: Database, path: string) {
    this.db = db;
    this.lock = lock;
    this.path = path;
    this.sql = prepare(db);
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
      applySchema(db, path);
      return new Store(db, lock, path);
    } catch (error) {
      db?.close();
      lock?.close();
      throw storeError(error, path);
    }
  }

  /** Tells the store which rooms there are and how much of each to keep; what is too much is pruned now. */
  setRooms(rooms: readonly { name: string; maxHistory: number }[]): void {
    this.guard(() => {
      for (const { name, maxHistory } of rooms) {
        this.sql.addRoom.run(name);
        const { id } = this.sql.roomId.get(name) as { id: number };
        const { n: count } = this.sql.countMessages.get(id) as { n: number };
        const row: RoomRow = { id, name, maxHistory, count, seenAdded: SEEN_PRUNE_EVERY };
        this.rooms.set(name, row);
        this.prune(row);
      }
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
    try {
      this.db.exec("BEGIN IMMEDIATE");
      const news = entries.map((entry) => this.writeOne(entry));
      for (const row of this.rooms.values()) this.prune(row);
      this.db.exec("COMMIT");
      return news;
    } catch (error) {
      for (const { row, count, seenAdded } of counts) Object.assign(row, { count, seenAdded });
      this.outboxCount = outboxCount;
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw storeError(error, this.path);
    }
  }

  /** The newest `limit` messages that the query means, oldest first. An unknown `before` GUID gives none. */
  history(room: string, query: HistoryQuery): RoomMessage[] {
    const { id } = this.row(room);
    return this.guard(() => {
      let rows: unknown[];
      if (query.before === undefined) rows = this.sql.newest.all(id, query.limit);
      else if (typeof query.before === "number") rows = this.sql.newestBefore.all(id, query.before, query.limit);
      else rows = this.sql.newestBeforeGuid.all(id, query.before, query.limit);
      return rows.reverse().map((row) => toMessage(room, row as MessageRow));
    });
  }

  countMessages(room: string): number {
    return this.row(room).count;
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
    if (this.db.isOpen) this.db.close();
    if (this.lock.isOpen) this.lock.close();
  }

  private writeOne(entry: StoreEntry): boolean {
    const { message, cursor } = entry;
    let isNew = false;
    if (message !== null) {
      const row = this.row(message.room);
      isNew = this.sql.addSeen.run(row.id, message.guid).changes > 0;
      if (isNew) this.addMessage(row, message, entry.toAir);
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

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(error, this.path);
    }
  }
}

function prepare(db: Database) {
  const columns = "guid, payload, sender, text, timestamp, received_at, via, origin, rssi, snr, hops, board";
  const newest = (where: string) =>
    db.prepare(`SELECT ${columns} FROM messages WHERE room = ? ${where} ORDER BY id DESC LIMIT ?`);
  return {
    addRoom: db.prepare("INSERT OR IGNORE INTO rooms (name) VALUES (?)"),
    roomId: db.prepare("SELECT id FROM rooms WHERE name = ?"),
    countMessages: db.prepare("SELECT count(*) AS n FROM messages WHERE room = ?"),
    countSenders: db.prepare(
      "SELECT count(DISTINCT sender) AS n FROM messages WHERE room = ? AND received_at >= ? AND sender <> ''",
    ),
    hasSeen: db.prepare("SELECT 1 FROM seen WHERE guid = ?"),
    addSeen: db.prepare("INSERT OR IGNORE INTO seen (room, guid) VALUES (?, ?)"),
    pruneSeen: db.prepare(
      "DELETE FROM seen WHERE room = ? AND id <= (SELECT id FROM seen WHERE room = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
    ),
    addMessage: db.prepare(`INSERT INTO messages (room, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    pruneMessages: db.prepare(
      "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE room = ? ORDER BY id LIMIT ?)",
    ),
    newest: newest(""),
    newestBefore: newest("AND timestamp < ?"),
    newestBeforeGuid: newest("AND id < (SELECT id FROM messages WHERE guid = ?)"),
    cursors: db.prepare(
      "SELECT name AS room, boot_id AS bootId, key_check AS keyCheck, seq FROM cursors JOIN rooms ON rooms.id = room WHERE board = ?",
    ),
    setCursor: db.prepare(
      "INSERT OR REPLACE INTO cursors (board, room, boot_id, key_check, seq) VALUES (?, ?, ?, ?, ?)",
    ),
    addToOutbox: db.prepare("INSERT INTO outbox (room, guid, payload) VALUES (?, ?, ?)"),
    outbox: db.prepare(
      "SELECT outbox.id, name AS room, guid, payload FROM outbox JOIN rooms ON rooms.id = room ORDER BY outbox.id LIMIT ?",
    ),
    outboxCount: db.prepare("SELECT count(*) AS n FROM outbox"),
    dropOutbox: db.prepare("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox)"),
    removeFromOutbox: db.prepare("DELETE FROM outbox WHERE id = ?"),
  };
}

type MessageRow = Omit<RoomMessage, "room" | "receivedAt"> & { received_at: number };

function toMessage(room: string, row: MessageRow): RoomMessage {
  const { received_at: receivedAt, ...rest } = row;
  return { room, ...rest, receivedAt };
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

/** SQLite's primary result code (https://sqlite.org/rescode.html), or -1. */
function resultCode(error: unknown): number {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : -1;
}

function storeError(error: unknown, path: string): unknown {
  if (error instanceof RoomError) return error;
  const found = error instanceof Error ? error.message : String(error);
  const make = (code: string, message: string, hint: string) =>
    new RoomError(code, message, { found, hint, cause: error });
  switch (resultCode(error)) {
    case 5:
    case 6:
      return make("store_locked", `${path} is locked by another program`, "close the program that has it open");
    case 11:
    case 26:
      return make(
        "store_corrupt",
        `${path} is damaged or no database`,
        "restore a backup, or move the file (and its -wal and -shm) away to start with an empty history",
      );
    case 13:
      return make(
        "store_full",
        `no room on the disk for ${path}`,
        "free some space; nothing that was acknowledged is lost",
      );
    case 3:
    case 8:
    case 10:
    case 14:
      return make(
        "store_unusable",
        `${path} cannot be used`,
        "check that the disk works and this user may write there",
      );
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") return make("store_full", `no room on the disk for ${path}`, "free some space");
  if (typeof code === "string" && /^E[A-Z]+$/.test(code)) {
    return make("store_unusable", `${path} cannot be used`, "check data_dir and that this user may write there");
  }
  return error;
}

/** One line for a log. */
export function storeSentence(error: unknown): string {
  return error instanceof RoomError ? describe(error) : String(error);
}
