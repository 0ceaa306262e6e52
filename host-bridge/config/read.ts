import { readFileSync } from "node:fs";
import type { ErrorDetail } from "../errors.ts";

const FOUND: Record<string, [found: string, hint: string]> = {
  ENOENT: ["nothing there", "check the path"],
  EACCES: ["no permission to read it", "run as the user who may read it, or change its owner"],
  EISDIR: ["a directory", "name the file in it"],
};

/** A text file in UTF-8, its line ends as newlines. Throws what Node throws; fileProblem() has the words for it. */
export function readText(file: string): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)).replace(/\r\n/g, "\n");
}

/** What to tell a person of a file that readText() could not read. */
export function fileProblem(error: unknown): ErrorDetail & { expected: string } {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
    return { expected: "text in UTF-8", hint: "save the file as UTF-8" };
  }
  const [found, hint] = FOUND[code] ?? [code || "an error", "check the path"];
  return { expected: "a readable file", found, hint, cause: error };
}
