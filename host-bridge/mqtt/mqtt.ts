import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import type { Events } from "../events.ts";
import type { Log } from "../log.ts";
import type { NodeView } from "../nodes/node.ts";
import type { Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import { storeSentence } from "../room/store-errors.ts";
import type { MqttStatus, Status } from "../web/status.ts";
import { Broker, brokerKey } from "./broker.ts";
import { Posts } from "./posts.ts";
import { States } from "./states.ts";

export interface MqttParts {
  /** As it is now; a reload changes it. */
  config: Config;
  rooms: Rooms;
  store: Store;
  events: Events;
  clock: Clock;
  log: Log;
  /** Those that are known at the start. */
  nodes(): Iterable<NodeView>;
  /** 0 up to 1. */
  random(): number;
  /** The object of /status with these rooms and no others. */
  status(rooms: readonly string[]): Status;
}

/** All that this server tells brokers, and takes from them (docs/mqtt.md). Nothing works before start(). */
export class Mqtt {
  private readonly parts: MqttParts;
  private readonly posts: Posts;
  private brokers: Broker[] = [];
  private readonly states = new States((name) => {
    for (const broker of this.brokers) broker.stateChanged(name);
  });
  /** Rooms that are published. */
  private published = new Set<string>();
  /** Brokers are stopped and started one after the other. */
  private work: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(parts: MqttParts) {
    this.parts = parts;
    this.posts = new Posts(parts);
  }

  /** Dials. Returns the stop. Throws RoomError `store_...`. */
  start(): () => Promise<void> {
    const { events, nodes } = this.parts;
    for (const node of nodes()) this.states.node(node);
    this.apply();
    const offs = [
      events.on("message", () => {
        for (const broker of this.brokers) broker.wake();
      }),
      events.on("node", (node) => this.states.node(node)),
      events.on("nodeForgotten", ({ node_id }) => this.states.forget(node_id)),
      events.on("alert", (alert) => this.states.alert(alert)),
      events.on("config", () => this.reload()),
    ];
    return async () => {
      this.isStopped = true;
      for (const off of offs) off();
      await this.work;
      await Promise.all(this.brokers.map((broker) => broker.stop()));
    };
  }

  status(): MqttStatus {
    const { enabled } = this.parts.config.mqtt;
    const brokers = this.brokers.map((broker) => broker.status());
    const connected = brokers.length > 0 && brokers.every((broker) => broker.connected);
    const published = brokers.reduce((sum, broker) => sum + broker.published, 0);
    return { enabled, connected, published, brokers };
  }

  private reload(): void {
    // At once: what a room is kept off for must not wait for a broker's farewell.
    this.published = this.rooms();
    this.work = this.work.then(async () => {
      if (this.isStopped) return;
      const wanted = this.wanted();
      const gone = this.brokers.filter(({ config }) => !wanted.some((one) => isDeepStrictEqual(one, config)));
      // One that changes must be gone before it comes again: it has the same client id.
      await Promise.all(gone.map((broker) => broker.stop()));
      this.brokers = this.brokers.filter((broker) => !gone.includes(broker));
      try {
        this.apply();
      } catch (error) {
        this.parts.log.error(`MQTT: the brokers of the new configuration are not used: ${storeSentence(error)}`);
      }
      for (const broker of this.brokers) broker.postsChanged();
    });
  }

  /** Starts what is configured and not there. */
  private apply(): void {
    const { config, store, clock, log, random } = this.parts;
    this.published = this.rooms();
    const wanted = this.wanted();
    const places = this.places(wanted.map(brokerKey));
    for (const one of wanted) {
      if (this.brokers.some(({ config: known }) => isDeepStrictEqual(one, known))) continue;
      const broker = new Broker(places.get(brokerKey(one)) ?? 0, {
        ...{ config: structuredClone(one), server: { name: config.name, id: store.serverId() } },
        ...{ deliveries: store.deliveries, clock, log, random, states: this.states.all },
        status: () => this.statusText(),
        mayPublish: (room) => this.published.has(room),
        postTopics: () => this.posts.topics(one.topicPrefix),
        received: (from, topic, payload) => {
          this.posts.take(brokerKey(one), one.topicPrefix, topic, payload, (to, text) => from.tell(to, text));
        },
      });
      this.brokers.push(broker);
      broker.start();
    }
  }

  private places(names: string[]): Map<string, number> {
    const { store, log } = this.parts;
    try {
      return store.deliveries.keep(names);
    } catch (error) {
      // A full disk keeps nobody from publishing; the places are stored as soon as they can be.
      log.error(`MQTT: which brokers there are cannot be stored: ${storeSentence(error)}`);
      return store.deliveries.places(names);
    }
  }

  private rooms(): Set<string> {
    return new Set(this.parts.config.rooms.filter(({ mqtt }) => mqtt).map(({ name }) => name));
  }

  private wanted() {
    const { enabled, brokers } = this.parts.config.mqtt;
    return enabled ? brokers.filter(({ profile }) => profile === "native") : [];
  }

  private statusText(): string | null {
    try {
      return JSON.stringify({ ...this.parts.status([...this.published]), online: true });
    } catch (error) {
      this.parts.log.warn(`MQTT: the status cannot be told now: ${storeSentence(error)}`);
      return null;
    }
  }
}
