import type { Clock } from "../clock.ts";
import { addressText } from "../config/address.ts";
import type { BackboneConfig } from "../config/schema.ts";
import { describe, RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { PeerFate, PeerSaid } from "../room/rooms.ts";
import type { BackboneStatus } from "../web/status.ts";
import { type BackboneRecord, decodeRecord, encodeRecord } from "./backbone-wire.ts";
import { backboneError } from "./nats-errors.ts";
import { type Delivered, NatsLine } from "./nats-line.ts";
import { Seekers } from "./seekers.ts";
import type { Stock } from "./stock.ts";
import { SEEN_MS, Uplink } from "./uplink.ts";
import { MAX_ROWS } from "./wire.ts";

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 5000;
const SHORT_MS = 10_000;
/** So many are read again on each line: what a dying leader had said last may have become something else. */
const OVERLAP = 256;
const REFILL = 256;
const STOP_MS = 1000;
/** The same again is said after this time. */
const NEWS_MS = 10 * 60_000;

export interface BackboneParts {
  config: BackboneConfig;
  /** This server's, for those who look at the NATS servers. */
  name: string;
  maxMessages: number;
  stock: Stock;
  clock: Clock;
  log: Log;
  /** 0 up to 1. */
  random(): number;
  /** Rooms have new messages, or numbers have moved. */
  moved(rooms: Map<string, Set<string>>): void;
}

/**
 * Makes this hub one of several that are one: what members bring is published into a stream of NATS, and what the stream delivers,
 * own messages included, is the hub's stock. Nothing is settled that is not on a majority of the NATS servers, and here.
 */
export class Backbone {
  private readonly parts: BackboneParts;
  private line: NatsLine | null = null;
  /** The server of the line before. */
  private last: string | null = null;
  /** The line, while it may be written to. */
  private open: NatsLine | null = null;
  private error: RoomError | null = null;
  private saidMs: number | null = null;
  /** Since when the stream ends before what was read of it. */
  private shortMs: number | null = null;
  private queue: Delivered[] = [];
  private flushing: NodeJS.Immediate | null = null;
  /** Ends the line. */
  private fail: (error: unknown) => void = () => undefined;
  private behind = 0;
  private hasSaidOdd = false;
  private received = 0;
  private isStopped = false;
  /** Called when the line changes, and at the stop. */
  private readonly watchers = new Set<() => void>();
  private readonly seekers: Seekers;
  private readonly uplink: Uplink;
  private ended: Promise<void> = Promise.resolve();

  constructor(parts: BackboneParts) {
    this.parts = parts;
    const { clock, stock, config } = parts;
    this.seekers = new Seekers(clock);
    this.uplink = new Uplink({
      ...{ clock, stock, stream: config.stream, seekers: this.seekers },
      lineBy: (untilMs) => this.lineBy(untilMs),
      pause: (mostMs) => this.pause(mostMs),
    });
  }

  /** Connects, and again whenever the line fails. Returns the stop. */
  start(): () => Promise<void> {
    this.ended = this.work();
    return async () => {
      this.isStopped = true;
      this.open = null;
      this.seekers.stop();
      this.wake();
      await this.line?.close();
      // A server that neither answers nor refuses is not waited for.
      let cancel = (): void => undefined;
      const enough = new Promise<void>((resolve) => {
        cancel = this.parts.clock.after(STOP_MS, resolve);
      });
      await Promise.race([this.ended, enough]);
      cancel();
    };
  }

  status(): BackboneStatus {
    const { servers, isTls, stream } = this.parts.config;
    return {
      url: servers.map((one) => `${isTls ? "tls" : "nats"}://${addressText(one)}`).join(","),
      stream,
      connected: this.open !== null,
      server: this.open?.server ?? null,
      behind: this.behind,
      published: this.uplink.published,
      received: this.received,
      error: this.error?.code ?? null,
    };
  }

  /** `settle` is called once: when all of it is on a majority and here, or with why that cannot be said. */
  take(
    room: { name: string; bringer: string },
    said: readonly PeerSaid[],
    settle: (error: unknown, fates: PeerFate[]) => void,
  ): void {
    this.uplink.take(room, said, settle);
  }

  private async lineBy(untilMs: number): Promise<NatsLine> {
    while (this.open === null || this.isStopped) {
      const leftMs = untilMs - this.parts.clock.nowMs();
      if (this.isStopped || leftMs <= 0) throw this.error ?? backboneError(null);
      await this.pause(leftMs);
    }
    return this.open;
  }

  /** Ends early when the line changes. */
  private pause(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.watchers.delete(end);
        resolve();
      };
      const cancel = this.parts.clock.after(mostMs, end);
      this.watchers.add(end);
      if (this.isStopped) end();
    });
  }

  private wake(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  private async work(): Promise<void> {
    for (let failures = 0; !this.isStopped; ) {
      try {
        const { config, name, maxMessages } = this.parts;
        this.line = await NatsLine.open({ ...config, servers: this.inTurn() }, `meshcore-room ${name}`, maxMessages);
        this.last = this.line.server;
        if (!this.isStopped) await this.serve(this.line, () => void (failures = 0));
      } catch (error) {
        const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++) * (0.75 + 0.25 * this.parts.random());
        if (!this.isStopped) this.lost(backboneError(error), waitMs);
        this.open = null;
        await this.line?.close();
        this.line = null;
        this.forgetQueue();
        this.wake();
        if (!this.isStopped) await this.pause(waitMs);
      }
    }
    await this.line?.close();
    this.forgetQueue();
  }

  /** By chance, so that bridges spread; the one that failed last comes last. */
  private inTurn(): BackboneConfig["servers"] {
    const ranked = this.parts.config.servers.map((server) => {
      const isLast = addressText(server) === this.last;
      return { server, rank: this.parts.random() + (isLast ? 1 : 0) };
    });
    return ranked.sort((one, other) => one.rank - other.rank).map(({ server }) => server);
  }

  /** Reads until something fails. */
  private async serve(line: NatsLine, ready: () => void): Promise<never> {
    const { stock } = this.parts;
    const from = Math.max(0, (await this.positionOn(line)) - OVERLAP);
    let readAll = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      readAll = resolve;
    });
    const reading = line.read(
      from,
      (message) => {
        this.hear(line, message);
        this.behind = message.pending;
        if (message.pending === 0 || message.seq >= line.lastSeq) readAll();
      },
      (count) => {
        this.behind = count;
        if (count === 0) readAll();
      },
    );
    const broken = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    const failed = Promise.race([reading, broken, line.closed().then((error) => Promise.reject(error))]);
    failed.catch(() => undefined);
    await Promise.race([failed, all]);
    this.flush(line);
    if (stock.missing(1).length > 0) await Promise.race([failed, this.refill(line)]);
    stock.complete();
    this.open = line;
    ready();
    this.found(line);
    this.wake();
    return (await failed) as never;
  }

  /** Where to read on, if this is the stream that was read before, with all that was read of it. */
  private async positionOn(line: NatsLine): Promise<number> {
    const { stock, log } = this.parts;
    const position = stock.position();
    const isSame = position?.created === line.created;
    if (isSame && position.seq > line.lastSeq && !this.isShortForLong()) {
      throw new RoomError("backbone_silent", "the NATS servers have not found all of the stream yet");
    }
    if (isSame && position.seq <= line.lastSeq) {
      this.shortMs = null;
      if (position.seq === 0) return 0;
      const timeMs = await line.timeOf(position.seq);
      if (timeMs === null || timeMs === position.timeMs) return position.seq;
    }
    if (position !== null) {
      log.warn(
        "Federation backbone: the stream is not the one that was there: all of it is read, and what it lacks is put back",
      );
    }
    this.shortMs = null;
    stock.begin(line.created);
    this.uplink.forget();
    return 0;
  }

  /** A new leader tells how long the stream is before it has read all of its log. */
  private isShortForLong(): boolean {
    const nowMs = this.parts.clock.nowMs();
    this.shortMs ??= nowMs;
    return nowMs - this.shortMs >= SHORT_MS;
  }

  /** Puts back what the stream does not have: it was lost, or this hub was alone. */
  private async refill(line: NatsLine): Promise<void> {
    const { stock, config } = this.parts;
    const put = (record: BackboneRecord, id: string | null) => {
      const { subject, data } = encodeRecord(config.stream, record);
      return line.publish(subject, data, id);
    };
    for (const { name: room, bringer } of stock.rooms()) await put({ kind: "room", room, bringer }, null);
    const tried = new Set<string>();
    for (let rows = stock.missing(REFILL); rows.length > 0; rows = stock.missing(REFILL)) {
      const seen = rows.map(({ room, id }) => this.seekers.seek(room, id));
      await Promise.all(
        rows.map((row) => {
          const name = `${row.room}${row.id}`;
          const isFirst = !tried.has(name);
          tried.add(name);
          return put({ kind: "message", ...row }, isFirst ? name : this.uplink.another(row.room, row.id));
        }),
      );
      await Promise.all(seen.map((one) => one.within(SEEN_MS)));
      for (const one of seen) one.end();
    }
    for (const { name: room } of stock.rooms()) {
      const places = [...stock.vector(room)].map(([stream, seq]) => ({ stream, seq }));
      for (let at = 0; at < places.length; at += MAX_ROWS) {
        await put({ kind: "marks", room, places: places.slice(at, at + MAX_ROWS) }, null);
      }
    }
  }

  private hear(line: NatsLine, message: Delivered): void {
    // What a closed line still had in hand comes again.
    if (line !== this.line) return;
    this.queue.push(message);
    this.flushing ??= setImmediate(() => {
      try {
        this.flush(line);
      } catch (error) {
        // The disk: nothing is skipped, it is read again.
        this.fail(error);
      }
    });
  }

  /** What has come by now shares one transaction. */
  private flush(line: NatsLine): void {
    const batch = this.queue;
    this.forgetQueue();
    const last = batch.at(-1);
    if (last === undefined) return;
    const records = batch.flatMap((one) => this.decode(one));
    const moved = this.parts.stock.apply(records, { created: line.created, seq: last.seq, timeMs: last.timeMs });
    this.received += records.length;
    for (const record of records) {
      if (record.kind === "message") this.seekers.found(record.room, record.id);
    }
    this.parts.moved(moved);
  }

  private forgetQueue(): void {
    if (this.flushing !== null) clearImmediate(this.flushing);
    this.flushing = null;
    this.queue = [];
  }

  private decode({ subject, data, seq }: Delivered): BackboneRecord[] {
    try {
      const record = decodeRecord(subject, data);
      return record === null ? [] : [record];
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      const say = this.hasSaidOdd ? "debug" : "warn";
      this.hasSaidOdd = true;
      this.parts.log[say](`Federation backbone: message ${seq} of the stream is none of a bridge, and passed over`);
      return [];
    }
  }

  private found(line: NatsLine): void {
    this.error = null;
    this.saidMs = null;
    const { stream } = this.parts.config;
    this.parts.log.info(`Federation backbone connected (${line.server}, stream "${stream}" up to ${line.lastSeq})`);
  }

  private lost(error: RoomError, retryMs: number): void {
    const { clock, log } = this.parts;
    const isNews = this.error?.code !== error.code || this.saidMs === null || clock.nowMs() - this.saidMs >= NEWS_MS;
    this.error = error;
    const hint = error.hint === undefined ? "" : `; ${error.hint}`;
    const line = `Federation backbone disconnected (${describe(error)}), retry in ${Math.ceil(retryMs / 1000)}s${hint}`;
    if (!isNews) {
      log.debug(line);
      return;
    }
    this.saidMs = clock.nowMs();
    log.warn(line, { code: error.code });
  }
}
