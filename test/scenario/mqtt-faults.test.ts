import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../../host-bridge/room/store.ts";
import { Cable, until } from "../host-bridge/daemon-bench.ts";
import { Mosquitto, noMosquitto } from "../host-bridge/mqtt/broker-bench.ts";
import { publicationFault } from "../host-bridge/mqtt/schemas.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { TestClient } from "../host-bridge/web/server-bench.ts";
import { SEED, seeded } from "../protocol/random.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { DaemonProcess } from "./durable-daemon.ts";
import { type Subscriber, subscriber } from "./mqtt-subscriber.ts";

/** `BROKER_RESTARTS=300 DAEMON_KILLS=100 BROKER_CUTS=100 npx mocha test/scenario/mqtt-faults.test.ts` for the long run. */
const RESTARTS = Number(process.env["BROKER_RESTARTS"] ?? 6);
const KILLS = Number(process.env["DAEMON_KILLS"] ?? 3);
const CUTS = Number(process.env["BROKER_CUTS"] ?? 4);

const ROOMS = ["Alpha", "Bravo/2", "Off"];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Posts 1, 2, 3 ... into a room as long as the scene lasts, whether there is a daemon or not. */
class Writer {
  acknowledged = 0;
  isOver = false;

  async run(url: string, room: string, pauseMs: () => number): Promise<void> {
    for (let next = 1; !this.isOver; ) {
      const client = new TestClient(url);
      try {
        await client.hello(`writer of ${room}`.slice(0, 20).replace("/", " "));
        await client.ask({ type: "join", room, limit: 0 });
        for (; !this.isOver; next++) {
          client.send({ type: "post", room, text: `${next}` });
          let frame = await client.next();
          while (frame.type === "message") frame = await client.next();
          assert.equal(frame.type, "posted");
          this.acknowledged++;
          await sleep(pauseMs());
        }
      } catch {
        // Killed, which is what this is about.
        await sleep(50);
      }
      client.socket.terminate();
    }
  }
}

describe(`mqtt: everything fails again and again${noMosquitto}`, function () {
  if (noMosquitto) return void it("needs mosquitto");
  this.timeout(60_000 + 5000 * (RESTARTS + KILLS + CUTS));
  const scratch = new Scratch();
  let stops: (() => unknown)[] = [];

  afterEach(async () => {
    for (const stop of stops.reverse()) await stop();
    stops = [];
    scratch.clean();
  });

  it(`nothing is lost, doubled or out of order over ${RESTARTS} broker restarts, ${KILLS} SIGKILLs and ${CUTS} cuts (seed ${SEED})`, async () => {
    const random = seeded();
    const chance = (): number => random.fraction();
    const between = (least: number, most: number): number => least + (most - least) * chance();
    const dir = scratch.dir();
    const broker = new Mosquitto(dir, await freePort());
    stops.push(() => broker.stop());
    await broker.start();
    const cable = new Cable(broker.port);
    await cable.lay();
    stops.push(() => cable.remove());
    const reader: Subscriber = await subscriber(broker.port);
    stops.push(() => reader.leave());
    const listen = await freePort();
    const config = join(dir, "a.yaml");
    writeFileSync(
      config,
      `name: here
data_dir: ${join(dir, "data")}
listen: 127.0.0.1:${listen}
rooms:
${ROOMS.map((room) => `  - { name: "${room}", max_history: 1000000, rebroadcast: false, mqtt: ${room !== "Off"} }`).join("\n")}
mqtt: { broker: "mqtt://127.0.0.1:${cable.port}" }
log: { level: error }
clients: { rate_limit: { messages_per_minute: 100000, burst: 10000, connections_per_address: 100 } }
`,
    );
    const url = `http://127.0.0.1:${listen}`;
    let daemon = new DaemonProcess(config);
    stops.push(() => daemon.kill());
    assert.ok(await daemon.url, "the daemon does not start");

    const isOnline = (): unknown => {
      const last = reader.seen.findLast(([topic]) => topic === "meshcore/status");
      return last === undefined ? null : JSON.parse(last[1]).online;
    };
    const online = (wanted: boolean, when: string) =>
      until(`the status says ${wanted} ${when}`, () => isOnline() === wanted);
    await online(true, "at the start");

    const writers = ROOMS.map(() => new Writer());
    const ends = ROOMS.map((room, i) => writers[i].run(url, room, () => between(2, 30)));
    const restart = async (): Promise<void> => {
      await broker.stop();
      if (chance() < 0.2) await kill();
      await sleep(between(0, 500));
      await broker.start();
    };
    const kill = async (): Promise<void> => {
      await daemon.kill();
      daemon = new DaemonProcess(config);
      assert.ok(await daemon.url, "the daemon does not start again");
    };
    const events = [
      ...Array.from({ length: RESTARTS }, () => restart),
      ...Array.from({ length: KILLS }, () => async (): Promise<void> => {
        const isThere = isOnline() === true;
        await daemon.kill();
        // The will is there before the next one, and is not what is left at the end.
        if (isThere) await online(false, "after a SIGKILL");
        daemon = new DaemonProcess(config);
        assert.ok(await daemon.url, "the daemon does not start again");
      }),
      ...Array.from({ length: CUTS }, () => async (): Promise<void> => {
        cable.cut();
        await sleep(between(0, 500));
        cable.mend();
      }),
    ];
    for (let i = events.length - 1; i > 0; i--) {
      const j = Math.floor(chance() * (i + 1));
      [events[i], events[j]] = [events[j], events[i]];
    }
    const startedMs = performance.now();
    for (const event of events) {
      await event();
      // Half of them come before all is well again.
      if (chance() < 0.5) await online(true, "when all is well");
      await sleep(between(0, 300));
    }
    for (const writer of writers) writer.isOver = true;
    await Promise.all(ends);
    await online(true, "at the end");
    const settled = async (): Promise<boolean> => {
      const { mqtt } = (await (await fetch(`${url}/status`)).json()) as {
        mqtt: { brokers: { queue_depth: number }[] };
      };
      return mqtt.brokers[0].queue_depth === 0;
    };
    await until("an empty queue", settled, 60_000);
    const lastedS = Math.round((performance.now() - startedMs) / 1000);
    await daemon.kill();
    await online(false, "after the last SIGKILL");

    const faults = reader.seen.flatMap(([topic, text]) => publicationFault(topic, text) ?? []);
    assert.deepEqual(faults, []);
    const store = Store.open(join(dir, "data"));
    const arrivals = store.deliveries.after(0, 10_000_000).map(({ message }) => message);
    store.close();
    let total = 0;
    let copies = 0;
    for (const [i, room] of ROOMS.entries()) {
      const topic = `meshcore/messages/${room.replace("/", "_")}`;
      const all = reader.seen.filter(([of]) => of === topic).map(([, text]) => JSON.parse(text) as { guid: string });
      const once = [...new Map(all.map((message) => [message.guid, message])).values()];
      const expected = room === "Off" ? [] : arrivals.filter((message) => message.room === room);
      assert.deepEqual(once, expected, `${room}: not what is in the history`);
      const stored = arrivals.filter((message) => message.room === room).length;
      assert.ok(stored >= writers[i].acknowledged, `${room}: ${stored} of ${writers[i].acknowledged} are stored`);
      total += once.length;
      copies += all.length - once.length;
    }
    assert.ok(total > 0);
    if (process.env["BROKER_RESTARTS"]) {
      console.log(`      ${total} messages in ${lastedS} s, ${copies} copies beyond the first; read by ${reader.make}`);
    }
  });
});
