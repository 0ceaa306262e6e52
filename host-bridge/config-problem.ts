// How a finding about the configuration becomes a sentence with file, line, key, expected and found.
import type * as z from "zod";
import type { Section } from "./config-keys.ts";
import { homesOf, KEYS, keysOf } from "./config-keys.ts";
import type { ConfigNode, ConfigPath, TableNode } from "./config-node.ts";
import { nearest, nodeAt, pathText } from "./config-node.ts";
import { suggest } from "./config-suggest.ts";
import { RoomError } from "./errors.ts";
import { printable, redact } from "./log.ts";

/** A finding at a key. `found` is read from the files where it is left out. */
export interface Complaint {
  path: ConfigPath;
  expected: string;
  found?: string;
  hint?: string;
}

/** Values that must not be printed; a webhook's URL is as good as a password. */
const SECRET_KEYS = ["psk", "secret", "federation_secret", "password", "webhook"];
const MAX_SHOWN = 60;

/** The complaint as an error that names the place in the files. */
export function toError(root: TableNode, complaint: Complaint, code = "bad_config"): RoomError {
  const { path, expected, hint } = complaint;
  const node = nodeAt(root, path);
  const { file, line } = node ?? nearest(root, path);
  const found = complaint.found ?? (node === undefined ? "nothing" : describeNode(node, path));
  return new RoomError(code, `${file}:${line}: ${pathText(path)}`, { expected, found, hint });
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
  const shown = printable(String(redact(value)));
  return JSON.stringify(shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}...` : shown);
}

/** zod's findings about one section, one complaint for each place. `value` is the section as plain values. */
export function fromIssues(
  section: Section,
  issues: readonly z.core.$ZodIssue[],
  root: TableNode,
  value: unknown,
): Complaint[] {
  const complaints: Complaint[] = [];
  for (const issue of issues) {
    const path: ConfigPath = [section, ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))];
    if (issue.code === "unrecognized_keys") {
      const known = keysOf(KEYS[section], issue.path, value);
      for (const key of issue.keys) complaints.push(unknownKey(path, key, known));
    } else if (!complaints.some((other) => pathText(other.path) === pathText(path))) {
      complaints.push(wrongValue(path, issue, nodeAt(root, path)));
    }
  }
  return complaints;
}

/** A key that does not exist in the table at `path`. */
export function unknownKey(path: ConfigPath, key: string, known: readonly string[]): Complaint {
  const near = suggest(key, known);
  const homes = homesOf(key);
  let hint = "remove it";
  if (near !== null) hint = `did you mean ${near}?`;
  else if (homes.length > 0) hint = `did you mean to put it under ${homes.join(" or ")}?`;
  return {
    path: [...path, key],
    expected: `one of ${known.join(", ")}`,
    found: `the unknown key ${JSON.stringify(key)}`,
    hint,
  };
}

function wrongValue(path: ConfigPath, issue: z.core.$ZodIssue, node: ConfigNode | undefined): Complaint {
  const complaint: Complaint = { path, expected: issue.message };
  const key = path[path.length - 1];
  const wanted = issue.code === "invalid_type" ? issue.expected : undefined;
  if (node === undefined) return { ...complaint, hint: `add ${typeof key === "string" ? key : "it"} here` };
  if (node.kind !== "scalar") {
    return wanted === "array"
      ? { ...complaint, hint: 'begin each item with "- " (YAML), or use [[...]] (TOML)' }
      : complaint;
  }
  const { value } = node;
  if (wanted === "array" || wanted === "object") {
    // Whatever stands here may be a secret in the wrong place.
    const found = value === null ? "nothing" : `a single value`;
    return {
      ...complaint,
      found,
      hint: wanted === "array" ? 'begin each item with "- " (YAML)' : "write its keys below, indented",
    };
  }
  if (wanted === "string" && value !== null) return { ...complaint, hint: "put it in quotes" };
  if (wanted === "string") return { ...complaint, hint: 'write "" for an empty text, or remove the key' };
  if (typeof value !== "string") return complaint;
  if (wanted === "boolean" && /^(yes|no|on|off|true|false)$/i.test(value)) {
    return { ...complaint, hint: `write ${/^(yes|on|true)$/i.test(value) ? "true" : "false"} without quotes` };
  }
  if ((wanted === "number" || wanted === "int") && /^-?\d+(\.\d+)?$/.test(value))
    return { ...complaint, hint: "remove the quotes" };
  const options = issue.code === "invalid_value" ? issue.values.map(String) : [];
  const near = suggest(value, key === "type" ? ["serial", "sim", "kiss"] : options);
  return near === null ? complaint : { ...complaint, hint: `did you mean ${near}?` };
}
