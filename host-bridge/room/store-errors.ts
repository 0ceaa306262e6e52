import { describe, RoomError } from "../errors.ts";

/** SQLite's primary result code (https://sqlite.org/rescode.html), or -1. */
export function resultCode(error: unknown): number {
  const code = extendedCode(error);
  return code === -1 ? -1 : code & 0xff;
}

function extendedCode(error: unknown): number {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return -1;
  const code = "errcode" in error ? error.errcode : BY_MESSAGE.get(error.message);
  return typeof code === "number" ? code : -1;
}

// all() and iterate() of @photostructure/sqlite 1.2 throw without a code, with sqlite3_errstr() as message.
const BY_MESSAGE = new Map([
  ["database is locked", 5],
  ["database table is locked", 6],
  ["attempt to write a readonly database", 8],
  ["disk I/O error", 10],
  ["database disk image is malformed", 11],
  ["database or disk is full", 13],
  ["unable to open database file", 14],
  ["file is not a database", 26],
]);

/** SQLITE_CORRUPT_VTAB: the file is whole as far as SQLite itself goes, the search index in it is not. */
export const isSearchDamaged = (error: unknown): boolean => extendedCode(error) === 267;

/** Does some work on the file at `path`; its failures come out as storeError() has them. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error, path);
  }
}

/** A failure of SQLite or the file system as the RoomError that says what to do; what is neither stays as it is. */
export function storeError(error: unknown, path: string): unknown {
  if (error instanceof RoomError) return error;
  const found = error instanceof Error ? error.message : String(error);
  const make = (code: string, message: string, hint: string) =>
    new RoomError(code, message, { found, hint, cause: error });
  switch (resultCode(error)) {
    case 5:
    case 6:
      return make("store_locked", `${path} is locked by another program`, "close the program that has it open");
    case 11:
    case 26:
      return make(
        "store_corrupt",
        `${path} is damaged or no database`,
        "restore a backup, or move the file (and its -wal and -shm) away to start with an empty history",
      );
    case 13:
      return make(
        "store_full",
        `no room on the disk for ${path}`,
        "free some space; nothing that was acknowledged is lost",
      );
    case 3:
    case 8:
    case 10:
    case 14:
      return make(
        "store_unusable",
        `${path} cannot be used`,
        "check that the disk works and this user may write there",
      );
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") return make("store_full", `no room on the disk for ${path}`, "free some space");
  if (typeof code === "string" && /^E[A-Z]+$/.test(code)) {
    return make("store_unusable", `${path} cannot be used`, "check data_dir and that this user may write there");
  }
  return error;
}

/** One line for a log. */
export function storeSentence(error: unknown): string {
  return error instanceof RoomError ? describe(error) : String(error);
}
