// Room servers as processes of their own, seen from the bench.
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { endProcess } from "../end-process.ts";
import { freePort } from "../simulator/tcp-station.ts";
import type { Answer, Order, ServerSettings } from "./federation-server.ts";
import { cpuMs, residentBytes } from "./processes.ts";

const PROGRAM = join(import.meta.dirname, "federation-server.ts");

/** One server; start() and stop() as often as wanted, on the same directory and port. */
export class BenchServer {
  readonly settings: ServerSettings;
  private child: ChildProcess | null = null;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private orders = 0;

  private constructor(settings: ServerSettings) {
    this.settings = settings;
  }

  static async make(folder: string, name: string, maxHistory: number): Promise<BenchServer> {
    const dir = join(folder, name);
    mkdirSync(dir, { recursive: true });
    return new BenchServer({ name, dir, port: await freePort(), peers: [], maxHistory });
  }

  dials(other: BenchServer): void {
    this.settings.peers.push(other.settings.port);
  }

  async start(): Promise<void> {
    const execArgv = ["--import", "tsx", ...profiling()];
    const child = fork(PROGRAM, [JSON.stringify(this.settings)], { execArgv });
    this.child = child;
    child.on("message", ({ id, answer }: { id: number; answer: Answer }) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
    child.once("exit", (code) => {
      if (code !== 0 && this.child === child) throw new Error(`${this.settings.name} ended with ${code}`);
    });
    await new Promise<Answer>((resolve) => this.waiting.set(0, resolve));
  }

  order(order: Order): Promise<Answer> {
    const id = ++this.orders;
    this.child?.send({ id, order });
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  residentBytes(): number {
    return residentBytes(this.child?.pid);
  }

  cpuMs(): number {
    return cpuMs(this.child?.pid);
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    await endProcess(child);
  }
}

/** `--cpu-prof-dir DIR`: of every server. */
function profiling(): string[] {
  const at = process.argv.indexOf("--cpu-prof-dir");
  return at < 0 ? [] : ["--cpu-prof", `--cpu-prof-dir=${process.argv[at + 1]}`];
}
