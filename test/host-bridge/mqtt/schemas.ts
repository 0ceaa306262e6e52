// What docs/schemas/ says of payloads, applied to whatever is published.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "docs", "schemas");
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });

const validators = new Map<string, ValidateFunction>();

function schema(name: string): ValidateFunction {
  const known = validators.get(name);
  if (known !== undefined) return known;
  const made = ajv.compile(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")));
  validators.set(name, made);
  return made;
}

/** The part of a topic behind the prefix that says what is on it, and the schema of that. */
const KINDS: [part: RegExp, name: string][] = [
  [/\/messages\/[^/]+$/, "message"],
  [/\/status$/, "status"],
  [/\/nodes\/[0-9a-f]{64}$/, "node"],
  [/\/alerts\/[0-9a-f]{64}$/, "alert"],
];

/** What is wrong with a publication, null when nothing is. A retained topic may be cleared. */
export function publicationFault(topic: string, text: string): string | null {
  const name = KINDS.find(([part]) => part.test(topic))?.[1];
  if (name === undefined || !existsSync(join(FOLDER, `${name}.json`))) return null;
  if (text === "" && (name === "node" || name === "alert")) return null;
  const validate = schema(name);
  if (validate(JSON.parse(text))) return null;
  return `${topic}: ${ajv.errorsText(validate.errors)} in ${text}`;
}
