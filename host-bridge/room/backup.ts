import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { RoomError } from "../errors.ts";
import { storeError } from "./store-errors.ts";
import { readStore, storedRooms } from "./store-file.ts";

export interface BackupFacts {
  rooms: number;
  messages: number;
  bytes: number;
}

/**
 * Copies the history in `dataDir` into `file`, as it is at one instant, while a daemon may be writing. `file` appears only
 * when the copy is whole, checked and on the disk. Throws RoomError `file_exists`, `backup_damaged`, or `store_...`.
 */
export function backup(dataDir: string, file: string): BackupFacts {
  if (existsSync(file)) {
    throw new RoomError("file_exists", `${file} is there already`, { hint: "another name; nothing is overwritten" });
  }
  const partial = `${file}.partial`;
  try {
    rmSync(partial, { force: true });
    // An empty file is accepted as target; made by SQLite, everyone could read it.
    closeSync(openSync(partial, "wx", 0o600));
  } catch (error) {
    throw storeError(error, file);
  }
  try {
    readStore(dataDir, (db) => db.prepare("VACUUM INTO ?").run(partial));
    const facts = verify(partial, file);
    sync(partial);
    renameSync(partial, file);
    sync(dirname(file));
    return facts;
  } catch (error) {
    rmSync(partial, { force: true });
    throw storeError(error, file);
  }
}

function verify(path: string, file: string): BackupFacts {
  const db = new DatabaseSync(path);
  try {
    const found = (db.prepare("PRAGMA integrity_check(1)").get() as { integrity_check: string }).integrity_check;
    if (found !== "ok") {
      throw new RoomError("backup_damaged", `the copy for ${file} is not whole`, {
        found,
        hint: "the history itself may be damaged: export its rooms, and look at the disk",
      });
    }
    const rooms = storedRooms(db);
    const messages = rooms.reduce((sum, room) => sum + room.messages, 0);
    return { rooms: rooms.length, messages, bytes: statSync(path).size };
  } finally {
    db.close();
  }
}

function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
