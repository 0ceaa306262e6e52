import { bytesToHex } from "../../protocol/bytes.ts";
import { utf8Decode } from "../../protocol/utf8.ts";
import { believableUnixS, type Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import { RoomError } from "../errors.ts";
import type { Events, HeardPacket } from "../events.ts";
import type { Log } from "../log.ts";
import { storeSentence } from "../room/store-errors.ts";
import { noHabit, usualGapS, withGap } from "./habit.ts";
import { type HeardAdvert, heardAdvert } from "./heard-advert.ts";
import { Listening } from "./listening.ts";
import { type NodeDetail, type NodeView, nodeType } from "./node.ts";
import type { NodeStore, StoredNode } from "./node-store.ts";

export interface NodesParts {
  store: NodeStore;
  events: Events;
  clock: Clock;
  log: Log;
  /** `nodes` of the configuration as it is now. */
  settings: () => Config["nodes"];
  /** Public keys of our own boards as far as they are known, hex. */
  own: () => ReadonlySet<string>;
}

/** A node in memory: the moments of this run are monotonic ones, so that they move along when our clock is set. */
export interface KnownNode extends StoredNode {
  firstMs: number | null;
  lastMs: number | null;
}

const FLUSH_MS = 10_000;
/** How often we look who is to be forgotten, and whether our clock was set. */
const TIDY_MS = 60_000;
/** So often the time listened is written where nothing else is. */
const SAVE_LISTENED_MS = 600_000;
/** Another board may hear the same advert so much later, by repeaters. */
const SAME_ADVERT_MS = 60_000;
/** A node whose clock was further ahead than that was wrong: it may go back. */
const AHEAD_S = 86_400;
const CLOCK_JUMP_MS = 5000;

/** The nodes of the mesh: all of whom a verified advert was heard, in memory and, a few seconds later, on the disk. */
export class Nodes {
  readonly listening: Listening;
  private readonly parts: NodesParts;
  private readonly store: NodeStore;
  private readonly known = new Map<string, KnownNode>();
  private readonly dirty = new Set<KnownNode>();
  private gone: string[] = [];
  private cancelFlush: (() => void) | null = null;
  private savedMs: number;
  private offsetMs: number;
  private trouble = "";

  /** Throws RoomError `store_...`. */
  constructor(parts: NodesParts) {
    this.parts = parts;
    this.store = parts.store;
    const { nodes, listenedMs } = this.store.load();
    for (const node of nodes) this.known.set(node.id, { ...node, firstMs: null, lastMs: null });
    this.listening = new Listening(listenedMs);
    this.savedMs = parts.clock.nowMs();
    this.offsetMs = this.offset();
  }

  /** Returns the stop, after which everything is on the disk. */
  start(): () => void {
    const { events, clock } = this.parts;
    const offs = [
      events.on("heard", (packet) => this.hear(packet)),
      events.on("board", ({ board, connected }) => this.listening.board(board, connected, clock.nowMs())),
    ];
    let cancel = (): void => undefined;
    const tidy = (): void => {
      this.tidy();
      cancel = clock.after(TIDY_MS, tidy);
    };
    cancel = clock.after(TIDY_MS, tidy);
    return () => {
      for (const off of offs) off();
      cancel();
      this.cancelFlush?.();
      this.flush();
    };
  }

  count(): number {
    return this.known.size;
  }

  get(id: string): KnownNode | undefined {
    return this.known.get(id);
  }

  all(): Iterable<KnownNode> {
    return this.known.values();
  }

  /** The last heard first. */
  list(): NodeDetail[] {
    const own = this.parts.own();
    const nodes = [...this.known.values()].sort((a, b) => b.heardAt - a.heardAt);
    return nodes.map((node) => this.detail(node, own.has(node.id)));
  }

  view(node: KnownNode): NodeView {
    const position = node.latE6 === null || node.lonE6 === null ? null : { lat: node.latE6, lon: node.lonE6 };
    return {
      ...{ node_id: node.id, name: node.name, type: nodeType(node.type) },
      ...{ lat: position && position.lat / 1e6, lon: position && position.lon / 1e6 },
      last_seen: this.lastSeen(node),
      ...{ rssi: node.rssi, snr: node.snr, hops: node.hops, battery_mv: node.batteryMv },
    };
  }

  /** Unix seconds, null while that is not known. */
  lastSeen(node: KnownNode): number | null {
    return seconds(this.unixOf(node.lastMs, node.lastAt));
  }

  /** Seconds that were listened in vain. */
  silentForS(node: KnownNode): number {
    return Math.max(0, this.listenedMs() - node.heardAt) / 1000;
  }

  listenedMs(): number {
    return this.listening.atMs(this.parts.clock.nowMs());
  }

  /** Notes that the node is reported as silent, or is not any more. */
  setSilent(node: KnownNode, isSilent: boolean): void {
    node.silentAt = isSilent ? this.listenedMs() : null;
    this.touch(node);
  }

  private hear({ packet, board, rssi, snr }: HeardPacket): void {
    const heard = heardAdvert(packet);
    if (heard === null) return;
    const id = bytesToHex(heard.advert.publicKey);
    const before = this.known.get(id);
    const signal = { board, rssi, snr, hops: heard.hops, path: heard.path };
    if (before === undefined) {
      this.add(id, heard, signal);
      return;
    }
    const { timestamp } = heard.advert;
    if (timestamp === before.timestamp) this.hearAgain(before, signal);
    else if (timestamp > before.timestamp || this.wasAhead(before, timestamp)) this.update(before, heard, signal);
  }

  private add(id: string, heard: HeardAdvert, signal: Signal): void {
    this.makeSpace();
    const nowMs = this.parts.clock.nowMs();
    const node: KnownNode = {
      ...{ id, ...claims(heard), ...signal, adverts: 1, batteryMv: null, habit: noHabit() },
      ...{ firstAt: null, lastAt: null, firstMs: nowMs, lastMs: nowMs, heardAt: this.listenedMs(), silentAt: null },
    };
    this.known.set(id, node);
    this.gone = this.gone.filter((other) => other !== id);
    this.tell(node);
  }

  private update(node: KnownNode, heard: HeardAdvert, signal: Signal): void {
    const listenedMs = this.listenedMs();
    const gapS = Math.max(0, Math.round((listenedMs - node.heardAt) / 100) / 10);
    Object.assign(node, claims(heard), signal, {
      adverts: node.adverts + 1,
      habit: withGap(node.habit, gapS, Math.round(listenedMs / 1000)),
      heardAt: listenedMs,
      lastMs: this.parts.clock.nowMs(),
    });
    this.tell(node);
  }

  /** The advert that is known already. By a shorter way, or better, from another board of ours it says how well the node is heard. */
  private hearAgain(node: KnownNode, signal: Signal): void {
    const isRecent = node.lastMs !== null && this.parts.clock.nowMs() - node.lastMs < SAME_ADVERT_MS;
    const isBetter = signal.hops < node.hops || (signal.hops === node.hops && (signal.snr ?? -99) > (node.snr ?? -99));
    if (!isRecent || !isBetter) return;
    Object.assign(node, signal);
    this.tell(node);
  }

  /** Adverts only ever grow newer (MeshCore: BaseChatMesh), or somebody would send old ones again. But a clock is set right one day. */
  private wasAhead({ timestamp }: KnownNode, fresh: number): boolean {
    const nowS = believableUnixS(this.parts.clock);
    return nowS > 0 && timestamp > nowS + AHEAD_S && fresh <= nowS + AHEAD_S;
  }

  /** Anybody can make up keys. Those that were heard once go first. */
  private makeSpace(): void {
    while (this.known.size >= this.parts.settings().max) {
      let victim: KnownNode | null = null;
      for (const node of this.known.values()) if (victim === null || goesBefore(node, victim)) victim = node;
      if (victim === null) return;
      this.forget(victim);
    }
  }

  private forget(node: KnownNode): void {
    this.known.delete(node.id);
    this.dirty.delete(node);
    this.gone.push(node.id);
    this.parts.events.emit("nodeForgotten", { node_id: node.id });
    this.schedule();
  }

  private tell(node: KnownNode): void {
    this.touch(node);
    this.parts.events.emit("node", this.view(node));
  }

  private touch(node: KnownNode): void {
    this.dirty.add(node);
    this.schedule();
  }

  private schedule(): void {
    this.cancelFlush ??= this.parts.clock.after(FLUSH_MS, () => this.flush());
  }

  private flush(): void {
    this.cancelFlush = null;
    for (const node of this.dirty) {
      node.firstAt = this.unixOf(node.firstMs, node.firstAt);
      node.lastAt = this.unixOf(node.lastMs, node.lastAt);
    }
    try {
      this.store.save([...this.dirty], this.gone, this.listenedMs());
    } catch (error) {
      this.fail(error);
      return;
    }
    this.dirty.clear();
    this.gone = [];
    this.savedMs = this.parts.clock.nowMs();
    if (this.trouble !== "") this.parts.log.info("nodes are stored again");
    this.trouble = "";
  }

  /** What could not be written stays in memory and is tried again with the next. */
  private fail(error: unknown): void {
    const code = error instanceof RoomError ? error.code : String(error);
    if (code !== this.trouble) this.parts.log.error(`nodes cannot be stored: ${storeSentence(error)}`);
    this.trouble = code;
  }

  private tidy(): void {
    const oldest = this.listenedMs() - this.parts.settings().forgetAfterS * 1000;
    for (const node of [...this.known.values()]) if (node.heardAt < oldest) this.forget(node);
    const offset = this.offset();
    if (Math.abs(offset - this.offsetMs) > CLOCK_JUMP_MS) {
      for (const node of this.known.values()) if (node.lastMs !== null) this.touch(node);
    }
    this.offsetMs = offset;
    if (this.trouble !== "" || this.parts.clock.nowMs() - this.savedMs >= SAVE_LISTENED_MS) this.schedule();
  }

  private offset(): number {
    return this.parts.clock.unixMs() - this.parts.clock.nowMs();
  }

  /** Unix milliseconds of a moment of this run, else what was stored. */
  private unixOf(ms: number | null, stored: number | null): number | null {
    const { clock } = this.parts;
    if (ms === null) return stored;
    return believableUnixS(clock) === 0 ? null : Math.round(clock.unixMs() - (clock.nowMs() - ms));
  }

  private detail(node: KnownNode, own: boolean): NodeDetail {
    const { gaps, absences } = node.habit;
    const round = (s: number): number => Math.round(s);
    const usual = usualGapS(node.habit);
    return {
      ...this.view(node),
      first_seen: seconds(this.unixOf(node.firstMs, node.firstAt)),
      ...{ board: node.board, path: node.path, adverts: node.adverts, own },
      heard_every_s: usual === null ? null : round(usual),
      longest_gap_s: gaps.length === 0 ? null : round(Math.max(...gaps, ...absences.map(({ s }) => s))),
      silent: node.silentAt !== null,
    };
  }
}

type Signal = Pick<StoredNode, "board" | "rssi" | "snr" | "hops" | "path">;

/** What the node says of itself. */
function claims({ advert }: HeardAdvert) {
  const { timestamp, type, hasLocation, latE6, lonE6 } = advert;
  const isPlace = hasLocation && Math.abs(latE6) <= 90e6 && Math.abs(lonE6) <= 180e6 && (latE6 !== 0 || lonE6 !== 0);
  const name = utf8Decode(advert.name).replace(/\p{Cc}/gu, "");
  return { timestamp, type, name, latE6: isPlace ? latE6 : null, lonE6: isPlace ? lonE6 : null };
}

function goesBefore(one: KnownNode, other: KnownNode): boolean {
  const [once, otherOnce] = [one.adverts < 2, other.adverts < 2];
  return once === otherOnce ? one.heardAt < other.heardAt : once;
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.floor(ms / 1000));
