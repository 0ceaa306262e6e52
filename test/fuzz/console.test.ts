import assert from "node:assert/strict";
import { seeded } from "../protocol/random.ts";
import { FuzzBench, SEED } from "./fuzz-bench.ts";
import { below, mutated } from "./mutate.ts";
import { LINES } from "./seeds.ts";

const SHARE = 0.2;
/** Twice what the console takes as a line. */
const LONGEST = 480;

describe("fuzz: console", () => {
  it(`mutated lines leave the built bundle as it was (SEED=${SEED})`, () => {
    const random = seeded();
    const bench = new FuzzBench();
    const { world, host } = bench;
    const seeds = LINES.map((line) => Buffer.from(line, "utf8"));

    const type = (): void => {
      const line = Buffer.from(mutated(random, random.pick(seeds), random.pick(seeds), LONGEST));
      // These two are for people who mean it.
      if (/rep|reb/.test(line.toString("latin1"))) return;
      const end = random.pick(["\r", "\r", "\n", "\r\n", "\x08\r", ""]);
      const cut = below(random, line.length);
      for (const part of [line.subarray(0, cut), line.subarray(cut), Buffer.from(end)])
        if (part.length) bench.port.write(part);
      world.clock.advance(2);
    };

    const between = (): void => {
      // Half a frame that a C0 began swallows lines until there is silence.
      world.clock.advance(1500);
      assert.match(bench.run("\rver"), /Build: meshcore-room sim/);
      assert.equal(host.broken, 0, "no answer looks like a frame");
      host.forget();
      bench.assertRoomsFit();
    };

    bench.fire(
      SHARE,
      (frame) => {
        type();
        if (frame % 100 === 99) world.clock.advance(1500);
      },
      between,
      () => bench.reset(),
    );
    bench.assertAlive();
    bench.stop();
  }).timeout(0); // Each batch has its own limit.
});
