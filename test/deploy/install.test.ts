import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../host-bridge/config/load.ts";
import { VERSION } from "../../host-bridge/files.ts";
import { Scratch } from "../host-bridge/scratch.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a script of deploy/ and returns what it says. */
function deploy(script: string, ...args: string[]) {
  const done = spawnSync(join(TOP, "deploy", script), args, { encoding: "utf8", cwd: "/" });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const FILES: [path: string, mode: number][] = [
  ["opt/meshcore-room/dist/meshcore-room.mjs", 0o644],
  ["opt/meshcore-room/host-bridge/meshcore-room.mjs", 0o755],
  ["opt/meshcore-room/uninstall.sh", 0o755],
  ["opt/meshcore-room/operate.md", 0o644],
  ["usr/local/bin/meshcore-room", 0o755],
  ["usr/local/share/bash-completion/completions/meshcore-room", 0o644],
  ["usr/local/share/zsh/site-functions/_meshcore-room", 0o644],
  ["usr/local/share/fish/vendor_completions.d/meshcore-room.fish", 0o644],
  ["etc/meshcore/room-server.yaml", 0o640],
  ["etc/meshcore", 0o750],
  ["etc/systemd/system/meshcore-room.service", 0o644],
  ["etc/udev/rules.d/60-meshcore-room.rules", 0o644],
  ["etc/sysusers.d/meshcore-room.conf", 0o644],
];

describe("install.sh", () => {
  const scratch = new Scratch();
  let root: string;
  before(() => {
    root = scratch.dir();
    const { code, err } = deploy("install.sh", "--root", root);
    assert.equal(code, 0, err);
  });
  after(() => scratch.clean());

  for (const [path, mode] of FILES) {
    it(`makes ${path} with mode ${mode.toString(8)}`, () => {
      assert.equal((statSync(join(root, path)).mode & 0o777).toString(8), mode.toString(8));
    });
  }

  it("installs a program that runs, from a place of its own", () => {
    const script = readFileSync(join(root, "usr/local/bin/meshcore-room"), "utf8");
    const [, node, program] = /^exec (\S+) (\S+) "\$@"$/m.exec(script) ?? assert.fail(script);
    assert.ok(existsSync(node), node);
    const run = spawnSync(node, [join(root, program), "--version"], { encoding: "utf8", cwd: "/" });
    assert.deepEqual([run.stdout, run.stderr], [`${VERSION}\n`, ""]);
  });

  it("installs a daemon that starts and serves, with nothing of the checkout", async () => {
    const folder = scratch.dir();
    const config = join(folder, "room.yaml");
    writeFileSync(config, `listen: 127.0.0.1:0\ndata_dir: ${join(folder, "data")}\nrooms: [{ name: A }]\n`);
    const program = join(root, "opt/meshcore-room/host-bridge/meshcore-room.mjs");
    const daemon = spawn(process.execPath, [program, "run", "--config", config], { cwd: "/" });
    const ended = once(daemon, "close");
    let said = "";
    daemon.stderr.on("data", (data) => (said += data));
    const url = await new Promise<string>((resolve, reject) => {
      daemon.stdout.on("data", (data) => {
        said += data;
        const found = /is at (http:\S+)/.exec(said);
        if (found !== null) resolve(found[1]);
      });
      void ended.then(() => reject(new Error(said)));
    });
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    daemon.kill("SIGTERM");
    assert.equal((await ended)[0], 0, said);
  });

  it("brings the packages of run time and none of development", () => {
    const packages = readdirSync(join(root, "opt/meshcore-room/node_modules"));
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(TOP, "package.json"), "utf8"));
    for (const name of Object.keys(dependencies)) assert.ok(packages.includes(name.split("/")[0]), name);
    for (const name of ["typescript", "mocha", "rollup", "tsx"]) {
      assert.ok(name in devDependencies && !packages.includes(name), name);
    }
  });

  it("its configuration passes check --strict, is for this machine only, and names where the data is", () => {
    const { config, warnings } = loadConfig([join(root, "etc/meshcore/room-server.yaml")], {});
    assert.deepEqual(warnings, []);
    assert.deepEqual([config.listen.host, config.dataDir], ["127.0.0.1", "/var/lib/meshcore-room"]);
  });

  it("leaves nothing half made, and everything is inside of the tree", () => {
    assert.deepEqual(readdirSync(join(root, "opt")), ["meshcore-room"]);
    assert.deepEqual(readdirSync(root).sort(), ["etc", "opt", "usr"]);
  });

  it("a second time keeps the configuration and the program before", () => {
    const config = join(root, "etc/meshcore/room-server.yaml");
    writeFileSync(config, "# mine\n");
    writeFileSync(join(root, "opt/meshcore-room/old"), "");
    assert.equal(deploy("install.sh", "--root", root).code, 0);
    assert.equal(readFileSync(config, "utf8"), "# mine\n");
    assert.deepEqual(readdirSync(join(root, "opt")).sort(), ["meshcore-room", "meshcore-room.previous"]);
    assert.ok(existsSync(join(root, "opt/meshcore-room.previous/old")));
    assert.ok(!existsSync(join(root, "opt/meshcore-room/old")));
  });

  it("uninstall.sh takes all away but configuration and data, and these with --purge", () => {
    mkdirSync(join(root, "var/lib/meshcore-room"), { recursive: true });
    writeFileSync(join(root, "var/lib/meshcore-room/history.sqlite"), "");
    const dry = deploy("uninstall.sh", "--root", root, "--dry-run", "--purge");
    assert.match(dry.out, /rm -rf .*etc\/meshcore\n/);
    assert.ok(existsSync(join(root, "usr/local/bin/meshcore-room")));
    const { code, out } = deploy("uninstall.sh", "--root", root);
    assert.deepEqual(
      [code, filesBelow(root)],
      [0, ["etc/meshcore/room-server.yaml", "var/lib/meshcore-room/history.sqlite"]],
    );
    assert.match(out, /^Kept: .*etc\/meshcore and .*var\/lib\/meshcore-room/m);
    assert.equal(deploy("uninstall.sh", "--root", root, "--purge").code, 0);
    assert.deepEqual(filesBelow(root), []);
  });

  it("--dry-run tells each step and does none", () => {
    const empty = scratch.dir();
    const { code, out } = deploy("install.sh", "--root", empty, "--dry-run");
    assert.equal(code, 0);
    assert.match(out, /write .*meshcore-room\.service[\s\S]*Dry run: nothing was touched\.\n$/);
    assert.deepEqual(readdirSync(empty), []);
  });

  for (const script of ["install.sh", "uninstall.sh"]) {
    it(`${script} explains itself, and refuses what it does not know with code 2`, () => {
      assert.match(deploy(script, "--help").out, /^Usage: /);
      for (const args of [["--rot"], ["--root"]]) {
        const { code, err } = deploy(script, ...args);
        assert.equal(code, 2);
        assert.match(err, /^Error: .*\nTry: .*--help\n$/);
      }
    });
  }

  it("both are plain sh", () => {
    for (const script of ["install.sh", "uninstall.sh"]) {
      assert.equal(spawnSync("sh", ["-n", join(TOP, "deploy", script)]).status, 0);
    }
  });
});

function filesBelow(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

describe("meshcore-room.service", () => {
  const scratch = new Scratch();
  const unit = readFileSync(join(TOP, "deploy/meshcore-room.service"), "utf8");
  after(() => scratch.clean());

  /** The unit in a folder of its own, with a command that is there. */
  function unitFile(text: string): string {
    const folder = scratch.dir();
    const program = join(folder, "meshcore-room");
    writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
    const file = join(folder, "meshcore-room.service");
    writeFileSync(file, text.replace("/usr/local/bin/meshcore-room", program));
    return file;
  }
  const analyze = (...args: string[]) => spawnSync("systemd-analyze", args, { encoding: "utf8" });

  describe("systemd-analyze", () => {
    before(function () {
      if (analyze("--version").status !== 0) {
        this.test!.parent!.title += " not found";
        this.skip();
      }
    });

    it("accepts the unit without a word", () => {
      const { status, stdout, stderr } = analyze("verify", unitFile(unit));
      const ours = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("meshcore-room"));
      assert.deepEqual([status, ours], [0, []]);
    });

    it("would say so if a line of it were wrong", () => {
      const { stdout, stderr } = analyze("verify", unitFile(unit.replace("ProtectHome=", "ProtectHomes=")));
      assert.match(stdout + stderr, /Unknown key (name )?'ProtectHomes'/);
    });

    it("rates its exposure 2.0 or better of 10", function () {
      const { status, stdout } = analyze("security", "--offline=true", unitFile(unit));
      // Offline rating came with systemd 250.
      if (status !== 0 && stdout === "") this.skip();
      const [, exposure] = /exposure level for \S+: ([\d.]+)/.exec(stdout) ?? assert.fail(stdout);
      assert.ok(Number(exposure) <= 2, exposure);
    });
  });

  it("does not forbid V8 to compile", () => {
    assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=/m);
  });

  it("explains every line of the service that is no heading", () => {
    const lines = unit.split("\n");
    // A comment stands above each line or above the block that it begins.
    for (const [at, line] of lines.entries()) {
      if (!/^[A-Z]\w+=/.test(line) || lines.indexOf("[Service]") > at || lines.indexOf("[Install]") < at) continue;
      let up = at;
      while (/^[A-Z]\w+=/.test(lines[up])) up--;
      assert.match(lines[up], /^#/, line);
    }
  });
});
