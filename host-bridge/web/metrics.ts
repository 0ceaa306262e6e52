import { Counter, Gauge, Registry } from "prom-client";
import type { Principal } from "../auth/principal.ts";
import type { Events } from "../events.ts";
import type { Rooms } from "../room/rooms.ts";
import type { BrokerStatus, PeerStatus, Status } from "./status.ts";

/** Scrapers are many and their numbers travel: they get what a stranger may know of rooms, whoever asks. */
const STRANGER: Principal = { kind: "anonymous", role: "read", rooms: null, token: null };

/** Numbers for Prometheus. Private rooms are in none of them, neither by name nor as part of a sum. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly status: (principal: Principal) => Status;
  private readonly off: () => void;

  constructor(parts: { status: (principal: Principal) => Status; events: Events; rooms: Rooms }) {
    this.status = parts.status;
    const registers = [this.registry];
    const messages = new Counter({
      ...{ name: "meshcore_room_messages_total", help: "Messages of public rooms since the start, by door" },
      ...{ labelNames: ["room", "via"], registers },
    });
    this.off = parts.events.on("message", ({ room, via }) => {
      if (parts.rooms.get(room)?.isPrivate === false) messages.inc({ room, via });
    });
  }

  async text(): Promise<string> {
    const { version, uptime_s, rooms, boards, clients, nodes, mqtt, federation } = this.status(STRANGER);
    this.set("info", "This server's version", [[{ version }, 1]]);
    this.set("uptime_seconds", "Since the daemon started", [[{}, uptime_s]]);
    this.set("memory_bytes", "Resident memory of the daemon", [[{}, process.memoryUsage.rss()]]);
    this.set("clients", "Connected clients", [[{}, clients]]);
    this.set("nodes", "Nodes of the mesh that were heard", [[{}, nodes]]);
    this.set(
      "room_clients",
      "Clients that joined the room",
      rooms.map(({ name, clients: n }) => [{ room: name }, n]),
    );
    this.set(
      "room_history",
      "Messages kept",
      rooms.map(({ name, messages }) => [{ room: name }, messages]),
    );
    this.set(
      "room_rebroadcast",
      "Messages of peers since the start, by what became of them on the air",
      rooms.flatMap(({ name, rebroadcast: { sent, not_sent } }) => {
        return Object.entries({ sent, ...not_sent }).map(([outcome, n]): [Record<string, string>, number] => {
          return [{ room: name, outcome }, n];
        });
      }),
    );
    this.set(
      "room_rebroadcast_airtime_seconds",
      "Time on air of messages of peers since the start",
      rooms.map(({ name, rebroadcast }) => [{ room: name }, rebroadcast.airtime_ms / 1000]),
    );
    const ofBoards = (name: string, help: string, value: (board: Status["boards"][number]) => number | null): void =>
      this.set(
        `board_${name}`,
        help,
        boards.map((board) => [{ board: board.id }, value(board)]),
      );
    ofBoards("connected", "1 when the board is there", ({ connected }) => (connected ? 1 : 0));
    ofBoards("rx_packets", "Packets received", ({ rx_packets }) => rx_packets);
    ofBoards("tx_packets", "Packets sent", ({ tx_packets }) => tx_packets);
    ofBoards("airtime_percent", "Of the last hour", ({ airtime_percent }) => airtime_percent);
    ofBoards("noise_floor_dbm", "Noise floor", ({ noise_floor_dbm }) => noise_floor_dbm);
    ofBoards("tx_queue", "Packets that wait for the air", ({ tx_queue }) => tx_queue);
    ofBoards("link_errors", "Bad frames on the serial link", ({ link_errors }) => link_errors);
    ofBoards("radio_recoveries", "Times that the radio chip had to be reset", ({ faults }) => faults.radio_recoveries);
    this.set(
      "board_radio_faults",
      "What went wrong with the radio chip",
      boards.flatMap(({ id: board, faults }) =>
        Object.entries(faults.radio ?? {}).map(([reason, count]): [Record<string, string>, number] => [
          { board, reason },
          count,
        ]),
      ),
    );
    this.set("mqtt_connected", "1 when every broker is there", [[{}, mqtt.connected ? 1 : 0]]);
    const ofBrokers = (name: string, help: string, value: (broker: BrokerStatus) => number): void =>
      this.set(
        `mqtt_broker_${name}`,
        help,
        mqtt.brokers.map((broker) => [{ broker: broker.broker }, value(broker)]),
      );
    ofBrokers("connected", "1 when the broker is there", ({ connected }) => (connected ? 1 : 0));
    ofBrokers("published", "Messages that it acknowledged since the start", ({ published }) => published);
    ofBrokers("queue", "Messages that came in and are not through", ({ queue_depth }) => queue_depth);
    ofBrokers("dropped", "Messages that left the history before it had them", ({ dropped }) => dropped);
    ofBrokers("refused", "Publications that it did not want", ({ refused }) => refused);
    this.set("peers_connected", "Federation peers", [[{}, federation.peers.filter((peer) => peer.connected).length]]);
    const { backbone } = federation;
    if (backbone !== undefined) {
      this.set("backbone_connected", "1 when the hub's NATS servers are there", [[{}, backbone.connected ? 1 : 0]]);
      this.set("backbone_behind", "Messages of the hub's stream that were not read yet", [[{}, backbone.behind]]);
    }
    const ofPeers = (name: string, help: string, value: (peer: PeerStatus) => number | null): void =>
      this.set(
        `peer_${name}`,
        help,
        federation.peers.map((peer) => [{ peer: peer.name }, value(peer)]),
      );
    ofPeers("connected", "1 when the peer is there", ({ connected }) => (connected ? 1 : 0));
    ofPeers("latency_seconds", "Of the last echo", ({ latency_ms: ms }) => (ms === null ? null : ms / 1000));
    ofPeers("queue", "Messages that the peer has not confirmed", ({ queue_depth }) => queue_depth);
    ofPeers("sent", "Messages sent since the start", ({ sent }) => sent);
    ofPeers("received", "Messages received since the start", ({ received }) => received);
    ofPeers("duplicates", "Of these, already known", ({ duplicates }) => duplicates);
    ofPeers("refused", "Of these, refused", ({ refused }) => refused);
    return this.registry.metrics();
  }

  stop(): void {
    this.off();
  }

  private set(name: string, help: string, values: [Record<string, string>, number | null][]): void {
    const full = `meshcore_${name}`;
    let gauge = this.registry.getSingleMetric(full) as Gauge<string> | undefined;
    // The first value tells the names of the labels.
    if (gauge === undefined && values.length === 0) return;
    gauge ??= new Gauge({
      name: full,
      help,
      labelNames: Object.keys(values[0]?.[0] ?? {}),
      registers: [this.registry],
    });
    // What is gone is not shown with its last value.
    gauge.reset();
    for (const [labels, value] of values) if (value !== null) gauge.set(labels, value);
  }
}
