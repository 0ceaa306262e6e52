import type { Clock } from "../clock.ts";
import type { FederationConfig } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { BackboneStatus } from "../web/status.ts";
import { Backbone } from "./backbone.ts";
import type { HubShelf } from "./hub-shelf.ts";
import { type HubLimits, HubStore } from "./hub-store.ts";

interface HubParts {
  dataDir: string;
  limits: HubLimits;
  /** This server's name. */
  name: string;
  backbone(): FederationConfig["backbone"];
  clock: Clock;
  log: Log;
  random(): number;
  /** The room has new messages, or numbers of these runs have moved. */
  wake(room: string, streams: ReadonlySet<string>): void;
}

/** What this server keeps of rooms that it has no key of: by itself, or together with others over a backbone. */
export class Hub {
  private readonly parts: HubParts;
  private readonly store: HubStore;
  private backbone: Backbone | null = null;
  private configured = "";
  private stopBackbone: () => Promise<void> = () => Promise.resolve();
  private changing: Promise<void> = Promise.resolve();

  /** Throws RoomError `store_...`. */
  constructor(parts: HubParts) {
    this.parts = parts;
    this.store = HubStore.open(parts.dataDir, parts.limits, parts.clock);
  }

  /** The room that key holders call so; null when there is no place for one more. */
  room(name: string, bringer: string): HubShelf | null {
    return this.store.room(name, bringer);
  }

  /** Null where there is no backbone. */
  status(): BackboneStatus | null {
    return this.backbone?.status() ?? null;
  }

  /** Brings the backbone to what is configured now; also at the start. */
  reload(): Promise<void> {
    this.changing = this.changing.then(() => this.change());
    return this.changing;
  }

  async stop(): Promise<void> {
    await this.changing;
    await this.stopBackbone();
    this.store.close();
  }

  private async change(): Promise<void> {
    const config = structuredClone(this.parts.backbone());
    const text = JSON.stringify(config);
    if (text === this.configured) return;
    this.configured = text;
    const isFirst = this.backbone === null;
    await this.stopBackbone();
    this.stopBackbone = () => Promise.resolve();
    const { store, parts } = this;
    if (config === null) {
      this.backbone = null;
      store.carrier = null;
      store.forgetPosition();
      if (!isFirst) parts.log.info("Federation backbone removed: this hub is by itself");
      return;
    }
    const { name, clock, log, random } = parts;
    this.backbone = new Backbone({
      ...{ config, name, clock, log, random, stock: store, maxMessages: parts.limits.maxMessages },
      moved: (rooms) => {
        for (const [room, streams] of rooms) parts.wake(room, streams);
      },
    });
    store.carrier = this.backbone;
    this.stopBackbone = this.backbone.start();
  }
}
