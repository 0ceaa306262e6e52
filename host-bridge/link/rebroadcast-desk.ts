import { airtimeMs } from "../../protocol/airtime.ts";
import { PRIORITY_ADVERT } from "../../protocol/packet.ts";
import { believableUnixS } from "../clock.ts";
import { describe, RoomError } from "../errors.ts";
import type { RoomMessage } from "../room/message.ts";
import type { BoardsParts, Keeper } from "./keeper.ts";
import { channelOf } from "./keeper.ts";
import { type Candidate, REASONS, type Reason, Rebroadcast } from "./rebroadcast.ts";
import { FIRST_FOREIGN, type Post } from "./state.ts";

/** What has become of the messages of other servers on the air, as /status shows it of each room. */
export interface RebroadcastStatus {
  waiting: number;
  sent: number;
  /** Their time on air. */
  airtime_ms: number;
  not_sent: Record<Reason, number>;
}

/** How a board is through with a post: it has sent it, it had heard it before, or it never will. */
export type Outcome = "sent" | "known" | "refused";

/** A frame's bytes around the payload, with the transport codes of a board that has a region. */
const AROUND = 6;
/** Behind everything that a board has to send of its own but traces. */
const PRIORITY = PRIORITY_ADVERT + 1;
/** So much of the duty cycle is left to the posts of this place. */
const RESERVE = 0.1;
/** A board reckons with more than the time on air before it begins a transmission. */
const MARGIN_MS = 1000;
const MIN_WAKE_MS = 50;

interface Channel {
  name: string;
  rebroadcast: Rebroadcast;
  /** Which board has the message that is being sent. */
  sender: Keeper | null;
}

/** Brings messages of other servers to the boards: one Rebroadcast for each channel that boards are on. */
export class RebroadcastDesk {
  private readonly parts: BoardsParts;
  private readonly keepers: () => readonly Keeper[];
  private readonly offer: () => void;
  private channels: Channel[] = [];
  private readonly counts = new Map<string, Omit<RebroadcastStatus, "waiting">>();
  private lastPost = FIRST_FOREIGN;
  private cancelWake: () => void = () => undefined;

  /** `offer` has the boards ask for posts. */
  constructor(parts: BoardsParts, keepers: () => readonly Keeper[], offer: () => void) {
    this.parts = parts;
    this.keepers = keepers;
    this.offer = offer;
  }

  /** Takes what comes from peers from now on. Returns the stop. */
  start(): () => void {
    const { events, rooms } = this.parts;
    this.channels = [...new Set(this.keepers().map(channelOf))].map((name) => this.open(name));
    const offs = [
      events.on("message", (message) => {
        if (message.via === "federation") this.add(message);
      }),
      events.on("reception", ({ room, guid, board }) => this.heard(room, guid, board)),
      events.on("rooms", () => {
        for (const { rebroadcast } of this.channels) rebroadcast.setRooms(rooms.list);
      }),
    ];
    return () => {
      for (const off of offs) off();
      this.cancelWake();
      this.channels = [];
    };
  }

  /** A message for a board that could send one. `isIdle`: nothing of this place waits for it. */
  take(keeper: Keeper, isIdle: boolean): Post | null {
    const channel = this.channelOf(keeper);
    if (channel === undefined) return null;
    const nowMs = this.parts.clock.nowMs();
    const { rebroadcast } = channel;
    if (!isIdle) {
      rebroadcast.hold(channel.sender === null ? "busy" : "airtime", nowMs);
      return null;
    }
    const reserveMs = RESERVE * wholeMs(keeper) + MARGIN_MS;
    const message = rebroadcast.next(nowMs, keeper.airLeftMs() - reserveMs);
    if (message === null) return null;
    channel.sender = keeper;
    const untilMs = rebroadcast.untilMs(message);
    return { id: ++this.lastPost, payload: message.payload, priority: PRIORITY, untilMs };
  }

  /** A board is through with the message that it had. */
  done(keeper: Keeper, outcome: Outcome): void {
    const channel = this.senderOf(keeper);
    if (channel === undefined) return;
    channel.sender = null;
    const nowMs = this.parts.clock.nowMs();
    channel.rebroadcast[outcome](nowMs);
  }

  /** The board is gone. */
  lost(keeper: Keeper): void {
    const channel = this.senderOf(keeper);
    if (channel === undefined) return;
    channel.sender = null;
    channel.rebroadcast.back(this.parts.clock.nowMs());
    this.schedule();
  }

  status(room: string): RebroadcastStatus {
    const waiting = this.channels.reduce((sum, { rebroadcast }) => sum + rebroadcast.countWaiting(room), 0);
    const { sent, airtime_ms, not_sent } = this.countsOf(room);
    return { waiting, sent, airtime_ms, not_sent: { ...not_sent } };
  }

  private open(name: string): Channel {
    const { rooms, store, clock, random16, rebroadcastMaxAgeMs } = this.parts;
    const there = this.keepers().filter((keeper) => channelOf(keeper) === name);
    const { radio } = there[0];
    const rebroadcast = new Rebroadcast(rooms.list, {
      dutyPermille: Math.min(...there.map((keeper) => keeper.radio.dutyPermille)),
      airMs: ({ length }) => Math.ceil(airtimeMs(radio, length + AROUND)),
      random: () => random16() / 0x10000,
      maxAgeMs: rebroadcastMaxAgeMs,
      spend: (room, airMs) =>
        this.write(() => store.air.spend({ room, channel: name, airMs, endedAt: clock.unixMs() })),
      ended: (message, reason) => this.ended(message, reason),
    });
    const nowUnixMs = clock.unixMs();
    for (const { room, channel, airMs, endedAt } of this.write(() => store.air.recent(nowUnixMs))) {
      if (channel === name) rebroadcast.restore(room, airMs, nowUnixMs - endedAt, clock.nowMs());
    }
    return { name, rebroadcast, sender: null };
  }

  private add(message: RoomMessage): void {
    const { room, guid, payload, origin } = message;
    const candidate = { room, guid, payload, origin, ageMs: this.ageMs(message) };
    const nowMs = this.parts.clock.nowMs();
    for (const { rebroadcast } of this.channels) rebroadcast.add(candidate, nowMs);
    if (this.channels.length === 0) {
      const isWanted = this.parts.rooms.get(room)?.rebroadcast ?? false;
      this.ended({ ...candidate, airMs: 0 }, isWanted ? "no_board" : "not_wanted");
    }
    this.schedule();
  }

  /** By the servers' word where they have one, which no clock can make wrong; else by the sender's clock and ours. */
  private ageMs({ ageMs, timestamp }: RoomMessage): number {
    const { clock } = this.parts;
    if (ageMs !== undefined) return Math.max(0, ageMs);
    return believableUnixS(clock) === 0 ? 0 : Math.max(0, clock.unixMs() - timestamp * 1000);
  }

  private heard(room: string, guid: string, board: string): void {
    const keeper = this.keepers().find(({ id }) => id === board);
    if (keeper !== undefined) this.channelOf(keeper)?.rebroadcast.heard(room, guid, this.parts.clock.nowMs());
  }

  private ended({ room, guid, airMs }: Candidate & { airMs: number }, reason: Reason | null): void {
    const counts = this.countsOf(room);
    if (reason === null) {
      counts.sent++;
      counts.airtime_ms += airMs;
    } else {
      counts.not_sent[reason]++;
      this.parts.log.debug(`a peer's message does not go on air: ${reason}`, { guid });
    }
  }

  private countsOf(room: string): Omit<RebroadcastStatus, "waiting"> {
    const none = REASONS.map((reason) => [reason, 0]);
    const counts = this.counts.get(room) ?? { sent: 0, airtime_ms: 0, not_sent: Object.fromEntries(none) };
    this.counts.set(room, counts);
    return counts;
  }

  private schedule(): void {
    const { clock } = this.parts;
    this.cancelWake();
    this.cancelWake = () => undefined;
    const nowMs = clock.nowMs();
    const wakeMs = Math.min(...this.channels.map(({ rebroadcast }) => rebroadcast.wakeMs(nowMs)));
    if (wakeMs === Number.POSITIVE_INFINITY) return;
    this.cancelWake = clock.after(Math.max(MIN_WAKE_MS, wakeMs - nowMs), () => this.wake());
  }

  private wake(): void {
    for (const { name, rebroadcast } of this.channels) {
      const isThere = this.keepers().some((keeper) => keeper.isUp() && channelOf(keeper) === name);
      if (!isThere) rebroadcast.hold("no_board", this.parts.clock.nowMs());
    }
    this.offer();
    this.schedule();
  }

  private channelOf(keeper: Keeper): Channel | undefined {
    return this.channels.find(({ name }) => name === channelOf(keeper));
  }

  private senderOf(keeper: Keeper): Channel | undefined {
    return this.channels.find(({ sender }) => sender === keeper);
  }

  private write<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const text = error instanceof RoomError ? describe(error) : String(error);
      this.parts.log.error(`what messages of peers use of the air cannot be kept: ${text}`);
      throw error;
    }
  }
}

function wholeMs({ radio }: Keeper): number {
  return radio.dutyPermille * 3600;
}
