import assert from "node:assert/strict";
import { RoomWorld } from "./room-world.ts";

/** How many commands the longest sequence of the driver has. */
const COMMANDS = 45;
/** Reception is begun anew every five seconds, whatever happened before. */
const RENEWAL_MS = 10_000;

/** Makes noise of `count` SPI transfers, after `start` more that are left alone. */
function spoil(scene: RoomWorld, start: number, count: number): void {
  const { chip, faults } = scene.board;
  const transfer = chip.transfer.bind(chip);
  let left = start;
  chip.transfer = (bytes) => {
    if (left-- === 0) faults.garbage = count;
    return transfer(bytes);
  };
}

describe("radio: noise on the SPI lines", () => {
  const situations: Record<string, (scene: RoomWorld) => unknown> = {
    "while it listens": () => undefined,
    "while it receives": (scene) => scene.station.send(scene.nextFrame().hex),
    "while it sends": (scene) => scene.run("say test spoilt"),
    "while it is set up": (scene) => {
      scene.run("set radio 869.6,62.5,8,8");
      scene.run("set radio 869.618,62.5,8,8");
    },
  };
  for (const [when, begin] of Object.entries(situations)) {
    for (const count of [1, 3, 20]) {
      it(`${count} spoilt transfers ${when}: it goes on to receive and to send, whichever commands they were`, () => {
        for (let start = 0; start < COMMANDS; start++) {
          const scene = new RoomWorld();
          spoil(scene, start, count);
          begin(scene);
          scene.world.wait(RENEWAL_MS);
          // Some transfers come only with the tries to begin anew.
          for (let s = 0; scene.board.faults.garbage > 0 && s < 60; s++) scene.world.wait(1000);
          scene.world.wait(RENEWAL_MS);
          assert.ok(scene.hears(), `command ${start}: it receives`);
          assert.ok(scene.speaks(), `command ${start}: it sends`);
          assert.equal(scene.core().queue_len, 0, `command ${start}: nothing is left waiting`);
          assert.deepEqual(scene.board.uncaught, []);
          scene.stop();
        }
      });
    }
  }

  it("noise that never ends stops neither console nor clock, and the radio is back ten seconds after", () => {
    const scene = new RoomWorld();
    scene.board.faults.garbage = Number.POSITIVE_INFINITY;
    scene.world.wait(600_000);
    const { uptime_secs } = scene.core();
    assert.ok(uptime_secs >= 600 && scene.recoveries() > 0, `${uptime_secs} s, ${scene.recoveries()} recoveries`);
    scene.board.faults.garbage = 0;
    scene.world.wait(RENEWAL_MS);
    assert.ok(scene.hears());
    assert.ok(scene.speaks());
    assert.deepEqual(scene.board.uncaught, []);
    scene.stop();
  });
});

describe("radio: spoilt frames", () => {
  let scene: RoomWorld;
  beforeEach(() => {
    scene = new RoomWorld();
  });
  afterEach(() => {
    assert.deepEqual(scene.board.violations, []);
    scene.stop();
  });

  it("counts a frame with a wrong CRC and does not look into it", () => {
    const { chip } = scene.board;
    const { hex, text } = scene.nextFrame();
    for (let i = 1; i <= 3; i++) {
      chip.airStart();
      chip.airHeader(true);
      chip.airEnd(Buffer.from(hex, "hex"), -70, 10, false);
      scene.world.wait(100);
      assert.deepEqual([scene.packets().recv, scene.packets().recv_errors], [0, i]);
    }
    assert.ok(!scene.holds(text));
    assert.ok(scene.hears());
  });

  it("counts a header that cannot be read and listens on", () => {
    const { chip } = scene.board;
    for (let i = 1; i <= 3; i++) {
      chip.airStart();
      chip.airHeader(false);
      scene.world.wait(100);
      assert.deepEqual([scene.packets().recv, scene.packets().recv_errors], [0, i]);
    }
    assert.ok(scene.hears());
  });

  it("counts what two stations make of the air when they talk at once, and hears the next of each", () => {
    const other = scene.world.station();
    scene.station.send(scene.nextFrame().hex);
    scene.world.wait(150);
    other.send(scene.nextFrame().hex);
    scene.world.wait();
    assert.ok(scene.packets().recv_errors >= 1);
    assert.ok(scene.hears());
    const { hex, text } = scene.nextFrame();
    other.send(hex);
    scene.world.wait();
    assert.ok(scene.holds(text));
  });

  it("a frame that is no MeshCore packet is an error, a packet of another kind is none", () => {
    scene.station.send("ff00");
    scene.world.wait();
    assert.deepEqual([scene.packets().recv, scene.packets().recv_errors], [1, 1]);
    scene.station.send("0d00aabbccdd");
    scene.world.wait();
    assert.deepEqual([scene.packets().recv, scene.packets().recv_errors], [2, 1]);
  });
});
