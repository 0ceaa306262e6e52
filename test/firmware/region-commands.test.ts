// Transcripts of `region ...`: what MeshCore's CommonCLI answers to each.
import assert from "node:assert/strict";
import type { Hal } from "../../firmware/hal.ts";
import { regionCommand } from "../../firmware/parts/region-commands.ts";
import { type Regions, regions } from "../../firmware/parts/regions.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { regionKey, transportCode } from "../../protocol/transport.ts";
import { utf8Encode } from "../../protocol/utf8.ts";

const crypto = softCrypto();
const hal = {
  crypto,
  toBytes: (text: string) => Buffer.from(text, "latin1") as Uint8Array,
  after: (fn: () => void) => {
    fn();
    return 0;
  },
} as unknown as Hal;

class Node {
  map: Regions = regions(hal);
  saved: string[] = [];
  canSave = true;

  /** The answer to `region <rest>`, or to a line of `load`. */
  run(rest: string): string {
    return regionCommand(
      this.map,
      rest,
      (text) => {
        if (this.canSave) this.saved.push(text);
        return this.canSave;
      },
      (map) => {
        this.map = map;
      },
    );
  }
}

describe("region commands", () => {
  it("put, show, allow and deny", () => {
    const node = new Node();
    assert.equal(node.run(""), "*^ F\n");
    assert.equal(node.run("put europe"), "OK - (flood allowed)");
    assert.equal(node.run("put uk europe"), "OK - (flood allowed)");
    assert.equal(node.run("put #fr eur"), "OK - (flood allowed)", "the parent by its beginning");
    assert.equal(node.run(""), "*^ F\n europe F\n  uk F\n  fr F\n");
    assert.equal(node.run("denyf uk"), "OK");
    assert.equal(node.run("denyf *"), "OK");
    assert.equal(node.run(""), "*^\n europe F\n  uk\n  fr F\n");
    assert.equal(node.run("get uk"), " uk (europe) ");
    assert.equal(node.run("get fr"), " #fr (europe) F");
    assert.equal(node.run("get europe"), " europe F");
    assert.equal(node.run("get *"), " * ");
    assert.equal(node.run("allowf u"), "OK");
    assert.equal(node.run("get #uk"), " uk (europe) F");
    for (const command of ["allowf", "denyf", "get", "home"])
      assert.equal(node.run(`${command} mars`), "Err - unknown region");
  });

  it("put moves what is there, and refuses what cannot be", () => {
    const node = new Node();
    assert.equal(node.run("put a"), "OK - (flood allowed)");
    assert.equal(node.run("put b a"), "OK - (flood allowed)");
    assert.equal(node.run("put b"), "OK - (flood allowed)");
    assert.equal(node.run(""), "*^ F\n a F\n b F\n");
    assert.equal(node.run("put a a"), "Err - unable to put");
    assert.equal(node.run("put new york"), "Err - unknown parent");
    assert.equal(node.run("put a.b"), "Err - unable to put");
    assert.equal(node.run("put *"), "Err - unable to put");
    for (let i = 0; i < 30; i++) assert.equal(node.run(`put r${i}`), "OK - (flood allowed)");
    assert.equal(node.run("put onemore"), "Err - unable to put");
    assert.equal(node.run("default onemore"), "Err - region table full");
    assert.equal(node.run("").length, 159);
    assert.ok(node.run("list allowed").length < 160);
  });

  it("remove leaves the others as they were", () => {
    const node = new Node();
    for (const line of ["put a", "put b a", "put c", "put d c", "denyf d", "home d", "default c"]) node.run(line);
    assert.equal(node.run("remove a"), "Err - not empty");
    assert.equal(node.run("remove *"), "Err - not empty");
    assert.equal(node.run("remove mars"), "Err - not found");
    assert.equal(node.run("remove bb"), "Err - not found");
    assert.equal(node.run("remove b"), "OK");
    assert.equal(node.run("remove a"), "OK");
    assert.equal(node.run(""), "* F\n c F\n  d^\n");
    assert.equal(node.run("home"), " home is d");
    assert.equal(node.run("default"), " default scope is c");
    assert.equal(node.run("remove d"), "OK");
    assert.equal(node.run("remove c"), "OK");
    assert.equal(node.run("home"), " home is *");
    assert.equal(node.run("default"), " default scope is <null>");
  });

  it("home and default; a default is made where there is none, and saved at once", () => {
    const node = new Node();
    assert.equal(node.run("home"), " home is *");
    assert.equal(node.run("default"), " default scope is <null>");
    assert.equal(node.run("default nl"), " default scope is now nl");
    assert.deepEqual(node.saved, ["* 0 0 1\nnl 0 0"]);
    node.run("denyf nl");
    assert.equal(node.run("default n"), " default scope is now nl");
    assert.equal(node.run("get nl"), " nl F");
    assert.equal(node.run("home nl"), " home is now nl");
    assert.equal(node.run(""), "* F\n nl^ F\n");
    assert.equal(node.run("default <null>"), " default scope is now <null>");
    assert.equal(node.saved.length, 3);
  });

  it("list", () => {
    const node = new Node();
    assert.equal(node.run("list denied"), "-none-");
    for (const line of ["put a", "put #b", "denyf b", "put c"]) node.run(line);
    assert.equal(node.run("list allowed"), "*,a,c");
    assert.equal(node.run("list denied"), "b");
    assert.equal(node.run("list all"), "Err - use 'allowed' or 'denied'");
  });

  it("load takes an indented tree, and keeps the flags of what was known", () => {
    const node = new Node();
    for (const line of ["put uk", "put old", "home uk"]) node.run(line);
    for (const line of [
      "load",
      "* F",
      " europe F",
      "  uk",
      "  fr F",
      "   paris",
      " asia",
      "        toodeep F",
      "   orphan F",
    ])
      assert.equal(node.run(line), "", line);
    assert.equal(node.run(""), "OK - loaded 6 regions");
    // The one without a parent of its depth went below what was there last at that depth, as in MeshCore.
    assert.equal(node.run(""), "*^ F\n europe F\n  uk F\n  fr F\n   paris\n   orphan F\n asia\n");
  });

  it("def builds a tree in one line", () => {
    const node = new Node();
    assert.equal(node.run("def europe uk|europe fr paris"), "*^ F\n europe F\n  uk F\n  fr F\n   paris F\n");
    assert.equal(node.run("def"), "Err - empty def");
    assert.equal(node.run("def |a"), "Err - empty name");
    assert.equal(node.run("def a|"), "Err - empty jump");
    assert.equal(node.run("def a,mars"), "Err - unknown jump: mars");
    assert.equal(node.run("def a.b"), "Err - put failed: a.b");
  });

  it("save tells when it failed; anything else is not understood", () => {
    const node = new Node();
    node.run("put a");
    assert.equal(node.run("save"), "OK");
    node.canSave = false;
    assert.equal(node.run("save"), "Err - save failed");
    for (const line of ["nonsense", "put", "allowf", "get", "list", "remove"])
      assert.equal(node.run(line), "Err - ??", line);
  });

  it("what was saved comes back", () => {
    const node = new Node();
    for (const line of [
      "put europe",
      "put uk europe",
      "put $mine uk",
      "denyf uk",
      "home uk",
      "default europe",
      "denyf *",
    ])
      node.run(line);
    node.run("save");
    const other = new Node();
    other.map.restore(node.saved[node.saved.length - 1], () => undefined);
    for (const line of ["", "home", "default", "list allowed", "get $mine"])
      assert.equal(other.run(line), node.run(line));
    assert.equal(other.map.save(0, 99), node.map.save(0, 99));
  });

  it("gives each region its code, and a private one none", () => {
    const node = new Node();
    for (const line of ["put a", "put europe", "put #b", "put $mine", "remove a"]) node.run(line);
    const payload = hexToBytes("0102030405");
    node.map.begin(5, payload, 0, payload.length);
    for (const [at, name] of ["europe", "b"].entries())
      assert.equal(node.map.code(at + 1), transportCode(crypto, regionKey(crypto, utf8Encode(name)), 5, payload));
    assert.equal(node.map.flags[3] & 2, 2);
    node.run("allowf $mine");
    assert.equal(node.map.flags[3], 2, "and allowing it does not change that");
    const edge = hexToBytes("60970bb3b12dd9fceb640000");
    node.map.begin(5, edge, 0, edge.length);
    assert.equal(node.map.code(1), 1);
  });
});
