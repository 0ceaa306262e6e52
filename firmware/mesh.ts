// MeshCore on the air: what is heard is parsed, de-duplicated and handed up; what is said waits its turn.

import { airtimeMs } from "../protocol/airtime.ts";
import type { CryptoPort } from "../protocol/crypto.ts";
import { MESSAGE_OWN, RESULT_BAD_REQUEST, RESULT_DUPLICATE, RESULT_FULL, RESULT_OK } from "../protocol/link.ts";
import {
  MAX_PAYLOAD,
  NO_BYTES,
  Packet,
  packetDigest,
  parsePacketAt,
  ROUTE_DIRECT,
  ROUTE_FLOOD,
  ROUTE_TRANSPORT_FLOOD,
  TYPE_ADVERT,
  TYPE_GRP_TXT,
} from "../protocol/packet.ts";
import { COUNT } from "./counters.ts";
import { DutyBudget } from "./duty.ts";
import type { Hal, RadioFacts } from "./hal.ts";
import type { Forwarder } from "./parts/forward.ts";
import type { Regions } from "./parts/regions.ts";
import { part } from "./parts.ts";
import type { Prefs } from "./prefs.ts";
import { ERROR_CAD_TIMEOUT, ERROR_FULL, ERROR_NOT_RECEIVING, FAULT_DEAF } from "./radio-faults.ts";
import type { Rooms } from "./rooms.ts";
import { SeenTable } from "./seen.ts";
import { Sx126x } from "./sx126x.ts";
import { TxQueue } from "./tx-queue.ts";

/** A busy channel is asked again after 120, 240 or 360 ms (MeshCore's Dispatcher). */
const BUSY_RETRY_MS = 120;
/** After that long a busy channel is taken for broken, and we send all the same. */
const BUSY_LIMIT_MS = 4000;
/** How often a missed DIO1 edge is looked for, and how many of those looks between two checks of the chip's mode. */
const TICK_MS = 500;
const TICKS_PER_CHECK = 10;
/** A radio that does not receive for 8 s is worth a note (MeshCore's Dispatcher). */
const DEAF_TICKS = 16;
/** Until the housekeeping cuts off a transmission that does not end, it may run for a tick, and what delays a tick, longer. */
const TX_CUT_MS = 600;
/** A packet whose transmission failed is tried again that often; the failure is the radio's, not the packet's. */
const SEND_ATTEMPTS = 3;
/** In place of a slot: a frame that is not in the queue. */
const RAW_SLOT = 99;
/** Far longer than it takes to find out the code of a packet. */
const CODE_LIMIT_MS = 10000;
/** An advert without app data. */
const ADVERT_BYTES = 100;

export interface MeshEvents {
  /** A whole packet that no room took: `length` bytes of `bytes` from `at`. */
  onHeard(bytes: Uint8Array, at: number, length: number): void;
  /** The transmission of request `request` ended. */
  onSent(request: number, sent: boolean, airtimeMs: number): void;
}

/** An advert that was not heard before: a payload of at least 100 bytes at `at`, which nobody touches any more. */
export interface AdvertJob {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
  /** To be called once at most and in a later handler; true lets the advert be forwarded, if we forward at all. */
  readonly done: (valid: boolean) => void;
  readonly hops: number;
  /** As in Sx126x. */
  readonly signal: number;
}

/** Whoever checks signatures of adverts, one at a time and in steps. */
export interface AdvertVerifier {
  /** What there is no time for is dropped by the verifier, which so bounds how many adverts wait. */
  check(job: AdvertJob): void;
}

/** A host that sends and hears frames as they are: port 0 (firmware/parts/kiss-modem.ts). */
export interface RawPort {
  /** The host wants to know how well it heard. */
  report: boolean;
  /** A command of the host and its data. */
  receive(command: number, body: string): void;
  /** Each frame of the air, whatever it is: `length` bytes of `bytes` from `at`, which nobody touches any more. */
  onFrame(bytes: Uint8Array, at: number, length: number): void;
  /** The transmission of sendRaw() ended. */
  onSent(sent: boolean): void;
}

export class Mesh {
  readonly prefs: Prefs;
  readonly radio: Sx126x;
  readonly queue = new TxQueue();
  readonly duty: DutyBudget;
  readonly counters: Uint32Array;
  directReceived = 0;
  directSent = 0;
  /** MeshCore's error flags since the start (radio-faults.ts). */
  errorFlags = 0;
  /** Who is told; set before the first packet. */
  events!: MeshEvents;
  /** Whose first bytes are our hash in paths; empty or zeros as long as there is none, and then nothing is forwarded. */
  publicKey: Uint8Array = NO_BYTES;
  /** Null as long as there is none but `*`, which lets everything through; see regionMap(). */
  regions: Regions | null = null;
  /** Without one no advert is forwarded. */
  verifier: AdvertVerifier | null = null;
  /** From when a host has spoken there until it goes. */
  raw: RawPort | null = null;

  readonly hal: Hal;
  /** In memory as long as we repeat, see followRepeat(). */
  private forwarder: Forwarder | null = null;
  private readonly crypto: CryptoPort;
  private readonly rooms: Rooms;
  private readonly packet = new Packet();
  private readonly seen = new SeenTable();
  private sendingSlot = -1;
  private attempts = 0;
  private ticks = 0;
  /** Of which the radio did not receive in so many, up to now. */
  private deafTicks = 0;
  private busySinceMs = 0;
  /** Channel activity detection has just been asked. */
  private isSensed = false;
  /** Packets received when memory was tidied last. */
  private tidyAt = 0;
  private timer = 0;

  constructor(hal: Hal, facts: RadioFacts, prefs: Prefs, rooms: Rooms, counters: Uint32Array) {
    this.hal = hal;
    this.crypto = hal.crypto;
    this.rooms = rooms;
    this.counters = counters;
    this.prefs = prefs;
    this.duty = new DutyBudget(prefs.dutyPermille, hal.nowMs());
    this.radio = new Sx126x(hal, facts, prefs, this, counters);
  }

  start(): void {
    this.radio.begin();
    this.hal.after(() => this.tick(), TICK_MS);
  }

  /** From the radio: one packet with a good CRC. */
  onPacket(bytes: Uint8Array, at: number, length: number): void {
    const packet = this.packet;
    if (this.raw) this.raw.onFrame(bytes, at, length);
    if (parsePacketAt(bytes, at, length, packet)) {
      this.counters[COUNT.malformed]++;
      return;
    }
    let taken = false;
    if (packet.route < ROUTE_DIRECT || !this.isForAnother(packet)) {
      if (this.seen.check(packetDigest(this.crypto, bytes, packet))) {
        this.counters[COUNT.duplicates]++;
        packet.hashed = NO_BYTES;
        return;
      }
      taken = packet.type === TYPE_GRP_TXT && this.rooms.receive(packet, this.radio.signal, 0);
      // Or the frame would be kept until the next one.
      packet.hashed = NO_BYTES;
    }
    if (!taken || this.forwarder) this.offer(bytes, at, length, taken);
  }

  /** What was not heard before, and what is for another, to all but the rooms; they do the work in handlers of their own. */
  private offer(bytes: Uint8Array, at: number, length: number, taken: boolean): void {
    const packet = this.packet;
    const signal = this.radio.signal;
    if (packet.type !== TYPE_ADVERT || (packet.route >= ROUTE_DIRECT && packet.hops)) {
      if (this.forwarder) this.forwarder.take(bytes, at, length, signal);
    } else if (this.verifier && packet.payloadLen >= ADVERT_BYTES) {
      const done = (valid: boolean): void => {
        if (valid && this.forwarder) this.forwarder.take(bytes, at, length, signal);
      };
      const { payloadAt, payloadLen, hops } = packet;
      this.verifier.check({ bytes, at: payloadAt, length: payloadLen, done, hops, signal });
    }
    if (!taken) this.untaken(bytes, at, length);
  }

  /** Goes to the rooms that receive() has left, then to the host; `bytes` are null for what is our own. */
  private untaken(bytes: Uint8Array | null, at: number, length: number): void {
    const more = this.rooms.more;
    if (more) {
      this.rooms.more = undefined;
      this.hal.after(() => more() || this.untaken(bytes, at, length), 1);
    } else if (bytes) this.events.onHeard(bytes, at, length);
  }

  /** Brings the forwarder into memory, or out of it. */
  followRepeat(): void {
    if (!this.prefs.repeat === !this.forwarder) return;
    this.forwarder = this.prefs.repeat ? part(this.hal, "forward")(this) : null;
  }

  /** The regions to edit or to fill in. */
  regionMap(): Regions {
    if (!this.regions) this.regions = part(this.hal, "regions")(this.hal);
    return this.regions;
  }

  /** A packet as what the forwarder needs of it. */
  parse(bytes: Uint8Array, at: number, length: number): Packet {
    const packet = new Packet();
    parsePacketAt(bytes, at, length, packet);
    return packet;
  }

  /** Time on air of `length` bytes, ms. */
  airMs(length: number): number {
    return airtimeMs(this.radio.settings, length);
  }

  /** Whether a packet was heard before; marks it. */
  isSeen(bytes: Uint8Array, packet: Packet): boolean {
    const seen = this.seen.check(packetDigest(this.crypto, bytes, packet));
    packet.hashed = NO_BYTES;
    if (seen) this.counters[COUNT.duplicates]++;
    return seen;
  }

  /** A direct packet that has hops to go is its next hop's business, and stays unseen unless that is us. */
  private isForAnother(packet: Packet): boolean {
    this.directReceived++;
    return packet.hops > 0;
  }

  /** From the radio: the packet in `sendingSlot` is out, or was given up. */
  onSent(sent: boolean, airMs: number): void {
    const slot = this.sendingSlot;
    if (slot < 0) return;
    this.sendingSlot = -1;
    this.duty.spend(airMs, this.hal.nowMs());
    // The next one in a handler of its own: each has its time, and what is heard comes in between.
    this.again(1);
    if (slot === RAW_SLOT) {
      if (sent) this.counters[COUNT.tx]++;
      if (this.raw) this.raw.onSent(sent);
      return;
    }
    if (!sent && ++this.attempts < SEND_ATTEMPTS) return;
    this.attempts = 0;
    // Nobody else's until then.
    this.sendingSlot = slot;
    this.hal.after(() => this.finish(slot, sent, airMs), 1);
  }

  /** Counts it, and lets whoever asked for what was given up ask again. */
  private finish(slot: number, sent: boolean, airMs: number): void {
    const queue = this.queue;
    const frame = queue.frame(slot);
    if (sent) {
      this.counters[COUNT.tx]++;
      if (frame[0] & ROUTE_DIRECT) this.directSent++;
    } else {
      this.counters[COUNT.txDropped]++;
      this.seen.forget(packetDigest(this.crypto, frame, this.parse(frame, 0, queue.slotLengths[slot])));
    }
    const request = queue.slotRequests[slot];
    queue.remove(slot);
    this.sendingSlot = -1;
    this.again(1);
    this.events.onSent(request, sent, Math.round(airMs));
  }

  /** From the radio: what it sensed on the channel. */
  onSensed(busy: boolean): void {
    if (busy && this.mustWait()) return;
    this.isSensed = true;
    this.pump();
  }

  /**
   * Queues a flood packet with this payload, in our own region if we have one; a room message is stored in its room too, as our
   * own. `request` comes back in `onSent` (0 = nobody waits). Returns a Result code of the link.
   */
  send(type: number, payload: Uint8Array, priority: number, request: number): number {
    const route = this.regions && this.regions.scope ? ROUTE_TRANSPORT_FLOOD : ROUTE_FLOOD;
    return this.queueOwn(route, type, payload, priority, request, 0);
  }

  /** The same by another route, ROUTE_DIRECT being to those in reach alone, and not before `waitMs` have passed. */
  queueOwn(
    route: number,
    type: number,
    payload: Uint8Array,
    priority: number,
    request: number,
    waitMs: number,
  ): number {
    const head = route === ROUTE_TRANSPORT_FLOOD ? 6 : 2;
    const length = payload.length + head;
    if (length === head || payload.length > MAX_PAYLOAD || type > 15) return RESULT_BAD_REQUEST;
    if (airtimeMs(this.radio.settings, length) > this.duty.wholeMs()) return RESULT_BAD_REQUEST;
    const slot = this.queue.claim();
    if (slot < 0) {
      this.counters[COUNT.txDropped]++;
      this.errorFlags |= ERROR_FULL;
      return RESULT_FULL;
    }
    const frame = this.queue.frame(slot);
    frame[0] = (type << 2) | route;
    frame[head - 1] = route === ROUTE_DIRECT ? 0 : this.prefs.hashMode << 6;
    frame.set(payload, head);
    const packet = new Packet();
    packet.type = type;
    packet.pathLen = frame[head - 1];
    packet.payloadAt = head;
    packet.payloadLen = payload.length;
    // Marked as seen, so that repeaters' copies of our own packet are duplicates.
    if (this.seen.check(packetDigest(this.crypto, frame, packet))) return RESULT_DUPLICATE;
    const dueMs = this.hal.nowMs() + waitMs;
    this.queue.push(slot, length, priority, request, head > 2 ? dueMs + CODE_LIMIT_MS : dueMs);
    // Storing, transmitting and what else there is have handlers of their own.
    this.hal.after(() => {
      if (type === TYPE_GRP_TXT) this.storeOwn(packet);
      if (head > 2) {
        this.writeCode(frame, type, payload);
        this.queue.remove(slot);
        this.queue.push(slot, length, priority, request, dueMs);
      }
      this.again(1);
    }, 1);
    return RESULT_OK;
  }

  /**
   * Sends a frame as it is and at once, past the queue; `raw` hears of its end. A room message in it is stored as our own.
   * 1 = on its way, 0 = the radio has something else to do, -1 = the duty cycle does not allow it.
   */
  sendRaw(frame: Uint8Array): number {
    const radio = this.radio;
    if (this.sendingSlot >= 0 || !radio.isReceiving()) return 0;
    const length = frame.length;
    const airMs = this.airMs(length);
    const worstMs = radio.longestMs(airMs) + TX_CUT_MS;
    if (airMs > this.duty.wholeMs() || this.duty.waitMs(worstMs, this.hal.nowMs()) > 0) return -1;
    this.sendingSlot = RAW_SLOT;
    radio.transmit(frame, length, airMs);
    // The radio begins before we look at what it is.
    this.hal.after(() => this.keepOwn(frame), 1);
    return 1;
  }

  private keepOwn(frame: Uint8Array): void {
    const packet = new Packet();
    const isFlood = !parsePacketAt(frame, 0, frame.length, packet) && packet.route < ROUTE_DIRECT;
    if (isFlood && !this.seen.check(packetDigest(this.crypto, frame, packet)) && packet.type === TYPE_GRP_TXT)
      this.storeOwn(packet);
  }

  private storeOwn(packet: Packet): void {
    this.hal.after(() => {
      if (!this.rooms.receive(packet, 0, MESSAGE_OWN)) this.untaken(null, 0, 0);
    }, 1);
  }

  /** The transport codes of what we say in the default scope; the second is always 0. */
  private writeCode(frame: Uint8Array, type: number, payload: Uint8Array): void {
    const regions = this.regionMap();
    regions.begin(type, payload, 0, payload.length);
    const code = regions.code(regions.scope);
    frame[1] = code;
    frame[2] = code >> 8;
    frame[3] = frame[4] = 0;
  }

  /** Starts the next transmission if the radio, the duty budget and the channel allow; sees to being called again if not. */
  private pump(): void {
    if (this.sendingSlot >= 0) return;
    const now = this.hal.nowMs();
    const slot = this.queue.due(now);
    if (slot < 0) {
      const nextMs = this.queue.nextDueMs();
      if (nextMs >= 0) this.again(nextMs - now);
      return;
    }
    const length = this.queue.slotLengths[slot];
    const airMs = airtimeMs(this.radio.settings, length);
    if (airMs > this.duty.wholeMs()) {
      // Settings have changed: it can never go now, and what stands behind it must not wait for that.
      this.sendingSlot = slot;
      this.attempts = SEND_ATTEMPTS;
      this.hal.after(() => this.onSent(false, 0), 1);
      return;
    }
    const radio = this.radio;
    const worstMs = radio.longestMs(airMs) + TX_CUT_MS;
    const waitMs = this.duty.waitMs(worstMs, now);
    if (waitMs > 0 || !radio.isReceiving()) {
      this.busySinceMs = 0;
      this.again(Math.max(waitMs, BUSY_RETRY_MS));
      return;
    }
    if (this.duty.commit(worstMs)) {
      // Writing has had its time.
      this.again(1);
      return;
    }
    // Nobody else sends until the channel has been asked.
    this.sendingSlot = slot;
    this.hal.after(() => this.launch(slot, length, airMs), 1);
  }

  /** Transmits what is in `slot` if the channel is free. */
  private launch(slot: number, length: number, airMs: number): void {
    const radio = this.radio;
    const isSensed = this.isSensed;
    this.sendingSlot = -1;
    this.isSensed = false;
    if (!radio.isReceiving()) {
      // It was started anew meanwhile.
      this.again(BUSY_RETRY_MS);
      return;
    }
    if (!radio.isClear() || radio.isLoud()) {
      if (this.mustWait()) return;
    } else if (this.prefs.cad && !isSensed && radio.sense()) return;
    this.busySinceMs = 0;
    this.sendingSlot = slot;
    if (!radio.transmit(this.queue.frame(slot), length, airMs)) {
      this.sendingSlot = -1;
      this.again(BUSY_RETRY_MS);
    }
  }

  /** The channel is busy. True: it is asked again soon; false when it has been busy for so long that it must be a mistake. */
  private mustWait(): boolean {
    const now = this.hal.nowMs();
    if (!this.busySinceMs) this.busySinceMs = now;
    if (now - this.busySinceMs < BUSY_LIMIT_MS) {
      this.again(BUSY_RETRY_MS * (1 + (this.hal.random() % 3)));
      return true;
    }
    this.errorFlags |= ERROR_CAD_TIMEOUT;
    return false;
  }

  /** Has the queue looked at after `delayMs`. */
  again(delayMs: number): void {
    if (this.timer) this.hal.cancel(this.timer);
    this.timer = this.hal.after(
      () => {
        this.timer = 0;
        this.pump();
      },
      Math.max(delayMs, 1),
    );
  }

  private tick(): void {
    this.hal.after(() => this.tick(), TICK_MS);
    if (!this.prefs.repeat !== !this.forwarder) this.hal.after(() => this.followRepeat(), 1);
    this.ticks = (this.ticks + 1) % TICKS_PER_CHECK;
    if (this.ticks === 0) {
      this.radio.checkHealth();
      if (this.counters[COUNT.rx] !== this.tidyAt) this.hal.after(() => this.tidy(), TICK_MS / 2);
    } else {
      this.radio.service();
    }
    this.radio.sampleNoise();
    this.deafTicks = this.radio.isReceiving() ? 0 : this.deafTicks + 1;
    if (this.deafTicks === DEAF_TICKS) {
      this.errorFlags |= ERROR_NOT_RECEIVING;
      this.radio.faults[FAULT_DEAF]++;
    }
    const resetMs = this.prefs.agcResetS * 1000;
    if (resetMs && this.hal.nowMs() - this.radio.resetMs >= resetMs) this.radio.resetGain();
  }

  /** Packets leave the engine's free memory in disorder: without this each takes a fifth longer after a minute of traffic. */
  private tidy(): void {
    this.tidyAt = this.counters[COUNT.rx];
    this.hal.tidy();
  }
}
