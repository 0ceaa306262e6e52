import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BOARDS } from "../../boards/all.ts";

const fileOf = (build: string) => join(import.meta.dirname, "../../boards/espruino", `${build}.py`);
const PAGE = 4096;
/** What a bundle calls of the engine. */
const LIBRARIES = ["CRYPTO", "SHA256", "SHA512", "AES", "JIT"];
/** Where the UF2 bootloader of these boards begins, and where MeshCore's own files do (its nrf52840_s140_v6.ld). */
const BOOTLOADER = 0xf4000;
const MESHCORE_FILES = 0xed000;

describe("board files for Espruino's build", () => {
  for (const { id, mcu, engine, led, button } of BOARDS) {
    if (engine.official || mcu === "simulated") continue;
    const text = existsSync(fileOf(engine.build)) ? readFileSync(fileOf(engine.build), "utf8") : "";
    const constant = (name: string) => Number(new RegExp(`^${name} = (\\w+)$`, "m").exec(text)?.[1]);
    const device = (name: string) =>
      new RegExp(`"${name}": \\{"pin": "(D\\d+)"(, "inverted": 1)?`).exec(text)?.slice(1);

    it(`${id}: ${engine.build}.py is there and says what boards/ says of the engine`, () => {
      assert.notEqual(text, "");
      assert.equal(constant("PAGE"), PAGE);
      assert.equal(constant("STORAGE_START"), engine.storage.address);
      assert.equal(constant("STORAGE_END"), engine.storage.address + engine.storage.pages * engine.storage.pageBytes);
      assert.equal(Number(/"variables": (\d+),/.exec(text)?.[1]), engine.jsVars);
      assert.match(text, /"default_console": "EV_USBSERIAL"/);
      assert.match(text, new RegExp(`generate_pins\\(0, ${engine.pins - 1}\\)`));
      const analog = /^ANALOG = \[(.*)\]$/m.exec(text)?.[1].split(", ").map(Number);
      assert.deepEqual(analog, engine.analogPins);
      const libraries = /"libraries": \[(.*)\]/.exec(text)?.[1] ?? "";
      for (const name of LIBRARIES) assert.ok(libraries.includes(`"${name}"`), name);
    });

    it(`${id}: nothing of it lies in the bootloader, in the two pages below, or in MeshCore's files`, () => {
      assert.ok(constant("ENGINE_START") === 0x26000, "behind SoftDevice S140 6.1.1");
      assert.ok(constant("STORAGE_START") > constant("ENGINE_START"));
      assert.ok(constant("STORAGE_END") <= MESHCORE_FILES);
      assert.ok(constant("STORAGE_END") <= BOOTLOADER - 2 * PAGE);
    });

    it(`${id}: light and button are those of boards/`, () => {
      const [pin, inverted] = device("LED1") ?? [];
      assert.deepEqual([pin, inverted ? 0 : 1], [led?.pin, led?.active]);
      const own = device("BTN1");
      assert.equal(own?.[0], button?.pin);
      if (own) assert.ok(own[1] && button?.active === 0);
    });
  }
});
