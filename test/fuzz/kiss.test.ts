import assert from "node:assert/strict";
import { seeded } from "../protocol/random.ts";
import { COMMAND, frameOf, REQUEST } from "../scenario/kiss-host.ts";
import { FuzzBench, SEED } from "./fuzz-bench.ts";
import { below, mutated, randomBytes } from "./mutate.ts";

const SHARE = 0.1;
const LONGEST = 700;
/** First bytes of all that the modem may say: answers, OK, Error, TxDone, RxMeta. */
const SAID = [...Object.values(REQUEST).map((number) => number | 0x80), 0xf0, 0xf1, 0xf8, 0xf9];

describe("fuzz: kiss", () => {
  it(`mutated frames of port 0 leave the built bundle as it was (SEED=${SEED})`, () => {
    const random = seeded();
    const bench = new FuzzBench();
    const { world, host } = bench;
    const commands = Object.values(COMMAND);
    const requests = Object.values(REQUEST);

    const seedFrame = (): Uint8Array => {
      const kind = random.bits() & 7;
      const data = randomBytes(random, below(random, random.bits() & 1 ? 12 : 300));
      const frame =
        kind < 5
          ? frameOf(COMMAND.SetHardware, [random.pick(requests), ...data])
          : frameOf(random.pick(commands), data);
      return Uint8Array.from(frame);
    };

    const write = (): void => {
      const seed = seedFrame();
      const bytes = Buffer.from(random.bits() & 1 ? seed : mutated(random, seed, seedFrame(), LONGEST));
      // This one means what it says.
      if (Buffer.concat([Buffer.of(0xc0), bytes]).includes(Buffer.of(0xc0, COMMAND.SetHardware, REQUEST.Reboot)))
        return;
      const cut = below(random, bytes.length);
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) if (part.length) bench.port.write(part);
      world.clock.advance(2);
      if ((random.bits() & 15) === 0) bench.board.chip.receive(randomBytes(random, below(random, 256)), -90, 4);
    };

    const between = (): void => {
      world.clock.advance(1500);
      for (const frame of host.modem)
        assert.ok(
          frame[0] === "0" || (frame[0] === "6" && SAID.includes(Number.parseInt(frame.slice(1, 3), 16))),
          frame,
        );
      host.forget();
      bench.port.write(Uint8Array.from(frameOf(COMMAND.SetHardware, [REQUEST.Ping])));
      world.clock.advance(100);
      assert.ok(host.modem.includes("697"), "it answers Ping");
      assert.equal(host.broken, 0, "what it sends is whole");
      host.forget();
    };

    bench.fire(SHARE, write, between, () => bench.reset());
    bench.assertAlive();
    bench.stop();
  }).timeout(0); // Each batch has its own limit.
});
