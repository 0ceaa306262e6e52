import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { PeerFate, PeerSaid, Room, Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import type { Place } from "../room/store-log.ts";
import { Intake, isStoreTrouble } from "./intake.ts";
import { roomToken } from "./proof.ts";
import { RoomLink, type Stretch } from "./room-link.ts";
import { roomSeal } from "./seal.ts";
import type { Session } from "./session.ts";
import { type Hearsay, OpenShelf, SealedShelf, type Shelf } from "./shelf.ts";
import { MAX_ENTRIES, MAX_ROWS, SEALED_ROOMS, type WireMessage } from "./wire.ts";

/** Frames with messages that the peer has not confirmed. */
const WINDOW = 64;
/** Of what live and backlog have to say, so many parts are live for one of the backlog. */
const LIVE_SHARE = 3;
/** Batches of the backlog after which the peer is told what is settled, so that a cut does not throw it far back. */
const MARK_EVERY = 16;
/** Nobody learns how many rooms there are: the list is filled up to a multiple of this. */
const OFFERS_STEP = 16;
const MAX_ROOMS = 4096;
/** Streams of one room: thirty servers that start once a day for five years. A peer that makes up more of them is cut off. */
const MAX_STREAMS = 50_000;

/** What a peer cost and brought, over all of its connections. */
export interface Counters {
  sent: number;
  received: number;
  duplicates: number;
  refused: Record<Exclude<PeerFate, "new" | "known">, number>;
}

export const noCounters = (): Counters => ({
  ...{ sent: 0, received: 0, duplicates: 0 },
  refused: { not_authentic: 0, from_the_future: 0, muted: 0, forged: 0 },
});

export interface SyncParts {
  rooms: Rooms;
  store: Store;
  clock: Clock;
  counters: Counters;
  /** The rooms that this server shares, and in which direction. */
  shared: readonly { room: Room; takes: boolean; gives: boolean }[];
  /** Bytes a second to this peer; 0 is without a limit. */
  maxRate: number;
  /** Numbers of these streams have moved here by what this peer said. */
  moved(room: string, streams: ReadonlySet<string>): void;
  /** Something was refused. */
  refused(fate: PeerFate, room: string): void;
  /** It is trusted to keep rooms that it has no key of. */
  isBlindHub: boolean;
  /** What it has said of a room in this run, as a hub. */
  hearsay(room: Room): Hearsay;
  /** Where this server keeps such a room for it; null when there is no place for one more. Absent where it is no hub. */
  keep?: (id: string) => Shelf | null;
  /** The hub at the other end has no place for these rooms; or this one has none for so many. */
  noPlace(rooms: readonly string[] | number): void;
  /** What the peer says waits because of this error; null: no more. */
  notStored(error: unknown): void;
}

/**
 * Brings the rooms that both servers have together, in both directions, over one session: the log of each room is one list of
 * rows in the order of arrival; first the rows that the peer lacks (backlog) and the new ones (live) by turns, then, where a
 * stream has numbers without rows, marks. All that a session knows is gone with it: the vectors in the stores say how to go on.
 */
export class Sync {
  private readonly session: Session;
  private readonly parts: SyncParts;
  private readonly byTheirs = new Map<number, RoomLink>();
  private readonly byName = new Map<string, RoomLink>();
  private theirOffers = 0;
  private theirVaults = 0;
  private readonly tokens = new Map<string, number>();
  private sent = 0;
  private acked = 0;
  private taken = 0;
  private turn = 0;
  private isBlocked = false;
  private isPumping = false;
  private isEnded = false;
  private pumping: NodeJS.Immediate | null = null;
  private acking: NodeJS.Immediate | null = null;
  private budget: number;
  private budgetMs: number;
  private cancelBudget: (() => void) | null = null;
  private readonly intake: Intake;

  constructor(session: Session, parts: SyncParts) {
    this.session = session;
    this.parts = parts;
    this.intake = new Intake(parts.clock, parts.notStored);
    this.budget = parts.maxRate;
    this.budgetMs = parts.clock.nowMs();
    session.onMessage = (message) => {
      try {
        this.take(message);
      } catch (error) {
        throw isStoreTrouble(error) ? notStored(error) : error;
      }
    };
    session.onDrain = () => {
      this.isBlocked = false;
      this.wakeUp();
    };
  }

  /** Says which rooms there are. */
  start(): void {
    const { shared } = this.parts;
    const offers = shared.slice(0, MAX_ROOMS).map(({ room, takes, gives }, i) => {
      this.tokens.set(roomToken(room.key, this.session.role === "dial" ? "listen" : "dial", this.session.channel), i);
      return { token: roomToken(room.key, this.session.role, this.session.channel), takes, gives };
    });
    while (offers.length === 0 || offers.length % OFFERS_STEP !== 0) {
      offers.push({ token: randomBytes(16).toString("hex"), takes: true, gives: true });
    }
    for (let at = 0; at < offers.length; at += MAX_ROWS) {
      const isLast = at + MAX_ROWS >= offers.length;
      this.session.send({ name: "offers", offers: offers.slice(at, at + MAX_ROWS), isLast });
    }
  }

  stop(): void {
    this.isEnded = true;
    for (const immediate of [this.pumping, this.acking]) if (immediate !== null) clearImmediate(immediate);
    this.cancelBudget?.();
    this.intake.stop();
  }

  /** The room has new rows, or its numbers have moved. */
  wake(room: string, moved?: ReadonlySet<string>): void {
    const link = this.byName.get(room);
    if (link === undefined || link.incoming !== null) return;
    link.isAwake = true;
    for (const stream of moved ?? []) link.moved.add(stream);
    this.wakeUp();
  }

  /** Rooms that both have. */
  rooms(): number {
    return this.byName.size;
  }

  /** Messages that the peer has not confirmed, and those that wait here for their turn. */
  depth(): number {
    let count = 0;
    for (const { shelf, backlog, live, incoming, gives } of this.byName.values()) {
      if (incoming !== null || !gives) continue;
      count += shelf.count(backlog.at, backlog.end) + shelf.count(live.at, shelf.lastRow());
    }
    return count + (this.sent - this.acked);
  }

  private take(message: WireMessage): void {
    switch (message.name) {
      case "offers":
        this.takeOffers(message.offers, message.isLast);
        break;
      case "vector":
        this.takeVector(message.room, message.places, message.isLast);
        break;
      case "entries":
      case "sealed":
        this.takeSaid(message.room, ({ shelf }) => shelf.unpack(message));
        break;
      case "marks":
        this.takeSaid(message.room, () => message.places.map((place) => ({ place, message: null })));
        break;
      case "vaults":
        this.takeVaults(message.rooms, message.isLast);
        break;
      case "full":
        this.takeFull(message.rooms);
        break;
      case "ack":
        if (message.count < this.acked || message.count > this.sent) throw malformed("an ack for what was not sent");
        this.acked = message.count;
        this.wakeUp();
        break;
      default:
        throw malformed(`${message.name} out of place`);
    }
  }

  private takeOffers(offers: { token: string; takes: boolean; gives: boolean }[], isLast: boolean): void {
    if (this.theirOffers + offers.length > MAX_ROOMS + OFFERS_STEP) throw malformed("too many rooms");
    for (const { token, takes, gives } of offers) {
      const theirs = this.theirOffers++;
      const ours = this.tokens.get(token);
      if (ours === undefined) continue;
      // Each once.
      this.tokens.delete(token);
      const own = this.parts.shared[ours];
      const link = new RoomLink({
        ...{ shelf: new OpenShelf(own.room, this.parts.rooms, this.parts.store), ours, theirs },
        ...{ takes: own.takes && gives, gives: own.gives && takes },
      });
      this.byTheirs.set(theirs, link);
      this.open(link);
    }
    if (!isLast) return;
    this.theirOffers = MAX_ROOMS + OFFERS_STEP;
    if (this.parts.isBlindHub) void this.askHub([...this.tokens.values()]);
  }

  /** From now on both have the room: says what this server has of it. */
  private open(link: RoomLink): void {
    link.isAsked = false;
    this.byName.set(link.shelf.name, link);
    this.sendPlaces("vector", link.ours, [...link.shelf.told()]);
  }

  /** To keep the rooms, by their places in our offers, that it has no key of. Nothing is sent of those that it does not take. */
  private async askHub(places: number[]): Promise<void> {
    const { rooms, store, shared, hearsay } = this.parts;
    const own = places.map((place) => shared[place]);
    const seals = await Promise.all(own.map(({ room }) => roomSeal(room.key)));
    if (this.isEnded) return;
    for (const [i, { room, takes, gives }] of own.entries()) {
      const number = SEALED_ROOMS + i;
      const shelf = new SealedShelf(room, rooms, store, seals[i], hearsay(room));
      const link = new RoomLink({ shelf, ours: number, theirs: number, takes, gives });
      link.isAsked = true;
      this.byTheirs.set(number, link);
    }
    const vaults = own.map(({ takes, gives }, i) => ({ id: seals[i].room, takes, gives }));
    for (let at = 0; at < vaults.length; at += MAX_ROWS) {
      const isLast = at + MAX_ROWS >= vaults.length;
      this.session.send({ name: "vaults", rooms: vaults.slice(at, at + MAX_ROWS), isLast });
    }
  }

  private takeVaults(vaults: { id: string; takes: boolean; gives: boolean }[], isLast: boolean): void {
    const { keep } = this.parts;
    // Somebody takes this server for a hub.
    if (keep === undefined) return;
    if (this.theirVaults + vaults.length > MAX_ROOMS) throw malformed("too many rooms");
    const refused: number[] = [];
    for (const { id, takes, gives } of vaults) {
      const number = SEALED_ROOMS + this.theirVaults++;
      const shelf = keep(id);
      if (shelf === null) refused.push(number);
      else if (this.byName.has(shelf.name)) throw malformed("a room twice");
      else {
        // It gives what the hub takes.
        const link = new RoomLink({ shelf, ours: number, theirs: number, takes: gives, gives: takes });
        this.byTheirs.set(number, link);
        this.open(link);
      }
    }
    if (isLast) this.theirVaults = MAX_ROOMS;
    if (refused.length === 0) return;
    this.session.send({ name: "full", rooms: refused });
    this.parts.noPlace(refused.length);
  }

  private takeFull(numbers: readonly number[]): void {
    const names = numbers.flatMap((number) => {
      const link = this.byTheirs.get(number);
      if (!link?.isAsked) throw malformed("no place for a room that it was not asked to keep");
      this.byTheirs.delete(number);
      return [link.shelf.name];
    });
    this.parts.noPlace(names);
  }

  private sendPlaces(name: "vector" | "marks", room: number, vector: [string, number][]): void {
    const places = vector.map(([stream, seq]) => ({ stream, seq }));
    for (let at = 0; at === 0 || at < places.length; at += MAX_ROWS) {
      const part = places.slice(at, at + MAX_ROWS);
      if (name === "marks") this.send({ name, room, places: part });
      else this.session.send({ name, room, places: part, isLast: at + MAX_ROWS >= places.length });
    }
  }

  private takeVector(room: number, places: Place[], isLast: boolean): void {
    const link = this.byTheirs.get(room);
    if (link?.incoming == null) throw malformed("a vector of no room, or again");
    if (link.isAsked) this.open(link);
    for (const { stream, seq } of places) link.incoming.set(stream, seq);
    if (link.incoming.size > MAX_STREAMS) throw malformed("too many streams");
    if (!isLast) return;
    for (const [stream, seq] of link.incoming) noteClaim(link, { stream, seq });
    link.incoming = null;
    if (!link.gives) return;
    const { shelf } = link;
    const last = shelf.lastRow();
    Object.assign(link.backlog, { at: shelf.rowBefore(link.vector()), end: last });
    Object.assign(link.live, { at: last, end: last });
    for (const stream of shelf.vector().keys()) link.moved.add(stream);
    link.isAwake = true;
    this.wakeUp();
  }

  private takeSaid(theirs: number, read: (link: RoomLink) => PeerSaid[]): void {
    const link = this.byTheirs.get(theirs);
    if (link === undefined || link.isAsked) throw malformed("messages of a room that it did not offer");
    const said = this.withoutForged(link, read(link));
    if (!link.takes || said.length === 0) {
      this.took();
      return;
    }
    const { counters } = this.parts;
    const { shelf } = link;
    const own = shelf.vector();
    for (const { place } of said) {
      if (place !== null && !own.has(place.stream) && own.size >= MAX_STREAMS) throw malformed("too many streams");
    }
    // Before it is stored, which may be told elsewhere first: nothing goes back to where it comes from.
    for (const { place, message } of said) if (place !== null && message !== null) link.bring(place);
    const release = this.session.hold();
    this.intake.take(shelf, said, (error, fates) => {
      release();
      if (this.isEnded) return;
      if (error !== null) {
        this.session.fail(notStored(error));
        return;
      }
      const streams = new Set<string>();
      said.forEach(({ place, message }, i) => {
        if (place !== null) streams.add(place.stream);
        if (message === null) {
          if (place !== null) noteClaim(link, place);
          return;
        }
        counters.received++;
        const fate = fates[i];
        if (fate === "known") counters.duplicates++;
        else if (fate !== "new") {
          counters.refused[fate]++;
          this.parts.refused(fate, shelf.name);
        }
      });
      this.parts.moved(shelf.name, streams);
      this.took();
    });
  }

  /**
   * What claims numbers of this server's own stream that it never gave: marks are passed over; a message counts like any other, for
   * who has the room's key may write, but gets a number of ours. Whoever passed it on may be honest, so the session goes on.
   */
  private withoutForged(link: RoomLink, said: PeerSaid[]): PeerSaid[] {
    if (!said.some(({ place }) => place !== null && isForged(link, place))) return said;
    this.parts.counters.refused.forged++;
    this.parts.refused("forged", link.shelf.name);
    return said.flatMap((one) => {
      if (one.place === null || !isForged(link, one.place)) return [one];
      return one.message === null ? [] : [{ ...one, place: null }];
    });
  }

  /** One more frame is durable here. */
  private took(): void {
    this.taken++;
    this.acking ??= setImmediate(() => {
      this.acking = null;
      this.session.send({ name: "ack", count: this.taken });
    });
  }

  private wakeUp(): void {
    if (!this.isEnded) this.pumping ??= setImmediate(() => this.pump());
  }

  private pump(): void {
    this.pumping = null;
    if (this.isPumping || this.isEnded) return;
    this.isPumping = true;
    const uncork = this.session.cork();
    try {
      while (this.maySend() && this.sayOne());
    } catch (error) {
      this.session.fail(new RoomError("peer_not_stored", "the history cannot be read now", { cause: error }));
    } finally {
      this.isPumping = false;
      uncork();
    }
  }

  private maySend(): boolean {
    if (this.isEnded || this.isBlocked || this.sent - this.acked >= WINDOW) return false;
    const { maxRate, clock } = this.parts;
    if (maxRate === 0) return true;
    const nowMs = clock.nowMs();
    this.budget = Math.min(maxRate, this.budget + ((nowMs - this.budgetMs) / 1000) * maxRate);
    this.budgetMs = nowMs;
    if (this.budget > 0) return true;
    this.cancelBudget ??= clock.after(50, () => {
      this.cancelBudget = null;
      this.wakeUp();
    });
    return false;
  }

  /** One frame, or one look at a stretch of the log; false when there is nothing to do. */
  private sayOne(): boolean {
    const links = [...this.byName.values()].filter(({ incoming, gives }) => incoming === null && gives);
    // Every room gets its turn.
    const from = links.length === 0 ? 0 : this.turn % links.length;
    const inTurn = [...links.slice(from), ...links.slice(0, from)];
    const live = inTurn.find(({ isAwake }) => isAwake);
    const behind = inTurn.find((link) => link.isInBacklog());
    if (live === undefined && behind === undefined) return false;
    this.turn++;
    if (live !== undefined && (behind === undefined || this.turn % (LIVE_SHARE + 1) !== 0)) {
      live.extend(live.shelf.lastRow());
      if (this.sayRows(live, live.live)) return true;
      live.isAwake = false;
      if (!live.isInBacklog()) this.sayMoved(live);
    } else if (behind !== undefined) {
      if (this.sayRows(behind, behind.backlog)) {
        if (++behind.batches % MARK_EVERY === 0) this.saySettled(behind);
      } else {
        behind.isAwake = true;
        behind.forget();
      }
    }
    return true;
  }

  /** Sends what the peer lacks of the next rows; false when there are no more. */
  private sayRows(link: RoomLink, stretch: Stretch): boolean {
    const rows = link.shelf.rows(stretch.at, stretch.end, MAX_ENTRIES);
    const isMore = rows.length === MAX_ENTRIES;
    stretch.at = isMore ? rows[rows.length - 1].id : stretch.end;
    const lacking = link.lacking(rows);
    if (lacking.length > 0) {
      const nowMs = this.parts.clock.unixMs();
      this.parts.counters.sent += lacking.length;
      this.send(link.shelf.pack(link.ours, lacking, nowMs));
    }
    return isMore;
  }

  /** The peer was told every row: the numbers that have none are settled. */
  private sayMoved(link: RoomLink): void {
    const vector = link.shelf.vector();
    const marks: [string, number][] = [];
    for (const stream of link.moved) {
      const seq = vector.get(stream) ?? 0;
      if (seq <= link.reaches(stream)) continue;
      link.noteAll({ stream, seq });
      marks.push([stream, seq]);
    }
    link.moved.clear();
    if (marks.length > 0) this.sendPlaces("marks", link.ours, marks);
  }

  /** In the middle of a backlog: what is settled as far as it was sent. */
  private saySettled(link: RoomLink): void {
    const marks: [string, number][] = [];
    for (const stream of link.shelf.vector().keys()) {
      const known = link.reaches(stream);
      const seq = link.shelf.settled(stream, known, link.backlog.at);
      if (seq <= known) continue;
      link.noteAll({ stream, seq });
      marks.push([stream, seq]);
    }
    if (marks.length > 0) this.sendPlaces("marks", link.ours, marks);
  }

  private send(message: WireMessage): void {
    this.sent++;
    const before = this.session.bytesSent;
    if (!this.session.send(message)) this.isBlocked = true;
    this.budget -= this.session.bytesSent - before;
  }
}

function noteClaim(link: RoomLink, place: Place): void {
  if (!isForged(link, place)) link.noteClaim(place, link.shelf.highest(place.stream));
}

/** No run of a server but this one gives numbers to its stream, and nobody can have heard of more than there are. */
const isForged = ({ shelf }: RoomLink, { stream, seq }: Place): boolean =>
  stream === shelf.stream && seq > (shelf.vector().get(stream) ?? 0);

const notStored = (cause: unknown): RoomError =>
  new RoomError("peer_not_stored", "its messages cannot be stored here now", { cause });

const malformed = (found: string): RoomError =>
  new RoomError("peer_malformed", "it sent what no server sends", { found });
