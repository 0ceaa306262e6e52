import { existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Counter, Gauge, Registry } from "prom-client";
import type { Principal } from "../auth/principal.ts";
import type { Config } from "../config/schema.ts";
import type { Events } from "../events.ts";
import type { Via } from "../room/message.ts";
import { type ProcessNumbers, ROWS, type Seen } from "./metric-rows.ts";
import type { Status } from "./status.ts";

/** Scrapers are many and their numbers travel: they get what a stranger may know of rooms, whoever asks. */
const STRANGER: Principal = { kind: "anonymous", role: "read", rooms: null, token: null };
/** Where the operator wants it otherwise. */
const OPERATOR: Principal = { kind: "local", role: "read", rooms: null, token: null };

/** Where clients come in. */
export type Door = "http" | "websocket";
/** There from the start at both doors: an alert on their increase needs the zero before it. */
const USUAL_REFUSALS = ["auth_required", "auth_failed", "proof_failed", "rate_limited", "too_many_connections"];
const FILES = ["history.sqlite", "history.sqlite-wal"];

export interface MetricsParts {
  config: Pick<Config, "dataDir" | "boards" | "radio" | "metrics">;
  status: (principal: Principal) => Status;
  events: Events;
}

/** Numbers for Prometheus. Unless the configuration allows it, private rooms are neither named nor part of a sum. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly parts: MetricsParts;
  private readonly offs: (() => void)[];
  private readonly messages = new Map<string, Map<Via, number>>();
  private readonly refusals = new Map<Door, Map<string, number>>();
  private readonly lastHeard = new Map<string, { rssi: number; snr: number | null }>();
  private readonly alerts = { silent: 0, ok: 0 };
  private adverts = 0;

  constructor(parts: MetricsParts) {
    this.parts = parts;
    const { events } = parts;
    for (const door of ["http", "websocket"] as const) {
      this.refusals.set(door, new Map(USUAL_REFUSALS.map((code) => [code, 0])));
    }
    this.offs = [
      events.on("message", ({ room, via }) => {
        const counts = this.messages.get(room) ?? new Map<Via, number>();
        this.messages.set(room, counts.set(via, (counts.get(via) ?? 0) + 1));
      }),
      events.on("reception", (packet) => this.heard(packet)),
      events.on("heard", (packet) => this.heard(packet)),
      events.on("node", () => void this.adverts++),
      events.on("alert", ({ state }) => void this.alerts[state]++),
    ];
    for (const { kind, name, help, labels } of ROWS) {
      const metric = { name, help, labelNames: [...labels], registers: [this.registry] };
      if (kind === "counter") new Counter(metric);
      else new Gauge(metric);
    }
  }

  /** A client was told this error code. */
  refused(door: Door, code: string): void {
    const codes = this.refusals.get(door);
    codes?.set(code, (codes.get(code) ?? 0) + 1);
  }

  async text(): Promise<string> {
    const seen = this.look();
    for (const { name, labels, samples } of ROWS) {
      const metric = this.registry.getSingleMetric(name) as Gauge<string> | Counter<string>;
      // What is gone is not shown with its last value, and what is unknown not as the 0 of one without labels.
      metric.reset();
      if (labels.length === 0) metric.remove();
      for (const [values, value] of samples(seen)) {
        if (value !== null) metric.inc(Object.fromEntries(labels.map((label, i) => [label, values[i]])), value);
      }
    }
    return this.registry.metrics();
  }

  stop(): void {
    for (const off of this.offs) off();
  }

  private heard({ board, rssi, snr }: { board: string; rssi: number | null; snr: number | null }): void {
    if (rssi !== null) this.lastHeard.set(board, { rssi, snr });
  }

  private look(): Seen {
    const { dataDir, boards, radio, metrics } = this.parts.config;
    const isThere = existsSync(dataDir);
    const disk = isThere ? statfsSync(dataDir) : null;
    return {
      status: this.parts.status(metrics.privateRooms ? OPERATOR : STRANGER),
      messages: (room, via) => this.messages.get(room)?.get(via) ?? 0,
      refusals: [...this.refusals].flatMap(([door, codes]) =>
        [...codes].map(([code, count]): [string, string, number] => [door, code, count]),
      ),
      adverts: this.adverts,
      alerts: this.alerts,
      lastHeard: (board) => this.lastHeard.get(board),
      dutyCyclePercent: (board) => (boards.find(({ id }) => id === board)?.radio ?? radio).dutyCyclePercent,
      files: FILES.flatMap((file): [string, number][] => {
        const bytes = statSync(join(dataDir, file), { throwIfNoEntry: false })?.size;
        return bytes === undefined ? [] : [[file, bytes]];
      }),
      disk: disk === null ? null : { free: disk.bavail * disk.bsize, size: disk.blocks * disk.bsize },
      process: processNumbers(),
    };
  }
}

function processNumbers(): ProcessNumbers {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  return {
    cpuS: (user + system) / 1e6,
    startUnixS: performance.timeOrigin / 1000,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    openFiles: process.platform === "linux" ? readdirSync("/proc/self/fd").length : null,
    busyS: performance.eventLoopUtilization().active / 1000,
    nodeVersion: process.version,
  };
}
