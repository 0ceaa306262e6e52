import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerConfig } from "../../../host-bridge/config/schema.ts";
import { TOPICS, topicOf } from "../../../host-bridge/mqtt/topics.ts";
import { freePort } from "../../simulator/tcp-station.ts";
import { until } from "../daemon-bench.ts";
import { roomConfig } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { brokerConfig, Mosquitto, noMosquitto, Watcher } from "./broker-bench.ts";
import { nodeView, openMqtt } from "./mqtt-bench.ts";

describe("mqtt: topics", () => {
  it("have no part of a room's name that means something in a topic", () => {
    assert.equal(topicOf("meshcore", "message", "a/b+c#d e"), "meshcore/messages/a_b_c_d e");
    assert.equal(topicOf("x/y", "message", "$& {room}"), "x/y/messages/$& {room}");
    assert.equal(topicOf("meshcore", "status"), "meshcore/status");
  });

  it("are in docs/mqtt.md as they are", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "mqtt.md"), "utf8");
    const rows = Object.values(TOPICS).map(({ form, way, retained, payload }) => {
      return `| \`meshcore/${form}\` | ${way} | ${retained ? "yes" : "no"} | ${payload} |`;
    });
    const table = ["| topic | way | retained | payload |", "| --- | --- | --- | --- |", ...rows].join("\n");
    assert.ok(page.includes(`${table}\n\n`), `the page lacks:\n${table}`);
  });
});

describe(`mqtt: retained nodes, and posts${noMosquitto}`, function () {
  if (noMosquitto) return void it("needs mosquitto");
  this.timeout(60_000);
  const scratch = new Scratch();
  let broker: Mosquitto;
  let watcher: Watcher;
  let bench: ReturnType<typeof openMqtt>;
  const rooms = [
    roomConfig("Open", { mqttPost: true }),
    roomConfig("Shut"),
    roomConfig("Notices", { mqttPost: true, readOnly: true }),
    // Two that would have one topic.
    roomConfig("a/b", { mqttPost: true }),
    roomConfig("a_b", { mqttPost: true }),
  ];

  beforeEach(async () => {
    broker = new Mosquitto(scratch.dir(), await freePort());
    await broker.start();
    watcher = await Watcher.at(broker.port);
    bench = openMqtt(scratch.dir(), rooms, [brokerConfig(broker.port)], {
      clients: { ...CLIENTS, rateLimit: { messagesPerMinute: 1, burst: 3, connectionsPerAddress: 5 } },
    });
  });

  afterEach(async () => {
    await bench.stop();
    await watcher.leave();
    await broker.stop();
    scratch.clean();
  });

  const start = async (): Promise<void> => {
    bench.start();
    await until("a connection", () => bench.broker().connected);
  };
  const post = (room: string, body: unknown, retain = false) =>
    watcher.publish(`meshcore/rooms/${room}/post`, typeof body === "string" ? body : JSON.stringify(body), retain);
  const answers = (room: string) => watcher.on(`meshcore/rooms/${room}/posted`);
  const answer = async (room: string, count: number) => {
    await until(`answer ${count}`, () => answers(room).length >= count);
    return answers(room)[count - 1];
  };

  it("nodes and alerts stand on topics of their own, the newest of each, and go when the node is forgotten", async () => {
    const [old, fresh] = [nodeView("old"), nodeView("fresh", { battery_mv: 3700 })];
    bench.known.push(old);
    await start();
    bench.events.emit("node", fresh);
    bench.events.emit("node", { ...fresh, snr: 6 });
    const alert = { node_id: old.node_id, state: "silent", last_seen: 1_790_000_000, silent_for_s: 4000 } as const;
    bench.events.emit("alert", alert);
    await until("all of it", () => watcher.on(`meshcore/nodes/${fresh.node_id}`).at(-1)?.["snr"] === 6);
    await until("the alert", () => watcher.on(`meshcore/alerts/${old.node_id}`).length === 1);
    assert.deepEqual(watcher.on(`meshcore/alerts/${old.node_id}`), [alert]);
    await broker.stop();
    bench.events.emit("nodeForgotten", { node_id: old.node_id });
    await broker.start();
    await until("a connection", () => bench.broker().connected);
    await until("what is cleared", () => watcher.seen.some(({ text }) => text === ""));
    const late = await Watcher.at(broker.port, "late");
    await until("what is retained", () => late.on(`meshcore/nodes/${fresh.node_id}`).length > 0);
    const kept = late.seen.filter(({ topic }) => topic.includes(old.node_id));
    assert.deepEqual(kept, []);
    assert.deepEqual(late.on(`meshcore/nodes/${fresh.node_id}`), [{ ...fresh, snr: 6 }]);
    await late.leave();
  });

  it("a post comes in, goes out as a message, and its sender is told", async () => {
    await start();
    await post("Open", { sender: "Node-RED", text: "hello", ref: 7 });
    const { guid, ...rest } = await answer("Open", 1);
    assert.deepEqual(rest, { type: "posted", room: "Open", ref: 7 });
    await until("the message", () => watcher.on("meshcore/messages/Open").length === 1);
    const [message] = watcher.on("meshcore/messages/Open");
    assert.deepEqual(
      [message["guid"], message["sender"], message["text"], message["via"]],
      [guid, "Node-RED", "hello", "mqtt"],
    );
  });

  const refused: [what: string, room: string, body: unknown, code: string][] = [
    ["to a read-only room", "Notices", { sender: "A", text: "x" }, "read_only"],
    ["that is too long", "Open", { sender: "A", text: "x".repeat(200) }, "too_long"],
    ["without a sender", "Open", { text: "x" }, "bad_request"],
    ["that is no JSON", "Open", "hello", "bad_request"],
    ["of many bytes", "Open", { sender: "A", text: "x", ref: "y".repeat(10_000) }, "bad_request"],
  ];
  for (const [what, room, body, code] of refused) {
    it(`a post ${what} is refused`, async () => {
      await start();
      await post(room, body);
      assert.deepEqual([(await answer(room, 1))["type"], answers(room)[0]["code"]], ["error", code]);
      assert.deepEqual(bench.store.history(room, { limit: 10 }), []);
    });
  }

  it("posts are limited like a client's", async () => {
    await start();
    for (let i = 1; i <= 4; i++) await post("Open", { sender: "A", text: `${i}`, ref: i });
    const { code, ref, retry_after_s: waitS } = await answer("Open", 4);
    // Posts are answered when they are on the disk, the refusal at once.
    const refusal = answers("Open").find(({ type }) => type === "error");
    assert.deepEqual([refusal?.["code"], refusal?.["ref"]], ["rate_limited", 4], `${code} ${ref} ${waitS}`);
    assert.equal(bench.store.history("Open", { limit: 10 }).length, 3);
  });

  it("nothing comes in where it was not asked for, from two rooms of one topic, or from what is retained", async () => {
    await post("Open", { sender: "A", text: "retained" }, true);
    await start();
    for (const room of ["Shut", "a_b", "a/b"]) await post(room, { sender: "A", text: "x" });
    await post("Open", { sender: "A", text: "live" });
    await answer("Open", 1);
    const all = rooms.flatMap(({ name }) => bench.store.history(name, { limit: 10 }).map(({ text }) => text));
    assert.deepEqual(all, ["live"]);
  });

  const reload = (change: (config: typeof bench.config) => void): void => {
    change(bench.config);
    bench.events.emit("config", bench.config);
  };

  it("a reload opens and shuts rooms for posts, keeps rooms off, and adds, changes and removes brokers", async () => {
    await start();
    await bench.say("Shut", "one");
    await until("it", () => watcher.on("meshcore/messages/Shut").length === 1);
    reload(({ rooms: list }) => {
      Object.assign(list[0], { mqttPost: false });
      Object.assign(list[1], { mqttPost: true, mqtt: false });
    });
    await bench.say("Shut", "kept off");
    // Subscribing takes as long as it takes.
    const isOpen = async (): Promise<boolean> => {
      await post("Shut", { sender: "A", text: "x" });
      return answers("Shut").length > 0;
    };
    await until("the room is open", isOpen);
    await post("Open", { sender: "A", text: "not any more" });
    const other: BrokerConfig = brokerConfig(broker.port, { topicPrefix: "other" });
    reload(({ mqtt, rooms: list }) => {
      Object.assign(list[1], { mqtt: true });
      mqtt.brokers = [other];
    });
    await until("the other one", () => watcher.on("other/status").length > 0);
    assert.equal(watcher.on("meshcore/status").at(-1)?.["online"], false, "the removed one is told good-bye");
    await bench.say("Shut", "two");
    await until("it there", () => watcher.on("other/messages/Shut").length === 1);
    reload(({ mqtt }) => {
      mqtt.brokers = [{ ...other, clientId: "another" }];
    });
    await bench.say("Shut", "three");
    await until("both there", () => watcher.on("other/messages/Shut").length === 2);
    assert.equal(watcher.on("meshcore/messages/Shut").length, 1);
    assert.deepEqual(bench.store.history("Open", { limit: 10 }), []);
    reload(({ mqtt }) => {
      mqtt.enabled = false;
    });
    await until("the good-bye", () => watcher.on("other/status").at(-1)?.["online"] === false);
    await until("the end", () => bench.broker() === undefined);
    assert.deepEqual(bench.mqtt.status(), { enabled: false, connected: false, published: 0, brokers: [] });
  });
});

const CLIENTS = {
  ...{ auth: "optional" as const, trustedProxies: [], allowedOrigins: [], pingIntervalS: 30, idleTimeoutS: 75 },
  ...{ sendQueueKb: 1024, login: { failures: 5, delayS: 1, maxDelayS: 300, forgetAfterS: 3600 } },
};
