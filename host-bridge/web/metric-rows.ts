// Every metric of /metrics, one row each. Names by https://prometheus.io/docs/practices/naming/: base units, ratios
// instead of percentages, _total at the end of counters.
import { TROUBLES } from "../alerts/alert.ts";
import type { BoardFaults, RadioFaults } from "../link/keeper.ts";
import type { Via } from "../room/message.ts";
import type { BrokerStatus, PeerStatus, RoomStatus, Status } from "./status.ts";

/** Everything that the rows look at, at one instant. */
export interface Seen {
  /** As whoever scrapes may see it. */
  status: Status;
  /** Messages since the start. */
  messages: (room: string, via: Via) => number;
  /** What clients were refused since the start: at which door, with which code of docs/operate.md, how often. */
  refusals: readonly [door: string, code: string, count: number][];
  /** Verified adverts since the start. */
  adverts: number;
  alerts: Readonly<Record<"silent" | "ok", number>>;
  /** How the board heard the last packet. */
  lastHeard: (board: string) => { rssi: number; snr: number | null } | undefined;
  /** What an hour may hold at most, of the configuration. */
  dutyCyclePercent: (board: string) => number;
  /** Bytes of the history's files, and of the disk that they are on; null where there is none. */
  files: readonly [file: string, bytes: number][];
  disk: { free: number; size: number } | null;
  process: ProcessNumbers;
}

/** As every Prometheus client names them. */
export interface ProcessNumbers {
  cpuS: number;
  startUnixS: number;
  residentBytes: number;
  heapUsedBytes: number;
  heapTotalBytes: number;
  /** Null where the system does not tell. */
  openFiles: number | null;
  /** What the event loop has worked since the start of the process. */
  busyS: number;
  nodeVersion: string;
}

type Kind = "gauge" | "counter";
/** The values of the labels, in the order of their names; null is unknown and not shown. */
export type Sample = [labels: readonly string[], value: number | null];
export interface Row {
  kind: Kind;
  name: string;
  help: string;
  labels: readonly string[];
  samples: (seen: Seen) => Sample[];
}

type Board = Status["boards"][number];

const VIAS: readonly Via[] = ["radio", "client", "federation", "mqtt"];
const FAULTS = ["crc_errors", "header_errors", "malformed", "mac_failures", "tx_dropped", "radio_recoveries"] as const;

const one = (kind: Kind, name: string, help: string, value: (seen: Seen) => number | null): Row => {
  return { kind, name, help, labels: [], samples: (seen) => [[[], value(seen)]] };
};
const room = (kind: Kind, name: string, help: string, value: (room: RoomStatus) => number): Row => ({
  ...{ kind, name: `meshcore_room_${name}`, help, labels: ["room"] },
  samples: ({ status }) => status.rooms.map((each) => [[each.name], value(each)]),
});
const board = (kind: Kind, name: string, help: string, value: (board: Board, seen: Seen) => number | null): Row => ({
  ...{ kind, name: `meshcore_board_${name}`, help, labels: ["board"] },
  samples: (seen) => seen.status.boards.map((each) => [[each.id], value(each, seen)]),
});
const peer = (kind: Kind, name: string, help: string, value: (peer: PeerStatus) => number | null): Row => ({
  ...{ kind, name: `meshcore_peer_${name}`, help, labels: ["peer"] },
  samples: ({ status }) => status.federation.peers.map((each) => [[each.name], value(each)]),
});
const broker = (kind: Kind, name: string, help: string, value: (broker: BrokerStatus) => number): Row => ({
  ...{ kind, name: `meshcore_mqtt_${name}`, help, labels: ["broker"] },
  samples: ({ status }) => status.mqtt.brokers.map((each) => [[each.broker], value(each)]),
});
const ratio = (percent: number | null): number | null => (percent === null ? null : percent / 100);
const flag = (claim: boolean): number => (claim ? 1 : 0);

export const ROWS: readonly Row[] = [
  {
    ...{ kind: "gauge", name: "meshcore_info", help: "1, with the version of this server", labels: ["version"] },
    samples: ({ status }) => [[[status.version], 1]],
  },
  one("gauge", "meshcore_uptime_seconds", "Time since the daemon started", ({ status }) => status.uptime_s),
  one("gauge", "meshcore_clients", "Connected clients", ({ status }) => status.clients),
  one("gauge", "meshcore_nodes", "Nodes of the mesh that are known", ({ status }) => status.nodes),
  one("gauge", "meshcore_silent_nodes", "Nodes that are reported as silent", ({ status }) => status.silent_nodes),
  {
    ...{
      kind: "gauge",
      name: "meshcore_troubles",
      help: "Alerts that stand, by what they are about",
      labels: ["what"],
    },
    samples: ({ status }) =>
      TROUBLES.map((kind): Sample => [[kind], status.alerts.filter(({ what }) => what === kind).length]),
  },
  one("counter", "meshcore_adverts_total", "Verified adverts of nodes since the start", ({ adverts }) => adverts),
  {
    ...{ kind: "counter", name: "meshcore_node_alerts_total", help: "Alerts since the start, by state" },
    labels: ["state"],
    samples: ({ alerts }) => Object.entries(alerts).map(([state, count]) => [[state], count]),
  },

  {
    ...{ kind: "counter", name: "meshcore_room_messages_total", help: "Messages since the start, by door" },
    labels: ["room", "via"],
    samples: ({ status, messages }) =>
      status.rooms.flatMap(({ name }) => VIAS.map((via): Sample => [[name, via], messages(name, via)])),
  },
  room("gauge", "clients", "Clients that joined the room", ({ clients }) => clients),
  room("gauge", "participants", "Names that wrote in the last 24 hours or are here", ({ participants: n }) => n),
  room("gauge", "history_messages", "Messages kept", ({ messages }) => messages),
  room("gauge", "history_limit_messages", "Messages that are kept at most", ({ max_history: most }) => most),
  {
    ...{ kind: "counter", name: "meshcore_room_rebroadcasts_total", labels: ["room", "outcome"] },
    help: "Messages of peers since the start, by what became of them on the air",
    samples: ({ status }) =>
      status.rooms.flatMap(({ name, rebroadcast: { sent, not_sent } }) =>
        Object.entries({ sent, ...not_sent }).map(([outcome, n]): Sample => [[name, outcome], n]),
      ),
  },
  room("counter", "rebroadcast_airtime_seconds_total", "Time on air of messages of peers since the start", (each) => {
    return each.rebroadcast.airtime_ms / 1000;
  }),

  {
    ...{ kind: "gauge", name: "meshcore_history_file_bytes", help: "Size of the history's files", labels: ["file"] },
    samples: ({ files }) => files.map(([file, bytes]) => [[file], bytes]),
  },
  one("gauge", "meshcore_disk_free_bytes", "Free space where the history is", ({ disk }) => disk?.free ?? null),
  one("gauge", "meshcore_disk_size_bytes", "Size of the disk that the history is on", ({ disk }) => disk?.size ?? null),
  one("gauge", "meshcore_history_writable", "1 while messages can be stored", ({ status }) => {
    return flag(status.history_error === null);
  }),
  one("gauge", "meshcore_outbox_messages", "Posts that no board has sent yet", ({ status }) => status.outbox ?? null),

  board("gauge", "connected", "1 while the board is there", ({ connected }) => flag(connected)),
  board("gauge", "uptime_seconds", "Time since the board started", ({ uptime_s }) => uptime_s),
  board("counter", "rx_packets_total", "Packets received since the board started", ({ rx_packets }) => rx_packets),
  board("counter", "tx_packets_total", "Packets sent since the board started", ({ tx_packets }) => tx_packets),
  board("gauge", "airtime_ratio", "Share of the last hour that was spent on air", ({ airtime_percent }) => {
    return ratio(airtime_percent);
  }),
  board("gauge", "duty_cycle_limit_ratio", "Share of any hour that may be spent on air", ({ id }, seen) => {
    return ratio(seen.dutyCyclePercent(id));
  }),
  board("gauge", "noise_floor_dbm", "Noise floor", ({ noise_floor_dbm }) => noise_floor_dbm),
  board("gauge", "rssi_dbm", "Signal strength of the packet heard last", ({ id }, { lastHeard }) => {
    return lastHeard(id)?.rssi ?? null;
  }),
  board("gauge", "snr_db", "Signal to noise of the packet heard last", ({ id }, { lastHeard }) => {
    return lastHeard(id)?.snr ?? null;
  }),
  board("gauge", "tx_queue_packets", "Packets that wait for the air", ({ tx_queue }) => tx_queue),
  board("gauge", "memory_free_ratio", "Free share of the board's memory", ({ memory_free_percent: free }) => {
    return ratio(free);
  }),
  board("gauge", "clock_offset_seconds", "The board's clock less ours", ({ clock_offset_s }) => clock_offset_s),
  board("counter", "link_errors_total", "Bad frames on the serial link, at both ends", ({ link_errors: n }) => n),
  board("counter", "disconnects_total", "Times that the board's port went away", ({ disconnects }) => disconnects),
  board(
    "counter",
    "missed_messages_total",
    "Room messages that the board dropped before this host had them",
    (each) => {
      return each.missed;
    },
  ),
  perFault("faults_total", "What went wrong with a board", "fault", ({ faults }) =>
    FAULTS.map((fault: keyof BoardFaults & (typeof FAULTS)[number]) => [fault, faults[fault]]),
  ),
  perFault("radio_faults_total", "What went wrong with the radio chip", "reason", ({ faults: { radio } }) =>
    Object.entries((radio ?? {}) as Partial<RadioFaults>),
  ),

  one("gauge", "meshcore_peers", "Federation peers of the configuration", ({ status }) => {
    return status.federation.peers.length;
  }),
  one("gauge", "meshcore_peers_connected", "Federation peers that are there", ({ status }) => {
    return status.federation.peers.filter(({ connected }) => connected).length;
  }),
  peer("gauge", "connected", "1 while the peer is there", ({ connected }) => flag(connected)),
  peer("gauge", "latency_seconds", "Time that the last echo took", ({ latency_ms: ms }) =>
    ms === null ? null : ms / 1000,
  ),
  peer("gauge", "queue_messages", "Messages that the peer has not confirmed yet", ({ queue_depth }) => queue_depth),
  peer("gauge", "shared_rooms", "Rooms that both have; 0 while it is not connected", ({ rooms }) => rooms),
  peer("counter", "sent_messages_total", "Messages sent since the start", ({ sent }) => sent),
  peer("counter", "received_messages_total", "Messages received since the start", ({ received }) => received),
  peer("counter", "duplicate_messages_total", "Messages received that were known", ({ duplicates }) => duplicates),
  peer("counter", "refused_messages_total", "Messages received that were not taken", ({ refused }) => refused),
  ...backbone(),

  broker("gauge", "connected", "1 while the broker is there", ({ connected }) => flag(connected)),
  broker("gauge", "queue_messages", "Messages that the broker has not acknowledged yet", ({ queue_depth: n }) => n),
  broker("counter", "published_messages_total", "Messages that the broker acknowledged since the start", (each) => {
    return each.published;
  }),
  broker("counter", "dropped_messages_total", "Messages that left the history before the broker had them", (each) => {
    return each.dropped;
  }),
  broker("counter", "refused_publications_total", "What the broker did not want", ({ refused }) => refused),

  {
    ...{ kind: "counter", name: "meshcore_refusals_total", labels: ["door", "code"] },
    help: "What clients were refused since the start: wrong tokens and proofs, too many messages or connections, and so on",
    samples: ({ refusals }) => refusals.map(([door, code, count]) => [[door, code], count]),
  },

  one("counter", "process_cpu_seconds_total", "Processor time, of user and system", ({ process: { cpuS } }) => cpuS),
  one("gauge", "process_start_time_seconds", "Unix time of the start", ({ process: { startUnixS } }) => startUnixS),
  one("gauge", "process_resident_memory_bytes", "Resident memory", ({ process: { residentBytes } }) => residentBytes),
  one("gauge", "process_open_fds", "Open files and sockets", ({ process: { openFiles } }) => openFiles),
  one("gauge", "nodejs_heap_size_used_bytes", "Heap in use", ({ process: { heapUsedBytes } }) => heapUsedBytes),
  one("gauge", "nodejs_heap_size_total_bytes", "Heap", ({ process: { heapTotalBytes } }) => heapTotalBytes),
  one(
    "counter",
    "nodejs_eventloop_busy_seconds_total",
    "Time that the event loop worked",
    ({ process: { busyS } }) => busyS,
  ),
  {
    ...{ kind: "gauge", name: "nodejs_version_info", help: "1, with the version of Node.js", labels: ["version"] },
    samples: ({ process: { nodeVersion } }) => [[[nodeVersion], 1]],
  },
];

function perFault(name: string, help: string, label: string, of: (board: Board) => [string, number | null][]): Row {
  return {
    ...{ kind: "counter", name: `meshcore_board_${name}`, help, labels: ["board", label] },
    samples: ({ status }) =>
      status.boards.flatMap((each) => of(each).map(([what, count]): Sample => [[each.id, what], count])),
  };
}

function backbone(): Row[] {
  const of = (
    kind: Kind,
    name: string,
    help: string,
    value: (backbone: NonNullable<Status["federation"]["backbone"]>) => number,
  ): Row =>
    one(kind, `meshcore_backbone_${name}`, help, ({ status: { federation } }) =>
      federation.backbone === undefined ? null : value(federation.backbone),
    );
  return [
    of("gauge", "connected", "1 while the hub's NATS servers are there", ({ connected }) => flag(connected)),
    of("gauge", "behind_messages", "Messages of the hub's stream that were not read yet", ({ behind }) => behind),
    of("counter", "published_records_total", "Records written to the stream since the start", (each) => each.published),
    of("counter", "received_records_total", "Records read from the stream since the start", (each) => each.received),
  ];
}
