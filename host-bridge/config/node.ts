// A configuration file as a tree in which every value still knows its file and line, whatever syntax it came from.

export type Scalar = string | number | bigint | boolean | null | Date;
export type ConfigPath = readonly (string | number)[];

interface Place {
  readonly file: string;
  /** From 1: the line of the key, or of a list's item. 0 where `file` is no file but a variable of the environment. */
  readonly line: number;
}
export interface ScalarNode extends Place {
  readonly kind: "scalar";
  readonly value: Scalar;
}
export interface ListNode extends Place {
  readonly kind: "list";
  readonly items: ConfigNode[];
}
export interface TableNode extends Place {
  readonly kind: "table";
  readonly entries: Map<string, ConfigNode>;
}
export type ConfigNode = ScalarNode | ListNode | TableNode;

/** Lists whose items have an identity: an item of a later file adds to the item of an earlier one with the same value here. */
const IDENTITY: Record<string, string> = { rooms: "name", boards: "id", nodes: "node" };

/** Values that must not be printed; a webhook's URL is as good as a password. Each may stand in a file: `psk_file`. */
export const SECRET_KEYS = [
  "psk",
  "secret",
  "federation_secret",
  "password",
  "backbone_password",
  "webhook",
  "webhook_secret",
];

/** Keys that may stand in a file with nothing under them (everything commented out), as if they were not there. */
const SECTIONS = [
  ...["rooms", "peers", "boards", "mqtt", "federation", "tls", "companion", "radio", "clients", "rate_limit"],
  "login",
  ...["nodes", "alerts", "log", "metrics", "simulator"],
];

/**
 * `later` laid over `base`: tables key by key, single values replaced. Rooms of the same name and boards of the same id
 * are merged key by key; every other list item (peers, new rooms) is appended. Neither tree is changed.
 */
export function mergeNodes(base: TableNode, later: TableNode): TableNode {
  const entries = new Map(base.entries);
  // The later file's psk_file stands for the earlier one's psk, and the other way round.
  for (const key of SECRET_KEYS) {
    if (later.entries.has(`${key}_file`)) entries.delete(key);
    if (later.entries.has(key)) entries.delete(`${key}_file`);
  }
  for (const [key, over] of later.entries) {
    const under = entries.get(key);
    if (under === undefined) entries.set(key, over);
    else if (over.kind === "scalar" && over.value === null && SECTIONS.includes(key)) continue;
    else if (under.kind === "table" && over.kind === "table") entries.set(key, mergeNodes(under, over));
    else if (under.kind === "list" && over.kind === "list") entries.set(key, mergeLists(under, over, IDENTITY[key]));
    else entries.set(key, over);
  }
  return { ...base, entries };
}

function mergeLists(base: ListNode, later: ListNode, identity: string | undefined): ListNode {
  const items = [...base.items];
  const own = base.items.length;
  for (const item of later.items) {
    const id = identity === undefined ? undefined : scalarAt(item, identity);
    // Only items of earlier files: the same name twice in one file is a mistake that has to be seen later.
    const at = id === undefined ? -1 : items.slice(0, own).findIndex((other) => scalarAt(other, identity) === id);
    const under = items[at];
    if (under !== undefined && under.kind === "table" && item.kind === "table") items[at] = mergeNodes(under, item);
    else items.push(item);
  }
  return { ...base, items };
}

function scalarAt(node: ConfigNode, key: string | undefined): Scalar | undefined {
  const value = node.kind === "table" && key !== undefined ? node.entries.get(key) : undefined;
  return value?.kind === "scalar" ? value.value : undefined;
}

/** The tree as plain values. Objects have no prototype, so that a key `__proto__` is a key like any other. */
export function plain(node: ConfigNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plain);
  const table: Record<string, unknown> = Object.create(null);
  for (const [key, value] of node.entries) {
    if (value.kind === "scalar" && value.value === null && SECTIONS.includes(key)) continue;
    table[key] = plain(value);
  }
  return table;
}

/** The node at `path`, or its nearest ancestor that exists. */
export function nearest(root: ConfigNode, path: ConfigPath): ConfigNode {
  let node = root;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) return node;
    node = next;
  }
  return node;
}

/** The node at `path` itself. */
export function nodeAt(root: ConfigNode, path: ConfigPath): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  for (const step of path) node = node === undefined ? undefined : child(node, step);
  return node;
}

function child(node: ConfigNode, step: string | number): ConfigNode | undefined {
  if (node.kind === "table") return node.entries.get(String(step));
  return node.kind === "list" ? node.items[Number(step)] : undefined;
}

/** `rooms[0].psk` */
export function pathText(path: ConfigPath): string {
  return path.map((step, at) => (typeof step === "number" ? `[${step}]` : (at > 0 ? "." : "") + step)).join("");
}

/** `a.yaml:3`, or the name of a variable. */
export function placeText({ file, line }: ConfigNode): string {
  return line === 0 ? file : `${file}:${line}`;
}
