import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BOARDS } from "../../boards/all.ts";
import { gpioOf } from "../../boards/gpio.ts";

const built = (name: string) => readFileSync(join(import.meta.dirname, "../../dist/firmware", name), "latin1");
/** Espruino's pin names, in the order in which they come. */
const pinsIn = (code: string) => [...code.matchAll(/"(D\d{1,2})"/g)].map(([, pin]) => pin);

/** The bundle without the object of its facts. */
function withoutFacts(id: string): string {
  const code = built(`${id}.js`);
  const start = code.indexOf(`{id:"${id}"`);
  assert.ok(start > 0, "the facts are found");
  let end = start;
  let depth = 0;
  do {
    if (code[end] === "{") depth++;
    if (code[end] === "}") depth--;
    end++;
  } while (depth > 0);
  return code.slice(0, start) + code.slice(end);
}

describe("built bundles", () => {
  for (const board of BOARDS) {
    const { sck, miso, mosi, nss, reset, busy, dio1 } = board.radio;
    const { id } = board;

    it(`${id}: both carry its facts and no word that stands for one`, () => {
      for (const name of [`${id}.js`, `${id}.jerry.js`]) {
        const code = built(name);
        assert.ok(code.includes(`id:"${id}"`), name);
        assert.doesNotMatch(code, /fact\.\w/, name);
        assert.match(code, /=new Uint8Array\((6e4|65520)\)/, name);
      }
    });

    it(`${id}: pins are names for Espruino and GPIO numbers for JerryScript`, () => {
      const pins = [sck, miso, mosi, nss, reset, busy, dio1];
      assert.deepEqual(pinsIn(built(`${id}.js`)).slice(0, 7), pins);
      const jerry = built(`${id}.jerry.js`);
      assert.deepEqual(pinsIn(jerry), []);
      const [, numbers] = /\{sck:(\d+(?:,[\w$]+:\d+){6}),/.exec(jerry) ?? [];
      assert.deepEqual(
        numbers.split(",").map((pair) => Number(pair.split(":").pop())),
        pins.map((pin) => gpioOf(board.engine, pin)),
      );
    });

    it(`${id}: the list beside the bundle has its size and hash`, () => {
      const code = built(`${id}.js`);
      const facts = JSON.parse(built(`${id}.json`)) as Record<string, unknown>;
      assert.equal(facts.bytes, code.length);
      assert.equal(facts.sha256, createHash("sha256").update(code, "latin1").digest("hex"));
      assert.equal(facts.engine, board.engine.build);
      assert.equal(facts.rooms_budget, board.roomBytes);
    });
  }

  it("those of one variant differ in nothing but facts", () => {
    for (const [one, other] of [
      ["rak4631", "xiao-nrf52-wio"],
      ["heltec-v3", "lilygo-tbeam-supreme"],
    ]) {
      assert.notEqual(built(`${one}.js`), built(`${other}.js`));
      assert.equal(withoutFacts(one), withoutFacts(other));
    }
  });

  it("what no board of a variant has is left out of its bundles", () => {
    assert.ok(built("lilygo-tbeam-supreme.js").includes("I2C1"));
    assert.ok(!built("rak4631.js").includes("I2C1"));
    assert.ok(!built("rak4631.js").includes("115200"), "no UART to set up");
  });
});
