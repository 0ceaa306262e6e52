// Bundles: for each board one for Espruino and one for JerryScript, and the daemon.
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { transform } from "esbuild";
import { loadBoards } from "./firmware/build/boards.mjs";
import { boardEntry, forEngine, writeFacts } from "./firmware/build/pipeline.mjs";

const { version, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

/** Types out, newest syntax down to `target`; rollup itself resolves our imports, which name their files in full. */
const typescript = (target) => ({
  name: "typescript",
  transform: (code, id) => (id.endsWith(".ts") ? transform(code, { loader: "ts", target, sourcefile: id }) : null),
});

const firmware = (board, engine) => ({
  input: `board:${board.id}`,
  output: {
    file: `dist/firmware/${board.id}${engine === "jerryscript" ? ".jerry" : ""}.js`,
    format: "iife",
    compact: true,
  },
  plugins: [
    boardEntry(board, engine, version),
    typescript("es2019"),
    forEngine(),
    ...(engine === "espruino" ? [writeFacts(board)] : []),
  ],
});

export default [
  ...(await loadBoards()).flatMap((board) => [firmware(board, "espruino"), firmware(board, "jerryscript")]),
  {
    input: "simulator/chip/harness.ts",
    output: { file: "dist/firmware/chip-model.js", format: "iife", name: "chipModel", compact: true },
    plugins: [typescript("es2019"), forEngine()],
  },
  {
    input: "host-bridge/cli.ts",
    output: { file: "dist/meshcore-room.mjs", format: "es", inlineDynamicImports: true },
    external: (id) =>
      builtinModules.includes(id) ||
      id.startsWith("node:") ||
      Object.keys(dependencies).some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [typescript("es2022")],
  },
];
