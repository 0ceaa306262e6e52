import assert from "node:assert/strict";
import type { Message } from "../../protocol/codec.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { KissDeframer, kissFrame } from "../../protocol/kiss.ts";
import { BoardHello, GetStatus, LINK_PORT, MESSAGES, Status } from "../../protocol/link.ts";
import { bodyType, bodyValue, LINK_MAX_BODY, sealBody } from "../../protocol/link-frame.ts";
import { seeded } from "../protocol/random.ts";
import { FuzzBench, SEED } from "./fuzz-bench.ts";
import { below, mutated } from "./mutate.ts";
import { linkMessage } from "./seeds.ts";

const SHARE = 0.3;
/** Numbers below are from host to board. */
const FIRST_FROM_BOARD = 0x80;
const BORDER = Buffer.of(0xc0);
const REBOOT = Buffer.of(0xc0, 0x06, 0x18);

describe("fuzz: link", () => {
  it(`mutated link frames leave the built bundle as it was (SEED=${SEED})`, () => {
    const random = seeded();
    const bench = new FuzzBench();
    const { world, host } = bench;

    /** The same bytes through the same parser under Node: how many frames the board has to find fault with. */
    let errors = 0;
    const judge = new KissDeframer(
      (type, text) => {
        if (type >> 4 !== LINK_PORT) return;
        const body = Buffer.from(text, "latin1");
        const number = bodyType(crc32, body, body.length);
        const table: Message<unknown> | undefined = MESSAGES.find(
          (each) => each.type === number && number < FIRST_FROM_BOARD,
        );
        if (!table || !bodyValue(table, body, body.length)) errors++;
      },
      () => undefined,
    );

    const seedFrame = (): Buffer => {
      const { table, value } = linkMessage(random);
      const body = new Uint8Array(LINK_MAX_BODY);
      const size = sealBody(crc32, table, value, body);
      const kind = random.bits() & 7;
      // As it should be; or another body under a right checksum; or a whole frame with damage.
      if (kind < 3) return framed(body.subarray(0, size));
      if (kind < 6) return framed(resealed(mutated(random, body.subarray(0, size - 4), body, LINK_MAX_BODY - 4)));
      return Buffer.from(mutated(random, framed(body.subarray(0, size)), body, 700));
    };

    const write = (bytes: Buffer): void => {
      // A KISS host's request to reboot means what it says.
      if (Buffer.concat([BORDER, bytes]).includes(REBOOT)) return;
      judge.push(bytes.toString("latin1"));
      const cut = below(random, bytes.length);
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) if (part.length) bench.port.write(part);
      world.clock.advance(1);
    };

    /** Whatever waits for its other half is forgotten. */
    const silence = (): void => {
      if (judge.waiting()) judge.drop();
      world.clock.advance(1500);
    };

    const status = () => {
      silence();
      host.send(GetStatus, { req: 7 });
      judge.drop();
      world.clock.advance(100);
      const answer = host.got(Status).findLast((each) => each.req === 7);
      assert.ok(answer, "it answers GetStatus");
      return answer;
    };

    const between = (): void => {
      assert.equal(status().linkErrors, errors, "it counts what the parser under Node finds fault with");
      assert.equal(host.broken, 0, "what it sends is whole");
      host.forget();
      bench.assertRoomsFit();
    };

    bench.fire(
      SHARE,
      () => write(seedFrame()),
      between,
      () => bench.reset(),
    );
    host.forget();
    host.hello();
    assert.equal(host.got(BoardHello).length, 1);
    bench.assertAlive();
    bench.stop();
  }).timeout(0); // Each batch has its own limit.
});

/** A body with the checksum that it needs. */
function resealed(body: Uint8Array): Uint8Array {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(body));
  return Buffer.concat([body, sum]);
}

function framed(body: Uint8Array): Buffer {
  return Buffer.from(kissFrame(LINK_PORT, 0, Buffer.from(body).toString("latin1")), "latin1");
}
