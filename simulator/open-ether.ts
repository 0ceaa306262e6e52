// The ether that this process uses: its own, one that it hosts on a TCP port, or one that another process hosts there.
import type { RadioSettings } from "../protocol/airtime.ts";
import type { ChipRadio } from "./chip/radio.ts";
import { realClock, SkippingClock } from "./clock.ts";
import { Ether, type EtherSeat, type Heard, type Station } from "./ether.ts";
import { joinEther } from "./ether-client.ts";
import { type EtherServer, serveEther } from "./ether-server.ts";
import type { Position } from "./propagation.ts";

export interface OpenEtherOptions {
  /** "host:port"; absent: an ether of this process alone. */
  address?: string;
  /** How many times faster than real time the channel runs, when it is ours; 0 leaves out the time between events. */
  speed?: number;
  /** Settings of stations that do not say theirs. */
  radio: RadioSettings;
  seed?: number;
  loss?: number;
  /** For so long (1500 ms) the ether of another process may still be on its way up before this one opens its own. */
  patienceMs?: number;
  /** Told in a sentence whenever the ether is joined, hosted or lost. */
  log?: (level: "info" | "warn", message: string) => void;
}

/** What boards and stations need of an ether, wherever it is. */
export interface Air {
  /** Speed of the channel; of a joined one as its host says. */
  readonly speed: number;
  join(station: Station): EtherSeat;
}

export interface OpenEther extends Air {
  readonly state: "own" | "hosting" | "joined" | "searching";
  /** Port that is served, when hosting. */
  readonly port: number | undefined;
  /** Resolves when there is an ether for the first time. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

const PATIENCE_MS = 1500;
const RETRY_MS = 150;
const RETRY_TROUBLE_MS = 2000;

/** "127.0.0.1:7300" to its parts. Throws when it is none. */
export function parseEtherAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65535)
    throw new Error(`an ether's address is host:port, for example 127.0.0.1:7300; got ${address}`);
  return { host: match[1] ?? match[2], port };
}

/**
 * Joins the ether at `address`, or hosts it there when nobody does, and keeps at it: an ether that goes away is joined
 * again or replaced, and the seats handed out here move over. Throws only when `address` or `speed` is impossible.
 */
export function openEther(options: OpenEtherOptions): OpenEther {
  const speed = options.speed ?? 1;
  if (!(speed >= 0 && Number.isFinite(speed))) throw new RangeError(`speed is 0 or more, got ${speed}`);
  return new Shared(options, speed, options.address ? parseEtherAddress(options.address) : undefined);
}

class Shared implements OpenEther {
  speed: number;
  state: OpenEther["state"] = "searching";
  private readonly options: OpenEtherOptions;
  private readonly place: { host: string; port: number } | undefined;
  private readonly seats = new Set<SharedSeat>();
  private readonly ownSpeed: number;
  private ether: Ether | null = null;
  private clock: SkippingClock | null = null;
  private server: EtherServer | null = null;
  private timer: NodeJS.Timeout | undefined;
  private refusedSince = 0;
  private lastTrouble = "";
  private closed = false;
  private announce: () => void = () => undefined;
  private readonly first: Promise<void>;

  constructor(options: OpenEtherOptions, speed: number, place: { host: string; port: number } | undefined) {
    this.options = options;
    this.speed = this.ownSpeed = speed;
    this.place = place;
    this.first = new Promise((resolve) => {
      this.announce = resolve;
    });
    if (place) void this.search();
    else this.begin("own", speed);
  }

  get port(): number | undefined {
    return this.server?.port;
  }

  ready(): Promise<void> {
    return this.first;
  }

  join(station: Station): EtherSeat {
    const seat = new SharedSeat(station, () => this.seats.delete(seat));
    this.seats.add(seat);
    this.attach(seat);
    return seat;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    for (const seat of [...this.seats]) seat.leave();
    this.ether?.stop();
    this.clock?.stop();
    await this.server?.close();
  }

  private begin(state: OpenEther["state"], speed: number): void {
    this.state = state;
    this.speed = speed;
    this.refusedSince = 0;
    this.lastTrouble = "";
    if (state !== "joined") this.ensureEther();
    for (const seat of this.seats) this.attach(seat);
    this.announce();
  }

  private ensureEther(): Ether {
    if (this.ether) return this.ether;
    const { radio, seed, loss } = this.options;
    const skipping = this.ownSpeed === 0 ? new SkippingClock() : null;
    this.ether = new Ether({ clock: skipping ?? realClock(this.ownSpeed), radio, seed, loss });
    skipping?.waitFor(this.ether);
    this.clock = skipping;
    return this.ether;
  }

  private attach(seat: SharedSeat): void {
    const { place } = this;
    if (this.state === "own" || this.state === "hosting") seat.use(this.ensureEther().join(seat.outward));
    else if (this.state === "joined" && place) {
      joinEther(place.host, place.port, seat.outward, (reason) => this.lost(reason)).then(
        (inner) => {
          if (this.state === "joined" && this.seats.has(seat)) seat.use(inner);
          else inner.leave();
        },
        (error: Error) => this.lost(error.message),
      );
    }
  }

  private lost(reason: string): void {
    if (this.closed || this.state !== "joined") return;
    this.state = "searching";
    this.options.log?.("warn", `lost the ether at ${this.options.address} (${reason}), looking for it`);
    for (const seat of this.seats) seat.release();
    void this.search();
  }

  private async search(): Promise<void> {
    if (!this.place || this.closed) return;
    const { host, port } = this.place;
    try {
      const probe = await joinEther(host, port, { heard: () => undefined }, () => undefined);
      probe.leave();
      if (this.closed) return;
      this.options.log?.("info", `joined the ether at ${this.options.address}`);
      this.begin("joined", probe.speed);
    } catch (error) {
      await this.notJoined(error as NodeJS.ErrnoException);
    }
  }

  private async notJoined(error: NodeJS.ErrnoException): Promise<void> {
    if (this.closed) return;
    if (error.code !== "ECONNREFUSED") {
      this.trouble(error.message);
      return;
    }
    this.refusedSince ||= performance.now();
    if (performance.now() - this.refusedSince < (this.options.patienceMs ?? PATIENCE_MS)) this.searchIn(RETRY_MS);
    else await this.host();
  }

  private async host(): Promise<void> {
    if (!this.place) return;
    const { host, port } = this.place;
    try {
      const server = await serveEther({ ether: this.ensureEther(), host, port, speed: this.ownSpeed });
      if (this.closed) {
        await server.close();
        return;
      }
      this.server = server;
      this.options.log?.("info", `hosting the ether at ${host}:${server.port}`);
      this.begin("hosting", this.ownSpeed);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Somebody was quicker: join them.
      if (code === "EADDRINUSE") this.searchIn(RETRY_MS);
      else this.trouble(message);
    }
  }

  private trouble(message: string): void {
    if (message !== this.lastTrouble)
      this.options.log?.("warn", `no ether at ${this.options.address}: ${message}; trying on`);
    this.lastTrouble = message;
    this.searchIn(RETRY_TROUBLE_MS);
  }

  private searchIn(ms: number): void {
    if (!this.closed) this.timer = setTimeout(() => void this.search(), ms);
  }
}

/** A seat that outlives the ether it sits at. */
class SharedSeat implements EtherSeat {
  /** The station as the ether sees it. */
  readonly outward: Station;
  private readonly station: Station;
  private readonly gone: () => void;
  private inner: EtherSeat | null = null;
  private tuned: ChipRadio | null = null;
  private position: Position | undefined;
  private sending = false;

  constructor(station: Station, gone: () => void) {
    this.station = station;
    this.gone = gone;
    this.position = station.position;
    const { chip } = station;
    this.outward = {
      position: station.position,
      heard: (heard: Heard) => station.heard(heard),
      ready: () => station.ready?.() ?? true,
      chip: chip && { ...chip, sent: () => this.sent() },
    };
  }

  use(inner: EtherSeat): void {
    this.inner = inner;
    if (this.position) inner.move(this.position);
    if (this.tuned) inner.listen(this.tuned);
  }

  /** The ether has gone. What was on the air is lost, but a chip's transmission ends all the same. */
  release(): void {
    this.inner?.leave();
    this.inner = null;
    this.station.chip?.level(null);
    if (this.sending) this.sent();
  }

  transmit(frame: Uint8Array, radio?: ChipRadio, airMs?: number): void {
    this.sending = true;
    if (this.inner) this.inner.transmit(frame, radio, airMs);
    else setImmediate(() => this.sent());
  }

  abort(): void {
    this.sending = false;
    this.inner?.abort();
  }

  listen(radio: ChipRadio | null): void {
    this.tuned = radio;
    this.inner?.listen(radio);
  }

  move(position: Position): void {
    this.position = position;
    this.inner?.move(position);
  }

  isChannelBusy(): boolean {
    return this.inner?.isChannelBusy() ?? false;
  }

  leave(afterSending = false): void {
    this.gone();
    this.inner?.leave(afterSending);
    this.inner = null;
  }

  private sent(): void {
    if (!this.sending) return;
    this.sending = false;
    this.station.chip?.sent();
  }
}
