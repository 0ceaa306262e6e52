// What Telegraf makes of a payload: as much of its json_v2 parser (plugins/parsers/json_v2/parser.go) as telegraf.conf uses.
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";

interface DataSet {
  path: string;
  type?: string;
  rename?: string;
  optional?: boolean;
}

interface JsonObject {
  path: string;
  optional?: boolean;
  tags?: string[];
  included_keys?: string[];
  fields?: Record<string, string>;
}

interface Json2 {
  measurement_name: string;
  timestamp_path?: string;
  timestamp_format?: string;
  tag?: DataSet[];
  field?: DataSet[];
  object?: JsonObject[];
}

export interface Input {
  client_id: string;
  topics: string[];
  data_format: string;
  json_v2: Json2[];
  topic_parsing?: { topic: string; tags: string }[];
}

export interface Published {
  topic: string;
  payload: Record<string, unknown>;
}

type Value = string | number | boolean;
export interface Point {
  measurement: string;
  tags: Record<string, string>;
  fields: Record<string, { value: Value; type: string | undefined }>;
  /** Unix seconds; null is the time of arrival. */
  atS: number | null;
}

/** The mqtt_consumer inputs of a configuration. */
export function readInputs(toml: string): Input[] {
  const { inputs } = getStaticTOMLValue(parseTOML(toml)) as unknown as { inputs: { mqtt_consumer: Input[] } };
  return inputs.mqtt_consumer;
}

export const isFor = ({ topics }: Pick<Input, "topics">, topic: string): boolean =>
  topics.some((filter) => new RegExp(`^${filter.replaceAll("+", "[^/]+")}$`).test(topic));

const at = (payload: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], payload);
const last = (path: string): string => path.split(".").at(-1) ?? path;

/** Every path that the input reads and that no payload for it has: also the optional ones, each is there in some payload. */
export function missingPaths(input: Input, published: readonly Published[]): string[] {
  const payloads = published.filter(({ topic }) => isFor(input, topic)).map(({ payload }) => payload);
  if (payloads.length === 0) return [`${input.client_id}: nothing is published to ${input.topics}`];
  const missing: string[] = [];
  const need = (path: string, among: unknown[]): void => {
    if (among.every((each) => at(each, path) === undefined)) missing.push(`${input.client_id}: ${path}`);
  };
  for (const { timestamp_path: time, tag = [], field = [], object = [] } of input.json_v2) {
    for (const { path } of [...(time === undefined ? [] : [{ path: time }]), ...tag, ...field]) need(path, payloads);
    for (const { path, tags = [], included_keys: keys = [], fields = {} } of object) {
      const items = payloads.flatMap((payload) => (at(payload, path) ?? []) as unknown[]);
      for (const key of new Set([...tags, ...keys, ...Object.keys(fields)])) need(key, items);
    }
  }
  return missing;
}

/** Throws where Telegraf would log an error and drop the message. */
export function pointsOf(input: Input, { topic, payload }: Published): Point[] {
  const ofTopic = Object.fromEntries(
    (input.topic_parsing ?? []).flatMap(({ tags }) =>
      tags.split("/").flatMap((name, i) => (name === "_" ? [] : [[name, topic.split("/")[i]]])),
    ),
  ) as Record<string, string>;
  return input.json_v2.flatMap((parser) => {
    const { measurement_name: measurement, timestamp_path: time, tag = [], field = [], object = [] } = parser;
    const atS = time === undefined ? null : at(payload, time);
    if (atS !== null && typeof atS !== "number") throw new Error(`${input.client_id}: no time at ${time}`);
    const point: Point = { measurement, tags: { ...ofTopic }, fields: {}, atS };
    const read = (sets: DataSet[], put: (name: string, value: Value, type: string | undefined) => void): void => {
      for (const { path, type, rename, optional } of sets) {
        const value = at(payload, path) as Value | null | undefined;
        if (value === undefined && optional !== true) throw new Error(`${input.client_id}: no ${path}`);
        if (value !== undefined && value !== null) put(rename ?? last(path), value, type);
      }
    };
    read(tag, (name, value) => (point.tags[name] = String(value)));
    read(field, (name, value, type) => (point.fields[name] = { value, type }));
    if (object.length === 0) return [point];
    return object.flatMap(({ path, optional, tags = [], included_keys: keys = [], fields = {} }) => {
      const items = at(payload, path) as Record<string, Value | null>[] | undefined;
      if (items === undefined && optional !== true) throw new Error(`${input.client_id}: no ${path}`);
      return (items ?? []).map((item) => {
        const one: Point = { measurement, tags: { ...point.tags }, fields: { ...point.fields }, atS };
        for (const [key, value] of Object.entries(item)) {
          if (value === null) continue;
          if (tags.includes(key)) one.tags[key] = String(value);
          else if (keys.includes(key)) one.fields[key] = { value, type: fields[key] };
        }
        return one;
      });
    });
  });
}

/** A line of InfluxDB's line protocol; `nowMs` is the time of arrival. */
export function lineOf({ measurement, tags, fields, atS }: Point, nowMs: number): string {
  const escaped = (text: string): string => text.replace(/[ ,=]/g, "\\$&");
  // InfluxDB has no empty tags.
  const named = Object.entries(tags).filter(([, value]) => value !== "");
  const series = [escaped(measurement), ...named.map(([key, value]) => `${escaped(key)}=${escaped(value)}`)].join(",");
  const values = Object.entries(fields).map(([key, { value, type }]) => {
    const isWhole = type === "int" && typeof value !== "string";
    return `${escaped(key)}=${isWhole ? `${Number(value)}i` : typeof value === "string" ? JSON.stringify(value) : value}`;
  });
  return `${series} ${values.join(",")} ${BigInt(Math.round(atS === null ? nowMs : atS * 1000)) * 1_000_000n}`;
}
