// How fast a server gets a history that it does not have, beside plain batch inserts of the same rows.
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { BenchServer } from "./federation-servers.ts";

export interface BacklogFigures {
  messages: number;
  /** Messages a second from the start of the empty server until it has told its clients of the last one. */
  ours: number[];
  /** Processor time of sender and receiver for each message, in µs. */
  senderMicros: number[];
  receiverMicros: number[];
  /** Rows a second, by how much of our table there is. */
  plain: { name: string; perSecond: number[] }[];
}

/** Rows in a transaction of the plain way, as in ours. */
const BATCH = 2048;
const COLUMNS =
  "room, guid, payload, sender, text, timestamp, received_at, via, origin, rssi, snr, hops, board, stream, seq, born_at";
const INDEXES = `CREATE UNIQUE INDEX g ON m (guid); CREATE INDEX i ON m (room, id);
  CREATE INDEX t ON m (room, timestamp, guid); CREATE INDEX p ON m (room, stream, seq);`;
const SEARCH = `CREATE VIRTUAL TABLE f USING fts5 (sender, text, content = 'm', content_rowid = 'id', columnsize = 0, tokenize = 'trigram');
  CREATE TRIGGER a AFTER INSERT ON m BEGIN INSERT INTO f (rowid, sender, text) VALUES (new.id, new.sender, new.text); END;`;
const PLAIN = [
  { name: "its columns alone", sql: "" },
  { name: "with its indexes", sql: INDEXES },
  { name: "with its indexes and search", sql: INDEXES + SEARCH },
];

export async function benchBacklog(folder: string, rounds: number, messages: number): Promise<BacklogFigures> {
  const figures: BacklogFigures = { messages, ours: [], senderMicros: [], receiverMicros: [], plain: [] };
  for (const { name } of PLAIN) figures.plain.push({ name, perSecond: [] });
  const full = await BenchServer.make(folder, "full", messages);
  await full.start();
  await full.order({ do: "post", count: messages, open: 1024 });
  const { digest } = await full.order({ do: "digest" });
  for (let round = 0; round < rounds; round++) {
    const empty = await BenchServer.make(folder, `empty-${round}`, messages);
    empty.dials(full);
    const spentMs = full.cpuMs();
    await empty.start();
    const { atMs } = await empty.order({ do: "told", count: messages });
    figures.ours.push((1000 * messages) / (atMs - empty.startMs));
    figures.receiverMicros.push((1000 * empty.cpuMs()) / messages);
    figures.senderMicros.push((1000 * (full.cpuMs() - spentMs)) / messages);
    if ((await empty.order({ do: "digest" })).digest !== digest) throw new Error("the histories differ");
    await empty.stop();
    for (const [i, { sql }] of PLAIN.entries()) {
      const path = join(folder, `plain-${round}-${i}.sqlite`);
      figures.plain[i].perSecond.push(insertPlainly(join(full.settings.dir, "history.sqlite"), path, sql));
    }
  }
  await full.stop();
  return figures;
}

/** All messages of a history into another file, BATCH in a transaction. Rows a second. */
function insertPlainly(from: string, to: string, more: string): number {
  const source = new DatabaseSync(from, { readOnly: true });
  const rows = source.prepare(`SELECT ${COLUMNS} FROM messages ORDER BY id`).all() as Record<string, never>[];
  source.close();
  const db = new DatabaseSync(to);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec(`CREATE TABLE m (id INTEGER PRIMARY KEY, ${COLUMNS}); ${more}`);
  const names = COLUMNS.split(", ");
  const values = rows.map((row) => names.map((name) => row[name]));
  const insert = db.prepare(`INSERT INTO m (${COLUMNS}) VALUES (${names.map(() => "?").join(", ")})`);
  const startMs = performance.now();
  for (let at = 0; at < values.length; at += BATCH) {
    db.exec("BEGIN IMMEDIATE");
    for (const row of values.slice(at, at + BATCH)) insert.run(...row);
    db.exec("COMMIT");
  }
  const perSecond = (1000 * values.length) / (performance.now() - startMs);
  db.close();
  return perSecond;
}
