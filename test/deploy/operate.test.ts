// docs/operate.md against the sources.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(TOP, "docs/operate.md"), "utf8");

/** Codes with the files that make them: of RoomError and of the errors that clients are sent. */
function codes(): Map<string, string> {
  const found = new Map<string, string>();
  const makers = /(?:new \w+Error(?:List)?|errorFrame|refuse)\(\s*(?:\d+,\s*)?"([a-z]+(?:_[a-z]+)*)"/g;
  // SQLite's own codes are turned into ours by a function of that file.
  const ofTheStore = /\bmake\(\s*"([a-z_]+)"/g;
  for (const entry of readdirSync(join(TOP, "host-bridge"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, "utf8");
    const more = entry.name === "store-errors.ts" ? text.matchAll(ofTheStore) : [];
    for (const [, code] of [...text.matchAll(makers), ...more]) found.set(code, path.slice(TOP.length));
  }
  return found;
}

describe("docs/operate.md", () => {
  const rows = [...page.matchAll(/^\| (`[^|]*`) \| ([^|]+) \| ([^|]+) \|$/gm)];
  const listed = rows.flatMap(([, first]) => [...first.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code));

  it("has a row for every error code, with what to do", () => {
    const all = codes();
    assert.ok(all.size > 50, "the codes are not found");
    const missing = [...all].filter(([code]) => !listed.includes(code));
    assert.deepEqual(missing, [], "codes that docs/operate.md does not explain");
  });

  it("has no row for a code that nothing makes any more", () => {
    const all = codes();
    assert.deepEqual(
      listed.filter((code) => !all.has(code)),
      [],
    );
  });

  it("explains each once", () => {
    assert.deepEqual(
      listed.filter((code, at) => listed.indexOf(code) !== at),
      [],
    );
  });

  it("names only files that there are", () => {
    const files = new Set(
      readdirSync(TOP, { recursive: true })
        .map(String)
        .filter((path) => !path.startsWith("node_modules")),
    );
    for (const [, path] of page.matchAll(/`((?:deploy|docs)\/[\w./-]+)/g)) assert.ok(files.has(path), path);
    for (const [, link] of page.matchAll(/\]\((?!http|#)([^)#]+)\)/g)) {
      assert.ok(files.has(join("docs", link)), link);
    }
  });

  it("tells of every place that uninstall.sh cleans up and an operator looks at", () => {
    for (const place of [
      "/opt/meshcore-room",
      "/usr/local/bin/meshcore-room",
      "/etc/meshcore",
      "/var/lib/meshcore-room",
    ]) {
      assert.ok(page.includes(`\`${place}`), place);
    }
  });
});
