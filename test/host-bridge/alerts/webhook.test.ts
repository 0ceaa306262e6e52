import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Notice } from "../../../host-bridge/alerts/alert.ts";
import { isQuiet, parseQuietHours } from "../../../host-bridge/alerts/quiet-hours.ts";
import { type HookShelf, Webhook } from "../../../host-bridge/alerts/webhook.ts";
import { NodeStore } from "../../../host-bridge/nodes/node-store.ts";
import { until } from "../daemon-bench.ts";
import { FakeClock } from "../fake-clock.ts";
import { keptLog } from "../kept-log.ts";
import { Scratch } from "../scratch.ts";
import { alertSettings } from "./alerts-bench.ts";
import { follows } from "./schema.ts";

const SECRET = "a secret of the webhook";

/** What anybody could run: an HTTP server that keeps what it is sent. */
class Receiver {
  readonly got: { headers: IncomingHttpHeaders; body: string; path: string }[] = [];
  /** Answers to the next requests; 0 closes the connection, null says nothing at all. */
  answers: (number | null)[] = [];
  retryAfter = "";
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        this.got.push({ headers: request.headers, body, path: request.url ?? "" });
        const code = this.answers.length > 0 ? this.answers.shift() : 204;
        if (code === 0) request.socket.destroy();
        else if (code !== null && code !== undefined) {
          if (this.retryAfter !== "") response.setHeader("retry-after", this.retryAfter);
          response.writeHead(code).end(code === 200 ? "x".repeat(100_000) : "");
        }
      });
    });
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook/Tell-nobody`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The ids of the alerts, in the order in which they came. */
  ids(): string[] {
    return this.got.map(({ body }) => (JSON.parse(body) as Notice).id);
  }
}

describe("the webhook", () => {
  const scratch = new Scratch();
  let clock: FakeClock;
  let receiver: Receiver;
  let store: NodeStore;
  let lines: string[];
  let webhook: Webhook;
  let stop: () => void;
  const settings = alertSettings();

  const begin = (shelf: HookShelf = store): void => {
    webhook = new Webhook({ clock, log: keptLog(lines), random: () => 0.5, settings: () => settings, shelf });
    stop = webhook.start();
  };
  const notice = (id: string, state: Notice["state"] = "raised"): Notice => ({
    ...{ server: "here", what: "board", id, name: id, state, text: `Board ${id}`, since: 1, time: 2 },
  });
  const tell = (id: string, state?: Notice["state"]): void => webhook.notify(`board ${id}`, notice(id, state));
  const arrived = (count: number): Promise<void> => until(`${count} requests`, () => receiver.got.length >= count);
  /** All answers are here. */
  const settled = (count: number): Promise<void> => until("answers", () => webhook.sent + webhook.dropped >= count);

  beforeEach(async () => {
    Object.assign(settings, alertSettings({ webhookSecret: SECRET }));
    clock = new FakeClock();
    receiver = new Receiver();
    settings.webhook = await receiver.start();
    store = NodeStore.open(scratch.dir());
    lines = [];
    begin();
  });
  afterEach(async () => {
    stop();
    store.close();
    await receiver.stop();
    assert.equal(clock.pending(), 0);
    assert.ok(!lines.join().includes("Tell-nobody") && !lines.join().includes(SECRET), lines.join());
    scratch.clean();
  });

  it("posts an alert as JSON, signed with the secret over time and body", async () => {
    tell("b1");
    await settled(1);
    const [{ headers, body, path }] = receiver.got;
    assert.equal(path, "/hook/Tell-nobody");
    follows("webhook", JSON.parse(body));
    assert.deepEqual(JSON.parse(body), notice("b1"));
    const time = headers["x-meshcore-timestamp"];
    assert.equal(time, String(Math.floor(clock.unixMs() / 1000)));
    const mac = createHmac("sha256", SECRET).update(`${time}.${body}`).digest("hex");
    assert.equal(headers["x-meshcore-signature"], `sha256=${mac}`);
    assert.equal(headers["content-type"], "application/json");
    assert.match(String(headers["x-meshcore-delivery"]), /^[0-9a-f-]{36}$/);
    assert.deepEqual([webhook.queued(), store.hooks()], [0, []]);
  });

  it("signs nothing without a secret, and sends nothing without a URL", async () => {
    settings.webhookSecret = null;
    tell("b1");
    await settled(1);
    assert.equal(receiver.got[0].headers["x-meshcore-signature"], undefined);
    settings.webhook = null;
    tell("b2");
    assert.equal(webhook.queued(), 0);
  });

  it("tries again, later each time, until it is taken, in order and with the same number", async () => {
    receiver.answers = [500, 0, 429, 503];
    for (const id of ["b1", "b2", "b3"]) tell(id);
    for (const [tries, waitMs] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
      [4, 8000],
    ]) {
      await arrived(tries);
      await until("the answer", () => clock.pending() === 1 && receiver.got.length === tries && lines.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      clock.advance(waitMs - 1);
      assert.equal(receiver.got.length, tries);
      clock.advance(1);
    }
    await settled(3);
    assert.deepEqual(receiver.ids(), ["b1", "b1", "b1", "b1", "b1", "b2", "b3"]);
    const numbers = new Set(receiver.got.slice(0, 5).map(({ headers }) => headers["x-meshcore-delivery"]));
    assert.equal(numbers.size, 1);
    assert.deepEqual([webhook.sent, webhook.dropped], [3, 0]);
    assert.equal(lines.at(-1), "info the webhook takes alerts again");
  });

  it("more alerts do not make it try sooner", async () => {
    receiver.answers = [503];
    tell("b1");
    await until("the refusal", () => lines.length === 1);
    for (let i = 2; i < 10; i++) tell(`b${i}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(receiver.got.length, 1);
    clock.advance(1000);
    await settled(9);
  });

  it("waits as long as the receiver asks it to", async () => {
    receiver.answers = [429];
    receiver.retryAfter = "60";
    tell("b1");
    await until("the refusal", () => lines.length === 1);
    clock.advance(59_000);
    assert.equal(receiver.got.length, 1);
    clock.advance(1000);
    await settled(1);
  });

  it("gives up what is refused for good, says so, and goes on with the next", async () => {
    receiver.answers = [404, 302];
    for (const id of ["b1", "b2", "b3"]) tell(id);
    await settled(3);
    assert.deepEqual([receiver.ids(), webhook.sent, webhook.dropped], [["b1", "b2", "b3"], 1, 2]);
    assert.deepEqual(lines.slice(0, 2), [
      "warn the webhook does not take an alert: it answers 404",
      "warn the webhook does not take an alert: it answers 302",
    ]);
  });

  it("does not wait for a receiver that says nothing", async () => {
    receiver.answers = [null];
    tell("b1");
    await arrived(1);
    clock.advance(10_000);
    await until("the fault", () => lines.includes("warn the webhook does not take an alert: no answer"));
    clock.advance(1000);
    await settled(1);
  });

  it("what a restart interrupts is sent by the next run, once each", async () => {
    receiver.answers = [503];
    for (const id of ["b1", "b2"]) tell(id);
    await until("the refusal", () => lines.length === 1);
    stop();
    begin();
    assert.equal(webhook.queued(), 2);
    await settled(2);
    assert.deepEqual(receiver.ids(), ["b1", "b1", "b2"]);
    assert.deepEqual(store.hooks(), []);
  });

  it("a receiver that is away costs the oldest beyond a thousand", async () => {
    const url = new URL(settings.webhook as string);
    await receiver.stop();
    for (let i = 0; i < 1100; i++) tell(`b${i}`);
    assert.deepEqual([webhook.queued(), webhook.dropped, store.hooks().length], [1000, 100, 1000]);
    assert.match(lines[0], /^error 1000 alerts wait for the webhook: the oldest are dropped/);
    receiver = new Receiver();
    await receiver.start(Number(url.port));
    await until("the first fault", () => lines.length > 2);
    clock.advance(10_000);
    await settled(1100);
    assert.deepEqual(receiver.ids().slice(-2), ["b1098", "b1099"]);
  });

  it("a disk that takes nothing keeps no alert back", async () => {
    const fail = (): never => {
      throw new Error("full");
    };
    stop();
    begin({ hooks: fail, addHook: fail, removeHook: fail });
    tell("b1");
    await settled(1);
    assert.deepEqual(receiver.ids(), ["b1"]);
  });

  it("leaves people alone in quiet hours: what is over by then is not told, what stands is", async () => {
    const at = new Date(clock.unixMs());
    const minutes = at.getHours() * 60 + at.getMinutes();
    settings.quietHours = { from: minutes, to: (minutes + 60) % 1440 };
    for (const id of ["b1", "b2"]) tell(id);
    tell("b1", "ok");
    clock.advance(59 * 60_000);
    assert.deepEqual([receiver.got.length, webhook.queued()], [0, 1]);
    tell("b3", "ok");
    clock.advance(61_000);
    await settled(2);
    assert.deepEqual(receiver.ids(), ["b2", "b3"]);
  });
});

describe("quiet hours", () => {
  const at = (hours: number, minutes: number): number => new Date(2026, 10, 21, hours, minutes).getTime();

  it("go over midnight or not, and are nothing else than two times", () => {
    const night = parseQuietHours("22:00-07:30");
    const noon = parseQuietHours("12:00-13:00");
    assert.ok(night && noon);
    const quiet = (hours: typeof night, h: number, m: number) => isQuiet(hours, at(h, m));
    assert.deepEqual(
      [quiet(night, 21, 59), quiet(night, 22, 0), quiet(night, 3, 0), quiet(night, 7, 29), quiet(night, 7, 30)],
      [false, true, true, true, false],
    );
    assert.deepEqual([quiet(noon, 11, 59), quiet(noon, 12, 0), quiet(noon, 13, 0)], [false, true, false]);
    assert.equal(isQuiet(null, at(3, 0)), false);
    for (const wrong of ["", "22-7", "24:00-07:00", "22:00-22:00", "22:00 - 07:00", "22:60-07:00"]) {
      assert.equal(parseQuietHours(wrong), null, wrong);
    }
  });
});
