// What the fuzz tests begin with: every frame of the vectors, every link message, every console command.
import { readdirSync } from "node:fs";
import type { Message } from "../../protocol/codec.ts";
import { MESSAGES } from "../../protocol/link.ts";
import type { Random } from "../../simulator/random.ts";
import { loadVectors, vectorsDir } from "../protocol/vector-file.ts";
import { below, randomBytes } from "./mutate.ts";

/** Names under which the vectors keep whole frames. */
const FRAME_KEYS = ["raw", "rx", "tx", "raw_flood", "raw_at_room", "as_received"];

/** Every whole frame of the vectors, each once. */
export function airFrames(): Uint8Array[] {
  const frames = new Set<string>();
  for (const file of vectorFiles())
    walk(loadVectors(file), "", (key, text) => {
      if (FRAME_KEYS.includes(key) && text.length <= 510) frames.add(text);
    });
  return [...frames].map((hex) => Buffer.from(hex, "hex"));
}

/** Channel keys of the vectors as hex, each once. */
export function channelKeys(): string[] {
  const keys = new Set<string>();
  walk(loadVectors("group_channels.json"), "", (key, text) => {
    if (key === "psk" && (text.length === 32 || text.length === 64)) keys.add(text);
  });
  return [...keys];
}

/** A link message with random fields, mostly plausible ones. */
export function linkMessage(random: Random): { table: Message<unknown>; value: Record<string, number | Uint8Array> } {
  const table = random.pick(MESSAGES) as Message<unknown>;
  const value: Record<string, number | Uint8Array> = {};
  table.rows.split(" ").forEach((field, i) => {
    const { size, put } = table.codecs[i];
    if (!put) value[field] = randomBytes(random, size || below(random, random.bits() & 1 ? 36 : 200));
    else value[field] = plausible(random, field);
  });
  return { table, value };
}

/** Fields that open doors further in get values that pass the check in front of them, most of the time. */
const PLAUSIBLE: Record<string, readonly number[]> = {
  freqHz: [433650000, 868000000, 869618000, 915000000],
  bwHz: [7800, 62500, 125000, 500000],
  sf: [5, 7, 8, 9, 10],
  cr: [5, 6, 7, 8],
  powerDbm: [-9, 0, 14, 22],
  dutyPermille: [1, 10, 100, 1000],
  keyLen: [16, 32],
  payloadType: [0, 4, 5, 6, 9],
  room: [0, 1, 2, 3, 15],
  seq: [0, 1, 2, 5, 50],
  max: [0, 1, 5, 200],
};

function plausible(random: Random, field: string): number {
  const values = PLAUSIBLE[field];
  return values && random.bits() & 7 ? random.pick(values) : random.bits() >> (random.bits() & 31);
}

/** Lines for the console, with names of rooms that are there. `repl` and `reboot` end the game by themselves. */
export const LINES = [
  "ver",
  "clock",
  "time 1800000000",
  "rooms",
  "room add club 8b3387e9c5cdea6ac9e5edbaa115cd72 50",
  'room add "two words" 8b3387e9c5cdea6ac9e5edbaa115cd728b3387e9c5cdea6ac9e5edbaa115cd72',
  "room remove club",
  'room remove "two words"',
  "say last hello \u{1f44b} \u041f\u0440\u0438\u0432\u0435\u0442",
  'say "two words" text',
  "history last 3",
  "history last",
  "get radio",
  "set radio 869.618,62.5,8,8",
  "set radio 915.8,250,10,5",
  "get tx",
  "get name",
  "set name Bob",
  "stats-core",
  "stats-radio",
  "stats-packets",
  "help",
];

function vectorFiles(): string[] {
  return readdirSync(vectorsDir()).filter((name) => name.endsWith(".json"));
}

function walk(value: unknown, key: string, found: (key: string, hex: string) => void): void {
  if (typeof value === "string") {
    if (/^([0-9a-f]{2})+$/.test(value)) found(key, value);
  } else if (Array.isArray(value)) {
    for (const each of value) walk(each, key, found);
  } else if (value && typeof value === "object") {
    for (const [name, each] of Object.entries(value)) walk(each, name, found);
  }
}
