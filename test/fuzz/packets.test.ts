import assert from "node:assert/strict";
import { nodeCrypto } from "../../host-bridge/node-crypto.ts";
import { GroupCipher, makeChannel } from "../../protocol/channel.ts";
import { Resume, RoomMessage, RoomState } from "../../protocol/link.ts";
import { Packet, parsePacket, ROUTE_DIRECT, ROUTE_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { seeded } from "../protocol/random.ts";
import { FuzzBench, SEED } from "./fuzz-bench.ts";
import { below, mutated, randomBytes } from "./mutate.ts";
import { airFrames, channelKeys } from "./seeds.ts";

const SHARE = 0.4;
const LONGEST = 255;
const ROOM_MAX = 60;

describe("fuzz: packets", () => {
  it(`mutated frames from the air leave the built bundle as it was (SEED=${SEED})`, () => {
    const random = seeded();
    const bench = new FuzzBench();
    const { board, world, host } = bench;
    const keys = channelKeys();
    for (const [i, key] of keys.entries()) bench.run(`room add room${i} ${key} ${ROOM_MAX}`);
    const channels = keys.map((key) => makeChannel(nodeCrypto, Buffer.from(key, "hex")));
    const cipher = new GroupCipher(nodeCrypto);
    const seeds = airFrames();
    assert.ok(seeds.length > 400 && channels.length > 5, `${seeds.length} frames of ${channels.length} channels`);

    /** A message with the right MAC, whatever it says: what a member of the room can send. */
    const fromMember = (): Uint8Array => {
      const frame = new Uint8Array(LONGEST);
      frame[0] = (TYPE_GRP_TXT << 2) | ROUTE_FLOOD;
      const plain = randomBytes(random, below(random, 169));
      if (random.bits() & 3) plain[4] = 0;
      return frame.subarray(0, 2 + cipher.seal(random.pick(channels), plain, plain.length, frame, 2));
    };

    const counted = () => {
      const { recv, direct_rx, recv_errors } = JSON.parse(bench.run("stats-packets").slice(5));
      return { recv, direct: direct_rx, errors: recv_errors };
    };
    const expected = counted();
    const packet = new Packet();
    const hear = (frame: Uint8Array): void => {
      const { chip } = board;
      assert.ok(chip.airStart(), "the radio listens");
      // Now and then the air has spoilt it before the program sees it.
      const luck = random.bits() & 31;
      if (luck === 0) {
        chip.airHeader(false);
        expected.errors++;
      } else {
        chip.airHeader(true);
        chip.airEnd(frame, -120 + below(random, 100), below(random, 50) - 20, luck !== 1);
        if (luck === 1) expected.errors++;
        else expect(frame);
      }
      for (let ms = 0; ms < 50 && chip.dio1(); ms++) world.clock.advance(1);
    };
    const expect = (frame: Uint8Array): void => {
      expected.recv++;
      if (parsePacket(frame, frame.length, packet)) expected.errors++;
      else if (packet.route >= ROUTE_DIRECT) expected.direct++;
    };

    const between = (): void => {
      host.forget();
      host.hello(1_800_000_000, random.bits() & 1);
      for (const { room, nextSeq } of host.got(RoomState))
        host.send(Resume, { room, seq: Math.max(0, nextSeq - below(random, 4)) });
      world.clock.advance(100);
      assert.equal(host.broken, 0);
      for (const { payload } of host.got(RoomMessage)) assert.ok(payload.length <= 184);
      bench.assertRoomsFit();
      // A C0 would have ended up among the frames.
      const shown = bench.run(`history room${below(random, keys.length)} 20`).split("\r\n");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      for (const line of shown) assert.match(line, /^ {2}-> [^\0-\x1f]*$/, "strangers cannot pose as the board");
      assert.equal(host.broken, 0);
    };

    bench.fire(
      SHARE,
      () => {
        const kind = random.bits() & 15;
        if (kind < 2) hear(fromMember());
        else if (kind === 2) hear(mutated(random, fromMember(), random.pick(seeds), LONGEST));
        else hear(mutated(random, random.pick(seeds), random.pick(seeds), LONGEST));
      },
      between,
      () => bench.run(""),
    );
    assert.deepEqual(counted(), expected, "every frame is counted as the parser under Node sees it");
    bench.assertAlive();
    bench.stop();
  }).timeout(0); // Each batch has its own limit.
});
