// Room servers without boards and web page, on real TLS, SQLite and time.
import { systemClock } from "../../../host-bridge/clock.ts";
import type { FederationConfig, PeerConfig, RoomConfig } from "../../../host-bridge/config/schema.ts";
import { Events } from "../../../host-bridge/events.ts";
import { Federation } from "../../../host-bridge/federation/federation.ts";
import type { RoomMessage } from "../../../host-bridge/room/message.ts";
import { type Room, Rooms } from "../../../host-bridge/room/rooms.ts";
import { Store } from "../../../host-bridge/room/store.ts";
import { keptLog } from "../kept-log.ts";
import { post, testRoom } from "../room/rooms-bench.ts";

export const SECRET = "correct horse battery staple 7";

export const peerConfig = (
  name: string,
  port: number,
  secret = SECRET,
  fingerprint: string | null = null,
): PeerConfig => ({
  ...{ name, address: { host: "127.0.0.1", port }, secret, fingerprint, blindHub: false },
});

export const federationConfig = (port: number, fields: Partial<FederationConfig> = {}): FederationConfig => ({
  ...{ enabled: true, port, tls: null, ca: null, maxKibPerS: 0, statusEndpoint: false, statusPort: 5002 },
  ...{ rebroadcastMaxAgeS: 300, blindHub: null, backbone: null, secret: SECRET, peers: [], ...fields },
});

/** One server; start() and stop() as often as wanted, on the same directory and port. */
export class TestServer {
  readonly name: string;
  readonly dir: string;
  readonly settings: FederationConfig;
  readonly lines: string[] = [];
  readonly log = keptLog(this.lines);
  /** Every message that was told, in that order. */
  readonly told: RoomMessage[] = [];
  list: Room[];
  clock = systemClock;
  rooms!: Rooms;
  store!: Store;
  events!: Events;
  federation!: Federation;
  private stopFederation: (() => Promise<void>) | null = null;

  constructor(name: string, dir: string, port: number, rooms: Room[] = [testRoom("Open")]) {
    this.name = name;
    this.dir = dir;
    this.settings = federationConfig(port);
    this.list = rooms;
  }

  /** The other is to be dialled. */
  dials(other: TestServer, secret = SECRET): void {
    this.settings.peers.push(peerConfig(other.name, other.settings.port, secret));
  }

  /** As dials(); it may keep rooms that it has no key of. */
  relaysBy(hub: TestServer, secret = SECRET): void {
    this.settings.peers.push({ ...peerConfig(hub.name, hub.settings.port, secret), blindHub: true });
  }

  async start(): Promise<void> {
    const { clock, log, name } = this;
    this.store = Store.open(this.dir);
    this.events = new Events(log);
    this.rooms = new Rooms(this.list, { store: this.store, events: this.events, clock, log, origin: name });
    this.events.on("message", (message) => void this.told.push(message));
    const { rooms, store, events, settings } = this;
    const parts = { rooms, store, events, clock, log, name, dataDir: this.dir };
    this.federation = new Federation({ ...parts, settings: () => settings, random: Math.random });
    this.stopFederation = await this.federation.start();
  }

  async stop(): Promise<void> {
    const stop = this.stopFederation;
    this.stopFederation = null;
    if (stop === null) return;
    await stop();
    this.rooms.stop();
    this.store.close();
  }

  room(name = "Open"): Room {
    return this.rooms.get(name) as Room;
  }

  async post(text: string, room = "Open", sender = "Ann"): Promise<string> {
    const outcome = await post(this.rooms, this.room(room), sender, text);
    if (!outcome.ok) throw outcome.error;
    return outcome.message.guid;
  }

  texts(room = "Open"): string[] {
    return this.rooms.history(this.room(room), { limit: 1_000_000 }).map(({ text }) => text);
  }

  /** What must be the same at every server. */
  history(room = "Open"): string[] {
    const all = this.rooms.history(this.room(room), { limit: 1_000_000 });
    return all.map(({ guid, sender, text, timestamp, origin, payload }) => {
      return [guid, sender, text, timestamp, origin, Buffer.from(payload).toString("hex")].join(" ");
    });
  }

  connected(): number {
    return this.federation.status().filter(({ connected }) => connected).length;
  }
}

export const roomOf = (name: string, fields: Partial<RoomConfig> = {}): Room => testRoom(name, fields);
