import assert from "node:assert/strict";
// @ts-expect-error: the build is plain JavaScript, without declarations
import { violations as check, strangers as foreign } from "../../firmware/build/subset.mjs";

const violations = check as (code: string, maxNames?: number) => string[];
const strangers = foreign as (code: string) => string[];

/** What Espruino or JerryScript do not take, or take for something else; by kind, each line by itself. */
const TRAPS: Record<string, string[]> = {
  "parameters with values, rest and patterns": [
    "function f(a = 1) { return a; }",
    "function f(...a) { return a; }",
    "function f({ a }) { return a; }",
  ],
  "destructuring and spread": [
    "var { a } = x;",
    "var [a] = x;",
    "[a, b] = [b, a];",
    "f(...a);",
    "var a = [...b];",
    "var a = { ...b };",
    "new F(...a);",
  ],
  operators: ["a?.b;", "a?.[0];", "a?.();", "a ** b;", "a **= 2;", "a ??= b;", "a ||= b;", "a &&= b;", "a << 32;"],
  "control flow": [
    "a: for (;;) { break a; }",
    "function* f() { yield 1; }",
    "async function f() { await 1; }",
    "var f = async () => 1;",
    "with (a) { b; }",
    "switch (a) { default: b(); case 1: c(); }",
    "function f() { return\n1; }",
    "import('x');",
  ],
  objects: [
    "var a = { [k]: 1 };",
    "var a = { [k]() {} };",
    "var a = { async m() {} };",
    "var a = { *m() {} };",
    "var a = { get() {} };",
    "var a = { static() {} };",
    "f`x`;",
    "function F() { return new.target; }",
    "var of = 1;",
    "f(of);",
  ],
  classes: [
    "class A { x; }",
    "class A { b = []; }",
    "class A { #x = 1; }",
    "class A { static { f(); } }",
    "class A { [k]() {} }",
    "class A { delete() {} }",
    "class A { catch() {} }",
    "class A { default() {} }",
    "class A extends Error {}",
    "var A = class extends B {};",
  ],
  globals: [
    ..."Map Set WeakMap Symbol Proxy Reflect Promise TextEncoder TextDecoder RangeError"
      .split(" ")
      .map((n) => `new ${n}();`),
    ..."BigInt queueMicrotask setImmediate unescape structuredClone".split(" ").map((n) => `${n}(a);`),
    "globalThis.Map;",
    "10n;",
  ],
  "methods of arrays": [
    ..."subarray copyWithin flat flatMap at keys entries values reduceRight lastIndexOf findLast toSorted"
      .split(" ")
      .map((name) => `a.${name}(b);`),
    "Array.from(a);",
    "Array.of(1);",
    "Uint8Array.from(a);",
    "Uint8Array.of(1);",
    "a.buffer.slice(1);",
    "ArrayBuffer.isView(a);",
    "Array.prototype.slice.call(a);",
  ],
  "methods of texts": [
    ..."codePointAt localeCompare search trimStart trimEnd normalize matchAll".split(" ").map((n) => `a.${n}(b);`),
    "String.fromCodePoint(1);",
    "String.raw;",
    "a.split(',', 2);",
    "a.replace('x', function () { return 'y'; });",
    "a.replace('x', () => 'y');",
  ],
  "numbers and objects": [
    ..."imul clz32 trunc log2 log10 hypot fround".split(" ").map((name) => `Math.${name}(1);`),
    "Number.isInteger(a);",
    "Number.isFinite(a);",
    "Number.isNaN(a);",
    "Number.MAX_SAFE_INTEGER;",
    "a.toPrecision(3);",
    "Object.freeze(a);",
    "Object.is(a, b);",
    "Object.hasOwn(a, 'b');",
    "JSON.parse(a, f);",
    "Date.UTC(1);",
  ],
  "what is wrong without an error": [
    "/a/;",
    "'\u00e9';",
    "a.length = 0;",
    "a['length'] = 0;",
    "a.length--;",
    "a[-1];",
    "for (let i = 0; i < 3; i++) f(() => i);",
    "class A { m() { f(() => this.g(() => 1)); } }",
    "class A { m() { f(() => g(this, () => 1)); } }",
    "class A { m() { f((a) => (a ? this : () => { g(a); })); } }",
    "for (const x of a) f(() => x);",
  ],
  hoisting: [
    "f(); function f() {}",
    "if (a) { function f() {} }",
    "function f() { b = 1; var b; }",
    "if (a) { var b = 1; } c(b);",
    "if (a) var b = 1; c(b);",
    "switch (a) { case 1: var b = 1; break; case 2: c(b); }",
  ],
};

/** What both engines take, and the builds are made of. */
const ORDINARY = [
  "(function () { 'use strict'; function f(a) { return a + 1; } var b = f(1); g(b); })();",
  "class A { constructor(a) { this.b = a; } get c() { return this.b; } static d() { return new A(1); } m() { this.b++; } }",
  "for (var i = 0, n = a.length; i < n; i++) b.push(a[i]);",
  "for (let i = 0; i < 3; i++) f(i);",
  "for (const x of a) f(x);",
  "var f = (a) => a * 2, g = () => ({ b: 1 });",
  "var a = `x`, c = a ?? b, d = { e, f() { return 1; }, 'g': 2 };",
  "try { f(); } catch { g(); } finally { h(); }",
  "switch (a) { case 1: f(); break; default: g(); }",
  "function f() { if (a) { var b = g(); return b; } return; }",
  "function f() { for (var i = 0; i < 3; i++) g(i); return i; }",
  "function f(a) { a || (a = 1); return arguments.length; }",
  "a << 31; a >>> (32 - b); a[b - 1]; a.length; a.slice(1, 2); a.indexOf(b); a.fill(0);",
  "Object.keys(a); Object.assign(a, b); [].slice.call(a); JSON.parse(a); a.split(','); a.replace('x', 'y');",
  "Math.floor(a); Math.round(a); String.fromCharCode(65); new Uint8Array(a.buffer, a.byteOffset + 1, 2); isNaN(a);",
  "class A { m() { f(() => { this.g(() => this.h()); }); f(() => this.g()); f(() => g(() => 1)); f(() => g(() => 1) + this.a); } }",
  "class A { m() { f(() => g(this, () => this.h())); f(() => g(() => this.h())); f((a) => () => this); } }",
  "class A { m() { f(() => g(function () { return this; }, () => 1)); } }",
  "a.at = 1; b = c.values; d.from; e.search;",
];

describe("check of the built bundles", () => {
  for (const [kind, lines] of Object.entries(TRAPS)) {
    it(`finds: ${kind}`, () => {
      assert.deepEqual(
        lines.filter((line) => violations(line).length === 0),
        [],
      );
    });
  }

  it("says what is wrong, where, and shows the place", () => {
    assert.deepEqual(violations("var a = 1;\nf(a?.b);"), ["optional chaining at 13: a?.b);"]);
  });

  it("has nothing against what both engines take", () => {
    for (const line of ORDINARY) assert.deepEqual(violations(line), [], line);
  });

  it("counts the names of a scope up to 100, those of inner functions apart", () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `a${i}`).join(", ");
    assert.deepEqual(violations(`var ${names(100)};`), []);
    assert.match(violations(`var ${names(101)};`)[0], /^101 names in one scope \(limit 100\)/);
    assert.deepEqual(violations(`var ${names(99)}; f(function () { var ${names(100)}; });`), []);
    assert.match(violations(`f(function (b) { var ${names(100)}; });`)[0], /^101 names/);
    assert.deepEqual(violations(`var ${names(101)};`, Number.POSITIVE_INFINITY), []);
  });

  it("finds what JerryScript has not, by its scope and not by its name alone", () => {
    const code = `(function () {
      function f(E) { return E.hwRand() + globalThis.native.now() + native.now({ btoa: 1 }).atob; }
      try { f(console); } catch (process) { process.env = class Pin { require() { return E; } }; }
      var g = function h(a) { return h(a) + Math.abs(setTimeout); };
      return { clearTimeout };
    })();`;
    assert.deepEqual(
      strangers(code)
        .map((sentence) => sentence.split(",")[0])
        .sort(),
      [...["E", "clearTimeout", "console", "setTimeout"]],
    );
    assert.deepEqual(strangers("var a = Uint8Array; native.spiTransfer(1, new a(2), null);"), []);
  });
});
