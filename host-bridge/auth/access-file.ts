import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";
import { withSqliteFile } from "../room/sqlite-file.ts";

/** In data_dir, beside the history: who may do what. The daemon and the command line have it open at the same time. */
export const ACCESS_FILE = "tokens.sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,                     -- read, post or admin
  rooms TEXT,                             -- JSON list of names; NULL is all rooms
  created INTEGER NOT NULL,               -- Unix milliseconds, as the two below
  expires INTEGER,
  last_used INTEGER,
  hash TEXT NOT NULL                      -- scrypt$N$r$p$salt$hash of the secret, which is kept nowhere
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS muted (
  room TEXT NOT NULL,
  sender TEXT NOT NULL,
  since INTEGER NOT NULL,                 -- Unix milliseconds, as the next
  until INTEGER,
  PRIMARY KEY (room, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS topics (
  room TEXT PRIMARY KEY,
  topic TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
const VERSION = 1;

/** Opens or makes the file. Throws RoomError `access_unusable`, `access_newer`. */
export function openAccessFile(dataDir: string): Database {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return withSqliteFile(
      {
        ...{ path: join(dataDir, ACCESS_FILE), schema: SCHEMA, version: VERSION },
        pragmas: "PRAGMA synchronous = NORMAL",
        newer: (message) => new RoomError("access_newer", message, { hint: "update meshcore-room" }),
      },
      (db) => db,
    );
  } catch (error) {
    if (error instanceof RoomError) throw error;
    throw new RoomError("access_unusable", `${join(dataDir, ACCESS_FILE)} cannot be used`, {
      found: error instanceof Error ? error.message : String(error),
      hint: "check data_dir, that this user may write there, and that the disk has room",
      cause: error,
    });
  }
}
