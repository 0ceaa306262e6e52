// What holds for every firmware/native/*-blob.ts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = (name: string) => fileURLToPath(new URL(`../../firmware/native/${name}`, import.meta.url));
const answer = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: "utf8" });

/** The tests of `<name>-blob.ts`, which holds `blob` in base64 with `entries` into it, and is made of `<name>.c`. */
export function describeBlob(name: string, blob: string, entries: number[], mostBytes: number): void {
  describe(`${name}-blob.ts`, () => {
    const made = /arm-none-eabi-gcc ([\d.]+)\. /.exec(readFileSync(file(`${name}-blob.ts`), "utf8"))?.[1];
    const here = answer("arm-none-eabi-gcc", "-dumpfullversion").stdout?.trim();

    it("names the compiler that made it", () => {
      assert.ok(made);
    });

    const withThumb = here === made ? it : it.skip;
    const noThumb = here === made ? "" : ` (arm-none-eabi-gcc ${made} not found)`;
    withThumb(`is what its compiler makes of ${name}.c${noThumb}`, () => {
      const check = answer(process.execPath, file("build.mjs"), "--check");
      assert.equal(check.status, 0, check.stderr);
    });

    it(`holds at most ${mostBytes} bytes of code and its entries, all of them different`, () => {
      const code = Buffer.from(blob, "base64");
      assert.equal(code.toString("base64"), blob);
      assert.ok(code.length <= mostBytes, `${code.length} bytes`);
      for (const entry of entries) {
        assert.equal(entry & 1, 1, "the engine must be told that it is Thumb code");
        assert.ok(entry < code.length);
      }
      assert.equal(new Set(entries).size, entries.length);
    });
  });
}
