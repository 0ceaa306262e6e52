import type { RadioSettings } from "../../protocol/airtime.ts";
import type { QuietHours } from "../alerts/quiet-hours.ts";
import type { LogFormat, LogLevel } from "../log.ts";
import type { NodeType } from "../nodes/node.ts";

/** A TCP address. `host` has no brackets around IPv6. */
export interface Address {
  host: string;
  port: number;
}

export interface RoomConfig {
  name: string;
  /** The text of the file; "" is a public room. Turn it into a key with roomKey() of room-key.ts, and never print it. */
  psk: string;
  /** `psk` is not "": clients prove the key before they join. */
  isPrivate: boolean;
  description: string;
  /** What the room talks about now; "" where nothing is said. */
  topic: string;
  /** Messages kept, oldest out first. */
  maxHistory: number;
  /** Shared with peers, or in one direction only. */
  federate: boolean | "import" | "export";
  mqtt: boolean;
  /** Takes posts from brokers. */
  mqttPost: boolean;
  /** Messages from clients, federation and MQTT go on air. */
  rebroadcast: boolean;
  readOnly: boolean;
  roomServer: boolean;
  /** Share of the transmit budget for messages from the internet, 0..100. */
  airtimePercent: number;
  /** The name that the history may still be under. */
  previousName: string | null;
  /** What to do with the history when the key is another than the history's. */
  onRekey: "keep" | "archive";
}

export type BoardConfig = SerialBoardConfig | SimBoardConfig | KissBoardConfig;

interface AnyBoardConfig {
  id: string;
  /** Where it is another than that of the other boards. */
  radio?: RadioConfig;
}

export interface SerialBoardConfig extends AnyBoardConfig {
  type: "serial";
  /** A device (`/dev/ttyACM0`, `COM3`) or `tcp://host:port`. */
  path: string;
  baud: number;
}

/** A stock MeshCore KISS modem. */
export interface KissBoardConfig extends AnyBoardConfig {
  type: "kiss";
  path: string;
  baud: number;
}

export interface SimBoardConfig extends AnyBoardConfig {
  type: "sim";
  /** A board id of boards/, whose built bundle runs. */
  model: string;
  /** The LoRa channel that the board is on. */
  ether: Address;
}

export interface RadioConfig {
  /** The preset that the settings started from. */
  preset: string;
  settings: RadioSettings;
  /** 0..100, of any hour. */
  dutyCyclePercent: number;
}

export interface PeerConfig {
  name: string;
  address: Address;
  /** The peer's own, else `federation_secret`; "" only where federation is not enabled. Never print it. */
  secret: string;
  /** SHA-256 of its certificate, 64 lower-case hex digits; null: any will do. */
  fingerprint: string | null;
  /** It may keep and pass on, sealed, rooms that it has no key of. */
  blindHub: boolean;
}

export interface BackboneConfig {
  /** Of one cluster of NATS servers. */
  servers: Address[];
  isTls: boolean;
  user: string | null;
  /** Never print it. */
  password: string | null;
  /** A `.creds` file. */
  creds: string | null;
  tls: { ca: string | null; cert: string | null; key: string | null };
  /** Bridges of one hub have the same. */
  stream: string;
  /** NATS servers that keep each message. */
  replicas: number;
}

export interface FederationConfig {
  enabled: boolean;
  port: number;
  tls: { cert: string; key: string } | null;
  /** A PEM file. */
  ca: string | null;
  /** To each peer; 0 is without a limit. */
  maxKibPerS: number;
  statusEndpoint: boolean;
  statusPort: number;
  /** Older messages of peers do not go on air. */
  rebroadcastMaxAgeS: number;
  /** This server keeps and passes on rooms that it has no key of, within these limits. */
  blindHub: { maxRooms: number; maxRoomsPerPeer: number; maxMessages: number } | null;
  /** This hub is one with others over these NATS servers. */
  backbone: BackboneConfig | null;
  secret: string;
  /** From `peers` and `federation.peers` alike. */
  peers: PeerConfig[];
}

export interface BrokerConfig {
  /** mqtt://, mqtts://, ws:// or wss://; without user and password. */
  url: string;
  topicPrefix: string;
  profile: "native" | "mc2mqtt";
  username: string | null;
  /** Never print it. */
  password: string | null;
  clientId: string | null;
  tls: { ca: string | null; cert: string | null; key: string | null };
  /** Region code of the mc2mqtt topics. */
  iata: string;
}

export interface MqttConfig {
  enabled: boolean;
  /** The one of `mqtt` itself first, then those of `mqtt.brokers`. */
  brokers: BrokerConfig[];
}

export interface ClientsConfig {
  auth: "required" | "optional";
  /** Addresses and CIDR networks whose X-Forwarded-For may be believed. */
  trustedProxies: string[];
  /** Origins of other sites for CORS. */
  allowedOrigins: string[];
  pingIntervalS: number;
  idleTimeoutS: number;
  /** KiB that a client may leave unread. */
  sendQueueKb: number;
  rateLimit: { messagesPerMinute: number; burst: number; connectionsPerAddress: number };
  /** Wrong tokens and proofs of one address: after `failures` it waits `delayS`, doubled each time up to `maxDelayS`. */
  login: { failures: number; delayS: number; maxDelayS: number; forgetAfterS: number };
}

export interface AlertsConfig {
  silentAfterS: number;
  /** Of boards, peers and brokers. */
  lostAfterS: number;
  /** Types of nodes that are watched; none: all. */
  types: NodeType[];
  /** By the public key or its first digits, lower case. */
  nodes: { node: string; silentAfterS: number | null; ignore: boolean }[];
  quietHours: QuietHours | null;
  /** Never print them. */
  webhook: string | null;
  webhookSecret: string | null;
}

/** Everything that the daemon runs on: checked, with the defaults in place. Paths are relative to the working directory. */
export interface Config {
  name: string;
  dataDir: string;
  listen: Address;
  tls: { cert: string; key: string } | null;
  companion: { listen: Address | null };
  boards: BoardConfig[];
  radio: RadioConfig;
  rooms: RoomConfig[];
  federation: FederationConfig;
  mqtt: MqttConfig;
  clients: ClientsConfig;
  nodes: {
    /** Seconds in which a board listened and did not hear it. */
    forgetAfterS: number;
    max: number;
  };
  alerts: AlertsConfig;
  log: { level: LogLevel; format: LogFormat };
  /** `privateRooms`: they are named in /metrics too. */
  metrics: { privateRooms: boolean };
  /** The simulated channel that the daemon opens itself for boards of `type: sim`. */
  simulator: {
    /** Chatty stations besides the boards. */
    neighbours: number;
    /** 1 is real time, 10 ten times faster, 0 as fast as possible. */
    speed: number;
  };
  /** The files it came from, in the order of merging. */
  files: string[];
}
