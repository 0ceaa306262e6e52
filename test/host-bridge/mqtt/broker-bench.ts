// Real mosquitto on loopback, to be stopped and started, and what is seen there by another client.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import type { BrokerConfig } from "../../../host-bridge/config/schema.ts";
import { endProcess } from "../../end-process.ts";
import { until } from "../daemon-bench.ts";
import { publicationFault } from "./schemas.ts";

/** Debian puts it where only root looks. */
const PROGRAM = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"].find(existsSync);

export const noMosquitto = PROGRAM === undefined ? " (mosquitto not found)" : "";

/** One broker that keeps its sessions and retained messages; start() and stop() as often as wanted, on the same port. */
export class Mosquitto {
  readonly port: number;
  said = "";
  private readonly file: string;
  private child: ChildProcess | null = null;

  /** `more` comes after the listener in its configuration. */
  constructor(dir: string, port: number, more = "allow_anonymous true") {
    this.port = port;
    this.file = join(dir, "mosquitto.conf");
    const store = join(dir, "store");
    mkdirSync(store, { recursive: true });
    const user = process.getuid?.() === 0 ? "user root\n" : "";
    writeFileSync(
      this.file,
      `${user}persistence true
persistence_location ${store}/
max_queued_messages 1000000
listener ${port} 127.0.0.1
${more}
`,
    );
  }

  async start(): Promise<void> {
    const child = spawn(PROGRAM ?? "", ["-c", this.file], { stdio: ["ignore", "ignore", "pipe"] });
    let isUp = false;
    child.stderr.on("data", (data: Buffer) => {
      this.said += data.toString();
      isUp ||= data.includes(" running");
    });
    this.child = child;
    await until("a broker", () => isUp || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`mosquitto ended: ${this.said}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const { child } = this;
    this.child = null;
    await endProcess(child, signal);
  }
}

export const brokerConfig = (port: number, fields: Partial<BrokerConfig> = {}): BrokerConfig => ({
  ...{ url: `mqtt://127.0.0.1:${port}`, topicPrefix: "meshcore", profile: "native", iata: "test" },
  ...{ username: null, password: null, clientId: null, tls: { ca: null, cert: null, key: null }, ...fields },
});

export interface Seen {
  topic: string;
  text: string;
  retained: boolean;
}

/** A subscriber to everything, which comes back by itself. */
export class Watcher {
  readonly seen: Seen[] = [];
  private readonly faults: string[] = [];
  private readonly client: MqttClient;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on("error", () => undefined);
    client.on("message", (topic, payload, { retain }) => {
      const text = payload.toString();
      this.seen.push({ topic, text, retained: retain });
      const fault = publicationFault(topic, text);
      if (fault !== null) this.faults.push(fault);
    });
  }

  static async at(port: number, clientId = "watcher", options: object = {}): Promise<Watcher> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      ...{ clientId, clean: false, reconnectPeriod: 100, ...options },
    });
    const watcher = new Watcher(client);
    await client.subscribeAsync("#", { qos: 1 });
    return watcher;
  }

  /** What came on a topic, as objects; of each message only the first time. */
  on(topic: string): Record<string, unknown>[] {
    const all = this.seen.filter((one) => one.topic === topic && one.text !== "").map(({ text }) => JSON.parse(text));
    const guids = new Set<string>();
    return all.filter(({ guid }) => guid === undefined || (!guids.has(guid) && guids.add(guid)));
  }

  publish(topic: string, payload: string, retain = false): Promise<unknown> {
    return this.client.publishAsync(topic, payload, { qos: 1, retain });
  }

  /** All that it saw was as docs/schemas/ say. */
  async leave(): Promise<void> {
    await this.client.endAsync(true);
    assert.deepEqual(this.faults, []);
  }
}
