// 5,000 WebSocket clients in 20 rooms: the daemon beside the bare broadcast of `ws`, in turns, with the same clients. By itself:
// `npx tsx test/bench/clients.ts [--clients N] [--rounds N] [--cpu-prof-dir DIR]` (profiles of the daemon).
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import type { Load, Order } from "./clients-load.ts";
import { cpuMs, median, numberAfter, residentBytes, sorted } from "./processes.ts";

const ROOMS = 20;
const ON_THEIR_WAY = 4;
const SATURATE_MS = 6000;
/** Latency is measured in short windows, of which the one in the middle counts: what else the machine does comes in gusts. */
const WINDOWS = 9;
const WINDOW_MS = 1500;
/** Until those who misbehave have all begun, and their first posts, which every limit allows, are through. */
const SETTLE_MS = 28_000;
/** Posts a second at which latency is measured: well below what either server can do. */
const PACE = 60;
const PROGRAM = join(import.meta.dirname, "../../dist/meshcore-room.mjs");
const TS = ["--import", "tsx"];

/** Milliseconds from a post to its arrival. */
interface Latency {
  p50: number;
  p99: number;
}

/** What one server did in one round. */
export interface ClientRun extends Latency {
  deliveriesPerSecond: number;
  /** Processor time of the server. */
  cpuMicrosPerDelivery: number;
  /** Resident bytes that each connected client added. */
  bytesPerClient: number;
}

/** At those who behave. */
export interface HostileRun {
  calm: Latency;
  /** While the others begin to misbehave, and after that. */
  atFirst: Latency;
  hostile: Latency;
  /** Processor time of the server while all behave and while not, as a share of one core. */
  cpuCalm: number;
  cpuHostile: number;
  /** Of those who do not read. */
  dropped: number;
}

export interface ClientFigures {
  clients: number;
  bare: ClientRun[];
  ours: ClientRun[];
  hostile: HostileRun[];
}

/** A server in a process of its own; `said` is what it wrote. */
class ServerProcess {
  readonly port: Promise<number>;
  said = "";
  private asked = { cpuMs: 0, atMs: 0 };
  private readonly child: ChildProcess;

  constructor(args: string[]) {
    this.child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.port = new Promise((resolve, reject) => {
      this.child.stdout?.on("data", (data: Buffer) => {
        this.said += data.toString();
        const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(this.said)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
      this.child.once("close", () => reject(new Error(`the server ended: ${this.said}`)));
    });
  }

  /** Resident bytes. */
  memory(): number {
    return residentBytes(this.child.pid);
  }

  /** Milliseconds of processor time. */
  cpuMs(): number {
    return cpuMs(this.child.pid);
  }

  /** Of one core, since it was last asked. */
  cpuShare(): number {
    const before = this.asked;
    this.asked = { cpuMs: this.cpuMs(), atMs: performance.now() };
    return (this.asked.cpuMs - before.cpuMs) / (this.asked.atMs - before.atMs);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGTERM");
    await ended;
  }
}

/** Clients in a process of their own. */
class Clients {
  private readonly child = fork(join(import.meta.dirname, "clients-load.ts"), { execArgv: TS });

  async order(order: Order): Promise<Load> {
    this.child.send(order);
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`the clients ended at ${order.do}`));
      this.child.once("exit", onExit);
      this.child.once("message", (answer) => {
        this.child.off("exit", onExit);
        resolve(answer as Load);
      });
    });
  }

  connect(port: number, clients: number, name: string): Promise<unknown> {
    return this.order({ do: "connect", port, clients, rooms: ROOMS, name });
  }

  pace(ms: number): Promise<Load> {
    return this.order({ do: "pace", ms, perSecond: PACE });
  }

  async latency(): Promise<Latency> {
    const windows: Latency[] = [];
    for (let i = 0; i < WINDOWS; i++) windows.push(await this.pace(WINDOW_MS));
    return { p50: median(windows.map(({ p50 }) => p50)), p99: median(windows.map(({ p99 }) => p99)) };
  }

  /** As if on another machine: what it does takes nothing from server and others but what it makes the server do. */
  goFar(): void {
    setPriority(this.child.pid as number, constants.priority.PRIORITY_LOW);
  }

  stop(): void {
    this.child.kill();
  }
}

/** As an operator would write it who expects them all from one address; everything else is as it comes. */
const config = (dataDir: string, clients: number): string => `name: bench
data_dir: ${dataDir}
listen: 127.0.0.1:0
log: { level: warn }
rooms:
${Array.from({ length: ROOMS }, (_, i) => `  - { name: room-${String(i).padStart(2, "0")}, psk: "", max_history: 1000 }`).join("\n")}
clients:
  ping_interval_s: 5
  idle_timeout_s: 35
  rate_limit: { messages_per_minute: 2, burst: 5, connections_per_address: ${2 * clients} }
`;

async function withDaemon<T>(clients: number, work: (server: ServerProcess) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "meshcore-room-bench-"));
  const file = join(folder, "room.yaml");
  writeFileSync(file, config(join(folder, "data"), clients));
  const server = new ServerProcess([...profiling(), PROGRAM, "run", "--config", file]);
  try {
    return await work(server);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withBare<T>(work: (server: ServerProcess) => Promise<T>): Promise<T> {
  const server = new ServerProcess([...TS, join(import.meta.dirname, "clients-bare.ts")]);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function measure(server: ServerProcess, count: number): Promise<ClientRun> {
  const clients = new Clients();
  try {
    const port = await server.port;
    const before = server.memory();
    await clients.connect(port, count, "good");
    const bytesPerClient = (server.memory() - before) / count;
    const startMs = server.cpuMs();
    const { deliveries, seconds } = await clients.order({ do: "saturate", ms: SATURATE_MS, window: ON_THEIR_WAY });
    const cpuMicrosPerDelivery = (1000 * (server.cpuMs() - startMs)) / deliveries;
    const { p50, p99 } = await clients.latency();
    return { deliveriesPerSecond: deliveries / seconds, cpuMicrosPerDelivery, p50, p99, bytesPerClient };
  } finally {
    clients.stop();
  }
}

/** A fifth of the clients misbehave: half of these read nothing, half post without end. */
async function measureHostile(server: ServerProcess, count: number): Promise<HostileRun> {
  const [good, slow, flood] = [new Clients(), new Clients(), new Clients()];
  const few = count / 10;
  try {
    const port = await server.port;
    await good.connect(port, count - 2 * few, "good");
    await slow.connect(port, few, "slow");
    await flood.connect(port, few, "loud");
    server.cpuShare();
    const calm = await good.latency();
    const cpuCalm = server.cpuShare();
    for (const clients of [slow, flood]) clients.goFar();
    await slow.order({ do: "misbehave", how: "slow" });
    await flood.order({ do: "misbehave", how: "flood" });
    const atFirst = await good.pace(SETTLE_MS);
    server.cpuShare();
    const hostile = await good.latency();
    const cpuHostile = server.cpuShare();
    const dropped = server.said.split("was dropped: it does not answer").length - 1;
    return { calm, atFirst, hostile, cpuCalm, cpuHostile, dropped };
  } finally {
    for (const clients of [good, slow, flood]) clients.stop();
  }
}

/** Three kinds of runs in turns, so that what else the machine does hits all alike. Null, with the reason printed, where it cannot be. */
export async function benchClients(clients = 5000, rounds = 3): Promise<ClientFigures | null> {
  if (process.platform !== "linux") {
    console.log("clients: skipped, memory and processor time of a server are read from /proc");
    return null;
  }
  const figures: ClientFigures = { clients, bare: [], ours: [], hostile: [] };
  for (let round = 1; round <= rounds; round++) {
    console.log(`clients: round ${round} of ${rounds}, a minute and a half each`);
    figures.bare.push(await withBare((server) => measure(server, clients)));
    figures.ours.push(await withDaemon(clients, (server) => measure(server, clients)));
    figures.hostile.push(await withDaemon(clients, (server) => measureHostile(server, clients)));
  }
  return figures;
}

/** As Markdown: medians, and ratios of each round from the least to the greatest. */
export function clientTable({ clients, bare, ours, hostile }: ClientFigures): string {
  const show = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 3 });
  const row = (name: string, theirs: number[], own: number[]): string => {
    const ratios = sorted(own.map((value, i) => value / theirs[i]));
    const spread = `${ratios[0].toFixed(2)} to ${ratios[ratios.length - 1].toFixed(2)}`;
    return `| ${name} | ${show(median(theirs))} | ${show(median(own))} | ${median(ratios).toFixed(2)} | ${spread} |`;
  };
  const both = (name: string, value: (run: ClientRun) => number): string => row(name, bare.map(value), ours.map(value));
  const few = clients / 10;
  const late = (name: string, value: (latency: Latency) => number): string =>
    row(
      name,
      hostile.map(({ calm }) => value(calm)),
      hostile.map((run) => value(run.hostile)),
    );
  const atFirst = sorted(hostile.map((run) => run.atFirst.p99));
  const rounds = `in ${ours.length} rounds`;
  return [
    `| ${clients.toLocaleString("en")} clients in ${ROOMS} rooms | bare \`ws\` | daemon | ratio | ${rounds} |`,
    "| --- | --: | --: | --: | --: |",
    both("messages delivered a second, at most", (run) => run.deliveriesPerSecond),
    both("processor time of one delivery, µs", (run) => run.cpuMicrosPerDelivery),
    both(`post to arrival at ${show((PACE * clients) / ROOMS)} deliveries a second, median, ms`, (run) => run.p50),
    both("the same, 99 of 100, ms", (run) => run.p99),
    both("resident memory of one client, KiB", (run) => run.bytesPerClient / 1024),
    "",
    `| daemon, post to arrival | all behave | ${few} read nothing, ${few} post without end | ratio | ${rounds} |`,
    "| --- | --: | --: | --: | --: |",
    late("median, ms", (latency) => latency.p50),
    late("99 of 100, ms", (latency) => latency.p99),
    row(
      "processor time of the daemon, % of a core",
      hostile.map((run) => 100 * run.cpuCalm),
      hostile.map((run) => 100 * run.cpuHostile),
    ),
    "",
    `While those begin, 99 of 100 take up to ${show(median(atFirst))} ms (${show(atFirst[0])} to ${show(atFirst[atFirst.length - 1])}). ` +
      `Of the ${few} that do not read, ${hostile.map((run) => run.dropped).join(", ")} were dropped.`,
  ].join("\n");
}

function profiling(): string[] {
  const at = process.argv.indexOf("--cpu-prof-dir");
  return at < 0 ? [] : ["--cpu-prof", `--cpu-prof-dir=${process.argv[at + 1]}`];
}

if (process.argv[1] === import.meta.filename) {
  const figures = await benchClients(numberAfter("--clients", 5000), numberAfter("--rounds", 3));
  if (figures) console.log(`\n${clientTable(figures)}`);
}
