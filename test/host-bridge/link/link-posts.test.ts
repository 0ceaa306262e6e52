import assert from "node:assert/strict";
import { LinkBench, range, wanted } from "./link-bench.ts";

const up = (): LinkBench => {
  const bench = new LinkBench([wanted("A")]);
  bench.connect();
  bench.clock.advance(1000);
  return bench;
};

const onAir = (bench: LinkBench): string[] => bench.board.aired.map((hex) => Buffer.from(hex, "hex").toString());

describe("link: posts", () => {
  it("sends posts in order and calls them aired when the board says so", () => {
    const bench = up();
    for (const id of range(1, 12)) bench.post(id);
    bench.clock.advance(100);
    assert.deepEqual(bench.aired, []);
    bench.clock.advance(10_000);
    assert.deepEqual(
      onAir(bench),
      range(1, 12).map((id) => `post ${id}`),
    );
    assert.deepEqual(bench.aired, range(1, 12));
  });

  it("leaves all but four posts in the store", () => {
    const bench = up();
    bench.board.sentAfterMs = null;
    for (const id of range(1, 12)) bench.post(id);
    bench.clock.advance(10_000);
    assert.equal(bench.board.aired.length, 4);
    assert.equal(bench.outbox.length, 8);
  });

  it("waits while the board's queue is full", () => {
    const bench = up();
    bench.board.sendCodes = [2, 2];
    bench.post(1);
    bench.post(2);
    bench.clock.advance(1000);
    assert.deepEqual(onAir(bench), []);
    bench.clock.advance(10_000);
    assert.deepEqual(onAir(bench), ["post 1", "post 2"]);
  });

  it("tries again later where the board cannot transmit now", () => {
    const bench = up();
    bench.board.sendCodes = [4];
    bench.post(1);
    bench.clock.advance(40_000);
    assert.deepEqual(bench.aired, [1]);
  });

  it("gives up a post that the board calls malformed, and sends the next", () => {
    const bench = up();
    bench.board.sendCodes = [1];
    bench.post(1);
    bench.post(2);
    bench.clock.advance(5000);
    assert.deepEqual(bench.unsendable, [1]);
    assert.deepEqual(bench.aired, [2]);
  });

  it("takes a duplicate for aired: it was sent before the host was killed", () => {
    const bench = up();
    bench.board.sendCodes = [3];
    bench.post(1);
    bench.clock.advance(1000);
    assert.deepEqual(bench.aired, [1]);
    assert.deepEqual(onAir(bench), []);
  });

  it("puts a post on air once when its Result, its Sent or both are lost", () => {
    for (const lost of [[0x84], [0x87], [0x84, 0x87]]) {
      const bench = up();
      const left = new Set(lost);
      bench.board.cable = (bytes) => (left.delete(bytes[2]) ? null : bytes);
      bench.post(1);
      bench.clock.advance(200_000);
      assert.deepEqual(onAir(bench), ["post 1"], `lost ${lost}`);
      assert.deepEqual(bench.aired, [1], `lost ${lost}`);
    }
  });

  it("offers again what a board had taken when it was started anew", () => {
    const bench = up();
    bench.board.sentAfterMs = 5000;
    bench.post(1);
    bench.clock.advance(1000);
    assert.deepEqual(onAir(bench), ["post 1"]);
    bench.board.powerCycle();
    bench.clock.advance(40_000);
    assert.deepEqual(onAir(bench), ["post 1", "post 1"]);
    assert.deepEqual(bench.aired, [1]);
  });
});
