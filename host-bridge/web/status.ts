import type { AlertView } from "../alerts/alert.ts";
import { maySee, type Principal, seesAll } from "../auth/principal.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import { VERSION } from "../files.ts";
import type { BoardStatus } from "../link/keeper.ts";
import type { RebroadcastStatus } from "../link/rebroadcast-desk.ts";
import type { NodeDetail } from "../nodes/node.ts";
import type { Room, Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";

export interface RoomStatus {
  name: string;
  private: boolean;
  /** Connections that have joined it. */
  clients: number;
  /** Different names: who wrote in the last 24 hours, as far as the history goes back, and who has joined now. */
  participants: number;
  /** Messages in the history. */
  messages: number;
  max_history: number;
  /** What has become of messages of peers on the air, since the start. */
  rebroadcast: RebroadcastStatus;
}

export interface PeerStatus {
  name: string;
  addr: string;
  connected: boolean;
  latency_ms: number | null;
  queue_depth: number;
  sent: number;
  received: number;
  duplicates: number;
  /** Messages that were not taken: not sealed with the key, dated into the future, of a muted sender. */
  refused: number;
  /** Rooms that both have; 0 while it is not connected. */
  rooms: number;
}

/** The NATS servers over which this hub is one with others. */
export interface BackboneStatus {
  /** Without user and password. */
  url: string;
  stream: string;
  /** All of the stream that was there is read, and messages are taken. */
  connected: boolean;
  /** The one that this server is connected with. */
  server: string | null;
  /** Messages of the stream that were not read yet. */
  behind: number;
  /** Records written to it and read from it since the start. */
  published: number;
  received: number;
  /** Why it is not connected, as an error code (`backbone_refused`). */
  error: string | null;
}

export interface BrokerStatus {
  /** Its URL. */
  broker: string;
  connected: boolean;
  /** Messages that it has acknowledged since the start. */
  published: number;
  /** Messages, of whatever room, that came in and are not through yet. */
  queue_depth: number;
  /** Messages that left the history before it had them. */
  dropped: number;
  /** Publications that it did not want. */
  refused: number;
  /** Why it is not connected; null when it is. */
  error: string | null;
}

/** `connected` when every broker is, `published` of all together. */
export interface MqttStatus {
  enabled: boolean;
  connected: boolean;
  published: number;
  brokers: BrokerStatus[];
}

/** The object of GET /status. */
export interface Status {
  name: string;
  version: string;
  uptime_s: number;
  rooms: RoomStatus[];
  boards: BoardStatus[];
  federation: { enabled: boolean; peers: PeerStatus[]; backbone?: BackboneStatus };
  mqtt: MqttStatus;
  /** Nodes of the mesh that were heard. */
  nodes: number;
  /** Those of them that are reported as silent. */
  silent_nodes: number;
  /** What stands: troubles of this server and silent nodes, 100 at most. */
  alerts: AlertView[];
  /** Connected clients. */
  clients: number;
  /** Posts that no board has sent yet; only for who may see all rooms. */
  outbox?: number;
  /** Why messages cannot be stored now, as an error code (`store_full`); null when all is well. */
  history_error: string | null;
}

/** Where the numbers come from. */
export interface StatusSources {
  config: Config;
  rooms: Rooms;
  store: Store;
  clock: Clock;
  boards: { status(): BoardStatus[]; rebroadcast(room: string): RebroadcastStatus };
  /** The nodes of the mesh. */
  nodes: { count(): number; list(): NodeDetail[] };
  alerts: { list(): AlertView[] };
  /** The servers that rooms are shared with. */
  peers(): PeerStatus[];
  /** Null where this server has none. */
  backbone(): BackboneStatus | null;
  mqtt(): MqttStatus;
  clients: { count(): number; countIn(room: Room): number; namesIn(room: Room): string[] };
}

/** The federation part of it. */
export function federationStatus({
  config,
  peers,
  backbone,
}: Pick<StatusSources, "config" | "peers" | "backbone">): Status["federation"] {
  const found = backbone();
  return { enabled: config.federation.enabled, peers: peers(), ...(found === null ? {} : { backbone: found }) };
}

/** More would make a status of hundreds of kilobytes. */
const MAX_ALERTS = 100;

function alertsIn({ alerts }: StatusSources): Pick<Status, "silent_nodes" | "alerts"> {
  const list = alerts.list();
  return { silent_nodes: list.filter(({ what }) => what === "node").length, alerts: list.slice(0, MAX_ALERTS) };
}

const DAY_MS = 24 * 3600 * 1000;

/** A function that tells the daemon's status as this principal may see it; `uptime_s` counts from now. */
export function statusOf(sources: StatusSources): (principal: Principal) => Status {
  const { config, rooms, store, clock, boards, nodes, clients } = sources;
  const startedMs = clock.nowMs();
  return (principal) => ({
    name: config.name,
    version: VERSION,
    uptime_s: Math.floor((clock.nowMs() - startedMs) / 1000),
    rooms: rooms.list
      .filter((room) => maySee(principal, room))
      .map((room) => ({
        name: room.name,
        private: room.isPrivate,
        clients: clients.countIn(room),
        participants: participantsIn(room, sources).length,
        messages: store.countMessages(room.name),
        max_history: room.maxHistory,
        rebroadcast: boards.rebroadcast(room.name),
      })),
    boards: boards.status(),
    federation: federationStatus(sources),
    mqtt: sources.mqtt(),
    nodes: nodes.count(),
    ...alertsIn(sources),
    clients: clients.count(),
    history_error: rooms.trouble()?.code ?? null,
    ...(seesAll(principal) ? { outbox: store.countOutbox() } : {}),
  });
}

export interface Participant {
  name: string;
  /** Has joined the room now. */
  connected: boolean;
  /** Unix seconds of the last message, null when there is none. */
  last_seen: number | null;
  /** In the last 24 hours. */
  messages: number;
}

/** Who takes part in a room: who wrote in the last 24 hours, the last one first, and then who only listens. */
export function participantsIn(
  room: Room,
  { store, clock, clients }: Pick<StatusSources, "store" | "clock" | "clients">,
): Participant[] {
  const silent = new Set(clients.namesIn(room));
  const writers = store.senders(room.name, clock.unixMs() - DAY_MS).map(({ name, lastSeen, messages }) => ({
    ...{ name, connected: silent.delete(name), last_seen: Math.floor(lastSeen / 1000), messages },
  }));
  const listeners = [...silent].sort().map((name) => ({ name, connected: true, last_seen: null, messages: 0 }));
  return [...writers, ...listeners];
}
