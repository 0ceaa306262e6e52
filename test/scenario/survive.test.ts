// What is there after the power was gone, and what time it is then.
import assert from "node:assert/strict";
import { crc32 } from "../../protocol/crc32.ts";
import { RoomState } from "../../protocol/link.ts";
import { LinkScene, OTHER_KEY } from "./link-scene.ts";
import { groupText, TEST_KEY, World } from "./world.ts";

const SETTLED_MS = 7000;

describe("after the power was gone", () => {
  let scene: LinkScene;

  const cycle = (): void => {
    scene.board.powerOff();
    scene.board.powerOn();
    scene.world.wait(3000);
  };
  const say = (sender: string, time: number): void => {
    scene.board.chip.receive(Buffer.from(groupText(TEST_KEY, time, sender, `at ${time}`), "hex"), -71, 10.5);
    scene.world.wait(1000);
  };

  beforeEach(() => {
    scene = new LinkScene();
    scene.world.wait(SETTLED_MS);
  });
  afterEach(() => scene.stop());

  it("a message costs its room nothing when the power goes a second later", () => {
    scene.hear("just now");
    scene.world.wait(1000);
    cycle();
    assert.match(scene.run("history test"), /Ann: just now/);
  });

  it("the host gets every message once more, in order, and the new ones behind them", () => {
    scene.hearMany(5);
    scene.host.hello();
    scene.host.resume(0, 0);
    scene.ack(0, 5);
    scene.world.wait(200);
    cycle();
    scene.hear("another");
    scene.host.forget();
    scene.host.hello();
    assert.deepEqual(
      scene.host.got(RoomState).map(({ firstSeq, nextSeq }) => [firstSeq, nextSeq]),
      [[1, 7]],
    );
    scene.host.resume(0, 0);
    scene.ack(0, 4);
    scene.world.wait(500);
    assert.deepEqual(scene.host.numbers, [1, 2, 3, 4, 5, 6]);
  });

  it("a room that was removed and added again has nothing of before, and goes on counting", () => {
    scene.hearMany(3);
    scene.run("room remove test");
    scene.run(`room add test ${TEST_KEY}`);
    scene.hear("new");
    scene.world.wait(SETTLED_MS);
    cycle();
    assert.deepEqual(scene.run("history test").match(/#\d+ .*Ann: new/g)?.length, 1);
    assert.match(scene.run("history test"), /#4 /);
    assert.doesNotMatch(scene.run("history test"), /text/);
  });

  it("regions are there", () => {
    scene.run("region put nl");
    assert.equal(scene.run("region save"), "  -> OK");
    scene.world.wait(SETTLED_MS);
    cycle();
    assert.match(scene.run("region"), /nl/);
  });

  it("nothing is written when a host sends the settings that are there already", () => {
    scene.run("set radio 869.618,62.5,8,8");
    scene.world.wait(SETTLED_MS);
    const before = scene.board.flash.operations;
    scene.run("set radio 869.618,62.5,8,8");
    scene.run(`room add test ${TEST_KEY}`);
    scene.world.wait(SETTLED_MS);
    assert.equal(scene.board.flash.operations, before);
  });

  it("settings of newer firmware stay as they are: it says so and saves nothing", () => {
    const { flash } = scene.board;
    // The version is the first byte of the first page's first record.
    const record = 12;
    const length = flash.bytes[record + 4] | (flash.bytes[record + 5] << 8);
    flash.bytes[record + 8] = 2;
    const sum = crc32(flash.bytes.slice(record + 4, record + 8 + length));
    for (let i = 0; i < 4; i++) flash.bytes[record + i] = sum >>> (8 * i);
    cycle();
    assert.match(scene.run("errors"), /nothing is saved: settings of version 2 are of newer firmware/);
    const before = [...flash.bytes];
    scene.run("set name Otto");
    scene.run(`room add other ${OTHER_KEY}`);
    scene.hear("lost", OTHER_KEY);
    scene.world.wait(SETTLED_MS);
    assert.deepEqual([...flash.bytes], before);
  });

  it("its timestamps go on where they were, without a clock too", () => {
    const times = (): number[] => {
      scene.world.wait(3000);
      const words = scene.run("history test 20");
      return [...words.matchAll(/(\d+):(\d+) - (\d+)\/(\d+)\/(\d+) UTC sim/g)].map(([, h, m, d, mo, y]) =>
        Date.UTC(+y, +mo - 1, +d, +h, +m),
      );
    };
    scene.run("time 1800000000");
    scene.run("say test one");
    cycle();
    scene.run("say test two");
    scene.run("say test three");
    const [one, two, three] = times();
    assert.ok(two > one && three >= two && two <= one + 20 * 60_000, `${[one, two, three]}`);
    cycle();
    scene.run("say test four");
    assert.ok((times().at(-1) as number) >= three);
  });

  it("two senders that agree set a clock that nobody has set; one does not, nor a wrong one", () => {
    say("Ann", 1800000000);
    say("Ann", 1800000001);
    assert.match(scene.run("clock"), /not set/);
    say("Bob", 1750000000);
    assert.match(scene.run("clock"), /not set/);
    say("Cid", 1800000100);
    assert.match(scene.run("clock"), /not set/);
    say("Ann", 1800000090);
    assert.match(scene.run("clock"), /08:0\d - 15\/1\/2027 UTC/);
    // Once it is set, nobody on the air changes it.
    say("Bob", 1900000000);
    say("Cid", 1900000000);
    assert.match(scene.run("clock"), /2027 UTC/);
    scene.host.hello();
    assert.match(scene.run("clock"), /UTC/);
  });
});

describe("a board without its parts", () => {
  it("says so, and keeps what was saved", () => {
    const world = new World();
    const { board, run } = world.board("sim");
    run(`room add test ${TEST_KEY}`);
    world.wait(SETTLED_MS);
    const before = [...board.flash.bytes];
    board.engine.evaluate("require('Storage').erase('mc.lib')");
    board.powerOff();
    board.powerOn();
    world.wait(2000);
    assert.match(run("rooms"), /mc\.lib is missing/);
    world.wait(SETTLED_MS);
    assert.deepEqual([...board.flash.bytes], before);
    assert.deepEqual(board.uncaught, []);
    world.stop();
  });
});
