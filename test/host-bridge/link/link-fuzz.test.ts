import assert from "node:assert/strict";
import type { Message } from "../../../protocol/codec.ts";
import { crc32 } from "../../../protocol/crc32.ts";
import { kissFrame } from "../../../protocol/kiss.ts";
import * as wire from "../../../protocol/link.ts";
import { sealBody } from "../../../protocol/link-frame.ts";
import { Random } from "../../../simulator/random.ts";
import { LinkBench, range, wanted } from "./link-bench.ts";

const SAME_VERSION = { version: wire.LINK_VERSION, minVersion: wire.LINK_MIN_VERSION };
const ODD = [0, 1, 2, 3, 127, 128, 255, 256, 40_001, 65_535, 2 ** 31, 2 ** 32 - 1];

/** A frame with a good checksum and any values in its fields, more often than not ones that mean something. */
function anyMessage(random: Random): Uint8Array {
  const table = random.pick(wire.FROM_BOARD) as unknown as Message<Record<string, number | Uint8Array>>;
  const value: Record<string, number | Uint8Array> = {};
  table.rows.split(" ").forEach((name, i) => {
    const { put, size } = table.codecs[i];
    if (put) value[name] = random.fraction() < 0.7 ? random.pick(ODD) : Math.floor(random.fraction() * 2 ** 32);
    else if (name === "name") value[name] = new TextEncoder().encode(random.pick(["A", "B", "", "x".repeat(200)]));
    else
      value[name] = Uint8Array.from(
        { length: size || Math.floor(random.fraction() * 200) },
        () => random.fraction() * 256,
      );
  });
  if (table.name === "BoardHello" && random.fraction() < 0.8) Object.assign(value, SAME_VERSION);
  const out = new Uint8Array(288);
  const length = sealBody(crc32, table, value, out);
  return Buffer.from(kissFrame(1, 0, Buffer.from(out.slice(0, length)).toString("latin1")), "latin1");
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (let i = Math.floor(random.fraction() * 4); i >= 0; i--) {
    changed[Math.floor(random.fraction() * changed.length)] = Math.floor(random.fraction() * 256);
  }
  return random.fraction() < 0.3 ? changed.slice(0, Math.floor(random.fraction() * changed.length)) : changed;
}

describe("link: hostile boards", () => {
  it("takes any bytes and any messages without a throw, and an honest board afterwards", function () {
    this.timeout(60_000);
    const seed = Number(process.env["SEED"] ?? Date.now() % 1e6);
    console.log(`      seed ${seed}`);
    const random = new Random(seed);
    const bench = new LinkBench([wanted("A"), wanted("B")]);
    bench.connect();
    let whileUp = 0;
    for (let i = 1; i <= 20_000; i++) {
      if (bench.link?.isUp()) whileUp++;
      const message = anyMessage(random);
      bench.board.write(random.fraction() < 0.5 ? message : mutate(message, random));
      if (i % 10 === 0) bench.post(i);
      bench.clock.advance(random.fraction() * 400);
      if (bench.ends.length > 0) {
        bench.ends = [];
        bench.outbox = [];
        bench.connect();
      }
    }
    assert.ok(bench.ups > 10, "it got up now and then");
    // Or it would be the beginning of conversations that is tried.
    assert.ok(whileUp > 10_000, `${whileUp} messages came while it was up`);
    bench.board.unplug();
    bench.board.powerCycle();
    bench.stored = [];
    bench.connect();
    bench.clock.advance(3000);
    bench.hear("A", 1, 20);
    bench.clock.advance(3000);
    assert.deepEqual(bench.of("A"), range(1, 20));
  });
});
