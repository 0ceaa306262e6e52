import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../simulator/tcp-station.ts";
import { command } from "../cli/start.ts";
import { until } from "../daemon-bench.ts";
import { Scratch } from "../scratch.ts";
import { peerConfig, roomOf, TestServer } from "./server-bench.ts";

const scratch = new Scratch();
let servers: TestServer[] = [];

async function pair(roomsOfA = [roomOf("Open")], roomsOfB = [roomOf("Open")]): Promise<[TestServer, TestServer]> {
  const a = new TestServer("A", scratch.dir(), await freePort(), roomsOfA);
  const b = new TestServer("B", scratch.dir(), await freePort(), roomsOfB);
  a.dials(b);
  servers = [a, b];
  return [a, b];
}

describe("federation: what an operator can set", () => {
  afterEach(async () => {
    for (const one of servers) await one.stop();
    servers = [];
    scratch.clean();
  });

  for (const [federate, reachesA, reachesB] of [
    ["import", true, false],
    ["export", false, true],
    [false, false, false],
  ] as const) {
    it(`federate: ${federate} of a room lets messages ${reachesA ? "in" : reachesB ? "out" : "neither in nor out"} only`, async () => {
      const [a, b] = await pair([roomOf("Open", { federate }), roomOf("Both")], [roomOf("Open"), roomOf("Both")]);
      await a.start();
      await a.post("of a, before");
      await b.start();
      await until("connected", () => a.connected() === 1 && b.connected() === 1);
      await a.post("of a");
      await b.post("of b");
      for (const one of servers) await one.post(`end of ${one.name}`, "Both");
      await until("the other room is there", () => servers.every((one) => one.texts("Both").length === 2));
      const expected = (own: string[], others: string[], isThere: boolean) =>
        [...own, ...(isThere ? others : [])].sort();
      assert.deepEqual(a.texts().sort(), expected(["of a, before", "of a"], ["of b"], reachesA));
      assert.deepEqual(b.texts().sort(), expected(["of b"], ["of a, before", "of a"], reachesB));
    });
  }

  it("a room that is shared after a reload is brought up to date at once", async () => {
    const [a, b] = await pair([roomOf("Open"), roomOf("Late", { federate: false })], [roomOf("Open"), roomOf("Late")]);
    await a.start();
    await b.start();
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    await a.post("waits", "Late");
    a.rooms.apply([roomOf("Open"), roomOf("Late")]);
    await until("there", () => b.texts("Late").length === 1);
    assert.equal(b.lines.filter((line) => line.includes("its rooms have changed")).length, 1);
  });

  it("max_kib_per_s holds a backlog back, and new messages come before it", async () => {
    const rooms = [roomOf("Open", { maxHistory: 10_000 })];
    const [a, b] = await pair(rooms, rooms);
    a.settings.maxKibPerS = 16;
    await a.start();
    await Promise.all(Array.from({ length: 1000 }, (_, i) => a.post(`${i} ${"x".repeat(100)}`)));
    await b.start();
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    const from = performance.now();
    await until("some are there", () => b.told.length > 64);
    await a.post("new");
    await until("the new one", () => b.told.some(({ text }) => text === "new"));
    const count = b.told.length;
    assert.ok(count < 900, `${count} were there before it`);
    assert.ok(a.federation.status()[0].queue_depth > 50);
    const bytes = count * 140;
    const allowed = 16 * 1024 * (2.5 + (performance.now() - from) / 1000);
    assert.ok(bytes < allowed, `${bytes} bytes, ${allowed} allowed`);
  });

  it("a certificate that was made once stays, and pins fit it", async () => {
    const [a, b] = await pair();
    await b.start();
    const { out } = await command([
      "federation",
      "pair",
      "A",
      "--addr",
      "a:1",
      "--own",
      "b:1",
      "--json",
      "--config",
      yaml(b),
    ]);
    const { code } = JSON.parse(out) as { code: string };
    const { fingerprint } = JSON.parse(Buffer.from(code.slice(6), "base64url").toString()) as { fingerprint: string };
    a.settings.peers = [{ ...peerConfig("B", b.settings.port), fingerprint }];
    await a.start();
    await until("connected", () => a.connected() === 1);
  });

  it("two servers are joined by two commands", async () => {
    const [a, b] = await pair();
    a.settings.peers = [];
    a.settings.secret = "";
    b.settings.secret = "";
    await a.start();
    await b.start();
    const [atA, atB] = [a, b].map((one) => `127.0.0.1:${one.settings.port}`);
    const first = await command(["federation", "pair", "B", "--addr", atB, "--own", atA, "--config", yaml(a)]);
    assert.equal(first.code, 0, first.err);
    const [, secret] = /secret: "([^"]+)"/.exec(first.out) ?? [];
    const [, code] = /--code (mcrf1_\S+)/.exec(first.out) ?? [];
    const early = await command(["federation", "pair", "--code", code, "--config", yaml(b)]);
    assert.match(early.err, /does not accept our secret/);
    a.settings.peers.push(peerConfig("B", b.settings.port, secret));
    a.events.emit("config", {} as never);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const second = await command(["federation", "pair", "--code", code, "--config", yaml(b), "--json"]);
    const { peer, works } = JSON.parse(second.out) as { peer: Record<string, string>; works: boolean };
    assert.equal(works, true, second.out);
    b.settings.peers.push(
      peerConfig(peer["name"], Number(peer["addr"].split(":")[1]), peer["secret"], peer["fingerprint"]),
    );
    b.events.emit("config", {} as never);
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    await a.post("hello");
    await until("there", () => b.texts().includes("hello"));
    const bad = await command(["federation", "pair", "--code", code.slice(0, -9), "--config", yaml(b)]);
    assert.equal(bad.code, 2);
    assert.ok(![...a.lines, ...b.lines].some((line) => line.includes(secret)));
  });
});

/** A configuration file of this server, as far as the command needs one. */
function yaml(server: TestServer): string {
  const file = join(server.dir, "room.yaml");
  writeFileSync(file, `name: ${server.name}\ndata_dir: ${server.dir}\n`, { mode: 0o600 });
  return file;
}
