/*
 * The checks of the interoperability vectors are plain functions from an api and a vector file to a list of failures, so
 * that they run over protocol/ under Node and over the built bundle in an engine. They make byte arrays only through
 * the api: in another realm, or engine, there is no other way.
 */

/** Failures, each with the vector that it belongs to. */
export class Report {
  readonly failures: string[] = [];
  private checked = 0;

  /** Compares two values that JSON can tell apart. */
  same(id: string, what: string, got: unknown, expected: unknown): void {
    this.checked++;
    const left = JSON.stringify(got);
    const right = JSON.stringify(expected);
    if (left !== right) this.failures.push(`${id}: ${what} is ${left}, expected ${right}`);
  }

  /** The failures; a check that compared nothing is one. */
  result(): string[] {
    return this.checked ? this.failures : ["no vector was checked"];
  }
}

/** The entries of a group; a file without the group is a failure and not an empty group. */
export function group<T>(vectors: object, name: string): T[] {
  const found = (vectors as Record<string, T[]>)[name];
  if (!Array.isArray(found)) throw new Error(`the vector file has no group "${name}"`);
  return found;
}

/** Unsigned little-endian number. */
export function unsigned(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}
