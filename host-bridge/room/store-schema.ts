import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";

/** The whole schema of this version: what an empty file gets, and whatever an older file lacks after its migrations. */
const SCHEMA = `
-- A room that is not configured (any more), or an archive, is a row whose name no configured room has.
CREATE TABLE IF NOT EXISTS rooms (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  key_check INTEGER                       -- of the key it had last; NULL where a version that did not note it wrote the file
) STRICT;

CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order of arrival; never used again
  room INTEGER NOT NULL REFERENCES rooms (id),
  guid TEXT NOT NULL UNIQUE,
  payload BLOB NOT NULL,                  -- the MeshCore payload as it is on air
  sender TEXT NOT NULL,
  text TEXT NOT NULL,
  timestamp INTEGER NOT NULL,             -- Unix seconds, the sender's clock
  received_at INTEGER NOT NULL,           -- Unix milliseconds, ours
  via TEXT NOT NULL,
  origin TEXT NOT NULL,
  rssi INTEGER,                           -- dBm, as the first board heard it
  snr REAL,                               -- dB
  hops INTEGER,
  board TEXT,
  stream INTEGER,                         -- its place in the log that servers tell each other
  seq INTEGER,
  born_at INTEGER                         -- Unix ms by our clock at which it came into the first server; NULL: when it came here
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_room ON messages (room, id);
-- The order in which people read: the same at every server.
CREATE INDEX IF NOT EXISTS messages_by_time ON messages (room, timestamp, guid);
CREATE INDEX IF NOT EXISTS messages_by_place ON messages (room, stream, seq);

-- Which boards heard a message on the air, and how.
CREATE TABLE IF NOT EXISTS receptions (
  message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE ON UPDATE CASCADE,
  board TEXT NOT NULL,
  heard_at INTEGER NOT NULL,              -- Unix milliseconds, ours
  rssi INTEGER,                           -- NULL where the board does not say
  snr REAL,
  hops INTEGER NOT NULL,
  PRIMARY KEY (message, board)
) STRICT, WITHOUT ROWID;

-- What this server knows of itself.
CREATE TABLE IF NOT EXISTS facts (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Trigrams find any part of a word in any script. The texts themselves stay in messages.
CREATE VIRTUAL TABLE IF NOT EXISTS messages_fts
  USING fts5 (sender, text, content = 'messages', content_rowid = 'id', columnsize = 0, tokenize = 'trigram');
-- While it is behind (store-search.ts), the fact says up to which row it has them.
CREATE TRIGGER IF NOT EXISTS messages_fts_insert AFTER INSERT ON messages
  WHEN NOT EXISTS (SELECT 1 FROM facts WHERE name = 'searched_to')
BEGIN
  INSERT INTO messages_fts (rowid, sender, text) VALUES (new.id, new.sender, new.text);
END;
CREATE TRIGGER IF NOT EXISTS messages_fts_delete AFTER DELETE ON messages
  WHEN old.id <= coalesce((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'searched_to'), old.id)
BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, sender, text) VALUES ('delete', old.id, old.sender, old.text);
END;

-- Of messages that were pruned: what a board or a peer sends again then is not new. A file of version 3 has those of the others too.
CREATE TABLE IF NOT EXISTS seen (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  room INTEGER NOT NULL REFERENCES rooms (id),
  guid TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX IF NOT EXISTS seen_by_room ON seen (room, id);

-- One run of one server each, by the name that servers have for it (store-log.ts).
CREATE TABLE IF NOT EXISTS streams (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE               -- 16 hex digits, by chance
) STRICT;

-- Every message of the stream up to this number is here, was here, or will never be.
CREATE TABLE IF NOT EXISTS vectors (
  room INTEGER NOT NULL REFERENCES rooms (id),
  stream INTEGER NOT NULL REFERENCES streams (id),
  seq INTEGER NOT NULL,
  PRIMARY KEY (room, stream)
) STRICT, WITHOUT ROWID;

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

-- Up to which message each MQTT broker has everything (store-deliveries.ts).
CREATE TABLE IF NOT EXISTS deliveries (
  name TEXT PRIMARY KEY,                  -- of the receiver
  last_id INTEGER NOT NULL                -- of messages; it may have been pruned
) STRICT, WITHOUT ROWID;

-- What messages of peers have used of the air lately, so that a restart does not give it to them again.
CREATE TABLE IF NOT EXISTS air_spent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  room TEXT NOT NULL,                     -- its name
  channel TEXT NOT NULL,                  -- frequency, bandwidth and spreading factor of the boards
  air_ms INTEGER NOT NULL,
  ended_at INTEGER NOT NULL               -- Unix milliseconds, ours
) STRICT;
`;

interface Migration {
  /** Before the schema is completed: what changes tables that are there. */
  before: string;
  /** After it: what fills new tables. */
  after: string;
}

/** Row n brings a file of version n + 1 to n + 2. Only ever append. An empty file has the schema at once. */
const MIGRATIONS: readonly Migration[] = [
  {
    before: "ALTER TABLE rooms ADD COLUMN key_check INTEGER",
    after: `
      INSERT INTO receptions (message, board, heard_at, rssi, snr, hops)
        SELECT id, board, received_at, rssi, snr, hops FROM messages
        WHERE board IS NOT NULL AND rssi IS NOT NULL AND snr IS NOT NULL AND hops IS NOT NULL;
      INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')`,
  },
  {
    before: `
      DROP TRIGGER IF EXISTS messages_fts_move;
      ALTER TABLE messages ADD COLUMN stream INTEGER;
      ALTER TABLE messages ADD COLUMN seq INTEGER;
      ALTER TABLE messages ADD COLUMN born_at INTEGER`,
    // What is there already is told to other servers too, as one stream.
    after: `
      INSERT INTO streams (name) SELECT lower(hex(randomblob(8))) WHERE EXISTS (SELECT 1 FROM messages);
      UPDATE messages SET stream = (SELECT max(id) FROM streams), seq = n
        FROM (SELECT id AS m, row_number() OVER (PARTITION BY room ORDER BY id) AS n FROM messages) WHERE id = m;
      INSERT INTO vectors (room, stream, seq) SELECT room, stream, max(seq) FROM messages GROUP BY room, stream`,
  },
  { before: "DROP TRIGGER IF EXISTS messages_fts_insert; DROP TRIGGER IF EXISTS messages_fts_delete", after: "" },
];

export const SCHEMA_VERSION = MIGRATIONS.length + 1;

export function schemaVersion(db: Database): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/** Throws RoomError `store_newer` for a file that a newer version has written. */
export function refuseNewer(found: number, path: string): void {
  if (found <= SCHEMA_VERSION) return;
  throw new RoomError("store_newer", `${path} was written by a newer version of meshcore-room`, {
    expected: `schema version ${SCHEMA_VERSION} or older`,
    found: `schema version ${found}`,
    hint: "update meshcore-room, or set data_dir to another directory",
  });
}

/** Brings the file to this version's schema, all or nothing. Throws RoomError `store_newer`. */
export function applySchema(db: Database, path: string): void {
  const found = schemaVersion(db);
  refuseNewer(found, path);
  const steps = found === 0 ? [] : MIGRATIONS.slice(found - 1);
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const { before } of steps) db.exec(before);
    db.exec(SCHEMA);
    for (const { after } of steps) db.exec(after);
    // Where there is nothing to do, nothing may be written: a daemon also starts on a full disk.
    if (found !== SCHEMA_VERSION) db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
