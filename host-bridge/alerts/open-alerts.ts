import type { Config } from "../config/schema.ts";
import type { Events } from "../events.ts";
import type { Keeper } from "../link/keeper.ts";
import { Stops } from "../stops.ts";
import { Alerts, type AlertsParts } from "./alerts.ts";
import { type HookShelf, Webhook, type WebhookParts } from "./webhook.ts";

type Parts = Omit<AlertsParts, "name" | "settings" | "notify" | "boards" | "dutyCyclePercent"> &
  Pick<WebhookParts, "random"> & {
    /** As it is now; a reload changes it. */
    config: Config;
    keepers: readonly Keeper[];
    events: Events;
    shelf: HookShelf;
  };

/** Alerts and the webhook that tells them, put together. Nothing works before start(), which returns the stop. */
export function openAlerts(parts: Parts): { alerts: Alerts; webhook: Webhook; start(): () => Promise<void> } {
  const settings = (): Config["alerts"] => parts.config.alerts;
  const webhook = new Webhook({ ...parts, settings });
  const alerts = new Alerts({
    ...{ ...parts, settings, name: parts.config.name },
    boards: () => parts.keepers.map((keeper) => keeper.status()),
    dutyCyclePercent: (board) => (parts.keepers.find(({ id }) => id === board)?.radio.dutyPermille ?? 1000) / 10,
    notify: (key, notice) => webhook.notify(key, notice),
  });
  const start = (): (() => Promise<void>) => {
    const stops = new Stops();
    stops.push(webhook.start());
    stops.push(alerts.start());
    return () => stops.end();
  };
  return { alerts, webhook, start };
}
