import { hostname } from "node:os";
import { addressText, isLoopback } from "./address.ts";
import { parseBackbone } from "./backbone-url.ts";
import { allPeers, federationEnabled } from "./check.ts";
import type { Settings } from "./keys.ts";
import { boardRadio, resolveRadio } from "./radio.ts";
import type {
  AlertsConfig,
  BoardConfig,
  BrokerConfig,
  ClientsConfig,
  Config,
  FederationConfig,
  MqttConfig,
  PeerConfig,
  RoomConfig,
} from "./schema.ts";

/** Where a board of `type: sim` finds the channel when nothing else is said: the port of every simulator. */
const DEFAULT_ETHER = { host: "127.0.0.1", port: 7300 };

/** Settings that passed all checks, with the defaults that depend on the machine or on other keys. */
export function resolve(settings: Settings, files: string[], env: NodeJS.ProcessEnv): Config {
  const { alerts, federation, nodes } = settings;
  return {
    // A host name may be empty in a container.
    name: settings.name ?? (hostname() || "meshcore-room"),
    // systemd names the StateDirectory of the unit; several are separated by colons.
    dataDir: settings.data_dir ?? (env["STATE_DIRECTORY"]?.split(":")[0] || "./data"),
    listen: settings.listen,
    tls: settings.tls ?? null,
    companion: { listen: settings.companion.listen ?? null },
    boards: resolveBoards(settings),
    radio: resolveRadio(settings.radio),
    rooms: settings.rooms.map(resolveRoom),
    federation: {
      enabled: federationEnabled(settings),
      port: federation.federation_port,
      tls: pair(federation.tls_cert, federation.tls_key),
      ca: federation.ca ?? null,
      maxKibPerS: federation.max_kib_per_s,
      statusEndpoint: federation.status_endpoint,
      statusPort: federation.status_port,
      rebroadcastMaxAgeS: federation.rebroadcast_max_age_s,
      blindHub: blindHub(federation.blind_hub),
      backbone: resolveBackbone(federation),
      secret: federation.federation_secret ?? "",
      peers: resolvePeers(settings),
    },
    mqtt: resolveMqtt(settings.mqtt),
    clients: resolveClients(settings),
    nodes: { forgetAfterS: nodes.forget_after_s, max: nodes.max },
    alerts: resolveAlerts(alerts),
    log: settings.log,
    metrics: { privateRooms: settings.metrics.private_rooms },
    simulator: settings.simulator,
    files,
  };
}

function blindHub(hub: Settings["federation"]["blind_hub"]): FederationConfig["blindHub"] {
  if (hub === undefined) return null;
  return { maxRooms: hub.max_rooms, maxRoomsPerPeer: hub.max_rooms_per_peer, maxMessages: hub.max_messages };
}

/** User and password leave the URL, which is shown in logs and in the status. */
function resolveBackbone(federation: Settings["federation"]): FederationConfig["backbone"] {
  const url = federation.backbone === undefined ? null : parseBackbone(federation.backbone);
  if (url === null) return null;
  const { backbone_ca: ca, backbone_cert: cert, backbone_key: key } = federation;
  return {
    servers: url.servers,
    isTls: url.isTls || [ca, cert].some((file) => file !== undefined),
    user: federation.backbone_user ?? url.user,
    password: federation.backbone_password ?? url.password,
    creds: federation.backbone_creds ?? null,
    tls: { ca: ca ?? null, cert: cert ?? null, key: key ?? null },
    stream: federation.backbone_stream,
    replicas: federation.backbone_replicas,
  };
}

function resolveAlerts(alerts: Settings["alerts"]): AlertsConfig {
  return {
    silentAfterS: alerts.silent_after_s,
    lostAfterS: alerts.lost_after_s,
    types: alerts.types,
    nodes: alerts.nodes.map(({ node, silent_after_s: s, ignore }) => ({ node, silentAfterS: s ?? null, ignore })),
    quietHours: alerts.quiet_hours ?? null,
    webhook: alerts.webhook ?? null,
    webhookSecret: alerts.webhook_secret ?? null,
  };
}

function resolveClients({ clients, listen }: Settings): ClientsConfig {
  const { rate_limit: rate, login } = clients;
  return {
    auth: clients.auth ?? (isLoopback(listen.host) ? "optional" : "required"),
    trustedProxies: clients.trusted_proxies,
    allowedOrigins: clients.allowed_origins,
    pingIntervalS: clients.ping_interval_s,
    idleTimeoutS: clients.idle_timeout_s,
    sendQueueKb: clients.send_queue_kb,
    rateLimit: {
      messagesPerMinute: rate.messages_per_minute,
      burst: rate.burst,
      connectionsPerAddress: rate.connections_per_address,
    },
    login: {
      failures: login.failures,
      delayS: login.delay_s,
      maxDelayS: login.max_delay_s,
      forgetAfterS: login.forget_after_s,
    },
  };
}

const pair = (cert: string | undefined, key: string | undefined): { cert: string; key: string } | null =>
  cert === undefined || key === undefined ? null : { cert, key };

function resolveRoom(room: Settings["rooms"][number]): RoomConfig {
  return {
    name: room.name,
    psk: room.psk,
    isPrivate: room.psk !== "",
    description: room.description,
    topic: room.topic,
    maxHistory: room.max_history,
    federate: room.federate,
    mqtt: room.mqtt,
    mqttPost: room.mqtt_post,
    rebroadcast: room.rebroadcast,
    readOnly: room.read_only,
    roomServer: room.room_server,
    airtimePercent: room.airtime_percent,
    previousName: room.previous_name ?? null,
    onRekey: room.on_rekey,
  };
}

/** A board without an id gets one from its model or its port, `-2` and so on where that is taken. */
function resolveBoards({ boards, radio: common }: Settings): BoardConfig[] {
  const taken = new Set(boards.map((board) => board.id));
  return boards.map(({ radio: own, ...board }): BoardConfig => {
    const radio = own && { radio: resolveRadio(boardRadio(common, own)) };
    const stem = board.type === "sim" ? board.model : portName(board.path);
    let id = board.id ?? stem;
    for (let n = 2; board.id === undefined && taken.has(id); n++) id = `${stem}-${n}`;
    taken.add(id);
    return board.type === "sim"
      ? { ...board, id, ...radio, ether: board.ether ?? DEFAULT_ETHER }
      : { ...board, id, ...radio };
  });
}

/** `/dev/ttyACM0` -> `ttyACM0`, `tcp://pi:4000` -> `pi-4000` */
function portName(path: string): string {
  const last =
    path
      .replace(/^tcp:\/\//, "")
      .split(/[\\/]/)
      .pop() ?? "";
  return (
    last
      .replace(/[^A-Za-z0-9_.-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 60) || "board"
  );
}

function resolvePeers(settings: Settings): PeerConfig[] {
  return allPeers(settings).map(({ peer }) => {
    const address = peer.addr ?? { host: peer.host ?? "", port: peer.port ?? 0 };
    const secret = peer.secret ?? settings.federation.federation_secret ?? "";
    return {
      name: peer.name ?? peer.host ?? addressText(address),
      address,
      secret,
      fingerprint: peer.fingerprint ?? null,
      blindHub: peer.blind_hub,
    };
  });
}

function resolveMqtt({ enabled, brokers, ...first }: Settings["mqtt"]): MqttConfig {
  const own = first.broker === undefined ? [] : [resolveBroker({ ...first, broker: first.broker })];
  const all = [...own, ...brokers.map(resolveBroker)];
  return { enabled: enabled ?? all.length > 0, brokers: all };
}

/** User and password leave the URL, which is shown in logs and in the status. */
function resolveBroker(mqtt: Settings["mqtt"]["brokers"][number]): BrokerConfig {
  const broker = new URL(mqtt.broker);
  const username = mqtt.username ?? (broker.username === "" ? null : decodeURIComponent(broker.username));
  const password = mqtt.password ?? (broker.password === "" ? null : decodeURIComponent(broker.password));
  broker.username = "";
  broker.password = "";
  return {
    url: broker.href,
    topicPrefix: mqtt.topic_prefix,
    profile: mqtt.profile,
    username,
    password,
    clientId: mqtt.client_id ?? null,
    tls: { ca: mqtt.ca ?? null, cert: mqtt.cert ?? null, key: mqtt.key ?? null },
    iata: mqtt.iata,
  };
}
