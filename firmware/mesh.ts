// MeshCore on the air: what is heard is parsed, de-duplicated and handed up; what is said waits its turn.

import { airtimeMs, type RadioSettings } from "../protocol/airtime.ts";
import { view } from "../protocol/bytes.ts";
import { MESSAGE_OWN, RESULT_BAD_REQUEST, RESULT_DUPLICATE, RESULT_FULL, RESULT_OK } from "../protocol/link.ts";
import {
  MAX_PAYLOAD,
  Packet,
  packetDigest,
  parsePacket,
  parsePacketAt,
  ROUTE_DIRECT,
  ROUTE_FLOOD,
  TYPE_GRP_TXT,
} from "../protocol/packet.ts";
import { DutyBudget } from "./duty.ts";
import type { Hal, RadioFacts } from "./hal.ts";
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
/** A packet whose transmission failed is tried again that often; the failure is the radio's, not the packet's. */
const SEND_ATTEMPTS = 3;
/** Priority of a flood (MeshCore: 0 direct, 1 flood, 2 path, 3 advert). */
export const PRIORITY_FLOOD = 1;

export interface MeshEvents {
  /** A whole packet that no room took; `bytes` is valid during the call. */
  onHeard(bytes: Uint8Array, rssi: number, snr: number): void;
  /** The transmission of request `request` ended. */
  onSent(request: number, sent: boolean, airtimeMs: number): void;
}

export class Mesh {
  readonly radio: Sx126x;
  readonly queue = new TxQueue();
  readonly duty: DutyBudget;
  received = 0;
  sent = 0;
  directReceived = 0;
  malformed = 0;
  duplicates = 0;
  txDropped = 0;

  private readonly hal: Hal;
  private readonly rooms: Rooms;
  /** Who is told; set before the first packet. */
  events!: MeshEvents;
  private readonly packet = new Packet();
  private readonly outgoing = new Packet();
  private readonly seen = new SeenTable();
  private sendingSlot = -1;
  private sendingMs = 0;
  private attempts = 0;
  private ticks = 0;
  private busySinceMs = 0;
  private timer = 0;

  constructor(hal: Hal, facts: RadioFacts, settings: RadioSettings, dutyPermille: number, rooms: Rooms) {
    this.hal = hal;
    this.rooms = rooms;
    this.duty = new DutyBudget(dutyPermille, hal.nowMs());
    this.radio = new Sx126x(hal, facts, settings, this);
  }

  start(): void {
    this.radio.begin();
    this.hal.after(TICK_MS, () => this.tick());
  }

  /** From the radio: one packet with a good CRC. */
  onPacket(bytes: Uint8Array, at: number, length: number): void {
    this.received++;
    const packet = this.packet;
    if (parsePacketAt(bytes, at, length, packet)) {
      this.malformed++;
      return;
    }
    const radio = this.radio;
    if (packet.route < ROUTE_DIRECT || !this.isForAnother(packet)) {
      if (this.seen.check(packetDigest(this.hal.crypto, bytes, packet))) {
        this.duplicates++;
        return;
      }
      if (packet.type === TYPE_GRP_TXT && this.rooms.receive(bytes, packet, radio.rssi, radio.snr, 0)) return;
    }
    this.events.onHeard(view(bytes, at, length), radio.rssi, radio.snr);
  }

  /** A direct packet that has hops to go is its next hop's business, and stays unseen for the day it reaches us. */
  private isForAnother(packet: Packet): boolean {
    this.directReceived++;
    return packet.hops > 0;
  }

  /** From the radio: the packet in `sendingSlot` is out, or was given up. */
  onSent(sent: boolean): void {
    const slot = this.sendingSlot;
    if (slot < 0) return;
    this.sendingSlot = -1;
    this.duty.spend(this.sendingMs, this.hal.nowMs());
    if (!sent && ++this.attempts < SEND_ATTEMPTS) {
      this.pump();
      return;
    }
    this.attempts = 0;
    if (sent) this.sent++;
    else this.giveUp(slot);
    const request = this.queue.request(slot);
    this.queue.remove(slot);
    this.events.onSent(request, sent, Math.round(this.sendingMs));
    this.pump();
  }

  /** Counts it, and lets whoever asked for it ask again. */
  private giveUp(slot: number): void {
    this.txDropped++;
    const frame = this.queue.frame(slot);
    parsePacket(frame, this.queue.length(slot), this.outgoing);
    this.seen.forget(packetDigest(this.hal.crypto, frame, this.outgoing));
  }

  /**
   * Queues a flood packet with this payload; a room message is stored in its room too, as our own. `request` comes back
   * in `onSent` (0 = nobody waits). Returns a Result code of the link.
   */
  send(type: number, payload: Uint8Array, priority: number, request: number): number {
    const length = payload.length;
    if (length === 0 || length > MAX_PAYLOAD || type > 15) return RESULT_BAD_REQUEST;
    if (airtimeMs(this.radio.settings, length + 2) > this.duty.wholeMs()) return RESULT_BAD_REQUEST;
    const slot = this.queue.claim();
    if (slot < 0) {
      this.txDropped++;
      return RESULT_FULL;
    }
    const frame = this.queue.frame(slot);
    frame[0] = (type << 2) | ROUTE_FLOOD;
    frame[1] = 0;
    frame.set(payload, 2);
    if (parsePacket(frame, length + 2, this.outgoing) !== 0) return RESULT_BAD_REQUEST;
    // Marked as seen, so that repeaters' copies of our own packet are duplicates.
    if (this.seen.check(packetDigest(this.hal.crypto, frame, this.outgoing))) return RESULT_DUPLICATE;
    if (type === TYPE_GRP_TXT) this.rooms.receive(frame, this.outgoing, 0, 0, MESSAGE_OWN);
    this.queue.push(slot, length + 2, priority, request, this.hal.nowMs());
    this.pump();
    return RESULT_OK;
  }

  /** Starts the next transmission if the radio, the duty budget and the channel allow; sees to being called again if not. */
  pump(): void {
    if (this.timer) {
      this.hal.cancel(this.timer);
      this.timer = 0;
    }
    if (this.sendingSlot >= 0) return;
    const now = this.hal.nowMs();
    const slot = this.queue.due(now);
    if (slot < 0) {
      const nextMs = this.queue.nextDueMs();
      if (nextMs >= 0) this.again(nextMs - now);
      return;
    }
    const length = this.queue.length(slot);
    const airMs = airtimeMs(this.radio.settings, length);
    if (airMs > this.duty.wholeMs()) {
      // Settings have changed: it can never go now, and what stands behind it must not wait for that.
      this.sendingSlot = slot;
      this.sendingMs = 0;
      this.attempts = SEND_ATTEMPTS;
      this.hal.after(1, () => this.onSent(false));
      return;
    }
    const waitMs = this.duty.waitMs(airMs, now);
    if (waitMs > 0 || !this.radio.isReceiving()) {
      this.again(Math.max(waitMs, BUSY_RETRY_MS));
      return;
    }
    if (!this.radio.isClear()) {
      if (!this.busySinceMs) this.busySinceMs = now;
      if (now - this.busySinceMs < BUSY_LIMIT_MS) {
        this.again(BUSY_RETRY_MS * (1 + (this.hal.random() % 3)));
        return;
      }
    }
    this.busySinceMs = 0;
    if (this.radio.transmit(this.queue.frame(slot), length)) {
      this.sendingSlot = slot;
      this.sendingMs = airMs;
    } else {
      this.again(BUSY_RETRY_MS);
    }
  }

  private again(delayMs: number): void {
    this.timer = this.hal.after(Math.max(delayMs, 1), () => {
      this.timer = 0;
      this.pump();
    });
  }

  private tick(): void {
    this.hal.after(TICK_MS, () => this.tick());
    this.ticks = (this.ticks + 1) % TICKS_PER_CHECK;
    if (this.ticks === 0) this.radio.checkHealth();
    else this.radio.service();
    this.radio.sampleNoise();
  }
}
