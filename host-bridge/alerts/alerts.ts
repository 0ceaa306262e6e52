import { believableUnixS, type Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import { duration } from "../duration.ts";
import type { Events } from "../events.ts";
import type { Log } from "../log.ts";
import type { NodeAlert } from "../nodes/node.ts";
import type { KnownNode, Nodes } from "../nodes/nodes.ts";
import type { AlertView, Notice, Trouble } from "./alert.ts";
import { silenceLimitS } from "./silence.ts";
import { type TroubleSources, Troubles } from "./troubles.ts";

export interface AlertsParts extends TroubleSources {
  /** Of this server. */
  name: string;
  nodes: Nodes;
  events: Events;
  clock: Clock;
  log: Log;
  /** `alerts` of the configuration as it is now. */
  settings: () => Config["alerts"];
  /** Takes what a webhook is to be told. `key` is the same for an alert and its end. */
  notify: (key: string, notice: Notice) => void;
}

const TICK_MS = 1000;

/** Watches nodes, boards, peers and the disk; tells everybody when one is not as it should be, and when it is again. */
export class Alerts {
  private readonly parts: AlertsParts;
  private readonly troubles: Troubles;
  /** When each node is looked at again, in milliseconds listened; those that are silent wait for an advert. */
  private readonly due = new Map<string, number>();

  constructor(parts: AlertsParts) {
    this.parts = parts;
    this.troubles = new Troubles(parts, (trouble, view) => this.onTrouble(trouble, view));
  }

  /** Returns the stop. */
  start(): () => void {
    const { events, clock, nodes } = this.parts;
    const lookAtAll = (): void => {
      for (const node of nodes.all()) this.look(node);
    };
    const offs = [
      events.on("node", ({ node_id }) => {
        const node = nodes.get(node_id);
        if (node !== undefined) this.look(node);
      }),
      events.on("nodeForgotten", ({ node_id }) => void this.due.delete(node_id)),
      events.on("config", lookAtAll),
      events.on("store", ({ error }) => this.troubles.store(error)),
    ];
    lookAtAll();
    let cancel = (): void => undefined;
    const tick = (): void => {
      cancel = clock.after(TICK_MS, tick);
      const listenedMs = nodes.listenedMs();
      for (const [id, dueMs] of this.due) {
        const node = listenedMs >= dueMs ? nodes.get(id) : undefined;
        if (node !== undefined) this.look(node);
      }
      this.troubles.look();
    };
    cancel = clock.after(TICK_MS, tick);
    return () => {
      cancel();
      for (const off of offs) off();
    };
  }

  /** The alerts that stand: our own troubles, and then silent nodes, the last heard first. */
  list(): AlertView[] {
    const silent = this.silent().sort((a, b) => b.heardAt - a.heardAt);
    return [...this.troubles.list(), ...silent.map((node) => this.viewOf(node))];
  }

  /** Every node that is silent now. */
  silentNodes(): NodeAlert[] {
    return this.silent().map((node) => this.alertOf(node));
  }

  private silent(): KnownNode[] {
    return [...this.parts.nodes.all()].filter(({ silentAt }) => silentAt !== null);
  }

  private look(node: KnownNode): void {
    const { nodes, settings } = this.parts;
    const limitS = silenceLimitS(node, settings(), Math.round(nodes.listenedMs() / 1000));
    const isSilent = nodes.silentForS(node) >= limitS;
    this.due.set(node.id, isSilent ? Number.POSITIVE_INFINITY : node.heardAt + limitS * 1000);
    if (isSilent === (node.silentAt !== null)) return;
    nodes.setSilent(node, isSilent);
    this.onNode(node);
  }

  private onNode(node: KnownNode): void {
    const { events, log } = this.parts;
    const alert = this.alertOf(node);
    const view = this.viewOf(node);
    if (alert.state === "silent") log.warn(view.text, { node: node.id });
    else log.info(view.text, { node: node.id });
    events.emit("alert", alert);
    this.notify(view, alert.state);
  }

  private onTrouble(trouble: Trouble, view: AlertView): void {
    const { events, log } = this.parts;
    // Of the store rooms.ts has said it, with what to do.
    const level = trouble.what === "store" ? "debug" : trouble.state === "raised" ? "warn" : "info";
    log[level](trouble.text);
    events.emit("trouble", trouble);
    this.notify(view, trouble.state);
  }

  private notify(view: AlertView, state: Notice["state"]): void {
    const time = believableUnixS(this.parts.clock) || null;
    const { what, id, name, text, since } = view;
    this.parts.notify(`${what} ${id}`, { server: this.parts.name, what, id, name, state, text, since, time });
  }

  private alertOf(node: KnownNode): NodeAlert {
    const isSilent = node.silentAt !== null;
    return {
      ...{ node_id: node.id, state: isSilent ? "silent" : "ok", last_seen: this.parts.nodes.lastSeen(node) },
      silent_for_s: isSilent ? Math.floor(this.parts.nodes.silentForS(node)) : 0,
    };
  }

  private viewOf(node: KnownNode): AlertView {
    const { nodes } = this.parts;
    const who = `Node ${JSON.stringify(node.name)} (${node.id.slice(0, 12)})`;
    const quietS = nodes.silentForS(node);
    const gapS = node.habit.gaps.at(-1);
    const text =
      node.silentAt !== null
        ? `${who} is silent: not heard for ${duration(quietS)}`
        : quietS > 0 || gapS === undefined
          ? `${who} is not reported as silent any more`
          : `${who} is heard again after ${duration(gapS)}`;
    return { what: "node", id: node.id, name: node.name, text, since: nodes.lastSeen(node) };
  }
}
