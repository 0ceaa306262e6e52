import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";
import { addressText } from "../config/address.ts";
import type { FederationConfig, PeerConfig } from "../config/schema.ts";
import { RoomError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Log } from "../log.ts";
import type { Room, Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import type { BackboneStatus, PeerStatus } from "../web/status.ts";
import { openCertificate, readAuthorities } from "./certificate.ts";
import { Hub } from "./hub.ts";
import { Listener } from "./listener.ts";
import { Peer } from "./peer.ts";
import { type PairKey, pairKey } from "./proof.ts";
import { Refusals } from "./refusals.ts";
import { type Identity, Session } from "./session.ts";
import type { Hearsay } from "./shelf.ts";
import { type Counters, noCounters, Sync } from "./sync.ts";

export interface FederationParts {
  /** As it is now. */
  settings: () => FederationConfig;
  name: string;
  dataDir: string;
  rooms: Rooms;
  store: Store;
  events: Events;
  clock: Clock;
  log: Log;
  /** 0 up to 1. */
  random(): number;
}

/** A server that we are connected with: one session each, whoever opened it. */
interface Link {
  session: Session;
  identity: Identity;
  sync: Sync;
  /** Null for a server that is not configured here and has the common secret. */
  peer: Peer | null;
  name: string;
  address: string;
  counters: Counters;
}

/** All that this server shares with others (docs/federation.md). Nothing works before start(). */
export class Federation {
  private readonly parts: FederationParts;
  private readonly listener: Listener;
  private readonly certificate: ReturnType<typeof openCertificate>;
  private readonly server: string;
  private readonly refusals: Refusals;
  private readonly ca: string | null;
  private peers: Peer[] = [];
  /** Of each peer's secret, and last the common one. */
  private keys = new Map<PeerConfig | null, PairKey>();
  /** By secret and number, so that nobody with another secret can take a server's place. */
  private readonly links = new Map<string, Link>();
  private readonly dialled = new Map<Session, Peer>();
  private readonly sessions = new Set<Session>();
  private readonly counters = new Map<string, Counters>();
  /** Numbers of servers that were peers until a reload. */
  private readonly removed = new Set<string>();
  private hub: Hub | null = null;
  /** Of each hub, while the room stays what it is. */
  private readonly hearsay = new WeakMap<Room, Map<string, Hearsay>>();
  private offered = "";
  private isStopped = false;

  /** Throws RoomError `federation_certificate`. */
  constructor(parts: FederationParts) {
    this.parts = parts;
    const { dataDir, store, clock, log } = parts;
    const { tls, ca } = parts.settings();
    this.certificate = openCertificate(dataDir, tls);
    this.ca = ca === null ? null : readAuthorities(ca);
    this.server = store.serverId();
    this.refusals = new Refusals(clock, log);
    const certificate = this.certificate;
    this.listener = new Listener({
      ...{ certificate, ca: this.ca, clock, log },
      accept: (socket, settled) => this.accept(socket, settled),
    });
  }

  /** Listens and dials. Returns the stop. Throws RoomError `port_in_use`, `address_unusable`, `store_...`. */
  async start(): Promise<() => Promise<void>> {
    const { events, rooms, settings } = this.parts;
    // Who calls in the first moment must not be told that his secret is wrong.
    this.keys = await this.deriveKeys();
    const { blindHub, port } = settings();
    this.hub = blindHub === null ? null : new Hub(this.hubParts(blindHub));
    try {
      await this.listener.start(port);
    } catch (error) {
      await this.hub?.stop();
      throw error;
    }
    await this.hub?.reload();
    this.offered = offeredRooms(rooms.list);
    await this.reload();
    const offs = [
      events.on("message", ({ room }) => this.wake(room)),
      events.on("rooms", () => this.roomsChanged()),
      events.on("config", () => {
        void this.reload();
        void this.hub?.reload();
      }),
    ];
    return async () => {
      this.isStopped = true;
      for (const off of offs) off();
      for (const peer of this.peers) peer.stop();
      for (const session of [...this.sessions]) session.close("stopping", "it is stopping");
      await this.listener.stop();
      await this.hub?.stop();
    };
  }

  /** A connection on another port that turned out to be a peer's. */
  take(socket: Socket): void {
    this.listener.take(socket);
  }

  status(): PeerStatus[] {
    const links = [...this.links.values()];
    const configured = this.peers.map((peer) => {
      const { name, address } = peer.config;
      return this.statusOf(name, addressText(address), links.find((link) => link.peer === peer) ?? null);
    });
    const others = links.filter(({ peer }) => peer === null);
    return [...configured, ...others.map((link) => this.statusOf(link.name, link.address, link))];
  }

  /** Null where this server is no hub, or one by itself. */
  backbone(): BackboneStatus | null {
    return this.hub?.status() ?? null;
  }

  private hubParts(limits: NonNullable<FederationConfig["blindHub"]>): ConstructorParameters<typeof Hub>[0] {
    const { dataDir, name, clock, log, random, settings } = this.parts;
    return {
      ...{ limits, dataDir, name, clock, log, random: () => random() },
      backbone: () => settings().backbone,
      wake: (room, streams) => this.wake(room, streams),
    };
  }

  private statusOf(name: string, addr: string, link: Link | null): PeerStatus {
    const { sent, received, duplicates, refused } = this.countersOf(name);
    const latency = link?.session.latencyMs ?? null;
    return {
      ...{ name, addr, connected: link !== null },
      latency_ms: latency === null ? null : Math.round(latency * 10) / 10,
      queue_depth: link?.sync.depth() ?? 0,
      ...{ sent, received, duplicates },
      refused: Object.values(refused).reduce((sum, n) => sum + n, 0),
      rooms: link?.sync.rooms() ?? 0,
    };
  }

  /** Brings peers and secrets to what is configured now. */
  private async reload(): Promise<void> {
    const keys = await this.deriveKeys();
    if (this.isStopped) return;
    const wanted = [...keys.keys()].filter((peer) => peer !== null);
    const same = (one: PeerConfig, other: PeerConfig): boolean => JSON.stringify(one) === JSON.stringify(other);
    const kept = this.peers.filter(({ config }) => wanted.some((peer) => same(peer, config)));
    for (const peer of this.peers.filter((one) => !kept.includes(one))) this.remove(peer);
    this.keys = keys;
    const added = wanted.filter((peer) => !kept.some(({ config }) => same(peer, config))).map((one) => this.make(one));
    this.peers = [...kept, ...added];
    const names = new Set([...keys.values()].map(({ name }) => name));
    for (const { session, identity } of [...this.links.values()]) {
      if (!names.has(identity.key.name)) session.close("peer_untrusted", "the secret is another one now");
    }
    for (const peer of added) peer.start();
  }

  private async deriveKeys(): Promise<Map<PeerConfig | null, PairKey>> {
    const { peers, secret } = this.parts.settings();
    const keys = new Map<PeerConfig | null, PairKey>();
    for (const peer of peers) if (peer.secret !== "") keys.set(peer, await pairKey(peer.secret));
    if (secret !== "") keys.set(null, await pairKey(secret));
    return keys;
  }

  private make(config: PeerConfig): Peer {
    const { clock, random } = this.parts;
    return new Peer({
      ...{ config, certificate: this.certificate, ca: this.ca, clock, random },
      dialled: (peer, socket) => {
        const key = this.keyOf(peer);
        if (key === undefined) return void socket.destroy();
        const session = this.session(socket, "dial", [key], peer.config.fingerprint);
        this.dialled.set(session, peer);
      },
      unreachable: (peer, error) => this.sayLost(peer, error),
    });
  }

  private remove(peer: Peer): void {
    peer.stop();
    if (peer.server !== null) this.removed.add(peer.server);
    for (const link of [...this.links.values()]) {
      if (link.peer !== peer) continue;
      link.session.close("stopping", "it is no peer any more");
      this.parts.log.info(`Federation peer ${JSON.stringify(link.name)} disconnected (removed from the configuration)`);
    }
  }

  private accept(socket: TLSSocket, settled: () => void): void {
    const keys = new Map([...this.keys.values()].map((key) => [key.name, key]));
    const address = socket.remoteAddress ?? "";
    const session = this.session(socket, "listen", [...keys.values()], null, settled, address);
    socket.once("close", settled);
    this.sessions.add(session);
  }

  private session(
    socket: TLSSocket,
    role: "dial" | "listen",
    keys: readonly PairKey[],
    pin: string | null,
    settled: () => void = () => undefined,
    address = "",
  ): Session {
    const { name, clock } = this.parts;
    const session = new Session(socket, role, {
      ...{ server: this.server, name, clock, keys },
      objection: (key, fingerprint) => this.objection(role, key, fingerprint, pin),
      opened: (opened, identity) => {
        settled();
        this.opened(opened, identity, `${socket.remoteAddress ?? ""}`.replace(/^::ffff:/, ""));
      },
      closed: (closed, error) => this.closed(closed, error, address),
    });
    this.sessions.add(session);
    return session;
  }

  /** A pinned certificate must be the one that is shown. Somebody who calls is known by the secret only: one of its holders must fit. */
  private objection(role: string, key: PairKey, found: string | null, pin: string | null): RoomError | null {
    const pins = this.peers
      .filter((peer) => this.keyOf(peer)?.name === key.name)
      .map((peer) => peer.config.fingerprint);
    const isFine =
      role === "dial"
        ? pin === null || pin === found
        : pins.length === 0 || pins.some((one) => one === null || one === found);
    return isFine ? null : new RoomError("peer_certificate", "its certificate is not the pinned one");
  }

  private opened(session: Session, identity: Identity, address: string): void {
    const { server } = identity;
    if (this.removed.has(server) && !this.dialled.has(session) && this.peerOf(identity) === null) {
      session.fail(new RoomError("peer_removed", "it is no peer any more"));
      return;
    }
    const peer = this.dialled.get(session) ?? this.peerOf(identity);
    const id = `${identity.key.name} ${server}`;
    const before = this.links.get(id);
    if (peer !== null) {
      this.removed.delete(server);
      peer.server = server;
      peer.connected();
    }
    if (before !== undefined && before.session.role !== session.role && !this.isKept(session, server)) {
      before.peer ??= peer;
      session.close("duplicate", "there is another connection");
      // Unless that one is dead, which shows soon.
      before.session.probe();
      return;
    }
    const name = peer?.config.name ?? (identity.name || address);
    const counters = this.countersOf(name);
    const { hub } = this;
    const sync = new Sync(session, {
      ...{ rooms: this.parts.rooms, store: this.parts.store, clock: this.parts.clock, counters },
      shared: shared(this.parts.rooms.list),
      maxRate: this.parts.settings().maxKibPerS * 1024,
      moved: (room, streams) => this.wake(room, streams),
      refused: (fate, room) => this.refusals.message(name, fate, room),
      isBlindHub: peer?.config.blindHub ?? false,
      hearsay: (room) => this.hearsayOf(room, id),
      ...(hub === null ? {} : { keep: (id) => hub.room(id, identity.key.name) }),
      noPlace: (rooms) => this.refusals.noPlace(name, rooms),
      notStored: (error) => this.refusals.notStored(name, error),
    });
    this.links.set(id, { ...{ session, identity, sync, name, address, counters }, peer: peer ?? before?.peer ?? null });
    if (before !== undefined) {
      before.sync.stop();
      before.session.close("duplicate", "there is another connection");
    } else {
      const latency = Math.max(1, Math.round(session.latencyMs ?? 0));
      this.parts.log.info(`Federation peer ${JSON.stringify(name)} connected (TLS, latency ${latency}ms)`);
      this.refusals.forget(name);
    }
    sync.start();
  }

  /** Of two connections both servers keep the one that the server with the smaller number opened. */
  private isKept(session: Session, theirs: string): boolean {
    return (session.role === "dial") === this.server < theirs;
  }

  private closed(session: Session, error: RoomError | null, address: string): void {
    this.sessions.delete(session);
    const dialled = this.dialled.get(session);
    this.dialled.delete(session);
    if (this.isStopped) return;
    const [id, link] = [...this.links].find(([, one]) => one.session === session) ?? [];
    if (id !== undefined && link !== undefined) {
      link.sync.stop();
      this.links.delete(id);
      const { peer, name } = link;
      if (peer !== null && this.peers.includes(peer)) this.sayLost(peer, error, true);
      else if (error !== null)
        this.parts.log.warn(`Federation peer ${JSON.stringify(name)} disconnected (${error.message})`);
    } else if (dialled !== undefined) {
      const isConnected = [...this.links.values()].some(({ peer }) => peer === dialled);
      if (!isConnected) this.sayLost(dialled, error);
    } else if (error !== null && !QUIET.includes(error.cause)) this.refusals.stranger(address, error);
  }

  private sayLost(peer: Peer, error: RoomError | null, wasConnected = false): void {
    if (!this.peers.includes(peer)) return;
    // A connection that made room for another one was not lost.
    const isDuplicate = error?.cause === "duplicate";
    const retryMs = peer.retry(error);
    const reason = error?.message ?? "the rooms have changed here";
    if (isDuplicate) return;
    this.refusals.lost(peer.config.name, reason, retryMs, wasConnected);
  }

  private keyOf(peer: Peer): PairKey | undefined {
    return [...this.keys].find(
      ([config]) => config !== null && JSON.stringify(config) === JSON.stringify(peer.config),
    )?.[1];
  }

  /** Which of the configured peers somebody is who called: by its number, a secret that only one has, or the name it gives. */
  private peerOf({ server, key, name }: Identity): Peer | null {
    const fits = this.peers.filter((peer) => this.keyOf(peer)?.name === key.name);
    const isCommon = key.name === this.keys.get(null)?.name;
    const free = fits.filter((peer) => peer.server === null);
    return (
      fits.find((peer) => peer.server === server) ??
      free.find((peer) => peer.config.name === name) ??
      (fits.length === 1 && free.length === 1 && !isCommon ? fits[0] : null)
    );
  }

  private countersOf(name: string): Counters {
    const found = this.counters.get(name) ?? noCounters();
    this.counters.set(name, found);
    return found;
  }

  private hearsayOf(room: Room, hub: string): Hearsay {
    const ofRoom = this.hearsay.get(room) ?? new Map<string, Hearsay>();
    this.hearsay.set(room, ofRoom);
    const found = ofRoom.get(hub) ?? new Map<string, number>();
    ofRoom.set(hub, found);
    return found;
  }

  private wake(room: string, moved?: ReadonlySet<string>): void {
    for (const { sync } of this.links.values()) sync.wake(room, moved);
  }

  /** Peers are told what is shared now on a new connection: it happens seldom. */
  private roomsChanged(): void {
    const now = offeredRooms(this.parts.rooms.list);
    if (now === this.offered) return;
    this.offered = now;
    for (const { session } of [...this.links.values()]) session.close("rooms", "its rooms have changed");
  }
}

/** Ends that an operator need not hear of. */
const QUIET: unknown[] = ["duplicate", "peer_checked"];

function shared(rooms: readonly Room[]): { room: Room; takes: boolean; gives: boolean }[] {
  return rooms
    .filter(({ federate }) => federate !== false)
    .map((room) => ({ room, takes: room.federate !== "export", gives: room.federate !== "import" }));
}

const offeredRooms = (rooms: readonly Room[]): string =>
  JSON.stringify(rooms.map(({ name, key, federate }) => [name, Buffer.from(key).toString("hex"), federate]));
