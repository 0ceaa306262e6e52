// The lines of the ether's TCP port: one JSON object each, checked here and nowhere else.
import type { RadioSettings } from "../protocol/airtime.ts";
import { bytesToHex, hexToBytes } from "../protocol/bytes.ts";
import type { ChipRadio } from "./chip/radio.ts";
import type { Heard } from "./ether.ts";
import { meshcoreRadio, type Position } from "./propagation.ts";

/** Longest line that is read; a frame of 255 bytes takes 510 digits. */
export const MAX_LINE = 4096;
const MAX_FRAME = 255;

/** What a station may say. `hello`, `listen`, `abort` and `ack` are for our own boards. */
export type StationLine =
  | { kind: "tx"; frame: Uint8Array; radio: RadioFields; airtimeMs?: number; position?: Position }
  | { kind: "hello"; chip: boolean; position?: Position }
  | { kind: "listen"; radio: RadioFields | null }
  | { kind: "abort" }
  | { kind: "ack"; upTo: number };

/** The settings that a line names; the others are those of the boards. */
export type RadioFields = Partial<ChipRadio>;

/** What the ether tells our own boards, beyond `{"rx"}` for everybody. */
export type ChipLine =
  | { event: "preamble" }
  | { event: "header"; ok: boolean }
  | ({ event: "heard" | "broken" } & HeardFields)
  | { event: "sent" }
  | { event: "level"; dbm: number | null };
export interface HeardFields {
  frame: string;
  rssi: number;
  snr: number;
  airtime_ms: number;
}
export interface Welcome {
  speed: number;
  radio: { freq_mhz: number; bw_khz: number; sf: number; cr: number; power_dbm: number };
}

/** Rows: key of the line, key of the radio, factor from the line's unit, least and greatest value in the line's unit. */
const NUMBERS: readonly (readonly [string, keyof ChipRadio, number, number, number])[] = [
  ["freq_mhz", "freqHz", 1e6, 150, 2500],
  ["bw_khz", "bwHz", 1e3, 7, 500],
  ["sf", "sf", 1, 5, 12],
  ["cr", "cr", 1, 5, 8],
  ["power_dbm", "powerDbm", 1, -80, 40],
  ["preamble", "preamble", 1, 1, 65535],
  ["sync", "sync", 1, 0, 255],
];

type Json = Record<string, unknown>;

/** Reads one line of a station. Throws an Error with a sentence for the sender. */
export function parseStationLine(text: string): StationLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`not JSON: ${text.slice(0, 40)}`);
  }
  if (!isObject(json)) throw new Error('expected an object such as {"tx":"<frame hex>"}');
  if ("tx" in json) return parseTx(json);
  if ("hello" in json) {
    const hello = isObject(json.hello) ? json.hello : {};
    return { kind: "hello", chip: hello.chip === true, position: parsePosition(hello) };
  }
  if ("listen" in json) return { kind: "listen", radio: isObject(json.listen) ? parseRadio(json.listen) : null };
  if ("abort" in json) return { kind: "abort" };
  if (typeof json.ack === "number") return { kind: "ack", upTo: json.ack };
  throw new Error('nothing to do: expected "tx"');
}

function parseTx(json: Json): StationLine {
  if (typeof json.tx !== "string")
    throw new Error(`tx: expected the frame as a string of hex digits, got ${show(json.tx)}`);
  let frame: Uint8Array;
  try {
    frame = hexToBytes(json.tx);
  } catch (error) {
    throw new Error(`tx: ${(error as Error).message}`);
  }
  if (frame.length < 1 || frame.length > MAX_FRAME)
    throw new Error(`tx: expected 1 to ${MAX_FRAME} bytes, got ${frame.length}`);
  const airtimeMs = json.airtime_ms === undefined ? undefined : number("airtime_ms", json.airtime_ms, 0, 1e6);
  return { kind: "tx", frame, radio: parseRadio(json), airtimeMs, position: parsePosition(json) };
}

function parseRadio(json: Json): RadioFields {
  const radio: Json = {};
  for (const [key, field, factor, least, most] of NUMBERS) {
    if (json[key] === undefined) continue;
    const value = number(key, json[key], least, most);
    if (factor === 1 && field !== "powerDbm" && !Number.isInteger(value))
      throw new Error(`${key}: expected a whole number, got ${value}`);
    radio[field] = Math.round(value * factor * 1000) / 1000;
  }
  if (json.inverted !== undefined) radio.inverted = json.inverted === true;
  if (json.low_rate !== undefined) radio.lowRate = json.low_rate === true;
  return radio as RadioFields;
}

function parsePosition(json: Json): Position | undefined {
  if (json.lat === undefined && json.lon === undefined) return undefined;
  return { lat: number("lat", json.lat, -90, 90), lon: number("lon", json.lon, -180, 180) };
}

function number(key: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !(value >= least && value <= most))
    throw new Error(`${key}: expected a number from ${least} to ${most}, got ${show(value)}`);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 40);
}

/** What a station's radio is set to: what it says, else `settings`, and MeshCore's rules for what follows from both. */
export function resolveRadio(fields: RadioFields, settings: RadioSettings): ChipRadio {
  const { freqHz, bwHz, sf, cr, powerDbm } = { ...settings, ...fields };
  return { ...meshcoreRadio({ freqHz, bwHz, sf, cr, powerDbm }), ...fields };
}

/** A radio as the keys of a line. */
export function radioFields(radio: ChipRadio): Json {
  return {
    freq_mhz: radio.freqHz / 1e6,
    bw_khz: radio.bwHz / 1e3,
    sf: radio.sf,
    cr: radio.cr,
    power_dbm: radio.powerDbm,
    preamble: radio.preamble,
    sync: radio.sync,
    inverted: radio.inverted,
    low_rate: radio.lowRate,
  };
}

export function heardFields(heard: Heard): HeardFields {
  const { rssi, snr } = heard;
  return { frame: bytesToHex(heard.frame), rssi, snr, airtime_ms: Math.round(heard.airtimeMs * 100) / 100 };
}

export function fromHeardFields(fields: HeardFields): Heard {
  return { frame: hexToBytes(fields.frame), rssi: fields.rssi, snr: fields.snr, airtimeMs: fields.airtime_ms };
}

/** Cuts a byte stream into lines. A line that is too long is dropped whole and reported once. */
export class LineReader {
  private rest = "";
  private skipping = false;
  private readonly onLine: (line: string) => void;
  private readonly onTooLong: () => void;

  constructor(onLine: (line: string) => void, onTooLong: () => void) {
    this.onLine = onLine;
    this.onTooLong = onTooLong;
  }

  push(text: string): void {
    const parts = text.split("\n");
    for (let i = 0; i < parts.length; i++) {
      if (i > 0) this.endLine();
      if (!this.skipping) this.rest += parts[i];
      if (this.rest.length > MAX_LINE) {
        this.rest = "";
        this.skipping = true;
        this.onTooLong();
      }
    }
  }

  private endLine(): void {
    const line = this.rest.trim();
    this.rest = "";
    if (!this.skipping && line) this.onLine(line);
    this.skipping = false;
  }
}
