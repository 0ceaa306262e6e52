// The MQTT part on a real store, without the rest of a daemon.
import { systemClock } from "../../../host-bridge/clock.ts";
import type { BrokerConfig, Config, RoomConfig } from "../../../host-bridge/config/schema.ts";
import type { Log } from "../../../host-bridge/log.ts";
import { Mqtt } from "../../../host-bridge/mqtt/mqtt.ts";
import type { NodeView } from "../../../host-bridge/nodes/node.ts";
import type { Status } from "../../../host-bridge/web/status.ts";
import { keyOf, openRooms, post, testRoom } from "../room/rooms-bench.ts";
import { testConfig } from "../web/server-bench.ts";

export function openMqtt(dir: string, rooms: RoomConfig[], brokers: BrokerConfig[], fields: Partial<Config> = {}) {
  const lines: string[] = [];
  const say =
    (level: string) =>
    (text: string): void =>
      void lines.push(`[${level}] ${text}`);
  const log: Log = {
    ...{ debug: () => undefined, info: say("INFO"), warn: say("WARN"), error: say("ERROR") },
    setLevel: () => undefined,
  };
  const config = testConfig(dir, { rooms, mqtt: { enabled: true, brokers }, ...fields });
  const list = rooms.map((room) => testRoom(room.name, room));
  const { store, events, rooms: open } = openRooms(dir, systemClock, list, log);
  const known: NodeView[] = [];
  const mqtt = new Mqtt({
    ...{ config, rooms: open, store, events, clock: systemClock, log, random: Math.random },
    nodes: () => known,
    status: (): Status => ({
      ...{ name: "here", version: "0", uptime_s: 0, rooms: [], boards: [], federation: { enabled: false, peers: [] } },
      ...{ mqtt: mqtt.status(), nodes: 0, silent_nodes: 0, alerts: [], clients: 0, history_error: null },
    }),
  });
  let stopMqtt = async (): Promise<void> => undefined;
  return {
    ...{ mqtt, events, store, lines, config, known },
    start: () => {
      stopMqtt = mqtt.start();
    },
    say: async (room: string, text: string) => post(open, open.get(room) ?? list[0], "Ann", text),
    broker: () => mqtt.status().brokers[0],
    stop: async () => {
      await stopMqtt();
      open.stop();
      store.close();
    },
  };
}

export const nodeView = (name: string, fields: Partial<NodeView> = {}): NodeView => ({
  ...{ node_id: Buffer.from(keyOf(name, 32)).toString("hex"), name, type: "repeater", lat: 47.37, lon: 8.54 },
  ...{ last_seen: 1_790_000_000, rssi: -101, snr: 4.5, hops: 2, battery_mv: null, ...fields },
});
