// The kinds of values in CBOR messages (RFC 8949), each with its check: the tables of wire.ts and backbone-wire.ts are made of them.
import { decode } from "cborg";
import { RoomError } from "../errors.ts";

/** A value on the wire: `read` checks what came, `write` gives what cborg encodes. */
export interface Kind<T> {
  read(value: unknown): T;
  write(value: T): unknown;
}
type Fields = Record<string, Kind<unknown>>;
type Values<F> = { [K in keyof F]: F[K] extends Kind<infer T> ? T : never };

export const wrong = (found: string): RoomError =>
  new RoomError("peer_malformed", "it sent what no server sends", { found });

export const uint: Kind<number> = {
  read: (value) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw wrong("no whole number");
    return value;
  },
  write: (value) => value,
};
export const flag: Kind<boolean> = {
  read: (value) => {
    if (typeof value !== "boolean") throw wrong("neither true nor false");
    return value;
  },
  write: (value) => value,
};
export const bytes = (low: number, high = low): Kind<Uint8Array> => ({
  read: (value) => {
    if (!(value instanceof Uint8Array) || value.length < low || value.length > high)
      throw wrong("bytes of another length");
    return value;
  },
  write: (value) => value,
});
export const hex = (length: number): Kind<string> => ({
  read: (value) => Buffer.from(bytes(length).read(value)).toString("hex"),
  write: (value) => new Uint8Array(Buffer.from(value, "hex")),
});
export const text = (most: number): Kind<string> => ({
  read: (value) => {
    if (typeof value !== "string" || Buffer.byteLength(value) > most) throw wrong("no text, or a long one");
    return value;
  },
  write: (value) => value,
});
export const row = <const F extends Fields>(fields: F): Kind<Values<F>> => {
  const named = Object.entries(fields) as unknown as [string, Kind<unknown>][];
  return {
    read: (value) => {
      // What a newer version puts behind is passed over.
      if (!Array.isArray(value) || value.length < named.length) throw wrong("a field is missing");
      return Object.fromEntries(named.map(([name, kind], i) => [name, kind.read(value[i])])) as Values<F>;
    },
    write: (value) => named.map(([name, kind]) => kind.write((value as Record<string, unknown>)[name])),
  };
};
export const list = <T>(item: Kind<T>, most: number): Kind<T[]> => ({
  read: (value) => {
    if (!Array.isArray(value) || value.length > most) throw wrong("no list, or a long one");
    return value.map((each) => item.read(each));
  },
  write: (value) => value.map((each) => item.write(each)),
});

const STRICT = {
  ...{ strict: true, allowIndefinite: false, allowUndefined: false, allowInfinity: false, allowNaN: false },
  ...{ allowBigInt: false, rejectDuplicateMapKeys: true },
};

/** What the bytes say in strict CBOR, unchecked. Throws `peer_malformed`. */
export function decodeStrict(body: Uint8Array): unknown {
  try {
    return decode(body, STRICT);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message.slice(0, 100) : "no CBOR");
  }
}
