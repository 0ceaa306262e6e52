// What the rows of keys.ts say about one place: for hints, the reference page, and `run --print-config`.
import * as z from "zod";
import { KEYS } from "./keys.ts";

/** The keys that may stand where `value` stands in the table of `schema`; empty for what is no table. */
export function keysOf(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const inner = unwrap(schema, value);
  if (path.length > 0) {
    const next =
      value === null || typeof value !== "object" ? undefined : (value as Record<PropertyKey, unknown>)[path[0]];
    if (inner instanceof z.ZodArray) return keysOf(inner.element, path.slice(1), next);
    const below = inner instanceof z.ZodObject ? (inner.shape as z.core.$ZodLooseShape)[String(path[0])] : undefined;
    return below === undefined ? [] : keysOf(below, path.slice(1), next);
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** The schema inside of its default. Of boards, the one that `value` has the type of. */
export function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType, value);
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const type = value !== null && typeof value === "object" ? (value as { type?: unknown }).type : undefined;
  const option = schema.options.find((one) => one instanceof z.ZodObject && one.shape.type.safeParse(type).success);
  return option ?? schema;
}

/** A hint to leave out the key at `path` of a section, with the default that it then has; null where it may not be left out. */
export function defaultText(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string | null {
  const inner = unwrap(schema, value);
  if (path.length === 0) {
    if (schema === inner) return null;
    const fallback =
      schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
    const isPlain = fallback !== undefined && typeof fallback !== "object";
    return isPlain ? `leave it out for the default, ${JSON.stringify(fallback)}` : "leave it out";
  }
  const next =
    value === null || typeof value !== "object" ? undefined : (value as Record<PropertyKey, unknown>)[path[0]];
  if (inner instanceof z.ZodArray) return defaultText(inner.element, path.slice(1), next);
  const below = inner instanceof z.ZodObject ? (inner.shape as z.core.$ZodLooseShape)[String(path[0])] : undefined;
  return below === undefined ? null : defaultText(below, path.slice(1), next);
}

/** Where each key of the whole configuration belongs, for a hint when it stands in the wrong table: `psk` in `rooms[]`. */
export function homesOf(key: string): string[] {
  return Object.entries(KEYS).flatMap(([section, schema]) => homes(schema, section, key));
}

function homes(schema: z.core.$ZodType, path: string, key: string): string[] {
  const inner = unwrap(schema, undefined);
  if (inner instanceof z.ZodArray) return homes(inner.element, `${path}[]`, key);
  if (inner instanceof z.ZodDiscriminatedUnion) {
    return [...new Set(inner.options.flatMap((option) => homes(option, path, key)))];
  }
  if (!(inner instanceof z.ZodObject)) return [];
  const shape = inner.shape as z.core.$ZodLooseShape;
  const below = Object.entries(shape).flatMap(([name, field]) => homes(field, `${path}.${name}`, key));
  return Object.hasOwn(shape, key) ? [path, ...below] : below;
}

/** Every single value of the tables of `shape` that is in no list, with its path. */
export function leavesOf(
  shape: Readonly<Record<string, z.core.$ZodType>>,
  path: readonly string[] = [],
): { path: readonly string[]; schema: z.core.$ZodType }[] {
  return Object.entries(shape).flatMap(([key, schema]) => {
    const inner = unwrap(schema, undefined);
    if (inner instanceof z.ZodObject) return leavesOf(inner.shape as z.core.$ZodLooseShape, [...path, key]);
    return inner instanceof z.ZodArray ? [] : [{ path: [...path, key], schema }];
  });
}
