import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";

/** What must be there, whatever version the file has. Runs at each start. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS rooms (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order of arrival; never used again after pruning
  room INTEGER NOT NULL REFERENCES rooms (id),
  guid TEXT NOT NULL UNIQUE,
  payload BLOB NOT NULL,                  -- the MeshCore payload as it is on air
  sender TEXT NOT NULL,
  text TEXT NOT NULL,
  timestamp INTEGER NOT NULL,             -- Unix seconds, the sender's clock
  received_at INTEGER NOT NULL,           -- Unix milliseconds, ours
  via TEXT NOT NULL,
  origin TEXT NOT NULL,
  rssi INTEGER,                           -- dBm
  snr REAL,                               -- dB
  hops INTEGER,
  board TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_room ON messages (room, id);

-- Outlives the messages: what a board sends again after its message was pruned is not new.
CREATE TABLE IF NOT EXISTS seen (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  room INTEGER NOT NULL REFERENCES rooms (id),
  guid TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX IF NOT EXISTS seen_by_room ON seen (room, id);

-- How far each board's ring is in the store. A ring is one boot of the board and one key of the room.
CREATE TABLE IF NOT EXISTS cursors (
  board TEXT NOT NULL,
  room INTEGER NOT NULL REFERENCES rooms (id),
  boot_id INTEGER NOT NULL,
  key_check INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (board, room)
) STRICT, WITHOUT ROWID;

-- Posts that no board has sent yet. The payload is kept here too, because history may be shorter than the wait.
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  room INTEGER NOT NULL REFERENCES rooms (id),
  guid TEXT NOT NULL UNIQUE,
  payload BLOB NOT NULL
) STRICT;
`;

/** Row n brings a file of version n to n + 1. Only ever append. Version 0 is an empty file. */
const MIGRATIONS: readonly string[] = [""];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the file to this version's schema, in one transaction.
 * Throws RoomError `store_newer` for a file that a newer version has written.
 */
export function applySchema(db: Database, path: string, migrations: readonly string[] = MIGRATIONS): void {
  const { user_version: found } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  if (found > migrations.length) {
    throw new RoomError("store_newer", `${path} was written by a newer version of meshcore-room`, {
      expected: `schema version ${migrations.length} or older`,
      found: `schema version ${found}`,
      hint: "update meshcore-room, or set data_dir to another directory",
    });
  }
  db.exec("BEGIN IMMEDIATE");
  db.exec(SCHEMA);
  for (const sql of migrations.slice(found)) db.exec(sql);
  db.exec(`PRAGMA user_version = ${migrations.length}`);
  db.exec("COMMIT");
}
