// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes are hex in the datasheet
import assert from "node:assert/strict";
import { ERROR_CAD_TIMEOUT, FAULT_CAD } from "../../firmware/radio-faults.ts";
import { RoomWorld } from "./room-world.ts";

describe("listening before talking, when asked to", () => {
  let scene: RoomWorld;
  beforeEach(() => {
    scene = new RoomWorld();
  });
  afterEach(() => {
    assert.deepEqual(scene.board.uncaught, []);
    scene.stop();
  });

  /** Counts one opcode from here on. */
  const commands = (opcode: number): { count: number } => {
    const { chip } = scene.board;
    const transfer = chip.transfer.bind(chip);
    const counter = { count: 0 };
    chip.transfer = (bytes) => {
      if (bytes[0] === opcode) counter.count++;
      return transfer(bytes);
    };
    return counter;
  };

  it("cad on: the chip senses the channel once and then sends, with MeshCore's parameters", () => {
    scene.run("set cad on");
    const cad = commands(0xc5);
    assert.ok(scene.speaks());
    assert.equal(cad.count, 1);
    assert.deepEqual([...(scene.board.chip.given[0x88] ?? [])], [0x88, 2, 21, 10, 0, 0, 0, 0]);
    assert.ok(scene.hears());
    assert.deepEqual(scene.board.violations, []);
  });

  it("cad off: it does not", () => {
    const cad = commands(0xc5);
    assert.ok(scene.speaks());
    assert.equal(cad.count, 0);
  });

  it("cad on: a signal whose preamble it missed holds it up until that is over", () => {
    scene.run("set cad on");
    const { chip } = scene.board;
    let isBusy = true;
    chip.signal = () => (isBusy ? -100 : -200);
    scene.run("say test patience");
    scene.world.wait(2500);
    assert.equal(scene.station.heard.length, 0);
    isBusy = false;
    scene.world.wait(3000);
    assert.equal(scene.station.heard.length, 1);
    assert.equal(scene.core().errors & ERROR_CAD_TIMEOUT, 0);
  });

  it("a channel that stays busy for four seconds is taken for broken, and that is noted", () => {
    scene.run("set cad on");
    scene.board.chip.signal = () => -100;
    scene.run("say test at last");
    scene.world.wait(3000);
    assert.equal(scene.station.heard.length, 0);
    scene.world.wait(4000);
    assert.equal(scene.station.heard.length, 1);
    assert.equal(scene.core().errors & ERROR_CAD_TIMEOUT, ERROR_CAD_TIMEOUT);
  });

  it("a CAD that does not end: the chip is started again and the message goes out", () => {
    scene.run("set cad on");
    scene.board.faults.endlessCad = 1;
    assert.ok(scene.speaks());
    assert.equal(scene.faults()[FAULT_CAD], 1);
    assert.ok(scene.hears());
  });

  it("int.thresh: what is louder than the floor by more than that counts as busy", () => {
    scene.run("set int.thresh 14");
    scene.world.wait(10_000);
    let dbm = -90;
    scene.board.chip.signal = () => dbm;
    scene.run("say test loud");
    scene.world.wait(2500);
    assert.equal(scene.station.heard.length, 0);
    dbm = -200;
    scene.world.wait(3000);
    assert.equal(scene.station.heard.length, 1);
  });

  it("agc.reset.interval: the chip is reset at that pace, and hears before and after", () => {
    scene.run("set agc.reset.interval 20");
    const calibrations = commands(0x89);
    scene.world.wait(61_000);
    assert.equal(calibrations.count, 3);
    assert.ok(scene.hears());
    assert.equal(scene.recoveries(), 0);
  });

  it("a floor that garbage has pressed down comes back", () => {
    const { faults } = scene.board;
    faults.garbageByte = 255;
    faults.garbageAnswers = true;
    faults.garbage = 12;
    scene.world.wait(120_000);
    const floor = () => JSON.parse(scene.run("stats-radio").slice(5)).noise_floor as number;
    assert.ok(floor() <= -110 && floor() >= -120, `${floor()}`);
  });
});
