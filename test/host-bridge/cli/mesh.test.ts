import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { widthOf } from "../../../host-bridge/cli/io.ts";
import { Scratch } from "../scratch.ts";
import { FakeDaemon } from "./daemon.ts";
import { command } from "./start.ts";

const NODE = {
  ...{ node_id: "ab".repeat(32), name: "Hilltop 🐐", type: "repeater", lat: 60.1, lon: 5.25 },
  ...{ last_seen: 1_790_000_000, rssi: -101, snr: -4.25, hops: 2, battery_mv: 4012 },
};

describe("nodes and peers", () => {
  let daemon: FakeDaemon;
  beforeEach(async () => {
    daemon = new FakeDaemon([]);
    await daemon.start();
  });
  afterEach(() => daemon.stop());

  it("nodes are a table for a person, rows with tabs for a program, objects with --json", async () => {
    daemon.nodes = { nodes: [NODE] };
    const args = ["nodes", "--url", daemon.url];
    const shown = await command(args, { isTty: true, env: { NO_COLOR: "1" } });
    assert.equal(
      shown.out,
      `NODE          NAME        TYPE      HEARD                 RSSI      SNR      HOPS  BATTERY  POSITION
abababababab  Hilltop 🐐  repeater  2026-09-21 14:13:20Z  -101 dBm  -4.3 dB  2     4012 mV  60.1, 5.25
`.replace("-4.3", "-4.2"),
    );
    assert.match((await command(args)).out, /^abababababab\tHilltop 🐐\trepeater\t/);
    assert.deepEqual(JSON.parse((await command([...args, "--json"])).out), [NODE]);
  });

  it("nodes are sorted and picked as wanted, and those without a value come last", async () => {
    const row = (name: string, fields: object) => ({ ...NODE, ...fields, name, node_id: name.repeat(64).slice(0, 64) });
    const list = [
      row("a", { last_seen: 3, rssi: -90, hops: 2, type: "chat" }),
      row("c", { last_seen: 9, rssi: null, hops: 0, own: true }),
      row("b", { last_seen: null, rssi: -50, hops: 1, silent: true }),
    ];
    daemon.nodes = { nodes: list };
    const order = async (...more: string[]): Promise<string> => {
      const { out } = await command(["nodes", "--url", daemon.url, "--json", ...more]);
      return (JSON.parse(out) as { name: string }[]).map(({ name }) => name).join("");
    };
    assert.deepEqual(
      [await order(), await order("--sort", "name"), await order("--sort", "rssi"), await order("--sort", "hops")],
      ["cab", "abc", "bac", "cba"],
    );
    assert.deepEqual(
      [
        await order("--type", "chat"),
        await order("--silent"),
        await order("--grep", "CCC"),
        await order("--grep", "x"),
      ],
      ["a", "b", "c", ""],
    );
    const shown = (await command(["nodes", "--url", daemon.url])).out;
    assert.match(shown, /\tc\trepeater, ours\t/);
    assert.match(shown, /\tb\trepeater\t- silent\t/);
    const none = await command(["nodes", "--url", daemon.url, "--grep", "x"]);
    assert.deepEqual([none.code, none.err], [0, "No node is like that.\n"]);
    assert.equal((await command(["nodes", "--sort", "x", "--url", daemon.url])).code, 2);
    assert.equal((await command(["nodes", "--type", "x", "--url", daemon.url])).code, 2);
  });

  it("no node is an empty table and one sentence", async () => {
    daemon.nodes = { nodes: [] };
    const args = ["nodes", "--url", daemon.url];
    const { code, out, err } = await command(args, { isTty: true, env: { NO_COLOR: "1" } });
    assert.deepEqual([code, out.split("\n").length, out.slice(0, 4)], [0, 2, "NODE"]);
    assert.equal(err, "No node has been heard yet: they appear when they send an advert.\n");
    assert.deepEqual((await command(args)).out, "");
    assert.deepEqual((await command([...args, "--json"])).out, "[]\n");
  });

  it("a daemon that has no such list is no failure", async () => {
    const { code, out, err } = await command(["nodes", "--json", "--url", daemon.url]);
    assert.deepEqual([code, out, err], [0, "[]\n", ""]);
    assert.match((await command(["nodes", "--url", daemon.url])).err, /does not list nodes yet/);
  });

  it("peers show link and queue, and say when federation is off or has nobody", async () => {
    const peer = { name: "B", addr: "b.example:1", connected: true, latency_ms: 12, queue_depth: 0, sent: 1 };
    const args = ["peers", "--url", daemon.url];
    daemon.status = { federation: { enabled: true, peers: [{ ...peer, received: 2, duplicates: 3 }] } };
    assert.equal((await command(args)).out, "B\tb.example:1\tconnected\t12 ms\t0\t1\t2\t3\n");
    const coloured = await command(args, { isTty: true });
    assert.ok(coloured.out.includes("\u001b[32mconnected\u001b[39m  12 ms"), coloured.out);
    daemon.status = { federation: { enabled: true, peers: [] } };
    assert.match((await command(args)).err, /^Federation is on, and no peer is configured/);
    daemon.status = { federation: { enabled: false, peers: [] } };
    const off = await command(args, { isTty: true });
    assert.match(off.err, /^Federation is off at this daemon/);
    assert.deepEqual((await command([...args, "--json"])).out, "[]\n");
  });

  it("a token comes from a file or the environment, goes with every request, and is never printed", async () => {
    const scratch = new Scratch();
    const folder = scratch.dir();
    const file = join(folder, "token");
    writeFileSync(file, "mcr_1_file\n");
    daemon.nodes = { nodes: [] };
    await command(["nodes", "--url", daemon.url, "--token-file", file]);
    await command(["nodes", "--url", daemon.url], { env: { MESHCORE_ROOM_TOKEN: "mcr_1_env" } });
    await command(["nodes", "--url", daemon.url]);
    assert.deepEqual(daemon.authorizations, ["Bearer mcr_1_file", "Bearer mcr_1_env", undefined]);
    await command(["send", "A", "x", "--url", daemon.url, "--token-file", file]);
    assert.equal(daemon.said[0]["token"], "mcr_1_file");
    daemon.nodes = 401;
    const refused = await command(["nodes", "--url", daemon.url, "--token-file", file]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^Error: .*does not take this token\nTry: another token/);
    assert.ok(!refused.err.includes("mcr_1"));
    const none = await command(["nodes", "--url", daemon.url, "--token-file", join(folder, "no")]);
    assert.equal(none.code, 2);
    assert.match(none.err, /^Error: --token-file .*expected a readable file, found ENOENT\nTry: check the path\n$/);
    scratch.clean();
  });
});

describe("widthOf", () => {
  it("counts what a terminal draws", () => {
    assert.deepEqual(
      ["abc", "né", "ne\u0301", "🐐", "漢字", "\u001b[1mab\u001b[22m", "👩‍🚒"].map(widthOf),
      [3, 2, 2, 2, 4, 2, 2],
    );
  });
});
