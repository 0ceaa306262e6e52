import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Finding, Surroundings } from "../../../host-bridge/cli/checks.ts";
import { doctor } from "../../../host-bridge/cli/doctor.ts";
import { loadConfig } from "../../../host-bridge/config/load.ts";
import { RoomError } from "../../../host-bridge/errors.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import { runDaemon } from "../../../host-bridge/run.ts";
import { Scratch } from "../scratch.ts";
import { command } from "./start.ts";

const NOW = Date.UTC(2026, 10, 20, 12);

describe("doctor", () => {
  const scratch = new Scratch();
  const servers: Server[] = [];
  let folder: string;
  const around: Surroundings = { unixMs: () => NOW, clockIsSynchronised: () => true, uid: process.getuid?.() ?? null };

  beforeEach(() => {
    folder = scratch.dir();
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    scratch.clean();
  });

  /** Someone who takes connections and says nothing of use. */
  async function listener(text = ""): Promise<number> {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(text);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  function config(text: string): string {
    const file = join(folder, "room.yaml");
    const listen = text.includes("listen:") ? "" : "listen: 127.0.0.1:0\n";
    const dataDir = text.includes("data_dir:") ? "" : `data_dir: ${join(folder, "data")}\n`;
    writeFileSync(file, `${listen}${dataDir}rooms: [{ name: A }]\n${text}`, { mode: 0o600 });
    return file;
  }

  /** The findings for a configuration, and what the command threw. */
  async function examine(file: string, more: Partial<Surroundings> = {}) {
    let out = "";
    const io = {
      ...{ out: (text: string) => void (out += text), err: () => undefined, env: {}, defaultFiles: [] },
      ...{ isTty: false, interrupted: () => new Promise<void>(() => undefined), onHangup: () => undefined },
    };
    const error = await doctor({ config: [file], json: true }, io, { ...around, ...more }).catch((thrown) => thrown);
    const list = JSON.parse(out) as Finding[];
    return { error, list, of: (check: string) => list.find((finding) => finding.check === check) };
  }

  it("finds nothing wrong where nothing is, and throws nothing", async () => {
    const { error, list } = await examine(config("boards: [{ type: serial, path: /dev/null }]\n"));
    assert.equal(error, undefined);
    assert.deepEqual(
      list.map(({ check, state }) => `${check.split(" ")[0]} ${state}`),
      ["configuration ok", "data_dir ok", "disk ok", "clock ok", "listen ok", "board ok"],
    );
    assert.ok(list.every(({ remedy }) => remedy === null));
  });

  it("ends with code 1, and each line that is not ok has a remedy", async () => {
    const file = config("boards: [{ type: serial, path: /dev/ttyNONE, id: mast }]\n");
    const plain = await command(["doctor", "--config", file]);
    assert.equal(plain.code, 1);
    assert.match(plain.out, /^FAIL\tboard mast\t\/dev\/ttyNONE is not there\tplug the board in/m);
    assert.match(plain.err, /^Error: 1 of \d checks failed\nTry: .*doctor again\n$/);
    const shown = await command(["doctor", "--config", file], { isTty: true });
    assert.ok(
      shown.out.includes(
        "\u001b[31mFAIL\u001b[39m  board mast: /dev/ttyNONE is not there\n      Try: plug the board in",
      ),
      shown.out,
    );
  });

  it("a configuration that is wrong ends with code 2 as with check", async () => {
    const { code, err } = await command(["doctor", "--config", config("rums: []\n")]);
    assert.equal(code, 2);
    assert.match(err, /rums: .*\nTry: did you mean rooms/);
  });

  it("a configuration with a secret that everybody can read is a warning", async () => {
    const file = join(folder, "open.yaml");
    writeFileSync(file, 'listen: 127.0.0.1:0\nrooms: [{ name: A, psk: "twelve otters cross at dawn" }]\n');
    chmodSync(file, 0o644);
    const { list } = await examine(file);
    assert.deepEqual([list[0].check, list[0].state, list[0].remedy], ["configuration", "warning", `chmod 640 ${file}`]);
  });

  describe("data_dir", () => {
    it("that others can look into is a warning", async () => {
      mkdirSync(join(folder, "data"), { mode: 0o755 });
      assert.equal((await examine(config(""))).of("data_dir")?.remedy, `chmod 700 ${join(folder, "data")}`);
    });

    it("that is a file fails", async () => {
      writeFileSync(join(folder, "data"), "");
      assert.match((await examine(config(""))).of("data_dir")?.found ?? "", /is no directory$/);
    });

    it("with a file of root in it, from a command run as root, fails", async function () {
      if (process.getuid?.() !== 0) this.skip();
      mkdirSync(join(folder, "data"), { mode: 0o700 });
      spawnSync("chown", ["1234", join(folder, "data")]);
      writeFileSync(join(folder, "data", "history.sqlite"), "");
      const found = (await examine(config(""))).of("data_dir");
      assert.equal(found?.state, "failed");
      assert.match(found?.found ?? "", /^history\.sqlite in .* belongs to another user/);
    });
  });

  describe("clock", () => {
    it("before this software was written fails", async () => {
      assert.equal((await examine(config(""), { unixMs: () => 0 })).of("clock")?.state, "failed");
    });

    it("that nobody sets is a warning, that nobody can tell of is none", async () => {
      assert.equal((await examine(config(""), { clockIsSynchronised: () => false })).of("clock")?.state, "warning");
      assert.equal((await examine(config(""), { clockIsSynchronised: () => null })).of("clock")?.state, "ok");
    });
  });

  describe("ports", () => {
    it("where this daemon runs is told", async () => {
      const port = await listener();
      servers.splice(0)[0].close();
      const file = config(`listen: 127.0.0.1:${port}\n`);
      const daemon = await runDaemon(loadConfig([file], {}).config, silentLog());
      assert.equal((await examine(file)).of("listen")?.found, `the daemon answers at 127.0.0.1:${port}`);
      await daemon.stop();
      assert.equal((await examine(file)).of("listen")?.found, `127.0.0.1:${port} is free; no daemon runs there`);
    });

    it("where another program is fails", async () => {
      const found = (await examine(config(`listen: 127.0.0.1:${await listener("no HTTP\r\n\r\n")}\n`))).of("listen");
      assert.deepEqual([found?.state, found?.remedy], ["failed", "stop it, or choose another port"]);
    });

    it("open to the network without TLS is a warning", async () => {
      const { list } = await examine(config("listen: 0.0.0.0:0\n"));
      assert.ok(list.some(({ check, found }) => check === "listen" && /without TLS/.test(found)));
    });
  });

  describe("certificates", () => {
    const withTls = (): string => config(`tls: { cert: ${join(folder, "c.pem")}, key: ${join(folder, "k.pem")} }\n`);
    before(function () {
      if (spawnSync("openssl", ["version"]).status !== 0) {
        this.test!.parent!.title += " (openssl not found)";
        this.skip();
      }
    });

    function make(name: string, days: number): void {
      const made = spawnSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
          "-subj",
          "/CN=x",
        ].concat([
          "-days",
          String(days),
          "-keyout",
          join(folder, `k${name}.pem`),
          "-out",
          join(folder, `c${name}.pem`),
        ]),
      );
      assert.equal(made.status, 0, String(made.stderr));
    }

    for (const [title, afterDays, state, text] of [
      ["that is good for long is ok", 0, "ok", /is good for \d\d days$/],
      ["that ends soon is a warning", 25, "warning", /is good for \d days?$/],
      ["that is over fails", 40, "failed", /is over since/],
    ] as const) {
      it(title, async () => {
        make("", 30);
        const unixMs = (): number => Date.now() + afterDays * 24 * 3600 * 1000;
        const found = (await examine(withTls(), { unixMs })).of("tls");
        assert.equal(found?.state, state, found?.found);
        assert.match(found?.found ?? "", text);
      });
    }

    it("whose key is of another one fails", async () => {
      make("", 30);
      make("2", 30);
      const file = config(`tls: { cert: ${join(folder, "c.pem")}, key: ${join(folder, "k2.pem")} }\n`);
      assert.match((await examine(file)).of("tls")?.found ?? "", /is not the key of/);
    });

    it("that is not there fails", async () => {
      const found = (await examine(withTls())).of("tls");
      assert.deepEqual([found?.state, found?.found], ["failed", `${join(folder, "c.pem")}: ENOENT`]);
    });
  });

  it("a broker and peers are asked for a connection", async () => {
    const port = await listener();
    const file = config(`mqtt: { enabled: true, broker: "mqtt://127.0.0.1:${port}" }
peers:
  - { name: B, host: 127.0.0.1, port: ${port}, secret: "a long secret of mine 71" }
  - { name: C, host: 127.0.0.1, port: 1, secret: "a long secret of mine 72" }
`);
    const { of, error } = await examine(file);
    // Something takes the connection there and is no broker.
    assert.match(of("mqtt.broker")?.found ?? "", /: it takes connections and does not answer as a broker$/);
    // Something takes the connection there and is no room server.
    assert.deepEqual(
      [of("peer B")?.state, of("peer B")?.remedy],
      ["failed", "meshcore-room federation pair, on both sides"],
    );
    assert.deepEqual(
      [of("peer C")?.state, of("peer C")?.found],
      ["failed", "127.0.0.1:1 cannot be reached (ECONNREFUSED)"],
    );
    assert.ok(error instanceof RoomError && error.code === "doctor_failed");
  });

  it("weak secrets are among the warnings, and not shown", async () => {
    const file = config("");
    writeFileSync(file, 'listen: 127.0.0.1:0\nrooms: [{ name: A, psk: "hunter2" }]\n', { mode: 0o600 });
    const { list } = await examine(file);
    assert.equal(list[0].check, "configuration");
    assert.ok(!JSON.stringify(list).includes("hunter2"));
  });
});
