import assert from "node:assert/strict";
import { RoomSeal, roomSeal } from "../../../host-bridge/federation/seal.ts";
import { freePort } from "../../simulator/tcp-station.ts";
import { until } from "../daemon-bench.ts";
import { sealText } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { RawPeer } from "./raw-peer.ts";
import { roomOf, SECRET, TestServer } from "./server-bench.ts";

const LIMITS = { maxRooms: 8, maxRoomsPerPeer: 4, maxMessages: 1000 };

const scratch = new Scratch();
let servers: TestServer[] = [];

async function server(name: string, rooms = [roomOf("Open")]): Promise<TestServer> {
  const made = new TestServer(name, scratch.dir(), await freePort(), rooms);
  servers.push(made);
  return made;
}

async function blindHub(limits: Partial<typeof LIMITS> = {}): Promise<TestServer> {
  const hub = await server("Hub", [roomOf("The hub's own")]);
  hub.settings.blindHub = { ...LIMITS, ...limits };
  return hub;
}

async function members(hub: TestServer, names: string[], rooms?: string[]): Promise<TestServer[]> {
  const made = [];
  for (const name of names) {
    const member = await server(
      name,
      rooms?.map((room) => roomOf(room)),
    );
    member.relaysBy(hub);
    made.push(member);
  }
  return made;
}

const same = (all: TestServer[], room = "Open") =>
  until("all histories are the same", () => {
    const [first, ...others] = all.map((one) => one.history(room).join("\n"));
    return others.every((text) => text === first);
  });

const shares = (one: TestServer, rooms: number) =>
  until("it shares rooms", () => one.federation.status().some((peer) => peer.connected && peer.rooms === rooms));

/** The hub is restarted, and all are told what they lack. */
async function again(hub: TestServer, all: TestServer[]): Promise<void> {
  await hub.stop();
  await until("it is gone", () => all.every((one) => one.connected() === 0));
  await hub.start();
  for (const one of all) await shares(one, 1);
  await until("at rest", () => all.every((one) => one.federation.status()[0].queue_depth === 0));
}

describe("a blind hub", () => {
  afterEach(async () => {
    for (const one of servers) await one.stop();
    servers = [];
    scratch.clean();
  });

  it("carries messages between members of a room whose key it lacks", async () => {
    const hub = await blindHub();
    const all = await members(hub, ["A", "B", "C"]);
    for (const one of [hub, ...all]) await one.start();
    for (const one of all) await shares(one, 1);
    for (let i = 0; i < 30; i++) await all[i % 3].post(`${i}`);
    await until("told", () => all.every(({ told }) => told.length === 30));
    await same(all);
    assert.equal(hub.told.length, 0);
    assert.deepEqual([...new Set(all[2].told.map(({ origin }) => origin))].sort(), ["A", "B", "C"]);
    for (const one of all) assert.equal(one.federation.status()[0].duplicates, 0);
  });

  it("gives a member that was away what it missed, also after both were restarted", async () => {
    const hub = await blindHub();
    const [a, b] = await members(hub, ["A", "B"]);
    await hub.start();
    await a.start();
    for (let i = 0; i < 90; i++) await a.post(`${i}`);
    await until(
      "the hub has all",
      () => a.federation.status()[0].queue_depth === 0 && a.federation.status()[0].sent === 90,
    );
    await a.stop();
    await hub.stop();
    await hub.start();
    await b.start();
    await until("told", () => b.told.length === 90);
    await b.post("back");
    await until(
      "the hub has it",
      () => b.federation.status()[0].sent === 1 && b.federation.status()[0].queue_depth === 0,
    );
    await b.stop();
    await a.start();
    await until("there", () => a.texts().includes("back"));
    await b.start();
    await same([a, b]);
    assert.equal(a.federation.status()[0].received, 1);
  });

  it("keeps its members waiting while its disk takes nothing, and says so", async () => {
    const hub = await blindHub();
    const [a, b] = await members(hub, ["A", "B"]);
    for (const one of [hub, a, b]) await one.start();
    for (const one of [a, b]) await shares(one, 1);
    const inside = hub.federation as unknown as { hub: { store: { db: { exec(sql: string): void } } } };
    const { db } = inside.hub.store;
    db.exec("PRAGMA query_only = ON");
    for (let i = 0; i < 20; i++) await a.post(`${i}`);
    const [c] = await members(hub, ["C"], ["Another"]);
    await c.start();
    const says = (pattern: RegExp) => until(String(pattern), () => hub.lines.some((line) => pattern.test(line)));
    await says(/^warn Federation peer "A": its messages wait, for they cannot be stored here now: .*hub\.sqlite/);
    await says(/^warn Federation peer "C" disconnected \(its messages cannot be stored here now\)$/);
    assert.doesNotMatch(c.lines.join("\n"), /sqlite/);
    assert.equal(b.told.length, 0);
    db.exec("PRAGMA query_only = OFF");
    await until("all is there", () => b.told.length === 20);
    await shares(c, 1);
    await same([a, b]);
    for (const one of [a, b]) assert.doesNotMatch(one.lines.join("\n"), /disconnected/);
  });

  it("keeps the newest within max_messages, and says that the others are gone", async () => {
    const hub = await blindHub({ maxMessages: 20 });
    const [a, b] = await members(hub, ["A", "B"]);
    await hub.start();
    await a.start();
    for (let i = 0; i < 50; i++) {
      await a.post(`${i}`);
      // A hub goes by ages in milliseconds, and is not to find these two of one age.
      if (i === 29) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await until(
      "the hub has all",
      () => a.federation.status()[0].queue_depth === 0 && a.federation.status()[0].sent === 50,
    );
    await b.start();
    await until("told", () => b.told.length === 20);
    assert.deepEqual(b.texts(), a.texts().slice(30));
    await again(hub, [a, b]);
    assert.deepEqual([b.federation.status()[0].received, b.federation.status()[0].duplicates], [20, 0]);
  });

  it("takes a packet that two members have heard by radio as one message", async () => {
    const hub = await blindHub();
    const [a, b, c] = await members(hub, ["A", "B", "C"]);
    for (const one of [hub, a, b, c]) await one.start();
    for (const one of [a, b, c]) await shares(one, 1);
    const report = { board: "b1", room: "Open", bootId: 1, keyCheck: 2, own: false, rssi: -70, snr: 5, hops: 0 };
    for (let seq = 1; seq <= 5; seq++) {
      const payload = sealText(a.room(), 1_700_000_000 + seq, `Carol: ${seq}`);
      for (const one of [a, b]) one.rooms.ingest({ ...report, seq, payload }, () => undefined);
    }
    await until("told", () => c.told.length === 5);
    await again(hub, [a, b, c]);
    await c.post("end");
    await until("told", () => [a, b].every(({ told }) => told.length === 6));
    for (const one of [a, b]) assert.deepEqual(one.texts(), c.texts());
    assert.deepEqual([c.federation.status()[0].received, c.federation.status()[0].duplicates], [5, 0]);
  });

  it("is told of no room by a peer that does not call it one, and keeps none where it is none", async () => {
    const hub = await blindHub();
    const plain = await server("A");
    plain.dials(hub);
    await hub.start();
    await plain.start();
    await until("connected", () => plain.connected() === 1);
    await plain.post("x");
    const [none] = [await server("None", [])];
    const [b] = await members(none, ["B"]);
    await none.start();
    await b.start();
    await until("connected", () => b.connected() === 1);
    await b.post("x");
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const one of [plain, b]) {
      const [{ rooms, sent, queue_depth: depth }] = one.federation.status();
      assert.deepEqual([rooms, sent, depth], [0, 0, 0]);
    }
  });

  it("has no place for more rooms than its limits, of one peer and of all", async () => {
    const hub = await blindHub({ maxRooms: 3, maxRoomsPerPeer: 2 });
    hub.settings.peers.push(
      { ...hub.settings.peers[0], ...peerAt("A", "the secret of a 1234567"), ...{ blindHub: false } },
      { ...hub.settings.peers[0], ...peerAt("B", "the secret of b 1234567"), ...{ blindHub: false } },
    );
    const a = await server(
      "A",
      ["1", "2", "3"].map((name) => roomOf(name)),
    );
    const b = await server(
      "B",
      ["3", "4", "5"].map((name) => roomOf(name)),
    );
    a.relaysBy(hub, "the secret of a 1234567");
    b.relaysBy(hub, "the secret of b 1234567");
    await hub.start();
    await a.start();
    await shares(a, 2);
    await b.start();
    await shares(b, 1);
    assert.match(a.lines.join("\n"), /Federation peer "Hub": no place for more rooms: it does not keep "3"/);
    assert.match(b.lines.join("\n"), /Federation peer "Hub": no place for more rooms: it does not keep "4", "5"/);
    assert.match(hub.lines.join("\n"), /Federation peer "A": no place for more rooms: 1 of its rooms/);
  });

  it("goes away and comes back under traffic, beside another one and a direct peer, and nothing is lost", async () => {
    const [one, two] = [await blindHub(), await server("Hub 2", [])];
    two.settings.blindHub = { ...LIMITS };
    const all = await members(one, ["A", "B", "C", "D"]);
    const [a, b, c, d] = all;
    // A and B have the second hub too, C and D each other.
    for (const member of [a, b]) member.relaysBy(two);
    c.dials(d);
    for (const each of [one, two, ...all]) await each.start();
    for (let i = 0; i < 80; i++) {
      await all[i % 4].post(`${i}`);
      if (i === 20) await one.stop();
      if (i === 50) await one.start();
      if (i === 60) await two.stop();
      if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await two.start();
    await until("told", () => all.every(({ told }) => told.length === 80));
    await same(all);
    assert.equal(new Set(a.history()).size, 80);
  });

  it("that lies cannot keep away what comes by another way", async () => {
    const [a, b] = [await server("A"), await server("B")];
    a.settings.peers.push({ ...peerAt("Mallory", SECRET), blindHub: true });
    await a.start();
    await b.start();
    const hub = await new RawPeer().connect(a.settings.port);
    await hub.enter(SECRET, []);
    await hub.next("vaults");
    const room = 65_536;
    hub.send({ name: "vector", room, places: [{ stream: b.store.stream, seq: 1_000_000 }], isLast: true });
    hub.send({ name: "marks", room, places: [{ stream: b.store.stream, seq: 1_000_000 }] });
    await hub.next("ack");
    b.settings.peers.push({
      ...peerAt("A", SECRET),
      address: { host: "127.0.0.1", port: a.settings.port },
      blindHub: false,
    });
    await b.post("before");
    await b.stop();
    await b.start();
    await until("connected", () => b.connected() === 1);
    await b.post("after");
    await until("told", () => a.told.length === 2);
    hub.socket.destroy();
  });

  it("that lies, and is found out: what it makes up, changes or swaps is refused", async () => {
    const a = await server("A");
    await a.start();
    const guid = await a.post("real");
    const hub = new RawPeer();
    a.settings.peers.push({ ...peerAt("Mallory", SECRET), blindHub: true });
    await a.stop();
    await a.start();
    await hub.connect(a.settings.port);
    await hub.enter(SECRET, []);
    const { rooms } = await hub.next("vaults");
    const seal = await roomSeal(a.room().key);
    assert.deepEqual(rooms, [{ id: seal.room, takes: true, gives: true }]);
    const room = 65_536;
    hub.send({ name: "vector", room, places: [], isLast: true });
    await hub.next("vector");
    const [entry] = (await hub.next("sealed")).entries;
    assert.equal(seal.open(entry, entry)?.origin, "A");
    assert.ok(!Buffer.from(entry.bytes).includes("real"));
    const stream = "ab".repeat(8);
    const other = new RoomSeal(Buffer.alloc(112, 5)).seal({ stream, seq: 3 }, guid, "A", new Uint8Array(35));
    const changed = { ...entry, stream, seq: 1, bytes: entry.bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) };
    const swapped = { ...entry, stream, seq: 2, id: "cd".repeat(16) };
    hub.send({ name: "sealed", room, entries: [changed, swapped, { ...other, stream, seq: 3, ageMs: 0 }] });
    hub.send({ name: "sealed", room, entries: [{ ...entry, stream, seq: 4 }] });
    await until("refused", () => a.federation.status()[0].refused === 4);
    hub.send({ name: "sealed", room, entries: [entry] });
    await until("known", () => a.federation.status()[0].duplicates === 1);
    assert.deepEqual(a.texts(), ["real"]);
    assert.equal(a.store.vector("Open").has(stream), false);
    hub.send({ name: "sealed", room, entries: [{ ...entry, stream: a.store.stream, seq: 9 }] });
    // Neither the number nor, at that number, the message.
    await until("both refused", () => a.federation.status()[0].refused === 6);
    assert.ok(a.lines.some((line) => line.includes("numbered as if it came from this server")));
    assert.deepEqual(a.texts(), ["real"]);
    hub.socket.destroy();
  });
});

const peerAt = (name: string, secret: string) => ({
  ...{ name, address: { host: "127.0.0.1", port: 9 }, secret, fingerprint: null },
});
