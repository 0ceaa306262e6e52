import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { BrokerConfig } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { Deliveries } from "../room/store-deliveries.ts";
import { storeSentence } from "../room/store-errors.ts";
import type { BrokerStatus } from "../web/status.ts";
import type { Fault } from "./fault.ts";
import { Line, type Version } from "./line.ts";
import { Outbox } from "./outbox.ts";
import { type TopicName, topicOf } from "./topics.ts";

/** What is on a retained topic now; null takes it away. */
export interface State {
  topic: TopicName;
  about: string;
  payload: string | null;
}

export interface BrokerParts {
  config: BrokerConfig;
  /** This server's name and number. */
  server: { name: string; id: string };
  deliveries: Deliveries;
  clock: Clock;
  log: Log;
  random(): number;
  /** The status topic's payload as it is now; null when it cannot be told. */
  status(): string | null;
  /** May the room's messages go to brokers? */
  mayPublish(room: string): boolean;
  /** Topics that take posts. */
  postTopics(): readonly string[];
  received(broker: Broker, topic: string, payload: Buffer): void;
  /** What is on the other retained topics, by a name of its own each. */
  states: ReadonlyMap<string, State>;
}

const STATUS_MS = 60_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
const HOPELESS_RETRY_MS = 30_000;
const STORE_RETRY_MS = 5000;
const FAREWELL_MS = 2000;
/** The same is said again after this time. */
const AGAIN_MS = 10 * 60_000;
const REFUSED = 128;
/** "Unspecified", "implementation specific" and "quota exceeded": another time perhaps. */
const PASSING = [128, 131, 151];
const OFFLINE = '{"online":false}';

/** The key of a broker among the deliveries. */
export const brokerKey = ({ url, topicPrefix }: BrokerConfig): string => `mqtt ${url} ${topicPrefix}`;

/**
 * One broker: dials it, and dials it again, and brings it the messages of the history in the order in which they came. What is
 * not acknowledged when a connection ends is published again on the next one, from the first such message on.
 */
export class Broker {
  readonly config: BrokerConfig;
  private readonly parts: BrokerParts;
  private readonly clientId: string;
  private readonly outbox: Outbox;
  private line: Line | null = null;
  private isConnected = false;
  private version: Version = 5;
  private isProven = false;
  private attempts = 0;
  private window = 0;
  private inFlight = 0;
  private unsent = new Set<string>();
  private isStatusDue = false;
  private isStateNext = false;
  private subscribed: readonly string[] = [];
  private published = 0;
  private dropped = 0;
  private refused = 0;
  private error: string | null = "connecting";
  private said = new Map<string, number>();
  private cancelRetry: (() => void) | null = null;
  private cancelStatus: (() => void) | null = null;
  private cancelPump: (() => void) | null = null;
  private soon: NodeJS.Immediate | null = null;
  private isStopped = false;
  private drained: (() => void) | null = null;

  /** `lastId` is its place in the history when it was last here. */
  constructor(lastId: number, parts: BrokerParts) {
    this.parts = parts;
    this.config = parts.config;
    this.clientId = parts.config.clientId ?? clientIdOf(parts.server, parts.config);
    const { deliveries, clock, mayPublish } = parts;
    this.outbox = new Outbox(lastId, {
      ...{ deliveries, clock, mayPublish, name: brokerKey(parts.config) },
      lost: (count) => this.sayLost(count),
      failed: (error) => this.sayFailed("its place cannot be stored", error),
    });
  }

  start(): void {
    this.dial();
  }

  /** Says good-bye on the status topic. What is in flight may arrive for two seconds; the rest is for the next time. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const cancel of [this.cancelRetry, this.cancelStatus, this.cancelPump]) cancel?.();
    if (this.soon !== null) clearImmediate(this.soon);
    const { line } = this;
    if (line !== null && this.isConnected) {
      let cancel = (): void => undefined;
      const isHeard = await new Promise<boolean>((resolve) => {
        cancel = this.parts.clock.after(FAREWELL_MS, () => resolve(false));
        this.drained = () => resolve(true);
        this.publish(line, topicOf(this.config.topicPrefix, "status"), OFFLINE, true, () => undefined);
      });
      cancel();
      // Without a farewell the broker sends the will, which says the same.
      await line.close(!isHeard);
    } else await line?.close(true);
    this.line = null;
    this.outbox.stop();
  }

  /** There is something new in the history. */
  wake(): void {
    if (!this.isConnected || this.isStopped) return;
    this.soon ??= setImmediate(() => {
      this.soon = null;
      this.pump();
    });
  }

  /** A retained topic has something new. */
  stateChanged(name: string): void {
    if (!this.isConnected) return;
    this.unsent.add(name);
    this.wake();
  }

  /** Other rooms take posts than before, or do not any more. */
  postsChanged(): void {
    if (this.line !== null && this.isConnected) this.subscribe(this.line);
  }

  tell(topic: string, payload: string): void {
    if (this.isConnected) this.line?.tell(topic, payload);
  }

  status(): BrokerStatus {
    const { url: broker } = this.config;
    return {
      ...{ broker, connected: this.isConnected, published: this.published },
      queue_depth: this.outbox.depth(),
      ...{ dropped: this.dropped, refused: this.refused, error: this.error },
    };
  }

  private dial(): void {
    this.cancelRetry = null;
    const { config, clientId, version } = this;
    const will = { topic: topicOf(config.topicPrefix, "status"), payload: OFFLINE };
    this.line = new Line({
      ...{ config, clientId, version, will },
      opened: (line, window) => this.opened(line, window),
      closed: (line, fault) => this.closed(line, fault),
      received: (line, topic, payload) => {
        if (line === this.line) this.parts.received(this, topic, payload);
      },
    });
  }

  private opened(line: Line, window: number): void {
    if (line !== this.line || this.isStopped) return;
    this.isConnected = true;
    this.isProven = true;
    this.error = null;
    this.window = window;
    this.inFlight = 0;
    this.outbox.rewind();
    this.unsent = new Set(this.parts.states.keys());
    this.subscribed = [];
    this.parts.log.info(`${this.label()} connected (MQTT ${this.version === 5 ? "5" : "3.1.1"})`);
    this.tellStatus();
    this.subscribe(line);
    this.pump();
  }

  private closed(line: Line, fault: Fault): void {
    if (line !== this.line) return;
    if (this.isStopped) {
      this.drained?.();
      return;
    }
    const wasConnected = this.isConnected;
    this.isConnected = false;
    this.line = null;
    this.cancelStatus?.();
    this.error = fault.reason;
    const isOther = fault.isVersion === "yes" || (fault.isVersion === "maybe" && !this.isProven);
    if (isOther) this.version = this.version === 5 ? 4 : 5;
    const most = fault.isHopeless ? HOPELESS_RETRY_MS : MAX_RETRY_MS;
    const waitMs = fault.isHopeless ? most : Math.min(most, FIRST_RETRY_MS * 2 ** this.attempts);
    this.attempts++;
    const delayMs = waitMs * (0.75 + 0.25 * this.parts.random());
    this.cancelRetry = this.parts.clock.after(delayMs, () => this.dial());
    const text = `${this.label()} disconnected (${fault.reason}), retry in ${Math.ceil(delayMs / 1000)}s`;
    if (wasConnected || this.isNews(fault.reason)) this.parts.log.warn(text);
    else this.parts.log.debug(text);
  }

  /** Now and every minute. */
  private tellStatus(): void {
    this.isStatusDue = true;
    this.cancelStatus = this.parts.clock.after(STATUS_MS, () => {
      this.tellStatus();
      this.pump();
    });
  }

  /** Fills the window: status, messages, and the other retained topics in turn with them. */
  private pump(): void {
    while (this.line !== null && this.isConnected && !this.isStopped && this.inFlight < this.window) {
      if (this.isStatusDue) {
        this.isStatusDue = false;
        const status = this.parts.status();
        if (status !== null) this.publish(this.line, topicOf(this.config.topicPrefix, "status"), status, true);
        continue;
      }
      // In turn, so that neither many nodes nor a backlog keep the other waiting.
      this.isStateNext = !this.isStateNext;
      if (this.isStateNext && this.publishState(this.line)) continue;
      if (!this.publishMessage(this.line) && !this.publishState(this.line)) return;
    }
  }

  private publishMessage(line: Line): boolean {
    let outgoing: ReturnType<Outbox["next"]>;
    try {
      outgoing = this.outbox.next();
    } catch (error) {
      this.sayFailed("the history cannot be read", error);
      this.cancelPump?.();
      this.cancelPump = this.parts.clock.after(STORE_RETRY_MS, () => this.pump());
      return false;
    }
    if (outgoing === null) return false;
    const sent = outgoing;
    const topic = topicOf(this.config.topicPrefix, "message", sent.message.room);
    this.publish(line, topic, JSON.stringify(sent.message), false, (isTaken) => {
      if (isTaken) this.published++;
      this.outbox.done(sent);
    });
    return true;
  }

  private publishState(line: Line): boolean {
    const name = this.unsent.values().next().value;
    if (name === undefined) return false;
    this.unsent.delete(name);
    const state = this.parts.states.get(name);
    if (state !== undefined) {
      const topic = topicOf(this.config.topicPrefix, state.topic, state.about);
      this.publish(line, topic, state.payload ?? "", true);
    }
    return true;
  }

  private publish(
    line: Line,
    topic: string,
    payload: string,
    retain: boolean,
    done: (isTaken: boolean) => void = () => undefined,
  ): void {
    this.inFlight++;
    line.publish(topic, payload, retain, (code) => {
      if (line !== this.line) return;
      this.inFlight--;
      if (PASSING.includes(code)) {
        void line.close(true);
        this.closed(line, { reason: `it does not take messages now (${code})`, isHopeless: false, isVersion: "no" });
        return;
      }
      if (code < REFUSED) this.attempts = 0;
      else this.sayRefused(topic, code);
      done(code < REFUSED);
      if (this.isStopped && this.inFlight === 0) this.drained?.();
      this.pump();
    });
  }

  private sayRefused(topic: string, code: number): void {
    this.refused++;
    const [kind] = topic.slice(this.config.topicPrefix.length + 1).split("/");
    if (!this.isNews(`refused ${kind} ${code}`)) return;
    const why = code === 135 ? "this user may not; see the broker's access list" : `reason code ${code}`;
    this.parts.log.warn(`${this.label()} refuses what is published to ${this.config.topicPrefix}/${kind} (${why})`);
  }

  private sayLost(count: number): void {
    this.dropped += count;
    if (!this.isNews("lost")) return;
    const what = `${count} messages left the history before they were published`;
    this.parts.log.warn(`${this.label()}: ${what}; a larger max_history keeps them longer`);
  }

  private sayFailed(what: string, error: unknown): void {
    const sentence = storeSentence(error);
    if (this.isNews(sentence)) this.parts.log.error(`${this.label()}: ${what}: ${sentence}`);
  }

  private subscribe(line: Line): void {
    const wanted = this.parts.postTopics();
    line.unsubscribe(this.subscribed.filter((topic) => !wanted.includes(topic)));
    line.subscribe(
      wanted.filter((topic) => !this.subscribed.includes(topic)),
      (refused) => {
        this.parts.log.warn(
          `${this.label()} does not let this server read ${refused.join(", ")}: no posts come in there`,
        );
      },
    );
    this.subscribed = wanted;
  }

  private label(): string {
    return `MQTT broker ${JSON.stringify(this.config.url)}`;
  }

  private isNews(what: string): boolean {
    const nowMs = this.parts.clock.nowMs();
    const before = this.said.get(what);
    if (before !== undefined && nowMs - before < AGAIN_MS) return false;
    if (this.said.size >= 100) this.said.clear();
    this.said.set(what, nowMs);
    return true;
  }
}

/** At most 23 bytes, as every broker takes them: of the server's name, and of what tells it from another one of that name. */
function clientIdOf({ name, id }: BrokerParts["server"], { topicPrefix }: BrokerConfig): string {
  const hash = createHash("sha256").update(`${id} ${topicPrefix}`).digest("hex").slice(0, 8);
  const stem = name.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `${stem.slice(0, 14) || "room"}-${hash}`;
}
