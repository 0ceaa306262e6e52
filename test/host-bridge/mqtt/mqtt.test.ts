import assert from "node:assert/strict";
import type { Config } from "../../../host-bridge/config/schema.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import { type Daemon, runDaemon } from "../../../host-bridge/run.ts";
import type { MqttStatus } from "../../../host-bridge/web/status.ts";
import { freePort } from "../../simulator/tcp-station.ts";
import { daemonConfig, until } from "../daemon-bench.ts";
import { roomConfig } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { TestClient } from "../web/server-bench.ts";
import { brokerConfig, Mosquitto, noMosquitto, Watcher } from "./broker-bench.ts";

const room = (name: string, fields = {}) => roomConfig(name, { rebroadcast: false, ...fields });

describe(`mqtt: the native profile${noMosquitto}`, function () {
  if (noMosquitto) return void it("needs mosquitto");
  this.timeout(60_000);
  const scratch = new Scratch();
  let broker: Mosquitto;
  let watcher: Watcher;
  let daemon: Daemon | null = null;
  const lines: string[] = [];

  beforeEach(async () => {
    lines.length = 0;
    broker = new Mosquitto(scratch.dir(), await freePort());
    await broker.start();
    watcher = await Watcher.at(broker.port);
  });

  afterEach(async () => {
    await daemon?.stop();
    daemon = null;
    await watcher.leave();
    await broker.stop();
    scratch.clean();
  });

  const start = async (dir: string, fields: Partial<Config> = {}): Promise<string> => {
    const say = (text: string) => void lines.push(text);
    daemon = await runDaemon(
      daemonConfig(dir, [], {
        rooms: [room("Open"), room("Ops/#1"), room("Off", { mqtt: false })],
        mqtt: { enabled: true, brokers: [brokerConfig(broker.port)] },
        ...fields,
      }),
      { ...silentLog(), info: say, warn: say, error: say },
    );
    return daemon.url;
  };
  const post = async (url: string, name: string, texts: string[]): Promise<void> => {
    const client = new TestClient(url);
    await client.hello("Ann");
    await client.ask({ type: "join", room: name, limit: 0 });
    for (const text of texts) client.send({ type: "post", room: name, text });
    let posted = 0;
    while (posted < texts.length) if ((await client.next()).type === "posted") posted++;
    client.socket.terminate();
  };
  const texts = (name: string): unknown[] => watcher.on(`meshcore/messages/${name}`).map(({ text }) => text);
  const statusOf = async (url: string): Promise<MqttStatus> =>
    ((await (await fetch(`${url}/status`)).json()) as { mqtt: MqttStatus }).mqtt;
  const connected = (url: string) => until("a connection", async () => (await statusOf(url)).connected);
  const online = () => watcher.on("meshcore/status").at(-1)?.["online"];

  it("publishes messages of each room in order, under a topic without wildcards, and none of a room that is kept off", async () => {
    const url = await start(scratch.dir());
    await connected(url);
    const many = Array.from({ length: 60 }, (_, i) => String(i));
    await Promise.all([post(url, "Open", many), post(url, "Ops/#1", many), post(url, "Off", many)]);
    await until("all of it", () => texts("Open").length === 60 && texts("Ops__1").length === 60);
    assert.deepEqual(texts("Open"), many);
    assert.deepEqual(texts("Ops__1"), many);
    assert.ok(!watcher.seen.some(({ text }) => text.includes("Off")), "nothing names the room that is kept off");
    const [{ guid, timestamp, ...rest }] = watcher.on("meshcore/messages/Open");
    assert.match(String(guid), /^[0-9a-f-]{36}$/);
    assert.ok(Number(timestamp) > 1_700_000_000);
    const rest2 = { type: "message", room: "Open", sender: "Ann", text: "0", origin: "here", via: "client" };
    assert.deepEqual(rest, { ...rest2, rssi: null, snr: null, hops: null });
    await until("the acknowledgements", async () => (await statusOf(url)).published === 120);
    const { brokers, ...sum } = await statusOf(url);
    assert.deepEqual(sum, { enabled: true, connected: true, published: 120 });
    assert.deepEqual(brokers, [
      {
        ...{ broker: `mqtt://127.0.0.1:${broker.port}`, connected: true, published: 120 },
        ...{ queue_depth: 0, dropped: 0, refused: 0, error: null },
      },
    ]);
  });

  it("begins with what comes after its first start, and goes on where it was after a stop", async () => {
    const dir = scratch.dir();
    const url = await start(dir, { mqtt: { enabled: false, brokers: [] } });
    await post(url, "Open", ["before"]);
    await daemon?.stop();
    const again = await start(dir);
    await connected(again);
    await post(again, "Open", ["one"]);
    await until("it", () => texts("Open").length > 0);
    await broker.stop();
    await post(again, "Open", ["two", "three"]);
    await daemon?.stop();
    await broker.start();
    await connected(await start(dir));
    await until("the rest", () => texts("Open").length >= 3);
    assert.deepEqual(texts("Open"), ["one", "two", "three"]);
    const all = watcher.seen.filter(({ topic }) => topic === "meshcore/messages/Open");
    assert.equal(all.length, 3, "after a clean stop nothing is published twice");
  });

  it("retains its status, and says good-bye when it stops", async () => {
    const url = await start(scratch.dir());
    await connected(url);
    await until("a status", () => online() === true);
    const late = await Watcher.at(broker.port, "late");
    await until("the retained one", () => late.seen.length > 0);
    const [{ topic, text, retained }] = late.seen;
    assert.deepEqual([topic, retained], ["meshcore/status", true]);
    const status = JSON.parse(text);
    assert.deepEqual(
      status.rooms.map(({ name }: { name: string }) => name),
      ["Open", "Ops/#1"],
    );
    assert.deepEqual([status.name, status.online, status.outbox], ["here", true, undefined]);
    await late.leave();
    await daemon?.stop();
    daemon = null;
    await until("the good-bye", () => online() === false);
    assert.deepEqual(watcher.on("meshcore/status").at(-1), { online: false });
  });

  it("tells two brokers, each at its own pace", async () => {
    const other = new Mosquitto(scratch.dir(), await freePort());
    await other.start();
    const there = await Watcher.at(other.port);
    const brokers = [brokerConfig(broker.port), brokerConfig(other.port, { topicPrefix: "a/b" })];
    const url = await start(scratch.dir(), { mqtt: { enabled: true, brokers } });
    await connected(url);
    await other.stop();
    await post(url, "Open", ["one", "two"]);
    await until("it", () => texts("Open").length === 2);
    const status = await statusOf(url);
    assert.deepEqual([status.connected, status.brokers[1].queue_depth], [false, 2]);
    await other.start();
    await until("it there", () => there.on("a/b/messages/Open").length === 2);
    await there.leave();
    await daemon?.stop();
    daemon = null;
    await other.stop();
  });

  it("counts what left the history before it was published, and says so", async () => {
    const url = await start(scratch.dir(), { rooms: [room("Open", { maxHistory: 3 })] });
    await connected(url);
    await broker.stop();
    await post(url, "Open", ["1", "2", "3", "4", "5"]);
    await broker.start();
    await until("what is left", () => texts("Open").length === 3);
    assert.deepEqual(texts("Open"), ["3", "4", "5"]);
    assert.equal((await statusOf(url)).brokers[0].dropped, 2);
    assert.ok(lines.some((line) => line.includes("2 messages left the history before they were published")));
  });

  it("stops within seconds beside a broker that stands still, which then tells of the end itself", async () => {
    const url = await start(scratch.dir());
    await connected(url);
    broker.signal("SIGSTOP");
    await post(url, "Open", ["nobody answers"]);
    const startedMs = performance.now();
    await daemon?.stop();
    daemon = null;
    assert.ok(performance.now() - startedMs < 5000);
    broker.signal("SIGCONT");
    await until("the end", () => online() === false);
  });
});
