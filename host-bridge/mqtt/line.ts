import { readFileSync } from "node:fs";
import type { MqttClient } from "mqtt";
import { fileProblem } from "../config/read.ts";
import type { BrokerConfig } from "../config/schema.ts";
import { type Fault, faultOf } from "./fault.ts";

/** MQTT 3.1.1 is 4 on the wire. */
export type Version = 4 | 5;

export interface LineParts {
  config: BrokerConfig;
  clientId: string;
  version: Version;
  /** What the broker says for us when we are gone, retained. */
  will: { topic: string; payload: string } | null;
  /** Once, before anything else; `window` is how many publications may be unacknowledged. */
  opened(line: Line, window: number): void;
  /** Once, the last of all. */
  closed(line: Line, fault: Fault): void;
  received(line: Line, topic: string, payload: Buffer): void;
}

const ANSWER_MS = 10_000;
/** A dead connection is noticed within one and a half times that; the broker sends the will as late. */
const KEEPALIVE_S = 15;
const MAX_WINDOW = 20;
const TOO_LARGE = 149;

/**
 * One connection to a broker, from CONNECT to its end. The `mqtt` package does the protocol; it neither connects again nor keeps
 * what is not acknowledged, because what is repeated, and in which order, is the history's business (broker.ts).
 */
export class Line {
  private readonly parts: LineParts;
  private client: MqttClient | null = null;
  private error: unknown = null;
  private isOpen = false;
  private isOver = false;
  private mayRetain = true;
  private maxBytes = Number.POSITIVE_INFINITY;

  constructor(parts: LineParts) {
    this.parts = parts;
    void this.dial();
  }

  private async dial(): Promise<void> {
    const { config, clientId, version, will } = this.parts;
    try {
      const files = tlsFiles(config);
      // Nobody else has to load it.
      const { connect } = await import("mqtt");
      if (this.isOver) return;
      const client = connect(config.url, {
        ...{ protocolVersion: version, clientId, clean: true, keepalive: KEEPALIVE_S, connectTimeout: ANSWER_MS },
        ...{ reconnectPeriod: 0, resubscribe: false, queueQoSZero: false },
        ...(config.username === null ? {} : { username: config.username, password: config.password ?? "" }),
        ...files,
        ...(will === null
          ? {}
          : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
      });
      this.client = client;
      this.listen(client);
    } catch (error) {
      // Never before the constructor has returned.
      await Promise.resolve();
      this.end({ reason: String((error as Error).message), isHopeless: true, isVersion: "no" });
    }
  }

  private listen(client: MqttClient): void {
    const note = (error: unknown): void => {
      this.error ??= error;
    };
    client.on("error", note);
    // What has no code does not come out of the client, such as a web server's 404.
    client.stream.on("error", note);
    client.on("disconnect", ({ reasonCode }) => note({ code: reasonCode, message: `reason code ${reasonCode}` }));
    client.on("close", () => this.end(faultOf(this.error)));
    client.on("connect", ({ properties }) => {
      if (this.isOver) return;
      const { receiveMaximum, maximumQoS, retainAvailable, maximumPacketSize } = properties ?? {};
      if (maximumQoS === 0) {
        this.end({ reason: "it takes no QoS 1", isHopeless: true, isVersion: "no" });
        return;
      }
      this.isOpen = true;
      this.mayRetain = retainAvailable !== false;
      this.maxBytes = maximumPacketSize ?? this.maxBytes;
      this.parts.opened(this, Math.min(MAX_WINDOW, receiveMaximum ?? MAX_WINDOW));
    });
    client.on("message", (topic, payload, { retain }) => {
      // What stood there before we came is no news.
      if (!this.isOver && !retain) this.parts.received(this, topic, payload);
    });
  }

  /** QoS 1. `done` gets the reason code of the acknowledgement, below 128 when all is well; it is not called when the line ends. */
  publish(topic: string, payload: string, retain: boolean, done: (code: number) => void): void {
    const bytes = Buffer.from(payload);
    if (bytes.length + topic.length + 64 > this.maxBytes) return void setImmediate(done, TOO_LARGE);
    this.client?.publish(topic, bytes, { qos: 1, retain: retain && this.mayRetain }, (error) => {
      if (this.isOver) return;
      const { code } = (error ?? { code: 0 }) as { code?: unknown };
      if (typeof code === "number") done(code);
      else this.end(faultOf(error));
    });
  }

  /** QoS 0: for answers that nobody waits for without end. */
  tell(topic: string, payload: string): void {
    this.client?.publish(topic, payload, { qos: 0 });
  }

  /** `refused` gets the topics that the broker does not let us read. */
  subscribe(topics: string[], refused: (topics: string[]) => void): void {
    if (topics.length === 0) return;
    // mqtt.js calls a partial refusal an error; which ones it was stands in the acknowledgement.
    this.client?.subscribe(topics, { qos: 1, rh: 2 }, (error, granted, packet) => {
      if (this.isOver) return;
      const codes = (packet as { granted?: number[] } | undefined)?.granted ?? granted?.map(({ qos }) => qos) ?? [];
      const not = topics.filter((_, i) => (codes[i] ?? (error ? 128 : 0)) >= 128);
      if (not.length > 0) refused(not);
    });
  }

  unsubscribe(topics: string[]): void {
    if (topics.length > 0) this.client?.unsubscribe(topics);
  }

  /** The end that we want: with a farewell, so that the broker does not send the will, unless `abruptly`. */
  async close(abruptly: boolean): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    const { client } = this;
    if (client === null) return;
    await new Promise<void>((resolve) => client.end(abruptly || !this.isOpen, {}, () => resolve()));
  }

  private end(fault: Fault): void {
    if (this.isOver) return;
    this.isOver = true;
    // Its timers.
    this.client?.end(true);
    this.parts.closed(this, fault);
  }
}

/** Read at each connection, so that renewed ones are taken. Throws an Error with a sentence. */
function tlsFiles({ tls }: BrokerConfig): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const files: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const path = tls[name];
    if (path === null) continue;
    try {
      files[name] = readFileSync(path);
    } catch (error) {
      const { expected, found, hint } = fileProblem(error);
      throw new Error(`mqtt.${name}: expected ${expected}, found ${found ?? ""} at ${path}; ${hint ?? ""}`);
    }
  }
  return files;
}
