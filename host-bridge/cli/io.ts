import { addressText, parseAddress } from "../config/address.ts";
import { DEFAULT_FILES } from "../config/load.ts";
import type { Address } from "../config/schema.ts";
import { RoomError } from "../errors.ts";

/** What a command may touch of the process around it; tests bring their own. */
export interface CliIo {
  out(text: string): void;
  err(text: string): void;
  /** What a person types; standard input where it is left out. */
  input?: NodeJS.ReadStream;
  env: NodeJS.ProcessEnv;
  /** Configuration files that are read where none is named, as far as they exist. */
  defaultFiles: readonly string[];
  /** A person reads `out`. */
  isTty: boolean;
  /** Resolves at the first SIGINT or SIGTERM after the call. From then on a second one ends the process at once. */
  interrupted(): Promise<void>;
  /** Calls `fn` at each SIGHUP; without it that signal ends the process. */
  onHangup(fn: () => void): void;
}

export function processIo(): CliIo {
  // `tail ... | head` closes our output: that is an end, not a failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    defaultFiles: DEFAULT_FILES,
    isTty: process.stdout.isTTY === true,
    interrupted: () =>
      new Promise((resolve) => {
        let count = 0;
        const onSignal = (): void => {
          if (++count > 1) process.exit(130);
          resolve();
        };
        process.on("SIGINT", onSignal);
        process.on("SIGTERM", onSignal);
      }),
    onHangup: (fn) => void process.on("SIGHUP", fn),
  };
}

/** Rows in aligned columns under a heading for a person; for a program one line a row, columns parted by tabs, no heading. */
export function tableText(io: CliIo, head: string[], rows: string[][]): string {
  if (!io.isTty) return rows.map((row) => `${row.join("\t")}\n`).join("");
  const all = [head.map((title) => title.toUpperCase()), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => widthOf(row[column]))));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(widths[column] - widthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line, at) => `${at === 0 ? bold(io, line) : line}\n`).join("");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of paint() start with one.
const COLOUR_CODES = /\u001b\[\d+m/g;
const WIDE =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/u;
const graphemes = new Intl.Segmenter();

/** Columns that a terminal takes for a text: names of rooms and nodes are full of emoji. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text.replace(COLOUR_CODES, ""))) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

const CODES = { bold: [1, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], dim: [2, 22] } as const;

/** A colour on a terminal that has not refused them (no-color.org). */
export function paint(io: CliIo, colour: keyof typeof CODES, text: string): string {
  if (!io.isTty || io.env["NO_COLOR"] || io.env["TERM"] === "dumb") return text;
  const [on, off] = CODES[colour];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

export const bold = (io: CliIo, text: string): string => paint(io, "bold", text);

/** `host:port` of an option. Throws bad_usage. */
export function addressOption(text: string, option: string): Address {
  const address = parseAddress(text, 0);
  if (address !== null) return address;
  const expected = "host:port";
  throw new RoomError("bad_usage", option, {
    expected,
    found: `"${text}"`,
    hint: `${option} ${addressText({ host: "127.0.0.1", port: 7300 })}`,
  });
}

/** A number of an option between `low` and `high`. Throws bad_usage. */
export function numberOption(text: string, option: string, low: number, high: number, isWhole: boolean): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high && (!isWhole || Number.isInteger(value))) return value;
  const expected = `a ${isWhole ? "whole " : ""}number from ${low} to ${high}`;
  throw new RoomError("bad_usage", option, { expected, found: `"${text}"`, hint: "meshcore-room help" });
}
