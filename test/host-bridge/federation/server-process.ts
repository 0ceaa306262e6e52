import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { BackboneConfig } from "../../../host-bridge/config/schema.ts";
import type { Answers, ChildSettings, Order } from "./server-child.ts";

/** A server that is started, asked and killed; in a network of its own where `within` runs it in one. */
export class ServerProcess implements ChildSettings {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  readonly peers: { host: string; port: number }[] = [];
  maxHistory = 100_000;
  /** Makes it a bridge of a hub, without a room of its own. */
  backbone: BackboneConfig | null = null;
  /** Every message that its clients were told, over all of its lives. */
  readonly told: string[] = [];
  /** It died, and nobody killed it. */
  hasCrashed = false;
  private readonly within: readonly string[];
  private child: ChildProcess | null = null;
  private waiting: ((answer: unknown) => void)[] = [];

  constructor(name: string, dir: string, port: number, within: readonly string[] = []) {
    this.name = name;
    this.dir = dir;
    this.port = port;
    this.within = within;
  }

  async start(): Promise<void> {
    const { name, dir, port, peers, maxHistory, backbone } = this;
    const settings: ChildSettings = { name, dir, port, peers, maxHistory, backbone };
    const file = join(import.meta.dirname, "server-child.ts");
    const [program, ...args] = [...this.within, process.execPath, "--import", "tsx", file, JSON.stringify(settings)];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const waiting: ((answer: unknown) => void)[] = [];
    this.child = child;
    this.waiting = waiting;
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("+")) this.told.push(line.slice(1));
      else waiting.shift()?.(JSON.parse(line));
    });
    child.once("close", () => {
      if (this.child === child) this.hasCrashed = true;
      for (const settle of waiting.splice(0)) settle(null);
    });
    const ready = await new Promise((resolve) => waiting.push(resolve));
    if (ready === null) throw new Error(`${name} does not start`);
  }

  /** Null when it is dead or dies meanwhile. */
  ask<D extends Order["do"]>(order: Order & { do: D }): Promise<Answers[D] | null> {
    const { child } = this;
    if (child === null) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.waiting.push(resolve as (answer: unknown) => void);
      child.stdin?.write(`${JSON.stringify(order)}\n`);
    });
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.child?.kill(name);
  }

  /** Returns when all that it said has been read. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    this.child = null;
    if (child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await gone;
  }
}
