// What sharing rooms costs: bytes on the lines, a row of three servers beside brokers, a backlog beside plain inserts, growth. By itself:
// `npx tsx test/bench/federation.ts [--rounds N] [--messages N] [--backlog N] [--servers N] [--cpu-prof-dir DIR]`, with the name of a part
// (wire, chain, backlog, growth) for that one alone.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BacklogFigures, benchBacklog } from "./federation-backlog.ts";
import { benchChain, type ChainFigures } from "./federation-chain.ts";
import { benchGrowth, type GrowthFigures } from "./federation-growth.ts";
import { benchWire, type WireFigures } from "./federation-wire.ts";
import { median, numberAfter, sorted } from "./processes.ts";

export interface FederationFigures {
  wire: WireFigures[] | null;
  chain: ChainFigures[] | null;
  backlog: BacklogFigures | null;
  growth: GrowthFigures[] | null;
}

export interface FederationSizes {
  rounds: number;
  /** In each flood. */
  messages: number;
  backlog: number;
  /** The most of one federation. */
  servers: number;
}

const SIZES: FederationSizes = { rounds: 3, messages: 10_000, backlog: 100_000, servers: 16 };
type Part = keyof FederationFigures;
const PARTS: Part[] = ["wire", "chain", "backlog", "growth"];

/** Null, with the reason printed, where it cannot be. */
export async function benchFederation(sizes = SIZES, parts = PARTS): Promise<FederationFigures | null> {
  if (process.platform !== "linux") {
    console.log("federation: skipped, memory and processor time of a server are read from /proc");
    return null;
  }
  const { rounds, messages, backlog, servers } = sizes;
  const folder = mkdtempSync(join(tmpdir(), "meshcore-room-bench-"));
  const part = async <T>(name: Part, work: (dir: string) => Promise<T>): Promise<T | null> => {
    if (!parts.includes(name)) return null;
    console.log(`federation: ${name}`);
    const dir = join(folder, name);
    const figures = await work(dir);
    rmSync(dir, { recursive: true, force: true });
    return figures;
  };
  try {
    return {
      wire: await part("wire", (dir) => benchWire(dir, 200)),
      chain: await part("chain", (dir) => benchChain(dir, rounds, messages)),
      backlog: await part("backlog", (dir) => benchBacklog(dir, rounds, backlog)),
      growth: await part("growth", (dir) => benchGrowth(dir, 2000, servers)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const show = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 3 });

/** As Markdown: medians, and ratios of each round from the least to the greatest. */
export function federationTables({ wire, chain, backlog, growth }: FederationFigures): string {
  const tables = [wire && wireTable(wire), chain && chainTable(chain), backlog && backlogTable(backlog)];
  return [...tables, growth && growthTable(growth)].filter((one) => one !== null).join("\n\n");
}

function wireTable(figures: WireFigures[]): string {
  const rows = figures.map(({ shape, lines, alone, together, content }) => {
    return `| ${shape} | ${lines} | ${show(alone)} | ${show(together)} | ${content} |`;
  });
  return [
    "| four servers as | lines | bytes per message and server, one by one | many at once | packet and origin in it |",
    "| --- | --: | --: | --: | --: |",
    ...rows,
  ].join("\n");
}

function ratios(ours: number[], theirs: number[]): string {
  const all = sorted(ours.map((value, i) => value / theirs[i]));
  return `${show(median(all))} (${show(all[0])} to ${show(all[all.length - 1])})`;
}

function chainTable(figures: ChainFigures[]): string {
  const [ours, ...others] = figures;
  const row = (name: string, values: (one: ChainFigures) => number[]): string => {
    const cells = others.flatMap((one) => [show(median(values(one))), ratios(values(ours), values(one))]);
    return `| ${name} | ${[show(median(values(ours))), ...cells].join(" | ")} |`;
  };
  return [
    `| three in a row | ours | ${others.map(({ name }) => `${name} | ratio`).join(" | ")} |`,
    `| --- | --: |${others.map(() => " --: | --: |").join("")}`,
    row("messages a second, at most", ({ perSecond }) => perSecond),
    row("one by one: median, ms", ({ p50 }) => p50),
    row("one by one: 99 of 100, ms", ({ p99 }) => p99),
    row("as many as go: 99 of 100, ms", ({ loadedP99 }) => loadedP99),
  ].join("\n");
}

function backlogTable({
  messages,
  ours,
  senderMicros,
  receiverMicros,
  package: plainPackage,
  plain,
}: BacklogFigures): string {
  return [
    `| a backlog of ${messages.toLocaleString("en")} | messages a second | ours beside it |`,
    "| --- | --: | --: |",
    `| ours, into an empty server | ${show(median(ours))} | |`,
    ...plain.map(({ name, perSecond }) => {
      return `| ${plainPackage}, plain batch inserts, our table ${name} | ${show(median(perSecond))} | ${ratios(ours, perSecond)} |`;
    }),
    "",
    `Processor time of a message: sender ${show(median(senderMicros))} µs, receiver ${show(median(receiverMicros))} µs.`,
  ].join("\n");
}

function growthTable(figures: GrowthFigures[]): string {
  const rows = figures.map((one) => {
    const [memory, most] = [one.memory, one.mostMemory].map((bytes) => show(bytes / 1e6));
    const rates = `${show(one.perSecond)} | ${show(one.deliveriesPerSecond)} | ${show(one.settleMs)}`;
    return `| ${one.shape} of ${one.servers} | ${rates} | ${memory} | ${most} |`;
  });
  return [
    "| servers | messages a second | deliveries a second | last post until all have all, ms | memory of a server, MB | of the largest |",
    "| --- | --: | --: | --: | --: | --: |",
    ...rows,
  ].join("\n");
}

if (process.argv[1] === import.meta.filename) {
  const sizes: FederationSizes = {
    rounds: numberAfter("--rounds", SIZES.rounds),
    messages: numberAfter("--messages", SIZES.messages),
    backlog: numberAfter("--backlog", SIZES.backlog),
    servers: numberAfter("--servers", SIZES.servers),
  };
  const named = PARTS.filter((part) => process.argv.includes(part));
  const figures = await benchFederation(sizes, named.length > 0 ? named : PARTS);
  if (figures) console.log(`\n${federationTables(figures)}`);
}
