// After how long a node's silence is worth an alert.
import type { Config } from "../config/schema.ts";
import { habitLimitS } from "../nodes/habit.ts";
import { nodeType } from "../nodes/node.ts";
import type { KnownNode } from "../nodes/nodes.ts";

type Settings = Config["alerts"];
type Override = Settings["nodes"][number];

/** Who is heard every few seconds is not reported before that, where `silent_after_s` allows it. */
const SOONEST_S = 600;

/** The seconds without it after which the node is silent; Infinity for one that nobody watches. */
export function silenceLimitS(node: KnownNode, settings: Settings, nowS: number): number {
  const own = overrideOf(node.id, settings.nodes);
  if (own?.ignore === true) return Number.POSITIVE_INFINITY;
  if (own !== undefined && own.silentAfterS !== null) return own.silentAfterS;
  if (settings.types.length > 0 && !settings.types.includes(nodeType(node.type))) return Number.POSITIVE_INFINITY;
  const habit = habitLimitS(node.habit, nowS);
  const { silentAfterS } = settings;
  if (habit === null) return silentAfterS;
  // What a node does usually says more than one number for all; a guess can only give it more time.
  return Math.max(habit.s, habit.isKnown ? Math.min(silentAfterS, SOONEST_S) : silentAfterS);
}

/** The one that names the node most exactly. */
function overrideOf(id: string, overrides: readonly Override[]): Override | undefined {
  let found: Override | undefined;
  for (const one of overrides) {
    if (id.startsWith(one.node) && one.node.length >= (found?.node.length ?? 0)) found = one;
  }
  return found;
}
