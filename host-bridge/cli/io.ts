import { addressText, parseAddress } from "../config/address.ts";
import { DEFAULT_FILES } from "../config/load.ts";
import type { Address } from "../config/schema.ts";
import { RoomError } from "../errors.ts";

/** What a command may touch of the process around it; tests bring their own. */
export interface CliIo {
  out(text: string): void;
  err(text: string): void;
  env: NodeJS.ProcessEnv;
  /** Configuration files that are read where none is named, as far as they exist. */
  defaultFiles: readonly string[];
  /** A person reads `out`. */
  isTty: boolean;
  /** Resolves at the first SIGINT or SIGTERM after the call. From then on a second one ends the process at once. */
  interrupted(): Promise<void>;
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
  };
}

/** Rows in aligned columns under a heading for a person; for a program one line a row, columns parted by tabs, no heading. */
export function tableText(io: CliIo, head: string[], rows: string[][]): string {
  if (!io.isTty) return rows.map((row) => `${row.join("\t")}\n`).join("");
  const all = [head.map((title) => title.toUpperCase()), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...row[column]].length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(widths[column] - [...cell].length))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line, at) => `${at === 0 ? bold(io, line) : line}\n`).join("");
}

/** Bold on a terminal that has not refused colours (no-color.org). */
export function bold(io: CliIo, text: string): string {
  return io.isTty && !io.env["NO_COLOR"] ? `\u001b[1m${text}\u001b[22m` : text;
}

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
