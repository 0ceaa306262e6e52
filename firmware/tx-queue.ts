// Packets that wait for the air: a few slots of one byte array, lowest priority number first, first come among equals.
import { view } from "../protocol/bytes.ts";
import { MAX_PACKET } from "../protocol/packet.ts";

const SLOTS = 12;
const SLOT_BYTES = 256;
/** For each of these that a packet is overdue it goes up by one priority: what others have us forward must not hold up our own for ever. */
const PATIENCE_MS = 10000;

export class TxQueue {
  /** Slots in use, in order of arrival. */
  private readonly order = new Uint8Array(20);
  private count = 0;
  private readonly bytes = new Uint8Array(SLOTS * SLOT_BYTES);
  private readonly lengths = new Uint8Array(20);
  private readonly priorities = new Uint8Array(20);
  private readonly requests = new Uint16Array(20);
  private readonly dueMs = new Float64Array(SLOTS);
  private readonly used = new Uint8Array(20);

  get size(): number {
    return this.count;
  }

  /**
   * Takes a slot; the caller writes up to 255 bytes at `frame(slot)` and then calls `push`. -1 when every slot waits.
   * Priorities as MeshCore's: 0 direct, 1 flood, more for less urgent things.
   */
  claim(): number {
    return this.count < SLOTS ? this.used.indexOf(0) : -1;
  }

  frame(slot: number): Uint8Array {
    return view(this.bytes, slot * SLOT_BYTES, MAX_PACKET);
  }

  push(slot: number, length: number, priority: number, request: number, dueMs: number): void {
    this.used[slot] = 1;
    this.lengths[slot] = length;
    this.priorities[slot] = priority;
    this.requests[slot] = request;
    this.dueMs[slot] = dueMs;
    this.order[this.count++] = slot;
  }

  /** The slot to send now, or -1; it stays in the queue until `remove`. */
  due(nowMs: number): number {
    let best = -1;
    let lowest = 0;
    for (let i = 0; i < this.count; i++) {
      const slot = this.order[i];
      const overdueMs = nowMs - this.dueMs[slot];
      if (overdueMs < 0) continue;
      const rank = this.priorities[slot] - Math.floor(overdueMs / PATIENCE_MS);
      if (best < 0 || rank < lowest) {
        best = slot;
        lowest = rank;
      }
    }
    return best;
  }

  /** When the next waiting packet is due, in the clock of `push`; -1 when nothing waits. */
  nextDueMs(): number {
    let next = -1;
    for (let i = 0; i < this.count; i++) {
      const dueMs = this.dueMs[this.order[i]];
      if (next < 0 || dueMs < next) next = dueMs;
    }
    return next;
  }

  length(slot: number): number {
    return this.lengths[slot];
  }

  request(slot: number): number {
    return this.requests[slot];
  }

  remove(slot: number): void {
    let at = 0;
    while (at < this.count && this.order[at] !== slot) at++;
    if (at === this.count) return;
    for (; at < this.count - 1; at++) this.order[at] = this.order[at + 1];
    this.count--;
    this.used[slot] = 0;
  }
}
