// Walks the syntax tree of every built bundle and fails on what Espruino or JerryScript do not take. The traps and where
// they come from: docs/decisions/0002-engine-pipeline.md.
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "acorn";

/** Espruino walks the names of a scope one by one; JerryScript does not mind. */
const MAX_NAMES_PER_SCOPE = 100;

/** Node types that Espruino's parser refuses or gets wrong. */
const NODES = {
  AssignmentPattern: "default value",
  RestElement: "rest parameter",
  ObjectPattern: "destructuring",
  ArrayPattern: "destructuring",
  SpreadElement: "spread",
  ChainExpression: "optional chaining",
  LabeledStatement: "label",
  WithStatement: "with",
  YieldExpression: "generator",
  AwaitExpression: "await",
  StaticBlock: "static block",
  PrivateIdentifier: "private member",
  TaggedTemplateExpression: "tagged template",
  MetaProperty: "new.target or import.meta",
  ForAwaitStatement: "for await",
  ImportExpression: "import()",
};

const words = (text) => new Set(text.split(" "));

const GLOBALS = words(
  "Map Set WeakMap WeakSet WeakRef Symbol Proxy Reflect Promise BigInt TextEncoder TextDecoder queueMicrotask setImmediate " +
    "RangeError EvalError URIError AggregateError unescape structuredClone Intl Atomics SharedArrayBuffer WebAssembly",
);

/** Members that are missing, or that mean something else, whatever they are asked of. */
const METHODS = words(
  "subarray copyWithin imul clz32 trunc log2 log10 hypot fround flat flatMap codePointAt fromCodePoint localeCompare trimStart " +
    "trimEnd isInteger isFinite reduceRight lastIndexOf findLast findLastIndex finally allSettled freeze hasOwn normalize " +
    "matchAll toSorted setUTCHours isView toPrecision toExponential MAX_SAFE_INTEGER MIN_SAFE_INTEGER EPSILON",
);
/** Missing as methods; our own fields may have these names. `Object.keys` and its sisters exist. */
const CALLS = words("at keys entries values search");
/** What a built-in object lacks, by its name. */
const STATICS = {
  Number: words("isNaN parseInt parseFloat"),
  Object: words("is groupBy getOwnPropertySymbols"),
  Date: words("UTC"),
  String: words("raw"),
};
const BUILTINS = words("Array Object String Number Function Uint8Array ArrayBuffer Math Date");
const MEMBER_NAMES = words("delete catch default");
const SHORTHAND_NAMES = words("get set of static");

/** What JerryScript 3.0 has besides its language, which is nothing, and what its host brings (docs/jerryscript.md). */
const JERRY_NAMES = words(
  "Array ArrayBuffer DataView Date Error JSON Math Number Object String TypeError Function Boolean " +
    "Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array " +
    "Infinity NaN undefined isNaN parseFloat parseInt arguments globalThis native",
);

/** A sentence for each name that `code` takes from outside and JerryScript does not have. */
export function strangers(code) {
  const found = new Map();
  const visit = (node, parent, scopes) => {
    const inner = /Function|Program/.test(node.type) ? [...scopes, declaredIn(node)] : scopes;
    if (node.type === "Identifier" && !isKey(node, parent) && !JERRY_NAMES.has(node.name))
      if (!inner.some((names) => names.has(node.name))) found.set(node.name, node.start);
    for (const child of childrenOf(node)) visit(child, node, inner);
  };
  visit(parse(code, { ecmaVersion: 2022, sourceType: "script" }), null, []);
  return [...found].map(([name, at]) => `${name}, which JerryScript does not have, at ${at}`);
}

/** Names that a function or program declares anywhere in it, blocks included. */
function declaredIn(scope) {
  const names = new Set(scope.id ? [scope.id.name] : []);
  for (const param of scope.params ?? []) names.add(param.name);
  const walk = (node) => {
    if (/^(VariableDeclarator|FunctionDeclaration|Class)/.test(node.type) && node.id) names.add(node.id.name);
    if (node.type === "CatchClause" && node.param) names.add(node.param.name);
    if (!/Function/.test(node.type)) childrenOf(node).forEach(walk);
  };
  const body = Array.isArray(scope.body) ? scope.body : [scope.body];
  body.forEach(walk);
  return names;
}

function isKey(node, parent) {
  if (parent.type === "MemberExpression") return parent.property === node && !parent.computed;
  return (
    /^(Property|MethodDefinition)$/.test(parent.type) && parent.key === node && !parent.computed && !parent.shorthand
  );
}

/** Every sentence that is wrong with `code`, with its place. */
export function violations(code, maxNames = MAX_NAMES_PER_SCOPE) {
  const found = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the point is to find what is not ASCII
  const strange = /[^\x00-\x7f]/.exec(code);
  if (strange) found.push(`non-ASCII character at ${strange.index}`);
  const tree = parse(code, { ecmaVersion: 2022, sourceType: "script" });
  const say = (what, node) => found.push(`${what} at ${node.start}: ${code.slice(node.start, node.start + 60)}`);

  const visit = (node, parent) => {
    if (NODES[node.type]) say(NODES[node.type], node);
    CHECKS[node.type]?.(node, parent, say, code);
    if (/Function|Program/.test(node.type)) {
      const names = namesOf(node);
      if (names > maxNames) say(`${names} names in one scope (limit ${maxNames})`, node);
      findHoisting(node, say);
    }
    for (const child of childrenOf(node)) visit(child, node);
  };
  visit(tree, null);
  return found;
}

const CHECKS = {
  Identifier(node, parent, say) {
    const isMember = parent.type === "MemberExpression" && parent.property === node && !parent.computed;
    const isKey = (parent.type === "Property" || parent.type === "MethodDefinition") && parent.key === node;
    if (!isMember && !isKey && (GLOBALS.has(node.name) || node.name === "of")) say(`global ${node.name}`, node);
  },
  MemberExpression(node, _parent, say) {
    const { property, object } = node;
    if (node.computed && property.type === "UnaryExpression" && property.operator === "-") say("index below 0", node);
    if (node.computed || property.type !== "Identifier") return;
    const name = property.name;
    const on = object.type === "Identifier" ? object.name : "";
    if (METHODS.has(name) || STATICS[on]?.has(name)) say(`method ${name}`, node);
    if (on === "globalThis" && GLOBALS.has(name)) say(`global ${name}`, node);
    if ((name === "from" || name === "of") && BUILTINS.has(on)) say(`${on}.${name}`, node);
    if (name === "prototype" && BUILTINS.has(on)) say(`${on}.prototype`, node);
  },
  CallExpression(node, _parent, say) {
    const { callee, arguments: given } = node;
    if (callee.type !== "MemberExpression" || callee.computed) return;
    const name = callee.property.name;
    if (CALLS.has(name) && callee.object.name !== "Object") say(`method ${name}`, node);
    // That of a typed array gives a plain one, which is known only at run time.
    if (name === "slice" && isMember(callee.object, "buffer")) say("ArrayBuffer.slice", node);
    if (name === "split" && given.length > 1) say("split with a limit", node);
    if (name === "replace" && /Function/.test(given[1]?.type)) say("replace with a function", node);
    if (name === "parse" && callee.object.name === "JSON" && given.length > 1) say("JSON.parse with a reviver", node);
  },
  Literal(node, _parent, say) {
    if (node.regex) say("regular expression", node);
    if (node.bigint) say("BigInt", node);
  },
  BinaryExpression(node, _parent, say) {
    if (node.operator === "**") say("**", node);
    if (/^(<<|>>>?)$/.test(node.operator) && node.right.value >= 32) say("shift by 32 or more", node);
  },
  AssignmentExpression(node, _parent, say) {
    if (/^(\*\*|\?\?|\|\||&&)=$/.test(node.operator)) say(node.operator, node);
    if (isMember(node.left, "length")) say("assignment to length", node);
  },
  UpdateExpression(node, _parent, say) {
    if (isMember(node.argument, "length")) say("assignment to length", node);
  },
  ForStatement: refuseSharedVariable,
  ForOfStatement: refuseSharedVariable,
  ForInStatement: refuseSharedVariable,
  ReturnStatement(node, _parent, say, code) {
    // The engine reads on over the end of the line.
    if (!node.argument && !/^return\s*[;}]/.test(code.slice(node.start))) say("return without a semicolon", node);
  },
  SwitchStatement(node, _parent, say) {
    const at = node.cases.findIndex((each) => !each.test);
    if (at >= 0 && at < node.cases.length - 1) say("case after default", node);
  },
  Property(node, _parent, say) {
    if (node.computed) say("computed key", node);
    if (node.method && SHORTHAND_NAMES.has(node.key.name)) say(`method named ${node.key.name}`, node);
  },
  MethodDefinition(node, _parent, say) {
    if (node.computed) say("computed method", node);
    if (MEMBER_NAMES.has(node.key.name)) say(`method named ${node.key.name}`, node);
  },
  PropertyDefinition(node, _parent, say) {
    if (!node.value) say("class field without value", node);
    else if (!node.static) say("class field (shared by all instances)", node);
  },
  ClassDeclaration(node, _parent, say) {
    if (node.superClass) say("extends", node);
  },
  ClassExpression(node, _parent, say) {
    if (node.superClass) say("extends", node);
  },
  FunctionDeclaration: refuseAsync,
  FunctionExpression: refuseAsync,
  ArrowFunctionExpression(node, parent, say) {
    refuseAsync(node, parent, say);
    refuseLostThis(node, say);
  },
};

/**
 * An arrow function without braces keeps `this` only when the engine has met that word behind the last function that is made in it,
 * or in that one.
 */
function refuseLostThis(node, say) {
  if (node.body.type === "BlockStatement") return;
  let needed = false;
  let kept = false;
  const visit = (inner, isOwn) => {
    if (inner.type === "ThisExpression") {
      kept = true;
      needed ||= isOwn;
    }
    const isFunction = /Function/.test(inner.type);
    if (isFunction) kept = false;
    const children = childrenOf(inner).sort((one, other) => one.start - other.start);
    for (const child of children) visit(child, isOwn && (!isFunction || inner.type === "ArrowFunctionExpression"));
  };
  visit(node.body, true);
  if (needed && !kept) say("this in front of another function in an arrow function without braces", node);
}

/** `object.name` or `object["name"]`. */
function isMember(node, name) {
  return node.type === "MemberExpression" && (node.computed ? node.property.value : node.property.name) === name;
}

/** All rounds of a loop share its variable, so a function made inside sees the last value. */
function refuseSharedVariable(node, _parent, say) {
  const head = node.init ?? node.left;
  if (head?.kind !== "let" && head?.kind !== "const") return;
  const makesFunction = (inner) => /Function/.test(inner.type) || childrenOf(inner).some(makesFunction);
  if (makesFunction(node.body)) say("function that sees a loop variable", node);
}

function refuseAsync(node, _parent, say) {
  if (node.async) say("async function", node);
  if (node.generator) say("generator", node);
}

/** Names that a lookup in this function walks past: parameters, var, let, const, functions and classes of any depth. */
function namesOf(scope) {
  let names = (scope.params ?? []).length;
  const count = (node) => {
    if (node.type === "VariableDeclarator" || node.type === "FunctionDeclaration" || node.type === "ClassDeclaration")
      names++;
    if (/Function|Class/.test(node.type)) return;
    for (const child of childrenOf(node)) count(child);
  };
  for (const child of childrenOf(scope.body && !Array.isArray(scope.body) ? scope.body : scope)) count(child);
  return names;
}

/**
 * Espruino hoists nothing. A function exists from where it stands on; a name in front of its `var`, or of one in a branch that
 * was not taken, is the one outside, and an assignment to it overwrites what the outside keeps there.
 */
function findHoisting(scope, say) {
  const block = scope.type === "Program" ? scope : scope.body;
  const body = Array.isArray(block.body) ? block.body : [];
  const declared = new Map();
  const used = [];
  const walk = (node, parent, block) => {
    if (node.type === "VariableDeclaration" && node.kind === "var") {
      for (const { id } of node.declarations)
        declared.set(id.name, [...(declared.get(id.name) ?? []), { at: id.start, from: block.start, to: block.end }]);
    }
    if (node.type === "FunctionDeclaration") {
      const before = body.slice(0, body.indexOf(node));
      const late = before.some((each) => !/^(Function|Variable)Declaration$/.test(each.type) && !each.directive);
      if (late || !body.includes(node)) say("function that would have to be hoisted", node);
    }
    const isName = (parent.type === "MemberExpression" && parent.property === node) || parent.key === node;
    if (node.type === "Identifier" && (!isName || parent.computed)) used.push(node);
    if (/Function/.test(node.type)) return;
    // The head of a loop belongs to what is around it.
    const inner = /^(BlockStatement|IfStatement|SwitchCase)$/.test(node.type) ? node : block;
    for (const child of childrenOf(node)) walk(child, node, inner);
  };
  for (const statement of body) walk(statement, scope, scope);
  for (const param of scope.params ?? []) declared.delete(param.name);
  for (const node of used) {
    const places = declared.get(node.name);
    if (places && !places.some((place) => place.at <= node.start && place.from <= node.start && node.end <= place.to))
      say(`${node.name} used where its var has not run`, node);
  }
}

function childrenOf(node) {
  return Object.values(node)
    .flat()
    .filter((value) => value && typeof value.type === "string");
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const folder = "dist/firmware";
  let wrong = 0;
  const files = readdirSync(folder).filter((name) => name.endsWith(".js") || name.endsWith(".lib"));
  for (const file of files) {
    const maxNames = file.endsWith(".jerry.js") ? Number.POSITIVE_INFINITY : MAX_NAMES_PER_SCOPE;
    // Parts begin with their table of contents.
    const code = readFileSync(`${folder}/${file}`, "utf8").replace(/^[0-9a-f]+/, "");
    const foreign = file.endsWith(".jerry.js") ? strangers(code) : [];
    for (const sentence of [...violations(code, maxNames), ...foreign]) {
      console.error(`${folder}/${file}: ${sentence}`);
      wrong++;
    }
  }
  console.log(
    `${files.length} bundles: ${wrong === 0 ? "only what both engines take" : `${wrong} things that an engine does not take`}`,
  );
  process.exitCode = wrong === 0 ? 0 : 1;
}
