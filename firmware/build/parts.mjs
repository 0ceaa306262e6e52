// The parts of firmware/parts.ts as one storage file for Espruino: `<id> <rows> <functions>`.
//
//   00000000 ssssssllll ssssssllll ... (function(..){..})(function(..){..})...
//   id       start and length of part 0, 1, ..., in characters
//
// A row has a fixed width, so that a board reads one with one look; the bundle carries the id and refuses another build's file.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "acorn";
import { rollup } from "rollup";

const SOURCE = "firmware/parts.ts";
const ID_LENGTH = 8;
const ROW = { start: 6, length: 5 };
const ROW_LENGTH = ROW.start + ROW.length;

/** What the bundle knows in place of the parts: how to find one. `library` is a word that boardBundles() replaces by the id. */
export const LIBRARY_WORD = "fact.library";

/** Name of each part with the file and the function that it is, in the order of the file. */
function listOfParts() {
  const text = readFileSync(SOURCE, "utf8");
  const files = new Map(
    [...text.matchAll(/^import \{ ([\w, ]+) \} from "(.*)";$/gm)].flatMap(([, names, file]) =>
      names.split(", ").map((name) => [name, file]),
    ),
  );
  const table = /export const PARTS = \{\n(.*?)\n\};/s.exec(text)[1];
  return [...table.matchAll(/^ {2}(\w+)(?:: (\w+))?,$/gm)].map(([, name, value = name]) => {
    if (!files.has(value)) throw new Error(`bug: ${SOURCE} does not import ${value}`);
    return { name, value, file: new URL(files.get(value), `file://${process.cwd()}/${SOURCE}`).pathname };
  });
}

/** Names of the parts that every bundle carries itself. */
function resident() {
  const list = /export const RESIDENT\b[^=]*= \[(.*?)\];/s.exec(readFileSync(SOURCE, "utf8"))[1];
  return new Set([...list.matchAll(/"(\w+)"/g)].map(([, name]) => name));
}

/**
 * Puts Espruino's part() in place of that of firmware/parts.ts, and numbers in place of names; the function itself in place of
 * a part that is resident.
 */
export function partsInStorage() {
  const list = listOfParts();
  const isResident = resident();
  const numbers = new Map(list.map(({ name }, number) => [name, number]));
  return {
    name: "parts-in-storage",
    load(id) {
      if (!id.endsWith(SOURCE)) return null;
      return `
        export function part(hal, number) {
          const at = ${ID_LENGTH} + ${ROW_LENGTH} * number;
          const row = hal.library("${LIBRARY_WORD}", at, ${ROW_LENGTH});
          return hal.evaluate(parseInt(row.substr(0, ${ROW.start}), 10), parseInt(row.substr(${ROW.start}), 10));
        }`;
    },
    transform(code, id) {
      if (!id.includes("/firmware/")) return null;
      const imports = new Set();
      const folded = code.replace(/\bpart\(([\w.]+), "(\w+)"\)/g, (whole, hal, name) => {
        if (!numbers.has(name)) throw new Error(`bug: ${whole} in ${id} names no part`);
        if (!isResident.has(name)) return `part(${hal}, ${numbers.get(name)})`;
        const { value, file } = list[numbers.get(name)];
        imports.add(`import { ${value} as resident_${name} } from ${JSON.stringify(file)};`);
        return `resident_${name}`;
      });
      return { code: [...imports, folded].join("\n"), map: null };
    },
  };
}

/** For bundles that have their parts with them: a field in place of its name in quotes, so that one may be shortened as the other. */
export function partsInBundle() {
  return {
    name: "parts-in-bundle",
    transform(code, id) {
      if (!id.includes("/firmware/") || id.endsWith(SOURCE)) return null;
      const folded = code
        .replace(/^import \{ part \} from/m, "import { PARTS } from")
        .replace(/\bpart\(([\w.]+), "(\w+)"\)/g, "PARTS.$2");
      return { code: folded, map: null };
    },
  };
}

/** Builds the file; `plugins` are those of the bundle, of which the last has seen the bundle's own names already. */
export async function buildLibrary(plugins) {
  const functions = [];
  for (const { name, value, file } of listOfParts()) {
    const entry = `\0part:${name}`;
    const bundle = await rollup({
      input: entry,
      plugins: [
        {
          name: "part-entry",
          resolveId: (source) => (source === entry ? entry : null),
          load: (id) => (id === entry ? `export { ${value} as part } from ${JSON.stringify(file)};` : null),
          renderChunk: (code) => ({ code: asOneFunction(code, name), map: null }),
        },
        ...plugins,
      ],
    });
    const { output } = await bundle.generate({ format: "es" });
    const code = output[0].code
      .trim()
      .replace(/^globalThis\.part=/, "")
      .replace(/;$/, "");
    functions.push(`(${code})`);
  }
  let at = ID_LENGTH + ROW_LENGTH * functions.length;
  let rows = "";
  for (const code of functions) {
    rows += String(at).padStart(ROW.start, "0") + String(code.length).padStart(ROW.length, "0");
    at += code.length;
  }
  const body = rows + functions.join("");
  return createHash("sha256").update(body).digest("hex").slice(0, ID_LENGTH) + body;
}

/**
 * Moves what stands around the exported function into it: Espruino reads past a function that it only defines in a fifth of the
 * time that it takes to run one which defines it.
 */
function asOneFunction(code, name) {
  const { body } = parse(code, { ecmaVersion: 2022, sourceType: "module" });
  const exported = body.find((node) => node.type === "ExportNamedDeclaration");
  const local = exported.specifiers[0].local.name;
  const main = body.find((node) => node.type === "FunctionDeclaration" && node.id.name === local);
  if (!main) throw new Error(`bug: part ${name} is not a function declaration`);
  const around = body
    .filter((node) => node !== main && node !== exported)
    .map((node) => code.slice(node.start, node.end));
  const params = main.params.map((param) => code.slice(param.start, param.end)).join(", ");
  const inner = code.slice(main.body.start + 1, main.body.end - 1);
  return `globalThis.part = function (${params}) {\n${around.join("\n")}\n${inner}\n};`;
}
