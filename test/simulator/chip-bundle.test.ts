// The chip model as it stands under a bundle in a real engine: built, small, and fit for the engines' language.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Node, parse } from "acorn";
import { bytesToHex } from "../../protocol/bytes.ts";
import { Bench } from "./engine.ts";

const BUILT = readFileSync(join(import.meta.dirname, "../../dist/firmware/chip-model.js"), "latin1");

type Tree = Node & Record<string, unknown>;

function children(node: Tree): Tree[] {
  return Object.values(node)
    .flat()
    .filter((value): value is Tree => typeof (value as Tree | null)?.type === "string");
}

/**
 * Names that a function uses in front of their `var`. Espruino does not hoist: there such a name is the one outside, and an
 * assignment to it overwrites what the outside keeps there.
 */
function usedBeforeVar(code: string): string[] {
  const found: string[] = [];
  const visit = (scope: Tree): void => {
    const declared = new Map<string, number>();
    const used = new Map<string, number>();
    const walk = (node: Tree, parent: Tree): void => {
      if (/Function/.test(node.type)) {
        visit(node);
        return;
      }
      const name = node.name as string;
      if (node.type === "VariableDeclarator") declared.set((node.id as Tree).name as string, node.start);
      const isOther =
        (parent.type === "MemberExpression" && parent.property === node && !parent.computed) ||
        (/Property|MethodDefinition/.test(parent.type) && parent.key === node && parent.value !== node) ||
        (parent.type === "VariableDeclarator" && parent.id === node);
      if (node.type === "Identifier" && !isOther && !used.has(name)) used.set(name, node.start);
      for (const child of children(node)) walk(child, node);
    };
    const parameters = (scope.params as Tree[] | undefined) ?? [];
    for (const child of children(scope)) if (!parameters.includes(child) && child !== scope.id) walk(child, scope);
    for (const [name, at] of declared)
      if ((used.get(name) ?? at) < at) found.push(code.slice((used.get(name) ?? 0) - 20, at + 20));
  };
  visit(parse(code, { ecmaVersion: 2022 }) as unknown as Tree);
  return found;
}

describe("built chip model", () => {
  it("is at most 14,100 bytes", () => {
    assert.ok(BUILT.length > 8000 && BUILT.length <= 14_100, `${BUILT.length} bytes`);
  });

  it("declares each name in front of its use", () => {
    assert.deepEqual(usedBeforeVar("function f(){return{a:(t=1,t)};var t}"), ["ction f(){return{a:(t=1,t)};var t}"]);
    assert.deepEqual(usedBeforeVar(BUILT), []);
  });

  it("is a chip under the pins and SPI calls of an engine", () => {
    const bench = new Bench(BUILT);
    assert.deepEqual(bench.engine.uncaught, []);
    bench.engine.evaluate(`
      var edges = [];
      var harness = chipModel.install(globalThis, {nss: "D1", reset: "D2", busy: "D7", dio1: "D2", rxen: "", tcxoCode: 2, dio2: true}, 0.1);
      function cmd(hex) {
        var bytes = new Uint8Array(hex.length / 2), end = getTime() + 1;
        for (var i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.substr(2 * i, 2), 16);
        while (digitalRead(D7)) if (getTime() > end) throw new Error("BUSY");
        return SPI1.send(bytes, D1);
      }
      setWatch(function (e) { edges.push([e.state, cmd("12000000")[3]]); cmd("02ffff"); }, D2, {repeat: true});
      ["8000", "9702000140", "070000", "897f", "8a01", "98d7db", "863659e353", "8b08030400", "9d01", "9504070001", "8e1604", "0d08d8de",
       "0d088905", "08ffff020300000000", "8c002000ff0100", "0d07360d", "82ffffff"].forEach(cmd);
    `);
    assert.equal(bench.value("harness.receive(new Uint8Array([7, 8, 9]), -80, 5.5)"), true);
    bench.clock.advance(50);
    assert.deepEqual(bench.value("edges"), [[true, 0x16]]);
    assert.equal(
      bytesToHex(Uint8Array.from(Object.values(bench.value("cmd('1e0000000000')") as object))).slice(6),
      "070809",
    );
    bench.engine.evaluate(`["8000", "8c002000030100", "0d07360d", "0e00010203", "83000000"].forEach(cmd)`);
    bench.clock.advance(100);
    assert.deepEqual(bench.value("edges[1]"), [true, 1], "a tenth of its time on air");
    assert.deepEqual(bench.value("[harness.sent.length, harness.sent[0], harness.chip.violations]"), [
      1,
      { 0: 1, 1: 2, 2: 3 },
      [],
    ]);
    assert.deepEqual(bench.engine.uncaught, []);
  });
});
