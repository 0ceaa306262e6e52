// Three mosquittos and three NATS servers in a row, each real, as the plain ways to bring a message from one town to the next but one.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { connect as connectMqtt, type MqttClient } from "mqtt";
import { endProcess } from "../end-process.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { type Chain, OPEN } from "./federation-chain.ts";
import { lateMs, stamped, wait } from "./processes.ts";

/** Where servers are that are not for everybody's path. */
const PATH = `${process.env["PATH"]}:/usr/sbin:/usr/local/sbin`;
const TOPIC = "bench";

/** Null where the program is not there. */
export async function mosquittoChain(folder: string): Promise<Chain | null> {
  if (!isThere("mosquitto", "-h")) return null;
  const ports = [await freePort(), await freePort(), await freePort()];
  const servers = ports.map((port, i) => {
    const dir = join(folder, `mosquitto-${i}`);
    mkdirSync(dir, { recursive: true });
    const bridge = ["connection next", `address 127.0.0.1:${ports[i + 1]}`, "topic # out 1", "cleansession false"];
    const lines = [
      ...[`listener ${port} 127.0.0.1`, "allow_anonymous true", `user ${userInfo().username}`],
      // Otherwise it throws away what is more than a thousand messages behind.
      ...["persistence true", `persistence_location ${dir}/`, "max_queued_messages 0", "log_dest none"],
      ...(i < 2 ? bridge : []),
    ];
    writeFileSync(join(dir, "mosquitto.conf"), `${lines.join("\n")}\n`);
    return run("mosquitto", ["-c", join(dir, "mosquitto.conf")]);
  });
  for (const port of ports) await answers(port);
  const url = (port: number): string => `mqtt://127.0.0.1:${port}`;
  const [near, far] = await Promise.all([connected(connectMqtt(url(ports[0]))), connected(connectMqtt(url(ports[2])))]);
  const inbox = new Inbox();
  far.on("message", (_topic, payload) => inbox.take(payload.toString()));
  await far.subscribeAsync(TOPIC, { qos: 1 });
  const publish = (done?: () => void): void => void near.publish(TOPIC, stamped(), { qos: 1 }, () => done?.());
  await inbox.passes(publish);
  return {
    flood: (count) =>
      inbox.timed(count, () => {
        let begun = 0;
        const next = (): void => {
          if (begun++ < count) publish(next);
        };
        for (let i = 0; i < OPEN; i++) next();
      }),
    pace: (count, everyMs) => inbox.paced(count, everyMs, publish),
    stop: async () => {
      near.end(true);
      far.end(true);
      await ended(servers);
    },
  };
}

/** Leafnodes; core NATS, which keeps nothing. Null where the program is not there. */
export async function natsChain(folder: string): Promise<Chain | null> {
  if (!isThere("nats-server", "--version")) return null;
  const ports = [await freePort(), await freePort(), await freePort()];
  const leaves = [await freePort(), await freePort()];
  mkdirSync(folder, { recursive: true });
  const servers = ports.map((port, i) => {
    const listens = i < 2 ? `listen: "127.0.0.1:${leaves[i]}"` : "";
    const dials = i > 0 ? `remotes: [{ url: "nats-leaf://127.0.0.1:${leaves[i - 1]}" }]` : "";
    const file = join(folder, `nats-${i}.conf`);
    writeFileSync(file, `server_name: s${i}\nlisten: "127.0.0.1:${port}"\nleafnodes { ${listens}\n ${dials} }\n`);
    return run("nats-server", ["-c", file, "-l", join(folder, `nats-${i}.log`)]);
  });
  for (const port of ports) await answers(port);
  const [near, far] = await Promise.all([natsLine(ports[0]), natsLine(ports[2])]);
  const inbox = new Inbox();
  let rest: Buffer = Buffer.alloc(0);
  far.on("data", (chunk: Buffer) => {
    rest = readNats(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), (text) => inbox.take(text));
  });
  far.write(`SUB ${TOPIC} 1\r\n`);
  const publish = (): boolean => {
    const text = stamped();
    return near.write(`PUB ${TOPIC} ${text.length}\r\n${text}\r\n`);
  };
  await inbox.passes(publish);
  return {
    flood: (count) =>
      inbox.timed(count, async () => {
        // A turn of the event loop now and then, so that what arrives is read meanwhile.
        for (let i = 0; i < count; i++) if (!publish() || i % 64 === 63) await new Promise(setImmediate);
      }),
    pace: (count, everyMs) => inbox.paced(count, everyMs, publish),
    stop: async () => {
      near.destroy();
      far.destroy();
      await ended(servers);
    },
  };
}

/** What came out at the other end. */
class Inbox {
  private count = 0;
  private late: number[] = [];
  private wanted = 0;
  private full: () => void = () => undefined;

  take(text: string): void {
    this.late.push(lateMs(text));
    if (++this.count === this.wanted) this.full();
  }

  /** Until the way is open. */
  async passes(publish: () => unknown): Promise<void> {
    for (this.count = 0; this.count === 0; await wait(100)) publish();
    await wait(500);
  }

  async timed(count: number, work: () => unknown): Promise<{ perSecond: number; late: number[] }> {
    Object.assign(this, { count: 0, late: [], wanted: count });
    const all = new Promise<void>((resolve) => {
      this.full = resolve;
    });
    const startMs = performance.now();
    void work();
    await all;
    return { perSecond: (1000 * count) / (performance.now() - startMs), late: this.late };
  }

  async paced(count: number, everyMs: number, publish: () => unknown): Promise<number[]> {
    const { late } = await this.timed(count, async () => {
      for (let i = 0; i < count; i++) {
        publish();
        await wait(everyMs);
      }
    });
    return late;
  }
}

/** https://docs.nats.io/reference/reference-protocols/nats-protocol: lines, and MSG with so many bytes behind. Returns what is not whole. */
function readNats(bytes: Buffer, take: (text: string) => void): Buffer {
  let at = 0;
  for (let end = bytes.indexOf("\r\n", at); end >= 0; end = bytes.indexOf("\r\n", at)) {
    const line = bytes.toString("latin1", at, end);
    if (!line.startsWith("MSG ")) {
      at = end + 2;
      continue;
    }
    const size = Number(line.slice(line.lastIndexOf(" ") + 1));
    if (bytes.length < end + 2 + size + 2) break;
    take(bytes.toString("latin1", end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return bytes.subarray(at);
}

async function natsLine(port: number): Promise<Socket> {
  const socket = connectTcp({ host: "127.0.0.1", port, noDelay: true });
  socket.on("data", (chunk: Buffer) => {
    if (chunk.includes("PING\r\n")) socket.write("PONG\r\n");
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
  return socket;
}

const isThere = (program: string, argument: string): boolean =>
  spawnSync(program, [argument], { env: { PATH } }).error === undefined;

const run = (program: string, args: string[]): ChildProcess => spawn(program, args, { env: { PATH }, stdio: "ignore" });

async function ended(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) await endProcess(child);
}

/** Until somebody listens. */
async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connectTcp({ host: "127.0.0.1", port });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await wait(50);
  }
  throw new Error(`nothing answers at port ${port}`);
}

function connected(client: MqttClient): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.once("error", reject);
  });
}
