import type { AST } from "toml-eslint-parser";
import { ParseError, parseTOML } from "toml-eslint-parser";
import { RoomError } from "../errors.ts";
import type { ConfigNode, TableNode } from "./node.ts";

// What the parser says (it never quotes the file) and what helps.
const HINTS: [start: string, hint: string][] = [
  ["Defining a key multiple times", "remove one of the two, or use [[name]] for each item of a list"],
  ["Unterminated string", "close the quotes"],
  ["Expected equal", "write key = value"],
  ["Leading zeros", "remove the zero, or put the value in quotes"],
  ["Must be a newline", "one key = value a line"],
  ["Unterminated table-key", "close the bracket"],
];

// A path without quotes, as operators copy it from other programs' files: `tls_cert = /etc/x.crt  # comment`.
const BARE_PATH = /^(\s*[\w."'-]+\s*=\s*)((?:~|\.{1,2})?\/[^\s"'#]*)(\s*(?:#.*)?)$/;

/**
 * The tree of a TOML file; paths need no quotes. Throws nothing: the problem comes beside the tree (TOML's parser stops at
 * the first).
 */
export function parseTomlFile(file: string, text: string): { root: TableNode; problems: RoomError[] } {
  const lines = text.split("\n");
  const root: TableNode = { kind: "table", file, line: 1, entries: new Map() };
  for (;;) {
    try {
      const program = parseTOML(lines.join("\n"), { tomlVersion: "1.0.0" });
      for (const part of program.body[0].body) {
        if (part.type === "TOMLTable") addTable(root, part);
        else addPair(root, part);
      }
      return { root, problems: [] };
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      // Only a line that TOML refuses is quoted, so that nothing inside a long string is ever touched.
      const at = error.lineNumber - 1;
      const quoted = quotePath(lines[at] ?? "");
      if (quoted === null) return { root, problems: [problem(file, error, lines.length)] };
      lines[at] = quoted;
    }
  }
}

function quotePath(line: string): string | null {
  const match = BARE_PATH.exec(line.replace(/\r$/, ""));
  return match === null ? null : `${match[1]}'${match[2]}'${match[3]}`;
}

function problem(file: string, error: ParseError, lineCount: number): RoomError {
  const hint =
    HINTS.find(([start]) => error.message.startsWith(start))?.[1] ?? "put a text in quotes, and check the brackets";
  // What is missing at the end of a line is noticed at the start of the next.
  const isUnclosed = error.column === 0 && /^(Expected|Unterminated|Unspecified)/.test(error.message);
  const line = Math.min(isUnclosed ? error.lineNumber - 1 : error.lineNumber, lineCount);
  return new RoomError("bad_config", `${file}:${line}`, {
    expected: "valid TOML",
    found: lowerFirst(error.message),
    hint,
  });
}

function addTable(root: TableNode, part: AST.TOMLTable): void {
  let node: ConfigNode = root;
  const line = part.loc.start.line;
  part.resolvedKey.forEach((step, at) => {
    const isLast = at === part.resolvedKey.length - 1;
    node = childOf(node, step, isLast || typeof part.resolvedKey[at + 1] === "string" ? "table" : "list", line);
  });
  for (const pair of part.body) addPair(node, pair);
}

function addPair(into: ConfigNode, pair: AST.TOMLKeyValue): void {
  const line = pair.loc.start.line;
  let node = into;
  const names = pair.key.keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value));
  for (const name of names.slice(0, -1)) node = childOf(node, name, "table", line);
  if (node.kind !== "table") throw new Error("bug: a TOML key inside a value");
  node.entries.set(names[names.length - 1], valueNode(into.file, pair.value, line));
}

/** The child at `step`, made when missing. The parser has refused keys that are two things at once. */
function childOf(node: ConfigNode, step: string | number, kind: "table" | "list", line: number): ConfigNode {
  const fresh: ConfigNode =
    kind === "table" ? { kind, file: node.file, line, entries: new Map() } : { kind, file: node.file, line, items: [] };
  if (node.kind === "table") {
    const found = node.entries.get(String(step)) ?? fresh;
    node.entries.set(String(step), found);
    return found;
  }
  if (node.kind !== "list" || typeof step !== "number") throw new Error("bug: a TOML table inside a value");
  return (node.items[step] ??= fresh);
}

function valueNode(file: string, value: AST.TOMLContentNode, line: number): ConfigNode {
  if (value.type === "TOMLArray") {
    const items = value.elements.map((element) => valueNode(file, element, element.loc.start.line));
    return { kind: "list", file, line, items };
  }
  if (value.type === "TOMLInlineTable") {
    const table: TableNode = { kind: "table", file, line, entries: new Map() };
    for (const pair of value.body) addPair(table, pair);
    return table;
  }
  return { kind: "scalar", file, line, value: value.value };
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
