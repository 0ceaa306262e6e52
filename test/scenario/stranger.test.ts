import assert from "node:assert/strict";
import { systemClock } from "../../host-bridge/clock.ts";
import { createLog } from "../../host-bridge/log.ts";
import { CLIENT_FRAMES } from "../../host-bridge/web/frames.ts";
import { post } from "../host-bridge/room/rooms-bench.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { openRoom, proof, secretRoom, startServer, TestClient } from "../host-bridge/web/server-bench.ts";
import type { Seen, Task } from "./stranger-child.ts";
import { type Place, strangerPlace } from "./stranger-place.ts";

const NAMES = /Open|Secret|Notices|about|Ann/;
const ROOMS = ["Secret", "Nowhere"];
const login = { failures: 1000, delayS: 1, maxDelayS: 300, forgetAfterS: 3600 };

describe("a stranger on the network", () => {
  const scratch = new Scratch();
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "text", write: (line) => void lines.push(line) });
  let place: Place;
  let server: Awaited<ReturnType<typeof startServer>>;

  const start = async (auth: "required" | "optional", limits = login): Promise<void> => {
    const clients = { auth, login: limits };
    server = await startServer(scratch.dir(), { listen: { host: "0.0.0.0", port: 0 }, clients }, systemClock, log);
    await post(server.rooms, openRoom, "Ann", "public");
    await post(server.rooms, secretRoom, "Ann", "private");
  };
  const send = (task: Partial<Task>): Promise<Seen> => {
    const url = server.url.replace("0.0.0.0", place.address);
    return place.send({ url, requests: [], talks: [], ...task });
  };

  before(function () {
    const found = strangerPlace();
    if (found === null) {
      console.log("no network but loopback: nobody can be a stranger here");
      return this.skip();
    }
    place = found;
  });
  after(() => place?.leave());
  afterEach(async () => {
    await server?.stop();
    scratch.clean();
    lines.length = 0;
  });

  it("gets nothing from any route, whatever he claims to be", async () => {
    await start("required");
    const dead = (await server.access.tokens.create({ name: "gone", role: "admin", rooms: null, expires: null })).text;
    server.access.tokens.revoke("gone");
    const claims: Record<string, string>[] = [
      {},
      { authorization: "Bearer nonsense" },
      { authorization: `Bearer ${dead}` },
      { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", forwarded: "for=127.0.0.1" },
      { host: "localhost", authorization: "Basic YTpi" },
    ];
    const tries: { path: string; access: string; twin: number }[] = [];
    const requests: Task["requests"] = [];
    const open = server.http.routes.filter(({ access }) => access === "open").map(({ path }) => path);
    assert.deepEqual(open, ["/", "/healthz", "/ws"]);
    for (const { method, path, access, body } of server.http.routes) {
      for (const claim of claims) {
        for (const verb of method === "GET" ? ["GET", "HEAD"] : [method]) {
          for (const room of path.includes("{room}") ? ROOMS : [""]) {
            const headers = body === undefined ? claim : { ...claim, "content-type": "application/json" };
            const own = path.replace("{room}", room).replace("{sender}", "Ann");
            const sent = body === undefined ? {} : { body: '{"sender":"Eve","text":"x","topic":"x"}' };
            tries.push({ path: own, access, twin: room === "Nowhere" ? requests.length - 1 : -1 });
            requests.push({ method: verb, path: own, headers, ...sent });
          }
        }
      }
    }
    const seen = await send({ requests });
    assert.equal(seen.requests.length, tries.length);
    let refused = 0;
    tries.forEach(({ path, access, twin }, i) => {
      const { status, headers, body } = seen.requests[i];
      const what = `${requests[i].method} ${path} ${JSON.stringify(requests[i].headers)}: ${status} ${body}`;
      assert.doesNotMatch(body.replaceAll(/<style>.*<\/html>/gs, ""), NAMES, what);
      if (access === "open") return;
      refused++;
      assert.equal(status, 401, what);
      if (twin >= 0) assert.deepEqual({ status, headers, body }, seen.requests[twin], what);
    });
    assert.ok(refused > 60);
    assert.equal(server.rooms.history(openRoom, { limit: 10 }).length, 1);
    assert.equal(server.access.moderation.topic("Secret"), null);
    assert.doesNotMatch(lines.join(""), NAMES);
  });

  it("gets nothing over the WebSocket, whatever frame he sends", async () => {
    await start("required");
    const frame = (type: string): object => ({
      type,
      room: "Secret",
      text: "x",
      name: "Eve",
      proof: "00".repeat(32),
      ref: 1,
    });
    const talks: Task["talks"] = [];
    for (const type of CLIENT_FRAMES) {
      talks.push({ headers: {}, frames: [frame(type)] });
      talks.push({ headers: {}, frames: [{ type: "hello", name: "Eve" }, frame(type)] });
      talks.push({ headers: {}, frames: [{ type: "hello", name: "Eve", token: "mcr_guess" }, frame(type)] });
      talks.push({
        headers: { "x-forwarded-for": "127.0.0.1" },
        frames: [{ type: "hello", name: "Eve" }, frame(type)],
      });
    }
    const seen = await send({ talks });
    seen.talks.forEach(({ frames, code }, i) => {
      const what = `${JSON.stringify(talks[i].frames)}: ${frames.join(" ")}`;
      assert.ok(frames.length > 0, what);
      for (const one of frames) {
        const { type, code: why } = JSON.parse(one) as Record<string, string>;
        assert.equal(type, "error", what);
        assert.ok(why === "auth_required" || why === "auth_failed", what);
        assert.doesNotMatch(one, NAMES, what);
      }
      if (i % 4 !== 0) assert.equal(code, 1008, what);
    });
    assert.equal(server.clients.count(), 0);
    assert.doesNotMatch(lines.join(""), NAMES);
  });

  it("does not learn which private rooms there are where public ones are open to him", async () => {
    await start("optional");
    const hello = { type: "hello", name: "Eve" };
    const ask = (room: string): unknown[] => [
      { type: "join", room },
      { type: "join", room, proof: "00".repeat(32) },
      { type: "join", room, proof: "00" },
      { type: "leave", room },
      { type: "post", room, text: "x" },
      { type: "participants", room },
    ];
    const talks = ROOMS.map((room) => ({ headers: {}, frames: [hello, ...ask(room)] }));
    const { talks: answers } = await send({ talks });
    const [real, none] = answers.map(({ frames }) => frames);
    const welcome = JSON.parse(real[0]) as { rooms: { name: string }[] };
    assert.deepEqual(
      welcome.rooms.map(({ name }) => name),
      ["Open", "Notices"],
    );
    assert.equal(real.length, 7);
    assert.deepEqual(
      real.slice(1).map((line) => line.replaceAll("Secret", "Nowhere")),
      none.slice(1),
    );
  });

  it("gets in with a proof of his own and never with another's, and guessing costs him time", async () => {
    await start("optional", { ...login, failures: 3 });
    const friend = new TestClient(server.url.replace("0.0.0.0", "127.0.0.1"));
    const { nonce } = await friend.hello("Ann");
    const replayed = proof(secretRoom, nonce);
    const join = (text: string): unknown => ({ type: "join", room: "Secret", proof: text });
    assert.equal((await friend.ask(join(replayed))).type, "joined");
    const guesses = ["11", "22", "33", "44"].map((pair) => join(pair.repeat(32)));
    const frames = [{ type: "hello", name: "Eve" }, join(replayed), ...guesses];
    const { talks } = await send({ talks: [{ headers: {}, frames }] });
    const codes = talks[0].frames.slice(1).map((line) => (JSON.parse(line) as { code: string }).code);
    assert.deepEqual(codes, ["proof_failed", "proof_failed", "proof_failed", "rate_limited", "rate_limited"]);
    friend.socket.terminate();
  });
});
