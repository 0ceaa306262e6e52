// Where something stands: in what a process has in memory, in the files of a directory, in lines.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/** Something to look for, in every form in which a program might have it. */
export interface Needle {
  what: string;
  forms: Buffer[];
}

/** V8 keeps strings in one byte or two bytes a character. */
export const textNeedle = (text: string): Needle => ({
  what: JSON.stringify(text),
  forms: [Buffer.from(text, "utf8"), Buffer.from(text, "utf16le")],
});

/** As bytes, and as text in hex and base64. */
export function keyNeedle(what: string, key: Uint8Array): Needle {
  const bytes = Buffer.from(key);
  const texts = [bytes.toString("hex"), bytes.toString("hex").toUpperCase(), bytes.toString("base64")];
  return { what, forms: [bytes, ...texts.flatMap((text) => textNeedle(text.replace(/=+$/, "")).forms)] };
}

/** Those of the needles that are in the bytes. */
const foundIn = (bytes: Buffer, needles: readonly Needle[]): string[] =>
  needles.filter(({ forms }) => forms.some((form) => bytes.includes(form))).map(({ what }) => what);

/** What is in the memory of a process that this one has started. Linux only. */
export function searchMemory(pid: number, needles: readonly Needle[]): { found: string[]; bytes: number } {
  const found = new Set<string>();
  let bytes = 0;
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)$/.exec(line);
      if (match === null || match[3].startsWith("[v")) continue;
      const [start, end] = [Number.parseInt(match[1], 16), Number.parseInt(match[2], 16)];
      const part = readPart(memory, start, end - start);
      bytes += part.length;
      for (const what of foundIn(part, needles)) found.add(what);
    }
  } finally {
    closeSync(memory);
  }
  return { found: [...found].sort(), bytes };
}

/** Of a stretch that may have holes, what can be read. */
function readPart(memory: number, start: number, length: number): Buffer {
  const part = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    try {
      const got = readSync(memory, part, at, Math.min(length - at, 1 << 20), start + at);
      if (got === 0) break;
      at += got;
    } catch {
      // Reserved and not there.
      at += 4096;
    }
  }
  return part;
}

export function searchFiles(dir: string, needles: readonly Needle[]): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const found = files.flatMap(({ parentPath, name }) => foundIn(readFileSync(join(parentPath, name)), needles));
  return [...new Set(found)].sort();
}

export const searchText = (text: string, needles: readonly Needle[]): string[] => foundIn(Buffer.from(text), needles);
