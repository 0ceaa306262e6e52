// Packets that wait for the air: a few slots of one byte array, lowest priority number first, first due among equals.
import { view } from "../protocol/bytes.ts";
import { MAX_PACKET } from "../protocol/packet.ts";

const SLOTS = 12;
const SLOT_BYTES = 256;
/** A packet goes before one of the next better priority that is due so much later: what others have us forward must not hold up our own for ever. */
const PATIENCE_MS = 10000;

export class TxQueue {
  /** Slots in use, best rank first: the work is in push(), for transmitting has enough to do. */
  private readonly order = new Uint8Array(20);
  /** Packets that wait. */
  size = 0;
  private readonly bytes = new Uint8Array(SLOTS * SLOT_BYTES);
  /** Of the packet in each slot, in bytes. */
  readonly slotLengths: Uint8Array = new Uint8Array(20);
  private readonly ranks = new Float64Array(SLOTS);
  /** Whose it is, as push() was told. */
  readonly slotRequests: Uint16Array = new Uint16Array(20);
  /** Infinity where nothing waits. */
  private readonly dueMs = new Float64Array(SLOTS).fill(Infinity);
  private readonly used = new Uint8Array(20);

  /**
   * Takes a slot; the caller writes up to 255 bytes at `frame(slot)` and then calls `push`. -1 when every slot waits.
   * Priorities as MeshCore's: 0 direct, 1 flood, more for less urgent things.
   */
  claim(): number {
    return this.size < SLOTS ? this.used.indexOf(0) : -1;
  }

  frame(slot: number): Uint8Array {
    return view(this.bytes, slot * SLOT_BYTES, MAX_PACKET);
  }

  push(slot: number, length: number, priority: number, request: number, dueMs: number): void {
    const order = this.order;
    const ranks = this.ranks;
    const rank = dueMs + PATIENCE_MS * priority;
    this.used[slot] = 1;
    this.slotLengths[slot] = length;
    this.slotRequests[slot] = request;
    this.dueMs[slot] = dueMs;
    ranks[slot] = rank;
    let at = this.size++;
    for (; at && ranks[order[at - 1]] > rank; at--) order[at] = order[at - 1];
    order[at] = slot;
  }

  /** The slot to send now, or -1; it stays in the queue until `remove`. */
  due(nowMs: number): number {
    for (let i = 0; i < this.size; i++) if (this.dueMs[this.order[i]] <= nowMs) return this.order[i];
    return -1;
  }

  /** When the next waiting packet is due, in the clock of `push`; -1 when nothing waits. */
  nextDueMs(): number {
    return this.size ? Math.min.apply(null, this.dueMs as unknown as number[]) : -1;
  }

  remove(slot: number): void {
    let at = 0;
    while (at < this.size && this.order[at] !== slot) at++;
    if (at === this.size) return;
    for (; at < this.size - 1; at++) this.order[at] = this.order[at + 1];
    this.size--;
    this.used[slot] = 0;
    this.dueMs[slot] = Infinity;
  }
}
