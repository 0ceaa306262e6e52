// The fault script: what happens to whom and when, all of it drawn from the seed before anything begins.
import type { Random } from "../../simulator/random.ts";
import { whole } from "../protocol/random.ts";
import { hasDisks } from "./fault-disk.ts";
import { hasNamespaces, lossBy } from "./fault-net.ts";

type Kind =
  | "link cut"
  | "link torn"
  | "link slow"
  | "process killed"
  | "process held"
  | "older database"
  | "clock jump"
  | "network away"
  | "packets lost"
  | "disk full";

/** What a fault hits: two that hit the same follow on each other. */
type Target = "link" | "process" | "clock" | "net" | "disk";

export interface Fault {
  kind: Kind;
  target: Target;
  /** Of the servers or, for a link, of those. */
  index: number;
  ms: number;
  /** Bytes, ms, hours or percent. */
  amount: number;
  /** Nobody posts meanwhile. */
  isAlone: boolean;
}

type Row = [Kind, Target, weight: number, ms: [number, number], amount: [number, number]];

const ROWS: readonly Row[] = [
  ["link cut", "link", 14, [0, 600], [0, 0]],
  ["link torn", "link", 16, [100, 1000], [1, 5000]],
  ["link slow", "link", 10, [300, 2000], [10, 400]],
  ["process killed", "process", 14, [0, 400], [0, 0]],
  ["process held", "process", 6, [100, 1500], [0, 0]],
  ["older database", "process", 10, [0, 200], [0, 0]],
  ["clock jump", "clock", 10, [0, 0], [-6, 6]],
  ["network away", "net", 8, [200, 3000], [0, 0]],
  ["packets lost", "net", 8, [300, 3000], [1, 30]],
  ["disk full", "disk", 6, [500, 5000], [0, 0]],
];
const isPossible: Partial<Record<Kind, boolean>> = {
  "network away": hasNamespaces,
  "packets lost": lossBy !== null,
  "disk full": hasDisks,
};
const rows = ROWS.filter(([kind]) => isPossible[kind] !== false);
/** Servers take each other for dead after ten seconds, and what is posted meanwhile is more than may be under way. */
const LONG: Row = ["network away", "net", 0, [12_000, 13_000], [0, 0]];
const LONG_EVERY = 80;

/** The server that has the small disk. */
export const ON_SMALL_DISK = 3;

/** What this machine lets faults be made with, for titles. */
export function faultMeans(): string {
  const loss = lossBy === null ? "no loss" : `loss by ${lossBy}`;
  const delay = lossBy === "tc netem" ? "delay by tc netem and cable" : "delay by cable";
  const disk = hasDisks ? "a small disk" : "no small disk";
  return hasNamespaces ? `network namespaces, ${loss}, ${delay}, ${disk}` : `no network namespaces, ${delay}, ${disk}`;
}

export function faultPlan(random: Random, count: number, servers: number, links: number): Fault[] {
  let copied: number | null = null;
  return Array.from({ length: count }, (_, i): Fault => {
    const row = i % LONG_EVERY === LONG_EVERY / 2 && hasNamespaces ? LONG : pick(random);
    const [kind, target, , ms, amount] = row;
    let index = target === "disk" ? ON_SMALL_DISK : whole(random, 0, (target === "link" ? links : servers) - 1);
    if (kind === "older database") {
      index = copied ?? index;
      copied = copied === null ? index : null;
    }
    const isAlone = whole(random, 0, 3) === 0 && row !== LONG;
    return { kind, target, index, ms: whole(random, ...ms), amount: whole(random, ...amount), isAlone };
  });
}

function pick(random: Random): Row {
  let left = whole(
    random,
    1,
    rows.reduce((sum, [, , weight]) => sum + weight, 0),
  );
  return rows.find(([, , weight]) => (left -= weight) <= 0) as Row;
}
