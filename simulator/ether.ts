/*
 * The LoRa channel that simulated stations share.
 *
 *   begin --5 symbols--> detect --preamble--> header ------> end
 *
 * A receiver that hears the preamble locks on to the frame and misses every other until it ends, unless a much stronger one
 * begins while the first is still in its preamble. Frames on one channel that overlap at a receiver spoil each other except
 * for one that is CAPTURE_DB above the rest. Who sends does not hear.
 */
import type { RadioSettings } from "../protocol/airtime.ts";
import type { ChipRadio } from "./chip/radio.ts";
import type { SimClock } from "./clock.ts";
import { type Flight, Seat } from "./ether-seat.ts";
import {
  CAPTURE_DB,
  hears,
  marginDb,
  meshcoreRadio,
  noiseDbm,
  type Position,
  pathLossDb,
  sameChannel,
  shownSnr,
  symbolMs,
} from "./propagation.ts";
import { Random } from "./random.ts";

/** A frame at the end of its time on air, as one receiver has it. */
export interface Heard {
  readonly frame: Uint8Array;
  /** dBm, whole. */
  readonly rssi: number;
  /** dB, in quarters. */
  readonly snr: number;
  readonly airtimeMs: number;
}

/** What the ether tells a station. Only `heard` concerns one that is no chip. */
export interface Station {
  readonly position?: Position;
  /** A whole frame without errors. */
  heard(heard: Heard): void;
  /** False while it has not yet dealt with what it was told last; a clock that skips time waits for that. */
  ready?(): boolean;
  /** Present where a radio chip is simulated behind this seat, which then says itself when it listens. */
  readonly chip?: ChipEvents;
}

export interface ChipEvents {
  preamble(): void;
  header(ok: boolean): void;
  /** A frame with errors in it. */
  broken(heard: Heard): void;
  /** The own frame is over. */
  sent(): void;
  /** The strongest signal on the channel changed; null: noise. */
  level(dbm: number | null): void;
}

/** A station's place at the ether. */
export interface EtherSeat {
  /** A chip's frame starts now, a station's when those before it are out. `radio` defaults to the boards' settings. */
  transmit(frame: Uint8Array, radio?: ChipRadio, airMs?: number): void;
  /** Cuts off the frame that is being sent. */
  abort(): void;
  /** For chips: how the receiver is tuned, null while it is off. */
  listen(radio: ChipRadio | null): void;
  move(position: Position): void;
  /** True while a frame that this seat could hear is on the air, or its own. */
  isChannelBusy(): boolean;
  /** Gives the seat up: at once, or when everything it has to send is out. */
  leave(afterSending?: boolean): void;
}

export interface EtherOptions {
  clock: SimClock;
  /** Settings of stations that do not say theirs, until a chip listens on others. */
  radio: RadioSettings;
  seed?: number;
  /** Share of frames that a receiver loses by chance, 0..1. */
  loss?: number;
}

/** Symbols of preamble that a receiver needs to find a frame. */
const DETECT_SYMBOLS = 5;
/** From the end of the preamble to the end of the header: sync word and eight symbols. */
const HEADER_SYMBOLS = 12.25;

export class Ether {
  /** Settings of stations that do not say theirs. */
  radio: RadioSettings;
  readonly clock: SimClock;
  private readonly random: Random;
  private readonly loss: number;
  private readonly seats = new Set<Seat>();
  /** Those on the air, and those that overlapped with one that still is. */
  private flights: Flight[] = [];
  private readonly timers = new Set<() => void>();

  constructor(options: EtherOptions) {
    this.clock = options.clock;
    this.radio = options.radio;
    this.loss = options.loss ?? 0;
    this.random = new Random(options.seed ?? 1);
  }

  join(station: Station): EtherSeat {
    const seat = new Seat(this, station);
    this.seats.add(seat);
    return seat;
  }

  /** Ends everything that is on the air or waiting. */
  stop(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.flights = [];
    for (const seat of [...this.seats]) seat.leave();
  }

  /** True when every station has dealt with what it was told. */
  isSettled(): boolean {
    let settled = true;
    for (const seat of this.seats) {
      if (seat.station.ready?.() ?? true) seat.excused = false;
      else if (!seat.excused) settled = false;
    }
    return settled;
  }

  /** Stops waiting for those that have not: a station that hangs must not stop the others. */
  excuseUnsettled(): void {
    for (const seat of this.seats) seat.excused = !(seat.station.ready?.() ?? true);
  }

  // What follows is for the seats.

  /** Starts the next frame that a seat has waiting. */
  beginNext(seat: Seat): void {
    const next = seat.queue.shift();
    if (!next) return;
    const { frame, radio, airMs } = next;
    const start = this.clock.nowMs();
    const symbol = symbolMs(radio);
    const preambleEnd = start + Math.min(airMs, radio.preamble * symbol);
    const headerEnd = Math.min(start + airMs, preambleEnd + HEADER_SYMBOLS * symbol);
    const flight: Flight = {
      from: seat,
      frame,
      radio,
      airMs,
      start,
      preambleEnd,
      headerEnd,
      end: start + airMs,
      power: new Map(),
      aborted: false,
    };
    seat.sending = flight;
    seat.lock = null;
    if (!seat.station.chip) seat.tuned = radio;
    this.flights.push(flight);
    this.showLevels();
    this.at(start + Math.min(airMs, DETECT_SYMBOLS * symbol), () => {
      for (const each of this.seats) if (each.since <= start) this.detect(each, flight);
    });
    this.at(headerEnd, () => this.header(flight));
    this.at(flight.end, () => this.finish(flight));
  }

  /** A chip has switched its receiver on: it may still catch the preamble of a frame that is on the air. */
  tune(seat: Seat, radio: ChipRadio): void {
    seat.tuned = radio;
    seat.since = this.clock.nowMs();
    const { freqHz, bwHz, sf, cr } = radio;
    this.radio = { freqHz, bwHz, sf, cr, powerDbm: this.radio.powerDbm };
    for (const flight of this.flights) {
      const found = seat.since + DETECT_SYMBOLS * symbolMs(flight.radio);
      if (flight.start < seat.since && found <= flight.preambleEnd) {
        const since = seat.since;
        this.at(found, () => {
          if (seat.since === since) this.detect(seat, flight);
        });
      }
    }
  }

  /** Ends a frame before its time. Receivers notice when it should have ended. */
  cutOff(flight: Flight): void {
    flight.aborted = true;
    flight.end = Math.min(flight.end, this.clock.nowMs());
    flight.from.sending = null;
    this.showLevels();
  }

  remove(seat: Seat): void {
    this.seats.delete(seat);
    seat.queue.length = 0;
    seat.abort();
  }

  /** Strongest signal on the seat's channel in dBm, or null. */
  level(seat: Seat): number | null {
    let strongest: number | null = null;
    const now = this.clock.nowMs();
    for (const flight of this.flights) {
      if (flight.from === seat || flight.end <= now || flight.aborted) continue;
      if (!this.tunings(seat).some((radio) => sameChannel(radio, flight.radio))) continue;
      const power = this.power(flight, seat);
      if (power > noiseDbm(flight.radio.bwHz) - 20 && power > (strongest ?? Number.NEGATIVE_INFINITY))
        strongest = power;
    }
    return strongest;
  }

  private at(moment: number, fn: () => void): void {
    const cancel = this.clock.after(moment - this.clock.nowMs(), () => {
      this.timers.delete(cancel);
      fn();
    });
    this.timers.add(cancel);
  }

  /** A plain station hears on the boards' settings and on those it last used itself. */
  private tunings(seat: Seat): ChipRadio[] {
    if (seat.station.chip) return seat.tuned ? [seat.tuned] : [];
    const boards = meshcoreRadio(this.radio);
    return seat.tuned ? [boards, seat.tuned] : [boards];
  }

  /** dBm of a frame at a seat; a little different each time, and the same however often it is asked. */
  private power(flight: Flight, seat: Seat): number {
    let power = flight.power.get(seat);
    if (power === undefined) {
      power = flight.radio.powerDbm - pathLossDb(flight.from.position, seat.position) + this.random.between(-1, 1);
      flight.power.set(seat, power);
    }
    return power;
  }

  private detect(seat: Seat, flight: Flight): void {
    if (seat === flight.from || seat.sending || flight.aborted) return;
    if (seat.station.chip && !seat.listening) return;
    if (!this.tunings(seat).some((radio) => hears(radio, flight.radio))) return;
    const power = this.power(flight, seat);
    if (marginDb(flight.radio, power) < 0) return;
    const lock = seat.lock;
    if (lock && (this.clock.nowMs() >= lock.preambleEnd || power < this.power(lock, seat) + CAPTURE_DB)) return;
    if (this.isSpoilt(seat, flight, flight.start, this.clock.nowMs(), -CAPTURE_DB)) return;
    seat.lock = flight;
    seat.station.chip?.preamble();
  }

  private header(flight: Flight): void {
    const critical = flight.preambleEnd - DETECT_SYMBOLS * symbolMs(flight.radio);
    for (const seat of this.seats) {
      if (seat.lock !== flight) continue;
      const ok = !flight.aborted && !this.isSpoilt(seat, flight, critical, flight.headerEnd, CAPTURE_DB);
      if (!ok) seat.lock = null;
      seat.station.chip?.header(ok);
    }
  }

  private finish(flight: Flight): void {
    for (const seat of this.seats) {
      if (seat.lock !== flight) continue;
      seat.lock = null;
      this.deliver(seat, flight);
    }
    const sender = flight.from;
    if (sender.sending === flight) {
      sender.sending = null;
      sender.since = this.clock.nowMs();
    }
    this.forgetOld();
    this.showLevels();
    if (!flight.aborted) sender.station.chip?.sent();
    if (!sender.sending) this.beginNext(sender);
    if (sender.leaving && !sender.sending) this.remove(sender);
  }

  private deliver(seat: Seat, flight: Flight): void {
    const power = this.power(flight, seat);
    const margin = marginDb(flight.radio, power);
    const luck = this.random.fraction();
    const heard: Heard = {
      frame: flight.frame,
      rssi: Math.round(power),
      snr: shownSnr(flight.radio, power, this.random.between(-1, 1)),
      airtimeMs: flight.airMs,
    };
    const intact =
      !flight.aborted &&
      luck >= this.loss &&
      margin > this.random.fraction() &&
      this.tunings(seat).some((radio) => hears(radio, flight.radio) && radio.lowRate === flight.radio.lowRate) &&
      !this.isSpoilt(seat, flight, flight.headerEnd, flight.end, CAPTURE_DB);
    if (intact) seat.station.heard({ ...heard, frame: flight.frame.slice() });
    else seat.station.chip?.broken({ ...heard, frame: this.garble(flight.frame) });
  }

  /** True when another frame on the channel, from..to, was not weaker by `marginDb` at least. */
  private isSpoilt(seat: Seat, flight: Flight, from: number, to: number, margin: number): boolean {
    const power = this.power(flight, seat);
    return this.flights.some(
      (other) =>
        other !== flight &&
        other.from !== seat &&
        other.start < to &&
        other.end > from &&
        sameChannel(other.radio, flight.radio) &&
        this.power(other, seat) > power - margin,
    );
  }

  private garble(frame: Uint8Array): Uint8Array {
    const copy = frame.slice();
    for (let i = 0; i < copy.length; i += 7) copy[i] ^= 1 + (this.random.bits() & 127);
    return copy;
  }

  /** Drops frames that have ended before the oldest one still on the air began. */
  private forgetOld(): void {
    const now = this.clock.nowMs();
    let oldest = now;
    for (const flight of this.flights) if (flight.end > now) oldest = Math.min(oldest, flight.start);
    this.flights = this.flights.filter((flight) => flight.end > oldest);
  }

  private showLevels(): void {
    for (const seat of this.seats) {
      if (!seat.station.chip) continue;
      const level = this.level(seat);
      if (level === seat.shownLevel) continue;
      seat.shownLevel = level;
      seat.station.chip.level(level);
    }
  }
}
