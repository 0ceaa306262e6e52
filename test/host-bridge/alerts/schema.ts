// docs/schemas/ as the judge of what goes out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const FOLDER = join(import.meta.dirname, "../../../docs/schemas");

/** Throws for what the schema does not allow. */
export function follows(name: "node" | "alert" | "webhook", value: unknown): void {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")));
  // As it arrives: what JSON leaves out is not there.
  const result = schema.safeParse(JSON.parse(JSON.stringify(value)));
  assert.ok(result.success, `${name}.json: ${result.error?.message} in ${JSON.stringify(value)}`);
}
