import assert from "node:assert/strict";
import { latin1ToBytes } from "../../../protocol/bytes.ts";
import type { Message } from "../../../protocol/codec.ts";
import { crc32 } from "../../../protocol/crc32.ts";
import { kissFrame } from "../../../protocol/kiss.ts";
import { CheckAdvert, LINK_PORT, WantAdverts } from "../../../protocol/link.ts";
import { LINK_MAX_BODY, sealBody } from "../../../protocol/link-frame.ts";
import { FakeClock } from "../fake-clock.ts";
import { LinkBench } from "./link-bench.ts";

function frame<V>(table: Message<V>, value: V): Uint8Array {
  const out = new Uint8Array(LINK_MAX_BODY);
  const length = sealBody(crc32, table, value, out);
  return latin1ToBytes(kissFrame(LINK_PORT, 0, Buffer.from(out.subarray(0, length)).toString("latin1")));
}

const wish = (after: number, count = 4) =>
  frame(WantAdverts, { after, intervalS: 60, count, appData: new Uint8Array([0x83, 65]) });

describe("link: adverts of a board that cannot sign", () => {
  let bench: LinkBench;

  beforeEach(async () => {
    bench = new LinkBench();
    bench.connect();
    await bench.clock.run(3000);
  });

  it("are verified by the host", async () => {
    for (const real of [true, false]) {
      bench.real = real;
      bench.board.verdicts = [];
      const message = new TextEncoder().encode(`key and more`);
      bench.board.write(frame(CheckAdvert, { id: 77, signature: new Uint8Array(64), message }));
      await bench.clock.run(100);
      assert.deepEqual(bench.board.verdicts, [{ id: 77, valid: real ? 1 : 0 }]);
    }
    assert.deepEqual(bench.asked, ["key and more 64", "key and more 64"]);
  });

  it("come one after the other, the first for now", async () => {
    const unixS = Math.floor(bench.clock.unixMs() / 1000);
    bench.board.write(wish(0));
    await bench.clock.run(1000);
    assert.deepEqual(
      bench.signed.map((time) => time - bench.signed[0]),
      [0, 60, 120, 180],
    );
    assert.ok(Math.abs(bench.signed[0] - unixS) < 5);
    assert.equal(bench.board.stock.length, 4);
    assert.deepEqual([...bench.board.stock[0].slice(1)], [0x83, 65]);
  });

  it("are signed for the last wish only, and no more once the link is gone", async () => {
    bench.board.write(wish(0, 16));
    await bench.clock.run(50);
    const before = bench.board.stock.length;
    assert.ok(before > 0 && before < 16);
    bench.board.write(wish(4_000_000_000, 3));
    await bench.clock.run(1000);
    assert.deepEqual(bench.signed.slice(-3), [4_000_000_001, 4_000_000_061, 4_000_000_121]);
    assert.ok(bench.signed.length < 10);
    bench.board.write(wish(0, 16));
    await bench.clock.run(50);
    bench.link?.stop();
    const count = bench.signed.length;
    await bench.clock.run(1000);
    assert.equal(bench.signed.length, count);
  });

  it("are not sent by a host without a key, or that does not know the time", async () => {
    bench.hasKey = false;
    bench.board.write(wish(0));
    await bench.clock.run(1000);
    assert.deepEqual([bench.signed.length, bench.board.stock.length], [1, 0]);
    const early = new LinkBench(undefined, new FakeClock(Date.UTC(1970, 0, 1)));
    early.connect();
    await early.clock.run(3000);
    early.board.write(wish(0));
    await early.clock.run(1000);
    assert.deepEqual(early.signed, []);
  });
});
