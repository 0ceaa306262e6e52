// Bundles: for each board one for Espruino and one for JerryScript, and the daemon.
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { transform } from "esbuild";
import { loadBoards } from "./firmware/build/boards.mjs";
import { partsInBundle, partsInStorage } from "./firmware/build/parts.mjs";
import { foldFields, forEngine } from "./firmware/build/pipeline.mjs";
import { boardBundles, HALS, variantEntry, variantsOf } from "./firmware/build/variants.mjs";

const { version, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

/** Fields are assigned in the constructor: on Espruino a class field is shared by all instances. */
const tsconfigRaw = { compilerOptions: { useDefineForClassFields: false } };

/** Types out, newest syntax down to `target`; rollup itself resolves our imports, which name their files in full. */
const typescript = (target) => ({
  name: "typescript",
  async transform(code, id) {
    if (!id.endsWith(".ts")) return null;
    const stripped = await transform(code, { loader: "ts", target, sourcefile: id, tsconfigRaw });
    return { code: stripped.code, map: null };
  },
});

const folded = await foldFields();

const firmware = (variant) => {
  const entry = variantEntry(variant, version);
  const toEngine = [typescript("es2019"), folded, forEngine(HALS[variant.engine].file)];
  // JerryScript has no storage to keep the parts in, but memory for all of them.
  const parts = variant.engine === "espruino" ? partsInStorage() : partsInBundle();
  return {
    input: `variant:${variant.name}`,
    output: { dir: "dist/firmware", format: "iife", compact: true },
    plugins: [entry, parts, ...toEngine, boardBundles(variant, [entry, ...toEngine])],
  };
};

export default [
  ...variantsOf(await loadBoards()).map(firmware),
  {
    input: "simulator/chip/harness.ts",
    output: { file: "dist/firmware/chip-model.js", format: "iife", name: "chipModel", compact: true },
    plugins: [typescript("es2019"), forEngine()],
  },
  {
    input: "host-bridge/cli/cli.ts",
    output: { file: "dist/meshcore-room.mjs", format: "es", inlineDynamicImports: true },
    external: (id) =>
      builtinModules.includes(id) ||
      id.startsWith("node:") ||
      Object.keys(dependencies).some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [typescript("es2022")],
  },
];
