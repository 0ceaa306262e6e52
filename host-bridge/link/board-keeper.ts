import type { Clock } from "../clock.ts";
import { describe, RoomError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Log } from "../log.ts";
import type { Rooms } from "../room/rooms.ts";
import type { Store } from "../room/store.ts";
import { type BoardKey, isRealAdvert } from "./board-key.ts";
import { BoardLink, type LinkHooks } from "./board-link.ts";
import type { PortSource } from "./ports.ts";
import { type BoardIdentity, type LinkWish, newLink, type RingCursor, type StatusValue } from "./state.ts";

export interface BoardsParts {
  rooms: Rooms;
  store: Store;
  events: Events;
  clock: Clock;
  log: Log;
  /** The key of a board that cannot have one itself; made when there is none. Throws RoomError. */
  boardKey: (board: string) => BoardKey;
  /** A whole number from 0 to 65535. */
  random16: () => number;
}

/** A board as /status shows it; numbers are null until the board has told them. */
export interface BoardStatus {
  id: string;
  model: string;
  engine: string;
  firmware: string;
  /** Of the bundle that runs, as in dist/firmware/<id>.json. */
  sha256: string;
  connected: boolean;
  rx_packets: number | null;
  tx_packets: number | null;
  airtime_percent: number | null;
  noise_floor_dbm: number | null;
  tx_queue: number | null;
  uptime_s: number | null;
  /** Bad frames, at both ends. */
  link_errors: number;
  /** Room messages that the board dropped before this host could have them. */
  missed: number;
  /** Why it is not connected, or null. */
  error: string | null;
}

/** What all boards share: who sends which post. */
export type PostDesk = Pick<LinkHooks, "takePosts" | "aired" | "unsendable"> & { lost(): void };

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 5000;
/** Where only a person can help, there is no hurry. */
const HELPLESS_RETRY_MS = 60_000;
const MAX_RING = 0xffff;

/** Keeps one board: opens its port, runs the link, and finds it again after it was gone. */
export class BoardKeeper {
  readonly id: string;
  private readonly source: PortSource;
  private readonly wish: LinkWish;
  private readonly parts: BoardsParts;
  private readonly desk: PostDesk;
  private link: BoardLink | null = null;
  private key: BoardKey | null = null;
  private keyError = "";
  private identity: BoardIdentity | null = null;
  private last: StatusValue | null = null;
  private badFrames = 0;
  private missed = 0;
  private error: string | null = "not connected yet";
  private retryMs = FIRST_RETRY_MS;
  private opening: Promise<void> = Promise.resolve();
  private stopped = true;
  private cancelRetry: () => void = () => undefined;

  constructor(source: PortSource, radio: LinkWish["radio"], parts: BoardsParts, desk: PostDesk) {
    this.id = source.id;
    this.source = source;
    this.parts = parts;
    this.desk = desk;
    const rooms = parts.rooms.list.map(({ name, key, keyCheck, maxHistory }) => ({
      ...{ name, key, keyCheck },
      max: Math.min(maxHistory, MAX_RING),
    }));
    this.wish = { board: source.id, rooms, radio, wantsHeard: false };
  }

  start(): () => Promise<void> {
    this.stopped = false;
    this.opening = this.open();
    return async () => {
      this.stopped = true;
      this.cancelRetry();
      await this.opening;
      this.link?.stop();
      this.link = null;
      await this.source.stop();
    };
  }

  isUp(): boolean {
    return this.link?.isUp() ?? false;
  }

  offer(): void {
    this.link?.offer();
  }

  status(): BoardStatus {
    const { identity, last } = this;
    return {
      id: this.id,
      model: identity?.model ?? this.source.model,
      engine: identity?.engine ?? "",
      firmware: identity?.firmware ?? "",
      sha256: identity?.sha256 ?? "",
      connected: this.isUp(),
      rx_packets: last?.rx ?? null,
      tx_packets: last?.tx ?? null,
      airtime_percent: last === null ? null : last.airPermille / 10,
      noise_floor_dbm: last?.noiseFloor ?? null,
      tx_queue: last?.txQueue ?? null,
      uptime_s: last?.uptimeS ?? null,
      link_errors: this.badFrames + (this.link?.linkErrors() ?? 0) + (last?.linkErrors ?? 0),
      missed: this.missed,
      error: this.error,
    };
  }

  private async open(): Promise<void> {
    try {
      const cursors = new Map<string, RingCursor>();
      for (const { room, ...cursor } of this.parts.store.cursors(this.id)) cursors.set(room, cursor);
      const port = await this.source.open();
      if (this.stopped) {
        port.close();
        return;
      }
      const link = new BoardLink(
        port,
        newLink(this.wish, cursors, this.parts.random16()),
        this.hooks(),
        this.parts.clock,
      );
      this.link = link;
      link.start();
    } catch (error) {
      const hint = error instanceof RoomError ? (error.hint ?? null) : null;
      this.fail(error instanceof RoomError ? describe(error) : String(error), hint, false);
    }
  }

  private hooks(): LinkHooks {
    const { rooms, events, log } = this.parts;
    const board = this.id;
    return {
      ...this.desk,
      store: (room, bootId, keyCheck, { seq, flags, pathLen, rssi, snr, payload }, settle) => {
        const place = { board, room, bootId, keyCheck, seq, payload };
        // MeshCore's path byte: the low 6 bits count the repeaters. The radio tells SNR in quarters of a dB.
        rooms.ingest({ ...place, own: (flags & 1) !== 0, hops: pathLen & 63, rssi, snr: snr / 4 }, settle);
      },
      up: (identity) => this.onUp(identity),
      status: (status) => {
        this.last = status;
      },
      heard: ({ rssi, snr, packet }) => events.emit("heard", { board, rssi, snr: snr / 4, packet }),
      isRealAdvert,
      signAdvert: (timestamp, appData) => {
        try {
          this.key ??= this.parts.boardKey(board);
          return this.key.advert(timestamp, appData);
        } catch (error) {
          const text = error instanceof RoomError ? describe(error) : String(error);
          // Asked for again and again.
          if (text !== this.keyError) log.error(`Board "${board}" has no adverts: ${text}`);
          this.keyError = text;
          return null;
        }
      },
      missed: (room, count) => {
        this.missed += count;
        log.warn(`${count} messages of "${room}" are lost: the board's memory was full before this host came`, {
          board,
        });
      },
      log: (level, text) => log[level](`Board "${board}" ${text}`),
      ended: (reason, hint) => this.fail(reason, hint, hint !== null),
    };
  }

  private onUp(identity: BoardIdentity): void {
    const { log, events } = this.parts;
    const { model, engine, firmware } = identity;
    this.identity = identity;
    this.error = null;
    this.retryMs = FIRST_RETRY_MS;
    log.info(`Board "${this.id}" connected (${model}, ${engine}, firmware ${firmware})`);
    events.emit("board", { board: this.id, connected: true, error: null });
  }

  private fail(reason: string, hint: string | null, helpless: boolean): void {
    const { log, events, clock } = this.parts;
    this.badFrames += this.link?.linkErrors() ?? 0;
    this.link = null;
    const delayMs = helpless ? HELPLESS_RETRY_MS : this.retryMs;
    this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
    const text = `Board "${this.id}" is not connected: ${reason}`;
    // Said once, not at every attempt.
    if (this.error === reason) log.debug(text);
    else log.warn(hint === null ? text : `${text}. Try: ${hint}`);
    this.error = reason;
    if (!this.stopped) {
      this.cancelRetry = clock.after(delayMs, () => {
        this.opening = this.open();
      });
    }
    this.desk.lost();
    events.emit("board", { board: this.id, connected: false, error: reason });
  }
}
