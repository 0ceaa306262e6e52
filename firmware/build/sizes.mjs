// The size table of `npm run build`; with --check it fails on a bundle that does not fit its board.
import { readFileSync, statSync } from "node:fs";
import { loadBoards } from "./boards.mjs";

// Measured on an ARM build of Espruino with 14-byte JsVars: docs/decisions/0002-engine-pipeline.md.
const BUNDLE_LIMIT = 45 * 1024;
const JSVARS_PER_KB_IN_FLASH = 58;
const OTHER_TABLES = 1500;
const MUST_STAY_FREE = 3500;

const rows = [["bundle", "bytes", "gzip", "parts", "JsVars: code", "rooms", "tables", "free of"]];
let wrong = 0;
for (const board of await loadBoards()) {
  const facts = JSON.parse(readFileSync(`dist/firmware/${board.id}.json`, "utf8"));
  const code = Math.ceil((facts.bytes / 1024) * JSVARS_PER_KB_IN_FLASH);
  const parts = statSync(`dist/firmware/${board.id}.lib`).size;
  const rooms = Math.ceil(board.roomBytes / board.engine.jsVarBytes) + 3;
  const free = board.engine.jsVars - code - rooms - OTHER_TABLES;
  rows.push([
    board.id,
    facts.bytes,
    facts.gzip_bytes,
    parts,
    code,
    rooms,
    OTHER_TABLES,
    `${free} of ${board.engine.jsVars}`,
  ]);
  const jerry = statSync(`dist/firmware/${board.id}.jerry.js`).size;
  rows.push([`${board.id}.jerry`, jerry, "", "", "", "", ""]);
  if (facts.bytes > BUNDLE_LIMIT)
    wrong += complain(`${board.id}: bundle of ${facts.bytes} bytes, limit ${BUNDLE_LIMIT}`);
  if (free < MUST_STAY_FREE) wrong += complain(`${board.id}: ${free} JsVars would stay free, ${MUST_STAY_FREE} must`);
}
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
for (const row of rows) console.log(row.map((cell, column) => String(cell).padStart(widths[column])).join("  "));
if (process.argv.includes("--check")) process.exitCode = wrong === 0 ? 0 : 1;

function complain(sentence) {
  console.error(`Error: ${sentence}`);
  return 1;
}
