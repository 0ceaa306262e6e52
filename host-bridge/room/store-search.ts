import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";

/** As store-schema.ts's triggers know it. */
const BEHIND = "searched_to";

/**
 * Which messages the search index has: all, or, while it is behind, those up to a row that is noted in the file. To take up a message
 * costs as much as all else that is done for it, and several at once cost less; so what comes in leaves the index behind, and it is
 * brought up when there is time (search-turns.ts). Until then readers look through the rest themselves (store-query.ts).
 */
export class SearchIndex {
  private readonly db: Database;
  private readonly sql: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.db = db;
    this.sql = prepare(db);
  }

  isBehind(): boolean {
    return searchedTo(this.sql.mark) !== null;
  }

  /** New messages stay out of it from now on. Part of the caller's transaction. */
  leaveBehind(): void {
    this.sql.leave.run(BEHIND);
  }

  /** Takes up some more messages; true when it has all. Part of the caller's transaction. */
  takeUp(limit: number): boolean {
    const from = searchedTo(this.sql.mark);
    if (from === null) return true;
    const { last } = this.sql.next.get(from, limit) as { last: number | null };
    if (last !== null) {
      this.sql.add.run(from, last);
      this.sql.move.run(String(last), BEHIND);
    }
    const hasAll = this.sql.isMore.get(last ?? from) === undefined;
    if (hasAll) this.sql.forget.run(BEHIND);
    return hasAll;
  }

  /** Makes all of it anew, for it is damaged. A transaction of its own. */
  rebuild(): void {
    this.db.exec(
      `BEGIN IMMEDIATE; INSERT INTO messages_fts (messages_fts) VALUES ('rebuild'); DELETE FROM facts WHERE name = '${BEHIND}'; COMMIT`,
    );
  }
}

type Statement = ReturnType<Database["prepare"]>;

export const prepareMark = (db: Database): Statement => db.prepare(`SELECT value FROM facts WHERE name = '${BEHIND}'`);

/** The last row that the index has; null when it has all. */
export function searchedTo(mark: Statement): number | null {
  const row = mark.get() as { value: string } | undefined;
  return row === undefined ? null : Number(row.value);
}

function prepare(db: Database) {
  return {
    mark: prepareMark(db),
    leave: db.prepare("INSERT OR IGNORE INTO facts (name, value) SELECT ?, coalesce(max(id), 0) FROM messages"),
    next: db.prepare("SELECT max(id) AS last FROM (SELECT id FROM messages WHERE id > ? ORDER BY id LIMIT ?)"),
    add: db.prepare(
      `INSERT INTO messages_fts (rowid, sender, text)
        SELECT id, sender, text FROM messages WHERE id > ? AND id <= ? ORDER BY id`,
    ),
    move: db.prepare("UPDATE facts SET value = ? WHERE name = ?"),
    isMore: db.prepare("SELECT 1 FROM messages WHERE id > ? LIMIT 1"),
    forget: db.prepare("DELETE FROM facts WHERE name = ?"),
  };
}
