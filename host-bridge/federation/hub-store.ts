import { join } from "node:path";
import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { PeerFate, PeerSaid } from "../room/rooms.ts";
import { withSqliteFile } from "../room/sqlite-file.ts";
import { guarded, storeError } from "../room/store-errors.ts";
import { type LogRow, type Place, StoreLog, type Vector } from "../room/store-log.ts";
import type { BackboneRecord, SealedMessage } from "./backbone-wire.ts";
import { HubShelf } from "./hub-shelf.ts";
import type { Position, Stock } from "./stock.ts";

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
CREATE TABLE IF NOT EXISTS missing (message INTEGER PRIMARY KEY) STRICT;  -- not in the backbone's stream, as far as it is read
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS vectors (
  room INTEGER NOT NULL REFERENCES rooms (id),
  stream INTEGER NOT NULL REFERENCES streams (id),
  seq INTEGER NOT NULL,
  PRIMARY KEY (room, stream)
) STRICT, WITHOUT ROWID;
`;
const VERSION = 2;
/** How far the backbone's stream is read, as JSON. */
const POSITION = "backbone";

export interface HubLimits {
  maxRooms: number;
  /** Peers with the same secret count as one. */
  maxRoomsPerPeer: number;
  /** Of each room. */
  maxMessages: number;
}

export interface HubRoom {
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

/** What takes messages instead of the database, and brings them to it later. */
export interface Carrier {
  take(
    room: { name: string; bringer: string },
    said: readonly PeerSaid[],
    settle: (error: unknown, fates: PeerFate[]) => void,
  ): void;
}

/** Rooms whose keys this server does not have. What comes within one turn of the event loop shares one transaction. */
export class HubStore implements Stock {
  /** Null where this hub is by itself. */
  carrier: Carrier | null = null;
  private readonly db: Database;
  private readonly path: string;
  private readonly limits: HubLimits;
  private readonly clock: Clock;
  private readonly log: StoreLog;
  private readonly sql: ReturnType<typeof prepare>;
  private readonly byName = new Map<string, HubRoom>();
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
      this.byName.set(row.name, { ...row, count });
    }
  }

  /** Opens or creates hub.sqlite in `dataDir`, which this process has to itself (store.ts). Throws RoomError `store_...`. */
  static open(dataDir: string, limits: HubLimits, clock: Clock): HubStore {
    const path = join(dataDir, "hub.sqlite");
    try {
      return withSqliteFile(
        {
          ...{ path, schema: SCHEMA, version: VERSION },
          pragmas: "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
          newer: (message) =>
            new RoomError("store_newer", message, {
              hint: "update meshcore-room, or move the file away: members bring what they have",
            }),
        },
        (db) => new HubStore(db, path, limits, clock),
      );
    } catch (error) {
      throw storeError(error, path);
    }
  }

  /** The room that key holders call so; null when there is no place for one more. `bringer` names the peer's secret. */
  room(name: string, bringer: string): HubShelf | null {
    let room = this.byName.get(name);
    if (room === undefined) {
      const brought = [...this.byName.values()].filter((one) => one.bringer === bringer).length;
      if (this.byName.size >= this.limits.maxRooms || brought >= this.limits.maxRoomsPerPeer) return null;
      room = this.guard(() => this.addRoom(name, bringer));
    }
    return new HubShelf(room, this);
  }

  rooms(): { name: string; bringer: string }[] {
    return [...this.byName.values()];
  }

  vector(name: string): Vector {
    const room = this.byName.get(name);
    return room === undefined ? new Map() : this.guard(() => this.log.vector(room.id));
  }

  has(name: string, id: string): boolean {
    const room = this.byName.get(name);
    return room !== undefined && this.guard(() => this.sql.message.get(room.id, id)) !== undefined;
  }

  isTooOld(name: string, bornAt: number): boolean {
    const room = this.byName.get(name);
    if (room === undefined || room.count < this.limits.maxMessages) return false;
    const { oldest } = this.guard(() => this.sql.oldest.get(room.id)) as { oldest: number | null };
    return oldest !== null && bornAt < oldest;
  }

  position(): Position | null {
    const row = this.guard(() => this.sql.fact.get(POSITION)) as { value: string } | undefined;
    return row === undefined ? null : (JSON.parse(row.value) as Position);
  }

  begin(created: string): void {
    this.commit(() => {
      this.db.exec("INSERT OR IGNORE INTO missing SELECT id FROM messages");
      this.setPosition({ created, seq: 0, timeMs: 0 });
    });
  }

  /** From now on this hub is by itself: what comes is in no stream. */
  forgetPosition(): void {
    this.guard(() => this.sql.removeFact.run(POSITION));
  }

  missing(limit: number): (SealedMessage & { room: string })[] {
    const rows = this.guard(() => this.sql.missing.all(limit)) as (SealedMessage & { room: string })[];
    return rows.map((row) => ({ ...row, bytes: new Uint8Array(row.bytes) }));
  }

  complete(): void {
    this.guard(() => this.db.exec("DELETE FROM missing"));
  }

  apply(records: readonly BackboneRecord[], position: Position): Map<string, Set<string>> {
    const moved = new Map<string, Set<string>>();
    this.commit(() => {
      const touched = new Set<HubRoom>();
      for (const record of records) {
        const bringer = record.kind === "room" ? record.bringer : "";
        const room = this.byName.get(record.room) ?? this.addRoom(record.room, bringer);
        touched.add(room);
        const streams = moved.get(`\0${room.name}`) ?? new Set();
        moved.set(`\0${room.name}`, streams);
        for (const { stream } of this.writeRecord(room, record)) streams.add(stream);
      }
      for (const room of touched) this.prune(room);
      this.setPosition(position);
    });
    return moved;
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
    if (this.carrier !== null) this.carrier.take(waiting.room, waiting.said, waiting.settle);
    else {
      this.waiting.push(waiting);
      this.immediate ??= setImmediate(() => this.flush());
    }
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
    let fates: PeerFate[][] = [];
    try {
      fates = this.commit(() => {
        const all = batch.map(({ room, said }) => said.map((one) => this.write(room, one)));
        for (const room of new Set(batch.map((one) => one.room))) this.prune(room);
        return all;
      });
    } catch (error) {
      for (const { settle } of batch) settle(error, []);
      return;
    }
    for (const [i, { settle }] of batch.entries()) settle(null, fates[i]);
  }

  /** All of it or nothing. Throws RoomError `store_...`. */
  private commit<T>(work: () => T): T {
    const before = [...this.byName.values()].map((room) => ({ room, count: room.count }));
    try {
      this.db.exec("BEGIN IMMEDIATE");
      const result = work();
      this.log.save();
      this.db.exec("COMMIT");
      this.log.committed();
      return result;
    } catch (error) {
      this.log.undone();
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      this.byName.clear();
      for (const { room, count } of before) this.byName.set(room.name, Object.assign(room, { count }));
      throw storeError(error, this.path);
    }
  }

  private write(room: HubRoom, { place, message }: PeerSaid): PeerFate {
    if (place === null) throw new Error("bug: a hub gives no numbers");
    if (message === null) {
      this.log.mark(room.id, place);
      return "known";
    }
    const bornAt = Math.round(this.clock.unixMs() - message.ageMs);
    return this.add(room, { ...place, bornAt, id: message.origin, bytes: message.payload }) ? "new" : "known";
  }

  /** Returns the numbers it is about. */
  private writeRecord(room: HubRoom, record: BackboneRecord): readonly Place[] {
    switch (record.kind) {
      case "message": {
        if (!this.add(room, record)) this.sql.found.run(room.id, record.id);
        this.follow(room, record);
        return [record];
      }
      case "places":
        for (const place of record.places) {
          this.log.skip(room.id, place);
          this.follow(room, place);
        }
        return record.places;
      case "marks":
        for (const place of record.places) this.log.mark(room.id, place);
        return record.places;
      case "room":
        if (room.bringer !== "") return [];
        room.bringer = record.bringer;
        this.sql.setBringer.run(record.bringer, room.id);
        return [];
    }
  }

  /** NATS may have stored the next ones first: the number goes on to where one is missing. */
  private follow(room: HubRoom, { stream, seq }: Place): void {
    for (let next = seq + 1; this.sql.at.get(room.id, stream, next) !== undefined; next++) {
      this.log.skip(room.id, { stream, seq: next });
    }
  }

  private add(room: HubRoom, { stream, seq, bornAt, id, bytes }: SealedMessage): boolean {
    const place = this.log.place(room.id, { stream, seq });
    const nowMs = this.clock.unixMs();
    const { changes } = this.sql.add.run(room.id, id, bytes, nowMs, place.stream, place.seq, bornAt);
    if (changes > 0) room.count++;
    return changes > 0;
  }

  private addRoom(name: string, bringer: string): HubRoom {
    const { lastInsertRowid } = this.sql.addRoom.run(name, bringer);
    const room = { id: Number(lastInsertRowid), name, bringer, count: 0 };
    this.byName.set(name, room);
    return room;
  }

  private setPosition(position: Position): void {
    this.sql.setFact.run(POSITION, JSON.stringify(position));
  }

  /** It does not know their dates: those that are oldest by their age go first. */
  private prune(room: HubRoom): void {
    const tooMany = room.count - this.limits.maxMessages;
    if (tooMany <= 0) return;
    this.sql.prune.run(room.id, tooMany);
    room.count -= tooMany;
  }

  private guard<T>(work: () => T): T {
    return guarded(this.path, work);
  }
}

function prepare(db: Database) {
  return {
    rooms: db.prepare("SELECT id, name, bringer FROM rooms"),
    setBringer: db.prepare("UPDATE rooms SET bringer = ? WHERE id = ?"),
    message: db.prepare("SELECT id FROM messages WHERE room = ? AND guid = ?"),
    oldest: db.prepare("SELECT min(born_at) AS oldest FROM messages WHERE room = ?"),
    at: db.prepare(
      "SELECT id FROM messages WHERE room = ? AND stream = (SELECT id FROM streams WHERE name = ?) AND seq = ? LIMIT 1",
    ),
    found: db.prepare("DELETE FROM missing WHERE message = (SELECT id FROM messages WHERE room = ? AND guid = ?)"),
    missing: db.prepare(
      `SELECT rooms.name AS room, streams.name AS stream, seq, born_at AS bornAt, guid AS id, payload AS bytes
        FROM missing JOIN messages ON messages.id = missing.message JOIN rooms ON rooms.id = messages.room
        JOIN streams ON streams.id = messages.stream ORDER BY messages.id LIMIT ?`,
    ),
    fact: db.prepare("SELECT value FROM facts WHERE name = ?"),
    setFact: db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"),
    removeFact: db.prepare("DELETE FROM facts WHERE name = ?"),
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
