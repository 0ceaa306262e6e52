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

const GLOBALS = new Set(
  "Map Set WeakMap WeakSet Symbol Proxy Reflect Promise BigInt TextEncoder TextDecoder queueMicrotask setImmediate RangeError unescape structuredClone".split(
    " ",
  ),
);

/** Methods that are missing, or that mean something else (typed slice gives a plain array). */
const METHODS = new Set(
  "subarray copyWithin imul clz32 trunc log2 log10 hypot fround flat flatMap codePointAt fromCodePoint localeCompare trimStart trimEnd isInteger isFinite reduceRight lastIndexOf findLast finally allSettled freeze hasOwn normalize matchAll toSorted setUTCHours".split(
    " ",
  ),
);
const BUILTINS = new Set("Array Object String Number Function Uint8Array ArrayBuffer Math Date".split(" "));
const MEMBER_NAMES = new Set(["delete", "catch", "default"]);

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
    CHECKS[node.type]?.(node, parent, say);
    if (/Function|Program/.test(node.type)) {
      const names = namesOf(node);
      if (names > maxNames) say(`${names} names in one scope (limit ${maxNames})`, node);
      for (const early of usedBeforeVar(node)) say(`${early.name} used in front of its var`, early);
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
    if (node.computed || node.property.type !== "Identifier") return;
    const name = node.property.name;
    const on = node.object.type === "Identifier" ? node.object.name : "";
    if (METHODS.has(name)) say(`method ${name}`, node);
    if ((name === "from" || name === "of") && BUILTINS.has(on)) say(`${on}.${name}`, node);
    if (name === "prototype" && BUILTINS.has(on)) say(`${on}.prototype`, node);
  },
  Literal(node, _parent, say) {
    if (node.regex) say("regular expression", node);
    if (node.bigint) say("BigInt", node);
  },
  BinaryExpression(node, _parent, say) {
    if (node.operator === "**") say("**", node);
  },
  AssignmentExpression(node, _parent, say) {
    if (/^(\*\*|\?\?|\|\||&&)=$/.test(node.operator)) say(node.operator, node);
    const left = node.left;
    if (left.type === "MemberExpression" && !left.computed && left.property.name === "length")
      say("assignment to length", node);
  },
  SwitchStatement(node, _parent, say) {
    const at = node.cases.findIndex((each) => !each.test);
    if (at >= 0 && at < node.cases.length - 1) say("case after default", node);
  },
  Property(node, _parent, say) {
    if (node.computed) say("computed key", node);
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
  ArrowFunctionExpression: refuseAsync,
};

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
 * Names that a function uses in front of their `var`. Espruino does not hoist: there such a name is the one outside, and an
 * assignment to it overwrites what the outside keeps there.
 */
function usedBeforeVar(scope) {
  const declared = new Map();
  const used = new Map();
  const walk = (node, parent) => {
    if (/Function/.test(node.type)) return;
    if (node.type === "VariableDeclarator") declared.set(node.id.name, node.start);
    const isOther =
      (parent.type === "MemberExpression" && parent.property === node && !parent.computed) ||
      (/Property|MethodDefinition/.test(parent.type) && parent.key === node && parent.value !== node) ||
      (parent.type === "VariableDeclarator" && parent.id === node);
    if (node.type === "Identifier" && !isOther && !used.has(node.name)) used.set(node.name, node);
    for (const child of childrenOf(node)) walk(child, node);
  };
  const parameters = scope.params ?? [];
  for (const child of childrenOf(scope)) if (!parameters.includes(child) && child !== scope.id) walk(child, scope);
  return [...declared].filter(([name, at]) => used.get(name)?.start < at).map(([name]) => used.get(name));
}

function childrenOf(node) {
  return Object.values(node)
    .flat()
    .filter((value) => value && typeof value.type === "string");
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const folder = "dist/firmware";
  let wrong = 0;
  const files = readdirSync(folder).filter((name) => name.endsWith(".js"));
  for (const file of files) {
    const maxNames = file.endsWith(".jerry.js") ? Number.POSITIVE_INFINITY : MAX_NAMES_PER_SCOPE;
    for (const sentence of violations(readFileSync(`${folder}/${file}`, "utf8"), maxNames)) {
      console.error(`${folder}/${file}: ${sentence}`);
      wrong++;
    }
  }
  console.log(
    `${files.length} bundles: ${wrong === 0 ? "only what both engines take" : `${wrong} things that an engine does not take`}`,
  );
  process.exitCode = wrong === 0 ? 0 : 1;
}
