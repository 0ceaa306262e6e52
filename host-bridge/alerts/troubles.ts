import { believableUnixS, type Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import type { RoomError } from "../errors.ts";
import type { AlertView, Trouble, TroubleKind } from "./alert.ts";

/** A board as far as alerts need it. */
interface BoardFacts {
  id: string;
  connected: boolean;
  error: string | null;
  airtime_percent: number | null;
}

export interface TroubleSources {
  clock: Clock;
  settings: () => Config["alerts"];
  boards: () => BoardFacts[];
  /** The share of an hour that a board may transmit, percent. */
  dutyCyclePercent: (board: string) => number;
  peers: () => { name: string; addr: string; connected: boolean }[];
  /** MQTT brokers, by their URLs without user and password. */
  brokers: () => { broker: string; connected: boolean; error: string | null }[];
}

/** Shares of the duty cycle at which it counts as used up, and as free again. */
const USED_UP = 0.95;
const FREE_AGAIN = 0.8;

type Tell = (trouble: Trouble, view: AlertView) => void;

/** What is wrong with the server itself: each said once, and once more when it is over. */
export class Troubles {
  private readonly sources: TroubleSources;
  private readonly tell: Tell;
  private readonly standing = new Map<string, AlertView>();
  /** Since when boards, peers and brokers are away, monotonic milliseconds. */
  private readonly away = new Map<string, number>();
  private storeCode = "";

  constructor(sources: TroubleSources, tell: Tell) {
    this.sources = sources;
    this.tell = tell;
  }

  list(): AlertView[] {
    return [...this.standing.values()];
  }

  /** Looks at boards, peers and brokers. */
  look(): void {
    const boards = this.sources.boards();
    const peers = this.sources.peers();
    const brokers = this.sources.brokers();
    for (const { id, connected, error } of boards) {
      this.set("board", id, this.isLost(`board ${id}`, connected), {
        raised: `Board "${id}" is lost${error === null ? "" : `: ${error}`}`,
        ok: `Board "${id}" is back`,
      });
    }
    for (const board of boards) this.lookAtDuty(board);
    for (const { name, addr, connected } of peers) {
      const shown = JSON.stringify(name);
      this.set("peer", name, this.isLost(`peer ${name}`, connected), {
        raised: `Federation peer ${shown} (${addr}) is lost`,
        ok: `Federation peer ${shown} is back`,
      });
    }
    for (const { broker, connected, error } of brokers) {
      this.set("broker", broker, this.isLost(`broker ${broker}`, connected), {
        raised: `MQTT broker ${broker} is lost${error === null ? "" : `: ${error}`}`,
        ok: `MQTT broker ${broker} is back`,
      });
    }
    this.leaveOut("peer", new Set(peers.map(({ name }) => name)));
    this.leaveOut("broker", new Set(brokers.map(({ broker }) => broker)));
  }

  /** Messages cannot be stored, or with null, can be again. */
  store(error: RoomError | null): void {
    if (this.storeCode !== "" && error?.code !== this.storeCode) {
      this.set("store", this.storeCode, false, { raised: "", ok: "Messages are stored again" });
    }
    this.storeCode = error?.code ?? "";
    if (error !== null) {
      this.set("store", error.code, true, { raised: `Messages are not stored (${error.code})`, ok: "" });
    }
  }

  /** What a reload has removed is nobody's trouble any more. */
  private leaveOut(what: TroubleKind, configured: ReadonlySet<string>): void {
    for (const key of this.away.keys()) {
      const id = key.startsWith(`${what} `) ? key.slice(what.length + 1) : null;
      if (id === null || configured.has(id)) continue;
      this.away.delete(key);
      this.set(what, id, false, { raised: "", ok: `${id} is no longer configured` });
    }
  }

  private lookAtDuty({ id, connected, airtime_percent: used }: BoardFacts): void {
    const allowed = this.sources.dutyCyclePercent(id);
    if (!connected || used === null || allowed >= 100) return;
    const bound = this.standing.has(`duty_cycle ${id}`) ? FREE_AGAIN : USED_UP;
    this.set("duty_cycle", id, used >= bound * allowed, {
      raised: `Board "${id}" has used up its duty cycle: ${used} % of ${allowed} % of the last hour`,
      ok: `Board "${id}" may transmit again: ${used} % of ${allowed} % of the last hour`,
    });
  }

  private isLost(key: string, isConnected: boolean): boolean {
    if (isConnected) {
      this.away.delete(key);
      return false;
    }
    const nowMs = this.sources.clock.nowMs();
    const sinceMs = this.away.get(key) ?? nowMs;
    this.away.set(key, sinceMs);
    return nowMs - sinceMs >= this.sources.settings().lostAfterS * 1000;
  }

  private set(what: TroubleKind, id: string, isRaised: boolean, texts: { raised: string; ok: string }): void {
    const key = `${what} ${id}`;
    const before = this.standing.get(key);
    if (isRaised === (before !== undefined)) return;
    const state = isRaised ? "raised" : "ok";
    const text = texts[state];
    const since = before === undefined ? believableUnixS(this.sources.clock) || null : before.since;
    const view: AlertView = { what, id, name: id, text, since };
    if (isRaised) this.standing.set(key, view);
    else this.standing.delete(key);
    this.tell({ what, id, state, text }, view);
  }
}
