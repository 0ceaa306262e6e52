import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseSyncInstance as Database, DatabaseSync } from "@photostructure/sqlite";
import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { PeerFate, PeerSaid } from "../room/rooms.ts";
import { storeError } from "../room/store-errors.ts";
import { type LogRow, type Place, StoreLog, type Vector } from "../room/store-log.ts";
import { ageOf, type Packed, type Shelf, wrongKind } from "./shelf.ts";
import type { WireMessage } from "./wire.ts";

/** What StoreLog reads and writes, and nothing that this server could not know. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS rooms (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,              -- what holders of the key call it: 32 hex digits
  bringer TEXT NOT NULL                   -- the secret of the peer that brought it, by its hash
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order of arrival; never used again
  room INTEGER NOT NULL REFERENCES rooms (id),
  guid TEXT NOT NULL,                     -- what holders of the key call the message: 32 hex digits
  origin TEXT NOT NULL,                   -- empty: that is sealed too
  payload BLOB NOT NULL,                  -- sealed
  received_at INTEGER NOT NULL,           -- Unix milliseconds, ours
  stream INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  born_at INTEGER NOT NULL,
  UNIQUE (room, guid)
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_room ON messages (room, id);
CREATE INDEX IF NOT EXISTS messages_by_age ON messages (room, born_at, id);
CREATE INDEX IF NOT EXISTS messages_by_place ON messages (room, stream, seq);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS vectors (
  room INTEGER NOT NULL REFERENCES rooms (id),
  stream INTEGER NOT NULL REFERENCES streams (id),
  seq INTEGER NOT NULL,
  PRIMARY KEY (room, stream)
) STRICT, WITHOUT ROWID;
`;
const VERSION = 1;

export interface HubLimits {
  maxRooms: number;
  /** Peers with the same secret count as one. */
  maxRoomsPerPeer: number;
  /** Of each room. */
  maxMessages: number;
}

interface HubRoom {
  id: number;
  name: string;
  bringer: string;
  count: number;
}

interface Waiting {
  room: HubRoom;
  said: readonly PeerSaid[];
  settle(error: unknown, fates: PeerFate[]): void;
}

/** Rooms whose keys this server does not have. What comes within one turn of the event loop shares one transaction. */
export class HubStore {
  private readonly db: Database;
  private readonly path: string;
  private readonly limits: HubLimits;
  private readonly clock: Clock;
  private readonly log: StoreLog;
  private readonly sql: ReturnType<typeof prepare>;
  private readonly rooms = new Map<string, HubRoom>();
  private waiting: Waiting[] = [];
  private immediate: NodeJS.Immediate | null = null;

  private constructor(db: Database, path: string, limits: HubLimits, clock: Clock) {
    this.db = db;
    this.path = path;
    this.limits = limits;
    this.clock = clock;
    this.log = new StoreLog(db);
    this.sql = prepare(db);
    for (const row of this.sql.rooms.all() as Omit<HubRoom, "count">[]) {
      const { n: count } = this.sql.countMessages.get(row.id) as { n: number };
      this.rooms.set(row.name, { ...row, count });
    }
  }

  /** Opens or creates hub.sqlite in `dataDir`, which this process has to itself (store.ts). Throws RoomError `store_...`. */
  static open(dataDir: string, limits: HubLimits, clock: Clock): HubStore {
    const path = join(dataDir, "hub.sqlite");
    let db: Database | null = null;
    try {
      closeSync(openSync(path, "a", 0o600));
      db = new DatabaseSync(path, { timeout: 2000 });
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
      const { user_version: found } = db.prepare("PRAGMA user_version").get() as { user_version: number };
      if (found > VERSION) {
        throw new RoomError("store_newer", `${path} was written by a newer version of meshcore-room`, {
          hint: "update meshcore-room, or move the file away: members bring what they have",
        });
      }
      if (found < VERSION) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
      return new HubStore(db, path, limits, clock);
    } catch (error) {
      db?.close();
      throw storeError(error, path);
    }
  }

  /** The room that key holders call so; null when there is no place for one more. `bringer` names the peer's secret. */
  room(name: string, bringer: string): HubShelf | null {
    let room = this.rooms.get(name);
    if (room === undefined) {
      const brought = [...this.rooms.values()].filter((one) => one.bringer === bringer).length;
      if (this.rooms.size >= this.limits.maxRooms || brought >= this.limits.maxRoomsPerPeer) return null;
      const { lastInsertRowid } = this.guard(() => this.sql.addRoom.run(name, bringer));
      room = { id: Number(lastInsertRowid), name, bringer, count: 0 };
      this.rooms.set(name, room);
    }
    return new HubShelf(room, this);
  }

  vector(room: HubRoom): Vector {
    return this.guard(() => this.log.vector(room.id));
  }

  rows(room: HubRoom, after: number, last: number, limit: number): LogRow[] {
    return this.guard(() => this.log.rows(room.id, after, last, limit));
  }

  count(room: HubRoom, after: number, last: number): number {
    return after >= last ? 0 : this.guard(() => this.log.count(room.id, after, last));
  }

  lastRow(): number {
    return this.guard(() => this.log.last());
  }

  rowBefore(room: HubRoom, known: Vector): number {
    return this.guard(() => this.log.before(room.id, known, this.log.last()));
  }

  highest(room: HubRoom, stream: string): number {
    return this.guard(() => this.log.highest(room.id, stream));
  }

  settled(room: HubRoom, stream: string, known: number, after: number): number {
    return this.guard(() => this.log.settled(room.id, stream, known, after));
  }

  take(waiting: Waiting): void {
    this.waiting.push(waiting);
    this.immediate ??= setImmediate(() => this.flush());
  }

  close(): void {
    this.flush();
    if (this.db.isOpen) this.db.close();
  }

  private flush(): void {
    if (this.immediate !== null) clearImmediate(this.immediate);
    this.immediate = null;
    const batch = this.waiting;
    this.waiting = [];
    if (batch.length === 0) return;
    const counts = [...this.rooms.values()].map((room) => ({ room, count: room.count }));
    let fates: PeerFate[][] = [];
    try {
      this.db.exec("BEGIN IMMEDIATE");
      fates = batch.map(({ room, said }) => said.map((one) => this.write(room, one)));
      for (const room of new Set(batch.map((one) => one.room))) this.prune(room);
      this.log.save();
      this.db.exec("COMMIT");
      this.log.committed();
    } catch (error) {
      this.log.undone();
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      for (const { room, count } of counts) room.count = count;
      const why = storeError(error, this.path);
      for (const { settle } of batch) settle(why, []);
      return;
    }
    for (const [i, { settle }] of batch.entries()) settle(null, fates[i]);
  }

  private write(room: HubRoom, { place, message }: PeerSaid): PeerFate {
    if (place === null) throw new Error("bug: a hub gives no numbers");
    if (message === null) {
      this.log.mark(room.id, place);
      return "known";
    }
    const { stream, seq } = this.log.place(room.id, place);
    const nowMs = this.clock.unixMs();
    const { changes } = this.sql.add.run(
      ...[room.id, message.origin, message.payload, nowMs, stream, seq, Math.round(nowMs - message.ageMs)],
    );
    if (changes === 0) return "known";
    room.count++;
    return "new";
  }

  /** It does not know their dates: those that are oldest by their age go first. */
  private prune(room: HubRoom): void {
    const tooMany = room.count - this.limits.maxMessages;
    if (tooMany <= 0) return;
    this.sql.prune.run(room.id, tooMany);
    room.count -= tooMany;
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(error, this.path);
    }
  }
}

/** A room that this server has no key of. Of a message, `origin` is what key holders call it, and the payload is sealed. */
export class HubShelf implements Shelf {
  readonly name: string;
  readonly stream = null;
  private readonly room: HubRoom;
  private readonly store: HubStore;

  constructor(room: HubRoom, store: HubStore) {
    // No room of this server can have such a name.
    this.name = `\0${room.name}`;
    this.room = room;
    this.store = store;
  }

  vector(): Vector {
    return this.store.vector(this.room);
  }

  told(): Vector {
    return this.vector();
  }

  rows(after: number, last: number, limit: number): LogRow[] {
    return this.store.rows(this.room, after, last, limit);
  }

  count(after: number, last: number): number {
    return this.store.count(this.room, after, last);
  }

  lastRow(): number {
    return this.store.lastRow();
  }

  rowBefore(known: Vector): number {
    return this.store.rowBefore(this.room, known);
  }

  highest(stream: string): number {
    return this.store.highest(this.room, stream);
  }

  settled(stream: string, known: number, after: number): number {
    return this.store.settled(this.room, stream, known, after);
  }

  pack(room: number, rows: readonly LogRow[], nowMs: number): WireMessage {
    const entries = rows.map(({ stream, seq, guid, bornAt, payload }) => ({
      ...{ stream, seq, ageMs: ageOf(bornAt, nowMs), id: guid, bytes: new Uint8Array(payload) },
    }));
    return { name: "sealed", room, entries };
  }

  unpack(message: Packed): PeerSaid[] {
    if (message.name !== "sealed") throw wrongKind();
    return message.entries.map(({ stream, seq, ageMs, id, bytes }) => ({
      place: { stream, seq } satisfies Place,
      message: { payload: bytes, origin: id, ageMs },
    }));
  }

  take(said: readonly PeerSaid[], settle: (error: unknown, fates: PeerFate[]) => void): void {
    this.store.take({ room: this.room, said, settle });
  }
}

function prepare(db: Database) {
  return {
    rooms: db.prepare("SELECT id, name, bringer FROM rooms"),
    addRoom: db.prepare("INSERT INTO rooms (name, bringer) VALUES (?, ?)"),
    countMessages: db.prepare("SELECT count(*) AS n FROM messages WHERE room = ?"),
    add: db.prepare(
      `INSERT OR IGNORE INTO messages (room, guid, origin, payload, received_at, stream, seq, born_at)
        VALUES (?, ?, '', ?, ?, ?, ?, ?)`,
    ),
    prune: db.prepare(
      "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE room = ? ORDER BY born_at, id LIMIT ?)",
    ),
  };
}
