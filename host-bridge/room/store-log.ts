import { randomBytes } from "node:crypto";
import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";

/** Where a message stands in the log of the run of a server that took it in: 16 hex digits, and a number from 1 on. */
export interface Place {
  stream: string;
  seq: number;
}

/** A message of the log, as another server is told it. */
export interface LogRow extends Place {
  /** Grows in the order of arrival here. */
  id: number;
  guid: string;
  origin: string;
  payload: Uint8Array;
  /** Unix milliseconds by our clock at which it came into the first server. */
  bornAt: number;
}

/** Stream -> every message of it up to this number is here, was here, or will never be. */
export type Vector = ReadonlyMap<string, number>;

type Numbers = Map<string, number>;
type StoredRow = Omit<LogRow, "stream"> & { stream: number };

/**
 * The order in which messages came in, and what this server has of each stream. A *stream* is one run of one server: it begins
 * with the first message after each start, so that a server whose file is older than what it has told others never gives a
 * number twice. Changes are part of the caller's transaction: save() within it, then committed() or undone().
 */
export class StoreLog {
  /** This run's. */
  readonly own = randomBytes(8).toString("hex");
  private readonly sql: ReturnType<typeof prepare>;
  private readonly ids = new Map<string, number>();
  private readonly names = new Map<number, string>();
  private readonly vectors = new Map<number, Numbers>();
  private changed = new Map<number, Numbers>();
  private newIds: string[] = [];

  constructor(db: Database) {
    this.sql = prepare(db);
    for (const { id, name } of this.sql.streams.all() as { id: number; name: string }[]) this.know(name, id);
  }

  /** What the messages of a room have, with what is not committed yet left out. */
  vector(room: number): Vector {
    return this.numbers(room);
  }

  /** The row of a new message: its stream's row and number. */
  place(room: number, place: Place): { stream: number; seq: number } {
    this.skip(room, place);
    return { stream: this.idOf(place.stream), seq: place.seq };
  }

  /** Where a message stands that is new: with no place given, at the end of this run. */
  placeOf(room: number, place: Place | undefined): Place {
    return place ?? { stream: this.own, seq: this.reached(room, this.own) + 1 };
  }

  /** The row of a stream. */
  rowOf(stream: string): number {
    return this.idOf(stream);
  }

  /** This server is through with the message, be it here or not. The number only moves where nothing is left out. */
  skip(room: number, { stream, seq }: Place): void {
    const reached = this.reached(room, stream);
    if (seq === reached + 1) this.set(room, stream, seq);
    else if (reached === 0) this.set(room, stream, 0);
  }

  /** Everything of the stream up to the number came before, or will never. */
  mark(room: number, { stream, seq }: Place): void {
    if (seq > this.reached(room, stream)) this.set(room, stream, seq);
  }

  save(): void {
    for (const [room, numbers] of this.changed) {
      for (const [stream, seq] of numbers) this.sql.setVector.run(room, this.idOf(stream), seq);
    }
  }

  committed(): void {
    for (const [room, numbers] of this.changed) {
      const all = this.numbers(room);
      for (const [stream, seq] of numbers) all.set(stream, seq);
    }
    this.changed = new Map();
    this.newIds = [];
  }

  undone(): void {
    for (const name of this.newIds) this.ids.delete(name);
    this.changed = new Map();
    this.newIds = [];
  }

  /** Messages of a room after one row and up to another, in the order of arrival. */
  rows(room: number, after: number, last: number, limit: number): LogRow[] {
    // Field by field: spreading what SQLite gives costs as much again as reading it.
    return (this.sql.rows.all(room, after, last, limit) as StoredRow[]).map(
      ({ id, guid, origin, payload, stream, seq, bornAt }) => {
        return { id, guid, origin, payload, stream: this.names.get(stream) ?? "", seq, bornAt };
      },
    );
  }

  /** The row before the first one, of those after `after`, that is not of this stream up to this number; `last` without one. */
  passed(room: number, after: number, last: number, { stream, seq }: Place): number {
    const row = this.sql.other.get(room, after, last, this.ids.get(stream) ?? 0, seq) as { id: number } | undefined;
    return row === undefined ? last : row.id - 1;
  }

  count(room: number, after: number, last: number): number {
    return (this.sql.count.get(room, after, last) as { n: number }).n;
  }

  highest(room: number, stream: string): number {
    const id = this.ids.get(stream);
    return id === undefined ? 0 : ((this.sql.highest.get(room, id) as { seq: number | null }).seq ?? 0);
  }

  /** The row before the first one that somebody with this vector does not have; `last` when there is none. */
  before(room: number, known: Vector, last: number): number {
    let first = last + 1;
    for (const stream of this.numbers(room).keys()) {
      const { id } = this.sql.firstAbove.get(room, this.idOf(stream), known.get(stream) ?? 0) as { id: number | null };
      if (id !== null) first = Math.min(first, id);
    }
    return first - 1;
  }

  /**
   * What may be said to somebody who got every row up to `after` (and has what `known` says): everything of the stream up to
   * the returned number was said or is gone.
   */
  settled(room: number, stream: string, known: number, after: number): number {
    const reached = this.numbers(room).get(stream) ?? 0;
    const { seq } = this.sql.lowestAfter.get(room, this.idOf(stream), known, after) as { seq: number | null };
    return seq === null ? reached : Math.min(reached, seq - 1);
  }

  /** The last row of all rooms. */
  last(): number {
    return (this.sql.last.get() as { id: number | null }).id ?? 0;
  }

  /** 32 hex digits; made at the first call. */
  serverId(): string {
    this.sql.addFact.run("server_id", randomBytes(16).toString("hex"));
    return (this.sql.fact.get("server_id") as { value: string }).value;
  }

  private reached(room: number, stream: string): number {
    return this.changed.get(room)?.get(stream) ?? this.numbers(room).get(stream) ?? 0;
  }

  private set(room: number, stream: string, seq: number): void {
    const numbers = this.changed.get(room) ?? new Map();
    this.changed.set(room, numbers);
    numbers.set(stream, seq);
  }

  private numbers(room: number): Numbers {
    let numbers = this.vectors.get(room);
    if (numbers === undefined) {
      const rows = this.sql.vector.all(room) as { stream: string; seq: number }[];
      numbers = new Map(rows.map(({ stream, seq }) => [stream, seq]));
      this.vectors.set(room, numbers);
    }
    return numbers;
  }

  private know(stream: string, id: number): void {
    this.ids.set(stream, id);
    this.names.set(id, stream);
  }

  private idOf(stream: string): number {
    let id = this.ids.get(stream);
    if (id === undefined) {
      id = Number(this.sql.addStream.run(stream).lastInsertRowid);
      this.know(stream, id);
      this.newIds.push(stream);
    }
    return id;
  }
}

function prepare(db: Database) {
  return {
    streams: db.prepare("SELECT id, name FROM streams"),
    addStream: db.prepare("INSERT INTO streams (name) VALUES (?)"),
    vector: db.prepare("SELECT name AS stream, seq FROM vectors JOIN streams ON streams.id = stream WHERE room = ?"),
    setVector: db.prepare("INSERT OR REPLACE INTO vectors (room, stream, seq) VALUES (?, ?, ?)"),
    rows: db.prepare(
      `SELECT id, guid, origin, payload, stream, seq, coalesce(born_at, received_at) AS bornAt
        FROM messages WHERE room = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?`,
    ),
    other: db.prepare(
      `SELECT id FROM messages WHERE room = ? AND id > ? AND id <= ? AND NOT (stream = ? AND seq <= ?) ORDER BY id LIMIT 1`,
    ),
    count: db.prepare("SELECT count(*) AS n FROM messages WHERE room = ? AND id > ? AND id <= ?"),
    highest: db.prepare("SELECT max(seq) AS seq FROM messages WHERE room = ? AND stream = ?"),
    firstAbove: db.prepare("SELECT min(id) AS id FROM messages WHERE room = ? AND stream = ? AND seq > ?"),
    lowestAfter: db.prepare(
      "SELECT min(seq) AS seq FROM messages WHERE room = ? AND stream = ? AND seq > ? AND id > ?",
    ),
    addFact: db.prepare("INSERT OR IGNORE INTO facts (name, value) VALUES (?, ?)"),
    fact: db.prepare("SELECT value FROM facts WHERE name = ?"),
    last: db.prepare("SELECT max(id) AS id FROM messages"),
  };
}
