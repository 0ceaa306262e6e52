// What a board pays, on the engines that ESPRUINO_BIN and JERRY_BIN name: size and memory of each bundle, instructions of each
// packet. Writes the tables of docs/firmware.md, between its two marks, when there is an engine that counts instructions.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BOARDS } from "../../boards/all.ts";
import type { Board } from "../../boards/board.ts";
import { sim } from "../../boards/sim.ts";
import { MAX_ROOMS } from "../../firmware/rooms.ts";
import { airtimeMs } from "../../protocol/airtime.ts";
import { PRESETS } from "../../protocol/presets.ts";
import { enginesFrom } from "../engine/engines.ts";
import { type Cost, probe } from "../engine/probe.ts";
import { type Engine, known, type Outcome, read, runSteps } from "../engine/run.ts";
import { groupText } from "../scenario/world.ts";

const PAGE = join(import.meta.dirname, "../../docs/firmware.md");
const BEGIN = "<!-- begin: npm run bench -->";
const END = "<!-- end -->";
/** A million instructions, in milliseconds: calibrated on published loop timings, and an assumption that may be off by two. */
const MS_PER_MILLION = { nRF52840: 36, "ESP32-S3": 9 };
/** A GRP_TXT with 160 bytes of text and sender, on air. */
const LONGEST = 186;
/** Messages in each room: more than the arena takes. */
const LONG_ENOUGH = 21;

/** What happens to a packet, by the labels of the probe that measured its handlers. */
const FATES: [fate: string, labels: string[]][] = [
  ["known room (two handlers)", ["radio: read", "radio: stored"]],
  ["unknown channel", ["radio: read", "radio: unknown channel"]],
  ["duplicate", ["radio: read", "radio: duplicate"]],
  ["known room, and forwarded (three handlers)", ["radio: read", "radio: heard, repeating", "turn: flood forwarded"]],
];

export interface BoardFigures {
  board: string;
  bytes: number;
  parts: number;
  jerryBytes: number;
  jerryHeap: number | null;
  /** JsVars after the start and with every room full. */
  rest: number;
  full: number;
  jsVars: number;
}

export interface FirmwareFigures {
  boards: BoardFigures[];
  costs: Cost[];
}

/** Measures all that the named engines can; null, with the reason printed, when none of them is like a board. */
export async function benchFirmware(): Promise<FirmwareFigures | null> {
  const engines = await Promise.all(enginesFrom(process.env).map(known));
  const alike = engines.filter((engine) => engine.isBoardLike);
  const jerry = engines.find((engine) => engine.kind === "jerryscript");
  if (alike.length === 0) {
    console.log("firmware: skipped, ESPRUINO_BIN names no build with 14-byte variables");
    return null;
  }
  const figures: FirmwareFigures = { boards: [], costs: [] };
  for (const board of BOARDS) {
    if (board.mcu === "simulated") continue;
    const engine = alike.find((each) => each.hasAes === board.engine.nativeAes) ?? alike[0];
    if (!engine.hasAes && !board.engine.thumb) {
      console.log(`firmware: ${board.id} skipped, ESPRUINO_BIN names no such build with AES`);
      continue;
    }
    figures.boards.push(await memoryOf(board, engine, jerry));
  }
  const counting = alike.find((engine) => engine.counts);
  if (counting) figures.costs = (await probe(counting, sim, read("sim.js"), read("sim.lib"))).costs;
  return figures;
}

async function memoryOf(board: Board, engine: Engine, jerry: Engine | undefined): Promise<BoardFigures> {
  const { memory } = await runSteps(engine, board, fillSteps(MAX_ROOMS * LONG_ENOUGH));
  const used = (which: string): number => (memory[which]?.usage ?? Number.NaN) - (memory.before?.usage ?? Number.NaN);
  let heap: Outcome | null = null;
  if (jerry) heap = await runSteps(jerry, board, fillSteps(MAX_ROOMS));
  return {
    board: board.id,
    bytes: read(`${board.id}.js`).length,
    parts: read(`${board.id}.lib`).length,
    jerryBytes: read(`${board.id}.jerry.js`).length,
    jerryHeap: heap?.memory.heap?.usage ?? null,
    rest: used("start"),
    full: used("full"),
    jsVars: board.engine.jsVars,
  };
}

/** As many rooms as there may be, and the longest messages in turns until the last of them has pushed out the first. */
function fillSteps(messages: number): string[] {
  const key = (room: number): string => (room + 1).toString(16).padStart(2, "0").repeat(16);
  const rooms = Array.from({ length: MAX_ROOMS }, (_, room) => room);
  const heard = Array.from({ length: messages }, (_, n) =>
    groupText(key(n % MAX_ROOMS), 1700000000 + n, "Ann", "x".repeat(155)),
  );
  return [
    "D 300",
    "M start",
    ...rooms.map((room) => `C room add room-${room} ${key(room)} 500`),
    ...heard.map((hex) => `F -71 10.5 ${hex}`),
    "M full",
    "C rooms",
    "P",
  ];
}

/** The tables as Markdown. */
export function firmwareTables({ boards, costs }: FirmwareFigures): string {
  const count = (value: number): string => Math.round(value).toLocaleString("en");
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  const lines = [
    "| board | bundle, bytes | parts, bytes | JsVars at rest | all rooms full | free | JerryScript, bytes | its heap at most |",
    "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ...boards.map(({ board, bytes, parts, rest, full, jsVars, jerryBytes, jerryHeap }) =>
      row(
        `\`${board}\``,
        count(bytes),
        count(parts),
        count(rest),
        count(full),
        `${count(jsVars - full)} of ${count(jsVars)} (${percent(jsVars - full, jsVars)})`,
        count(jerryBytes),
        jerryHeap === null ? "not measured" : count(jerryHeap),
      ),
    ),
    "",
  ];
  if (costs.length === 0) return lines.join("\n");
  const fates = FATES.map(([fate, labels]) => {
    const handlers = labels.map((label) => {
      // With the commas of a label come circumstances, of which the worst counts.
      const found = costs.filter((cost) => cost.label === label || cost.label.startsWith(`${label},`));
      if (found.length === 0) throw new Error(`the probe has not measured "${label}"`);
      return Math.max(...found.map(({ most }) => most));
    });
    return { fate, most: handlers.reduce((sum, most) => sum + most, 0) };
  });
  const ms = (instructions: number, mcu: keyof typeof MS_PER_MILLION): number =>
    (instructions / 1e6) * MS_PER_MILLION[mcu];
  lines.push(
    `| a GRP_TXT of ${LONGEST} bytes | instructions | nRF52840 | ESP32-S3 |`,
    "| --- | --: | --: | --: |",
    ...fates.map(({ fate, most }) =>
      row(fate, count(most), `${ms(most, "nRF52840").toFixed(1)} ms`, `${ms(most, "ESP32-S3").toFixed(1)} ms`),
    ),
    "",
  );
  const worst = Math.max(...fates.map(({ most }) => most));
  const settings = new Map(PRESETS.map((preset) => [`${preset.bwHz} ${preset.sf} ${preset.cr}`, preset]));
  lines.push(
    "| preset | kHz, SF, CR | its time on air | share of it on nRF52840 | on ESP32-S3 |",
    "| --- | --- | --: | --: | --: |",
    ...[...settings.values()].map((preset) => {
      const { bwHz, sf, cr } = preset;
      const same = PRESETS.filter((each) => each.bwHz === bwHz && each.sf === sf && each.cr === cr);
      const air = airtimeMs({ ...preset, powerDbm: 22 }, LONGEST);
      return row(
        same.map(({ name }) => name).join("; "),
        `${bwHz / 1000}, ${sf}, 4/${cr}`,
        `${count(air)} ms`,
        percent(ms(worst, "nRF52840"), air),
        percent(ms(worst, "ESP32-S3"), air),
      );
    }),
    "",
  );
  return lines.join("\n");
}

const row = (...cells: string[]): string => `| ${cells.join(" | ")} |`;

/** Puts the tables into docs/firmware.md, where those of the last run stand. */
export function writeFirmwarePage(figures: FirmwareFigures): void {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/firmware.md has lost its marks ${BEGIN} and ${END}`);
  writeFileSync(PAGE, `${page.slice(0, from + BEGIN.length)}\n\n${firmwareTables(figures)}\n${page.slice(to)}`);
}
