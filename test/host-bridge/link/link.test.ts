import assert from "node:assert/strict";
import { FakeClock } from "../fake-clock.ts";
import { LinkBench, range, wanted } from "./link-bench.ts";

describe("link: the conversation", () => {
  it("pushes radio, rooms and time, and streams what the rooms hear", () => {
    const bench = new LinkBench();
    bench.connect();
    bench.clock.advance(1000);
    assert.deepEqual(
      bench.board.rooms.map(({ name, max }) => `${name} ${max}`),
      ["A 100", "B 100"],
    );
    assert.equal(bench.ups, 1);
    assert.deepEqual(bench.board.times, [Math.floor(bench.clock.unixMs() / 1000) - 1]);
    bench.hear("A", 1, 20);
    bench.hear("B", 1, 20);
    bench.clock.advance(2000);
    assert.deepEqual(bench.of("A"), range(1, 20));
    assert.deepEqual(bench.of("B"), range(1, 20));
    assert.equal(bench.stored.length, 40);
  });

  it("pushes no room that the board holds already", () => {
    const bench = new LinkBench();
    bench.connect();
    bench.clock.advance(1000);
    bench.board.unplug();
    bench.board.heard = [];
    bench.connect();
    bench.clock.advance(1000);
    assert.ok(!bench.board.heard.includes("SetRoom"));
  });

  it("pushes a room whose size or key has changed", () => {
    const bench = new LinkBench([wanted("A", 50)]);
    bench.connect();
    bench.clock.advance(1000);
    bench.hear("A", 1, 3);
    bench.clock.advance(1000);
    bench.board.unplug();
    Object.assign(bench.wish, { rooms: [{ ...wanted("other key", 60), name: "A" }] });
    bench.connect();
    bench.clock.advance(1000);
    assert.equal(bench.board.rooms[0].max, 60);
    assert.equal(bench.board.rooms[0].keyCheck, bench.wish.rooms[0].keyCheck);
    bench.hear("A", 4);
    bench.clock.advance(1000);
    assert.equal(bench.of("A").at(-1), 4);
  });

  it("leaves rooms alone that only the board has", () => {
    const bench = new LinkBench();
    bench.connect();
    bench.clock.advance(1000);
    bench.board.unplug();
    Object.assign(bench.wish, { rooms: [wanted("A")] });
    bench.connect();
    bench.clock.advance(1000);
    assert.deepEqual(
      bench.board.rooms.map(({ name }) => name),
      ["A", "B"],
    );
    assert.ok(bench.logs.some((line) => line.includes('"B"')));
  });

  it("goes on with the other rooms when the board has no space for one", () => {
    const bench = new LinkBench([wanted("A"), wanted("B")]);
    bench.board.maxRooms = 1;
    bench.connect();
    bench.clock.advance(60_000);
    bench.hear("A", 1);
    bench.clock.advance(1000);
    assert.deepEqual(bench.of("A"), [1]);
    assert.ok(bench.logs.some((line) => /warn .*"B".*space/.test(line)));
    assert.equal(bench.ups, 1);
  });

  it("sets the clock at every hello and every ten minutes, but never from a host that has none", () => {
    const bench = new LinkBench();
    bench.connect();
    bench.clock.advance(25 * 60_000);
    assert.equal(bench.board.times.length, 3);
    const unset = new LinkBench([wanted("A")], new FakeClock(5000));
    unset.connect();
    unset.clock.advance(25 * 60_000);
    assert.deepEqual(unset.board.times, []);
    assert.equal(unset.ups, 1);
  });

  it("says hello until a slow board answers", () => {
    const bench = new LinkBench();
    bench.board.silent = true;
    bench.connect();
    bench.clock.advance(9000);
    bench.board.silent = false;
    bench.clock.advance(3000);
    assert.equal(bench.ups, 1);
    assert.deepEqual(bench.ends, []);
  });

  it("gives up a board that never answers and leaves no timer", () => {
    const bench = new LinkBench();
    bench.board.silent = true;
    const idle = bench.clock.pending();
    bench.connect();
    bench.clock.advance(21_000);
    assert.deepEqual(bench.ends, ["it does not answer"]);
    assert.equal(bench.clock.pending(), idle);
  });

  it("notices that a board has gone silent, within half a minute", () => {
    const bench = new LinkBench();
    const link = bench.connect();
    bench.clock.advance(10_000);
    assert.equal(link.isUp(), true);
    bench.board.silent = true;
    bench.clock.advance(14_000);
    assert.equal(link.isUp(), false);
    bench.clock.advance(21_000);
    assert.deepEqual(bench.ends, ["it does not answer"]);
  });

  it("stops without a word, a timer or a further frame", () => {
    const bench = new LinkBench();
    const idle = bench.clock.pending();
    const link = bench.connect();
    bench.clock.advance(1000);
    link.stop();
    bench.hear("A", 1);
    bench.clock.advance(10_000);
    assert.deepEqual(bench.stored, []);
    assert.deepEqual(bench.ends, []);
    assert.equal(bench.clock.pending(), idle);
  });

  it("refuses a board of an older link version with what to do", () => {
    const bench = new LinkBench();
    Object.assign(bench.board, { version: 0, minVersion: 0 });
    bench.connect();
    bench.clock.advance(1000);
    assert.equal(bench.ends.length, 1);
    assert.match(bench.ends[0], /link version 0.*flash\.sh/);
  });

  it("refuses a board of a newer link version, even when its hello has other fields", () => {
    const bench = new LinkBench();
    Object.assign(bench.board, { version: 9, minVersion: 8 });
    bench.connect();
    bench.clock.advance(1000);
    assert.match(bench.ends[0], /link version 8 to 9.*update meshcore-room/);
  });

  it("takes a newer board that still speaks this version", () => {
    const bench = new LinkBench();
    Object.assign(bench.board, { version: 9, minVersion: 1 });
    bench.connect();
    bench.clock.advance(1000);
    assert.equal(bench.ups, 1);
  });

  it("hands console text of the board to the log, line by line", () => {
    const bench = new LinkBench();
    bench.connect();
    bench.clock.advance(100);
    bench.board.print("  -> rad");
    bench.board.print("io ok\r\nnext");
    bench.clock.advance(100);
    assert.ok(bench.logs.includes("debug says:   -> radio ok"));
  });
});
