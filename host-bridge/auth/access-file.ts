import { chownSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DatabaseSyncInstance as Database, DatabaseSync } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";

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

/** Opens or makes the file, for this user alone. Throws RoomError `access_unusable`, `access_newer`. */
export function openAccessFile(dataDir: string): Database {
  const path = join(dataDir, ACCESS_FILE);
  let db: Database | null = null;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    makeFile(path);
    db = new DatabaseSync(path, { timeout: 2000 });
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const { user_version: found } = db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (found > VERSION) {
      throw new RoomError("access_newer", `${path} was written by a newer version of meshcore-room`, {
        hint: "update meshcore-room",
      });
    }
    if (found < VERSION) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof RoomError) throw error;
    throw new RoomError("access_unusable", `${path} cannot be used`, {
      found: error instanceof Error ? error.message : String(error),
      hint: "check data_dir, that this user may write there, and that the disk has room",
      cause: error,
    });
  }
}

/** What root makes here for a service that runs as another user has to be that user's. */
function makeFile(path: string): void {
  const fd = openSync(path, "a", 0o600);
  closeSync(fd);
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  if (uid !== 0) chownSync(path, uid, gid);
}
