// Checks of the interoperability vectors inside an engine: the bundle's own protocol code on the engine's own crypto.
import { build } from "esbuild";
import type { Board } from "../../boards/board.ts";
// @ts-expect-error plain JavaScript
import { forEngine } from "../../firmware/build/pipeline.mjs";
// @ts-expect-error plain JavaScript
import { violations } from "../../firmware/build/subset.mjs";
import { loadVectors } from "../protocol/vector-file.ts";
import { ENGINE_QUIT, inEngineFolder, runEngine, storeInEspruino } from "./engines.ts";
import { ESPRUINO_PRELUDE, JERRY_PRELUDE } from "./inside.ts";
import { type Engine, read, stored } from "./run.ts";

const LIMIT_MS = 300_000;
/** Characters of JSON that a board's memory has room for at a time. */
const PIECE = 5000;

/**
 * What is cheap enough, by the functions of test/protocol/vector-*.ts: an Ed25519 signature takes an interpreter minutes, and
 * what a receiver makes of messages goes through the chip model. Of the groups each entry stands for itself.
 */
const ROWS = [
  { check: "checkValidPackets", file: "packets.json", group: "valid" },
  { check: "checkInvalidPackets", file: "packets.json", group: "invalid" },
  { check: "checkFuzzPackets", file: "packets.json", group: "fuzz" },
  { check: "checkHashGroups", file: "packets.json", group: "hash_groups" },
  { check: "checkChannels", file: "group_channels.json", group: "channels" },
  { check: "checkPlaintexts", file: "group_channels.json", group: "raw_plaintexts" },
  { check: "checkKeyCornerCase", file: "group_channels.json", group: "key_corner_case" },
  { check: "checkRegions", file: "transport.json", group: "regions" },
  { check: "checkCodes", file: "transport.json", group: "codes" },
];

interface Entry {
  channel?: string;
}
interface Piece {
  check: string;
  vectors: object;
}

/** How many vectors of each group were checked, and what was found wrong. */
export interface InsideResult {
  title: string;
  failures: string[];
}

/** The vectors of a row in pieces, each a file with that group alone and the channels that it names. */
function pieces({ check, file, group }: (typeof ROWS)[0]): Piece[] {
  const all = loadVectors(file) as Record<string, Entry[]>;
  const entries = all[group];
  if (!Array.isArray(entries)) return [{ check, vectors: { [group]: entries } }];
  const found: Piece[] = [];
  let some: Entry[] = [];
  for (const [at, entry] of entries.entries()) {
    some.push(entry);
    const isLast = at === entries.length - 1;
    const isOther = entries[at + 1]?.channel !== entry.channel;
    if (!isLast && !isOther && JSON.stringify([some, entries[at + 1]]).length < PIECE) continue;
    const channels = (all.channels as { id?: string }[] | undefined)?.filter(({ id }) => id === entry.channel);
    found.push({ check, vectors: { ...(entry.channel && { channels }), [group]: some } });
    some = [];
  }
  return found;
}

/** The check functions as code that engines take. */
async function checkCode(): Promise<string> {
  const names = (file: string): string[] => ROWS.filter((row) => row.file === file).map(({ check }) => check);
  const contents = `
    import { ${names("packets.json")} } from "./test/protocol/vector-packets.ts";
    import { ${names("group_channels.json")} } from "./test/protocol/vector-channels.ts";
    import { ${names("transport.json")} } from "./test/protocol/vector-transport.ts";
    globalThis.checks = { ${ROWS.map(({ check }) => check)} };`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    format: "iife",
    target: "es2019",
    write: false,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  });
  const { code } = await forEngine().renderChunk(outputFiles[0].text);
  // Number.parseInt is put there below.
  const wrong = violations(code).filter((sentence: string) => !sentence.startsWith("method parseInt"));
  if (wrong.length) throw new Error(`the checks are no code for engines: ${wrong.join("; ")}`);
  return code;
}

const RUN = `
var API=null;
if(!Number.parseInt)Number.parseInt=parseInt;
function each(name,json){
 if(!API)API=meshcore.protocol();
 var failures=checks[name](API,JSON.parse(json));
 print("G "+name+" "+failures.length);
 for(var i=0;i<failures.length&&i<3;i++)print("E "+name+" "+failures[i]);
}`;

/** The engine without a radio: nothing answers. */
const NO_NATIVE_RADIO =
  "native.pinInput=native.pinWrite=native.pinWatch=native.spiOpen=native.spiTransfer=function(){};native.pinRead=function(){return 0;};";
const NO_RADIO = `SPI1.setup=SPI1.write=function(){};SPI1.send=function(d){return new Uint8Array(d.length);};global.setWatch=function(){return 1;};
global.pinMode=global.digitalWrite=function(){};global.digitalRead=function(){return 0;};`;

/** Runs every row in a fresh engine. Throws when the engine stops before the end. */
export async function checkInside(engine: Engine, board: Board): Promise<InsideResult[]> {
  const code = await checkCode();
  const all = ROWS.flatMap(pieces);
  const texts = all.map(({ vectors }) => JSON.stringify(vectors).replace(/[^\0-\x7f]/g, escaped));
  const run = await inEngineFolder(async (folder) => {
    if (engine.kind === "jerryscript") {
      const calls = all.map(({ check }, at) => `each("${check}",${JSON.stringify(texts[at])});`);
      const script = `${JERRY_PRELUDE}${NO_NATIVE_RADIO}${read(`${board.id}.jerry.js`)}\n${code}${RUN}${calls.join("\n")}${ENGINE_QUIT}`;
      return runEngine(engine, script, { folder, limitMs: LIMIT_MS });
    }
    const bundle = await stored(engine, folder, ".bootcde", read(`${board.id}.js`));
    await storeInEspruino(engine, folder, "mc.lib", read(`${board.id}.lib`));
    const checks = await stored(engine, folder, "checks", code);
    await storeInEspruino(engine, folder, "steps", texts.join(""));
    const sizes = all.map(({ check }, at) => [check, texts[at].length]);
    const script = `${ESPRUINO_PRELUDE}${NO_RADIO}
      ${bundle}
      ${checks}
      ${RUN}
      var at=0;
      ${JSON.stringify(sizes)}.forEach(function(p){each(p[0],slice(at,p[1]));at+=p[1];});
      ${ENGINE_QUIT}`;
    return runEngine(engine, script, { folder, limitMs: LIMIT_MS });
  });
  if (run.ended !== "script") throw new Error(`${engine.name} stopped early: ${(run.text + run.errors).slice(-1500)}`);
  const lines = run.text.split("\n").map((line) => line.split(" "));
  return ROWS.map(({ check, file, group }) => {
    const calls = lines.filter(([kind, name]) => kind === "G" && name === check);
    const wanted = all.filter((piece) => piece.check === check).length;
    const failures = lines
      .filter(([kind, name]) => kind === "E" && name === check)
      .map((line) => line.slice(2).join(" "));
    if (calls.length !== wanted) failures.push(`${calls.length} of ${wanted} pieces were checked`);
    return { title: `vectors inside: ${group} of ${file}`, failures };
  });
}

/** A character outside ASCII as JSON writes it. */
function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
