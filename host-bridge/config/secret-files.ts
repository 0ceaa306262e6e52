// Secrets that stand in files of their own (`psk_file`, `password_file`, ...), and who may read the files with secrets in them.
import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { RoomError } from "../errors.ts";
import type { ConfigNode, ConfigPath, TableNode } from "./node.ts";
import { SECRET_KEYS } from "./node.ts";
import type { Complaint } from "./problem.ts";
import { fileProblem, readText } from "./read.ts";
import { weakness } from "./secrets.ts";

/** Each `psk_file` and so on of `root` becomes the `psk` beside it. Returns what is wrong with them. */
export function readSecretFiles(root: TableNode): Complaint[] {
  const complaints: Complaint[] = [];
  for (const { table, path } of tables(root, [])) {
    for (const key of SECRET_KEYS) {
      const named = table.entries.get(`${key}_file`);
      if (named?.kind !== "scalar" || typeof named.value !== "string" || named.value === "") continue;
      const at = [...path, `${key}_file`];
      if (table.entries.has(key)) {
        const hint = `remove ${key}, or remove ${key}_file`;
        complaints.push({ path: at, expected: `either ${key} or ${key}_file`, found: "both", hint });
        continue;
      }
      const secret = readSecret(named.value, at);
      if (typeof secret !== "string") complaints.push(secret);
      // One that nobody knows stands for one that cannot be read, or it would be called missing as well.
      const value = typeof secret === "string" ? secret : randomUUID();
      table.entries.set(key, { kind: "scalar", file: named.value, line: 1, value });
    }
  }
  return complaints;
}

function readSecret(file: string, path: ConfigPath): string | Complaint {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    const { expected, found, hint } = fileProblem(error);
    return { path, expected, found: found === undefined ? `${file}` : `${found} at ${file}`, hint };
  }
  // An editor's newline at the end is not part of the secret; a space may be.
  const secret = text.replace(/\n$/, "");
  const expected = "a file with the secret on its only line";
  if (secret === "") return { path, expected, found: `${file}, which is empty`, hint: "write the secret into it" };
  if (!secret.includes("\n")) return secret;
  return { path, expected, found: `${file}, which has several`, hint: "leave nothing but the secret in it" };
}

/** Docker, Podman and Kubernetes mount secrets here, readable for all inside of the container. */
const CONTAINER_SECRETS = "/run/secrets/";
const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_WRITE = 0o022;

/**
 * Warnings `open_file` about files with a secret worth keeping that every user of the machine may read, or somebody besides the
 * owner may change. Nobody's mistake in a place where the modes mean nothing (Windows, mounted container secrets).
 */
export function checkFileModes(root: TableNode): RoomError[] {
  if (process.platform === "win32") return [];
  const files = new Set<string>();
  for (const { table } of tables(root, [])) {
    for (const key of SECRET_KEYS) {
      const node = table.entries.get(key);
      if (node?.kind !== "scalar" || typeof node.value !== "string" || node.line === 0) continue;
      // A weak secret is warned of anyway, and is none.
      if (weakness(node.value) === null) files.add(node.file);
    }
  }
  return [...files].flatMap((file) => {
    const mode = modeOf(file);
    if (mode === null || file.startsWith(CONTAINER_SECRETS)) return [];
    const who = mode & OTHERS_MAY_READ ? "every user may read" : mode & OTHERS_MAY_WRITE ? "others may change" : null;
    if (who === null) return [];
    const expected = "a file with a secret in it to be its owner's and group's";
    const found = `mode ${(mode & 0o777).toString(8).padStart(4, "0")}, which ${who}`;
    return [new RoomError("open_file", file, { expected, found, hint: `chmod 640 ${file}` })];
  });
}

function modeOf(file: string): number | null {
  try {
    return statSync(file).mode;
  } catch {
    // It was read a moment ago; gone now, its mode is nobody's concern.
    return null;
  }
}

/** Every table of the tree with its path. */
function tables(root: TableNode, path: ConfigPath): { table: TableNode; path: ConfigPath }[] {
  const inside = (node: ConfigNode, at: ConfigPath): { table: TableNode; path: ConfigPath }[] => {
    if (node.kind === "table") return tables(node, at);
    return node.kind === "list" ? node.items.flatMap((item, i) => inside(item, [...at, i])) : [];
  };
  return [{ table: root, path }, ...[...root.entries].flatMap(([key, node]) => inside(node, [...path, key]))];
}
