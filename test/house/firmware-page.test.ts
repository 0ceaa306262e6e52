// docs/firmware.md was measured some time ago: it must still be about the bundles that there are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BOARDS } from "../../boards/all.ts";

const top = (path: string): string => join(import.meta.dirname, "../..", path);
const SHARE = 0.05;

describe("page about what the firmware costs", () => {
  const page = readFileSync(top("docs/firmware.md"), "utf8");

  for (const { id, mcu } of BOARDS) {
    if (mcu === "simulated") continue;
    it(`says how large the bundle of ${id} is, give or take a twentieth (else: npm run bench)`, () => {
      const said = new RegExp(`^\\| \`${id}\` \\| ([\\d,]+) \\|`, "m").exec(page);
      assert.ok(said, "the board has no row");
      const { bytes } = JSON.parse(readFileSync(top(`dist/firmware/${id}.json`), "utf8"));
      assert.ok(Math.abs(Number(said[1].replaceAll(",", "")) - bytes) <= SHARE * bytes, `${said[1]} and ${bytes}`);
    });
  }
});
