// The sites of deploy/ in the real servers. Both have to pass the same things on.
import assert from "node:assert/strict";
import { createServer, get as getPlain, type IncomingMessage } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { WebSocket } from "ws";
import type { Daemon } from "../../host-bridge/run.ts";
import { command } from "../host-bridge/cli/start.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import {
  type Front,
  has,
  newCertificate,
  outsideAddress,
  peerFingerprint,
  startCaddy,
  startDaemon,
  startNginx,
} from "./proxy.ts";

type Frame = Record<string, unknown>;
interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  text: string;
}

/** A client of the room server behind the proxy, which checks the certificate. */
class Guest {
  readonly socket: WebSocket;
  private readonly frames: Frame[] = [];
  private wake: () => void = () => undefined;

  constructor(port: number, ca: string, host = "localhost", headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`wss://${host}:${port}/ws`, ["meshcore-room.v1"], { ca, headers });
    this.socket.on("message", (data) => {
      this.frames.push(JSON.parse(String(data)) as Frame);
      this.wake();
    });
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.OPEN) return this;
    await new Promise((resolve, reject) => this.socket.once("open", resolve).once("error", reject));
    return this;
  }

  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Until it hears that text. */
  async hear(text: string): Promise<void> {
    while ((await this.until("message"))["text"] !== text);
  }

  /** The next frame of a type; others before it are passed over. */
  async until(type: string): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (frame["type"] === type) return frame;
      if (frame["type"] === "error") assert.fail(JSON.stringify(frame));
    }
  }

  send(frame: Frame): void {
    this.socket.send(JSON.stringify(frame));
  }

  async join(room: string, limit: number): Promise<Frame> {
    await this.opened();
    this.send({ type: "hello", name: "Guest" });
    await this.until("welcome");
    this.send({ type: "join", room, limit });
    return this.until("joined");
  }
}

const guids = (list: unknown): unknown[] => (list as { guid: unknown }[]).map(({ guid }) => guid);

const SERVERS = [
  { name: "nginx", isThere: has("nginx", "-v"), start: startNginx, isNginx: true },
  // Caddy sends to HTTPS by itself, on a port that cannot be had here; it ends WebSockets when it reloads (2.6).
  { name: "caddy", isThere: has("caddy", "version"), start: startCaddy, isNginx: false },
];

for (const { name, isThere, start, isNginx } of SERVERS) {
  describe(`the site for ${name}${isThere ? "" : ` (${name} not found)`}`, () => {
    const onlyNginx = (title: string, run: () => Promise<void>): void => {
      if (isNginx) it(title, run);
    };
    const scratch = new Scratch();
    let folder: string;
    let ca: string;
    let daemon: Daemon;
    let proxy: Front;
    const guests: Guest[] = [];

    const guest = (...args: [host?: string, headers?: Record<string, string>]): Guest => {
      const made = new Guest(proxy.port, ca, ...args);
      guests.push(made);
      return made;
    };
    const ask = (
      path: string,
      host = "localhost",
      headers: Record<string, string> = {},
      port = proxy.port,
    ): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const asked = request({ host, port, path, ca, headers, agent: false }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (data) => (text += data));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        });
        asked.on("error", reject).end();
      });

    before(async function () {
      if (!isThere) this.skip();
      folder = scratch.dir();
      ({ ca } = newCertificate(folder));
      daemon = await startDaemon(folder);
      proxy = await start(folder, Number(new URL(daemon.url).port));
    });
    afterEach(() => {
      for (const { socket } of guests.splice(0)) socket.terminate();
    });
    after(async () => {
      await proxy?.stop();
      await daemon?.stop();
      scratch.clean();
    });

    it("passes WSS: two clients meet in a room", async () => {
      const [ann, bob] = [guest(), guest()];
      await ann.join("Open", 0);
      await bob.join("Open", 0);
      ann.send({ type: "post", room: "Open", text: "through the proxy", ref: "r" });
      const { guid, ref } = await ann.until("posted");
      assert.equal(ref, "r");
      const heard = await bob.until("message");
      assert.deepEqual([heard["guid"], heard["text"]], [guid, "through the proxy"]);
      assert.equal(ann.socket.protocol, "meshcore-room.v1");
    });

    it("serves the page and health, with HSTS", async () => {
      const page = await ask("/");
      assert.equal(page.status, 200);
      assert.match(page.text, /<title>/);
      assert.match(String(page.headers["content-security-policy"]), /default-src/);
      assert.match(String(page.headers["strict-transport-security"]), /max-age=\d+/);
      assert.equal((await ask("/healthz")).status, 200);
    });

    it("a plain request at /ws is told to upgrade", async () => {
      const { status, headers } = await ask("/ws");
      assert.equal(status, 426);
      assert.equal(headers["upgrade"] ?? "websocket", "websocket");
    });

    it("a page of another site is refused, the own one with its port is not", async () => {
      const own = await guest("localhost", { origin: `https://localhost:${proxy.port}` }).opened();
      assert.equal(own.socket.readyState, WebSocket.OPEN);
      await assert.rejects(guest("localhost", { origin: "https://evil.example" }).opened(), /403/);
    });

    it("a large history comes whole, over the WebSocket and over HTTP", async () => {
      const writer = guest();
      await writer.join("Open", 0);
      const count = 3000;
      const text = "x".repeat(140);
      for (let n = 0; n < count; n++) writer.send({ type: "post", room: "Open", text: `${text} ${n}` });
      for (let n = 0; n < count; n++) await writer.until("posted");
      const reader = guest();
      const { history } = await reader.join("Open", count);
      const list = history as Frame[];
      assert.equal(list.length, count);
      assert.ok(JSON.stringify(list).length > 1_000_000, "it is not large");
      // Within a second the order is that of the GUIDs.
      assert.equal(new Set(list.map((message) => message["text"])).size, count);
      const { status, text: body } = await ask("/api/v1/rooms/Open/messages?limit=500");
      if (status === 200) assert.deepEqual(guids(JSON.parse(body).messages), guids(list.slice(-500)));
      else assert.equal(status, 401);
    });

    it("hands the daemon the client's own address, and none that a client claims", async function () {
      if (outsideAddress === undefined) this.skip();
      const seen: IncomingMessage["headers"][] = [];
      const upstream = createServer((incoming, response) => {
        seen.push(incoming.headers);
        response.end("{}");
      });
      await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
      const second = scratch.dir();
      const { ca: otherCa } = newCertificate(second);
      const other = await start(second, (upstream.address() as AddressInfo).port);
      try {
        const claims = { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" };
        for (const host of [outsideAddress, "127.0.0.1"]) {
          await new Promise<void>((resolve, reject) => {
            const options = { host, port: other.port, path: "/status", ca: otherCa, headers: claims, agent: false };
            request(options, (response) => response.resume().on("end", resolve))
              .on("error", reject)
              .end();
          });
        }
        assert.deepEqual(
          seen.map((headers) => [headers["x-forwarded-for"], headers["x-forwarded-proto"]]),
          [
            [outsideAddress, "https"],
            ["127.0.0.1", "https"],
          ],
        );
        assert.equal(seen[0].host, `${outsideAddress}:${other.port}`);
      } finally {
        await other.stop();
        upstream.closeAllConnections();
        upstream.close();
      }
    });

    it("the status is for this machine, not for who comes through the proxy from another", async function () {
      if (outsideAddress === undefined) this.skip();
      assert.equal((await ask("/status", outsideAddress)).status, 401);
      assert.equal((await ask("/status", outsideAddress, { "x-forwarded-for": "127.0.0.1" })).status, 401);
    });

    it("the status is also for who comes from another machine with a token", async function () {
      if (outsideAddress === undefined) this.skip();
      const made = await command(["token", "create", "Ann", "--json", "--config", join(folder, "room-server.yaml")]);
      assert.equal(made.code, 0, made.err);
      const { token } = JSON.parse(made.out) as { token: string };
      const { status, text } = await ask("/status", outsideAddress, { authorization: `Bearer ${token}` });
      assert.equal(status, 200, text);
      assert.deepEqual(
        (JSON.parse(text) as { rooms: { name: string }[] }).rooms.map((room) => room.name),
        ["Open"],
      );
      const ann = await guest(outsideAddress).opened();
      ann.send({ type: "hello", name: "Ann", token });
      await ann.until("welcome");
    });

    it("a daemon that is away is a 502, and back when it is back", async () => {
      const { port } = new URL(daemon.url);
      await daemon.stop();
      assert.equal((await ask("/healthz")).status, 502);
      daemon = await startDaemon(folder, Number(port));
      assert.equal((await ask("/healthz")).status, 200);
      const { history } = await guest().join("Open", 1);
      assert.equal((history as Frame[]).length, 1);
    });

    onlyNginx("plain HTTP is sent to HTTPS", async () => {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        getPlain(
          { host: "127.0.0.1", port: proxy.httpPort, path: "/x?y", headers: { host: "room.example.com" } },
          resolve,
        ).on("error", reject);
      });
      response.resume();
      assert.deepEqual([response.statusCode, response.headers.location], [301, "https://room.example.com/x?y"]);
    });

    onlyNginx("a new certificate is taken while clients stay", async () => {
      const ann = guest();
      await ann.join("Open", 0);
      const before = await peerFingerprint(proxy.port);
      ({ ca } = newCertificate(folder));
      proxy.child.kill("SIGHUP");
      // For a moment workers of both kinds take connections.
      for (let tries = 0, fresh = 0; fresh < 5; tries++) {
        assert.ok(tries < 200, "the old certificate is still shown");
        fresh = (await peerFingerprint(proxy.port)) === before ? 0 : fresh + 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const bob = guest();
      await bob.join("Open", 0);
      bob.send({ type: "post", room: "Open", text: "from the new to the old" });
      await ann.hear("from the new to the old");
      ann.send({ type: "post", room: "Open", text: "and back" });
      await bob.hear("and back");
    });
  });
}
