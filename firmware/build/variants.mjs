// Boards whose bundles differ only in facts share one build: it carries words in place of the facts, and each board's facts
// are put there at the end. So Babel and terser run once for a variant and not once for a board.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { buildLibrary, LIBRARY_WORD } from "./parts.mjs";

/** What a bundle carries of a board's facts, in the shape of firmware/hal.ts BoardFacts. */
function boardFacts(board) {
  const { radio, engine, startUp } = board;
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
      powerMs: radio.powerMs ?? 0,
      spiHz: radio.spiHz,
      tcxo: board.tcxoCode,
      dio2Switch: radio.dio2Switch,
      boostedGain: radio.boostedGain,
      rxPatch: radio.frontEnd !== undefined,
      powerDbm: radio.powerDbm,
      maxPowerDbm: radio.maxPowerDbm,
      currentLimit: radio.currentLimitMa / 2.5,
    },
    console: engine.console,
    rx: engine.consolePins?.rx ?? "",
    tx: engine.consolePins?.tx ?? "",
    rails: startUp.rails,
    pmu: startUp.pmu ?? { sda: "", scl: "", address: 0, writes: [] },
    frontEnd: startUp.frontEnd ?? { enable: "", waitMs: 0, txPins: [] },
    led: board.led ?? { pin: "", active: 0 },
    battery: { pin: board.battery?.pin ?? "", multiplier: board.battery?.multiplier ?? 0 },
    roomBytes: board.roomBytes,
    log: engine.log,
    resetRegister: engine.resetRegister,
  };
}

/** Facts that are a pin each. */
const PINS = "sck miso mosi nss reset busy dio1 rxen rx tx sda scl enable".split(" ");

/** The same with GPIO numbers for pins, -1 for none, and with the levels at the pins themselves. */
function nativeFacts(board) {
  const { gpio, gpioLevel } = board;
  const facts = boardFacts(board);
  const numbered = (part) =>
    Object.fromEntries(Object.entries(part).map(([name, value]) => [name, PINS.includes(name) ? gpio(value) : value]));
  return {
    ...numbered(facts),
    radio: numbered(facts.radio),
    rails: facts.rails.map(([pin, level]) => [gpio(pin), gpioLevel(pin, level)]),
    pmu: numbered(facts.pmu),
    frontEnd: { ...numbered(facts.frontEnd), txPins: facts.frontEnd.txPins.map(gpio) },
    led: { pin: gpio(facts.led.pin), active: gpioLevel(facts.led.pin, facts.led.active) },
    battery: { ...facts.battery, pin: gpio(facts.battery.pin) },
  };
}

/** What knows the engine, and how the entry makes one; JerryScript's host brings the global `native`. */
export const HALS = {
  espruino: { file: "firmware/hal-espruino.ts", type: "EspruinoHal", args: "board" },
  jerryscript: { file: "firmware/hal-jerry.ts", type: "JerryHal", args: "native, board" },
};

/** What firmware/features.ts names: whether any of these boards has it in this variant, and the facts that nobody reads where none has. */
const FEATURES = [
  { name: "PMU", has: (board) => board.pmu, facts: ["pmu"] },
  { name: "FRONT_END", has: (board) => board.radio.frontEnd, facts: ["frontEnd", "rxPatch"] },
  { name: "UART", has: (board) => board.engine.console !== "USB", facts: ["rx", "tx"] },
  { name: "HOST_SIGNS", has: (_, { engine, thumb }) => engine === "espruino" && !thumb, facts: [] },
];

/** Facts of a board in a variant, each by a word that stands for it; words in the shape of the facts. */
function wordsFor(board, { engine, features }) {
  const values = new Map();
  const take = (facts, path) =>
    Object.fromEntries(
      Object.entries(facts).map(([name, value]) => {
        const word = `${path}.${name}`;
        // Names of fields stay, so that terser shortens them together with those who read them.
        if (value instanceof Object && !Array.isArray(value)) return [name, take(value, word)];
        values.set(word, value);
        return [name, word];
      }),
    );
  const facts = engine === "jerryscript" ? nativeFacts(board) : boardFacts(board);
  for (const { name, facts: unread } of FEATURES) {
    if (features[name]) continue;
    for (const each of unread) {
      delete facts[each];
      delete facts.radio[each];
    }
  }
  return { words: take(facts, "fact"), values };
}

/** Every build that there must be, with what its boards have in common. */
export function variantsOf(boards) {
  const variants = new Map();
  for (const engine of ["espruino", "jerryscript"]) {
    for (const board of boards) {
      const thumb = engine === "espruino" && board.engine.thumb;
      // These engines have SHA-2, and AES by one of two ways: the plain code would never run, and takes 7 KB.
      const lean = engine === "espruino" && (thumb || board.engine.nativeAes);
      const name = [engine, thumb && "thumb", lean && "lean"].filter(Boolean).join("-");
      const variant = variants.get(name) ?? { name, engine, thumb, lean, boards: [] };
      variant.boards.push(board);
      variants.set(name, variant);
    }
  }
  for (const variant of variants.values()) {
    const has = FEATURES.map(({ name, has }) => [name, variant.boards.some((board) => Boolean(has(board, variant)))]);
    variant.features = Object.fromEntries(has);
  }
  return [...variants.values()];
}

/** The entry of a variant's bundles: the arena early, while the engine's memory is in one piece. */
export function variantEntry(variant, version) {
  const { name, engine, thumb, lean, boards, features } = variant;
  const { file, type, args } = HALS[engine];
  const id = `\0variant:${name}`;
  const { words } = wordsFor(boards[0], variant);
  return {
    name: "variant-entry",
    resolveId: (source) => (source === `variant:${name}` ? id : null),
    load(loaded) {
      if (loaded === id) {
        return `
          import { ${type} } from "${process.cwd()}/${file}";
          import { start } from "${process.cwd()}/firmware/main.ts";
          const board = ${JSON.stringify(words)};
          const hal = new ${type}(${args});
          const arena = new Uint8Array(${JSON.stringify(words.roomBytes)});
          globalThis.meshcore = start(hal, arena, board, ${JSON.stringify(version)});`;
      }
      if (loaded.endsWith("firmware/features.ts")) {
        return Object.entries(features)
          .map(([feature, has]) => `export const ${feature} = ${has};`)
          .join("\n");
      }
      // Engines that cannot run Thumb code do not carry the routine.
      if (!thumb && loaded.endsWith("native/native-aes.ts")) return "export const nativeAes = null;";
      if (!thumb && loaded.endsWith("native/native-curve.ts"))
        return "export function nativeCurve() { throw 0; }\nexport function curveCode() { throw 0; }";
      // Nor anything else, where the host does the work; and where it does not, its part in that.
      if (features.HOST_SIGNS && loaded.endsWith("protocol/curve25519.ts"))
        return "export function softCurve() { throw 0; }";
      if (!features.HOST_SIGNS && loaded.endsWith("parts/host-signer.ts")) {
        return ["hostCurve", "stockAdvert", "fromHost"]
          .map((name) => `export function ${name}() { throw 0; }`)
          .join("\n");
      }
      if (lean && loaded.endsWith("protocol/soft-crypto.ts")) {
        return `
          const missing = () => { throw new Error("this engine lacks SHA-2 or AES: flash the build named in boards/"); };
          export const softCrypto = () => ({ sha256: missing, sha512: missing, aesEncrypt: missing, aesDecrypt: missing });`;
      }
      return null;
    },
  };
}

/**
 * Writes dist/firmware/<id>.js for each board, and beside those for Espruino <id>.json and <id>.lib, the parts.
 * `plugins`: what the parts go through, as the bundle did.
 */
export function boardBundles(variant, plugins) {
  return {
    name: "board-bundles",
    async generateBundle(_options, bundle) {
      const [template] = Object.values(bundle);
      delete bundle[template.fileName];
      const library = variant.engine === "espruino" ? await buildLibrary(plugins) : "";
      template.code = template.code.replace(LIBRARY_WORD, library.slice(0, 8));
      for (const board of variant.boards) {
        let code = template.code;
        for (const [word, value] of wordsFor(board, variant).values) {
          const text = await asCode(value);
          if (!code.includes(`"${word}"`)) throw new Error(`bug: the bundle of ${board.id} does not carry ${word}`);
          code = code.replaceAll(`"${word}"`, () => text);
        }
        if (variant.engine === "jerryscript") {
          this.emitFile({ type: "asset", fileName: `${board.id}.jerry.js`, source: code });
          continue;
        }
        this.emitFile({ type: "asset", fileName: `${board.id}.js`, source: code });
        this.emitFile({ type: "asset", fileName: `${board.id}.lib`, source: library });
        const source = `${JSON.stringify(bundleFacts(board, code), null, 2)}\n`;
        this.emitFile({ type: "asset", fileName: `${board.id}.json`, source });
      }
    },
  };
}

function bundleFacts(board, code) {
  return {
    bytes: Buffer.byteLength(code),
    gzip_bytes: gzipSync(code, { level: 9 }).length,
    sha256: createHash("sha256").update(code).digest("hex"),
    engine: board.engine.build,
    ram_budget: board.engine.jsVars * board.engine.jsVarBytes,
    rooms_budget: board.roomBytes,
  };
}

/** A value as terser writes it. */
async function asCode(value) {
  const { code } = await minify(`x=${JSON.stringify(value)}`, { ecma: 2015, format: { ascii_only: true } });
  return code.slice("x=".length, -";".length);
}
