import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { BoardHello, RoomMessage, RoomState } from "../../protocol/link.ts";
import type { Host } from "./host.ts";
import { LinkScene, OTHER_KEY } from "./link-scene.ts";
import { bundle, TEST_KEY } from "./world.ts";

describe("link: hosts, boards and rooms come and go", () => {
  let scene: LinkScene;
  let host: Host;
  beforeEach(() => {
    scene = new LinkScene();
    host = scene.host;
  });
  afterEach(() => scene.stop());

  it("hello is answered with who is there, and with every room", () => {
    scene.run(`room add other ${OTHER_KEY} 7`);
    scene.hearMany(2);
    host.forget();
    host.hello();
    assert.deepEqual(host.order, ["BoardHello", "RoomState", "RoomState"]);
    const [hello] = host.got(BoardHello);
    assert.deepEqual([hello.version, hello.minVersion], [2, 2]);
    assert.equal(
      Buffer.from(hello.sha256).toString("hex"),
      createHash("sha256").update(bundle("sim"), "latin1").digest("hex"),
    );
    const [model, engine, version, name] = Buffer.from(hello.text).toString().split("\0");
    assert.deepEqual([model, name], ["sim", "sim"]);
    assert.match(engine, /^SIMULATED /);
    assert.match(version, /^\d+\.\d+\.\d+$/);
    const [test, other] = host.got(RoomState);
    assert.deepEqual([test.max, test.count, test.firstSeq, test.nextSeq], [200, 2, 1, 3]);
    assert.deepEqual([other.max, other.count], [7, 0]);
    assert.equal(Buffer.from(other.name).toString(), "other");
    const check = createHash("sha256").update("room-key-check").update(Buffer.from(TEST_KEY, "hex")).digest();
    assert.equal(test.keyCheck, check.readUInt32LE(0));
  });
  it("a room that is removed while it is followed takes nothing along, and its successor begins with higher numbers", () => {
    scene.hearMany(6);
    host.hello();
    host.resume(0, 0);
    scene.run("room remove test");
    host.forget();
    const { room, nextSeq } = host.room("next", OTHER_KEY);
    assert.deepEqual([room, nextSeq], [0, 7]);
    scene.hear("to the successor", OTHER_KEY);
    host.resume(room, 0);
    scene.world.clock.advance(4000);
    const [first] = host.got(RoomMessage);
    assert.equal(first.seq, 7);
    assert.equal(first.payload[0], createHash("sha256").update(Buffer.from(OTHER_KEY, "hex")).digest()[0]);
  });
  it("a host that is silent for 30 s is gone: nothing is streamed until it says hello again", () => {
    scene.hearMany(2);
    host.hello();
    host.resume(0, 0);
    scene.ack(0, 2);
    host.forget();
    scene.world.clock.advance(29_000);
    scene.hear("in time");
    assert.deepEqual(host.numbers, [3]);
    scene.world.clock.advance(2000);
    host.forget();
    scene.hear("too late");
    scene.world.clock.advance(60_000);
    assert.deepEqual(host.order, []);
    host.hello();
    assert.equal(host.got(RoomState)[0].nextSeq, 5);
    host.resume(0, 2);
    assert.deepEqual(host.numbers, [3, 4]);
  });
  it("hello in the middle of everything begins anew", () => {
    scene.hearMany(6);
    host.hello();
    host.resume(0, 0);
    host.forget();
    host.hello();
    assert.deepEqual(host.order, ["BoardHello", "RoomState"]);
    scene.world.clock.advance(10_000);
    assert.deepEqual(host.numbers, []);
    host.resume(0, 4);
    assert.deepEqual(host.numbers, [5, 6]);
  });
  it("another start has another boot id, the same rooms, and their messages by the same numbers", () => {
    scene.hearMany(2);
    host.hello();
    const [before] = host.got(BoardHello);
    // What has changed is put down some seconds later.
    scene.world.wait(7000);
    scene.board.powerOff();
    scene.board.powerOn();
    scene.world.wait(2000);
    host.forget();
    host.hello();
    const [after] = host.got(BoardHello);
    assert.notEqual(after.bootId, before.bootId);
    assert.ok(after.uptimeS <= 3);
    assert.deepEqual(host.order, ["BoardHello", "RoomState"]);
    const [{ firstSeq, nextSeq }] = host.got(RoomState);
    assert.deepEqual([firstSeq, nextSeq], [1, 3]);
    host.resume(0, 0);
    assert.deepEqual(host.numbers, [1, 2]);
  });
});
