import assert from "node:assert/strict";
import { type Node, parse } from "acorn";
import { transform } from "esbuild";
import { read, sourceFiles } from "./sources.ts";

/** The only file that knows the engine. */
const HAL = "firmware/hal-espruino.ts";
/** Stands in for the engine's own API, or is loaded by its harness: they hang something on the global object. */
const AT_THE_EDGE = ["simulator/chip/harness.ts"];

/** Names of the ES5 library that both engines have, and that the language subset allows. */
const LIBRARY = [
  ..."Array ArrayBuffer DataView Date Error JSON Math Number Object String TypeError Infinity NaN undefined".split(" "),
  ..."Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array".split(" "),
  ..."isNaN parseFloat parseInt arguments".split(" "),
];

type Any = Node & Record<string, unknown>;

function childrenOf(node: Any): Any[] {
  return Object.values(node)
    .flat()
    .filter((value): value is Any => typeof (value as Any | null)?.type === "string");
}

function nodesOf(tree: Any): Any[] {
  const all: Any[] = [];
  const waiting = [tree];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    all.push(node);
    waiting.push(...childrenOf(node));
  }
  return all;
}

/** Names that a file uses and nothing in it declares. */
async function freeNames(code: string): Promise<string[]> {
  const plain = await transform(code, { loader: "ts", target: "es2022" });
  const nodes = nodesOf(parse(plain.code, { ecmaVersion: 2022, sourceType: "module" }) as unknown as Any);
  const declared = new Set<unknown>(LIBRARY);
  const keys = new Set<Any>();
  for (const node of nodes) {
    const names = (at: unknown) => {
      for (const each of at ? nodesOf(at as Any) : []) declared.add(each.name);
    };
    if (/^(Import\w*Specifier)$/.test(node.type)) names(node.local);
    if (/^(VariableDeclarator|Function|Class)/.test(node.type)) names(node.id);
    if (/Function/.test(node.type)) for (const param of node.params as Any[]) names(param);
    if (node.type === "CatchClause") names(node.param);
    if (node.type === "MemberExpression" && !node.computed) keys.add(node.property as Any);
    if (/^(Property|MethodDefinition|PropertyDefinition)$/.test(node.type) && !node.computed) keys.add(node.key as Any);
    if (node.type === "ImportSpecifier") keys.add(node.imported as Any);
    if (node.type === "ExportSpecifier") keys.add(node.exported as Any);
  }
  const used = nodes.filter((node) => node.type === "Identifier" && !keys.has(node) && !declared.has(node.name));
  return [...new Set(used.map((node) => String(node.name)))].sort();
}

describe("globals", () => {
  const sources = sourceFiles().filter((path) => /^(protocol|boards|firmware|simulator\/chip)\/.*\.ts$/.test(path));

  for (const path of sources.filter((each) => each !== HAL && !AT_THE_EDGE.includes(each))) {
    it(`${path} uses nothing but the library of ES5`, async () => {
      assert.deepEqual(await freeNames(read(path)), []);
      assert.doesNotMatch(read(path), /^declare /m, "it declares no global");
    });
  }

  it(`${HAL} is where the engine's globals are`, async () => {
    const names = await freeNames(read(HAL));
    for (const name of ["E", "SPI1", "Pin", "digitalRead", "getTime", "process", "require", "setTimeout", "setWatch"])
      assert.ok(names.includes(name), name);
  });

  it("a global is found wherever it is used", async () => {
    const code = `
      import { a } from "./a.ts";
      const f = (x: number): number => a(x) + SPI1.send([x]) + digitalRead(D5);
      export class K { m(): void { setTimeout(() => f(1), getTime()); const { y } = new Map(); console.log(y); } }`;
    assert.deepEqual(await freeNames(code), ["D5", "Map", "SPI1", "console", "digitalRead", "getTime", "setTimeout"]);
  });

  it("a name of the program's own is none", async () => {
    const code = `
      export function f(process: { env: string }): string {
        const E = { getTime: 1, hwRand() { return E.getTime; } };
        try { return process.env + E.hwRand(); } catch (error) { return String(error); }
      }`;
    assert.deepEqual(await freeNames(code), []);
  });
});
