// Which message of another server goes on air here, and when: a decision without a timer, a board or a clock of its own.
import { AirBudget } from "./air-budget.ts";

/** Why a message of a peer did not go on air. */
export const REASONS = [
  /** It was when it came, or became so while boards had something else to do. */
  "too_old",
  /** The room's share, that of all rooms together or the duty cycle was used up until it was too old. */
  "airtime",
  /** Posts and traffic of this place came first until it was too old. */
  "busy",
  /** Somebody in reach has sent it. */
  "heard_on_air",
  /** The room has `rebroadcast: false`, or is there no more with this key. */
  "not_wanted",
  /** No board was there until it was too old. */
  "no_board",
  /** Too many newer ones waited. */
  "overflow",
  /** A board called it malformed. */
  "refused",
  /** That it uses its share of the air could not be written down. */
  "store",
] as const;
export type Reason = (typeof REASONS)[number];

/** A message of a peer, as far as this decision goes. */
export interface Candidate {
  room: string;
  guid: string;
  payload: Uint8Array;
  /** Name of the server at which it came in. */
  origin: string;
  /** Since it came into the first server. */
  ageMs: number;
}

export interface Waiting extends Candidate {
  id: number;
  airMs: number;
  /** In the clock of `nowMs`: when it came into the first server, and until when it is held back. */
  bornMs: number;
  dueMs: number;
  /** What keeps it from going, as of the last look. */
  why: Reason;
  /** A board has had it, and was lost. */
  isRepeated: boolean;
  /** While a board had it, another one heard it: perhaps that one's transmission. */
  isHeard: boolean;
}

export interface RebroadcastRoom {
  name: string;
  rebroadcast: boolean;
  airtimePercent: number;
  keyCheck: number;
}

export interface RebroadcastParts {
  /** What the channel's boards may transmit of an hour. */
  dutyPermille: number;
  /** Longest time on air of a payload. */
  airMs(payload: Uint8Array): number;
  /** 0 up to and without 1. */
  random(): number;
  maxAgeMs(): number;
  /** Writes down, before it goes, what a message will use of the room's share, for the next start. May throw. */
  spend(room: string, airMs: number): void;
  /** A message was sent (null) or given up. */
  ended(message: Candidate & { airMs: number }, reason: Reason | null): void;
}

/** More than go on air within the longest age that makes sense. */
const MAX_WAITING = 500;
/** Behind each of these messages the channel is left to others for so many times its length. */
const PACE = 3;
/** What waits and could not go is looked at again. */
const LOOK_MS = 1000;
/**
 * How long a message is held back, in ms and in its times on air: the first part for a flood to reach us by way of repeaters, the
 * other by chance, so that of two servers in reach of each other one hears the other in time.
 */
const SHORT = { ms: 2000, airs: 4, chanceMs: 4000, chanceAirs: 8 };
/** The same for messages of a server whose messages were heard on the air here: most likely these will be too. */
const LONG = { ms: 20_000, airs: 4, chanceMs: 20_000, chanceAirs: 16 };
/** So many messages of a server have to go unheard until it is taken for out of reach again. */
const TRUST = 4;
const MAX_ORIGINS = 1000;
/** So few that are due go in the order in which they came, if there is air for all: people are talking. */
const TALK = 3;
/** A board may let a message wait, and what it spends counts from the end of the transmission. */
const LATE_MS = 60_000;
/** Where the age limit is short, a new message is held back for this part of it at most. */
const HOLD_SHARE = 0.5;

/**
 * Messages of peers on one channel: the newest that fits goes first, one at a time, within the share of its room and, of all
 * rooms together, within the largest share of any of them. What somebody in reach sends meanwhile is not sent again; see
 * docs/architecture.md. Nothing is kept over a restart but what was spent.
 */
export class Rebroadcast {
  private readonly parts: RebroadcastParts;
  private rooms = new Map<string, RebroadcastRoom>();
  private readonly budgets = new Map<string, AirBudget>();
  private readonly all = new AirBudget(0);
  private waiting: Waiting[] = [];
  /** What a board has. */
  private sending: Waiting | null = null;
  private quietUntilMs = Number.NEGATIVE_INFINITY;
  /** Origins that are in reach, and how many of their messages may yet go unheard. */
  private readonly near = new Map<string, number>();
  private lastId = 0;

  constructor(rooms: readonly RebroadcastRoom[], parts: RebroadcastParts) {
    this.parts = parts;
    this.setRooms(rooms);
  }

  /** From now on these; what waits for another one, or for one with another key, is dropped. */
  setRooms(rooms: readonly RebroadcastRoom[]): void {
    const before = this.rooms;
    const { dutyPermille } = this.parts;
    const wanted = rooms.filter(({ rebroadcast }) => rebroadcast);
    this.rooms = new Map(wanted.map((room) => [room.name, room]));
    for (const { name, airtimePercent } of wanted) this.budget(name).setShare((dutyPermille * airtimePercent) / 100);
    const most = Math.max(0, ...wanted.map(({ airtimePercent }) => airtimePercent));
    this.all.setShare((dutyPermille * most) / 100);
    this.drop("not_wanted", ({ room }) => this.rooms.get(room)?.keyCheck !== before.get(room)?.keyCheck);
  }

  /** What was spent before the start, `agoMs` ago. */
  restore(room: string, airMs: number, agoMs: number, nowMs: number): void {
    this.spend(room, airMs, nowMs - agoMs);
  }

  /** A message that is new here has come from a peer. */
  add(message: Candidate, nowMs: number): void {
    const { airMs: reckon, maxAgeMs } = this.parts;
    const airMs = reckon(message.payload);
    const bornMs = nowMs - message.ageMs;
    const waiting: Waiting = {
      ...message,
      id: ++this.lastId,
      airMs,
      bornMs,
      dueMs: 0,
      why: "too_old",
      isRepeated: false,
      isHeard: false,
    };
    if (!this.rooms.has(message.room)) {
      this.end(waiting, "not_wanted");
      return;
    }
    if (message.ageMs >= maxAgeMs()) {
      this.end(waiting, "too_old");
      return;
    }
    // In the order in which they came, as long as there is air for all.
    const before = this.waiting.filter(({ origin }) => origin === message.origin).map(({ dueMs }) => dueMs);
    waiting.dueMs = Math.max(nowMs + this.holdMs(message.origin, airMs), ...before);
    this.waiting.push(waiting);
    if (this.waiting.length <= MAX_WAITING) return;
    const oldest = this.waiting.reduce((one, other) => (other.bornMs < one.bornMs ? other : one));
    this.drop("overflow", (each) => each === oldest);
  }

  /** A board has heard a message on this channel. */
  heard(room: string, guid: string, nowMs: number): void {
    const isMeant = (each: Waiting): boolean => each.guid === guid && each.room === room;
    if (this.sending !== null && isMeant(this.sending)) this.sending.isHeard = true;
    const found = this.waiting.find(isMeant);
    if (found === undefined) return;
    this.drop("heard_on_air", (each) => each === found);
    const { origin, airMs } = found;
    this.trust(origin);
    // Who sends them is at work, and gets the time for the others.
    const untilMs = nowMs + this.holdMs(origin, airMs);
    for (const each of this.waiting) if (each.origin === origin) each.dueMs = Math.max(each.dueMs, untilMs);
  }

  /** Nothing can go now, because of this. */
  hold(why: Reason, nowMs: number): void {
    this.expire(nowMs);
    for (const each of this.waiting) if (why === "no_board" || each.dueMs <= nowMs) each.why = why;
  }

  /**
   * The message to send now, or null; it stays the only one until sent(), known(), refused() or back(). `leftMs` is what the board may
   * still transmit.
   */
  next(nowMs: number, leftMs: number): Waiting | null {
    if (this.sending !== null) {
      this.hold("airtime", nowMs);
      return null;
    }
    this.expire(nowMs);
    for (const each of this.inTurn(nowMs, leftMs)) {
      each.why = "airtime";
      if (nowMs < this.quietUntilMs || !this.fits([each], nowMs, leftMs)) continue;
      try {
        this.parts.spend(each.room, each.airMs);
      } catch {
        // Whoever writes has said why.
        this.drop("store", (other) => other === each);
        return null;
      }
      this.spend(each.room, each.airMs, nowMs + each.airMs);
      this.waiting = this.waiting.filter((other) => other !== each);
      this.sending = each;
      return each;
    }
    return null;
  }

  /** It was on air. */
  sent(nowMs: number): void {
    const message = this.sending;
    if (message === null) return;
    this.sending = null;
    this.quietUntilMs = nowMs + PACE * message.airMs;
    const { origin } = message;
    const trust = (this.near.get(origin) ?? 0) - 1;
    if (trust > 0) this.near.set(origin, trust);
    else this.near.delete(origin);
    this.parts.ended(message, null);
  }

  /** The board had heard it, or sent it before it was lost to us. */
  known(nowMs: number): void {
    const message = this.sending;
    if (message === null) return;
    if (message.isRepeated) this.sent(nowMs);
    else {
      this.sending = null;
      this.trust(message.origin);
      this.end(message, "heard_on_air");
    }
  }

  /** The board has gone, and whether it was on air nobody knows. What it would have used is used. */
  back(nowMs: number): void {
    const message = this.sending;
    if (message === null) return;
    this.sending = null;
    if (message.isHeard) this.end(message, "heard_on_air");
    else this.waiting.push({ ...message, isRepeated: true });
    this.expire(nowMs);
  }

  /** The board did not send it. */
  refused(nowMs: number): void {
    const message = this.sending;
    if (message === null) return;
    this.sending = null;
    this.end(message, nowMs >= this.untilMs(message) ? message.why : "refused");
  }

  /** From this moment on it is not to be sent. */
  untilMs({ bornMs }: Waiting): number {
    return bornMs + this.parts.maxAgeMs();
  }

  /** When there may be something to do, Infinity when nothing waits. */
  wakeMs(nowMs: number): number {
    const times = this.waiting.map((each) => {
      return Math.min(each.dueMs > nowMs ? each.dueMs : nowMs + LOOK_MS, this.untilMs(each));
    });
    return Math.min(Number.POSITIVE_INFINITY, ...times);
  }

  countWaiting(room: string): number {
    return [...this.waiting, this.sending].filter((each) => each?.room === room).length;
  }

  /** What is due, the first to go first. */
  private inTurn(nowMs: number, leftMs: number): Waiting[] {
    const due = this.waiting.filter(({ dueMs }) => dueMs <= nowMs);
    const isTalk = due.length <= TALK && this.fits(due, nowMs, leftMs);
    return due.sort((a, b) => (isTalk ? a.id - b.id : b.bornMs - a.bornMs));
  }

  /** Whether there is air for all of these. */
  private fits(messages: readonly Waiting[], nowMs: number, leftMs: number): boolean {
    const sumOf = (some: readonly Waiting[]): number => some.reduce((sum, { airMs }) => sum + airMs, 0);
    const rooms = new Set(messages.map(({ room }) => room));
    return (
      sumOf(messages) <= leftMs &&
      this.all.waitMs(sumOf(messages), nowMs) === 0 &&
      [...rooms].every((room) => {
        return this.budget(room).waitMs(sumOf(messages.filter((each) => each.room === room)), nowMs) === 0;
      })
    );
  }

  private spend(room: string, airMs: number, untilMs: number): void {
    for (const budget of [this.budget(room), this.all]) budget.spend(airMs, untilMs + LATE_MS);
  }

  private holdMs(origin: string, airMs: number): number {
    const { ms, airs, chanceMs, chanceAirs } = this.near.has(origin) ? LONG : SHORT;
    const holdMs = ms + airs * airMs + this.parts.random() * (chanceMs + chanceAirs * airMs);
    return Math.min(holdMs, HOLD_SHARE * this.parts.maxAgeMs());
  }

  private trust(origin: string): void {
    this.near.delete(origin);
    this.near.set(origin, TRUST);
    const longest = this.near.keys().next().value;
    if (this.near.size > MAX_ORIGINS && longest !== undefined) this.near.delete(longest);
  }

  private budget(room: string): AirBudget {
    const budget = this.budgets.get(room) ?? new AirBudget(0);
    this.budgets.set(room, budget);
    return budget;
  }

  private expire(nowMs: number): void {
    for (const each of this.waiting.filter((one) => nowMs >= this.untilMs(one))) {
      this.drop(each.why, (other) => other === each);
    }
  }

  private drop(reason: Reason, isMeant: (message: Waiting) => boolean): void {
    const gone = this.waiting.filter(isMeant);
    if (gone.length === 0) return;
    this.waiting = this.waiting.filter((each) => !gone.includes(each));
    for (const each of gone) this.end(each, reason);
  }

  private end(message: Waiting, reason: Reason | null): void {
    this.parts.ended(message, reason);
  }
}
