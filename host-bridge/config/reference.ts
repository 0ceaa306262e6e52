// The tables of docs/config.md, made from keys.ts; a test compares them.
import * as z from "zod";
import { unwrap } from "./key-walk.ts";
import { KEYS } from "./keys.ts";

/** Defaults that depend on something, in words. */
const DEFAULTS: Record<string, string> = {
  name: "the machine's name",
  data_dir: "`./data`; systemd's StateDirectory",
  "boards[].id": "made of port or model",
  "boards[].ether": "`127.0.0.1:7300`",
  "radio.preset": "EU/UK (Narrow)",
  "radio.frequency_mhz": "the preset's",
  "radio.bandwidth_khz": "the preset's",
  "radio.spreading_factor": "the preset's",
  "radio.coding_rate": "the preset's",
  "radio.tx_power_dbm": "`22`",
  "radio.duty_cycle_percent": "the limit of the band in Europe, else 50",
  "federation.enabled": "on where there are peers, or `blind_hub`",
  "mqtt.enabled": "on where there is a broker",
  "clients.auth": "`optional` where `listen` is loopback, else `required`",
};
/** Said once above the tables instead of in each. */
const ONCE: [prefix: string, words: string][] = [
  ["boards[].radio", "Keys as in `radio`, over those: this board's own."],
  ["mqtt.brokers", "Keys as in `mqtt`, without `enabled`: more brokers, each with its own."],
  ["federation.peers", "The same as `peers`, the two are added up."],
];

interface Row {
  key: string;
  accepts: string;
  fallback: string;
  meaning: string;
}

/** One table in Markdown for each section, with a heading. */
export function referenceTables(): string {
  const parts = Object.entries(KEYS).map(([section, schema]) => {
    const lines = rows(section, schema).map(
      ({ key, accepts, fallback, meaning }) => `| \`${key}\` | ${accepts} | ${fallback} | ${meaning} |`,
    );
    return [`### ${section}`, "", "| key | accepts | default | meaning |", "| --- | --- | --- | --- |", ...lines];
  });
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function rows(key: string, schema: z.core.$ZodType): Row[] {
  const once = ONCE.find(([prefix]) => prefix === key);
  if (once !== undefined) return [{ key, accepts: "a table", fallback: "", meaning: once[1] }];
  const inner = unwrap(schema, undefined);
  if (inner instanceof z.ZodObject) return tableRows(key, inner.shape as z.core.$ZodLooseShape);
  if (inner instanceof z.ZodArray && isTable(inner.element)) return rows(`${key}[]`, inner.element);
  if (inner instanceof z.ZodDiscriminatedUnion) return unionRows(key, inner.options);
  const isList = inner instanceof z.ZodArray;
  const accepts = isList ? `a list, each ${acceptsText(inner.element)}` : acceptsText(inner);
  return [{ key, accepts, fallback: DEFAULTS[key] ?? defaultOf(schema), meaning: meaningOf(schema) }];
}

const tableRows = (key: string, shape: z.core.$ZodLooseShape): Row[] =>
  Object.entries(shape).flatMap(([name, below]) => rows(`${key}.${name}`, below));

/** The kinds of board: their types in one row, then each key once. */
function unionRows(key: string, options: readonly z.core.$ZodType[]): Row[] {
  const shapes = options.flatMap((option) =>
    option instanceof z.ZodObject ? [option.shape as z.core.$ZodLooseShape] : [],
  );
  const types = shapes.map(({ type }) => `\`${acceptsText(type)}\`: ${meaningOf(type)}`).join(" ");
  const found = new Map<string, Row>();
  for (const shape of shapes) {
    const { type: _, ...others } = shape;
    for (const row of tableRows(key, others)) found.set(row.key, found.get(row.key) ?? row);
  }
  const accepts = shapes.map(({ type }) => acceptsText(type)).join(", ");
  return [{ key: `${key}.type`, accepts, fallback: "must be given", meaning: types }, ...found.values()];
}

const isTable = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodObject || schema instanceof z.ZodDiscriminatedUnion;

/** The words of the row itself: what a person reads after "expected" when it is none of that. */
function acceptsText(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodLiteral && schema.values.size === 1) return String([...schema.values][0]);
  return (z.safeParse(schema, Symbol("nothing")).error?.issues[0]?.message ?? "").replaceAll("|", "\\|");
}

function defaultOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodOptional) return "not set";
  const fallback =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
  return fallback === undefined ? "must be given" : `\`${JSON.stringify(fallback)}\``;
}

/** Throws for a row without a description: then docs/config.md would say nothing about it. */
function meaningOf(schema: z.core.$ZodType): string {
  const text = schema instanceof z.ZodType ? schema.description : undefined;
  if (text === undefined) throw new Error("bug: a key without a description");
  return text;
}
