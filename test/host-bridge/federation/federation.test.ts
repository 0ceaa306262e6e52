import assert from "node:assert/strict";
import { RoomError } from "../../../host-bridge/errors.ts";
import { makeRoom } from "../../../host-bridge/room/rooms.ts";
import { freePort } from "../../simulator/tcp-station.ts";
import { until } from "../daemon-bench.ts";
import { roomConfig, sealText } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { roomOf, TestServer } from "./server-bench.ts";
import { SHAPES } from "./shapes.ts";

/** `MESSAGES=10000 npx mocha test/host-bridge/federation/federation.test.ts` for the long run. */
const MESSAGES = Number(process.env["MESSAGES"] ?? 400);
const scratch = new Scratch();
let servers: TestServer[] = [];

async function server(name: string, rooms = [roomOf("Open")]): Promise<TestServer> {
  const made = new TestServer(name, scratch.dir(), await freePort(), rooms);
  servers.push(made);
  return made;
}

const allSame = (room = "Open") =>
  until("all histories are the same", () => {
    const [first, ...others] = servers.map((one) => one.history(room).join("\n"));
    return others.every((text) => text === first);
  });

describe("federation", () => {
  afterEach(async () => {
    for (const one of servers) await one.stop();
    servers = [];
    scratch.clean();
  });

  it("carries messages both ways over one connection, whoever dialled", async () => {
    const [a, b] = [await server("A"), await server("B")];
    a.dials(b);
    await Promise.all([a.start(), b.start()]);
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    await a.post("from a");
    await b.post("from b");
    await until("both have both", () => a.told.length === 2 && b.told.length === 2);
    assert.deepEqual(b.history(), a.history());
    const there = b.told.find(({ text }) => text === "from a");
    assert.equal(there?.via, "federation");
    assert.equal(there?.origin, "A");
    assert.ok(there?.ageMs !== undefined && there.ageMs < 5000);
    assert.match(a.lines.join("\n"), /Federation peer "B" connected \(TLS, latency \d+ms\)/);
    const [status] = a.federation.status();
    assert.deepEqual(
      [status.name, status.connected, status.queue_depth, status.sent, status.received, status.duplicates],
      ["B", true, 0, 1, 1, 0],
    );
  });

  it("ends with one connection when both dial", async () => {
    const [a, b] = [await server("A"), await server("B")];
    a.dials(b);
    b.dials(a);
    await Promise.all([a.start(), b.start()]);
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await a.post("x");
    await until("there", () => b.told.length === 1);
    assert.equal(a.connected() + b.connected(), 2);
    assert.equal(a.federation.status().length, 1);
    assert.equal(a.lines.filter((line) => line.includes('"B" connected')).length, 1, a.lines.join("\n"));
  });

  it("stays connected while a disk is full, and takes what was said meanwhile in its order", async () => {
    const [a, b] = [await server("A"), await server("B")];
    a.dials(b);
    await b.start();
    await a.start();
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    const { store } = b;
    const write = store.write.bind(store);
    store.write = () => {
      throw new RoomError("store_full", "no room on the disk");
    };
    // More than may be under way, each in a frame of its own.
    for (let i = 0; i < 100; i++) await a.post(`m${i}`);
    await until("it is noticed", () => b.rooms.trouble()?.code === "store_full");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(b.told.length, 0);
    store.write = write;
    await until("all is there", () => b.told.length === 100);
    assert.deepEqual(b.history(), a.history());
    assert.deepEqual(
      b.told.map(({ text }) => Number.parseInt(text.slice(1), 10)),
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.doesNotMatch([...a.lines, ...b.lines].join("\n"), /disconnected/);
    const said = b.lines.filter((line) => line.includes("stored")).map((line) => line.replaceAll(/\d+/g, "n"));
    assert.deepEqual(said, [
      "error n messages could not be stored and were not acknowledged: no room on the disk",
      'warn Federation peer "A": its messages wait, for they cannot be stored here now: no room on the disk',
      "warn Messages are stored again; n were refused meanwhile",
      'info Federation peer "A": its messages are stored again',
    ]);
  });

  it("gives a new server the whole history, and both what the other has missed", async () => {
    const [a, b] = [await server("A"), await server("B")];
    a.dials(b);
    await a.start();
    for (let i = 0; i < 300; i++) await a.post(`a${i}`);
    await b.start();
    for (let i = 0; i < 5; i++) await b.post(`b${i}`);
    await allSame();
    assert.equal(a.texts().length, 100, "max_history");
    await b.stop();
    for (let i = 0; i < 10; i++) await a.post(`later ${i}`);
    await b.start();
    await allSame();
    assert.equal(b.federation.status()[0].duplicates, 0);
  });

  it("shares a room only with who has its key, under whatever name, and says nothing of others", async () => {
    const psk = { psk: "x", isPrivate: true };
    const [a, b] = [await server("A", [roomOf("Open"), roomOf("Ours", psk)]), await server("B")];
    b.list = [makeRoom(roomConfig("Theirs"), a.list[1].key), roomOf("Elsewhere")];
    a.dials(b);
    await Promise.all([a.start(), b.start()]);
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    await a.post("kept here", "Open");
    await a.post("shared", "Ours");
    await until("there", () => b.told.length === 1);
    assert.deepEqual(b.texts("Theirs"), ["shared"]);
    assert.deepEqual(b.texts("Elsewhere"), []);
    assert.equal(a.federation.status()[0].rooms, 1);
  });

  it("takes a packet that both have heard by radio as one message", async () => {
    const [a, b] = [await server("A"), await server("B")];
    a.dials(b);
    await Promise.all([a.start(), b.start()]);
    await until("connected", () => a.connected() === 1 && b.connected() === 1);
    const report = { board: "b1", room: "Open", bootId: 1, keyCheck: 2, own: false, rssi: -70, snr: 5, hops: 0 };
    for (let seq = 1; seq <= 5; seq++) {
      const payload = sealText(a.room(), 1_700_000_000 + seq, `Carol: ${seq}`);
      for (const one of [a, b]) one.rooms.ingest({ ...report, seq, payload }, () => undefined);
    }
    await a.post("end");
    await until("there", () => b.told.length === 6 && a.told.length === 6);
    await until(
      "settled",
      () => JSON.stringify([...a.store.vector("Open")].sort()) === JSON.stringify([...b.store.vector("Open")].sort()),
    );
    assert.deepEqual(b.texts(), a.texts());
  });

  for (const [shape, links] of Object.entries(SHAPES)) {
    it(`brings four servers together as ${shape}`, async () => {
      const rooms = [roomOf("Open", { maxHistory: 100_000 })];
      for (const name of ["A", "B", "C", "D"]) await server(name, rooms);
      for (const [from, to] of links) servers[from].dials(servers[to]);
      for (const one of servers) await one.start();
      const total = MESSAGES;
      const posts: Promise<string>[] = [];
      for (let i = 0; i < total; i++) {
        posts.push(servers[i % 4].post(`n${i}`));
        if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await Promise.all(posts);
      await until("all have all", () => servers.every((one) => one.told.length >= total), 20_000 + total * 20);
      await allSame();
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const one of servers) {
        assert.equal(one.told.length, total);
        assert.equal(new Set(one.told.map(({ guid }) => guid)).size, total);
        assert.equal(one.history().length, total);
      }
      if (process.env["MESSAGES"]) {
        const peers = servers.flatMap((one) => one.federation.status());
        const sum = (pick: (peer: (typeof peers)[number]) => number): number =>
          peers.reduce((all, one) => all + pick(one), 0);
        console.log(
          `      ${sum(({ sent }) => sent)} sent, ${sum(({ duplicates }) => duplicates)} of them known there`,
        );
      }
    });
  }
});
