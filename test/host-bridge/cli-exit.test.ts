// The program as a process: what a shell script and a supervisor see.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FakeDaemon } from "./cli-daemon.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function launch(args: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "host-bridge/cli.ts", ...args], { cwd: TOP });
  const seen: Ended = { code: null, out: "", err: "" };
  child.stdout.on("data", (data) => (seen.out += data));
  child.stderr.on("data", (data) => (seen.err += data));
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ ...seen, code })));
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (seen.out.includes(text)) resolve();
      };
      child.stdout.on("data", look);
      child.on("close", () => reject(new Error(`ended without "${text}": ${seen.err}`)));
      look();
    });
  return { child, ended, until };
}

describe("the program meshcore-room", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "meshcore-room-"));
    writeFileSync(join(folder, "good.yaml"), "rooms:\n  - name: A\n");
    writeFileSync(join(folder, "bad.yaml"), "rooms:\n  - nam: A\n");
  });
  after(() => rmSync(folder, { recursive: true }));

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
        await until("Bob: first");
        child.kill(signal);
        assert.deepEqual(await ended, { code: 0, out: "2026-09-21T14:13:20Z Bob: first\n", err: "" });
      });
    }

    it("ends quietly when its reader goes away", async () => {
      const { child, ended, until } = launch(["tail", "A", "--url", daemon.url]);
      await until("Bob: first");
      child.stdout.destroy();
      // The first write after the reader is gone may still go into the pipe.
      const timer = setInterval(() => daemon.hear("A", "Bob", "more"), 50);
      const { code, err } = await ended;
      clearInterval(timer);
      assert.deepEqual([code, err], [0, ""]);
    });
  });
});
