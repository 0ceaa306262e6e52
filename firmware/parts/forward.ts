// Packets of others that go on from here, as MeshCore's repeater does it (src/Mesh.cpp, examples/simple_repeater).
//
// Each packet has handlers of its own, after its reception: looked at, its region found out where it has one, queued. One that
// hops too often, or finds too many before it, is dropped.
import { view } from "../../protocol/bytes.ts";
import {
  type Packet,
  PRIORITY_DIRECT,
  PRIORITY_TRACE,
  ROUTE_DIRECT,
  ROUTE_FLOOD,
  TYPE_ACK,
  TYPE_ADVERT,
  TYPE_CONTROL,
  TYPE_MULTIPART,
  TYPE_TRACE,
} from "../../protocol/packet.ts";
import { COUNT } from "../counters.ts";
import type { Mesh } from "../mesh.ts";

/** Floods that wait for their region to be found, each with its frame. */
const MOST_AT_ONCE = 6;
/** Slots of the queue that packets of others may take; the rest is for what we have to say ourselves. */
const FORWARD_SLOTS = 8;
/** By type: bytes of payload that a flood needs to be forwarded. What is not here is never forwarded. */
const FEWEST_BYTES = [5, 5, 5, 4, 100, 4, 4, 36, 5];
/** By level of loop detection and size of a hash: as often in the path, and the flood goes round in a circle. */
const LOOPS = [4, 2, 1, 2, 1, 1, 1, 1, 1];
/** A path has 6 bits for the number of hops, and this many bytes. MeshCore sends on the 64th hop, as a path of none. */
const MOST_HOPS = 63;
const PATH_BYTES = 64;
/** Regions tried in one handler. */
const CODES_AT_ONCE = 4;
const MULTI_ACK_MS = 300;
/** MULTIPART: one more is to come, and it is an ACK. */
const FIRST_ACK_OF_TWO = 0x10 | TYPE_ACK;
/** A flood that lets better receivers go first: not worth it below, and no longer than. */
const RX_DELAY_MIN_MS = 50;
const RX_DELAY_MAX_MS = 32000;
const DISCOVER = 0x80;
const DISCOVERED_REPEATER = 0x92;
const FILTER_REPEATER = 4;
/** Answers to DISCOVER in so many ms. */
const DISCOVER_ANSWERS = 4;
const DISCOVER_MS = 120000;

/** What a mesh that repeats keeps in memory. */
export function forward(mesh: Mesh): Forwarder {
  return new Forwarder(mesh);
}

export class Forwarder {
  private readonly mesh: Mesh;
  private inWork = 0;
  private answers = 0;
  private answersMs = 0;

  constructor(mesh: Mesh) {
    this.mesh = mesh;
  }

  /**
   * Forwards a packet if that is to be, in handlers of its own; `bytes` are ours from now on, `signal` is as in Sx126x. The hash
   * of a flood, and of a direct packet without hops, is known to be new; the signature of an advert is known to be good.
   */
  take(bytes: Uint8Array, at: number, length: number, signal: number): void {
    this.later(() => {
      const mesh = this.mesh;
      // Keys that begin with 0 are nobody's.
      if (!mesh.prefs.repeat || !mesh.publicKey[0]) return;
      const packet = mesh.parse(bytes, at, length);
      if (packet.route >= ROUTE_DIRECT) this.direct(packet, bytes, at, length, signal);
      else if (this.passes(packet, bytes)) this.later(() => this.enter(packet, bytes, at, length, signal));
    });
  }

  private later(what: () => void): void {
    this.mesh.hal.after(what, 1);
  }

  /** True when our hash of `size` bytes stands there. */
  private isOurs(bytes: Uint8Array, at: number, size: number): boolean {
    const key = this.mesh.publicKey;
    for (let i = 0; i < size; i++) if (bytes[at + i] !== key[i]) return false;
    return true;
  }

  /** Whether a flood may go on, but for its region. */
  private passes(packet: Packet, bytes: Uint8Array): boolean {
    const prefs = this.mesh.prefs;
    const hops = packet.hops;
    const size = packet.hashSize;
    if (
      !(packet.payloadLen >= FEWEST_BYTES[packet.type]) ||
      hops >= prefs.floodMax ||
      (packet.route === ROUTE_FLOOD && hops >= prefs.unscopedMax) ||
      (packet.type === TYPE_ADVERT && (hops >= prefs.advertMax || this.isOurs(bytes, packet.payloadAt, 32))) ||
      hops >= MOST_HOPS ||
      (hops + 1) * size > PATH_BYTES
    )
      return false;
    if (!prefs.loopDetect) return true;
    let left = LOOPS[3 * prefs.loopDetect - 4 + size];
    for (let at = packet.pathAt; at < packet.payloadAt; at += size) if (this.isOurs(bytes, at, size)) left--;
    return left > 0;
  }

  /** Lets a flood in that is for everybody; looks for the region of one that is not. */
  private enter(packet: Packet, bytes: Uint8Array, at: number, length: number, signal: number): void {
    const mesh = this.mesh;
    const regions = mesh.regions;
    if (packet.route === ROUTE_FLOOD) {
      if (!regions || !regions.flags[0]) this.flood(packet, bytes, at, length, signal);
      return;
    }
    if (!regions || !packet.raw1) return;
    if (this.inWork >= MOST_AT_ONCE) {
      mesh.counters[COUNT.txDropped]++;
      return;
    }
    this.inWork++;
    // Some regions in each handler, from `row` on.
    let row = 1;
    const look = (): void => {
      const end = Math.min(row + CODES_AT_ONCE, regions.names.length);
      // Others have been here since.
      regions.begin(packet.type, bytes, packet.payloadAt, packet.payloadLen);
      while (row < end && (regions.flags[row] || regions.code(row) !== packet.raw1)) row++;
      if (row === end && end < regions.names.length) {
        this.later(look);
        return;
      }
      this.inWork--;
      if (row < end) this.later(() => this.flood(packet, bytes, at, length, signal));
    };
    look();
  }

  /** Queues a flood with our hash behind the others; those from far away come after those from near by. */
  private flood(packet: Packet, bytes: Uint8Array, at: number, length: number, signal: number): void {
    const waitMs = this.delayMs(length, this.mesh.prefs.txDelay) + this.rxDelayMs(length, signal);
    this.grow(packet, bytes, at, length, this.mesh.publicKey, packet.hashSize, packet.hops + 1, waitMs);
  }

  /** Queues a packet with the first `size` bytes of `extra` at the end of its path. */
  private grow(
    packet: Packet,
    bytes: Uint8Array,
    at: number,
    length: number,
    extra: ArrayLike<number>,
    size: number,
    priority: number,
    waitMs: number,
  ): void {
    const slot = this.claim();
    if (slot < 0) return;
    const frame = this.mesh.queue.frame(slot);
    const tail = packet.payloadAt - at;
    frame.set(view(bytes, at, tail));
    for (let i = 0; i < size; i++) frame[tail + i] = extra[i];
    frame.set(view(bytes, packet.payloadAt, packet.payloadLen), tail + size);
    frame[packet.pathAt - at - 1]++;
    this.push(slot, length + size, priority, waitMs);
  }

  private claim(): number {
    const mesh = this.mesh;
    const slot = mesh.queue.size < FORWARD_SLOTS ? mesh.queue.claim() : -1;
    if (slot < 0) mesh.counters[COUNT.txDropped]++;
    return slot;
  }

  private push(slot: number, length: number, priority: number, waitMs: number): void {
    const mesh = this.mesh;
    mesh.queue.push(slot, length, priority, 0, mesh.hal.nowMs() + waitMs);
    mesh.again(1);
  }

  /** Up to five times `factor` times the time on air, by chance: neighbours that heard the same are not to answer as one. */
  private delayMs(length: number, factor: number): number {
    const mesh = this.mesh;
    return mesh.hal.random() % (5 * Math.floor(mesh.airMs(length) * factor) + 1);
  }

  /** Who hears a packet well lets go first: for the rest it is a duplicate of what they hear then. */
  private rxDelayMs(length: number, signal: number): number {
    const mesh = this.mesh;
    const base = mesh.prefs.rxDelay;
    const sf = mesh.radio.settings.sf;
    if (!base) return 0;
    // SNR in quarter dB; SF7 needs -7.5 dB, each further one 2.5 dB less.
    const margin = ((signal << 8) >> 24) / 4 - 10 + 2.5 * sf;
    const score = sf < 7 ? 0 : Math.min(Math.max((margin / 10) * (1 - length / 256), 0), 1);
    const waitMs = (base ** (0.85 - score) - 1) * mesh.airMs(length);
    return waitMs < RX_DELAY_MIN_MS ? 0 : Math.min(waitMs, RX_DELAY_MAX_MS);
  }

  /** A packet whose path names those who pass it on. */
  private direct(packet: Packet, bytes: Uint8Array, at: number, length: number, signal: number): void {
    const mesh = this.mesh;
    const type = packet.type;
    const pathAt = packet.pathAt;
    const first = bytes[packet.payloadAt];
    if (type === TYPE_TRACE) {
      this.trace(packet, bytes, at, length, signal);
      return;
    }
    if (type === TYPE_CONTROL && first & 0x80) {
      if (!packet.hops) this.discover(packet, bytes, signal);
      return;
    }
    if (!packet.hops || !this.isOurs(bytes, pathAt, packet.hashSize)) return;
    const isMulti = type === TYPE_MULTIPART;
    let waitMs = 0;
    if (isMulti) {
      if ((first & 15) !== TYPE_ACK || packet.payloadLen < 5) return;
      // The acknowledgements of one message come that far apart. MeshCore hashes one without its first byte.
      waitMs = ((first >> 4) + 1) * MULTI_ACK_MS;
      packet.payloadAt++;
      packet.payloadLen--;
    }
    if (mesh.isSeen(bytes, packet)) return;
    const randomMs = this.delayMs(length, mesh.prefs.directTxDelay);
    const pass = (as: number, ms: number): void => this.later(() => this.shrink(packet, bytes, at, pathAt, as, ms));
    if (!isMulti && type !== TYPE_ACK) {
      pass(0, randomMs);
      return;
    }
    if (mesh.prefs.multiAcks) {
      waitMs += randomMs + MULTI_ACK_MS;
      pass(TYPE_MULTIPART, waitMs);
    }
    pass(TYPE_ACK, waitMs);
  }

  /** Queues a direct packet without the first hash of its path; with a type as an acknowledgement of that type, which has no transport codes. */
  private shrink(packet: Packet, bytes: Uint8Array, at: number, pathAt: number, type: number, waitMs: number): void {
    const slot = this.claim();
    if (slot < 0) return;
    const frame = this.mesh.queue.frame(slot);
    const size = packet.hashSize;
    // Not up to the payload: that of a MULTIPART begins a byte later by now.
    const rest = (packet.hops - 1) * size;
    let to = type ? 2 : pathAt - at;
    frame.set(view(bytes, at, to));
    if (type) frame[0] = (type << 2) | ROUTE_DIRECT;
    frame[to - 1] = packet.pathLen - 1;
    frame.set(view(bytes, pathAt + size, rest), to);
    to += rest;
    if (type === TYPE_MULTIPART) frame[to++] = FIRST_ACK_OF_TWO;
    frame.set(view(bytes, packet.payloadAt, packet.payloadLen), to);
    this.push(slot, to + packet.payloadLen, PRIORITY_DIRECT, waitMs);
  }

  /** The path that a TRACE has yet to go is in its payload, in hashes of 1, 2, 4 or 8 bytes; where others have a path each hop leaves its SNR. */
  private trace(packet: Packet, bytes: Uint8Array, at: number, length: number, signal: number): void {
    const size = 1 << (bytes[packet.payloadAt + 8] & 3);
    const here = packet.payloadAt + 9 + packet.pathLen * size;
    if (packet.pathLen >= MOST_HOPS || here + size > packet.payloadAt + packet.payloadLen) return;
    if (!this.isOurs(bytes, here, size) || (packet.hops && this.mesh.isSeen(bytes, packet))) return;
    const waitMs = this.delayMs(length, this.mesh.prefs.directTxDelay);
    this.later(() => this.grow(packet, bytes, at, length, [(signal >> 16) & 255], 1, PRIORITY_TRACE, waitMs));
  }

  /** Somebody asks which repeaters are in reach: flags, filter, tag u32, and perhaps since when one must have changed, of which we keep no record. */
  private discover(packet: Packet, bytes: Uint8Array, signal: number): void {
    const mesh = this.mesh;
    const at = packet.payloadAt;
    const length = packet.payloadLen;
    if ((bytes[at] & 0xf0) !== DISCOVER || length < 6 || !(bytes[at + 1] & FILTER_REPEATER)) return;
    if (length > 9 && bytes[at + 6] | bytes[at + 7] | bytes[at + 8] | bytes[at + 9]) return;
    const now = mesh.hal.nowMs();
    if (now - this.answersMs > DISCOVER_MS) {
      this.answersMs = now;
      this.answers = 0;
    }
    if (++this.answers > DISCOVER_ANSWERS) return;
    const keyBytes = bytes[at] & 1 ? 8 : 32;
    const answer = new Uint8Array(6 + keyBytes);
    answer.set(view(bytes, at, 6));
    answer[0] = DISCOVERED_REPEATER;
    answer[1] = signal >> 16;
    answer.set(view(mesh.publicKey, 0, keyBytes), 6);
    const waitMs = 4 * this.delayMs(answer.length + 2, mesh.prefs.txDelay);
    this.later(() => mesh.queueOwn(ROUTE_DIRECT, TYPE_CONTROL, answer, PRIORITY_DIRECT, 0, waitMs));
  }
}
