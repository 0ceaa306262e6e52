import assert from "node:assert/strict";
import type { Role } from "../../../host-bridge/auth/tokens.ts";
import { systemClock } from "../../../host-bridge/clock.ts";
import { createLog } from "../../../host-bridge/log.ts";
import { FakeClock } from "../fake-clock.ts";
import { ingest, post, sealText } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { noticeRoom, openRoom, proof, secretRoom, startServer, TestClient, type TestFields } from "./server-bench.ts";

type Body = Record<string, unknown> & { messages?: { text: string; guid: string; timestamp: number }[] };
interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Body;
}

describe("tokens and the HTTP API", () => {
  const scratch = new Scratch();
  const lines: string[] = [];
  const sockets: TestClient[] = [];
  let server: Awaited<ReturnType<typeof startServer>>;

  const start = async (fields: TestFields = { clients: { auth: "required" } }, clock = systemClock): Promise<void> => {
    const log = createLog({ level: "info", format: "text", write: (line) => void lines.push(line) });
    server = await startServer(scratch.dir(), fields, clock, log);
  };
  const token = async (role: Role, rooms: string[] | null = null): Promise<string> =>
    (await server.access.tokens.create({ name: `${role} ${rooms}`, role, rooms, expires: null })).text;
  const ask = async (text: string | null, path: string, method = "GET", sent?: unknown): Promise<Answer> => {
    const headers: Record<string, string> = text === null ? {} : { authorization: `Bearer ${text}` };
    if (sent !== undefined) headers["content-type"] = "application/json";
    const body = sent === undefined ? {} : { body: JSON.stringify(sent) };
    const response = await fetch(server.url + path, { method, headers, ...body });
    const all = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, headers: response.headers, text: all, body: isJson ? JSON.parse(all) : {} };
  };
  const client = async (text: string | undefined, name = "Ann"): Promise<{ made: TestClient; welcome: Body }> => {
    const made = new TestClient(server.url);
    sockets.push(made);
    await made.opened();
    return { made, welcome: await made.ask({ type: "hello", name, token: text }) };
  };
  const names = (body: Body): string[] => (body["rooms"] as { name: string }[]).map(({ name }) => name);

  afterEach(async () => {
    for (const { socket } of sockets.splice(0)) socket.terminate();
    await server.stop();
    scratch.clean();
    lines.length = 0;
  });

  it("keep who has one to his rooms, at every door and in the same words as for rooms that are not there", async () => {
    await start();
    await post(server.rooms, secretRoom, "Bob", "private");
    const one = await token("post", ["Open"]);
    assert.deepEqual(names((await ask(one, "/api/v1/rooms")).body), ["Open"]);
    assert.deepEqual(names((await ask(one, "/status")).body), ["Open"]);
    assert.equal((await ask(one, "/status")).body["outbox"], undefined);
    for (const rest of ["/messages", "/participants"]) {
      const [real, none] = [
        await ask(one, `/api/v1/rooms/Secret${rest}`),
        await ask(one, `/api/v1/rooms/Nowhere${rest}`),
      ];
      assert.equal(real.status, 404);
      assert.equal(real.text.replaceAll("Secret", "Nowhere"), none.text);
    }
    assert.equal((await ask(one, "/api/v1/rooms/Notices/messages")).status, 404);
    const { made, welcome } = await client(one);
    assert.deepEqual(names(welcome), ["Open"]);
    // Not with the key either: a token is a limit as well.
    const right = { type: "join", room: "Secret", proof: proof(secretRoom, welcome["nonce"]) };
    assert.equal((await made.ask(right)).code, "proof_failed");
    assert.equal((await made.ask({ type: "join", room: "Notices" })).code, "unknown_room");
    assert.equal((await made.ask({ type: "join", room: "Open" })).type, "joined");
  });

  it("show private rooms over HTTP to tokens that may see them, and to nobody else", async () => {
    await start({});
    await post(server.rooms, secretRoom, "Bob", "private");
    const all = await ask(await token("read"), "/api/v1/rooms/Secret/messages");
    assert.deepEqual(
      all.body.messages?.map(({ text }) => text),
      ["private"],
    );
    assert.equal((await ask(null, "/api/v1/rooms/Secret/messages")).status, 403);
    // Over the WebSocket the room's key is wanted besides.
    const { made, welcome } = await client(await token("post", ["Secret"]));
    assert.equal((await made.ask({ type: "join", room: "Secret" })).code, "proof_failed");
    const right = { type: "join", room: "Secret", proof: proof(secretRoom, welcome["nonce"]) };
    assert.equal((await made.ask(right)).type, "joined");
  });

  it("let each role do what it may and no more", async () => {
    await start();
    const [read, poster, admin] = [await token("read"), await token("post"), await token("admin")];
    const say = { sender: "Ann", text: "hi" };
    assert.equal((await ask(read, "/api/v1/rooms/Open/messages", "POST", say)).status, 403);
    assert.equal((await ask(poster, "/api/v1/rooms/Open/messages", "POST", say)).status, 201);
    assert.equal((await ask(admin, "/api/v1/rooms/Open/messages", "POST", say)).status, 201);
    for (const text of [read, poster]) {
      assert.equal((await ask(text, "/api/v1/notice", "POST", { text: "x" })).status, 403);
      assert.equal((await ask(text, "/api/v1/rooms/Open/muted/Bob", "PUT", {})).status, 403);
    }
    const { made } = await client(read);
    await made.ask({ type: "join", room: "Open" });
    assert.equal((await made.ask({ type: "post", room: "Open", text: "x" })).code, "read_only");
    const wrong = await ask("mcr_000000000000_".padEnd(60, "A"), "/status");
    assert.deepEqual([wrong.status, wrong.body["code"]], [401, "auth_failed"]);
    assert.match(wrong.headers.get("www-authenticate") ?? "", /^Bearer/);
    assert.doesNotMatch(lines.join(""), /mcr_/);
  });

  it("end connections when they are revoked, and keep the frames that came while they were checked", async () => {
    const clock = new FakeClock();
    await start({ clients: { auth: "required" } }, clock);
    const made = new TestClient(server.url);
    sockets.push(made);
    await made.opened();
    made.send({ type: "hello", name: "Ann", token: await token("post") });
    made.send({ type: "join", room: "Open" });
    assert.equal((await made.next()).type, "welcome");
    assert.equal((await made.next()).type, "joined");
    server.access.tokens.revoke("post null");
    clock.advance(1000);
    assert.equal((await made.next()).code, "auth_failed");
    assert.equal((await made.closed).code, 1008);
  });

  it("make an address that guesses wait, and let in who was here before", async () => {
    const clock = new FakeClock();
    const login = { failures: 3, delayS: 10, maxDelayS: 300, forgetAfterS: 3600 };
    await start({ clients: { auth: "required", login } }, clock);
    const good = await token("read");
    assert.equal((await ask(good, "/status")).status, 200);
    const late = await token("post");
    const guess = `mcr_000000000000_${"A".repeat(43)}`;
    for (let i = 0; i < 3; i++) assert.equal((await ask(guess, "/status")).status, 401);
    const refused = await ask(late, "/status");
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "10"]);
    assert.equal((await ask(good, "/status")).status, 200);
    assert.equal((await client(late)).welcome["code"], "rate_limited");
    clock.advance(10_000);
    assert.equal((await ask(late, "/status")).status, 200);
  });

  it("page both ways, by time and by text", async () => {
    await start({});
    for (let i = 1; i <= 5; i++) {
      await ingest(server.rooms, { room: "Open", seq: i, payload: sealText(openRoom, 1000 * i, `Ann: n${i}`) });
    }
    const texts = async (query: string): Promise<string> => {
      const { body, status } = await ask(null, `/api/v1/rooms/Open/messages?${query}`);
      const found = (body.messages ?? []).map(({ text }) => text).join(" ");
      return status === 200 ? `${found}${body["has_more"] === true ? " ..." : ""}` : String(body["code"]);
    };
    const { body } = await ask(null, "/api/v1/rooms/Open/messages");
    const guid = (n: number): string => body.messages?.[n - 1]?.guid ?? "";
    assert.equal(await texts("limit=2"), "n4 n5 ...");
    assert.equal(await texts(`limit=2&before=${guid(4)}`), "n2 n3 ...");
    assert.equal(await texts(`limit=2&before=${guid(2)}`), "n1");
    assert.equal(await texts(`limit=2&after=${guid(1)}`), "n2 n3 ...");
    assert.equal(await texts(`limit=2&after=${guid(4)}`), "n5");
    assert.equal(await texts("limit=2&after=2000"), "n3 n4 ...");
    assert.equal(await texts("since=2000&until=4000"), "n2 n3");
    assert.equal(await texts("since=1970-01-01T01:06:40Z"), "n4 n5");
    assert.equal(await texts("grep=N3"), "n3");
    assert.equal(await texts("since=yesterday"), "bad_request");
  });

  it("describe every route in a document made of the schemas that check", async () => {
    await start({});
    const { body } = await ask(null, "/api/v1/openapi.json");
    assert.equal(body["openapi"], "3.1.0");
    const paths = body["paths"] as Record<string, Record<string, { parameters?: { name: string }[] }>>;
    for (const { path, method } of server.http.routes)
      assert.ok(paths[path][method.toLowerCase()], `${method} ${path}`);
    const { parameters = [] } = paths["/api/v1/rooms/{room}/messages"]["get"];
    const wanted = ["room", "before", "after", "since", "until", "grep", "limit"];
    assert.deepEqual(parameters.map(({ name }) => name).sort(), wanted.sort());
  });

  it("count for Prometheus without a word of private rooms", async () => {
    await start({});
    await post(server.rooms, openRoom, "Ann", "x");
    await post(server.rooms, secretRoom, "Ann", "x");
    const { text, headers } = await ask(await token("admin"), "/metrics");
    assert.match(headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(text, /^meshcore_room_messages_total\{room="Open",via="client"\} 1$/m);
    assert.match(text, /^meshcore_room_rebroadcasts_total\{room="Open",outcome="too_old"\} 0$/m);
    assert.match(text, /^meshcore_room_rebroadcast_airtime_seconds_total\{room="Open"\} 0$/m);
    assert.doesNotMatch(text, /Secret/);
  });

  it("mute a sender at every door, set topics and tell everybody something", async () => {
    await start({});
    const { made } = await client(undefined, "Bob");
    await made.ask({ type: "join", room: "Open" });
    const mute = (method: string, sent?: unknown) => ask(null, "/api/v1/rooms/Open/muted/bob", method, sent);
    assert.equal((await mute("PUT", { for_s: 60 })).status, 200);
    assert.equal((await made.ask({ type: "post", room: "Open", text: "x" })).code, "read_only");
    await ingest(server.rooms, { room: "Open", payload: sealText(openRoom, 1000, "BOB: by air") });
    assert.deepEqual(server.rooms.history(openRoom, { limit: 5 }), []);
    const { body } = await ask(null, "/api/v1/rooms/Open/muted");
    assert.equal((body["muted"] as unknown[]).length, 1);
    assert.equal((await mute("DELETE")).status, 200);
    assert.equal((await mute("DELETE")).status, 404);
    assert.equal((await made.ask({ type: "post", room: "Open", text: "x" })).type, "posted");
    await made.next();
    assert.equal((await ask(null, "/api/v1/rooms/Open/topic", "PUT", { topic: "storm" })).status, 200);
    assert.deepEqual(await made.next(), { type: "topic", room: "Open", topic: "storm" });
    assert.deepEqual((await ask(null, "/api/v1/notice", "POST", { text: "back at 8" })).body, { clients: 1 });
    assert.deepEqual(await made.next(), { type: "notice", text: "back at 8" });
    assert.equal((await made.ask({ type: "join", room: "Open" })).topic, "storm");
  });

  it("show who takes part, and who is there now", async () => {
    await start({});
    await post(server.rooms, openRoom, "Zoe", "x");
    const { made } = await client(undefined, "Bob");
    await made.ask({ type: "join", room: "Open" });
    const { body } = await ask(null, "/api/v1/rooms/Open/participants");
    const list = body["participants"] as Record<string, unknown>[];
    assert.deepEqual(
      list.map(({ name, connected, messages }) => [name, connected, messages]),
      [
        ["Zoe", false, 1],
        ["Bob", true, 0],
      ],
    );
    assert.deepEqual((await made.ask({ type: "participants", room: "Open" })).participants, list);
  });

  it("keep members through a reload, and ask again for a new key", async () => {
    await start({});
    const { made, welcome } = await client(undefined, "Bob");
    await made.ask({ type: "join", room: "Open" });
    await made.ask({ type: "join", room: "Secret", proof: proof(secretRoom, welcome["nonce"]) });
    await made.ask({ type: "join", room: "Notices" });
    const key = new Uint8Array(16).fill(7);
    const rekeyed = { ...secretRoom, key, keyCheck: 5 };
    server.rooms.apply([{ ...openRoom, topic: "new" }, rekeyed]);
    const told = [await made.next(), await made.next(), await made.next()];
    assert.deepEqual(
      told.map(({ type, room }) => `${type} ${room}`),
      ["topic Open", "left Secret", `left ${noticeRoom.name}`],
    );
    assert.equal((await made.ask({ type: "post", room: "Open", text: "x" })).type, "posted");
    assert.equal((await made.next()).type, "message");
  });

  it("take the same text twice from the air within half a minute as one message", async () => {
    await start({});
    const hear = (timestamp: number, line: string, seq: number) =>
      ingest(server.rooms, { room: "Open", seq, payload: sealText(openRoom, timestamp, line) });
    await hear(1000, "Ann: hello", 1);
    await hear(1030, "Ann: hello", 2);
    await hear(1031, "Ann: hello", 3);
    await hear(1005, "Bob: hello", 4);
    const found = server.rooms.history(openRoom, { limit: 9 }).map(({ sender, timestamp }) => `${sender} ${timestamp}`);
    assert.deepEqual(found, ["Ann 1000", "Bob 1005", "Ann 1031"]);
  });
});
