import type { NodeAlert, NodeView } from "../nodes/node.ts";
import type { State } from "./broker.ts";

/** Topics that were cleared and are still told to brokers that come back. Anybody can make up nodes, so there is a most. */
const MAX_CLEARED = 1000;

/** What stands on the retained topics of nodes and alerts: the newest of each. */
export class States {
  /** By topic. */
  readonly all = new Map<string, State>();
  private cleared: string[] = [];
  private readonly changed: (name: string) => void;

  /** `changed` is told of each change after it. */
  constructor(changed: (name: string) => void) {
    this.changed = changed;
  }

  node(node: NodeView): void {
    this.set({ topic: "node", about: node.node_id, payload: JSON.stringify(node) });
  }

  alert(alert: NodeAlert): void {
    this.set({ topic: "alert", about: alert.node_id, payload: JSON.stringify(alert) });
  }

  forget(nodeId: string): void {
    this.set({ topic: "node", about: nodeId, payload: null });
    this.set({ topic: "alert", about: nodeId, payload: null });
  }

  private set(state: State): void {
    const name = `${state.topic} ${state.about}`;
    this.all.set(name, state);
    if (state.payload === null) this.clear(name);
    this.changed(name);
  }

  private clear(name: string): void {
    this.cleared.push(name);
    const oldest = this.cleared.length > MAX_CLEARED ? this.cleared.shift() : undefined;
    // It may have come back meanwhile.
    if (oldest !== undefined && this.all.get(oldest)?.payload === null) this.all.delete(oldest);
  }
}
