// The power goes at every single operation of the flash, in several ways; the board that starts then has the state
// before or the one behind it.
import assert from "node:assert/strict";
import { type Cut, type Flash, type FlashOperation, PowerCut } from "../../simulator/flash.ts";
import { CUTS } from "../simulator/cuts.ts";
import { OTHER_KEY } from "./link-scene.ts";
import { type Console, groupText, TEST_KEY, World } from "./world.ts";

/** Longer than settings wait for another change. */
const SETTLED_MS = 7000;

/** All that outlasts the power, as a person sees it. */
function stateOf(board: Console): string {
  const rooms = board.run("rooms");
  const names = [...rooms.matchAll(/-> (.*): \d+\/(\d+) messages/g)].map(([, name, max]) => `${name} of ${max}`);
  const lines = names.flatMap((name) => board.run(`history ${name.split(" ")[0]} 50`).split("\r\n"));
  // Without a text: of the key before, which nobody can read any more.
  const messages = lines.filter((line) => !line.includes("UTC  (") && !line.includes("no messages"));
  return [...["name", "radio", "owner.info"].map((what) => board.run(`get ${what}`)), ...names, ...messages].join("\n");
}

interface Cutting {
  flash: Flash;
  operation: FlashOperation;
  /** How many steps had ended before. */
  step: number;
}

type Step = (board: Console, hear: (key: string, text: string) => void) => void;

/** Does `before`, then `steps` one after the other, and keeps the memory as it was before every operation, and the state behind every step. */
function record(before: Step[], steps: Step[]) {
  const world = new World();
  const board = world.board("sim");
  const cuttings: Cutting[] = [];
  let time = 1700000000;
  const hear = (key: string, text: string): void => {
    const frame = Buffer.from(groupText(key, ++time, "Ann", text), "hex");
    while (!board.board.chip.receive(frame, -71, 10.5)) world.clock.advance(10);
    world.wait(150);
  };
  for (const step of before) {
    step(board, hear);
    world.wait(SETTLED_MS);
  }
  const states = [stateOf(board)];
  const { flash } = board.board;
  flash.beforeEach = (operation) => {
    cuttings.push({ flash: flash.copy(), operation, step: states.length - 1 });
    return null;
  };
  for (const step of steps) {
    step(board, hear);
    world.wait(SETTLED_MS);
    states.push(stateOf(board));
  }
  assert.deepEqual(board.board.uncaught, []);
  assert.deepEqual(flash.violations, []);
  assert.equal(board.board.engine.storageWrites, 0, "the engine's files, of which the code is one, are never written");
  world.stop();
  return { states, cuttings };
}

/** The memory that is left when the power goes in this operation. */
function tear({ flash, operation }: Cutting, cut: Cut): Flash {
  const torn = flash.copy();
  torn.beforeEach = () => cut;
  assert.throws(() => torn.redo(operation), PowerCut);
  torn.beforeEach = () => null;
  return torn;
}

function start(flash: Flash, then: (board: Console, world: World) => void): void {
  const world = new World();
  const board = world.board("sim", undefined, false, flash);
  then(board, world);
  assert.deepEqual(board.board.uncaught, []);
  assert.deepEqual(flash.violations, []);
  world.stop();
}

/** Cuts the power in every one of `cuttings`, in every way, and looks what the next start finds. */
function enumerate(cuttings: Cutting[], states: string[]): void {
  for (const [at, cutting] of cuttings.entries()) {
    for (const cut of CUTS) {
      const { step, operation } = cutting;
      start(tear(cutting, cut(operation)), (board, world) => {
        const found = stateOf(board);
        const where = `operation ${at} (${operation.kind}) of step ${step}`;
        const either = `${where}: ${found}\nis neither ${states[step]}\nnor ${states[step + 1]}`;
        assert.ok(found === states[step] || found === states[step + 1], either);
        if (cut !== CUTS[2]) return;
        // And it goes on keeping what it is given.
        board.run("set name Paul");
        world.wait(SETTLED_MS);
        board.board.powerOff();
        board.board.powerOn();
        world.wait(2000);
        assert.equal(stateOf(board), ["  -> > Paul", ...found.split("\n").slice(1)].join("\n"), where);
      });
    }
  }
}

describe("power cut at every single write", () => {
  it("of settings, rooms and messages: the state before or the one behind, never another", function () {
    this.timeout(240_000);
    const { states, cuttings } = record(
      [],
      [
        (board) => board.run("set name Otto"),
        (board) => board.run(`room add one ${TEST_KEY} 20`),
        (_, hear) => hear(TEST_KEY, "first"),
        (_, hear) => hear(TEST_KEY, "second"),
        (board) => board.run("set radio 868,125,9,6"),
        (board) => {
          board.run("set name Olga");
          board.run("set owner.info call 112|or not");
          board.run(`room add two ${OTHER_KEY} 30`);
        },
        (_, hear) => hear(OTHER_KEY, "third"),
        (board) => board.run("room remove one"),
        (board) => board.run(`room add new ${TEST_KEY} 40`),
        (_, hear) => hear(TEST_KEY, "fourth"),
        (board) => board.run(`room add new ${OTHER_KEY} 40`),
        (_, hear) => hear(OTHER_KEY, "fifth"),
        (board) => board.run("reboot"),
      ],
    );
    for (let step = 2; step < states.length; step++) assert.notEqual(states[step - 2], states[step - 1], `${step - 1}`);
    assert.equal(states.at(-1), states.at(-2), "a reboot changes nothing");
    assert.ok(cuttings.length >= states.length, `${cuttings.length}`);
    enumerate(cuttings, states);
  });

  it("of settings that fill their pages and begin them again", function () {
    this.timeout(240_000);
    const { states, cuttings } = record(
      [(board) => board.run(`room add one ${TEST_KEY} 20`), (_, hear) => hear(TEST_KEY, "first")],
      Array.from(
        { length: 32 },
        (_, n): Step =>
          (board) =>
            board.run(`set owner.info ${"x".repeat(100)}${n}`),
      ),
    );
    assert.ok(cuttings.some(({ operation }) => operation.kind === "erase"));
    enumerate(cuttings, states);
  });

  it("of messages that fill all pages: the newest stay, and those of a room long quiet", function () {
    this.timeout(240_000);
    const text = "y".repeat(140);
    const { states, cuttings } = record(
      [
        (board) => board.run(`room add busy ${TEST_KEY} 12`),
        (board) => board.run(`room add quiet ${OTHER_KEY} 12`),
        (_, hear) => hear(OTHER_KEY, "keep me"),
        (_, hear) => {
          for (let n = 0; n < 240; n++) hear(TEST_KEY, text + n);
        },
      ],
      Array.from(
        { length: 24 },
        (_, n): Step =>
          (_board, hear) =>
            hear(TEST_KEY, text + (n + 1000)),
      ),
    );
    assert.ok(cuttings.some(({ operation }) => operation.kind === "erase"));
    for (const state of states) assert.match(state, /keep me/);
    enumerate(cuttings, states);
  });
});
