import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the vectors are: the folder of the environment variable VECTORS_DIR, otherwise test/vectors. */
export function vectorsDir(): string {
  return process.env.VECTORS_DIR || join(import.meta.dirname, "..", "vectors");
}

/** A vector file as JSON. Throws with the path and what to do when it is missing or no JSON. */
export function loadVectors(file: string): object {
  const path = join(vectorsDir(), file);
  if (!existsSync(path))
    throw new Error(`vector file ${path} is missing. Try: set VECTORS_DIR to a folder that has it.`);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`vector file ${path} is not JSON: ${(error as Error).message}`);
  }
}
