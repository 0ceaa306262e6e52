import assert from "node:assert/strict";
import { BoardHello } from "../../protocol/link.ts";
import { createSimBoard, type SimBoard, type SimBoardOptions } from "../../simulator/sim-board.ts";
import { Host } from "./host.ts";
import { bundle, groupText, library, TEST_KEY, World } from "./world.ts";

/** A board with the built bundle, and what can be said and heard around it. */
class Scene {
  readonly world = new World();
  readonly station = this.world.station();
  readonly board: SimBoard;
  private output = "";

  constructor(
    model: string,
    options: Partial<SimBoardOptions> = {},
    prepare: (board: SimBoard) => void = () => undefined,
  ) {
    const { clock, ether } = this.world;
    const air = { speed: 1, join: ether.join.bind(ether) };
    this.board = createSimBoard({
      ...{ id: model, model, source: bundle(model), library: library(model), air, clock, seed: 5 },
      ...options,
    });
    prepare(this.board);
    this.board.serial.onData((bytes) => {
      this.output += Buffer.from(bytes).toString("latin1");
    });
    this.world.wait(1000);
  }

  run(line: string): string {
    this.output = "";
    this.board.serial.write(Buffer.from(`${line}\r`));
    this.world.wait(500);
    return this.output.slice(this.output.indexOf("\r\n") + 2).trimEnd();
  }

  /** Both ways over the air. */
  assertTalks(): void {
    this.run(`room add test ${TEST_KEY} 20`);
    this.station.send(groupText(TEST_KEY, 1_800_000_000, "Ann", "are you there"));
    this.world.wait();
    assert.match(this.run("history test"), /Ann: are you there/);
    this.run("say test I am");
    this.world.wait();
    assert.equal(this.station.heard.length, 1);
    this.world.wait();
    this.station.send(groupText(TEST_KEY, 1_800_000_001, "Ann", "still"));
    this.world.wait();
    assert.match(this.run("history test"), /Ann: still/);
    assert.deepEqual(this.board.violations, []);
    assert.deepEqual(this.board.uncaught, []);
    this.board.stop();
  }
}

describe("boards with an amplifier", () => {
  for (const [kind, txPin, other] of [
    ["low", "D46", "D5"],
    ["high", "D5", "D46"],
  ] as const)
    it(`a Heltec V4 whose amplifier answers ${kind} receives and sends through it`, () => {
      const scene = new Scene("heltec-v4", { amplifier: kind });
      assert.deepEqual(
        ["D7", "D2", txPin, other].map((pin) => scene.board.pin(pin)),
        [1, 1, 0, 0],
      );
      scene.assertTalks();
    });

  it("a Heltec V4 starts with the power that gives 22 dBm at the antenna", () => {
    const scene = new Scene("heltec-v4");
    assert.match(scene.run("get tx"), /> 10$/);
    const chipDbm = scene.board.chip.listening()?.powerDbm ?? 22;
    assert.ok(Math.abs(chipDbm - 10) <= 3, "as near as the chip model knows the chip's power");
    scene.board.stop();
  });
});

describe("boards with a power chip", () => {
  it("a T-Beam Supreme feeds its radio before it touches it", () => {
    const scene = new Scene("lilygo-tbeam-supreme");
    assert.deepEqual(scene.board.powerChip?.written, [
      [0x50, 0x10],
      [0x94, 28],
      [0x90, 4],
    ]);
    scene.assertTalks();
  });

  it("without an answer from the power chip the console works and says that the radio does not answer", () => {
    const scene = new Scene("lilygo-tbeam-supreme", {}, (board) => {
      if (board.powerChip)
        board.powerChip.write = () => {
          throw new Error("jshI2CWrite: slave doesn't ACK the transfer");
        };
    });
    assert.match(scene.run("ver"), /meshcore-room/);
    assert.equal(scene.board.chip.listening(), null);
    assert.deepEqual(scene.board.uncaught, []);
    scene.board.stop();
  });
});

describe("boards whose DIO1 the engine takes for its button", () => {
  it("a XIAO nRF52840 boots from .bootrst, receives and sends", () => {
    const files = new Map([[".bootrst", bundle("xiao-nrf52-wio")]]);
    new Scene("xiao-nrf52-wio", { files, source: "throw new Error('skipped by the engine')" }).assertTalks();
  });
});

describe("boards whose console is the ESP32-S3's own USB", () => {
  for (const model of ["heltec-v4", "xiao-esp32s3-wio", "lilygo-t3s3", "lilygo-tbeam-supreme"])
    it(`${model}: setup is called, which ends XON and XOFF between the bytes of a frame`, () => {
      const spy = `var calls=[],old=Serial1.setup;Serial1.setup=function(b,o){calls.push([b,o]);return old(b,o)};`;
      const scene = new Scene(model, { source: spy + bundle(model) });
      assert.deepEqual(JSON.parse(JSON.stringify(scene.board.globals.calls)), [[115200, {}]]);
      scene.board.stop();
    });
});

describe("boards whose random numbers begin alike after every power-up", () => {
  /** The boot id of a Heltec V3 whose generator gives but one number, asked `afterMs` after power-up. */
  function bootId(afterMs: number): number {
    const scene = new Scene("heltec-v3", { source: `E.hwRand = function () { return 4; };${bundle("heltec-v3")}` });
    const host = new Host(scene.board.serial, scene.world.clock);
    scene.world.clock.advance(afterMs);
    host.hello();
    scene.world.clock.advance(500);
    host.hello();
    scene.world.clock.advance(500);
    const [first, second] = host.got(BoardHello);
    scene.board.stop();
    assert.equal(second.bootId, first.bootId, "one boot, one id");
    return first.bootId;
  }

  it("each boot has an id of its own, or a host would take the new rings for the old ones", () => {
    const ids = [0, 1, 2, 100, 1000].map(bootId);
    assert.equal(new Set(ids).size, ids.length);
  });
});
