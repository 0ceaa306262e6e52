import { existsSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseSyncInstance as Database, DatabaseSync } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";
import { storeError } from "./store-errors.ts";
import { refuseNewer, SCHEMA_VERSION, schemaVersion } from "./store-schema.ts";

const historyFile = (dataDir: string): string => join(dataDir, "history.sqlite");

/**
 * Calls `work` with the history in `dataDir` as it is now, open for reading, while a daemon may write to it. Throws RoomError
 * `store_missing`, `store_older`, `store_newer`, and whatever else a store can have.
 */
export function readStore<T>(dataDir: string, work: (db: Database, path: string) => T): T {
  const path = historyFile(dataDir);
  if (!existsSync(path)) {
    throw new RoomError("store_missing", `there is no history at ${path}`, {
      hint: "name the daemon's configuration with --config FILE, or its data_dir with --data-dir DIR",
    });
  }
  let db: Database | null = null;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    const found = schemaVersion(db);
    refuseNewer(found, path);
    if (found < SCHEMA_VERSION) {
      throw new RoomError("store_older", `${path} was written by an older version of meshcore-room`, {
        expected: `schema version ${SCHEMA_VERSION}`,
        found: `schema version ${found}`,
        hint: "start the daemon of this version once: it brings the file up to date",
      });
    }
    return work(db, path);
  } catch (error) {
    throw storeError(error, path);
  } finally {
    db?.close();
  }
}

export interface StoredRoom {
  id: number;
  name: string;
  messages: number;
}

/** Every room that the file has a history of, archives and rooms that are no longer configured as well. */
export function storedRooms(db: Database): StoredRoom[] {
  const sql =
    "SELECT rooms.id, name, count(messages.id) AS messages FROM rooms LEFT JOIN messages ON room = rooms.id GROUP BY rooms.id ORDER BY rooms.id";
  return (db.prepare(sql).all() as StoredRoom[]).map((row) => ({ ...row }));
}
