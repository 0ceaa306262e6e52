import assert from "node:assert/strict";
import { Random } from "../../../simulator/random.ts";
import type { Cable } from "./fake-board.ts";
import { LinkBench, range, wanted } from "./link-bench.ts";

const upWith = (bench = new LinkBench([wanted("A")])): LinkBench => {
  bench.connect();
  bench.clock.advance(1000);
  return bench;
};

/** Loses the frames for which `lose` says so. */
const losing =
  (lose: (to: "board" | "host", number: number) => boolean): Cable =>
  (bytes, to) =>
    lose(to, bytes[2]) ? null : bytes;

describe("link: nothing lost, nothing twice", () => {
  it("asks again for a message that was lost on the way", () => {
    const bench = upWith();
    let left = 1;
    bench.board.cable = losing((_, number) => number === 0x83 && left-- > 0);
    bench.hear("A", 1, 10);
    bench.clock.advance(2000);
    assert.deepEqual(bench.of("A"), range(1, 10));
  });

  it("gets the last message of all although nothing follows it", () => {
    const bench = upWith();
    let left = 1;
    bench.board.cable = losing((_, number) => number === 0x83 && left-- > 0);
    bench.hear("A", 1);
    bench.clock.advance(4000);
    assert.deepEqual(bench.of("A"), [1]);
  });

  it("stores a message once when its acknowledgement is lost", () => {
    const bench = upWith();
    let left = 3;
    bench.board.cable = losing((_, number) => number === 0x07 && left-- > 0);
    bench.hear("A", 1, 6);
    bench.clock.advance(15_000);
    assert.deepEqual(bench.of("A"), range(1, 6));
    assert.equal(bench.board.rooms[0].acked, 6);
  });

  it("asks again where the Resume of a quiet room was lost", () => {
    const bench = new LinkBench([wanted("A")]);
    let left = 1;
    bench.board.cable = losing((_, number) => number === 0x06 && left-- > 0);
    upWith(bench);
    bench.hear("A", 1);
    bench.clock.advance(61_000);
    assert.deepEqual(bench.of("A"), [1]);
  });

  it("notices by the board's count of bad frames that something of ours did not arrive", () => {
    const bench = new LinkBench([wanted("A")]);
    let left = 1;
    bench.board.cable = (bytes) => {
      if (bytes[2] !== 0x06 || left-- <= 0) return bytes;
      const bad = Uint8Array.from(bytes);
      bad[4] ^= 1;
      return bad;
    };
    upWith(bench);
    bench.hear("A", 1);
    bench.clock.advance(7000);
    assert.deepEqual(bench.of("A"), [1]);
  });

  it("says hello again when the RoomState of a room never came", () => {
    const bench = new LinkBench([wanted("A")]);
    let left = 1;
    bench.board.cable = losing((_, number) => number === 0x82 && left-- > 0);
    upWith(bench);
    bench.hear("A", 1);
    bench.clock.advance(40_000);
    assert.deepEqual(bench.of("A"), [1]);
  });

  it("repeats a request whose answer was lost", () => {
    const bench = new LinkBench([wanted("A"), wanted("B")]);
    let left = 3;
    bench.board.cable = losing((_, number) => number === 0x84 && left-- > 0);
    bench.connect();
    bench.clock.advance(10_000);
    assert.equal(bench.board.rooms.length, 2);
    assert.equal(bench.ups, 1);
  });

  it("counts corrupted bytes and finds the next frame", () => {
    const bench = upWith();
    let left = 2;
    bench.board.cable = (bytes, to) => {
      if (to === "board" || bytes[2] !== 0x83 || left-- <= 0) return bytes;
      const bad = Uint8Array.from(bytes);
      bad[9] ^= 0x20;
      return bad;
    };
    bench.hear("A", 1, 5);
    bench.clock.advance(5000);
    assert.deepEqual(bench.of("A"), range(1, 5));
    assert.equal(bench.link?.linkErrors(), 2);
  });

  it("does not let half a frame swallow what comes a second later", () => {
    const bench = upWith();
    bench.board.write(Uint8Array.from([0xc0, 0x10, 0x83, 1, 2, 3]));
    bench.clock.advance(1500);
    bench.hear("A", 1);
    bench.clock.advance(100);
    assert.deepEqual(bench.of("A"), [1]);
  });

  it("goes on where it was after the cable was out", () => {
    const bench = upWith();
    bench.hear("A", 1, 5);
    bench.clock.advance(1000);
    bench.board.unplug();
    assert.deepEqual(bench.ends, ["unplugged"]);
    bench.hear("A", 6, 5);
    bench.clock.advance(30_000);
    bench.connect();
    bench.clock.advance(2000);
    assert.deepEqual(bench.of("A"), range(1, 10));
    assert.deepEqual(bench.missed, []);
  });

  it("takes everything from the start after the board was started again", () => {
    const bench = upWith();
    bench.hear("A", 1, 5);
    bench.clock.advance(1000);
    bench.board.powerCycle();
    bench.clock.advance(20_000);
    bench.hear("A", 6, 5);
    bench.clock.advance(5000);
    assert.deepEqual(bench.of("A"), range(1, 10));
    assert.equal(bench.ups, 2);
  });

  it("starts over when a board that has just booted says hello by itself", () => {
    const bench = upWith();
    bench.hear("A", 1, 5);
    bench.clock.advance(1000);
    bench.board.powerCycle();
    bench.board.hello();
    bench.clock.advance(1000);
    bench.hear("A", 6, 5);
    bench.clock.advance(1000);
    assert.deepEqual(bench.of("A"), range(1, 10));
  });

  it("takes the oldest that a ring still has, and counts what fell out of it", () => {
    const bench = upWith();
    bench.hear("A", 1, 5);
    bench.clock.advance(1000);
    bench.board.unplug();
    bench.hear("A", 6, 20);
    bench.board.evict(bench.board.rooms[0], 8);
    bench.connect();
    bench.clock.advance(2000);
    assert.deepEqual(bench.of("A"), [...range(1, 5), ...range(18, 25)]);
    assert.deepEqual(bench.missed, ["A:12"]);
  });

  it("calls nothing missed that was gone before host and board first met", () => {
    const bench = upWith();
    bench.board.unplug();
    bench.hear("A", 1, 20);
    bench.board.evict(bench.board.rooms[0], 5);
    bench.cursors.clear();
    bench.connect();
    bench.clock.advance(2000);
    assert.deepEqual(bench.of("A"), range(16, 20));
    assert.deepEqual(bench.missed, []);
  });

  it("starts over with a ring that was emptied while the host was away", () => {
    const bench = upWith();
    bench.hear("A", 1, 5);
    bench.clock.advance(1000);
    bench.board.unplug();
    Object.assign(bench.board.rooms[0], { records: [], flags: [], firstSeq: 1 });
    bench.hear("A", 6, 2);
    bench.connect();
    bench.clock.advance(2000);
    assert.deepEqual(bench.of("A"), range(1, 7));
  });

  it("acknowledges nothing that is not stored, and gets it once the store works again", () => {
    const bench = upWith();
    bench.storeFails = true;
    bench.hear("A", 1, 10);
    bench.clock.advance(20_000);
    assert.equal(bench.board.rooms[0].acked, 0);
    bench.storeFails = false;
    bench.clock.advance(10_000);
    assert.deepEqual(bench.of("A"), range(1, 10));
    assert.equal(bench.board.rooms[0].acked, 10);
  });

  it("keeps a board streaming whose clock runs a hundred times faster", () => {
    const bench = new LinkBench([wanted("A")]);
    bench.board.speed = 100;
    upWith(bench);
    for (let i = 1; i <= 20; i++) {
      bench.clock.advance(3000);
      bench.hear("A", i);
    }
    bench.clock.advance(3000);
    assert.deepEqual(bench.of("A"), range(1, 20));
  });

  it("brings every message once and in order over a cable that loses, breaks and cuts", () => {
    const seed = Number(process.env["SEED"] ?? Date.now() % 1e6);
    console.log(`      seed ${seed}`);
    const random = new Random(seed);
    const bench = upWith(new LinkBench([wanted("A"), wanted("B")]));
    let isBad = true;
    bench.board.cable = (bytes) => {
      const chance = isBad ? random.fraction() : 1;
      if (chance < 0.05) return null;
      if (chance > 0.1) return bytes;
      const bad = Uint8Array.from(bytes);
      bad[Math.floor(random.fraction() * bad.length)] ^= 1 << (random.bits() & 7);
      return bad;
    };
    let heard = 0;
    for (let round = 0; round < 300; round++) {
      if (bench.board.rooms.length === 2) {
        heard++;
        bench.hear("A", heard);
        bench.hear("B", heard);
      }
      if (random.fraction() < 0.03) bench.board.unplug();
      bench.clock.advance(random.between(0, 2000));
      if (!bench.link?.isUp() && bench.ends.length > 0) {
        bench.ends = [];
        bench.connect();
      }
    }
    isBad = false;
    bench.clock.advance(100_000);
    if (bench.ends.length > 0) bench.connect();
    bench.clock.advance(60_000);
    assert.ok(heard > 100);
    assert.deepEqual(bench.of("A"), range(1, heard));
    assert.deepEqual(bench.of("B"), range(1, heard));
    assert.deepEqual(bench.missed, []);
  });
});
