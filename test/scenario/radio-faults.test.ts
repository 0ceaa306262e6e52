import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import { RoomWorld } from "./room-world.ts";

/** The time in which a board has to find out by itself and to be back, ms. */
const BACK_MS = 10_000;

const WHILE_BUSY = / came while BUSY was high and is ignored$/;

for (const { id } of BOARDS) {
  describe(`radio faults (${id})`, () => {
    let scene: RoomWorld;
    beforeEach(() => {
      scene = new RoomWorld(id);
    });
    afterEach(() => {
      assert.deepEqual(scene.board.uncaught, []);
      scene.stop();
    });

    /** `excused`: what the driver cannot help while the fault lasts. */
    const assertWorks = (errors: number, excused = /^$/): void => {
      assert.ok(scene.hears(), "it receives");
      assert.ok(scene.speaks(), "it sends");
      assert.equal(scene.recoveries(), errors);
      assert.equal(scene.core().queue_len, 0);
      assert.deepEqual(
        scene.board.violations.filter((each) => !excused.test(each)),
        [],
      );
    };

    it("BUSY that stays high: the console answers meanwhile, and the radio is back when BUSY is", () => {
      const { board, run, world } = scene;
      board.faults.busyStuck = true;
      world.wait(10_000);
      assert.match(run("ver"), /Build: meshcore-room/);
      board.faults.busyStuck = false;
      world.wait(BACK_MS);
      assertWorks(1, WHILE_BUSY);
    });

    it("BUSY that stays high: what is said waits and goes out later", () => {
      const { board, run, world, station } = scene;
      board.faults.busyStuck = true;
      assert.match(run("say test patience"), /OK/);
      world.wait(5000);
      assert.equal(station.heard.length, 0);
      assert.equal(scene.core().queue_len, 1);
      board.faults.busyStuck = false;
      world.wait(BACK_MS);
      assert.equal(station.heard.length, 1);
      assertWorks(1, WHILE_BUSY);
    });

    it("BUSY stuck for an hour: the radio is back ten seconds after", () => {
      const { board, world } = scene;
      board.faults.busyStuck = true;
      world.wait(3_600_000);
      board.faults.busyStuck = false;
      world.wait(BACK_MS);
      assertWorks(1, WHILE_BUSY);
    });

    it("a lost edge of DIO1: the packet is read half a second later", () => {
      const { board, station, world } = scene;
      const { hex, text } = scene.nextFrame();
      board.faults.lostEdges = 1;
      station.send(hex);
      world.wait(2000);
      assert.ok(scene.holds(text));
      assert.equal(board.faults.lostEdges, 0);
      assertWorks(0);
    });

    it("a lost edge at the end of a transmission: the next message goes out all the same", () => {
      const { board, run, station, world } = scene;
      board.faults.lostEdges = 1;
      run("say test one");
      run("say test two");
      world.wait(6000);
      assert.equal(board.faults.lostEdges, 0);
      assert.equal(station.heard.length, 2);
      assert.equal(scene.packets().sent, 2);
      assertWorks(0);
    });

    it("a transmission that never ends: it is cut off and repeated", () => {
      const { board, run, station, world } = scene;
      board.faults.endlessTx = 1;
      run("say test again");
      world.wait(BACK_MS);
      assert.equal(scene.packets().sent, 1);
      assert.equal(new Set(station.heard.map((each) => Buffer.from(each.frame).toString("hex"))).size, 1);
      assertWorks(1);
    });

    it("transmissions that never end, three times: the message is given up and the next one goes", () => {
      const { board, run, world } = scene;
      board.faults.endlessTx = 3;
      run("say test hopeless");
      run("say test next");
      world.wait(2 * BACK_MS);
      assert.equal(board.faults.endlessTx, 0);
      assert.equal(scene.packets().sent, 1);
      assertWorks(3);
    });

    it("a chip that was reset behind our back while it listened is set up again", () => {
      scene.board.chip.powerOn();
      assert.equal(scene.board.chip.listening(), null);
      scene.world.wait(BACK_MS);
      assertWorks(1);
    });

    it("a chip that was reset in the middle of a transmission: the message is repeated", () => {
      const { board, run, station, world } = scene;
      run("say test twice");
      board.chip.powerOn();
      world.wait(BACK_MS);
      assert.equal(station.heard.length, 1, "the first one was cut off");
      assert.equal(scene.packets().sent, 1);
      assertWorks(1);
    });

    it("a chip that is reset every ten seconds goes on receiving in between", () => {
      const { board, world } = scene;
      let heard = 0;
      for (let i = 0; i < 6; i++) {
        board.chip.powerOn();
        world.wait(6000);
        if (scene.hears()) heard++;
      }
      assert.equal(heard, 6);
      assert.equal(scene.recoveries(), 6);
    });

    it("a radio that lost power: the board works on, and the radio is set up when power is back", () => {
      const power = BOARDS.find((each) => each.id === id)?.radio.power;
      const { board, run, world } = scene;
      // Boards without a switch of their own lose it through BUSY, which then floats high.
      if (power) board.setPin(power, 0);
      else board.faults.busyStuck = true;
      world.wait(30_000);
      assert.match(run("rooms"), /test: 0\/200 messages/);
      if (power) board.setPin(power, 1);
      else board.faults.busyStuck = false;
      board.chip.powerOn();
      world.wait(BACK_MS);
      assert.ok(scene.hears());
      assert.ok(scene.speaks());
      assert.ok(scene.recoveries() >= 1);
    });
  });
}
