import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { BackboneConfig } from "../../../host-bridge/config/schema.ts";

/** A server that is started, asked and killed. */
export class ServerProcess {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  readonly peers: number[] = [];
  /** Makes it a bridge of a hub, without a room of its own. */
  backbone: BackboneConfig | null = null;
  private child: ChildProcess | null = null;
  private lines: Interface | null = null;
  private readonly waiting: ((answer: Record<string, never> | null) => void)[] = [];

  constructor(name: string, dir: string, port: number) {
    this.name = name;
    this.dir = dir;
    this.port = port;
  }

  async start(): Promise<void> {
    const { name, dir, port, peers, backbone } = this;
    const settings = JSON.stringify({ name, dir, port, peers, backbone, maxHistory: 100_000 });
    const file = join(import.meta.dirname, "server-child.ts");
    const child = spawn(process.execPath, ["--import", "tsx", file, settings], { stdio: ["pipe", "pipe", "inherit"] });
    this.child = child;
    child.stdin.on("error", () => undefined);
    this.lines = createInterface({ input: child.stdout });
    this.lines.on("line", (line) => this.waiting.shift()?.(JSON.parse(line)));
    child.once("exit", () => {
      for (const settle of this.waiting.splice(0)) settle(null);
    });
    const ready = await new Promise((resolve) => this.waiting.push(resolve));
    assert.ok(ready !== null, `${name} does not start`);
  }

  isRunning(): boolean {
    return this.child !== null;
  }

  /** Null when it died meanwhile. */
  ask(order: object): Promise<Record<string, never> | null> {
    if (this.child === null) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.child?.stdin?.write(`${JSON.stringify(order)}\n`);
    });
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.child?.kill(name);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    this.child = null;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }
}
