/*
 * Runs inside the stand-in's context before anything else: takes away what Espruino does not have, so that code which would
 * fail on a board fails here too, and changes what Espruino does otherwise. Its text goes into the context, so it can use
 * nothing of this file but its own body.
 */
export function limitToEspruino(): void {
  const world = globalThis as unknown as Record<string, unknown>;
  const drop = (owner: unknown, names: string): void => {
    for (const name of names.split(" ")) delete (owner as Record<string, unknown>)[name];
  };
  const typedArray = Object.getPrototypeOf(Uint8Array) as { prototype: Record<string, unknown> };
  const listOf = [].slice;

  drop(
    world,
    "Map Set WeakMap WeakSet WeakRef FinalizationRegistry Proxy Reflect Symbol BigInt BigInt64Array BigUint64Array " +
      "SharedArrayBuffer Atomics WebAssembly Intl RangeError EvalError URIError AggregateError escape unescape console " +
      "Iterator",
  );
  drop(Math, "imul clz32 trunc log2 log10 log1p expm1 hypot fround cbrt sinh cosh tanh asinh acosh atanh");
  drop(Array, "from of fromAsync");
  drop(
    Array.prototype,
    "flat flatMap at keys entries values reduceRight lastIndexOf findLast findLastIndex copyWithin toSorted toReversed toSpliced with",
  );
  drop(typedArray, "from of");
  drop(
    typedArray.prototype,
    "subarray copyWithin at keys entries values reduceRight lastIndexOf findLast findLastIndex toSorted toReversed with",
  );
  drop(ArrayBuffer, "isView");
  drop(ArrayBuffer.prototype, "slice resize transfer transferToFixedLength");
  drop(String, "raw fromCodePoint");
  drop(
    String.prototype,
    "at codePointAt localeCompare search trimStart trimEnd trimLeft trimRight normalize matchAll isWellFormed toWellFormed " +
      "anchor big blink bold fixed fontcolor fontsize italics link small strike sub sup",
  );
  drop(Number, "isInteger isFinite isNaN isSafeInteger MAX_SAFE_INTEGER MIN_SAFE_INTEGER EPSILON parseInt parseFloat");
  drop(Number.prototype, "toPrecision toExponential");
  drop(Object, "freeze isFrozen seal isSealed preventExtensions isExtensible is hasOwn groupBy getOwnPropertySymbols");
  drop(Promise.prototype, "finally");
  drop(Promise, "allSettled any withResolvers race");
  drop(Date, "UTC");

  const change = (owner: unknown, name: string, value: unknown): void => {
    Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: false });
  };
  // Typed slice makes a plain array on Espruino, one variable a byte.
  change(typedArray.prototype, "slice", function (this: Uint8Array, from?: number, to?: number) {
    return listOf.call(this, from, to);
  });
  // Characters are bytes.
  const fromCharCode = String.fromCharCode;
  change(String, "fromCharCode", (...codes: number[]) => {
    const bytes = [];
    for (let i = 0; i < codes.length; i++) bytes[i] = codes[i] & 255;
    return fromCharCode.apply(null, bytes);
  });
  const split = String.prototype.split as (by: string) => string[];
  change(String.prototype, "split", function (this: string, by: string) {
    return split.call(this, by);
  });
  // 2v29 (jsvCompareStringIt): where the text ends before the needle does, what is there is enough. "abc" has "cd" at 2.
  const indexOf = String.prototype.indexOf;
  const find = (text: string, needle: string, from: unknown): number => {
    const last = text.length - needle.length;
    if (last < 0) return -1;
    let at = typeof from === "number" ? Math.min(Math.max(from | 0, 0), last + 1) : 0;
    const whole = indexOf.call(text, needle, at);
    if (whole >= 0) return whole < text.length ? whole : -1;
    for (at = Math.max(at, last + 1); at < text.length; at++)
      if (indexOf.call(needle, text.substring(at)) === 0) return at;
    return -1;
  };
  change(String.prototype, "indexOf", function (this: string, needle: unknown, from?: number) {
    return find(`${this}`, `${needle}`, from);
  });
  change(String.prototype, "includes", function (this: string, needle: unknown, from?: number) {
    return find(`${this}`, `${needle}`, from) >= 0;
  });
  const replacer = (isAll: boolean) =>
    function (this: string, what: unknown, by: unknown): string {
      if (typeof by === "function") throw new Error("String.replace with a function is not supported by Espruino");
      let text = `${this}`;
      const needle = `${what}`;
      for (let at = find(text, needle, 0); at >= 0; at = isAll ? find(text, needle, at + `${by}`.length) : -1)
        text = text.substring(0, at) + by + text.substring(at + needle.length);
      return text;
    };
  change(String.prototype, "replace", replacer(false));
  change(String.prototype, "replaceAll", replacer(true));
}
