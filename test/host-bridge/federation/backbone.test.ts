import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { roomSeal } from "../../../host-bridge/federation/seal.ts";
import { has, newCertificate } from "../../deploy/proxy.ts";
import { keyNeedle, searchFiles, textNeedle } from "../../scenario/memory-search.ts";
import { freePort } from "../../simulator/tcp-station.ts";
import { until } from "../daemon-bench.ts";
import { sealText } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { backboneOf, type NatsServer, natsCluster, natsOperator, noNats } from "./nats-bench.ts";
import { roomOf, SECRET, TestServer } from "./server-bench.ts";

const LIMITS = { maxRooms: 8, maxRoomsPerPeer: 4, maxMessages: 1000 };

describe(`a hub of several bridges${noNats}`, function () {
  this.timeout(90_000);
  const scratch = new Scratch();
  let nats: NatsServer[] = [];
  let servers: TestServer[] = [];

  before(function () {
    if (noNats !== "") this.skip();
  });

  afterEach(async () => {
    for (const one of servers) await one.stop();
    for (const one of nats) await one.kill();
    [servers, nats] = [[], []];
    scratch.clean();
  });

  async function startNats(count: number, more = ""): Promise<void> {
    nats = await natsCluster(scratch.dir(), count, more);
    for (const one of nats) one.start();
  }

  async function server(name: string, rooms = [roomOf("Open", { maxHistory: 1000 })]): Promise<TestServer> {
    const made = new TestServer(name, scratch.dir(), await freePort(), rooms);
    servers.push(made);
    return made;
  }

  async function bridge(name: string, fields: Parameters<typeof backboneOf>[1] = {}): Promise<TestServer> {
    const made = await server(name, []);
    made.settings.blindHub = { ...LIMITS };
    made.settings.backbone = backboneOf(nats, fields);
    return made;
  }

  async function member(name: string, ...bridges: TestServer[]): Promise<TestServer> {
    const made = await server(name);
    for (const one of bridges) made.relaysBy(one);
    return made;
  }

  const joined = (one: TestServer) =>
    until(`${one.name} has the stream`, () => one.federation.backbone()?.connected === true, 60_000);
  const told = (all: TestServer[], count: number) =>
    until("told", () => all.every((one) => new Set(one.history()).size === count), 60_000);

  const said = (one: TestServer): string => one.lines.join("\n");
  const shares = (one: TestServer) => until("shares", () => one.federation.status()[0].rooms === 1);

  /** The bridge is restarted, and all are told what they lack. */
  async function again(one: TestServer, all: TestServer[]): Promise<void> {
    await one.stop();
    await until("it is gone", () => all.every((each) => each.connected() === 0));
    await one.start();
    await joined(one);
    for (const each of all) await shares(each);
    await until("at rest", () => all.every((each) => each.federation.status()[0].queue_depth === 0));
  }

  it("carries messages between members of different bridges", async () => {
    await startNats(3);
    const bridges = [await bridge("X"), await bridge("Y")];
    const all = [await member("A", bridges[0]), await member("B", bridges[1]), await member("C", bridges[1])];
    for (const one of bridges) await one.start();
    for (const one of bridges) await joined(one);
    for (const one of all) await one.start();
    for (const one of all) await until("shares", () => one.federation.status()[0].rooms === 1);
    for (let i = 0; i < 30; i++) await all[i % 3].post(`${i}`);
    await told(all, 30);
    assert.equal(all[0].history().join("\n"), all[1].history().join("\n"));
    for (const one of all) {
      assert.equal(one.told.length, 30);
      assert.equal(one.federation.status()[0].duplicates, 0);
    }
    for (const one of bridges) {
      const { connected, behind, error } = one.federation.backbone() ?? assert.fail();
      assert.deepEqual({ connected, behind, error }, { connected: true, behind: 0, error: null });
    }
  });

  it("says that NATS is away, takes nothing meanwhile, and brings all when it comes", async () => {
    nats = await natsCluster(scratch.dir(), 1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b] = [await member("A", x), await member("B", y)];
    for (const one of [x, y, a, b]) await one.start();
    for (const one of [a, b]) await shares(one);
    await a.post("early");
    await until("it is said", () => said(x).includes("warn Federation backbone disconnected (no NATS server answers)"));
    assert.match(said(x), /retry in \d+s; are they running, and reachable from here/);
    assert.equal(x.federation.backbone()?.error, "backbone_unreachable");
    assert.equal(a.federation.status()[0].queue_depth, 1);
    nats[0].start();
    await told([b], 1);
    await nats[0].kill();
    await a.post("late");
    await until("it is said", () => x.federation.backbone()?.connected === false);
    nats[0].start();
    await told([b], 2);
    await until("confirmed", () => a.federation.status()[0].queue_depth === 0);
    assert.deepEqual([b.told.length, b.federation.status()[0].duplicates], [2, 0]);
  });

  it("gives a new bridge all that is in the stream, and one that was away what it missed", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b] = [await member("A", x), await member("B", y)];
    for (const one of [x, a]) await one.start();
    for (let i = 0; i < 150; i++) await a.post(`${i}`);
    await until(
      "all are there",
      () => a.federation.status()[0].queue_depth === 0 && a.federation.status()[0].sent === 150,
    );
    await a.stop();
    for (const one of [y, b]) await one.start();
    await told([b], 150);
    await x.stop();
    await b.post("missed");
    await until("it is there", () => b.federation.status()[0].sent === 1 && b.federation.status()[0].queue_depth === 0);
    await b.stop();
    await y.stop();
    for (const one of [x, a]) await one.start();
    await told([a], 151);
    assert.equal(a.federation.status()[0].received, 1);
  });

  it("puts back what a stream lacks that was lost, and what a hub had before it had a backbone", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b] = [await member("A", x), await member("B", y)];
    const { backbone } = x.settings;
    x.settings.backbone = null;
    for (const one of [x, a]) await one.start();
    for (let i = 0; i < 70; i++) await a.post(`alone ${i}`);
    await until(
      "the hub has them",
      () => a.federation.status()[0].sent === 70 && a.federation.status()[0].queue_depth === 0,
    );
    await a.stop();
    x.settings.backbone = backbone;
    x.events.emit("config", {} as never);
    await joined(x);
    for (const one of [y, b]) await one.start();
    await told([b], 70);
    await b.stop();
    await y.stop();
    await nats[0].kill();
    rmSync(nats[0].dir, { recursive: true });
    nats[0].start();
    await until("it is said", () => said(x).includes("the stream is not the one that was there"), 30_000);
    await joined(x);
    rmSync(join(y.dir, "hub.sqlite"));
    rmSync(join(b.dir, "rooms.sqlite"), { force: true });
    const c = await member("C", y);
    for (const one of [y, c]) await one.start();
    await told([c], 70);
    assert.equal(c.federation.status()[0].duplicates, 0);
  });

  it("puts back what NATS servers have lost that were restored from an older copy", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    let leapMs = 0;
    x.clock = { ...x.clock, nowMs: () => performance.now() + leapMs };
    const [a, b] = [await member("A", x), await member("B", y)];
    for (const one of [x, a]) await one.start();
    for (let i = 0; i < 10; i++) await a.post(`before ${i}`);
    const isThere = (count: number) =>
      until("the hub has them", () => {
        const [{ sent, queue_depth: depth }] = a.federation.status();
        return sent === count && depth === 0 && x.federation.backbone()?.connected === true;
      });
    await isThere(10);
    await nats[0].kill("SIGTERM");
    const copy = scratch.dir();
    cpSync(nats[0].dir, copy, { recursive: true });
    nats[0].start();
    for (let i = 0; i < 10; i++) await a.post(`after ${i}`);
    await isThere(20);
    await nats[0].kill();
    rmSync(nats[0].dir, { recursive: true });
    cpSync(copy, nats[0].dir, { recursive: true });
    nats[0].start();
    await until("it waits", () => said(x).includes("have not found all of the stream yet"));
    await a.stop();
    leapMs = 10_000;
    await until("it is put back", () => said(x).includes("the stream is not the one that was there"), 30_000);
    await joined(x);
    for (const one of [y, b]) await one.start();
    await told([b], 20);
    assert.equal(b.federation.status()[0].duplicates, 0);
  });

  it("is a hub by itself when the backbone is taken out of the configuration, and one with others again", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b, c] = [await member("A", x), await member("B", y), await member("C", x)];
    for (const one of [x, y, a, b, c]) await one.start();
    for (const one of [a, b, c]) await shares(one);
    const { backbone } = x.settings;
    x.settings.backbone = null;
    x.events.emit("config", {} as never);
    await until("it has none", () => x.federation.backbone() === null);
    await a.post("to C only");
    await told([c], 1);
    assert.equal(b.told.length, 0);
    x.settings.backbone = backbone;
    x.events.emit("config", {} as never);
    await told([b], 1);
    await b.post("to all");
    await told([a, b, c], 2);
  });

  it("takes a packet that members of two bridges have heard by radio as one message", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b, c] = [await member("A", x), await member("B", y), await member("C", y)];
    for (const one of [x, y, a, b]) await one.start();
    for (const one of [a, b]) await shares(one);
    const report = { board: "b1", room: "Open", bootId: 1, keyCheck: 2, own: false, rssi: -70, snr: 5, hops: 0 };
    for (let seq = 1; seq <= 25; seq++) {
      const payload = sealText(a.room(), 1_700_000_000 + seq, `Carol: ${seq}`);
      for (const one of [a, b]) one.rooms.ingest({ ...report, seq, payload }, () => undefined);
    }
    await c.start();
    await told([c], 25);
    await until("at rest", () => [a, b].every((one) => one.federation.status()[0].queue_depth === 0));
    // Both numbers of each are settled: nobody is told anything again.
    await again(y, [b, c]);
    await c.post("end");
    await told([a, b, c], 26);
    assert.deepEqual([c.federation.status()[0].received, c.federation.status()[0].duplicates], [25, 0]);
  });

  it("believes no double that does not come out of the stream", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b] = [await member("A", x), await member("B", y)];
    for (const one of [y, b]) await one.start();
    await joined(y);
    await a.start();
    const guid = await a.post("as good as lost");
    const seal = await roomSeal(a.room().key);
    const { id } = seal.seal({ stream: "00".repeat(8), seq: 1 }, guid, "", new Uint8Array(1));
    // As a leader does that has noted the id, and dies before a majority has the message.
    const connection = await connect({ servers: `127.0.0.1:${nats[0].port}` });
    await jetstream(connection).publish(`hub.message.${seal.room}`, "x", { msgID: seal.room + id });
    await connection.close();
    await x.start();
    await told([b], 1);
  });

  it("keeps the newest within max_messages, whatever comes later of old ones", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    for (const one of [x, y]) one.settings.blindHub = { ...LIMITS, maxMessages: 20 };
    const [a, b, c] = [await member("A", x), await member("B", x), await member("C", y)];
    await b.start();
    for (let i = 0; i < 30; i++) await b.post(`old ${i}`);
    await b.stop();
    // A hub goes by ages in milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const one of [x, a]) await one.start();
    await shares(a);
    for (let i = 0; i < 30; i++) await a.post(`new ${i}`);
    await until(
      "they are there",
      () => a.federation.status()[0].sent === 30 && a.federation.status()[0].queue_depth === 0,
    );
    await a.stop();
    await b.start();
    await until(
      "they were brought",
      () => b.federation.status()[0].sent >= 30 && b.federation.status()[0].queue_depth === 0,
    );
    for (const one of [y, c]) await one.start();
    await told([c], 20);
    assert.ok(c.texts().every((text) => text.startsWith("new")));
  });

  it("says what is wrong with user and password, and never says the password", async () => {
    await startNats(1, `authorization { user: bridge, password: "tall grey password" }`);
    const [x, y] = [
      await bridge("X", { user: "bridge", password: "wrong grey password" }),
      await bridge("Y", { user: "bridge", password: "tall grey password" }),
    ];
    for (const one of [x, y]) await one.start();
    await joined(y);
    await until("it is said", () => said(x).includes("the NATS servers do not accept who we say we are"));
    assert.equal(x.federation.backbone()?.error, "backbone_refused");
    for (const one of [x, y])
      assert.doesNotMatch(said(one) + JSON.stringify(one.federation.backbone()), /grey password/);
  });

  it("takes a .creds file, and says so where it is none, somebody else's or not there", async () => {
    const { config, creds } = natsOperator();
    await startNats(1, config);
    const file = join(scratch.dir(), "bridge.creds");
    const [x, y] = [await bridge("X", { creds: file }), await bridge("Y", { creds: file })];
    await x.start();
    await until("it is said", () => said(x).includes(`federation.backbone_creds: ${file}`));
    assert.equal(x.federation.backbone()?.error, "backbone_file");
    writeFileSync(file, "no credentials at all");
    await until("it is said", () => said(x).includes("expected a user's .creds file"));
    writeFileSync(file, natsOperator().creds);
    await until("it is said", () => x.federation.backbone()?.error === "backbone_refused");
    writeFileSync(file, creds);
    await y.start();
    await joined(y);
    await joined(x);
  });

  it("speaks TLS with a client certificate, and with nobody whose certificate is of another authority", async function () {
    if (!has("openssl", "version")) {
      this.test!.title += " (openssl not found)";
      this.skip();
    }
    const [folder, other] = [scratch.dir(), scratch.dir()];
    const { cert, key } = newCertificate(folder);
    const strange = newCertificate(other).cert;
    await startNats(1, `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${cert}", verify: true }`);
    const tls = { ca: cert, cert, key };
    const all = [
      await bridge("Right", { isTls: true, tls }),
      await bridge("No certificate", { isTls: true, tls: { ...tls, cert: null, key: null } }),
      await bridge("Wrong authority", { isTls: true, tls: { ...tls, ca: strange } }),
      await bridge("No TLS", {}),
    ];
    for (const one of all) await one.start();
    await joined(all[0]);
    for (const one of all.slice(1)) {
      await until(`${one.name} is refused`, () => one.federation.backbone()?.error === "backbone_tls");
    }
    await nats[0].kill();
    nats = await natsCluster(scratch.dir(), 1);
    nats[0].start();
    const plain = await bridge("TLS wanted", { isTls: true, tls: { ...tls, cert: null, key: null } });
    await plain.start();
    await until("no TLS there", () => said(plain).includes("the NATS servers do not speak TLS"));
  });

  it("does not touch a stream that is somebody else's, and says that there are too few servers", async () => {
    await startNats(1);
    const connection = await connect({ servers: `127.0.0.1:${nats[0].port}`, waitOnFirstConnect: true });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: "orders", subjects: ["orders.new", "orders.paid"] });
    await connection.close();
    const [x, y] = [await bridge("X", { stream: "orders" }), await bridge("Y", { replicas: 3 })];
    for (const one of [x, y]) await one.start();
    await until("it is said", () => said(x).includes('the stream "orders" is there and is something else'));
    await until("it is said", () => y.federation.backbone()?.error === "backbone_jetstream");
    assert.match(said(y), /backbone_replicas/);
  });

  it("has as many copies and messages kept as the bridge that wants most", async () => {
    await startNats(3);
    const [x, y] = [await bridge("X", { replicas: 1 }), await bridge("Y", { replicas: 3 })];
    y.settings.blindHub = { ...LIMITS, maxMessages: 2000 };
    await x.start();
    await joined(x);
    await y.start();
    await joined(y);
    await x.stop();
    await x.start();
    await joined(x);
    const connection = await connect({ servers: `127.0.0.1:${nats[0].port}` });
    const { config } = await (await jetstreamManager(connection)).streams.info("hub");
    await connection.close();
    assert.deepEqual([config.num_replicas, config.max_msgs_per_subject], [3, 2000]);
  });

  it("counts the rooms that a secret has brought over all bridges", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    for (const one of [x, y]) one.settings.blindHub = { ...LIMITS, maxRoomsPerPeer: 2 };
    const [a, b] = [await server("A", [roomOf("1"), roomOf("2")]), await server("B", [roomOf("3")])];
    a.relaysBy(x);
    b.relaysBy(y);
    for (const one of [x, y, a]) await one.start();
    for (const room of ["1", "2"]) await a.post("x", room);
    await until("both are known", () => y.federation.backbone()?.received === 4);
    await b.start();
    await until("it is said", () => said(b).includes('no place for more rooms: it does not keep "3"'));
  });

  it("goes to another NATS server when the one that it is connected with stands still", async () => {
    await startNats(3);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b] = [await member("A", x), await member("B", y)];
    for (const one of [x, y]) await one.start();
    for (const one of [x, y]) await joined(one);
    for (const one of [a, b]) await one.start();
    for (const one of [a, b]) await shares(one);
    const still = nats.find(({ port }) => x.federation.backbone()?.server === `127.0.0.1:${port}`) ?? assert.fail();
    still.signal("SIGSTOP");
    await a.post("through the others");
    await told([b], 1);
    still.signal("SIGCONT");
    await a.post("through all");
    await told([a, b], 2);
  });

  it("passes over what no bridge has written", async () => {
    await startNats(1);
    const [x, y] = [await bridge("X"), await bridge("Y")];
    const [a, b] = [await member("A", x), await member("B", y)];
    for (const one of [x, y]) await one.start();
    for (const one of [x, y]) await joined(one);
    const connection = await connect({ servers: `127.0.0.1:${nats[0].port}` });
    const room = "ab".repeat(16);
    for (const subject of [
      "hub.message.x",
      `hub.message.${room}`,
      `hub.marks.${room}`,
      "hub.other",
      `hub.later.${room}`,
    ]) {
      for (const data of ["", "no CBOR", "\x80", "\x81\x01"]) connection.publish(subject, Buffer.from(data, "latin1"));
    }
    await connection.drain();
    for (const one of [a, b]) await one.start();
    await a.post("well");
    await told([b], 1);
    assert.match(said(y), /of the stream is none of a bridge, and passed over/);
  });

  it("leaves nothing in the NATS servers' files that tells of rooms, keys, names or texts", async () => {
    await startNats(1);
    const names = ["Heron Basin", "Owl Committee"];
    const rooms = names.map((name) => roomOf(name, { psk: `${name} psk`, isPrivate: true }));
    const x = await bridge("X");
    const a = await server("Wilhelmina", rooms);
    a.relaysBy(x);
    for (const one of [x, a]) await one.start();
    for (const name of names) for (let i = 0; i < 20; i++) await a.post(`the ${i}th barge leaves`, name, "Ferdinand");
    await until(
      "all are there",
      () => a.federation.status()[0].sent === 40 && a.federation.status()[0].queue_depth === 0,
    );
    const clear = [...names, "Wilhelmina", "Ferdinand", "barge"].map(textNeedle);
    const all = [...clear, ...rooms.map(({ name, key }) => keyNeedle(`the key of ${name}`, key)), textNeedle(SECRET)];
    assert.deepEqual(searchFiles(a.dir, clear), clear.map(({ what }) => what).sort(), "the search finds everything");
    assert.deepEqual(searchFiles(nats[0].dir, all), []);
    await nats[0].kill("SIGTERM");
    assert.deepEqual(searchFiles(nats[0].dir, all), []);
  });
});
