import assert from "node:assert/strict";
import { projectFiles, read, sourceFiles } from "./sources.ts";

const TOP = ["protocol", "boards", "firmware", "simulator", "host-bridge", "test", "deploy", "docs"];
/** Configuration of tools and of the build's service; hidden, as those want it. */
const HIDDEN = [".ci"];
const NO_NAMES = ["utils", "util", "common", "helpers", "helper", "types", "misc", "lib", "shared"];
/** Tools that take nothing but a default export. */
const DEFAULT_EXPORTS = ["rollup.config.mjs", "test/reporter.mjs"];
const MOST_LINES = 500;

describe("layout", () => {
  const files = projectFiles();
  const folders = [...new Set(files.map((path) => path.split("/").slice(0, -1)).filter((parts) => parts.length > 0))];

  it("the top level has the folders that the house has, and no other", () => {
    const found = new Set(folders.map(([top]) => top));
    for (const top of found) assert.ok(TOP.includes(top) || HIDDEN.includes(top), `${top}/ has no place in the house`);
    for (const top of TOP.filter((each) => each !== "deploy")) assert.ok(found.has(top), `${top}/ is missing`);
  });

  it("no folder is deeper than two below the top", () => {
    const deep = folders.filter((parts) => parts.length > 2 && parts[0] !== "test");
    assert.deepEqual(
      deep.map((parts) => parts.join("/")),
      [],
    );
    // A mirror of the source is one deeper.
    assert.deepEqual(
      folders.filter((parts) => parts.length > 3).map((parts) => parts.join("/")),
      [],
    );
  });

  it("no folder and no file is named for what it does not say", () => {
    const names = (path: string) => path.split("/").map((part) => part.split(".")[0].toLowerCase());
    const vague = files.filter((path) => names(path).some((name) => NO_NAMES.includes(name) || /manager$/.test(name)));
    assert.deepEqual(vague, []);
  });

  it(`no file of code has more than ${MOST_LINES} lines`, () => {
    const long = sourceFiles().filter((path) => read(path).split("\n").length - 1 > MOST_LINES);
    assert.deepEqual(long, []);
  });

  it("no module has a default export", () => {
    const found = sourceFiles().filter((path) => /^export default\b|\bas default\b/m.test(read(path)));
    assert.deepEqual(found, DEFAULT_EXPORTS);
  });

  it("no file names a place of the machine that it was written on", () => {
    const places = ["work", "home", "root", "tmp"].map((name) => `/${name}/`);
    const own = files.filter((path) => /\.(ts|mjs|md|json|yaml|toml|c|sh|service)$/.test(path));
    assert.deepEqual(
      own.filter((path) => places.some((place) => read(path).includes(place))),
      [],
    );
  });

  it("every test is in a folder that mirrors the source, or in one of its own kind", () => {
    const kinds = ["scenario", "fuzz", "vectors", "house", "engine", "bench", "native"];
    const known = [...TOP, ...kinds];
    const strange = files.filter((path) => /^test\/.*\//.test(path) && !known.includes(path.split("/")[1]));
    assert.deepEqual(strange, []);
  });
});
