// How a finding about the configuration becomes a sentence with file, line, key, expected and found.
import type * as z from "zod";
import { RoomError } from "../errors.ts";
import { HIDDEN, printable, redact } from "../log.ts";
import { parseAddress } from "./address.ts";
import { defaultText, homesOf, keysOf } from "./key-walk.ts";
import type { Section } from "./keys.ts";
import { KEYS } from "./keys.ts";
import type { ConfigNode, ConfigPath, Scalar, TableNode } from "./node.ts";
import { nearest, nodeAt, pathText, placeText, SECRET_KEYS } from "./node.ts";
import { suggest } from "./suggest.ts";

/** A finding at a key. `found` is read from the files where it is left out. */
export interface Complaint {
  path: ConfigPath;
  expected: string;
  found?: string;
  hint?: string;
}

const MAX_SHOWN = 60;
/** A key that has more places than this says nothing about which was meant. */
const MAX_HOMES = 3;

/** For keys of list items that have no default, or none to recommend. */
const ADVICE: Record<string, string> = {
  name: "for example ClubNet",
  psk: 'write the psk in quotes, or "" if everyone may join',
  host: "for example room-server.example.com",
  port: "for example 7070",
  addr: "for example room-server.example.com:5001",
  path: "for example /dev/ttyACM0",
  trusted_proxies: "for example 127.0.0.1",
  allowed_origins: "for example https://example.com",
};

/** The complaint as an error that names the place in the files. */
export function toError(root: TableNode, complaint: Complaint, code = "bad_config"): RoomError {
  const { path, expected, hint } = complaint;
  const node = nodeAt(root, path);
  const place = placeText(node ?? nearest(root, path));
  const found = complaint.found ?? (node === undefined ? "nothing" : describeNode(node, path));
  return new RoomError(code, `${place}: ${pathText(path)}`, { expected, found, hint });
}

/** What stands in the file, without any secret. */
function describeNode(node: ConfigNode, path: ConfigPath): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "table") return "a table of keys";
  const { value } = node;
  if (value === null) return "nothing";
  if (typeof value === "boolean") return String(value);
  if (value instanceof Date) return "a date";
  const isText = typeof value === "string";
  if (path.some((step) => SECRET_KEYS.includes(String(step)))) {
    return isText ? `a text of ${[...value].length} characters` : "a number";
  }
  if (!isText) return `the number ${value}`;
  const shown = String(redact(value));
  // A token, or a password that is not written as one should: redact() finds only what is right.
  const hasMore = value.includes("://") && shown.replaceAll(`:${HIDDEN}@`, "").includes("@");
  if (hasMore) return "a URL with a login that is none";
  return printable(JSON.stringify(shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}...` : shown));
}

/** zod's findings about one section, one complaint for each place. `value` is the section as plain values. */
export function fromIssues(
  section: Section,
  issues: readonly z.core.$ZodIssue[],
  root: TableNode,
  value: unknown,
): Complaint[] {
  const complaints: Complaint[] = [];
  // A key with a slip in it is not missing as well.
  const meant = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const path = pathIn(section, issue);
    const known = keysOf(KEYS[section], issue.path, value);
    for (const key of issue.keys) {
      complaints.push(unknownKey(path, key, known));
      const near = suggest(key, known);
      if (near !== null) meant.add(pathText([...path, near]));
    }
  }
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") continue;
    const path = pathIn(section, issue);
    const node = nodeAt(root, path);
    const isTold = complaints.some((other) => pathText(other.path) === pathText(path));
    if (isTold || (node === undefined && meant.has(pathText(path)))) continue;
    complaints.push(wrongValue(path, issue, node, defaultText(KEYS[section], issue.path, value)));
  }
  return complaints;
}

const pathIn = (section: Section, issue: z.core.$ZodIssue): ConfigPath => [
  section,
  ...issue.path.map((step) => (typeof step === "number" ? step : String(step))),
];

/** A key that does not exist in the table at `path`. */
export function unknownKey(path: ConfigPath, key: string, known: readonly string[]): Complaint {
  const near = suggest(key, known);
  const here = pathText(path).replace(/\[\d+\]/g, "[]");
  const homes = homesOf(key).filter((home) => home !== here);
  let hint = "remove it";
  if (near !== null) hint = `did you mean ${near}?`;
  else if (homes.length > 0 && homes.length <= MAX_HOMES) hint = `did you mean to put it under ${homes.join(" or ")}?`;
  return {
    path: [...path, key],
    expected: `one of ${known.join(", ")}`,
    found: `the unknown key ${JSON.stringify(key)}`,
    hint,
  };
}

function wrongValue(
  path: ConfigPath,
  issue: z.core.$ZodIssue,
  node: ConfigNode | undefined,
  leftOut: string | null,
): Complaint {
  const key = path[path.length - 1];
  const advice = path.length > 1 ? ADVICE[String(typeof key === "number" ? path[path.length - 2] : key)] : undefined;
  const otherwise = advice ?? leftOut ?? "host-bridge/demo.yaml is an example";
  const complaint: Complaint = { path, expected: issue.message, hint: otherwise };
  const wanted = issue.code === "invalid_type" ? issue.expected : undefined;
  if (node === undefined) return { ...complaint, hint: `add ${typeof key === "string" ? key : "it"} here` };
  if (wanted === "array" && node.kind !== "list") {
    const hint = 'begin each item with "- " (YAML), or use [[...]] (TOML)';
    return { ...complaint, found: withoutText(node), hint };
  }
  if (wanted === "object" && node.kind !== "table") {
    return { ...complaint, found: withoutText(node), hint: "write its keys below it" };
  }
  if (node.kind !== "scalar" || node.value === null) return complaint;
  return { ...complaint, hint: scalarHint(node.value, wanted, String(key), issue) ?? otherwise };
}

/** A text where a table or a list belongs may be a secret in the wrong place. */
function withoutText(node: ConfigNode): string | undefined {
  return node.kind === "scalar" && node.value !== null ? "a single value" : undefined;
}

function scalarHint(found: Scalar, wanted: string | undefined, key: string, issue: z.core.$ZodIssue): string | null {
  const value = String(found);
  if (issue.message.startsWith("host:port")) {
    if (/^\d+$/.test(value) && key !== "listen") return `127.0.0.1:${value}`;
    if (/^\d+$/.test(value)) return `127.0.0.1:${value} for this machine only, 0.0.0.0:${value} for every address`;
    return /^:\d+$/.test(value) ? `0.0.0.0${value} for every address of this machine` : null;
  }
  if (issue.message.startsWith("an origin") && /^https?:/.test(value) && URL.canParse(value))
    return new URL(value).origin;
  if (key === "broker" && parseAddress(value) !== null) return `mqtt://${value}`;
  if (wanted === "string") return "put it in quotes";
  if (typeof found !== "string") return null;
  if (wanted === "boolean" && /^(yes|no|on|off|true|false)$/i.test(value)) {
    return `write ${/^(yes|on|true)$/i.test(value) ? "true" : "false"} without quotes`;
  }
  if ((wanted === "number" || wanted === "int") && /^-?\d+(\.\d+)?$/.test(value)) return "remove the quotes";
  const isWord = issue.code === "invalid_value" && !/^[\d./]+$/.test(value);
  const options = isWord ? issue.values.map(String) : [];
  const near = suggest(value, key === "type" ? ["serial", "sim", "kiss"] : options);
  return near === null ? null : `did you mean ${near}?`;
}
