// From rollup's bundle to code that Espruino and JerryScript run. docs/decisions/0002-engine-pipeline.md says why so.
import { readdirSync, readFileSync } from "node:fs";
import { transformAsync } from "@babel/core";
import { minify } from "terser";
import { loadTables } from "./boards.mjs";

/** Numbers, offsets and sizes of the link's messages are numbers in the bundle too, as if written out by hand: no table is in it. */
export async function foldFields() {
  const { tables, fieldAt } = await loadTables();
  return {
    name: "fold-fields",
    transform(code, id) {
      if (!id.includes("/firmware/")) return null;
      const folded = code
        .replace(/fieldAt\((\w+), "(\w+)"\)/g, (_, table, field) => fieldAt(tables[table], field))
        .replace(/\b(\w+)\.(type|size)\b/g, (whole, table, what) => tables[table]?.[what] ?? whole);
      return { code: folded, map: null };
    },
  };
}

const BABEL_PLUGINS = [
  "transform-parameters",
  "transform-destructuring",
  "transform-spread",
  "transform-object-rest-spread",
  "transform-computed-properties",
  "transform-block-scoping",
  "transform-exponentiation-operator",
].map((name) => `@babel/plugin-${name}`);

const ASSUMPTIONS = {
  iterableIsArray: true,
  setSpreadProperties: true,
  objectRestNoSymbols: true,
  ignoreFunctionLength: true,
  pureGetters: true,
  setComputedProperties: true,
  noDocumentAll: true,
  constantSuper: true,
  superIsCallableConstructor: true,
};

/** Two letters that are words of the language, or methods that an engine lacks. */
const NOT_SHORT = ["as", "at", "do", "if", "in", "is", "of"];

/** Whose members have names of the language. Terser's own list has those of the whole web platform, which engines lack. */
const LANGUAGE = [Object, Array, String, Number, Function, Uint8Array, DataView, ArrayBuffer, Error]
  .flatMap((type) => [type, type.prototype])
  .concat([Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype), Math, JSON]);

const withoutComments = (code) => code.replace(/^ *(\/\/|\/?\*).*$/gm, "");

/**
 * Property names that may be shortened: those of firmware/ and the private ones of protocol/, as long as nobody else
 * knows them: the engine (what the HAL's file declares), the link's field names, and protocol's users.
 */
function shortNames(hal) {
  const read = (path) => readFileSync(path, "utf8");
  const sources = (folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`);
  const all = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);
  const engine = [hal, "firmware/native/native-aes.ts"];
  const firmware = sources("firmware").map(read).join("\n");
  const protocol = sources("protocol").map(read).join("\n");
  const declared = /^ {2}(?:private |readonly |get )*(\w+)\??[:(<]/gm;
  const privates = /^ {2}private (?:readonly )?(\w+)/gm;
  const secret = all(protocol, privates);
  // Fields whose type nobody had to write down.
  const plain = all(firmware, /^ {2}private (?:readonly )?(\w+) = /gm);
  const known = new Set([
    // They declare the engine's names in front of their own code.
    ...all(withoutComments(read(engine[0])).split("export class")[0], /(\w+)/g),
    ...all(withoutComments(read(engine[1])).split("export function")[0], /(\w+)/g),
    ...all(read("protocol/link.ts"), /"(\w+)"/g),
    ...all(protocol, /^ +(?:readonly )?(\w+)\??[:(<,]/gm).filter((name) => !secret.includes(name)),
    ...all(protocol, /[{,] ?(\w+):/g),
    // Fields with a value, and getters.
    ...all(protocol, /^ {2}(?:readonly )?(\w+)!?(?:: [^=;]+)? = /gm),
    ...all(protocol, /^ {2}get (\w+)\(/gm),
    // What tests and the engine's prompt find under the global `meshcore`.
    "protocol",
    "receive",
    "mesh",
    "onPacket",
    "radio",
    "faults",
    "prefs",
    "regionMap",
    "restore",
    "verifier",
    "check",
    "done",
    "adverts",
    "table",
    "send",
    "setKey",
    "exportIdentity",
    "importIdentity",
    "txAirMs",
    ...LANGUAGE.flatMap((object) => Object.getOwnPropertyNames(object)),
  ]);
  return [...all(firmware, declared), ...plain, ...secret].filter((name) => !known.has(name) && name.length > 2);
}

/**
 * Babel for the syntax that Espruino lacks, terser for size and for hoisting, which Espruino lacks too. `hal`: the file that
 * knows the engine; property names of the firmware are shortened too, and what goes through the same plugin later gets the same.
 */
export function forEngine(hal) {
  const names = {};
  const short = hal && new RegExp(`^(?:${[...new Set(shortNames(hal))].join("|")})$`);
  return {
    name: "for-engine",
    async renderChunk(code) {
      // Constants fold while they are still `const`; what Babel makes `var` terser no longer trusts.
      const folded = await minify(code, {
        ecma: 2015,
        toplevel: true,
        mangle: false,
        compress: { passes: 3, reduce_funcs: false, inline: 1, pure_funcs: ["message", "fixed", "fieldAt"] },
      });
      const lowered = await transformAsync(folded.code, {
        plugins: BABEL_PLUGINS,
        assumptions: ASSUMPTIONS,
        babelrc: false,
        configFile: false,
        compact: false,
      });
      const small = await minify(lowered.code, {
        ecma: 2015,
        toplevel: true,
        mangle: { toplevel: true, properties: short ? { regex: short, builtins: true, reserved: NOT_SHORT } : false },
        // Inlined functions cost on every call: Espruino reads past code that it does not run, byte by byte. Those with arguments
        // get variables at the end, where Espruino finds them too late.
        compress: {
          inline: 1,
          hoist_funs: true,
          hoist_vars: true,
          passes: 3,
          keep_fargs: false,
          arrows: false,
          reduce_funcs: false,
        },
        format: { ascii_only: true },
        nameCache: names,
      });
      // Those of variables are each file's own business.
      delete names.vars;
      // Espruino keeps a function without its last brace, and behind a bare `return` takes the end for a missing expression.
      return { code: small.code.replace(/\breturn}/g, "return;}"), map: null };
    },
  };
}
