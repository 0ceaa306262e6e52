import assert from "node:assert/strict";
import { MESSAGE_GAP, MESSAGE_OWN, Resume, RoomMessage, RoomState } from "../../protocol/link.ts";
import type { Host } from "./host.ts";
import { LinkScene, OTHER_KEY } from "./link-scene.ts";
import { groupText, TEST_KEY } from "./world.ts";

describe("link: a host follows a room", () => {
  let scene: LinkScene;
  let host: Host;
  beforeEach(() => {
    scene = new LinkScene();
    host = scene.host;
  });
  afterEach(() => scene.stop());

  it("nothing is streamed before the host asks", () => {
    host.hello();
    scene.hearMany(3);
    assert.deepEqual(host.numbers, []);
  });

  it("Resume brings what is held, oldest first, then each new message with its signal", () => {
    scene.hearMany(2);
    host.hello(1800000000);
    host.resume(0, 0);
    scene.hear("live");
    assert.deepEqual(host.numbers, [1, 2, 3]);
    const [first, , live] = host.got(RoomMessage);
    assert.deepEqual([first.heardAt, first.flags, first.room], [0, 0, 0], "heard before the clock was set");
    assert.ok(live.heardAt >= 1800000000 && live.heardAt < 1800000010);
    assert.deepEqual([live.rssi, live.snr, live.pathLen], [-71, 42, 2]);
    const onAir = groupText(TEST_KEY, scene.time, "Ann", "live", "a1b2");
    assert.equal(Buffer.from(live.payload).toString("hex"), onAir.slice(8));
  });

  it("Resume from a number brings only what is newer", () => {
    scene.hearMany(4);
    host.hello();
    host.resume(0, 2);
    assert.deepEqual(host.numbers, [3, 4]);
  });

  it("four messages are on their way without an Ack, each Ack lets the next ones go", () => {
    scene.hearMany(10);
    host.hello();
    host.resume(0, 0);
    assert.deepEqual(host.numbers, [1, 2, 3, 4]);
    scene.ack(0, 1);
    assert.deepEqual(host.numbers, [1, 2, 3, 4, 5]);
    scene.ack(0, 4);
    assert.deepEqual(host.numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    scene.ack(0, 8);
    assert.deepEqual(host.numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("the four are all rooms together, and no room is left out", () => {
    scene.run(`room add other ${OTHER_KEY}`);
    scene.hearMany(3);
    scene.hearMany(3, OTHER_KEY);
    host.hello();
    host.resume(0, 0);
    host.resume(1, 0);
    assert.equal(host.numbers.length, 4);
    scene.ack(0, 3);
    assert.deepEqual(
      host.got(RoomMessage).map(({ room, seq }) => `${room}:${seq}`),
      ["0:1", "0:2", "0:3", "1:1", "1:2", "1:3"],
    );
  });

  it("without an Ack for 3 s it goes back to the first message that is not acknowledged", () => {
    scene.hearMany(6);
    host.hello();
    host.resume(0, 0);
    scene.ack(0, 2);
    assert.deepEqual(host.numbers, [1, 2, 3, 4, 5, 6]);
    host.forget();
    scene.world.clock.advance(2800);
    assert.deepEqual(host.numbers, []);
    scene.world.clock.advance(3300);
    assert.deepEqual(host.numbers.slice(0, 4), [3, 4, 5, 6]);
    host.forget();
    scene.world.clock.advance(3100);
    assert.deepEqual(host.numbers, [3, 4, 5, 6]);
    scene.ack(0, 6);
    host.forget();
    scene.world.clock.advance(10_000);
    assert.deepEqual(host.numbers, [], "and stops when all is acknowledged");
  });

  it("an Ack of what was never sent, of another room or of the past changes nothing", () => {
    scene.hearMany(8);
    host.hello();
    host.resume(0, 0);
    for (const [room, seq] of [
      [0, 5],
      [0, 4294967295],
      [1, 1],
      [15, 2],
      [255, 3],
    ])
      scene.ack(room, seq);
    assert.deepEqual(host.numbers, [1, 2, 3, 4]);
    scene.ack(0, 3);
    scene.ack(0, 1);
    assert.deepEqual(host.numbers, [1, 2, 3, 4, 5, 6, 7]);
  });

  it("what was evicted is marked as a gap, once, also when its first message is sent again", () => {
    scene.run(`room add test ${TEST_KEY} 5`);
    scene.hearMany(9);
    host.hello();
    assert.equal(host.got(RoomState)[0].firstSeq, 5);
    host.resume(0, 2);
    assert.deepEqual(
      host.got(RoomMessage).map(({ seq, flags }) => [seq, flags & MESSAGE_GAP]),
      [
        [5, MESSAGE_GAP],
        [6, 0],
        [7, 0],
        [8, 0],
      ],
    );
    host.forget();
    scene.world.clock.advance(3100);
    assert.deepEqual(host.got(RoomMessage).map(({ seq, flags }) => [seq, flags & MESSAGE_GAP])[0], [5, MESSAGE_GAP]);
    scene.ack(0, 8);
    assert.deepEqual(host.got(RoomMessage).at(-1)?.flags, 0);
  });

  it("messages that are evicted while the host sleeps leave a gap, and none without", () => {
    scene.run(`room add test ${TEST_KEY} 5`);
    scene.hearMany(5);
    host.hello();
    host.resume(0, 0);
    scene.hearMany(10);
    host.forget();
    scene.ack(0, 4);
    assert.deepEqual(host.got(RoomMessage).map(({ seq, flags }) => [seq, flags & MESSAGE_GAP])[0], [11, MESSAGE_GAP]);
    assert.deepEqual(host.numbers, [11, 12, 13, 14]);
  });

  it("Resume beyond the end waits for the next message", () => {
    scene.hearMany(2);
    host.hello();
    host.resume(0, 2);
    assert.deepEqual(host.numbers, []);
    scene.hear("next");
    assert.deepEqual(host.numbers, [3]);
  });

  it("Resume of a room that is not there is ignored", () => {
    host.hello();
    for (const room of [1, 15, 16, 255]) host.send(Resume, { room, seq: 0 });
    scene.hear("still");
    host.resume(0, 0);
    assert.deepEqual(host.numbers, [1]);
  });

  it("what is said on the console is streamed as the board's own", () => {
    host.hello();
    host.resume(0, 0);
    scene.run("say test from the console");
    assert.deepEqual(
      host.got(RoomMessage).map(({ seq, flags }) => [seq, flags]),
      [[1, MESSAGE_OWN]],
    );
  });
});
