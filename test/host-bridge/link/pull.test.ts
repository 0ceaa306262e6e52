import assert from "node:assert/strict";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../../host-bridge/clock.ts";
import { BoardKeeper } from "../../../host-bridge/link/board-keeper.ts";
import { Boards } from "../../../host-bridge/link/boards.ts";
import { serialSource } from "../../../host-bridge/link/ports.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import { makeRoom } from "../../../host-bridge/room/rooms.ts";
import { hexToBytes } from "../../../protocol/bytes.ts";
import { realClock } from "../../../simulator/clock.ts";
import { Ether } from "../../../simulator/ether.ts";
import { createSimBoard } from "../../../simulator/sim-board.ts";
import { bundle, groupText, library, TEST_KEY } from "../../scenario/world.ts";
import { until } from "../daemon-bench.ts";
import { hasPython, Pty } from "../flash/pty.ts";
import { openRooms, roomConfig } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { RADIO } from "./link-bench.ts";

const SPEED = 10;
const PULLS = 50;
/** What the board's ring of the room holds. */
const RING = 20;
/** In these rounds more is said while the board is away than its ring can hold. */
const FLOODS = new Map([
  [10, 30],
  [25, 47],
  [40, 21],
]);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ten times as fast as ours, as is the board's. */
const clock: Clock = {
  nowMs: () => performance.now() * SPEED,
  unixMs: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms / SPEED);
    return () => clearTimeout(timer);
  },
};

describe("a board that is pulled out and put back fifty times during traffic", function () {
  this.timeout(180_000);
  const scratch = new Scratch();
  after(() => scratch.clean());

  it("loses nothing but what its ring could not hold, and that is counted and shown", async function () {
    if (!hasPython) {
      console.log("      python3 not found: no pseudo terminal to pull out");
      return this.skip();
    }
    const room = makeRoom(roomConfig("test", { maxHistory: RING }), hexToBytes(TEST_KEY));
    const simClock = realClock(SPEED);
    const ether = new Ether({ clock: simClock, radio: RADIO, seed: 1 });
    const air = { speed: SPEED, join: ether.join.bind(ether) };
    const files = { source: bundle("sim"), library: library("sim") };
    const board = createSimBoard({ id: "b1", model: "sim", ...files, air, clock: simClock });

    const dir = scratch.dir();
    const path = join(dir, "board");
    let pty: Pty | null = null;
    const plug = async (): Promise<void> => {
      const cable = await Pty.open(board.serial);
      pty = cable;
      // As /dev/serial/by-id: the same name, whatever the port is called this time.
      symlinkSync(cable.path, path);
    };
    const pull = async (): Promise<void> => {
      rmSync(path);
      board.unplug();
      await pty?.cut();
      board.plug();
      await until("the daemon has noticed", () => !status().connected, 30_000);
    };

    const warnings: string[] = [];
    const log = { ...silentLog(), warn: (text: string) => void warnings.push(text) };
    const { store, rooms, events } = openRooms(dir, clock, [room], log);
    const stored: number[] = [];
    events.on("message", ({ text }) => void stored.push(Number(text)));
    const source = serialSource({ type: "serial", id: "b1", path, baud: 115_200 });
    const boards = new Boards([(parts, desk) => new BoardKeeper(source, RADIO, parts, desk)], {
      ...{ rooms, store, events, clock, log, random16: () => 7, rebroadcastMaxAgeMs: () => 300_000 },
      boardKey: () => {
        throw new Error("bug: this board has a key");
      },
    });
    await plug();
    const stop = boards.start();
    const status = () => boards.status()[0];
    const connected = (): Promise<void> => until("the board is back", () => status().connected, 30_000);

    let said = 0;
    const say = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const frame = hexToBytes(groupText(TEST_KEY, 1_700_000_000 + said, "Carol", String(said + 1)));
        // Deaf for a moment where it transmits; and as on the air, the next one begins after this one was read.
        while (!board.chip.receive(frame, -71, 10)) await sleep(1);
        while (board.chip.dio1()) await sleep(1);
        said++;
        await sleep(5);
      }
    };
    try {
      await connected();
      await sleep(300);
      let flooded = 0;
      for (let round = 1; round <= PULLS; round++) {
        await say(3);
        // In the midst of it: something is on the line, or stored and not acknowledged.
        const talking = say(3);
        await sleep((round * 7) % 20);
        await pull();
        await talking;
        const flood = FLOODS.get(round) ?? 2;
        await say(flood);
        flooded += Math.max(0, flood + 6 - RING);
        await plug();
        await connected();
        // The next pull comes behind the hello, in the midst of catching up, or behind it.
        if (round % 3 === 0 || FLOODS.has(round + 1) || FLOODS.has(round)) await sleep(400);
      }
      await until("all of it", () => stored.length + status().missed >= said, 30_000);
      await sleep(300);
      assert.equal(stored.length + status().missed, said, "every message is stored or counted as missed");
      assert.deepEqual(
        stored,
        [...new Set(stored)].sort((a, b) => a - b),
        "each once, in order",
      );
      const missed = status().missed;
      console.log(`      ${PULLS} pulls, ${said} messages heard, ${stored.length} stored, ${missed} missed`);
      assert.ok(missed > 0 && missed <= flooded, `${missed} missed, ${flooded} beyond the ring`);
      assert.equal(status().disconnects, PULLS);
      assert.ok(warnings.some((line) => /^\d+ messages of "test" are lost/.test(line)));
      assert.deepEqual(board.uncaught, []);
    } finally {
      await stop();
      await (pty as Pty | null)?.cut();
      board.stop();
      ether.stop();
      rooms.stop();
      store.close();
    }
  });
});
