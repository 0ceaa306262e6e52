/*
 * Messages as tables: a message is a list of [field, codec] rows, and encode() and decode() walk it. The fields of a
 * message are kept as one string of names and one list of codecs, which on a board takes half the memory of the rows.
 * DataView does the integers: on Espruino one call costs half of what the shifts of a 32-bit value cost.
 */

import { view } from "./bytes.ts";

type Getter = "getUint8" | "getInt8" | "getUint16" | "getInt16" | "getUint32" | "getInt32";
type Setter = "setUint8" | "setInt8" | "setUint16" | "setInt16" | "setUint32" | "setInt32";

/** How one field is written. Integers have a getter and a setter, bytes have none; `size` 0 is everything up to the end. */
export interface Codec<T> {
  size: number;
  get: Getter | "";
  put: Setter | "";
  /** Never set; it carries the type of the value. */
  value?: T;
}

export const u8: Codec<number> = { size: 1, get: "getUint8", put: "setUint8" };
export const i8: Codec<number> = { size: 1, get: "getInt8", put: "setInt8" };
export const u16: Codec<number> = { size: 2, get: "getUint16", put: "setUint16" };
export const i16: Codec<number> = { size: 2, get: "getInt16", put: "setInt16" };
export const u32: Codec<number> = { size: 4, get: "getUint32", put: "setUint32" };
/** All bytes that are left; only as the last row. */
export const rest: Codec<Uint8Array> = { size: 0, get: "", put: "" };

/** Exactly `size` bytes. */
export function fixed(size: number): Codec<Uint8Array> {
  return { size: size, get: "", put: "" };
}

/** Names have no spaces. */
export type Row = readonly [string, Codec<number> | Codec<Uint8Array>];

/** The value that a list of rows stands for. */
export type RowsValue<R extends readonly Row[]> = {
  [K in R[number] as K[0]]: K[1] extends Codec<infer T> ? T : never;
};

export interface Message<V> {
  /** The number on the wire. */
  type: number;
  name: string;
  /** Field names with a space between. */
  rows: string;
  codecs: ReadonlyArray<Codec<number> | Codec<Uint8Array>>;
  /** Bytes of all fields but `rest`. */
  size: number;
  /** The last field is `rest`. */
  open: boolean;
  /** Never set; it carries the type of the value. */
  value?: V;
}

/** The type of a message's value: `MessageValue<typeof RoomMessage>`. */
export type MessageValue<M> = M extends Message<infer V> ? V : never;

/** One message, known by number and name. */
export function message<const R extends readonly Row[]>(type: number, name: string, rows: R): Message<RowsValue<R>> {
  const codecs: (Codec<number> | Codec<Uint8Array>)[] = [];
  let names = "";
  let size = 0;
  for (let i = 0; i < rows.length; i++) {
    names += (i ? " " : "") + rows[i][0];
    codecs.push(rows[i][1]);
    size += rows[i][1].size;
  }
  return { type: type, name: name, rows: names, codecs: codecs, size: size, open: !codecs[codecs.length - 1].size };
}

/**
 * Writes the fields of `value` into `out` from `at` on and returns how many bytes that took, -1 when `out` is too small.
 * Integers are cut to their width and byte fields are taken as they are: whoever has a value from outside checks it there.
 */
export function encode<V>(table: Message<V>, value: V, out: Uint8Array, at: number): number {
  const fields = value as Record<string, number | Uint8Array>;
  const names = table.rows.split(" ");
  const codecs = table.codecs;
  const last = codecs.length - 1;
  const tail = table.open ? (fields[names[last]] as Uint8Array).length : 0;
  const size = table.size + tail;
  if (at + size > out.length) return -1;
  const data = new DataView(out.buffer, out.byteOffset);
  let to = at;
  for (let i = 0; i <= last; i++) {
    const codec = codecs[i];
    if (codec.put) data[codec.put](to, fields[names[i]] as number, true);
    else out.set(fields[names[i]] as Uint8Array, to);
    to += codec.size;
  }
  return size;
}

/**
 * Reads the fields from `len` bytes at `at`; null when they are too few or too many. Byte fields are views: copy what
 * is to outlive the buffer.
 */
export function decode<V>(table: Message<V>, bytes: Uint8Array, at: number, len: number): V | null {
  const tail = len - table.size;
  if (tail < 0 || (tail && !table.open) || at + len > bytes.length) return null;
  const fields: Record<string, number | Uint8Array> = {};
  const names = table.rows.split(" ");
  const codecs = table.codecs;
  const data = new DataView(bytes.buffer, bytes.byteOffset);
  let from = at;
  for (let i = 0; i < codecs.length; i++) {
    const codec = codecs[i];
    fields[names[i]] = codec.get ? data[codec.get](from, true) : view(bytes, from, codec.size || tail);
    from += codec.size;
  }
  return fields as V;
}

/** Where a field begins in a message whose `rest` comes last; for code that keeps messages in their wire form. */
export function fieldAt<V>(table: Message<V>, field: keyof V & string): number {
  const names = table.rows.split(" ");
  let at = 0;
  for (let i = 0; names[i] !== field; i++) at += table.codecs[i].size;
  return at;
}
