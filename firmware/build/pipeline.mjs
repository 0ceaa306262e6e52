// From rollup's bundle to code that Espruino and JerryScript run. docs/decisions/0002-engine-pipeline.md says why so.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { transformAsync } from "@babel/core";
import { minify } from "terser";

/** What the bundle carries of a board's facts, in the shape of firmware/hal.ts BoardFacts. */
function boardFacts(board) {
  const { radio, engine } = board;
  return {
    id: board.id,
    radio: {
      sck: radio.sck,
      miso: radio.miso,
      mosi: radio.mosi,
      nss: radio.nss,
      reset: radio.reset,
      busy: radio.busy,
      dio1: radio.dio1,
      rxen: radio.rxen ?? "",
      power: radio.power ?? "",
      powerMs: radio.powerMs ?? 0,
      spiHz: radio.spiHz,
      tcxo: board.tcxoCode,
      dio2Switch: radio.dio2Switch,
      boostedGain: radio.boostedGain,
      maxPowerDbm: radio.maxPowerDbm,
      currentLimit: radio.currentLimitMa / 2.5,
    },
    console: engine.console,
    consolePins: engine.consolePins ?? null,
    rail: board.rail ?? null,
    led: board.led ?? null,
    battery: board.battery ? { pin: board.battery.pin, multiplier: board.battery.multiplier } : null,
    roomBytes: board.roomBytes,
  };
}

/** The entry of one board's bundle: the arena first, while the engine's memory is in one piece. */
export function boardEntry(board, engine, version) {
  const id = `board:${board.id}`;
  const thumb = board.engine.thumb && engine === "espruino";
  return {
    name: "board-entry",
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load(loaded) {
      if (loaded === `\0${id}`) {
        return `
          import { EspruinoHal } from "${process.cwd()}/firmware/hal-espruino.ts";
          import { start } from "${process.cwd()}/firmware/main.ts";
          const arena = new Uint8Array(${board.roomBytes});
          const board = ${JSON.stringify(boardFacts(board))};
          globalThis.meshcore = start(new EspruinoHal(board), arena, board, ${JSON.stringify(version)});`;
      }
      // Boards that cannot run Thumb code, or have AES anyway, do not carry the routine.
      if (!thumb && loaded.endsWith("native/native-aes.ts")) return "export const nativeAes = null;";
      return null;
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

/** Babel for the syntax that Espruino lacks, terser for size and for hoisting, which Espruino lacks too. */
export function forEngine() {
  return {
    name: "for-engine",
    async renderChunk(code) {
      const lowered = await transformAsync(code, {
        plugins: BABEL_PLUGINS,
        assumptions: ASSUMPTIONS,
        babelrc: false,
        configFile: false,
        compact: false,
      });
      const small = await minify(lowered.code, {
        ecma: 2015,
        toplevel: true,
        mangle: { toplevel: true },
        compress: { hoist_funs: true, hoist_vars: true, passes: 3, keep_fargs: false, arrows: false },
        format: { ascii_only: true },
      });
      return { code: small.code, map: null };
    },
  };
}

/** `dist/firmware/<id>.json` of SPEC section 9. */
export function writeFacts(board) {
  return {
    name: "write-facts",
    writeBundle(options, bundle) {
      const code = Object.values(bundle)[0].code;
      const facts = {
        bytes: Buffer.byteLength(code),
        gzip_bytes: gzipSync(code, { level: 9 }).length,
        sha256: createHash("sha256").update(code).digest("hex"),
        engine: board.engine.build,
        ram_budget: board.engine.jsVars * board.engine.jsVarBytes,
        rooms_budget: board.roomBytes,
      };
      mkdirSync("dist/firmware", { recursive: true });
      writeFileSync(options.file.replace(/\.js$/, ".json"), `${JSON.stringify(facts, null, 2)}\n`);
    },
  };
}
