import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { BOARDS } from "../../boards/all.ts";
import { RoomWorld } from "./room-world.ts";
import { groupText, TEST_KEY } from "./world.ts";

const OTHER_KEY = "8b3387e9c5cdea6ac9e5edbaa115cd72";
const LONG_KEY = "00112233445566778899aabbccddeeff".repeat(2);

describe("rooms of a board", () => {
  let scene: RoomWorld;
  let time = 1700000000;
  beforeEach(() => {
    scene = new RoomWorld();
  });
  afterEach(() => {
    assert.deepEqual(scene.board.violations, []);
    assert.deepEqual(scene.board.uncaught, []);
    scene.stop();
  });

  const hear = (key: string, text: string): void => {
    scene.station.send(groupText(key, ++time, "Ann", text));
    scene.world.wait(3000);
  };

  it("each message goes to the room with its key, by keys of 16 and of 32 bytes", () => {
    scene.run(`room add public ${OTHER_KEY}`);
    scene.run(`room add long ${LONG_KEY}`);
    hear(TEST_KEY, "for test");
    hear(OTHER_KEY, "for public");
    hear(LONG_KEY, "for long");
    hear("ff".repeat(16), "for nobody");
    for (const room of ["test", "public", "long"]) {
      const lines = scene.run(`history ${room}`).split("\r\n");
      assert.equal(lines.length, 1);
      assert.match(lines[0], new RegExp(`Ann: for ${room} \\(`));
    }
  });

  it("rooms with the same channel byte have each their own messages, heard and said, in order", () => {
    const keys: string[] = [];
    for (let i = 0; keys.length < 6; i++) {
      const key = i.toString(16).padStart(32, "0");
      if (createHash("sha256").update(Buffer.from(key, "hex")).digest()[0] === 7) keys.push(key);
    }
    const [stranger, ...own] = keys;
    for (const [i, key] of own.entries()) scene.run(`room add room${i} ${key}`);
    const counted = () => JSON.parse(scene.run("stats-packets").slice(5));
    const before = counted();
    for (const round of ["a", "b"])
      for (const [i, key] of [...own.entries(), [9, stranger] as const])
        scene.station.send(groupText(key, ++time, "Ann", `${round} for ${i}`));
    scene.world.wait(30_000);
    for (const i of own.keys()) assert.match(scene.run(`say room${i} Kim: c for ${i}`), /OK/);
    scene.world.wait(30_000);
    for (const i of own.keys()) {
      const texts = [...scene.run(`history room${i}`).matchAll(/([abc]) for (\d)/g)].map(([text]) => text);
      assert.deepEqual(texts, [`a for ${i}`, `b for ${i}`, `c for ${i}`]);
    }
    assert.equal(counted().recv - before.recv, 12);
  });

  it("removing a room forgets its messages, and nobody hears it any more", () => {
    hear(TEST_KEY, "secret");
    assert.equal(scene.run("room remove test"), "  -> OK");
    assert.equal(scene.run("history test"), "  -> Error: no such room; Try: rooms");
    assert.match(scene.run("rooms"), /no rooms; Try: room add/);
    hear(TEST_KEY, "unheard");
    scene.run(`room add test ${TEST_KEY}`);
    assert.equal(scene.run("history test"), "  -> no messages");
    hear(TEST_KEY, "fresh");
    assert.match(scene.run("history test"), /^ {2}-> #\d+ .* Ann: fresh \([^\n]*$/);
    assert.equal(scene.run("room remove nowhere"), "  -> Error: no such room");
  });

  it("a message that was heard before its room was there is old when it is repeated, as for any MeshCore node", () => {
    const frame = groupText(TEST_KEY, 1, "Ann", "early");
    scene.run("room remove test");
    scene.station.send(frame);
    scene.world.wait();
    scene.run(`room add test ${TEST_KEY}`);
    scene.station.send(frame);
    scene.world.wait();
    assert.equal(scene.run("history test"), "  -> no messages");
  });

  it("keeps the newest messages up to its limit", () => {
    scene.run(`room add test ${TEST_KEY} 5`);
    for (let i = 1; i <= 8; i++) hear(TEST_KEY, `number ${i}`);
    assert.match(scene.run("rooms"), /test: 5\/5 messages/);
    const lines = scene.run("history test").split("\r\n");
    assert.deepEqual(
      lines.map((line) => /#(\d+) .*number (\d+)/.exec(line)?.slice(1)),
      [4, 5, 6, 7, 8].map((n) => [String(n), String(n)]),
    );
    assert.equal(scene.run("history test 2").split("\r\n").length, 2);
  });

  it("a lower limit drops the oldest at once, another key keeps the room and its numbers", () => {
    for (let i = 1; i <= 4; i++) hear(TEST_KEY, `number ${i}`);
    scene.run(`room add test ${TEST_KEY} 2`);
    assert.match(scene.run("rooms"), /test: 2\/2 messages/);
    scene.run(`room add test ${OTHER_KEY} 2`);
    hear(OTHER_KEY, "new key");
    assert.match(scene.run("history test 1"), /#5 .*Ann: new key/);
    assert.doesNotMatch(scene.run("history test"), /number/);
  });

  for (const { id, roomBytes } of BOARDS)
    it(`${id}: a flood of messages never takes more than the arena, and leaves a quiet room alone`, () => {
      const busy = new RoomWorld(id);
      busy.run(`room add quiet ${OTHER_KEY} 100`);
      busy.station.send(groupText(OTHER_KEY, 1, "Bob", "keep me"));
      busy.world.wait();
      const text = "z".repeat(150);
      const { chip } = busy.board;
      for (let i = 0; i < 3000; i++) {
        const frame = Buffer.from(groupText(TEST_KEY, i, "Ann", text + (i % 10)), "hex");
        // It has no preamble, so that it cannot wait until reception has begun anew.
        while (!chip.receive(frame, -80, 5)) busy.world.clock.advance(1);
        // As fast as the fastest preset has them, and longer than the flash takes to erase a page.
        busy.world.clock.advance(100);
      }
      const rooms = busy.run("rooms");
      const [, count, bytes] = /test: (\d+)\/200 messages, (\d+) bytes/.exec(rooms) ?? [];
      assert.ok(Number(count) > 50 && Number(count) <= 200, rooms);
      assert.ok(Number(bytes) <= roomBytes, rooms);
      assert.match(busy.run("history quiet"), /#1 .*Bob: keep me/);
      assert.match(busy.run("history test 1"), /#3000 /);
      busy.stop();
    });

  it("takes sixteen rooms and refuses one more", () => {
    for (let i = 1; i < 16; i++) assert.equal(scene.run(`room add room${i} ${TEST_KEY}`), "  -> OK");
    assert.equal(scene.run(`room add room16 ${TEST_KEY}`), "  -> Error: no place for another room");
    scene.run("room remove room3");
    assert.equal(scene.run(`room add room16 ${TEST_KEY}`), "  -> OK");
  });

  it("refuses a key that is none and a name that is too long", () => {
    assert.match(scene.run("room add x 12zz"), /Error: the key is not hex/);
    assert.match(
      scene.run(`room add x ${TEST_KEY}00`),
      /Error: a name of 1 to 32 bytes and a key of 32 or 64 hex digits/,
    );
    assert.match(scene.run(`room add ${"n".repeat(33)} ${TEST_KEY}`), /Error: a name of 1 to 32 bytes/);
    assert.match(scene.run(`room add ${"я".repeat(17)} ${TEST_KEY}`), /Error: a name of 1 to 32 bytes/);
    assert.equal(scene.run(`room add ${"я".repeat(16)} ${TEST_KEY}`), "  -> OK");
  });
});
