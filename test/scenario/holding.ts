/** What a program holds: objects, parts of those, bytes and characters that can be reached. */
export interface Holding {
  objects: number;
  parts: number;
  bytes: number;
  characters: number;
}

/** What can be reached from `root`. */
export function holding(root: unknown): Holding {
  const count = { objects: 0, parts: 0, bytes: 0, characters: 0 };
  const seen = new Set<object>();
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") count.characters += value.length;
    if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) continue;
    seen.add(value);
    count.objects++;
    if (ArrayBuffer.isView(value)) count.bytes += value.byteLength;
    else {
      const parts = Object.values(value);
      count.parts += parts.length;
      waiting.push(...parts);
    }
  }
  return count;
}
