import { join } from "node:path";
import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import type { HookShelf, StoredHook } from "../alerts/webhook.ts";
import { RoomError } from "../errors.ts";
import { withSqliteFile } from "../room/sqlite-file.ts";
import { guarded, storeError } from "../room/store-errors.ts";
import type { Habit } from "./habit.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS nodes (
  node_id TEXT PRIMARY KEY,               -- the public key, 64 hex digits
  name TEXT NOT NULL,
  type INTEGER NOT NULL,                  -- as in the advert
  lat_e6 INTEGER,
  lon_e6 INTEGER,
  first_at INTEGER,                       -- Unix milliseconds, ours; NULL: the clock was not set
  last_at INTEGER,
  rssi REAL,                              -- of the last advert, as the next four
  snr REAL,
  hops INTEGER NOT NULL,
  path TEXT NOT NULL,                     -- hashes of the repeaters, comma separated
  board TEXT NOT NULL,
  timestamp INTEGER NOT NULL,             -- of the last advert, by the node's clock
  adverts INTEGER NOT NULL,
  battery_mv INTEGER,
  heard_at INTEGER NOT NULL,              -- milliseconds listened, as the next
  silent_at INTEGER,                      -- since when it is reported as silent
  habit TEXT NOT NULL                     -- habit.ts, JSON
) STRICT, WITHOUT ROWID;

-- Alerts that the webhook has not taken yet.
CREATE TABLE IF NOT EXISTS hooks (
  n INTEGER PRIMARY KEY AUTOINCREMENT,    -- their order
  id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL,                      -- the same for an alert and its end
  body TEXT NOT NULL
) STRICT;

-- What this server knows of itself: milliseconds listened.
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
const VERSION = 2;
const LISTENED = "listened_ms";
const COLUMNS = [
  ...["node_id", "name", "type", "lat_e6", "lon_e6", "first_at", "last_at", "rssi", "snr", "hops", "path", "board"],
  ...["timestamp", "adverts", "battery_mv", "heard_at", "silent_at", "habit"],
];

/** A node as the file has it, path and habit apart. */
export interface StoredNode {
  id: string;
  name: string;
  type: number;
  latE6: number | null;
  lonE6: number | null;
  firstAt: number | null;
  lastAt: number | null;
  rssi: number | null;
  snr: number | null;
  hops: number;
  path: string[];
  board: string;
  timestamp: number;
  adverts: number;
  batteryMv: number | null;
  heardAt: number;
  silentAt: number | null;
  habit: Habit;
}

type Row = Omit<StoredNode, "path" | "habit"> & { path: string; habit: string };

/** nodes.sqlite in `dataDir`, which this process has to itself (room/store.ts). Failures are RoomErrors `store_...`. */
export class NodeStore implements HookShelf {
  private readonly db: Database;
  private readonly path: string;
  private readonly sql: ReturnType<typeof prepare>;

  private constructor(db: Database, path: string) {
    this.db = db;
    this.path = path;
    this.sql = prepare(db);
  }

  static open(dataDir: string): NodeStore {
    const path = join(dataDir, "nodes.sqlite");
    try {
      return withSqliteFile(
        {
          ...{ path, schema: SCHEMA, version: VERSION },
          // A power cut may cost the last seconds, never the file.
          pragmas: "PRAGMA synchronous = NORMAL",
          newer: (message) =>
            new RoomError("store_newer", message, {
              hint: "update meshcore-room, or move the file away: nodes are found again",
            }),
        },
        (db) => new NodeStore(db, path),
      );
    } catch (error) {
      throw storeError(error, path);
    }
  }

  load(): { nodes: StoredNode[]; listenedMs: number } {
    return this.guard(() => {
      const rows = this.sql.all.all() as unknown as Row[];
      const fact = this.sql.fact.get(LISTENED) as { value: string } | undefined;
      const nodes = rows.map((row) => ({
        ...row,
        path: row.path === "" ? [] : row.path.split(","),
        habit: JSON.parse(row.habit) as Habit,
      }));
      return { nodes, listenedMs: Number(fact?.value ?? 0) };
    });
  }

  /** All of it or nothing. */
  save(nodes: readonly StoredNode[], gone: readonly string[], listenedMs: number): void {
    this.guard(() => {
      this.db.exec("BEGIN IMMEDIATE");
      try {
        for (const id of gone) this.sql.remove.run(id);
        for (const { habit, path, ...one } of nodes) {
          this.sql.put.run(
            ...[one.id, one.name, one.type, one.latE6, one.lonE6, one.firstAt, one.lastAt, one.rssi, one.snr],
            ...[one.hops, path.join(","), one.board, one.timestamp, one.adverts, one.batteryMv],
            ...[Math.round(one.heardAt), one.silentAt === null ? null : Math.round(one.silentAt)],
            JSON.stringify(habit),
          );
        }
        this.sql.setFact.run(LISTENED, String(Math.round(listenedMs)));
        this.db.exec("COMMIT");
      } catch (error) {
        if (this.db.isTransaction) this.db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  hooks(): StoredHook[] {
    return this.guard(() => (this.sql.hooks.all() as unknown as StoredHook[]).map((row) => ({ ...row })));
  }

  addHook({ id, key, body }: StoredHook): void {
    this.guard(() => this.sql.addHook.run(id, key, body));
  }

  removeHook(id: string): void {
    this.guard(() => this.sql.removeHook.run(id));
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }

  private guard<T>(work: () => T): T {
    return guarded(this.path, work);
  }
}

function prepare(db: Database) {
  return {
    all: db.prepare(
      `SELECT node_id AS id, name, type, lat_e6 AS latE6, lon_e6 AS lonE6, first_at AS firstAt, last_at AS lastAt,
        rssi, snr, hops, path, board, timestamp, adverts, battery_mv AS batteryMv, heard_at AS heardAt,
        silent_at AS silentAt, habit FROM nodes`,
    ),
    put: db.prepare(
      `INSERT OR REPLACE INTO nodes (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`,
    ),
    remove: db.prepare("DELETE FROM nodes WHERE node_id = ?"),
    hooks: db.prepare("SELECT id, key, body FROM hooks ORDER BY n"),
    addHook: db.prepare("INSERT INTO hooks (id, key, body) VALUES (?, ?, ?)"),
    removeHook: db.prepare("DELETE FROM hooks WHERE id = ?"),
    fact: db.prepare("SELECT value FROM facts WHERE name = ?"),
    setFact: db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"),
  };
}
