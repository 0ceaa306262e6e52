import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { Script } from "node:vm";
import { RoomError } from "../../../host-bridge/errors.ts";
import { post } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { openRoom, secretRoom, startServer, TestClient } from "./server-bench.ts";

type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

describe("http", () => {
  const scratch = new Scratch();
  let server: Awaited<ReturnType<typeof startServer>>;

  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(server.url + path, init);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer["body"] };
  };
  const send = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  beforeEach(async () => {
    server = await startServer(scratch.dir());
  });

  afterEach(async () => {
    await server.stop();
    scratch.clean();
  });

  it("shows every field of /status", async () => {
    await post(server.rooms, openRoom, "Ann", "hi");
    const ann = new TestClient(server.url);
    await ann.hello("Ann");
    await ann.ask({ type: "join", room: "Open" });
    const { status, body } = await ask("/status");
    assert.equal(status, 200);
    const { uptime_s, version, ...rest } = body;
    assert.equal(typeof uptime_s, "number");
    assert.match(String(version), /^\d+\.\d+\.\d+/);
    const rebroadcast = {
      ...{ waiting: 0, sent: 0, airtime_ms: 0 },
      not_sent: {
        ...{ too_old: 0, airtime: 0, busy: 0, heard_on_air: 0, not_wanted: 0 },
        ...{ no_board: 0, overflow: 0, refused: 0, store: 0 },
      },
    };
    assert.deepEqual(rest, {
      name: "here",
      rooms: [
        { name: "Open", private: false, clients: 1, participants: 1, messages: 1, max_history: 100, rebroadcast },
        { name: "Secret", private: true, clients: 0, participants: 0, messages: 0, max_history: 100, rebroadcast },
        { name: "Notices", private: false, clients: 0, participants: 0, messages: 0, max_history: 100, rebroadcast },
      ],
      boards: [],
      federation: { enabled: false, peers: [] },
      mqtt: { enabled: false, connected: false, published: 0, brokers: [] },
      ...{ nodes: 0, silent_nodes: 0, alerts: [] },
      clients: 1,
      outbox: 1,
      history_error: null,
    });
    ann.socket.terminate();
  });

  it("answers /healthz", async () => {
    const { status, body } = await ask("/healthz");
    assert.deepEqual([status, body], [200, { ok: true }]);
  });

  it("serves a page that runs nothing but its own script", async () => {
    const response = await fetch(`${server.url}/`);
    assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const html = await response.text();
    assert.match(html, /<title>MeshCore Room/);
    assert.doesNotMatch(html, /https?:\/\//);
    const script = html.slice(html.indexOf("<script>") + 8, html.indexOf("</script>"));
    assert.ok(new Script(script));
    const digest = createHash("sha256").update(script).digest("base64");
    assert.ok(policy.includes(`script-src 'sha256-${digest}'`));
  });

  it("lists rooms and pages through a public room's messages", async () => {
    for (let i = 1; i <= 5; i++) await post(server.rooms, openRoom, "Ann", `n${i}`);
    const { body } = await ask("/api/v1/rooms");
    assert.deepEqual((body.rooms as object[])[0], {
      ...{ name: "Open", private: false, description: "about Open", topic: "", read_only: false },
      ...{ messages: 5, max_history: 100 },
    });
    type Messages = { text: string; guid: string; timestamp: number; type: string }[];
    const page = async (query: string): Promise<Messages> =>
      (await ask(`/api/v1/rooms/Open/messages${query}`)).body.messages as Messages;
    const newest = await page("?limit=2");
    assert.deepEqual(
      newest.map(({ type, text }) => `${type} ${text}`),
      ["message n4", "message n5"],
    );
    assert.deepEqual(
      (await page(`?limit=2&before=${newest[0].guid}`)).map(({ text }) => text),
      ["n2", "n3"],
    );
    assert.equal((await page("")).length, 5);
    assert.deepEqual(await page(`?before=${newest[0].timestamp - 1000}`), []);
    for (const query of ["?limit=0", "?limit=x", "?limit=1.5"]) {
      const { status, body: problem } = await ask(`/api/v1/rooms/Open/messages${query}`);
      assert.deepEqual([status, problem.code], [400, "bad_request"], query);
    }
  });

  it("takes posts to public rooms, once they are durable", async () => {
    const { status, body } = await send("/api/v1/rooms/Open/messages", { sender: "Ann", text: "hi 🚀", ref: "r" });
    assert.equal(status, 201);
    const [message] = server.rooms.history(openRoom, { limit: 1 });
    assert.deepEqual(body, { guid: message.guid, ref: "r" });
    assert.deepEqual([message.sender, message.text, message.via], ["Ann", "hi 🚀", "client"]);
  });

  it("refuses with the code that fits", async () => {
    const cases: [string, unknown, number, string][] = [
      ["Open", { sender: "Ann", text: "x".repeat(156) }, 400, "too_long"],
      ["Open", { sender: "", text: "x" }, 400, "bad_request"],
      ["Open", { text: "x" }, 400, "bad_request"],
      ["Open", "{", 400, "bad_request"],
      ["Open", "[]", 400, "bad_request"],
      ["Open", JSON.stringify({ sender: "Ann", text: "x".repeat(20_000) }), 413, "bad_request"],
      ["Notices", { sender: "Ann", text: "x" }, 403, "read_only"],
      ["Secret", { sender: "Ann", text: "x" }, 403, "proof_failed"],
      ["Nowhere", { sender: "Ann", text: "x" }, 404, "unknown_room"],
    ];
    for (const [room, body, status, code] of cases) {
      const answer = await send(`/api/v1/rooms/${room}/messages`, body);
      assert.deepEqual(
        [answer.status, answer.body.code],
        [status, code],
        `${room} ${JSON.stringify(body).slice(0, 40)}`,
      );
      assert.equal(typeof answer.body.message, "string");
    }
    assert.equal((await ask("/api/v1/rooms/Secret/messages")).status, 403);
    assert.deepEqual(server.rooms.history(secretRoom, { limit: 1 }), []);
  });

  it("answers 404 in JSON, and 426 to a plain request where a WebSocket belongs", async () => {
    const { status, body } = await ask("/nothing?here");
    assert.deepEqual([status, body.code], [404, "not_found"]);
    assert.equal((await ask("/%zz")).status, 400);
    assert.equal((await ask("/ws")).status, 426);
  });

  it("refuses what a page of another site asks", async () => {
    const headers = { origin: "https://evil.example" };
    assert.equal((await ask("/status", { headers })).status, 403);
    assert.equal((await send("/api/v1/rooms/Open/messages", { sender: "Ann", text: "x" }, headers)).status, 403);
    assert.equal((await ask("/status", { headers: { origin: server.url } })).status, 200);
    assert.deepEqual(server.rooms.history(openRoom, { limit: 1 }), []);
  });

  it("shows nothing to another machine", async function () {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((entry) => entry?.family === "IPv4" && !entry.internal)?.address;
    if (address === undefined) return this.skip();
    const wide = await startServer(scratch.dir(), { listen: { host: "0.0.0.0", port: 0 } });
    try {
      const at = (path: string): Promise<Response> => fetch(wide.url.replace("0.0.0.0", address) + path);
      for (const path of [
        "/status",
        "/api/v1/rooms",
        "/api/v1/rooms/Open/messages",
        "/api/v1/rooms/Nowhere/messages",
      ]) {
        assert.equal((await at(path)).status, 401, path);
      }
      assert.equal((await at("/healthz")).status, 200);
      assert.doesNotMatch(await (await at("/")).text(), /Open|Secret/);
    } finally {
      await wide.stop();
    }
  });

  it("wants a token for rooms where authentication is required, on this machine too", async () => {
    const rateLimit = { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 20 };
    const strict = await startServer(scratch.dir(), { clients: { auth: "required", rateLimit } });
    try {
      const init = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"sender":"A","text":"x"}',
      };
      assert.equal((await fetch(`${strict.url}/api/v1/rooms`)).status, 401);
      assert.equal((await fetch(`${strict.url}/api/v1/rooms/Open/messages`)).status, 401);
      assert.equal((await fetch(`${strict.url}/api/v1/rooms/Open/messages`, init)).status, 401);
      assert.equal((await fetch(`${strict.url}/status`)).status, 200);
    } finally {
      await strict.stop();
    }
  });

  it("says what to do when the port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    await assert.rejects(
      startServer(scratch.dir(), { listen: { host: "127.0.0.1", port } }),
      (error) => error instanceof RoomError && error.code === "port_in_use" && error.hint !== undefined,
    );
    other.close();
  });
});
