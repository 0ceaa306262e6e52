import assert from "node:assert/strict";
import { SeenTable } from "../../firmware/seen.ts";
import { TxQueue } from "../../firmware/tx-queue.ts";

function push(queue: TxQueue, priority: number, dueMs: number, request: number): number {
  const slot = queue.claim();
  if (slot >= 0) queue.push(slot, 10, priority, request, dueMs);
  return slot;
}

function drain(queue: TxQueue, nowMs: number): number[] {
  const order: number[] = [];
  for (let slot = queue.due(nowMs); slot >= 0; slot = queue.due(nowMs)) {
    order.push(queue.slotRequests[slot]);
    queue.remove(slot);
  }
  return order;
}

describe("transmit queue", () => {
  it("sends the lowest priority number first and equals in order of arrival", () => {
    const queue = new TxQueue();
    push(queue, 1, 0, 11);
    push(queue, 3, 0, 31);
    push(queue, 0, 0, 1);
    push(queue, 1, 0, 12);
    assert.deepEqual(drain(queue, 0), [1, 11, 12, 31]);
    assert.equal(queue.size, 0);
  });

  it("leaves what is not due yet and says when it will be", () => {
    const queue = new TxQueue();
    push(queue, 0, 500, 1);
    push(queue, 1, 100, 2);
    assert.equal(queue.due(99), -1);
    assert.equal(queue.nextDueMs(), 100);
    assert.deepEqual(drain(queue, 100), [2]);
    assert.equal(queue.nextDueMs(), 500);
    assert.deepEqual(drain(queue, 500), [1]);
    assert.equal(queue.nextDueMs(), -1);
  });

  it("refuses the thirteenth packet and takes one again after one went out", () => {
    const queue = new TxQueue();
    for (let i = 0; i < 12; i++) assert.ok(push(queue, 1, 0, i) >= 0);
    assert.equal(push(queue, 1, 0, 99), -1);
    queue.remove(queue.due(0));
    assert.ok(push(queue, 1, 0, 99) >= 0);
    assert.equal(queue.size, 12);
  });

  it("keeps the bytes of each slot apart", () => {
    const queue = new TxQueue();
    const a = push(queue, 1, 0, 1);
    queue.frame(a).fill(1);
    const b = push(queue, 1, 0, 2);
    queue.frame(b).fill(2);
    assert.ok(queue.frame(a).every((byte) => byte === 1));
    assert.equal(queue.frame(a).length, 255);
  });
});

describe("table of seen packets", () => {
  const hash = (n: number): Uint8Array => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, (n * 2654435761) >>> 0);
    new DataView(bytes.buffer).setUint32(4, n);
    return bytes;
  };

  it("knows the last 160 packets, as MeshCore does", () => {
    const seen = new SeenTable();
    for (let n = 1; n < 2000; n++) {
      assert.equal(seen.check(hash(n).buffer), false);
      for (let back = 0; back < Math.min(n - 1, 160); back += 13)
        assert.equal(seen.check(hash(n - back).buffer), true, `${n}`);
    }
  });

  it("tells two hashes apart that share their first four bytes", () => {
    const seen = new SeenTable();
    const other = hash(7);
    other[7] ^= 1;
    assert.equal(seen.check(hash(7).buffer), false);
    assert.equal(seen.check(other.buffer), false);
    assert.equal(seen.check(hash(7).buffer), true);
  });
});
