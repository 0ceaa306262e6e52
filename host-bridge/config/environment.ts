// MESHCORE_ROOM_<KEY>: a value of the environment over that of the files, so that secrets need not stand in any.
import * as z from "zod";
import { RoomError } from "../errors.ts";
import { leavesOf } from "./key-walk.ts";
import { KEYS } from "./keys.ts";
import type { ConfigNode, ConfigPath, TableNode } from "./node.ts";
import { nodeAt, pathText, plain, SECRET_KEYS } from "./node.ts";
import { suggest } from "./suggest.ts";

const PREFIX = "MESHCORE_ROOM_";
/** What the command line reads for itself, without a place in the configuration. */
const OF_THE_COMMANDS = ["URL", "PSK", "TOKEN", "TOKEN_FILE"];
/** Lists whose items may get their secret here, and the keys that name an item. */
const LISTS: [path: string[], names: string[], secret: string][] = [
  [["rooms"], ["name"], "psk"],
  [["peers"], ["name", "host", "addr"], "secret"],
  [["federation", "peers"], ["name", "host", "addr"], "secret"],
];

/** `City B Room Server` -> `CITY_B_ROOM_SERVER` */
const variablePart = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]+/g, "_");

/** `mqtt.password` -> `MESHCORE_ROOM_MQTT_PASSWORD` */
const variableName = (path: ConfigPath): string => PREFIX + path.map((step) => variablePart(String(step))).join("_");

interface Target {
  path: ConfigPath;
  schema: z.core.$ZodType;
}

/**
 * Lays the variables of `env` over `root`, which is changed. A list's item is named by its name or its place: `rooms[0].psk`
 * of the room ClubNet is MESHCORE_ROOM_ROOMS_CLUBNET_PSK or MESHCORE_ROOM_ROOMS_0_PSK. Values are read as texts, numbers or
 * booleans, as the key wants it.
 */
export function applyEnvironment(
  root: TableNode,
  env: NodeJS.ProcessEnv,
): { problems: RoomError[]; warnings: RoomError[] } {
  const problems: RoomError[] = [];
  const warnings: RoomError[] = [];
  const given = Object.keys(env).filter(
    (name) => name.startsWith(PREFIX) && !OF_THE_COMMANDS.includes(name.slice(PREFIX.length)),
  );
  if (given.length === 0) return { problems, warnings };
  const targets = targetsIn(root);
  for (const name of given.sort()) {
    const found = targets.get(name);
    const value = env[name] ?? "";
    if (found === undefined) {
      warnings.push(unknownVariable(name, [...targets.keys()]));
    } else if (found.length > 1) {
      const which = found.map(({ path }) => pathText(path)).join(" and ");
      const hint = "name it by its place in the list, such as MESHCORE_ROOM_ROOMS_0_PSK";
      problems.push(new RoomError("bad_config", name, { expected: "one key", found: which, hint }));
    } else if (value === "") {
      // An empty psk would open a private room to everyone.
      const hint = "give it a value, or remove it from the environment";
      problems.push(new RoomError("bad_config", name, { expected: "a value", found: "an empty variable", hint }));
    } else {
      set(root, found[0].path, { kind: "scalar", file: name, line: 0, value: typed(found[0].schema, value) });
    }
  }
  return { problems, warnings };
}

function unknownVariable(name: string, known: string[]): RoomError {
  const near = suggest(
    name.slice(PREFIX.length),
    known.map((one) => one.slice(PREFIX.length)),
  );
  const hint = near === null ? "remove it; docs/config.md has the names" : `did you mean ${PREFIX}${near}?`;
  const expected = `${PREFIX} with the name of a key`;
  return new RoomError("config_warning", name, { expected, found: "no such key", hint });
}

/** What each variable stands for; more than one place where two items have the same name in capitals. */
function targetsIn(root: TableNode): Map<string, Target[]> {
  const targets = new Map<string, Target[]>();
  const add = (path: ConfigPath, schema: z.core.$ZodType, name = variableName(path)): void => {
    const others = targets.get(name) ?? [];
    targets.set(name, others);
    if (!others.some((other) => pathText(other.path) === pathText(path))) others.push({ path, schema });
  };
  for (const { path, schema } of leavesOf(KEYS)) add(path, schema);
  for (const [listPath, names, secret] of LISTS) {
    const list = nodeAt(root, listPath);
    if (list?.kind !== "list") continue;
    for (const [at, item] of list.items.entries()) {
      if (item.kind !== "table") continue;
      for (const key of [secret, `${secret}_file`]) {
        const path = [...listPath, at, key];
        add(path, z.string());
        for (const name of names) {
          const node = item.entries.get(name);
          if (node?.kind === "scalar") add(path, z.string(), variableName([...listPath, String(node.value), key]));
        }
      }
    }
  }
  return targets;
}

/** The text as what the key takes; as it is when it takes none of them, so that the complaint shows what was written. */
function typed(schema: z.core.$ZodType, value: string): string | number | boolean {
  const asOther = /^(true|false)$/.test(value) ? value === "true" : Number(value);
  if (z.safeParse(schema, value).success || Number.isNaN(asOther)) return value;
  return asOther;
}

/** Tables on the way are made, and the other form of a secret (`psk` beside `psk_file`) gives way. */
function set(root: TableNode, path: ConfigPath, value: ConfigNode): void {
  let table = root;
  for (const [at, step] of path.slice(0, -1).entries()) {
    let next = nodeAt(root, path.slice(0, at + 1));
    if (next === undefined || plain(next) === null) {
      next = { kind: "table", file: value.file, line: 0, entries: new Map() };
      table.entries.set(String(step), next);
    }
    if (next.kind === "list") continue;
    // A section that is no table at all is complained of by itself.
    if (next.kind !== "table") return;
    table = next;
  }
  const key = String(path[path.length - 1]);
  table.entries.set(key, value);
  for (const secret of SECRET_KEYS) {
    if (key === secret) table.entries.delete(`${secret}_file`);
    if (key === `${secret}_file`) table.entries.delete(secret);
  }
}
