import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import { SetRadio } from "../../protocol/link.ts";
import { Host } from "./host.ts";
import { RoomWorld } from "./room-world.ts";
import { groupText, RADIO, TEST_KEY, World } from "./world.ts";

const LONG = "x".repeat(140);

describe("two boards on one ether", () => {
  for (const [i, { id }] of BOARDS.entries()) {
    const other = BOARDS[(i + 1) % BOARDS.length].id;
    it(`${id} and ${other} hear each other, each message once`, () => {
      const world = new World();
      const one = world.board(id);
      const two = world.board(other);
      for (const { run } of [one, two]) {
        run(`room add test ${TEST_KEY}`);
        run("time 1700000000");
      }
      one.run("set name One");
      two.run("set name Two");
      one.run("say test hello Two");
      world.wait();
      two.run("say test hello One");
      world.wait();
      for (const { run } of [one, two]) {
        const lines = run("history test").split("\r\n");
        assert.equal(lines.length, 2);
        assert.match(lines[0], /#1 .* One: hello Two /);
        assert.match(lines[1], /#2 .* Two: hello One /);
      }
      assert.match(one.run("history test"), /#1 .*\(own\)\r\n.*#2 .*dBm, .*0 hops\)/);
      assert.deepEqual([...one.board.violations, ...two.board.violations], []);
      world.stop();
    });
  }

  it("when both speak at the same moment, again and again, everything is sent and nothing waits for ever", () => {
    const world = new World({ seed: 3 });
    const boards = [world.board("rak4631"), world.board("heltec-v3")];
    for (const { run } of boards) run(`room add test ${TEST_KEY}`);
    for (let i = 0; i < 10; i++) {
      for (const { port } of boards) port.write(Buffer.from(`say test round ${i} of all\r`));
      world.wait(12_000);
    }
    // Neither could hear the other begin, so what was said last is all that is sure: it is out, and in the speaker's own room.
    for (const { run } of boards) {
      assert.ok(run("history test 50").split("\r\n").length >= 10);
      assert.match(run("stats-packets"), /"sent":10,/);
      assert.match(run("stats-core"), /"queue_len":0/);
    }
    world.stop();
  });
});

describe("listening before talking", () => {
  // From the end of the preamble's fifth symbol to the end of the frame.
  for (const afterMs of [40, 90, 150, 250, 400, 700, 1000, 1400]) {
    it(`what is said ${afterMs} ms into somebody's frame waits for its end`, () => {
      const scene = new RoomWorld();
      const listener = scene.world.station();
      const { world, board } = scene;
      const hex = groupText(TEST_KEY, 1700000000, "Ann", LONG);
      scene.station.send(hex);
      world.clock.advance(afterMs);
      board.serial.write(Buffer.from(`say test ${LONG}\r`));
      world.wait(8000);
      assert.equal(listener.heard.length, 2, "both are heard by others");
      assert.equal(Buffer.from(listener.heard[0].frame).toString("hex"), hex);
      assert.ok(scene.holds(LONG), "and the first by ourselves");
      scene.stop();
    });
  }

  it("a preamble without a frame holds it up for a moment and no longer", () => {
    const scene = new RoomWorld();
    const { board, world, station } = scene;
    board.chip.airStart();
    board.serial.write(Buffer.from("say test soon\r"));
    world.wait(150);
    assert.ok(board.chip.listening(), "it listens for what comes");
    world.wait(3000);
    assert.equal(station.heard.length, 1);
    scene.stop();
  });

  it("a header without an end holds it up for one frame's time at most", () => {
    const scene = new RoomWorld();
    const { board, world, station, run } = scene;
    board.chip.airStart();
    board.chip.airHeader(true);
    run("say test soon");
    world.wait(1000);
    assert.equal(station.heard.length, 0);
    world.wait(5000);
    assert.equal(station.heard.length, 1);
    scene.stop();
  });

  it("a channel that is never free is taken for broken after some seconds", () => {
    const scene = new RoomWorld();
    for (let i = 0; i < 30; i++) scene.station.send(scene.nextFrame().hex);
    scene.world.wait(1000);
    scene.run("say test at last");
    scene.world.wait(10_000);
    assert.equal(scene.packets().sent, 1);
    scene.stop();
  });
});

describe("duty cycle", () => {
  /** Milliseconds on the air by the end of each minute, for a board that always has something to say. */
  function airOf(minutes: number, permille: number): number[] {
    const world = new World();
    const console = world.board("sim");
    const { run, port } = console;
    run(`room add test ${TEST_KEY}`);
    run("time 1700000000");
    new Host(port, world.clock).send(SetRadio, { req: 1, ...RADIO, dutyPermille: permille });
    const station = world.station();
    const air: number[] = [];
    for (let minute = 0; minute < minutes; minute++) {
      for (let i = 0; i < 10; i++) {
        port.write(Buffer.from(`say test ${minute} ${i} ${LONG}\r`));
        world.wait(6000);
      }
      air.push(station.heard.reduce((sum, each) => sum + each.airtimeMs, 0));
    }
    assert.deepEqual(console.board.violations, []);
    world.stop();
    return air;
  }

  /** A board with a room whose host allows it a thousandth. */
  function limited(radio: Partial<typeof RADIO> = {}): { world: World; host: Host; run(line: string): string } {
    const world = new World();
    const { run, port } = world.board("sim");
    const host = new Host(port, world.clock);
    run(`room add test ${TEST_KEY}`);
    host.send(SetRadio, { req: 1, ...RADIO, ...radio, dutyPermille: 1 });
    return { world, host, run };
  }

  it("1 % stops transmissions when 36 s are spent, and lets them go on at that pace", () => {
    const air = airOf(180, 10);
    const spentAt = air.findIndex((ms) => ms > 34_000);
    assert.ok(spentAt >= 0 && spentAt < 10, `the budget is spent in minute ${spentAt}`);
    const one = 1700;
    for (const [minute, ms] of air.entries()) {
      const allowed = 36_000 + (minute + 1) * 600;
      assert.ok(ms <= allowed + one, `${ms} ms in ${minute + 1} minutes, ${allowed} allowed`);
    }
    const pace = (air[179] - air[59]) / 120;
    assert.ok(pace > 550 && pace <= 610, `${pace} ms a minute in the second and third hour`);
  });

  it("100 % is limited by the frames' own length only", () => {
    const air = airOf(5, 1000);
    assert.ok(air[4] > 50_000, `${air[4]} ms in five minutes`);
  });

  it("a message that is longer than the whole budget is refused, a short one is not", () => {
    const { world, run } = limited({ sf: 11 });
    world.wait(1000);
    assert.match(run(`say test ${LONG}`), /Error: cannot be sent/);
    assert.match(run("say test hi"), /OK/);
    world.stop();
  });

  it("what waits for the budget goes as soon as a host allows more", () => {
    const { world, host, run } = limited();
    const station = world.station();
    world.wait(1000);
    for (let i = 0; i < 6; i++) run(`say test ${i} ${LONG}`);
    world.wait(30_000);
    const before = station.heard.length;
    assert.ok(before >= 1 && before <= 2, `${before} sent`);
    host.send(SetRadio, { req: 2, ...RADIO, dutyPermille: 100 });
    world.wait(30_000);
    assert.equal(station.heard.length, 6);
    world.stop();
  });

  it("what waits and can never go at new settings makes room for what can", () => {
    const { world, host, run } = limited();
    for (let i = 0; i < 4; i++) run(`say test ${i} ${LONG}`);
    run("say test hi");
    host.send(SetRadio, { req: 2, ...RADIO, sf: 11, dutyPermille: 1 });
    world.wait(7_200_000);
    assert.match(run("stats-core"), /"queue_len":0/);
    world.stop();
  });
});
