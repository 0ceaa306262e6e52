import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { PeerFate } from "../room/rooms.ts";
import { storeSentence } from "../room/store-errors.ts";

/** The same again is said after this time. */
const AGAIN_MS = 10 * 60_000;
const MAX_KEPT = 1000;

const FATES: Record<Exclude<PeerFate, "new" | "known">, RoomError> = {
  not_authentic: new RoomError("not_authentic", "not sealed with the room's key"),
  from_the_future: new RoomError("from_the_future", "dated more than 26 hours ahead of this clock"),
  forged: new RoomError("peer_forged", "numbered as if it came from this server"),
  muted: new RoomError("muted", "of a sender who is muted here"),
};

const HUB_FULL = new RoomError("hub_full", "no place for more rooms");

/** Log lines about what does not work, for an operator: each when it begins, and not again with every attempt. */
export class Refusals {
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly said = new Map<string, number>();

  constructor(clock: Clock, log: Log) {
    this.clock = clock;
    this.log = log;
  }

  /** A configured peer is not there. */
  lost(name: string, reason: string, retryMs: number, wasConnected: boolean): void {
    const line = `Federation peer ${JSON.stringify(name)} disconnected (${reason}), retry in ${Math.ceil(retryMs / 1000)}s`;
    if (wasConnected || this.isNews(`${name}\0${reason}`)) this.log.warn(line);
    else this.log.debug(line);
  }

  /** Somebody who is no peer wanted to come in, or did not behave. */
  stranger(address: string, error: RoomError): void {
    if (!this.isNews(`${address}\0${error.code}`)) return;
    this.log.warn(`Federation: refused ${address || "somebody"} (${error.message})`, { code: error.code });
  }

  /** A message of a peer was refused. */
  message(name: string, fate: PeerFate, room: string): void {
    if (fate === "new" || fate === "known" || !this.isNews(`${name}\0${fate}\0${room}`)) return;
    const { code, message } = FATES[fate];
    this.log.warn(`Federation peer ${JSON.stringify(name)} sent a message to "${room}" that is refused: ${message}`, {
      code,
    });
  }

  /** A hub does not keep some rooms: those of this server, by name; or this one is the hub, and it is so many of a peer. */
  noPlace(name: string, rooms: readonly string[] | number): void {
    const isOurs = typeof rooms !== "number";
    const which = isOurs ? rooms.map((room) => JSON.stringify(room)).join(", ") : `${rooms} of its rooms`;
    if (which === "" || !this.isNews(`${name}\0${HUB_FULL.code}\0${which}`)) return;
    const who = `Federation peer ${JSON.stringify(name)}`;
    const { code, message } = HUB_FULL;
    this.log.warn(`${who}: ${message}: ${isOurs ? `it does not keep ${which}` : which}`, { code });
  }

  /** What a peer says waits because of this error of a store; null: it is stored again. */
  notStored(name: string, error: unknown): void {
    const key = `${name}\0peer_not_stored`;
    const who = `Federation peer ${JSON.stringify(name)}`;
    if (error === null) {
      if (this.said.delete(key)) this.log.info(`${who}: its messages are stored again`);
    } else if (!isBackbone(error) && this.isNews(key)) {
      const why = storeSentence(error);
      this.log.warn(`${who}: its messages wait, for they cannot be stored here now: ${why}`, {
        code: "peer_not_stored",
      });
    }
  }

  /** All is well with the peer: what happens next is news. */
  forget(name: string): void {
    for (const key of this.said.keys()) if (key.startsWith(`${name}\0`)) this.said.delete(key);
  }

  private isNews(key: string): boolean {
    const nowMs = this.clock.nowMs();
    const before = this.said.get(key);
    if (before !== undefined && nowMs - before < AGAIN_MS) return false;
    this.said.delete(key);
    this.said.set(key, nowMs);
    const oldest = this.said.keys().next().value;
    if (this.said.size > MAX_KEPT && oldest !== undefined) this.said.delete(oldest);
    return true;
  }
}

/** It has lines of its own. */
const isBackbone = (error: unknown): boolean => error instanceof RoomError && error.code.startsWith("backbone_");
