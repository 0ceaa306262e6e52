// How fast a server gets a history that it does not have, beside plain batch inserts of the same rows: by better-sqlite3 where
// BETTER_SQLITE3 names a folder with that package (it has to be built for this machine), otherwise by the package of the daemon.
import { createRequire } from "node:module";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { BenchServer } from "./federation-servers.ts";

export interface BacklogFigures {
  messages: number;
  /** Messages a second from the moment that the empty server is connected until it has told its clients of the last one. */
  ours: number[];
  /** Processor time of sender and receiver for each message, in µs. */
  senderMicros: number[];
  receiverMicros: number[];
  /** The package of the plain way. */
  package: string;
  /** Rows a second, by how much of our table there is. */
  plain: { name: string; perSecond: number[] }[];
}

/** Rows in a transaction of the plain way, as in ours. */
const BATCH = 2048;
const COLUMNS =
  "room, guid, payload, sender, text, timestamp, received_at, via, origin, rssi, snr, hops, board, stream, seq, born_at";
const INDEXES = `CREATE UNIQUE INDEX g ON m (guid); CREATE INDEX i ON m (room, id);
  CREATE INDEX t ON m (room, timestamp, guid); CREATE INDEX p ON m (room, stream, seq);`;
/** As the daemon's, so that the plain way is no slower than it need be. */
const PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384";
const SEARCH = `CREATE VIRTUAL TABLE f USING fts5 (sender, text, content = 'm', content_rowid = 'id', columnsize = 0, tokenize = 'trigram');
  CREATE TRIGGER a AFTER INSERT ON m BEGIN INSERT INTO f (rowid, sender, text) VALUES (new.id, new.sender, new.text); END;`;
const PLAIN = [
  { name: "without its indexes", sql: "" },
  { name: "with its indexes", sql: INDEXES },
  { name: "with its indexes and search", sql: INDEXES + SEARCH },
];

export async function benchBacklog(folder: string, rounds: number, messages: number): Promise<BacklogFigures> {
  const figures: BacklogFigures = { messages, ours: [], senderMicros: [], receiverMicros: [], package: "", plain: [] };
  const plain = plainDatabase();
  figures.package = plain.package;
  for (const { name } of PLAIN) figures.plain.push({ name, perSecond: [] });
  const full = await BenchServer.make(folder, "full", messages);
  await full.start();
  await full.order({ do: "post", count: messages, open: 1024 });
  const { digest } = await full.order({ do: "digest" });
  for (let round = 0; round < rounds; round++) {
    const empty = await BenchServer.make(folder, `empty-${round}`, messages);
    empty.dials(full);
    await empty.start();
    const { atMs: startMs } = await empty.order({ do: "connected", peers: 1 });
    const [sentMs, takenMs] = [full.cpuMs(), empty.cpuMs()];
    const { atMs } = await empty.order({ do: "told", count: messages });
    figures.ours.push((1000 * messages) / (atMs - startMs));
    figures.receiverMicros.push((1000 * (empty.cpuMs() - takenMs)) / messages);
    figures.senderMicros.push((1000 * (full.cpuMs() - sentMs)) / messages);
    if ((await empty.order({ do: "digest" })).digest !== digest) throw new Error("the histories differ");
    await empty.stop();
    for (const [i, { sql }] of PLAIN.entries()) {
      const path = join(folder, `plain-${round}-${i}.sqlite`);
      figures.plain[i].perSecond.push(insertPlainly(join(full.settings.dir, "history.sqlite"), plain.open(path), sql));
    }
  }
  await full.stop();
  return figures;
}

/** What both packages can. */
interface PlainDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: never[]): unknown };
  close(): void;
}

function plainDatabase(): { package: string; open(path: string): PlainDatabase } {
  const folder = process.env["BETTER_SQLITE3"];
  if (folder === undefined) return { package: "@photostructure/sqlite", open: (path) => new DatabaseSync(path) };
  const Database = createRequire(join(folder, "package.json"))(folder) as new (path: string) => PlainDatabase;
  return { package: "better-sqlite3", open: (path) => new Database(path) };
}

/** All messages of a history into an empty database, BATCH in a transaction. Rows a second. */
function insertPlainly(from: string, db: PlainDatabase, more: string): number {
  const source = new DatabaseSync(from, { readOnly: true });
  const rows = source.prepare(`SELECT ${COLUMNS} FROM messages ORDER BY id`).all() as Record<string, never>[];
  source.close();
  db.exec(PRAGMAS);
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
