import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import type { Reception, RoomMessage } from "./message.ts";
import { MESSAGE_COLUMNS } from "./store-sql.ts";

/**
 * Which messages of a room. All conditions together; the newest `limit` of them, or with `after` the oldest. Their order is that of
 * timestamp and GUID, which is the same at every server.
 */
export interface HistoryQuery {
  limit: number;
  /** Only messages before this one (a GUID), or, as a number, with an earlier timestamp (Unix seconds). */
  before?: string | number;
  /** Only messages after this one (a GUID); null is the beginning. */
  after?: string | null;
  /** Timestamps from `since` up to, and not at, `until` (Unix seconds). */
  since?: number;
  until?: number;
  /** Only where the text or the sender has this in it, capitals or not. */
  grep?: string;
}

type Value = string | number;
type MessageRow = Omit<RoomMessage, "room" | "receivedAt" | "receptions"> & { id: number; received_at: number };
type ReceptionRow = Omit<Reception, "heardAt"> & { message: number; heard_at: number };
type Statement = ReturnType<Database["prepare"]>;

// A trigram needs three characters; what is shorter is looked for message by message.
const MIN_INDEXED = 3;

/** Reads histories. Statements are compiled once for each kind of query. */
export class HistoryReader {
  private readonly db: Database;
  private readonly prepared = new Map<string, Statement>();
  private readonly receptions: Statement;

  constructor(db: Database) {
    this.db = db;
    this.receptions = db.prepare(
      `SELECT message, board, heard_at, rssi, snr, hops
        FROM receptions WHERE message IN (SELECT value FROM json_each(?)) ORDER BY message, heard_at`,
    );
  }

  /** Oldest first, by timestamp and GUID. `id` is the room's row, `room` the name that the messages get. */
  read(room: string, id: number, query: HistoryQuery): RoomMessage[] {
    const { before, after, since, until, grep = "" } = query;
    const where = ["room = ?"];
    const values: Value[] = [id];
    const add = (condition: string, value: Value | undefined): void => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    const place = "(SELECT timestamp, guid FROM messages WHERE guid = ?)";
    add(typeof before === "number" ? "timestamp < ?" : `(timestamp, guid) < ${place}`, before);
    add(`(timestamp, guid) > ${place}`, after ?? undefined);
    add("timestamp >= ?", since);
    add("timestamp < ?", until);
    const isIndexed = [...grep].length >= MIN_INDEXED;
    // One phrase: quotes in it are doubled, and nothing else means anything.
    if (isIndexed) add("messages_fts MATCH ?", `"${grep.replaceAll('"', '""')}"`);
    const needle = grep.toLowerCase();
    const isScanned = needle !== "" && !isIndexed;
    const table = isIndexed ? "messages_fts JOIN messages ON messages.id = messages_fts.rowid" : "messages";
    const order = after === undefined ? "DESC" : "ASC";
    const columns = MESSAGE_COLUMNS.replace("sender, text", "messages.sender, messages.text");
    const sql = `SELECT messages.id, ${columns} FROM ${table} WHERE ${where.join(" AND ")} ORDER BY timestamp ${order}, guid ${order}`;
    const rows = isScanned
      ? scan(this.statement(sql).iterate(...values) as Iterable<MessageRow>, needle, query.limit)
      : (this.statement(`${sql} LIMIT ?`).all(...values, query.limit) as MessageRow[]);
    if (order === "DESC") rows.reverse();
    return this.withReceptions(room, rows);
  }

  private withReceptions(room: string, rows: MessageRow[]): RoomMessage[] {
    if (rows.length === 0) return [];
    const heard = new Map<number, Reception[]>();
    for (const row of this.receptions.all(JSON.stringify(rows.map(({ id }) => id))) as ReceptionRow[]) {
      const { message, heard_at: heardAt, ...rest } = row;
      const list = heard.get(message) ?? [];
      list.push({ ...rest, heardAt });
      heard.set(message, list);
    }
    // Field by field: spreading what SQLite gives costs as much again as reading it.
    return rows.map((row) => {
      const {
        guid,
        payload,
        sender,
        text,
        timestamp,
        received_at: receivedAt,
        via,
        origin,
        rssi,
        snr,
        hops,
        board,
      } = row;
      const message: RoomMessage = {
        ...{ room, guid, payload, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board },
      };
      const receptions = heard.get(row.id);
      if (receptions !== undefined) message.receptions = receptions;
      return message;
    });
  }

  private statement(sql: string): Statement {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const made = this.db.prepare(sql);
    this.prepared.set(sql, made);
    return made;
  }
}

function scan(rows: Iterable<MessageRow>, needle: string, limit: number): MessageRow[] {
  const found: MessageRow[] = [];
  if (limit <= 0) return found;
  for (const row of rows) {
    if (!`${row.sender}\n${row.text}`.toLowerCase().includes(needle)) continue;
    if (found.push(row) >= limit) break;
  }
  return found;
}
