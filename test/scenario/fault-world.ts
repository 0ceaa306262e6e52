// Four servers on cables, in networks of their own where that is allowed, one on a small disk: and whatever may happen to them.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Cable } from "../host-bridge/daemon-bench.ts";
import { ServerProcess } from "../host-bridge/federation/server-process.ts";
import type { Scratch } from "../host-bridge/scratch.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { hasDisks, SmallDisk } from "./fault-disk.ts";
import { FaultNet, hasNamespaces, lossBy } from "./fault-net.ts";
import { type Fault, ON_SMALL_DISK } from "./fault-plan.ts";

const MAX_AT_ONCE = 4;
/** Faults that last longer do not count among those. */
const LONG_MS = 10_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface State {
  digest: string;
  count: number;
}

export class FaultWorld {
  readonly servers: ServerProcess[] = [];
  readonly cables: Cable[] = [];
  readonly net: FaultNet | null;
  readonly disk: SmallDisk | null;
  /** GUIDs of what was acknowledged, by which server, and how old each is. */
  readonly posted = new Map<string, { by: number; timestamp: number }>();
  /** Of those, what only a server had whose database was put back. */
  readonly mayBeLost = new Set<string>();
  private readonly scratch: Scratch;
  private copy: { dir: string; before: ReadonlySet<string> } | null = null;
  private readonly busy = new Map<string, Promise<void>>();
  private readonly running = new Set<Promise<void>>();
  private failure: unknown = null;

  constructor(scratch: Scratch, count: number) {
    this.scratch = scratch;
    this.net = hasNamespaces ? new FaultNet(count) : null;
    this.disk = hasDisks && count > ON_SMALL_DISK ? new SmallDisk(scratch.dir(), 96) : null;
  }

  /** `dials`: who calls whom. */
  async start(dials: readonly [number, number][], count: number, maxHistory: number): Promise<void> {
    const { net, disk, scratch, servers, cables } = this;
    for (let i = 0; i < count; i++) {
      const dir = (i === ON_SMALL_DISK ? disk?.dir : undefined) ?? scratch.dir();
      const server = new ServerProcess("ABCD"[i], dir, await freePort(), net?.plugs[i].within);
      server.maxHistory = maxHistory;
      servers.push(server);
    }
    for (const [from, to] of dials) {
      const cable = new Cable(servers[to].port, net?.plugs[to].host);
      await cable.lay(net?.gateway);
      cables.push(cable);
      servers[from].peers.push({ host: net?.gateway ?? "127.0.0.1", port: cable.port });
    }
    for (const server of servers) await server.start();
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.kill();
    for (const cable of this.cables) cable.remove();
    this.disk?.remove();
    this.net?.remove();
  }

  async post(index: number, text: string): Promise<void> {
    const answer = await this.servers[index].ask({ do: "post", text, count: 1 });
    for (const { guid, timestamp } of answer?.posted ?? []) this.posted.set(guid, { by: index, timestamp });
  }

  /** Returns when the fault has begun, or when it is over if it is to be alone. */
  async begin(fault: Fault): Promise<void> {
    const { target, index, kind, ms, isAlone } = fault;
    const keys = [`${target} ${index}`];
    if (kind === "older database") keys.push(`disk ${ON_SMALL_DISK}`);
    await Promise.all(keys.map((key) => this.busy.get(key)));
    while (this.running.size >= MAX_AT_ONCE) await Promise.race(this.running);
    if (this.failure !== null) throw this.failure;
    const work = this.act(fault).catch((error: unknown) => {
      this.failure ??= error;
    });
    for (const key of keys) this.busy.set(key, work);
    if (ms < LONG_MS) this.running.add(work);
    void work.then(() => this.running.delete(work));
    if (isAlone) await work;
  }

  /** All faults are over. */
  async healed(): Promise<void> {
    await Promise.all(this.busy.values());
    if (this.failure !== null) throw this.failure;
    for (const { name, hasCrashed } of this.servers) if (hasCrashed) throw new Error(`${name} died by itself`);
  }

  async states(): Promise<State[]> {
    const answers = await Promise.all(this.servers.map((server) => server.ask({ do: "digest" })));
    return answers.map((answer) => answer ?? { digest: "dead", count: 0 });
  }

  private async act({ kind, index, ms, amount }: Fault): Promise<void> {
    const { servers, cables, net, disk } = this;
    const [server, cable, plug] = [servers[index], cables[index], net?.plugs[index]];
    switch (kind) {
      case "link cut":
        cable.cut();
        await wait(ms);
        return cable.mend();
      case "link torn":
        cable.tear(amount);
        await wait(ms);
        return cable.mend();
      case "link slow":
        cable.delayMs = amount;
        await wait(ms);
        cable.delayMs = 0;
        return;
      case "process killed":
        await server.kill();
        await wait(ms);
        return server.start();
      case "process held":
        server.signal("SIGSTOP");
        await wait(ms);
        return server.signal("SIGCONT");
      case "older database":
        return this.restore(index, ms);
      case "clock jump":
        await server.ask({ do: "clock", jumpMs: amount * 3_600_000 });
        return;
      case "network away":
        await plug?.pull();
        await wait(ms);
        return plug?.push();
      case "packets lost":
        await plug?.spoil(amount, lossBy === "tc netem" ? amount * 5 : 0);
        await wait(ms);
        return plug?.spoil(0, 0);
      case "disk full":
        disk?.fill();
        await wait(ms);
        return disk?.empty();
    }
  }

  /** Every other time a copy of a server's directory is made, and then put back. */
  private async restore(index: number, ms: number): Promise<void> {
    const { copy, posted } = this;
    const server = this.servers[index];
    const { dir } = server;
    await server.kill();
    if (copy === null) {
      const to = join(this.scratch.dir(), "copy");
      cpSync(dir, to, { recursive: true });
      this.copy = { dir: to, before: new Set(posted.keys()) };
    } else {
      this.copy = null;
      // Its newest posts may not have left it; all others come back from the peers.
      for (const [guid, { by }] of posted) if (by === index && !copy.before.has(guid)) this.mayBeLost.add(guid);
      rmSync(dir, { recursive: true });
      cpSync(copy.dir, dir, { recursive: true });
      server.told.length = 0;
    }
    await wait(ms);
    return server.start();
  }
}
