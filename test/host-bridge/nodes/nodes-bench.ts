// Nodes of the mesh with keys of their own, and a table of nodes in virtual time.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Clock } from "../../../host-bridge/clock.ts";
import { Events } from "../../../host-bridge/events.ts";
import type { NodeView } from "../../../host-bridge/nodes/node.ts";
import { NodeStore } from "../../../host-bridge/nodes/node-store.ts";
import { Nodes } from "../../../host-bridge/nodes/nodes.ts";
import { APP_AT, encodeAppData, SIGNATURE_AT, signedMessage, TIMESTAMP_AT } from "../../../protocol/advert.ts";
import { bytesToHex, writeU32 } from "../../../protocol/bytes.ts";
import { encodePacket, ROUTE_FLOOD, TYPE_ADVERT } from "../../../protocol/packet.ts";
import { FakeClock } from "../fake-clock.ts";
import { keptLog } from "../kept-log.ts";

export interface Said {
  name?: string;
  type?: number;
  latE6?: number;
  lonE6?: number;
  /** One-byte hashes. */
  path?: number[];
}

export class TestNode {
  readonly id: string;
  private readonly publicKey: Uint8Array;
  private readonly privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.publicKey = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    this.privateKey = privateKey;
    this.id = bytesToHex(this.publicKey);
  }

  /** A flood packet as it goes on air. */
  advert(timestamp: number, { name = "Hill", type = 2, latE6 = 0, lonE6 = 0, path = [] }: Said = {}): Uint8Array {
    const app = encodeAppData(type, latE6, lonE6, new TextEncoder().encode(name));
    const payload = new Uint8Array(APP_AT + app.length);
    payload.set(this.publicKey);
    writeU32(payload, TIMESTAMP_AT, timestamp);
    payload.set(app, APP_AT);
    payload.set(sign(null, signedMessage(payload, 0, payload.length), this.privateKey), SIGNATURE_AT);
    return encodePacket({ route: ROUTE_FLOOD, type: TYPE_ADVERT, path: Uint8Array.from(path), payload });
  }
}

/** The wall clock of FakeClock may be set, as NTP does it. */
export class SettableClock implements Clock {
  readonly inner = new FakeClock();
  jumpMs = 0;

  nowMs(): number {
    return this.inner.nowMs();
  }

  unixMs(): number {
    return this.inner.unixMs() + this.jumpMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    return this.inner.after(delayMs, fn);
  }

  unixS(): number {
    return Math.floor(this.unixMs() / 1000);
  }
}

export class NodesBench {
  readonly lines: string[] = [];
  readonly log = keptLog(this.lines);
  readonly events = new Events(this.log);
  readonly clock: SettableClock;
  readonly told: NodeView[] = [];
  readonly forgotten: string[] = [];
  readonly settings = { forgetAfterS: 86_400, max: 100 };
  readonly own = new Set<string>();
  readonly store: NodeStore;
  readonly nodes: Nodes;
  private readonly stopNodes: () => void;

  /** On a new clock whose monotonic side begins anew too, as with a new process. */
  constructor(dataDir: string, clock = new SettableClock()) {
    this.clock = clock;
    this.events.on("node", (view) => void this.told.push(view));
    this.events.on("nodeForgotten", ({ node_id }) => void this.forgotten.push(node_id));
    const { events, log, settings, own } = this;
    this.store = NodeStore.open(dataDir);
    const { store } = this;
    this.nodes = new Nodes({ store, events, clock, log, settings: () => settings, own: () => own });
    this.stopNodes = this.nodes.start();
    this.board(true);
  }

  board(connected: boolean, board = "b1"): void {
    this.events.emit("board", { board, connected, error: null });
  }

  hear(packet: Uint8Array, signal: { board?: string; rssi?: number | null; snr?: number | null } = {}): void {
    this.events.emit("heard", { ...{ board: "b1", rssi: -90, snr: 5 }, ...signal, packet });
  }

  wait(seconds: number): void {
    this.clock.inner.advance(seconds * 1000);
  }

  stop(): void {
    this.stopNodes();
    this.store.close();
  }
}
