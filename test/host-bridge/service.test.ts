import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useFakeTimers } from "sinon";
import { silentLog } from "../../host-bridge/log.ts";
import { type RunProgram, serviceManager } from "../../host-bridge/service.ts";
import { Scratch } from "./scratch.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));

describe("the service manager", () => {
  const told: string[] = [];
  const run: RunProgram = (program, args, done) => {
    told.push([program, ...args].join(" ").replace(/MONOTONIC_USEC=\d+/, "MONOTONIC_USEC=n"));
    done(null);
  };
  beforeEach(() => told.splice(0));

  it("hears ready, reloading and stopping", () => {
    const manager = serviceManager({ NOTIFY_SOCKET: "/run/x" }, silentLog(), run);
    assert.equal(manager.isThere, true);
    manager.ready("at http://127.0.0.1:7070");
    manager.reloading();
    manager.stopping();
    assert.deepEqual(told, [
      "systemd-notify READY=1 STATUS=at http://127.0.0.1:7070",
      "systemd-notify RELOADING=1 MONOTONIC_USEC=n",
      "systemd-notify STOPPING=1",
    ]);
  });

  it("is told nothing where there is none", () => {
    const manager = serviceManager({ WATCHDOG_USEC: "1000000" }, silentLog(), run);
    assert.equal(manager.isThere, false);
    manager.ready("");
    manager.stopping();
    assert.deepEqual(told, []);
  });

  it("has its watchdog fed twice in each timeout, from ready to stopping", () => {
    const clock = useFakeTimers();
    try {
      const env = { NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "60000000", WATCHDOG_PID: "7" };
      const manager = serviceManager(env, silentLog(), run, 7);
      const feeds = (): number => told.filter((line) => line === "systemd-notify WATCHDOG=1").length;
      clock.tick(120_000);
      assert.equal(feeds(), 0);
      manager.ready("");
      clock.tick(120_000);
      assert.equal(feeds(), 4);
      manager.reloading();
      manager.ready("");
      clock.tick(60_000);
      assert.equal(feeds(), 6);
      manager.stopping();
      clock.tick(120_000);
      assert.equal(feeds(), 6);
    } finally {
      clock.restore();
    }
  });

  it("has no watchdog for this process when it is meant for another", () => {
    const clock = useFakeTimers();
    try {
      const env = { NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "60000000", WATCHDOG_PID: "8" };
      serviceManager(env, silentLog(), run, 7).ready("");
      clock.tick(120_000);
      assert.equal(told.length, 1);
    } finally {
      clock.restore();
    }
  });

  it("that cannot be told is one error in the log, not one each half minute", () => {
    const errors: string[] = [];
    const log = { ...silentLog(), error: (text: string) => void errors.push(text) };
    const manager = serviceManager({ NOTIFY_SOCKET: "/run/x" }, log, (_program, _args, done) => done("spawn ENOENT"));
    manager.ready("");
    manager.reloading();
    assert.deepEqual(errors, ["systemd cannot be told READY=1, and may end this service: spawn ENOENT"]);
  });
});

/** systemd's end of the socket: Node has none, python3 does. Prints each datagram as a line. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;
const has = (program: string, args: string[]): boolean => spawnSync(program, args).status === 0;

describe("the daemon under a service manager (real systemd-notify and socket)", () => {
  const scratch = new Scratch();
  let folder: string;
  const running = new Set<ChildProcess>();
  before(function () {
    if (!has("systemd-notify", ["--version"]) || !has("python3", ["-c", "import socket"])) {
      this.test!.parent!.title += ": systemd-notify or python3 not found";
      this.skip();
    }
    folder = scratch.dir();
  });
  afterEach(() => {
    for (const child of running) child.kill("SIGKILL");
  });
  after(() => scratch.clean());

  it("says READY when it listens, feeds the watchdog, says STOPPING at SIGTERM", async () => {
    const socket = join(folder, "notify");
    const receiver = spawn("python3", ["-u", "-c", RECEIVER, socket]);
    running.add(receiver);
    let heard = "";
    const until = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(heard)) heard += String((await once(receiver.stdout, "data"))[0]);
    };
    await until(/^bound$/m);
    const file = join(folder, "run.yaml");
    writeFileSync(file, `listen: 127.0.0.1:0\ndata_dir: ${join(folder, "data")}\nrooms:\n  - name: A\n`);
    const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" };
    const args = ["--import", "tsx", "host-bridge/cli/cli.ts", "run", "--config", file];
    const daemon = spawn(process.execPath, args, { cwd: TOP, env });
    running.add(daemon);
    let printed = "";
    daemon.stdout.on("data", (data) => (printed += data));
    await until(/^READY=1 STATUS=at http:\/\/127\.0\.0\.1:\d+/m);
    assert.match(printed, /MeshCore Room .* is at http/, "ready before it listened");
    await until(/(^WATCHDOG=1$[\s\S]*){2}/m);
    const ended = once(daemon, "close");
    daemon.kill("SIGTERM");
    await until(/^STOPPING=1/m);
    assert.equal((await ended)[0], 0);
  });
});
