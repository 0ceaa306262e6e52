// The source files of the project, as they lie on disk.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Made by tools, or by people who run the program in the checkout. */
const NOT_OURS = ["node_modules", "dist", "data", ".git", ".cache"];

/** Every file of the project, as a path from its top with `/`. */
export function projectFiles(): string[] {
  const files: string[] = [];
  const waiting = [ROOT];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) files.push(relative(ROOT, path).replaceAll("\\", "/"));
      else if (!NOT_OURS.includes(relative(ROOT, path))) waiting.push(path);
    }
  }
  return files.sort();
}

/** Those that hold code. */
export function sourceFiles(): string[] {
  return projectFiles().filter((path) => /\.(ts|mjs|js|c)$/.test(path));
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** What a file imports, types included: `import ... from`, `export ... from`, `import "..."`, `import("...")`. */
export function importsOf(code: string): string[] {
  const statement = /^(?:import|export)\s[\w\s{},*$]*?\bfrom\s+["']([^"'\n]+)["']|^import\s+["']([^"'\n]+)["']/gm;
  const dynamic = /\bimport\(\s*["']([^"'\n]+)["']/g;
  const text = code.replace(/^\s*(\/\/|\*).*$/gm, "");
  return [...text.matchAll(statement), ...text.matchAll(dynamic)].map((match) => match[1] ?? match[2]);
}
