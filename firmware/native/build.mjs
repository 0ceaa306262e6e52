// Makes aes-blob.ts from aes.c. `--check` writes nothing and fails when the file is not what this compiler makes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TOOLS = "arm-none-eabi-";
// The flags of Espruino's nRF52840 builds where they shape the call, and small code that runs at any address.
const FLAGS = "-mcpu=cortex-m4 -mthumb -mfloat-abi=softfp -Os -std=c11 -fpic -ffreestanding -fomit-frame-pointer";
const WARNINGS = "-Wall -Wextra -Wconversion -Werror";
const MAX_BYTES = 2048;
const ENTRIES = ["aesEncrypt", "aesDecrypt"];

const source = fileURLToPath(new URL("aes.c", import.meta.url));
const layout = fileURLToPath(new URL("aes.ld", import.meta.url));
const target = fileURLToPath(new URL("aes-blob.ts", import.meta.url));

function tool(name, args) {
  try {
    return execFileSync(TOOLS + name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    fail(`${TOOLS}${name} not found`, "apt-get install gcc-arm-none-eabi, or leave aes-blob.ts as it is");
  }
}

function fail(what, then) {
  console.error(`Error: ${what}\nTry: ${then}`);
  process.exit(1);
}

/** Compiles and links in a folder of its own; returns the bytes and where each entry starts in them. */
function compile() {
  const folder = mkdtempSync(join(tmpdir(), "meshcore-room-native-"));
  try {
    const elf = join(folder, "aes.elf");
    const bin = join(folder, "aes.bin");
    const link = ["-nostdlib", "-Wl,--build-id=none", "-Wl,--entry=aesEncrypt", `-Wl,--script=${layout}`];
    tool("gcc", [...FLAGS.split(" "), ...WARNINGS.split(" "), ...link, "-o", elf, source]);
    tool("objcopy", ["-O", "binary", "-j", ".text", elf, bin]);
    const symbols = tool("nm", [elf]);
    const entries = ENTRIES.map((name) => {
      const symbol = symbols.match(new RegExp(`^([0-9a-f]+) T ${name}$`, "m"));
      if (!symbol) fail(`${name}() is not in the linked code`, `keep ${name}() in aes.c global`);
      // The lowest bit says that it is Thumb code.
      return Number.parseInt(symbol[1], 16) | 1;
    });
    return { code: readFileSync(bin), entries };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const version = tool("gcc", ["-dumpfullversion"]).trim();
const { code, entries } = compile();
if (code.length > MAX_BYTES) fail(`${code.length} bytes of code, at most ${MAX_BYTES}`, "make aes.c smaller");
const text = `// Made by build.mjs from aes.c with ${TOOLS}gcc ${version}. Run it again instead of editing this file.

/** Thumb-2 code for the Cortex-M4, ${code.length} bytes in base64; it runs at any address that is a multiple of four. */
export const AES_BLOB =
  "${code.toString("base64")}";

/** Where its two calls start, with the bit that says Thumb code. */
export const AES_ENCRYPT = ${entries[0]};
export const AES_DECRYPT = ${entries[1]};
`;

if (!process.argv.includes("--check")) {
  writeFileSync(target, text);
  console.log(`aes-blob.ts: ${code.length} bytes of code, ${TOOLS}gcc ${version}`);
} else if (readFileSync(target, "utf8") !== text) {
  fail(`aes-blob.ts is not what ${TOOLS}gcc ${version} makes of aes.c`, "node firmware/native/build.mjs");
} else {
  console.log("aes-blob.ts is up to date");
}
