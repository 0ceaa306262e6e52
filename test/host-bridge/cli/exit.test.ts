// The program as a process: what a shell script and a supervisor see.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Scratch } from "../scratch.ts";
import { FakeDaemon } from "./daemon.ts";

const TOP = fileURLToPath(new URL("../../..", import.meta.url));

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Whatever a failed test leaves behind. */
const running = new Set<ChildProcess>();

function launch(args: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "host-bridge/cli/cli.ts", ...args], { cwd: TOP });
  running.add(child);
  child.on("close", () => running.delete(child));
  const seen: Ended = { code: null, out: "", err: "" };
  child.stdout.on("data", (data) => (seen.out += data));
  child.stderr.on("data", (data) => (seen.err += data));
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ ...seen, code })));
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(seen.out);
        if (match !== null) resolve(match);
      };
      child.stdout.on("data", look);
      child.on("close", () => reject(new Error(`ended without ${pattern}: ${seen.err}`)));
      look();
    });
  return { child, ended, until };
}

describe("the program meshcore-room", () => {
  const scratch = new Scratch();
  let folder: string;
  before(() => {
    folder = scratch.dir();
    writeFileSync(join(folder, "good.yaml"), "rooms:\n  - name: A\n");
    writeFileSync(join(folder, "bad.yaml"), "rooms:\n  - nam: A\n");
  });
  afterEach(() => {
    for (const child of running) child.kill("SIGKILL");
  });
  after(() => scratch.clean());

  const codes: [title: string, args: () => string[], code: number][] = [
    ["help", () => ["help"], 0],
    ["the version", () => ["--version"], 0],
    ["a good configuration", () => ["check", "--config", join(folder, "good.yaml")], 0],
    ["a bad configuration", () => ["check", "--config", join(folder, "bad.yaml")], 2],
    ["running on a bad configuration", () => ["run", "--config", join(folder, "bad.yaml")], 2],
    ["a missing configuration", () => ["run", "--config", join(folder, "none.yaml")], 2],
    ["an unknown command", () => ["frobnicate"], 2],
    ["a missing argument", () => ["send", "A"], 2],
    // Port 1 is nobody's.
    ["no daemon", () => ["status", "--url", "http://127.0.0.1:1"], 1],
  ];
  for (const [title, args, code] of codes) {
    it(`ends with ${code} for ${title}`, async () => {
      const run = await launch(args()).ended;
      assert.equal(run.code, code, run.err);
      if (code === 0) assert.equal(run.err, "");
      else assert.match(run.err, /^Error: .*\nTry: .*\n$/);
    });
  }

  describe("tail", () => {
    let daemon: FakeDaemon;
    beforeEach(async () => {
      daemon = new FakeDaemon([{ name: "A", key: null }]);
      await daemon.start();
      daemon.hear("A", "Bob", "first");
    });
    afterEach(() => daemon.stop());

    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      it(`ends with 0 at ${signal}`, async () => {
        const { child, ended, until } = launch(["tail", "A", "--url", daemon.url]);
        await until(/Bob: first/);
        child.kill(signal);
        assert.deepEqual(await ended, { code: 0, out: "2026-09-21T14:13:20Z Bob: first\n", err: "" });
      });
    }

    it("ends quietly when its reader goes away", async () => {
      const { child, ended, until } = launch(["tail", "A", "--url", daemon.url]);
      await until(/Bob: first/);
      child.stdout.destroy();
      // The first write after the reader is gone may still go into the pipe.
      const timer = setInterval(() => daemon.hear("A", "Bob", "more"), 50);
      const { code, err } = await ended;
      clearInterval(timer);
      assert.deepEqual([code, err], [0, ""]);
    });
  });

  describe("run", () => {
    const config = (text: string): string => {
      const file = join(folder, "run.yaml");
      writeFileSync(
        file,
        `listen: 127.0.0.1:0\ndata_dir: ${join(folder, "data")}\nname: Hill\nrooms:\n  - name: A\n${text}`,
      );
      return file;
    };

    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      it(`prints its address, serves the client commands there, and ends with 0 at ${signal}`, async () => {
        const { child, ended, until } = launch(["run", "--config", config("")]);
        const line = await until(/^MeshCore Room "Hill" is at (http:\S+) \(Ctrl-C stops it\)$/m);
        const url = ["--url", line[1]];
        const sent = await launch(["send", "A", "hello", "--name", "Al", ...url]).ended;
        assert.deepEqual([sent.code, sent.err], [0, ""]);
        const history = await launch(["history", "A", "--json", "--limit", "1", ...url]).ended;
        assert.deepEqual([JSON.parse(history.out)[0].guid, JSON.parse(history.out)[0].sender], [sent.out.trim(), "Al"]);
        child.kill(signal);
        const { code, out } = await ended;
        assert.equal(code, 0);
        assert.match(out, /\[INFO\] stopping\n(.*\n)*\[INFO\] stopped\n$/);
      });
    }

    it("writes only JSON where the log is JSON, weak secrets loudly in it and never shown", async () => {
      const file = config("  - { name: B, psk: hunter2 }\nlog: { format: json }\n");
      const { child, ended, until } = launch(["run", "--config", file]);
      await until(/"msg":"ready"/);
      child.kill("SIGINT");
      const { out } = await ended;
      const entries = out
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text) as Record<string, string>);
      assert.match(entries[0]["msg"], /run\.yaml:6: rooms\[1\]\.psk: .* a weak secret of 7 characters .*openssl/);
      assert.equal(entries[0]["level"], "warn");
      assert.match(String(entries.find(({ msg }) => msg === "ready")?.["url"]), /^http:/);
      assert.ok(!out.includes("hunter2"));
    });

    it("ends with 1 when it cannot listen", async () => {
      const daemon = new FakeDaemon([]);
      await daemon.start();
      const file = config("").replace("run.yaml", "taken.yaml");
      writeFileSync(file, `listen: 127.0.0.1:${daemon.port}\ndata_dir: ${join(folder, "data")}\n`);
      const { code, err } = await launch(["run", "--config", file]).ended;
      await daemon.stop();
      assert.equal(code, 1);
      assert.match(err, /^Error: .*\nTry: .*\n$/);
    });
  });
});
