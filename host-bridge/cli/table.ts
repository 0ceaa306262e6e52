// Rows of what the daemon tells, as tables.
import { printable } from "../log.ts";
import type { CliIo } from "./io.ts";
import { paint, tableText } from "./io.ts";

export type Row = Record<string, unknown>;
/** A column: its heading, and what it shows of a row. */
export type Column = [title: string, text: (row: Row, io: CliIo) => string];

/** The objects in what should be a list of them. */
export const rowsOf = (value: unknown): Row[] =>
  Array.isArray(value) ? value.filter((row): row is Row => row !== null && typeof row === "object") : [];

export function columnsText(io: CliIo, list: Row[], columns: Column[]): string {
  const head = columns.map(([title]) => title);
  return tableText(
    io,
    head,
    list.map((row) => columns.map(([, text]) => text(row, io))),
  );
}

export function section(io: CliIo, title: string, list: Row[], columns: Column[]): void {
  if (list.length === 0) io.out(`\nNo ${title.toLowerCase()}\n`);
  else io.out(`\n${columnsText(io, list, columns)}`);
}

/** A value in a cell; `-` where there is none. */
export function show(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  return typeof value === "string" ? printable(value) : String(value);
}

export const unit = (value: unknown, name: string): string =>
  typeof value === "number" ? `${Math.round(value * 10) / 10} ${name}` : "-";

export const linkText = (io: CliIo, isConnected: boolean): string =>
  isConnected ? paint(io, "green", "connected") : paint(io, "red", "not connected");
