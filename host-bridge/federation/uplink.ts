import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { PeerFate, PeerSaid } from "../room/rooms.ts";
import type { Place } from "../room/store-log.ts";
import { type BackboneRecord, encodeRecord } from "./backbone-wire.ts";
import { backboneError } from "./nats-errors.ts";
import type { NatsLine } from "./nats-line.ts";
import type { Seeker, Seekers } from "./seekers.ts";
import type { Stock } from "./stock.ts";

/** What is not on a majority after this time is given back, to be tried again by who still wants it. */
const CARRY_MS = 20_000;
const AGAIN_MS = 300;
/** The stream brings what is in it within this time, or it is not in it. */
export const SEEN_MS = 3000;

interface UplinkParts {
  stream: string;
  stock: Stock;
  clock: Clock;
  seekers: Seekers;
  /** The line that may be written to. Throws RoomError `backbone_...` when there is none by then, or will be none. */
  lineBy(untilMs: number): Promise<NatsLine>;
  /** Ends early when the line changes. */
  pause(mostMs: number): Promise<void>;
}

/** Publishes what members bring, on whatever line there is. */
export class Uplink {
  published = 0;
  private readonly parts: UplinkParts;
  /** Tells our second attempts from those of other bridges. */
  private readonly run = randomBytes(6).toString("hex");
  private attempts = 0;
  /** Rooms that are known to be in the stream. */
  private readonly announced = new Set<string>();
  /** What is being published of each room. */
  private readonly underway = new Map<string, Set<Promise<unknown>>>();

  constructor(parts: UplinkParts) {
    this.parts = parts;
  }

  /** The stream is another one. */
  forget(): void {
    this.announced.clear();
  }

  /** `settle` is called once: when all of it is on a majority, or with why that cannot be said. */
  take(
    room: { name: string; bringer: string },
    said: readonly PeerSaid[],
    settle: (error: unknown, fates: PeerFate[]) => void,
  ): void {
    const before = this.underway.get(room.name) ?? new Set();
    const work = this.carry(room, said, [...before]);
    this.underway.set(room.name, before.add(work));
    const over = (): void => void before.delete(work);
    work.then(
      (fates) => {
        over();
        settle(null, fates);
      },
      (error) => {
        over();
        settle(error, []);
      },
    );
  }

  private async carry(
    { name: room, bringer }: { name: string; bringer: string },
    said: readonly PeerSaid[],
    before: Promise<unknown>[],
  ): Promise<PeerFate[]> {
    const untilMs = this.parts.clock.nowMs() + CARRY_MS;
    if (!this.announced.has(room)) await this.publish({ kind: "room", room, bringer }, room, untilMs);
    this.announced.add(room);
    const carried = await Promise.all(said.map((one) => this.carryMessage(room, one, untilMs)));
    const places = said.flatMap(({ place }, i) => (place !== null && carried[i] === "elsewhere" ? [place] : []));
    if (places.length > 0) await this.publish({ kind: "places", room, places }, null, untilMs);
    const marks = said.flatMap(({ place, message }) => (place !== null && message === null ? [place] : []));
    if (marks.length > 0) {
      // They say that everything before them is there: a bridge that dies now must have left it.
      await Promise.all(before);
      await this.publish({ kind: "marks", room, places: marks }, null, untilMs);
    }
    return carried.map((fate) => (fate === "new" ? "new" : "known"));
  }

  /** "elsewhere": it is in the stream, but not at this place. */
  private async carryMessage(
    room: string,
    { place, message }: PeerSaid,
    untilMs: number,
  ): Promise<"new" | "known" | "elsewhere"> {
    if (place === null) throw new Error("bug: a hub gives no numbers");
    if (message === null) return "known";
    // Until then nobody knows what the stream has.
    const { stock, clock, seekers, lineBy } = this.parts;
    await lineBy(untilMs);
    if (this.isCovered(room, place)) return "known";
    const { origin: id, payload: bytes, ageMs } = message;
    const bornAt = Math.max(0, Math.round(clock.unixMs() - ageMs));
    if (stock.has(room, id) || stock.isTooOld(room, bornAt)) return "elsewhere";
    const record: BackboneRecord = { kind: "message", room, ...place, bornAt, id, bytes };
    for (let name = `${room}${id}`; ; name = this.another(room, id)) {
      // Asked for before, so that it cannot come meanwhile.
      const seen = seekers.seek(room, id);
      try {
        const { isDouble, line } = await this.publish(record, name, untilMs);
        if (stock.has(room, id) || (await this.isSeen(seen, line, isDouble, untilMs))) {
          if (!isDouble) return "new";
          return this.isCovered(room, place) ? "known" : "elsewhere";
        }
      } finally {
        seen.end();
      }
    }
  }

  /**
   * Only what comes out of the stream is in it. A leader calls a double what it has heard of, be it on a majority or not; and what
   * dying servers had on one, bridges put back that have read it. False: it is to be published again.
   */
  private async isSeen(seen: Seeker, line: NatsLine, isDouble: boolean, untilMs: number): Promise<boolean> {
    const { clock, lineBy } = this.parts;
    const endMs = isDouble ? clock.nowMs() + SEEN_MS : untilMs;
    while (!(await seen.within(AGAIN_MS))) {
      // A new line has read all that there is.
      if ((await lineBy(untilMs)) !== line) return await seen.within(0);
      if (clock.nowMs() < endMs) continue;
      if (isDouble) return false;
      throw new RoomError("backbone_silent", "what was published does not come out of the stream");
    }
    return true;
  }

  private isCovered(room: string, { stream, seq }: Place): boolean {
    return (this.parts.stock.vector(room).get(stream) ?? 0) >= seq;
  }

  /** An id under which nobody can have published the message. */
  another(room: string, id: string): string {
    return `${room}${id}.${this.run}.${++this.attempts}`;
  }

  /** Until it is acknowledged, on whatever line there is. */
  private async publish(
    record: BackboneRecord,
    id: string | null,
    untilMs: number,
  ): Promise<{ isDouble: boolean; line: NatsLine }> {
    const { stream, clock, lineBy, pause } = this.parts;
    const { subject, data } = encodeRecord(stream, record);
    for (;;) {
      const line = await lineBy(untilMs);
      try {
        const { isDouble } = await line.publish(subject, data, id);
        this.published++;
        return { isDouble, line };
      } catch (error) {
        if (clock.nowMs() >= untilMs) throw backboneError(error);
        await pause(AGAIN_MS);
      }
    }
  }
}
