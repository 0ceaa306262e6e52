import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../host-bridge/clock.ts";
import { BoardKeeper } from "../../../host-bridge/link/board-keeper.ts";
import { Boards } from "../../../host-bridge/link/boards.ts";
import { serveConsoles } from "../../../host-bridge/link/console-server.ts";
import { serialSource } from "../../../host-bridge/link/ports.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import { realClock } from "../../../simulator/clock.ts";
import { Ether } from "../../../simulator/ether.ts";
import { createSimBoard, type SimBoard } from "../../../simulator/sim-board.ts";
import { bundle, library, RADIO } from "../../scenario/world.ts";
import { until } from "../daemon-bench.ts";
import { hasPython, Pty } from "../flash/pty.ts";
import { openRooms, testRoom } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";

const PROGRAM = ["--import", import.meta.resolve("tsx"), join(import.meta.dirname, "../../../host-bridge/cli/cli.ts")];
/** Runs a program in a terminal of its own; what is piped in is typed. */
const TERMINAL = "import pty, sys; status = pty.spawn(sys.argv[1:]); sys.exit(status >> 8)";

describe("console: a terminal to a board", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  let ether: Ether;
  let board: SimBoard;
  let pty: Pty;
  let dir: string;
  let child: ChildProcess;
  let shown: string;
  let code: Promise<number | null>;

  before(function () {
    if (hasPython) return;
    console.log("      python3 not found: no terminal to try the console in");
    this.skip();
  });

  beforeEach(async () => {
    dir = scratch.dir();
    const clock = realClock(10);
    ether = new Ether({ clock, radio: RADIO, seed: 1 });
    const air = { speed: 10, join: ether.join.bind(ether) };
    board = createSimBoard({ id: "b1", model: "sim", source: bundle("sim"), library: library("sim"), air, clock });
    pty = await Pty.open(board.serial);
  });

  afterEach(async () => {
    child?.kill();
    await pty?.cut();
    board?.stop();
    ether?.stop();
    scratch.clean();
  });

  const start = (command: string, args: string[]): void => {
    const env = { ...process.env, STATE_DIRECTORY: dir };
    const started = spawn(command, args, { env, cwd: dir, stdio: ["pipe", "pipe", "pipe"] });
    child = started;
    shown = "";
    started.stdout.on("data", (data: Buffer) => {
      shown += data.toString();
    });
    started.stderr.on("data", (data: Buffer) => {
      shown += data.toString();
    });
    code = new Promise((resolve) => started.once("close", resolve));
  };
  const inTerminal = (...args: string[]): void =>
    start("python3", ["-c", TERMINAL, process.execPath, ...PROGRAM, "console", ...args]);
  const shows = (what: RegExp): Promise<void> =>
    until(`${what} in ${JSON.stringify(shown)}`, () => what.test(shown)).catch(() => assert.match(shown, what));

  it("beside the daemon: the board echoes and edits, Ctrl-] leaves", async () => {
    inTerminal("--port", pty.path);
    await shows(/Connected to .*Ctrl-\] leaves/);
    child.stdin?.write("vex\u007fr\r");
    await shows(/^vex[^a-z]+r\r+\n {2}-> .*0\.1\.0/m);
    child.stdin?.write("\u001d");
    assert.equal(await code, 0, shown);
  });

  it("takes lines from a pipe as well, and shows the answer to the last one", async () => {
    start(process.execPath, [...PROGRAM, "console", "--port", pty.path]);
    child.stdin?.end("ver\n");
    assert.equal(await code, 0, shown);
    assert.match(shown, /-> .*0\.1\.0/);
  });

  it("says that the board has gone", async () => {
    inTerminal("--port", pty.path);
    await shows(/Connected/);
    await pty.cut();
    assert.equal(await code, 1);
    assert.match(shown, /Error: .*has gone[\s\S]*Try: plug it in/);
  });

  it("says what to do where there is no such port", async () => {
    start(process.execPath, [...PROGRAM, "console", "--port", "/dev/no-such-board"]);
    child.stdin?.end();
    assert.equal(await code, 1);
    assert.match(shown, /Error: \/dev\/no-such-board is not there\nTry: plug the board in/);
  });

  it("through the daemon that holds the port, by device and by id, while the link goes on", async () => {
    const log = silentLog();
    const room = testRoom("Open");
    const { store, rooms, events } = openRooms(dir, systemClock, [room], log);
    const source = serialSource({ type: "serial", id: "b1", path: pty.path, baud: 115_200 });
    const radio = { ...RADIO, dutyPermille: 100 };
    const boards = new Boards([(parts, desk) => new BoardKeeper(source, radio, parts, desk)], {
      ...{ rooms, store, events, clock: systemClock, log, random16: () => 7, rebroadcastMaxAgeMs: () => 300_000 },
      boardKey: () => {
        throw new Error("bug: this board has a key");
      },
    });
    const stop = boards.start();
    const stopConsoles = serveConsoles(dir, boards.keepers, log);
    const config = join(dir, "a.yaml");
    writeFileSync(config, `data_dir: ${dir}\nboards: [{type: serial, path: ${pty.path}}]\n`);
    try {
      await until("the board is there", () => boards.status()[0].connected);
      for (const port of [pty.path, "b1"]) {
        inTerminal("--config", config, "--port", port);
        await shows(/Connected to board "b1" through the daemon/);
        // Ctrl-C and a border of a frame must not reach the link.
        child.stdin?.write("\u0003rooms\r");
        await shows(/rooms\r+\n[\s\S]*Open/);
        child.stdin?.write("\u001d");
        assert.equal(await code, 0, shown);
      }
      assert.equal(boards.status()[0].link_errors, 0);
      assert.equal(boards.status()[0].disconnects, 0);
      inTerminal("--port", pty.path);
      assert.equal(await code, 1);
      assert.match(shown, /in use by another program[\s\S]*Try: .*--config FILE/);
    } finally {
      await stopConsoles();
      await stop();
      rooms.stop();
      store.close();
    }
  });
});
