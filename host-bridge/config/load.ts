import { existsSync } from "node:fs";
import { extname } from "node:path";
import { RoomError, RoomErrorList } from "../errors.ts";
import type { Findings } from "./check.ts";
import { checkPeerSecrets, checkTogether } from "./check.ts";
import { applyEnvironment } from "./environment.ts";
import type { Section, Settings } from "./keys.ts";
import { KEYS } from "./keys.ts";
import type { TableNode } from "./node.ts";
import { mergeNodes, plain } from "./node.ts";
import { fromIssues, toError, unknownKey } from "./problem.ts";
import { fileProblem, readText } from "./read.ts";
import { resolve } from "./resolve.ts";
import type { Config } from "./schema.ts";
import { checkFileModes, readSecretFiles } from "./secret-files.ts";
import { parseTomlFile } from "./toml.ts";
import { parseYamlFile } from "./yaml.ts";

/** Read when no file is named, as far as they exist, in this order. */
export const DEFAULT_FILES = ["/etc/meshcore/room-server.yaml", "/etc/meshcore/room.conf"];

export interface LoadedConfig {
  config: Config;
  /** Weak secrets and what is probably not meant, worded like errors; `check --strict` refuses them. */
  warnings: RoomError[];
  /** All values with the places they came from. */
  root: TableNode;
}

/** Files of `candidates` that exist; a file that may not be read counts, so that the reader is told so. */
export function defaultConfigFiles(candidates: readonly string[]): string[] {
  return candidates.filter((file) => existsSync(file));
}

/**
 * Reads the files (`.yaml`, `.yml`; `.conf`, `.toml`), merges them in order, checks everything, and fills in the defaults.
 *
 * Merging: a later file wins key by key; rooms of the same name and boards of the same id are merged; peers and other new
 * items are appended. Over the files come the variables MESHCORE_ROOM_... of `env`; it also gives STATE_DIRECTORY, systemd's
 * default for `data_dir`.
 *
 * Throws a RoomErrorList `bad_config` with every problem: file, line, key, expected, found, and what to try. No error
 * and no warning holds a secret.
 */
export function loadConfig(files: readonly string[], env: NodeJS.ProcessEnv = process.env): LoadedConfig {
  let root: TableNode = { kind: "table", file: files[0] ?? "(no file)", line: 1, entries: new Map() };
  const broken: RoomError[] = [];
  for (const file of files) {
    try {
      const { root: own, problems } = parseFile(file);
      broken.push(...problems);
      root = root.entries.size === 0 ? own : mergeNodes(root, own);
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      broken.push(error);
    }
  }
  // With a file missing from the sum, the rest would be judged wrongly.
  if (broken.length > 0) throw new RoomErrorList("bad_config", summary(broken.length), broken);

  const fromEnv = applyEnvironment(root, env);
  const unread = readSecretFiles(root);
  const raw = plain(root) as Record<string, unknown>;
  const { settings, findings } = checkAll(root, raw);
  const errors = [
    ...fromEnv.problems,
    ...[...unread, ...findings.problems].map((complaint) => toError(root, complaint)),
  ];
  if (errors.length > 0) throw new RoomErrorList("bad_config", summary(errors.length), inFileOrder(errors, files));
  const warnings = [
    ...fromEnv.warnings,
    ...findings.warnings.map((complaint) => toError(root, complaint, "config_warning")),
    ...checkFileModes(root),
  ];
  return { config: resolve(settings as Settings, [...files], env), warnings: inFileOrder(warnings, files), root };
}

function checkAll(root: TableNode, raw: Record<string, unknown>): { settings: Partial<Settings>; findings: Findings } {
  const settings: Partial<Record<Section, unknown>> = {};
  const problems = Object.keys(raw)
    .filter((key) => !Object.hasOwn(KEYS, key))
    .map((key) => unknownKey([], key, Object.keys(KEYS)));
  for (const section of Object.keys(KEYS) as Section[]) {
    const result = KEYS[section].safeParse(raw[section]);
    if (result.success) settings[section] = result.data;
    else problems.push(...fromIssues(section, result.error.issues, root, raw[section]));
  }
  const checked = settings as Partial<Settings>;
  const together = checkTogether(checked, raw);
  return {
    settings: checked,
    findings: {
      problems: [...problems, ...together.problems],
      warnings: [...together.warnings, ...checkPeerSecrets(checked)],
    },
  };
}

function parseFile(file: string): { root: TableNode; problems: RoomError[] } {
  const extension = extname(file).toLowerCase();
  const isYaml = [".yaml", ".yml"].includes(extension);
  if (!isYaml && ![".conf", ".toml"].includes(extension)) {
    const expected = "a file ending in .yaml, .yml, .conf or .toml";
    throw new RoomError("bad_config", file, { expected, hint: "rename it, so that its syntax is known" });
  }
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    throw new RoomError("bad_config", file, fileProblem(error));
  }
  return isYaml ? parseYamlFile(file, text) : parseTomlFile(file, text);
}

const summary = (count: number): string => `${count} ${count === 1 ? "problem" : "problems"} in the configuration`;

/** By file and line, as a person walks through them. The message of each begins with `file:line:`. */
function inFileOrder(errors: RoomError[], files: readonly string[]): RoomError[] {
  const rank = (error: RoomError): [number, number] => {
    const at = files.findIndex((file) => error.message.startsWith(`${file}:`));
    return [at, Number.parseInt(error.message.slice((files[at] ?? "").length + 1), 10) || 0];
  };
  return errors
    .map((error) => ({ error, rank: rank(error) }))
    .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
    .map(({ error }) => error);
}
