import { chownSync, closeSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type DatabaseSyncInstance as Database, DatabaseSync } from "@photostructure/sqlite";
import type { RoomError } from "../errors.ts";

export interface SqliteFile {
  path: string;
  /** What makes every table that is not there. */
  schema: string;
  version: number;
  pragmas: string;
  /** Why a file of a newer version is not opened. */
  newer(message: string): RoomError;
}

const BUSY_MS = 2000;

/** Opens a file beside the history or makes it, for this user alone, and closes it again when `use` throws. Throws what SQLite throws. */
export function withSqliteFile<T>(file: SqliteFile, use: (db: Database) => T): T {
  const { path, schema, version, pragmas, newer } = file;
  makeFile(path);
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    db.exec(`PRAGMA journal_mode = WAL; ${pragmas}`);
    const { user_version: found } = db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (found > version) throw newer(`${path} was written by a newer version of meshcore-room`);
    if (found < version) db.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${version}; COMMIT`);
    return use(db);
  } catch (error) {
    db.close();
    throw error;
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
