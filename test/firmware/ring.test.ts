import assert from "node:assert/strict";
import { Ring } from "../../firmware/ring.ts";

const BLOCK = 1024;

function put(ring: Ring, room: number, text: string, max: number): void {
  const at = ring.append(room, text.length, max);
  assert.ok(at > 0);
  ring.bytes.set(Buffer.from(text), at);
}

function get(ring: Ring, room: number, seq: number): string | null {
  const at = ring.find(room, seq);
  return at < 0 ? null : Buffer.from(ring.bytes.subarray(at, at + ring.bytes[at - 1])).toString();
}

function open(blocks: number, weights: number[]): Ring {
  const ring = new Ring(new Uint8Array(blocks * BLOCK), weights.length);
  for (let room = 0; room < weights.length; room++) ring.open(room, 1);
  ring.share(weights, 0, weights.length);
  return ring;
}

describe("ring of messages", () => {
  it("numbers records from where the room was opened and finds each by its number", () => {
    const ring = open(4, [1]);
    for (let i = 1; i <= 20; i++) put(ring, 0, `record ${i}`, 100);
    assert.equal(ring.first(0), 1);
    assert.equal(ring.next(0), 21);
    for (const seq of [1, 20, 7, 8, 3, 19]) assert.equal(get(ring, 0, seq), `record ${seq}`);
    assert.equal(get(ring, 0, 0), null);
    assert.equal(get(ring, 0, 21), null);
  });

  it("holds max records, not one more and not one less", () => {
    for (const max of [1, 2, 9, 10, 11]) {
      const ring = open(4, [1]);
      for (let i = 1; i <= 30; i++) {
        put(ring, 0, `r${i}`, max);
        assert.equal(ring.next(0) - ring.first(0), Math.min(i, max));
      }
      assert.equal(get(ring, 0, 30 - max), null);
      for (let seq = 31 - max; seq <= 30; seq++) assert.equal(get(ring, 0, seq), `r${seq}`);
    }
  });

  it("does not let a busy room push out a quiet one", () => {
    const ring = open(8, [10, 10]);
    put(ring, 1, "the only message of the quiet room", 100);
    for (let i = 0; i < 500; i++) put(ring, 0, "x".repeat(200), 1000);
    assert.equal(get(ring, 1, 1), "the only message of the quiet room");
    assert.ok(ring.roomBytes(0) <= 5 * BLOCK);
  });

  it("keeps the newest records when a room's share shrinks, and gives the blocks to the others", () => {
    const ring = open(8, [10, 0]);
    for (let i = 1; i <= 60; i++) put(ring, 0, `${i}`.padStart(120, "."), 1000);
    const before = ring.first(0);
    ring.share([10, 10], 0, 2);
    assert.ok(ring.first(0) > before);
    assert.equal(get(ring, 0, 60), "60".padStart(120, "."));
    for (let i = 1; i <= 60; i++) put(ring, 1, `b${i}`.padStart(120, "."), 1000);
    assert.equal(get(ring, 1, 60), "b60".padStart(120, "."));
    assert.ok(ring.roomBytes(0) + ring.roomBytes(1) <= 8 * BLOCK);
  });

  it("gives a removed room's memory back", () => {
    const ring = open(2, [1, 1]);
    for (let i = 0; i < 50; i++) put(ring, 0, "x".repeat(100), 1000);
    ring.clear(0);
    assert.equal(ring.first(0), ring.next(0));
    ring.share([0, 1], 0, 2);
    for (let i = 0; i < 16; i++) put(ring, 1, "y".repeat(120), 1000);
    assert.equal(ring.next(1) - ring.first(1), 16);
  });

  it("agrees with a plain list through 20000 random steps", () => {
    const seed = Date.now() % 100000;
    let state = seed;
    const random = (n: number): number => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return Math.floor((state / 2147483648) * n);
    };
    const rooms = 4;
    const ring = open(6, [1, 1, 1, 1]);
    const model: string[][] = Array.from({ length: rooms }, () => []);
    const max = [5, 1000, 1, 60];
    for (let step = 0; step < 20000; step++) {
      const room = random(rooms);
      if (random(500) === 0) {
        const weights = max.map(() => random(4));
        for (let i = 0; i < rooms; i++) if (weights[i] === 0) ring.clear(i);
        ring.share(
          weights.map((weight) => weight || 1),
          0,
          weights.length,
        );
      }
      const text = `${room}:${ring.next(room)}:`.padEnd(1 + random(250), "z").slice(0, 255);
      put(ring, room, text, max[room]);
      model[room].push(text);
      const held = ring.next(room) - ring.first(room);
      assert.equal(ring.next(room), model[room].length + 1, `seed ${seed} step ${step}`);
      assert.ok(held >= 1 && held <= max[room], `seed ${seed} step ${step}: holds ${held}`);
      const seq = ring.first(room) + random(held);
      assert.equal(get(ring, room, seq), model[room][seq - 1], `seed ${seed} step ${step}`);
    }
  });
});
