// Alerts over a real table of nodes in virtual time; boards and peers are what the test says.
import type { Notice, Trouble } from "../../../host-bridge/alerts/alert.ts";
import { Alerts } from "../../../host-bridge/alerts/alerts.ts";
import type { Config } from "../../../host-bridge/config/schema.ts";
import type { NodeAlert } from "../../../host-bridge/nodes/node.ts";
import { NodesBench, type SettableClock, type TestNode } from "../nodes/nodes-bench.ts";
import { follows } from "./schema.ts";

export type AlertSettings = Config["alerts"];

export const alertSettings = (fields: Partial<AlertSettings> = {}): AlertSettings => ({
  ...{ silentAfterS: 3600, lostAfterS: 300, types: [], nodes: [] },
  ...{ quietHours: null, webhook: null, webhookSecret: null },
  ...fields,
});

export class AlertsBench extends NodesBench {
  readonly alertSettings = alertSettings();
  readonly alerts: Alerts;
  /** Events, as `ab12... silent`. */
  readonly heardOf: NodeAlert[] = [];
  readonly troubles: Trouble[] = [];
  readonly notices: { key: string; notice: Notice }[] = [];
  boards = [{ id: "b1", connected: true, error: null as string | null, airtime_percent: 0 as number | null }];
  peers: { name: string; addr: string; connected: boolean }[] = [];
  brokers: { broker: string; connected: boolean; error: string | null }[] = [];
  private readonly stopAlerts: () => void;

  constructor(dataDir: string, clock?: SettableClock) {
    super(dataDir, clock);
    const { nodes, events, log } = this;
    events.on("node", (view) => follows("node", view));
    events.on("alert", (alert) => {
      follows("alert", alert);
      this.heardOf.push(alert);
    });
    events.on("trouble", (trouble) => void this.troubles.push(trouble));
    this.alerts = new Alerts({
      ...{ name: "here", nodes, events, clock: this.clock, log },
      settings: () => this.alertSettings,
      boards: () => this.boards,
      dutyCyclePercent: () => 10,
      peers: () => this.peers,
      brokers: () => this.brokers,
      notify: (key, notice) => {
        follows("webhook", notice);
        this.notices.push({ key, notice });
      },
    });
    this.stopAlerts = this.alerts.start();
  }

  /** States told of a node, in order. */
  statesOf({ id }: TestNode): string {
    return this.heardOf
      .filter(({ node_id }) => node_id === id)
      .map(({ state }) => state)
      .join(" ");
  }

  say(node: TestNode): void {
    this.hear(node.advert(this.clock.unixS()));
  }

  override stop(): void {
    this.stopAlerts();
    super.stop();
  }
}
