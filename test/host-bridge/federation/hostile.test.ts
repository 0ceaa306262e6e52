import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { encode } from "cborg";
import { freePort } from "../../simulator/tcp-station.ts";
import { until } from "../daemon-bench.ts";
import { sealText } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { Middle, RawPeer } from "./raw-peer.ts";
import { peerConfig, roomOf, SECRET, TestServer } from "./server-bench.ts";

const scratch = new Scratch();
const STREAM = "0123456789abcdef";
const nowS = (): number => Math.floor(Date.now() / 1000);

describe("federation: who must not come in", () => {
  let servers: TestServer[] = [];
  let middle: Middle | null = null;
  let a: TestServer;

  const server = async (name: string, rooms = [roomOf("Open"), roomOf("Other")]): Promise<TestServer> => {
    const made = new TestServer(name, scratch.dir(), await freePort(), rooms);
    servers.push(made);
    return made;
  };
  const raw = async (): Promise<RawPeer> => new RawPeer().connect(a.settings.port);
  const said = (text: string | RegExp) => until(`log ${text}`, () => a.lines.some((line) => line.search(text) >= 0));
  /** Somebody who has the secret and the key of the room Open. */
  const valid = async (): Promise<RawPeer> => {
    const peer = await raw();
    await peer.enter(SECRET, [a.room()]);
    return peer;
  };
  const entry = (seq: number, payload: Uint8Array, stream = STREAM) => ({
    ...{ stream, seq, origin: "Mallory", ageMs: 0, payload },
  });
  const text = (line: string, timestamp = nowS()): Uint8Array => sealText(a.room(), timestamp, line);

  beforeEach(async () => {
    a = await server("A");
    await a.start();
  });

  afterEach(async () => {
    for (const one of servers) await one.stop();
    servers = [];
    middle?.stop();
    middle = null;
    scratch.clean();
  });

  it("a server with another secret, whoever dials", async () => {
    const b = await server("B");
    b.dials(a, "another secret altogether");
    await b.start();
    await until("refused", () =>
      b.lines.some((line) => line.includes('"A" disconnected (it does not accept our secret)')),
    );
    await said(/refused 127.0.0.1|refused ::ffff:127.0.0.1/);
    assert.equal(a.connected() + b.connected(), 0);
  });

  it("the secret of another pair", async () => {
    a.settings.secret = "";
    a.settings.peers.push(peerConfig("B", 1, "secret of A and B, long"), peerConfig("C", 1, "secret of A and C, long"));
    a.events.emit("config", {} as never);
    // Both were dialled in vain: the configuration is in force.
    await until("dialled", () => ['"B"', '"C"'].every((name) => a.lines.some((line) => line.includes(name))));
    const peer = await raw();
    await peer.prove("secret of B and C, long");
    assert.equal(await peer.bye(), "peer_untrusted");
    const good = await raw();
    await good.prove("secret of A and C, long");
    await good.next("proof");
  });

  it("a man in the middle with his own certificate, who then replays what he has recorded", async () => {
    const port = await freePort();
    middle = new Middle(a.settings.port);
    await middle.start(port);
    const b = await server("B");
    b.settings.peers.push(peerConfig("A", port));
    await b.start();
    await until("refused", () => b.lines.some((line) => line.includes("does not accept our secret")));
    assert.equal(a.connected() + b.connected(), 0);
    const peer = await raw();
    for (const chunk of middle.seen) peer.socket.write(chunk);
    assert.equal(await peer.bye(), "peer_untrusted");
  });

  it("a certificate that is not the pinned one", async () => {
    const b = await server("B");
    b.settings.peers.push(peerConfig("A", a.settings.port, SECRET, "00".repeat(32)));
    await b.start();
    await until("refused", () => b.lines.some((line) => line.includes("its certificate is not the pinned one")));
    await said("it said|certificate");
    assert.equal(a.connected(), 0);
  });

  it("its own reflection, and itself", async () => {
    const peer = await raw();
    peer.hello();
    await peer.next("hello");
    peer.send({ name: "proof", mac: randomBytes(32) });
    assert.equal(await peer.bye(), "peer_untrusted");
    a.settings.peers.push(peerConfig("me", a.settings.port));
    a.events.emit("config", {} as never);
    await said("it is this server itself");
  });

  it("another version, with a sentence that says which side to update", async () => {
    const newer = await raw();
    newer.hello(2, 3);
    const { sentence } = await newer.next("bye");
    assert.match(sentence, /newer version.*update/);
    const older = await raw();
    older.hello(0, 0);
    assert.match((await older.next("bye")).sentence, /older version.*update/);
  });

  it("who talks before the proof, in frames too large, in no CBOR, or never ends", async () => {
    const bodies = [
      encode([6, 0, []]),
      encode([1, 1, 1]),
      encode([1, -1, 1, randomBytes(16)]),
      Buffer.from([0x9f, 0x01, 0xff]),
      Buffer.alloc(1000, 0x81),
      Buffer.from([0xc1, 0x01]),
      randomBytes(100),
    ];
    for (const body of bodies) {
      const peer = await raw();
      peer.sendBody(body);
      assert.equal(await peer.bye(), "peer_malformed");
      await until("closed", () => peer.isClosed);
    }
    const huge = await raw();
    huge.socket.write(Buffer.from([0xff, 0xff, 1, 2, 3]));
    assert.equal(await huge.bye(), "peer_malformed");
  });

  it("crowds that never say who they are, and holds nobody up by that", async function () {
    this.timeout(20_000);
    const sockets = Array.from({ length: 200 }, () =>
      connectTcp(a.settings.port, "127.0.0.1").on("error", () => undefined),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const open = (): number => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
    await until("most are sent away", () => open() <= 16);
    await until("and the others in time", () => open() === 0, 12_000);
    await valid();
    assert.equal(a.connected(), 1);
  });

  it("a peer that sends nonsense, asks for rooms without the key, or claims to be us; honest peers do not notice", async () => {
    const b = await server("B");
    b.dials(a);
    await b.start();
    await until("connected", () => b.connected() === 1);
    await a.post("first");
    const bad: [string, (peer: RawPeer) => void][] = [
      ["peer_malformed", (peer) => peer.sendBody(encode([6, 0, [[1, 2, 3]]]))],
      ["peer_malformed", (peer) => peer.send({ name: "entries", room: 1, entries: [entry(1, text("x: y"))] })],
      ["peer_malformed", (peer) => peer.send({ name: "vector", room: 0, places: [], isLast: true })],
      ["peer_malformed", (peer) => peer.send({ name: "ack", count: 1e9 })],
      ["peer_malformed", (peer) => peer.send({ name: "hello", oldest: 1, newest: 1, server: peer.server })],
      [
        "peer_malformed",
        (peer) => {
          const offers = Array.from({ length: 1000 }, () => ({
            token: randomBytes(16).toString("hex"),
            takes: true,
            gives: true,
          }));
          peer.send({ name: "offers", offers, isLast: false });
        },
      ],
    ];
    for (const [code, attack] of bad) {
      const peer = await valid();
      attack(peer);
      assert.equal(await peer.bye(), code, String(attack));
    }
    await a.post("second");
    await until("there", () => b.texts().length === 2);
    assert.equal(b.lines.filter((line) => line.includes("disconnected")).length, 0);
    assert.deepEqual(a.texts(), ["first", "second"]);
  });

  it("numbers that only this server gives, and numbers that nobody gave; what honest servers say still arrives", async () => {
    const b = await server("B");
    b.dials(a);
    await b.start();
    await until("connected", () => b.connected() === 1);
    await b.post("first");
    await until("there", () => a.texts().length === 1);
    const peer = await valid();
    const { stream } = a.store;
    const places = [stream, b.store.stream].map((one) => ({ stream: one, seq: 1e15 }));
    peer.send({ name: "marks", room: 0, places });
    peer.send({ name: "entries", room: 0, entries: [entry(1e15, text("Eve: mine"), stream)] });
    await said("numbered as if it came from this server");
    await until("the text is one as any", () => b.texts().includes("mine"));
    assert.ok((a.store.vector("Open").get(stream) ?? 0) < 5);
    await b.post("second");
    await a.post("third");
    await until("there", () => a.texts().length === 4 && b.texts().length === 4);
    await b.stop();
    await b.start();
    await until("connected again", () => b.connected() === 1);
    await a.post("fourth");
    await b.post("fifth");
    await until("there", () => a.texts().length === 6 && b.texts().length === 6);
    assert.equal(a.connected(), 2, "nobody was sent away");
  });

  it("messages that no key of ours sealed, from the future, or in vain, while good ones beside them come in", async () => {
    const peer = await valid();
    const entries = [
      entry(1, randomBytes(60)),
      entry(2, text("Eve: tomorrow's news", nowS() + 27 * 3600)),
      entry(3, sealText(a.room("Other"), nowS(), "Eve: of another room")),
      entry(4, text("Eve: good", nowS() + 25 * 3600)),
      entry(5, text("Eve: good", nowS() + 25 * 3600)),
    ];
    peer.send({ name: "entries", room: 0, entries });
    await peer.next("ack");
    assert.deepEqual(a.texts(), ["good"]);
    assert.deepEqual(a.texts("Other"), []);
    const [status] = a.federation.status();
    assert.deepEqual([status.received, status.duplicates, status.refused], [5, 1, 3]);
    assert.equal(a.store.vector("Open").get(STREAM), 5);
    await said("not sealed with the room's key");
    await said("26 hours");
    assert.ok(!a.lines.some((line) => line.includes(SECRET)));
  });

  it("a peer that sends without end and reads nothing: memory stays bounded, the others go on", async function () {
    this.timeout(30_000);
    const peer = await valid();
    peer.socket.pause();
    const payload = text("Eve: again");
    const before = process.memoryUsage.rss();
    const entries = Array.from({ length: 64 }, (_, i) => entry(i + 1, payload));
    for (let i = 0; i < 300 && !peer.isClosed; i++) {
      peer.send({ name: "entries", room: 0, entries });
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const b = await server("B");
    b.dials(a);
    await b.start();
    await a.post("for the honest");
    await until("there", () => b.texts().includes("for the honest"));
    const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
    assert.ok(grown < 150, `${grown} MiB`);
  });
});
