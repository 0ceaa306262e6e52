import type { DatabaseSyncInstance as Database } from "@photostructure/sqlite";
import type { Reception, RoomMessage } from "./message.ts";
import { prepareMark, searchedTo } from "./store-search.ts";
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
  private readonly mark: Statement;

  constructor(db: Database) {
    this.db = db;
    this.mark = prepareMark(db);
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
    const order = after === undefined ? "DESC" : "ASC";
    const from = (table: string, conditions: readonly string[]): string => {
      const columns = MESSAGE_COLUMNS.replace("sender, text", "messages.sender, messages.text");
      const all = [...where, ...conditions].join(" AND ");
      return `SELECT messages.id, ${columns} FROM ${table} WHERE ${all} ORDER BY timestamp ${order}, guid ${order}`;
    };
    const find = (table: string, conditions: readonly string[], more: readonly Value[]): MessageRow[] =>
      this.statement(`${from(table, conditions)} LIMIT ?`).all(...values, ...more, query.limit) as MessageRow[];
    const look = (conditions: readonly string[], more: readonly Value[]): MessageRow[] => {
      const all = this.statement(from("messages", conditions)).iterate(...values, ...more) as Iterable<MessageRow>;
      return scan(all, grep.toLowerCase(), query.limit);
    };
    let rows: MessageRow[];
    if (grep === "") rows = find("messages", [], []);
    else if ([...grep].length < MIN_INDEXED) rows = look([], []);
    else {
      const indexed = "messages_fts JOIN messages ON messages.id = messages_fts.rowid";
      // One phrase: quotes in it are doubled, and nothing else means anything.
      const phrase = `"${grep.replaceAll('"', '""')}"`;
      const last = searchedTo(this.mark);
      if (last === null) rows = find(indexed, ["messages_fts MATCH ?"], [phrase]);
      else {
        const known = find(indexed, ["messages_fts MATCH ?", "messages.id <= ?"], [phrase, last]);
        rows = merge(known, look(["messages.id > ?"], [last]), order).slice(0, query.limit);
      }
    }
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

function merge(some: MessageRow[], others: MessageRow[], order: "ASC" | "DESC"): MessageRow[] {
  const isBefore = (a: MessageRow, b: MessageRow): boolean =>
    a.timestamp < b.timestamp || (a.timestamp === b.timestamp && a.guid < b.guid);
  const sign = order === "ASC" ? -1 : 1;
  return [...some, ...others].sort((a, b) => (isBefore(a, b) ? sign : -sign));
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
