import type { Document, ErrorCode, Node } from "yaml";
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { RoomError } from "../errors.ts";
import type { ConfigNode, Scalar, TableNode } from "./node.ts";

// The parser's own messages quote the text around the mistake, and that may be a secret.
const SENTENCES: Partial<Record<ErrorCode, [expected: string, hint: string]>> = {
  TAB_AS_INDENT: ["spaces at the start of the line", "replace the tab by spaces"],
  BAD_INDENT: ["the same indentation for all keys of a table", "compare the spaces with the lines above"],
  DUPLICATE_KEY: ["each key once in a table", "remove one of the two"],
  BAD_SCALAR_START: ["quotes around a text that begins with such a character", 'write it as "..."'],
  BAD_DQ_ESCAPE: ["a known escape after the backslash", "write \\\\ for a backslash, or use '...' quotes"],
  MISSING_CHAR: ["a closing quote or bracket", "close what was opened above"],
  TAG_RESOLVE_FAILED: ["quotes around a text that begins with !", 'write it as "..."'],
  BLOCK_AS_IMPLICIT_KEY: [
    'one "key: value" a line',
    "put a text that contains a colon in quotes, and check the indentation",
  ],
  MULTILINE_IMPLICIT_KEY: ['"key: value"', "put a colon and a space after the key"],
};

/** More nodes than any real file has; aliases of aliases would otherwise grow without end. */
const MAX_NODES = 100_000;

/**
 * The tree of a YAML 1.2 file. Throws nothing: the problems come beside the tree, all that the parser finds. An empty
 * file is an empty table.
 */
export function parseYamlFile(file: string, text: string): { root: TableNode; problems: RoomError[] } {
  const lines = new LineCounter();
  const empty: TableNode = { kind: "table", file, line: 1, entries: new Map() };
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const documents: Document.Parsed[] = Array.isArray(parsed) ? parsed : [];
  const problems: RoomError[] = [];
  for (const error of documents.flatMap((document) => [...document.errors, ...document.warnings])) {
    // What is missing at the end of a line is noticed only at the next word, and belongs to where it should have been.
    const isUnclosed = error.code === "MISSING_CHAR" || error.message.includes("end with a");
    const place = isUnclosed ? text.slice(0, error.pos[0]).trimEnd().length - 1 : error.pos[0];
    const { line } = lines.linePos(Math.max(0, place));
    if (problems.some((problem) => problem.message === at(file, line))) continue;
    const [expected, hint] = SENTENCES[isUnclosed ? "MISSING_CHAR" : error.code] ?? [
      "valid YAML",
      "check quotes, colons and indentation around this line",
    ];
    problems.push(new RoomError("bad_config", at(file, line), { expected, hint }));
  }
  const document = documents[0];
  if (problems.length > 0 || document === undefined) return { root: empty, problems };
  if (documents.length > 1) {
    const { line } = lines.linePos(documents[1].range[0]);
    problems.push(
      new RoomError("bad_config", at(file, line), {
        expected: "one document in the file",
        hint: "remove the line ---",
      }),
    );
    return { root: empty, problems };
  }
  try {
    const root = document.contents === null ? empty : new Walk(file, document, lines).node(document.contents, 1, []);
    if (root.kind === "table") return { root, problems };
    if (root.kind === "scalar" && root.value === null) return { root: empty, problems };
    problems.push(
      new RoomError("bad_config", at(file, root.line), {
        expected: 'keys such as "rooms:" at the start of the line',
        found: root.kind === "list" ? "a list" : "a single value",
        hint: "see the example host-bridge/demo.yaml",
      }),
    );
  } catch (error) {
    if (!(error instanceof RoomError)) throw error;
    problems.push(error);
  }
  return { root: empty, problems };
}

const at = (file: string, line: number): string => `${file}:${line}`;

class Walk {
  private readonly file: string;
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  private count = 0;

  constructor(file: string, document: Document.Parsed, lines: LineCounter) {
    this.file = file;
    this.document = document;
    this.lines = lines;
  }

  /** `line` is the key's; `open` are the nodes that this one is inside of. */
  node(node: unknown, line: number, open: readonly Node[]): ConfigNode {
    const { file } = this;
    if (++this.count > MAX_NODES)
      throw this.problem(line, `at most ${MAX_NODES} values in a file`, "use fewer aliases");
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (target === undefined)
        throw this.problem(
          line,
          "an anchor (&name) above its alias (*name)",
          "put a text that begins with * in quotes",
        );
      if (open.includes(target))
        throw this.problem(line, "an alias that does not contain itself", "write the values out");
      return this.node(target, line, open);
    }
    if (isMap(node)) {
      const entries = new Map<string, ConfigNode>();
      for (const { key, value } of node.items) {
        const keyLine = this.lineOf(key, line);
        if (!isScalar(key)) throw this.problem(keyLine, "a plain word as key", "remove the ? or the brackets");
        entries.set(String(key.value), this.node(value, keyLine, [...open, node]));
      }
      return { kind: "table", file, line, entries };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.node(item, this.lineOf(item, line), [...open, node]));
      return { kind: "list", file, line, items };
    }
    const value = isScalar(node) ? (node.value as Scalar | undefined) : null;
    return { kind: "scalar", file, line, value: value ?? null };
  }

  private lineOf(node: unknown, otherwise: number): number {
    return isNode(node) && node.range ? this.lines.linePos(node.range[0]).line : otherwise;
  }

  private problem(line: number, expected: string, hint: string): RoomError {
    return new RoomError("bad_config", at(this.file, line), { expected, hint });
  }
}
