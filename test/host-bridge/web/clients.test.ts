import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { type Log, silentLog } from "../../../host-bridge/log.ts";
import { FakeClock } from "../fake-clock.ts";
import { ingest, sealText } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import {
  type Frame,
  noticeRoom,
  openRoom,
  proof,
  secretRoom,
  startServer,
  TestClient,
  type TestFields,
} from "./server-bench.ts";

type Server = Awaited<ReturnType<typeof startServer>>;

describe("clients", () => {
  const scratch = new Scratch();
  let server: Server;
  let sockets: TestClient[] = [];

  const start = async (fields: TestFields = {}, clock?: FakeClock, log?: Log): Promise<void> => {
    server = await startServer(scratch.dir(), fields, clock, log);
  };
  const client = (options?: ConstructorParameters<typeof TestClient>[1]): TestClient => {
    const made = new TestClient(server.url, options);
    sockets.push(made);
    return made;
  };
  const joined = async (name: string, room = openRoom): Promise<TestClient> => {
    const made = client();
    const { nonce } = await made.hello(name);
    assert.equal((await made.ask({ type: "join", room: room.name, proof: proof(room, nonce) })).type, "joined");
    return made;
  };
  const codes = async (who: TestClient, frame: unknown): Promise<unknown> => {
    const answer = await who.ask(frame);
    assert.equal(answer.type, "error", JSON.stringify(answer));
    assert.equal(typeof answer.message, "string");
    return answer.code;
  };

  afterEach(async () => {
    for (const { socket } of sockets) socket.terminate();
    sockets = [];
    await server.stop();
    scratch.clean();
  });

  it("welcomes with a fresh nonce and the rooms", async () => {
    await start();
    const first = await client().hello("Alice");
    const second = await client().hello("Alice");
    assert.deepEqual(Object.keys(first).sort(), ["client_id", "nonce", "rooms", "type"]);
    assert.match(String(first.nonce), /^([0-9a-f]{2}){16,}$/);
    assert.notEqual(first.nonce, second.nonce);
    assert.notEqual(first.client_id, second.client_id);
    assert.deepEqual(first.rooms, [
      { name: "Open", private: false, description: "about Open" },
      { name: "Secret", private: true, description: "about Secret" },
      { name: "Notices", private: false, description: "about Notices" },
    ]);
  });

  it("takes clients with the subprotocol and without any", async () => {
    await start();
    const named = await client().opened();
    assert.equal(named.socket.protocol, "meshcore-room.v1");
    const bare = await client({ protocols: [] }).opened();
    assert.equal(bare.socket.protocol, "");
    assert.equal((await bare.ask({ type: "hello", name: "Bob" })).type, "welcome");
  });

  it("tells a post to everybody in the room, to the poster after posted, and to nobody else", async () => {
    await start();
    const [ann, bob, eve] = [await joined("Ann"), await joined("Bob"), await joined("Eve", secretRoom)];
    ann.send({ type: "post", room: "Open", text: "Привет 🚀", ref: "r1" });
    const posted = await ann.next();
    assert.deepEqual(posted, { type: "posted", ref: "r1", guid: posted.guid });
    const atAnn = await ann.next();
    const { timestamp } = atAnn;
    assert.deepEqual(atAnn, {
      ...{ type: "message", room: "Open", guid: posted.guid, sender: "Ann", text: "Привет 🚀", timestamp },
      ...{ origin: "here", via: "client", rssi: null, snr: null, hops: null },
    });
    assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 5);
    assert.deepEqual(await bob.next(), atAnn);
    assert.equal(await codes(eve, "{}"), "bad_request");
    assert.deepEqual(eve.frames, []);
  });

  it("tells messages that were stored together one by one, in order, to who was there", async () => {
    await start();
    const [ann, bob] = [await joined("Ann"), await joined("Bob")];
    for (let i = 0; i < 50; i++) server.rooms.post(openRoom, "Carol", `n${i}`, "client", () => undefined);
    server.rooms.flush();
    bob.socket.terminate();
    for (let i = 0; i < 50; i++) assert.equal((await ann.next()).text, `n${i}`);
    assert.equal(await codes(ann, "{}"), "bad_request");
  });

  it("tells what the air brings, once and in order, with the signal", async () => {
    await start();
    const ann = await joined("Ann");
    for (let i = 1; i <= 20; i++) {
      const payload = sealText(openRoom, 1000 + i, `Carol: n${i}`);
      void ingest(server.rooms, { room: "Open", payload, seq: i });
      void ingest(server.rooms, { room: "Open", payload, seq: i, board: "b2" });
    }
    for (let i = 1; i <= 20; i++) {
      const { text, sender, timestamp, via, rssi, snr, hops } = await ann.next();
      assert.deepEqual([text, sender, timestamp], [`n${i}`, "Carol", 1000 + i]);
      assert.deepEqual([via, rssi, snr, hops], ["radio", -71, 10.5, 3]);
    }
    assert.equal(await codes(ann, "{}"), "bad_request");
  });

  it("gives the history at the join: the same objects, oldest first, 50 unless told otherwise", async () => {
    await start();
    const ann = await joined("Ann");
    const live: Frame[] = [];
    for (let i = 1; i <= 60; i++) {
      await ann.ask({ type: "post", room: "Open", text: `n${i}` });
      live.push(await ann.next());
    }
    const bob = client();
    await bob.hello("Bob");
    assert.deepEqual((await bob.ask({ type: "join", room: "Open" })).history, live.slice(10));
    assert.deepEqual((await bob.ask({ type: "join", room: "Open", limit: 3 })).history, live.slice(57));
    assert.deepEqual((await bob.ask({ type: "join", room: "Open", limit: 0 })).history, []);
    assert.deepEqual((await bob.ask({ type: "join", room: "Open", limit: 1e9 })).history, live);
    const [wanted] = live;
    const { history } = await bob.ask({ type: "join", room: "Open", grep: String(wanted.text).toUpperCase() });
    assert.ok(
      Array.isArray(history) && history.length < live.length && history.some(({ guid }) => guid === wanted.guid),
    );
    for (const limit of [-1, 1.5, "50", null]) {
      assert.equal(await codes(bob, { type: "join", room: "Open", limit }), "bad_request");
    }
  });

  it("opens a private room to a proof of its key and to nothing else", async () => {
    await start();
    const ann = client();
    const { nonce } = await ann.hello("Ann");
    const good = proof(secretRoom, nonce);
    const join = { type: "join", room: "Secret" };
    const bad = [
      undefined,
      "",
      good.slice(2),
      `${good}00`,
      proof(openRoom, nonce),
      proof({ ...secretRoom, key: openRoom.key }, nonce),
      proof(secretRoom, randomBytes(32).toString("hex")),
    ];
    for (const wrong of bad) assert.equal(await codes(ann, { ...join, proof: wrong }), "proof_failed");
    assert.equal(await codes(ann, { ...join, proof: "zz" }), "bad_request");
    assert.equal(await codes(ann, { type: "post", room: "Secret", text: "hi" }), "not_joined");
    assert.equal((await ann.ask({ ...join, proof: good })).type, "joined");
    const eve = client();
    await eve.hello("Eve");
    assert.equal(await codes(eve, { ...join, proof: good }), "proof_failed", "a proof of another connection");
  });

  it("answers every other mistake with its code and goes on", async () => {
    await start();
    const ann = client();
    await ann.opened();
    assert.equal(await codes(ann, { type: "join", room: "Open" }), "bad_request", "before hello");
    for (const name of ["", " x", "a: b", 7, undefined]) {
      assert.equal(await codes(ann, { type: "hello", name }), "bad_request");
    }
    await ann.ask({ type: "hello", name: "Ann" });
    assert.equal(await codes(ann, { type: "hello", name: "Ann" }), "bad_request");
    assert.equal(await codes(ann, { type: "join", room: "Nowhere" }), "unknown_room");
    assert.equal(await codes(ann, { type: "leave", room: "Nowhere" }), "unknown_room");
    assert.equal(await codes(ann, { type: "post", room: "Nowhere", text: "x" }), "unknown_room");
    assert.equal(await codes(ann, { type: "post", room: "Open", text: "x" }), "not_joined");
    assert.equal(await codes(ann, { type: "leave", room: "Open" }), "not_joined");
    await ann.ask({ type: "join", room: "Notices" });
    assert.equal(await codes(ann, { type: "post", room: noticeRoom.name, text: "x" }), "read_only");
    await ann.ask({ type: "join", room: "Open" });
    assert.equal(await codes(ann, { type: "post", room: "Open", text: "x".repeat(156) }), "too_long");
    assert.equal(await codes(ann, { type: "post", room: "Open", text: "" }), "bad_request");
    const refusal = await ann.ask({ type: "post", room: "Open", text: 5, ref: "r7" });
    assert.deepEqual([refusal.code, refusal.ref], ["bad_request", "r7"]);
    assert.equal((await ann.ask({ type: "post", room: "Open", text: "x".repeat(155) })).type, "posted");
  });

  it("survives frames of any shape", async () => {
    await start();
    const ann = client();
    await ann.hello("Ann");
    const frames: unknown[] = [
      ...["", "null", "1", "[]", "{", '"x"', "{}", '{"type":7}', '{"type":"__proto__"}', '{"type":"post"}'],
      ...['{"type":"join","room":{}}', '{"type":"join","room":"Open","proof":7}', "[[[[[[", `"${"x".repeat(70_000)}"`],
      ...[Buffer.from([1, 2, 3]), '{"type":"leave","room":null}', '{"type":"post","room":"Open","text":"a","ref":{}}'],
      { type: "hello", name: "x".repeat(17_000) },
    ];
    for (const frame of frames) assert.equal(await codes(ann, frame), "bad_request", String(frame).slice(0, 50));
    assert.equal((await ann.ask({ type: "join", room: "Open" })).type, "joined");
  });

  it("takes a frame of 16384 bytes and refuses one of 16385", async () => {
    await start();
    const ann = client();
    await ann.hello("Ann");
    const frame = (bytes: number): string => {
      const start = '{"type":"leave","room":"';
      return `${start}${"x".repeat(bytes - start.length - 2)}"}`;
    };
    assert.equal(await codes(ann, frame(16_384)), "unknown_room");
    assert.equal(await codes(ann, frame(16_385)), "bad_request");
  });

  it("stops telling a client that has left", async () => {
    await start();
    const [ann, bob] = [await joined("Ann"), await joined("Bob")];
    bob.send({ type: "leave", room: "Open" });
    assert.equal(await codes(bob, { type: "leave", room: "Open" }), "not_joined");
    await ann.ask({ type: "post", room: "Open", text: "x" });
    assert.equal(await codes(bob, "{}"), "bad_request");
    assert.equal(server.clients.countIn(openRoom), 1);
    ann.socket.terminate();
    while (server.clients.count() > 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(server.clients.countIn(openRoom), 0);
  });

  it("slows a client down that posts too fast, and says for how long", async () => {
    const clock = new FakeClock();
    await start(
      { clients: { auth: "optional", rateLimit: { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 20 } } },
      clock,
    );
    const ann = await joined("Ann");
    const post = { type: "post", room: "Open", text: "x" };
    for (let i = 0; i < 5; i++) {
      assert.equal((await ann.ask(post)).type, "posted");
      await ann.next();
    }
    assert.equal(await codes(ann, { ...post, text: "x".repeat(200) }), "too_long");
    const refusal = await ann.ask(post);
    assert.deepEqual([refusal.code, refusal.retry_after_s], ["rate_limited", 3]);
    clock.advance(3000);
    assert.equal((await ann.ask(post)).type, "posted");
  });

  it("reads a client slowly that sends without end, answers all of it in order, and keeps the others waiting for nothing", async () => {
    const clock = new FakeClock();
    const rateLimit = { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 20 };
    await start({ clients: { auth: "optional", rateLimit } }, clock);
    const [loud, ann] = [await joined("Loud"), await joined("Ann")];
    const count = 300;
    for (let i = 0; i < count; i++) loud.send({ type: "leave", room: "Nowhere", ref: i });
    const answered = async (refs: number[]): Promise<void> => {
      for (const ref of refs) assert.equal((await loud.next()).ref, ref);
    };
    const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
    // 210 at once, of which hello and join were two, and the one that overdraws; then 100 a minute.
    await answered(range(0, 209));
    assert.equal((await ann.ask({ type: "post", room: "Open", text: "x" })).type, "posted");
    assert.deepEqual([(await loud.next()).type, loud.frames.length], ["message", 0]);
    clock.advance(60_000);
    await answered(range(209, count));
    assert.equal((await loud.ask({ type: "leave", room: "Nowhere", ref: "last" })).ref, "last");
  });

  it("drops a client whose frames pile up all the same", async () => {
    await start();
    const loud = await joined("Loud");
    (loud.socket as unknown as { _socket: Duplex })._socket.write(
      Buffer.concat(
        Array.from({ length: 20_000 }, () => Buffer.from("818200000000", "hex")).flatMap((head) => [
          head,
          Buffer.from("{}"),
        ]),
      ),
    );
    assert.equal((await loud.closed).code, 1006);
    assert.equal((await client().hello("Ann")).type, "welcome");
  });

  it("charges a long history as the work that it is", async () => {
    const clock = new FakeClock();
    const rateLimit = { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 20 };
    await start({ clients: { auth: "optional", rateLimit } }, clock);
    for (let i = 0; i < 100; i++) server.rooms.post(openRoom, "Carol", `n${i}`, "client", () => undefined);
    server.rooms.flush();
    const ann = client();
    await ann.hello("Ann");
    for (let i = 0; i < 11; i++) ann.send({ type: "join", room: "Open", limit: 100, ref: i });
    // Each costs 21 of 210, of which hello took one.
    for (let i = 0; i < 10; i++) assert.equal((await ann.next()).ref, i);
    const bob = await joined("Bob");
    assert.equal(await codes(bob, "{}"), "bad_request");
    assert.deepEqual(ann.frames, []);
    clock.advance(30_000);
    assert.equal((await ann.next()).ref, 10);
  });

  it("refuses more connections from one address than are allowed", async () => {
    await start({
      clients: { auth: "optional", rateLimit: { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 2 } },
    });
    const [first] = [await client().opened(), await client().opened()];
    const third = client();
    assert.equal((await third.next()).code, "too_many_connections");
    assert.equal((await third.closed).code, 1013);
    first.socket.close();
    await first.closed;
    assert.equal((await client().hello("Ann")).type, "welcome");
  });

  it("wants a token where authentication is required, and takes none that it has not made", async () => {
    await start({
      clients: { auth: "required", rateLimit: { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 20 } },
    });
    const ann = await client().opened();
    assert.equal(await codes(ann, { type: "join", room: "Open" }), "auth_required");
    assert.equal(await codes(ann, { type: "hello", name: "Ann" }), "auth_required");
    assert.equal((await ann.closed).code, 1008);
    const bob = await client().opened();
    assert.equal(await codes(bob, { type: "hello", name: "Bob", token: "guess" }), "auth_failed");
    assert.equal((await bob.closed).code, 1008);
  });

  it("refuses pages of other sites, and other paths", async () => {
    await start();
    await assert.rejects(client({ headers: { origin: "https://evil.example" } }).opened(), /403/);
    await assert.rejects(client({ headers: { origin: "null" } }).opened(), /403/);
    await assert.rejects(client({ path: "/elsewhere" }).opened(), /404/);
    assert.equal((await client({ headers: { origin: server.url } }).hello("Ann")).type, "welcome");
  });

  it("drops who says no hello, and who does not answer a ping", async () => {
    const clock = new FakeClock();
    await start({}, clock);
    const mute = await client().opened();
    const ann = client();
    await ann.hello("Ann");
    clock.advance(10_000);
    assert.equal((await mute.closed).code, 1008);
    const pinged = new Promise((resolve) => ann.socket.once("ping", resolve));
    clock.advance(30_000);
    await pinged;
    assert.equal((await ann.ask({ type: "join", room: "Open" })).type, "joined");
    ann.socket.pause();
    clock.advance(90_000);
    ann.socket.resume();
    assert.equal((await ann.closed).code, 1006);
  });

  it("drops a client that does not read, while the others miss nothing", async () => {
    await start();
    const [slow, fast] = [await joined("Slow"), await joined("Fast")];
    slow.socket.pause();
    const count = 30_000;
    const payload = new Uint8Array(0);
    const text = "x".repeat(150);
    let got = 0;
    fast.socket.on("message", () => got++);
    fast.frames.length = 0;
    for (let i = 1; i <= count && server.clients.countIn(openRoom) > 1; i++) {
      server.events.emit("message", {
        ...{ room: "Open", guid: `g${i}`, sender: "Ann", text, timestamp: i, receivedAt: 0, via: "client" },
        ...{ origin: "here", rssi: null, snr: null, hops: null, board: null, payload },
      });
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(server.clients.countIn(openRoom), 1);
    assert.ok(got > 1000);
    assert.equal((await fast.ask("{}")).type !== undefined, true);
    assert.equal(fast.socket.readyState, fast.socket.OPEN);
  });

  it("drops fifty clients whose queue is full and says why, and one that reads gets every message", async () => {
    const said: string[] = [];
    const log = { ...silentLog(), warn: (sentence: string) => void said.push(sentence) };
    const rateLimit = { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 100 };
    await start({ clients: { auth: "optional", sendQueueKb: 64, rateLimit } }, undefined, log);
    const fast = await joined("Fast");
    for (let i = 0; i < 50; i++) (await joined(`Slow ${i}`)).socket.pause();
    // Longer than any message, so that what the kernel keeps for each is soon full.
    const text = "x".repeat(50_000);
    let sent = 0;
    while (server.clients.countIn(openRoom) > 1 && sent < 500) {
      server.events.emit("message", {
        ...{ room: "Open", guid: `g${++sent}`, sender: "Ann", text, timestamp: sent, receivedAt: 0, via: "client" },
        ...{ origin: "here", rssi: null, snr: null, hops: null, board: null, payload: new Uint8Array(0) },
      });
      assert.equal((await fast.next()).guid, `g${sent}`);
    }
    assert.equal(server.clients.countIn(openRoom), 1);
    assert.equal(said.filter((sentence) => /^client \S+ was dropped: it does not read$/.test(sentence)).length, 50);
  });

  it("says goodbye to everybody when it stops", async () => {
    await start();
    const ann = await joined("Ann");
    await server.stop();
    assert.equal((await ann.closed).code, 1001);
    server = { ...server, stop: async () => undefined };
  });
});
