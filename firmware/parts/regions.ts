// The regions that a node takes part in: a tree in flat rows, and the codes of scoped floods (MeshCore: RegionMap,
// TransportKeyStore). In memory only on a board that has regions.
import { view } from "../../protocol/bytes.ts";
import { MAX_PAYLOAD } from "../../protocol/packet.ts";
import type { Hal } from "../hal.ts";

/** As many as MeshCore has, besides `*`. */
const MAX_REGIONS = 32;
/** Bytes of a name that are kept. */
const MAX_NAME = 30;
/** Flags of a row. A private region (`$...`) has a key that nobody can derive from its name, so it matches nothing. */
export const REGION_DENY = 1;
const REGION_PRIVATE = 2;

const BLOCK = 64;
/** Words of a key, and of a row of `keys`. */
const KEY_WORDS = 4;
const ROW_WORDS = 8;
const ROW_BYTES = 32;

/** None but `*`, which lets everything through. */
export function regions(hal: Hal): Regions {
  return new Regions(hal);
}

export class Regions {
  /** By row, UTF-8 as byte strings, with or without `#` in front; row 0 is `*`, whatever has no scope. */
  names = ["*"];
  parents = new Uint8Array(MAX_REGIONS + 1);
  flags = new Uint8Array(MAX_REGIONS + 1);
  /** Rows of the home region and of the one that our own floods are meant for; 0 = none. */
  home = 0;
  scope = 0;
  /** While `region load` goes on: what will be the regions after it, and the row at each depth that is the parent of what comes. */
  loading: Regions | null = null;
  stack = [0];

  readonly hal: Hal;
  /** By row: the first 16 bytes of SHA-256 of `#name`, over the inner and then over the outer pad of HMAC. */
  private readonly keys = new Int32Array(ROW_WORDS * (MAX_REGIONS + 1));
  /** HMAC-SHA256: inner pad, type, payload. */
  private readonly inner = new Uint8Array(BLOCK + 1 + MAX_PAYLOAD + 3);
  private text: Uint8Array;
  /** Outer pad and the inner digest. */
  private readonly outer = new Uint8Array(BLOCK + 32);

  constructor(hal: Hal) {
    this.hal = hal;
    this.text = this.inner;
    this.inner.fill(0x36, 0, BLOCK);
    this.outer.fill(0x5c, 0, BLOCK);
  }

  /** The same with no regions. */
  empty(): Regions {
    return new Regions(this.hal);
  }

  /** A new row, whose name is taken as it is; 0 when there is no place. */
  add(name: string, parent: number, flags: number): number {
    const row = this.names.length;
    if (row > MAX_REGIONS) return 0;
    const kept = name.substr(0, MAX_NAME);
    const isPrivate = kept.charCodeAt(0) === 0x24;
    const tagged = kept.charCodeAt(0) === 0x23 ? kept : "#" + kept;
    const digest = this.hal.crypto.sha256(this.hal.toBytes(tagged));
    this.names.push(kept);
    const key = new Int32Array(digest.buffer, digest.byteOffset, KEY_WORDS);
    const keys = this.keys;
    const at = ROW_WORDS * row;
    for (let i = 0; i < KEY_WORDS; i++) {
      keys[at + i] = key[i] ^ 0x36363636;
      keys[at + KEY_WORDS + i] = key[i] ^ 0x5c5c5c5c;
    }
    this.parents[row] = parent;
    this.flags[row] = flags | (isPrivate ? REGION_PRIVATE : 0);
    return row;
  }

  /** False when it has others below it, and for `*`. */
  remove(row: number): boolean {
    if (!row || this.parents.indexOf(row) >= 0) return false;
    const after = (other: number): number => (other > row ? other - 1 : other === row ? 0 : other);
    const { names, parents, flags } = this;
    const keys = new Uint8Array(this.keys.buffer);
    names.splice(row, 1);
    const end = names.length;
    // Natively: each row moves to the place of the one before it.
    parents.set(view(parents, row + 1, end - row), row);
    flags.set(view(flags, row + 1, end - row), row);
    keys.set(view(keys, ROW_BYTES * (row + 1), ROW_BYTES * (end - row)), ROW_BYTES * row);
    parents[end] = 0;
    for (let i = 1; i < end; i++) if (parents[i] > row) parents[i]--;
    this.home = after(this.home);
    this.scope = after(this.scope);
    return true;
  }

  /** Rows from `from` up to `end` as text, for the storage: each a line, `name flags parent`, in the first one those of `*`, home and scope. */
  save(from: number, end: number): string {
    let text = from ? "" : "* " + this.flags[0] + " " + this.home + " " + this.scope;
    for (let i = Math.max(from, 1); i < this.names.length && i < end; i++)
      text += "\n" + this.names[i] + " " + this.flags[i] + " " + this.parents[i];
    return text;
  }

  /** Takes what save() gave into an empty map, a row in each handler, and goes on with `done`. */
  restore(text: string, done: () => void): void {
    const lines = text.split("\n");
    let at = 0;
    const next = (): void => {
      if (++at < lines.length) {
        const row = lines[at].split(" ");
        this.add(row[0], parseInt(row[2], 10), parseInt(row[1], 10));
        this.hal.after(next, 1);
        return;
      }
      const first = lines[0].split(" ");
      this.flags[0] = parseInt(first[1], 10);
      this.home = parseInt(first[2], 10);
      this.scope = parseInt(first[3], 10);
      done();
    };
    this.hal.after(next, 1);
  }

  /** Takes what the next codes are made of: a payload type, and the payload of `length` bytes at `at`. */
  begin(type: number, bytes: Uint8Array, at: number, length: number): void {
    this.inner.set(view(bytes, at, length), BLOCK + 1);
    this.inner[BLOCK] = type;
    this.text = view(this.inner, 0, BLOCK + 1 + length);
  }

  /** The code of the region in this row for that: never 0 or 0xFFFF, which are reserved. */
  code(row: number): number {
    const memory = this.keys.buffer;
    this.inner.set(new Uint8Array(memory, ROW_BYTES * row, ROW_BYTES / 2));
    this.outer.set(new Uint8Array(memory, ROW_BYTES * row + ROW_BYTES / 2, ROW_BYTES / 2));
    this.outer.set(this.hal.crypto.sha256(this.text), BLOCK);
    const mac = this.hal.crypto.sha256(this.outer);
    const code = mac[0] | (mac[1] << 8);
    return code === 0 ? 1 : code === 0xffff ? 0xfffe : code;
  }
}
