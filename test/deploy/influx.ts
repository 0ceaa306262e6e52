// Real InfluxDB 1.x on loopback.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endProcess } from "../end-process.ts";
import { until } from "../host-bridge/daemon-bench.ts";
import { freePort } from "../simulator/tcp-station.ts";

export interface Series {
  name: string;
  tags?: Record<string, string>;
  columns: string[];
  values: unknown[][];
}

export class Influx {
  private readonly child: ChildProcess;
  private readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.child = child;
    this.url = url;
  }

  static async start(dir: string): Promise<Influx> {
    const [http, rpc] = [await freePort(), await freePort()];
    const file = join(dir, "influxdb.conf");
    mkdirSync(dir, { recursive: true });
    writeFileSync(
      file,
      `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${dir}/meta"
[data]
  dir = "${dir}/data"
  wal-dir = "${dir}/wal"
[http]
  bind-address = "127.0.0.1:${http}"
  log-enabled = false
[monitor]
  store-enabled = false
`,
    );
    const child = spawn("influxd", ["run", "-config", file], { stdio: "ignore" });
    const url = `http://127.0.0.1:${http}`;
    await until("InfluxDB", async () => {
      if (child.exitCode !== null) throw new Error(`influxd ended with ${child.exitCode}`);
      return fetch(`${url}/ping`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    const influx = new Influx(child, url);
    await influx.query("CREATE DATABASE meshcore");
    return influx;
  }

  async write(lines: readonly string[]): Promise<void> {
    const response = await fetch(`${this.url}/write?db=meshcore`, { method: "POST", body: lines.join("\n") });
    if (!response.ok) throw new Error(await response.text());
  }

  /** The series of one statement. Throws what InfluxDB has against it. */
  async query(q: string): Promise<Series[]> {
    const response = await fetch(`${this.url}/query?db=meshcore`, { method: "POST", body: new URLSearchParams({ q }) });
    const answer = (await response.json()) as { error?: string; results?: { error?: string; series?: Series[] }[] };
    const error = answer.error ?? answer.results?.[0].error;
    if (error !== undefined) throw new Error(`${error}: ${q}`);
    return answer.results?.[0].series ?? [];
  }

  async stop(): Promise<void> {
    await endProcess(this.child);
  }
}
