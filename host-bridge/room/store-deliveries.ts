import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import type { Via, WireMessage } from "./message.ts";
import { guarded } from "./store-errors.ts";

/** A message of any room, configured or not, with its place in the order of arrival. */
export interface Arrival {
  id: number;
  message: WireMessage;
}

/**
 * The history as an outbox: of each receiver, up to which message it has everything. What pruning takes away before a receiver had
 * it is a gap in the numbers. Every failure is a RoomError `store_...`.
 */
export class Deliveries {
  private readonly path: string;
  private readonly sql: ReturnType<typeof prepare>;

  constructor(db: Database, path: string) {
    this.path = path;
    this.sql = prepare(db);
  }

  /** These and no others are the receivers from now on; one that is new has all that came before. Returns where each is. */
  keep(names: readonly string[]): Map<string, number> {
    return this.guard(() => {
      this.sql.forget.run(JSON.stringify(names));
      for (const name of names) this.sql.begin.run(name, this.last());
      return this.places(names);
    });
  }

  /** The same without writing, for a disk that takes nothing now. */
  places(names: readonly string[]): Map<string, number> {
    return this.guard(() => {
      const rows = this.sql.all.all() as { name: string; lastId: number }[];
      const known = new Map(rows.map((row) => [row.name, row.lastId]));
      return new Map(names.map((name) => [name, known.get(name) ?? this.last()]));
    });
  }

  /** The receiver has everything up to this number. Durable on return. */
  save(name: string, lastId: number): void {
    this.guard(() => this.sql.save.run(name, lastId));
  }

  /** The next messages of all rooms after a number, in the order of arrival. */
  after(id: number, limit: number): Arrival[] {
    const rows = this.guard(() => this.sql.after.all(id, limit)) as Row[];
    return rows.map(({ id, room, guid, sender, text, timestamp, origin, via, rssi, snr, hops }) => ({
      id,
      message: { type: "message", room, guid, sender, text, timestamp, origin, via, rssi, snr, hops },
    }));
  }

  /** The highest number that was ever given. */
  last(): number {
    return this.guard(() => (this.sql.last.get() as { seq: number } | undefined)?.seq ?? 0);
  }

  private guard<T>(work: () => T): T {
    return guarded(this.path, work);
  }
}

interface Row extends Omit<WireMessage, "type" | "receptions"> {
  id: number;
  via: Via;
}

/** An import brings back what was there before: whoever had everything has it still. Part of the import's transaction. */
export function skipImported(db: Database, work: () => void): void {
  const last = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'messages'");
  const number = (): number => (last.get() as { seq: number } | undefined)?.seq ?? 0;
  const before = number();
  work();
  db.prepare("UPDATE deliveries SET last_id = ? WHERE last_id = ?").run(number(), before);
}

function prepare(db: Database) {
  return {
    forget: db.prepare("DELETE FROM deliveries WHERE name NOT IN (SELECT value FROM json_each(?))"),
    begin: db.prepare("INSERT OR IGNORE INTO deliveries (name, last_id) VALUES (?, ?)"),
    all: db.prepare("SELECT name, last_id AS lastId FROM deliveries"),
    save: db.prepare("INSERT OR REPLACE INTO deliveries (name, last_id) VALUES (?, ?)"),
    after: db.prepare(
      `SELECT messages.id, rooms.name AS room, guid, sender, text, timestamp, origin, via, rssi, snr, hops
        FROM messages JOIN rooms ON rooms.id = messages.room WHERE messages.id > ? ORDER BY messages.id LIMIT ?`,
    ),
    last: db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'messages'"),
  };
}
