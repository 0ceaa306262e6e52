// Makes aes-blob.ts and curve-blob.ts from the C beside them. `--check` writes nothing and fails when a file is not what this
// compiler makes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TOOLS = "arm-none-eabi-";
// The flags of Espruino's nRF52840 builds where they shape the call, and small code that runs at any address.
const FLAGS = "-mcpu=cortex-m4 -mthumb -mfloat-abi=softfp -Os -std=c11 -fpic -ffreestanding -fomit-frame-pointer";
const WARNINGS = "-Wall -Wextra -Wconversion -Werror";
/** For all routines together. */
const MAX_BYTES = 6144;

/** One routine: its constant's name, and by constant the functions that are called from outside. */
const ROUTINES = [
  { name: "aes", blob: "AES_BLOB", entries: { AES_ENCRYPT: "aesEncrypt", AES_DECRYPT: "aesDecrypt" } },
  { name: "curve", blob: "CURVE_BLOB", entries: { CURVE: "curve" } },
];

const beside = (file) => fileURLToPath(new URL(file, import.meta.url));

function tool(name, args) {
  try {
    return execFileSync(TOOLS + name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    fail(`${TOOLS}${name} not found`, "apt-get install gcc-arm-none-eabi, or leave the blobs as they are");
  }
}

function fail(what, then) {
  console.error(`Error: ${what}\nTry: ${then}`);
  process.exit(1);
}

/** Compiles and links in a folder of its own; returns the bytes and the lines that say where each entry starts in them. */
function compile({ name, entries }) {
  const folder = mkdtempSync(join(tmpdir(), "meshcore-room-native-"));
  try {
    const elf = join(folder, "routine.elf");
    const bin = join(folder, "routine.bin");
    const first = Object.values(entries)[0];
    const link = ["-nostdlib", "-Wl,--build-id=none", `-Wl,--entry=${first}`, `-Wl,--script=${beside("blob.ld")}`];
    tool("gcc", [...FLAGS.split(" "), ...WARNINGS.split(" "), ...link, "-o", elf, beside(`${name}.c`)]);
    tool("objcopy", ["-O", "binary", "-j", ".text", elf, bin]);
    const symbols = tool("nm", [elf]);
    const starts = Object.entries(entries).map(([constant, call]) => {
      const symbol = symbols.match(new RegExp(`^([0-9a-f]+) T ${call}$`, "m"));
      if (!symbol) fail(`${call}() is not in the linked code`, `keep ${call}() in ${name}.c global`);
      // The lowest bit says that it is Thumb code.
      return `export const ${constant} = ${Number.parseInt(symbol[1], 16) | 1};`;
    });
    return { code: readFileSync(bin), starts };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const version = tool("gcc", ["-dumpfullversion"]).trim();
let total = 0;
for (const routine of ROUTINES) {
  const { name, blob } = routine;
  const target = beside(`${name}-blob.ts`);
  const { code, starts } = compile(routine);
  total += code.length;
  const text = `// Made by build.mjs from ${name}.c with ${TOOLS}gcc ${version}. Run it again instead of editing this file.

/** Thumb-2 code for the Cortex-M4, ${code.length} bytes in base64; it runs at any address that is a multiple of four. */
export const ${blob} =
  "${code.toString("base64")}";

/** Where its calls start, with the bit that says Thumb code. */
${starts.join("\n")}
`;
  if (!process.argv.includes("--check")) {
    writeFileSync(target, text);
    console.log(`${name}-blob.ts: ${code.length} bytes of code, ${TOOLS}gcc ${version}`);
  } else if (readFileSync(target, "utf8") !== text) {
    fail(`${name}-blob.ts is not what ${TOOLS}gcc ${version} makes of ${name}.c`, "node firmware/native/build.mjs");
  } else {
    console.log(`${name}-blob.ts is up to date`);
  }
}
if (total > MAX_BYTES) fail(`${total} bytes of code, at most ${MAX_BYTES}`, "make the C smaller");
