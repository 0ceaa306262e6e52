// A board that watches over itself: crashes, the watchdog, safe mode.
import assert from "node:assert/strict";
import { type Console, groupText, TEST_KEY, World } from "./world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe("a board that watches over itself", () => {
  let world: World;
  let board: Console;

  const run = (line: string): string => board.run(line);
  const hears = (text: string): boolean => {
    board.board.chip.receive(Buffer.from(groupText(TEST_KEY, 1700000000, "Ann", text), "hex"), -71, 10.5);
    world.wait(200);
    return run("history test 50").includes(`Ann: ${text}`);
  };
  const cycle = (): void => {
    board.board.powerOff();
    board.board.powerOn();
    world.wait(2000);
  };
  /** Something of the program goes wrong in an event of its own. */
  const fail = (code: string): void => {
    board.board.engine.evaluate(`setTimeout(function () { ${code} }, 1)`);
    world.wait(2000);
  };
  const isSafe = (): boolean => run("errors").includes("safe mode");

  beforeEach(() => {
    world = new World();
    board = world.board("sim");
    run(`room add test ${TEST_KEY} 20`);
    world.wait(MINUTE_MS + 5000);
  });

  afterEach(() => world.stop());

  it("an error that nobody caught is kept with its time, and the board goes on", () => {
    run("time 1800000000");
    fail("throw new Error('of a test')");
    assert.match(run("errors"), /15\/1\/2027 UTC .*of a test/);
    assert.ok(hears("afterwards"));
    cycle();
    assert.match(run("errors"), /of a test/);
    assert.ok(hears("afterwards"));
  });

  it("errors without end make it start anew, with what it had", () => {
    run("set name Otto");
    world.wait(8000);
    for (let n = 0; n < 10; n++) fail(`throw new Error('number ${n}')`);
    assert.match(run("errors"), /starts: power 1, reboot 0, watchdog 0, crash 1, brown-out 0/);
    assert.equal(run("get name"), "  -> > Otto");
    assert.ok(hears("afterwards"));
  });

  it("memory that is used up makes it start anew", () => {
    board.board.engine.raiseFlag("MEMORY");
    world.wait(8000);
    assert.match(run("errors"), /out of memory/);
    assert.match(run("errors"), /crash 1/);
  });

  it("a program that hangs is ended by the watchdog", () => {
    fail("for (;;) getTime()");
    world.wait(40_000);
    assert.ok(board.board.consoleText.includes("watchdog: reboot"));
    assert.ok(hears("afterwards"));
  });

  it("timers that stop, as they do without memory, are found by the watchdog too", () => {
    fail("clearTimeout()");
    world.wait(40_000);
    assert.ok(board.board.consoleText.includes("watchdog: reboot"));
  });

  it("three crashes in a row: safe mode, where the console and the radio's settings work, and nothing else is touched", () => {
    assert.ok(hears("before"));
    for (let n = 0; n < 3; n++) {
      assert.equal(isSafe(), false);
      // In its first minute one is enough.
      if (n) fail("throw new Error('again')");
      else for (let i = 0; i < 10; i++) fail("throw new Error('again')");
    }
    assert.ok(isSafe());
    assert.equal(run("set radio 868,125,9,6"), "  -> OK");
    world.wait(8000);
    const written = board.board.flash.operations;
    world.wait(10_000);
    assert.equal(board.board.flash.operations, written);
    run("reboot");
    world.wait(3000);
    assert.equal(isSafe(), false);
    assert.equal(run("get radio"), "  -> > 868.0,125,9,6");
    assert.match(run("history test"), /Ann: before/);
  });

  it("leaves safe mode by itself after a good hour", () => {
    for (let n = 0; n < 4; n++) cycle();
    assert.ok(isSafe());
    world.wait(HOUR_MS - 10_000);
    assert.ok(isSafe());
    world.wait(30_000);
    assert.equal(isSafe(), false);
    assert.ok(hears("afterwards"));
  });

  it("repl and a start from the engine's prompt are no crash, and leave safe mode", () => {
    for (let n = 0; n < 5; n++) {
      run("repl");
      cycle();
      assert.equal(isSafe(), false);
    }
    for (let n = 0; n < 4; n++) cycle();
    assert.ok(isSafe());
    run("repl");
    cycle();
    assert.equal(isSafe(), false);
  });

  it("power that goes away later than a minute after the start is no crash", () => {
    for (let n = 0; n < 5; n++) {
      world.wait(MINUTE_MS + 5000);
      cycle();
      assert.equal(isSafe(), false);
    }
    assert.match(run("errors"), /power 6/);
  });

  it("the ESP32-S3 tells a watchdog from a power-up", () => {
    const other = world.board("heltec-v4");
    world.wait(MINUTE_MS + 5000);
    other.board.engine.evaluate("setTimeout(function () { for (;;) getTime(); }, 1)");
    world.wait(40_000);
    assert.match(other.run("errors"), /power 1, reboot 0, watchdog 1/);
  });
});
