import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { roomKey } from "../../host-bridge/config/room-key.ts";
import { makeRoom, type Room } from "../../host-bridge/room/rooms.ts";
import { until } from "../host-bridge/daemon-bench.ts";
import { roomConfig } from "../host-bridge/room/rooms-bench.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { proof, TestClient } from "../host-bridge/web/server-bench.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { keyNeedle, type Needle, searchFiles, searchMemory, searchText, textNeedle } from "./memory-search.ts";

const PROGRAM = join(import.meta.dirname, "../../dist/meshcore-room.mjs");
const SECRET = "fourteen quiet herons stood 41";
const PSKS: Record<string, string> = {
  "Heron-Basin-Public": "",
  "Owl Committee": "seven tired lanterns over water",
  "Lock Keepers": "9f1c5ab2d07e43886152cadd0be97713",
};
const POSTS = 20;
const RATE = "clients: { rate_limit: { messages_per_minute: 100000, burst: 1000 } }\n";

/** A daemon as an operator runs it, with all that it says. */
class Daemon {
  readonly data: string;
  said = "";
  readonly child: ChildProcess;

  constructor(dir: string, config: string) {
    mkdirSync(dir, { recursive: true });
    this.data = join(dir, "data");
    const file = join(dir, "a.yaml");
    writeFileSync(file, `data_dir: ${this.data}\nlisten: 127.0.0.1:0\nlog: { level: debug }\n${RATE}${config}`);
    this.child = spawn(process.execPath, [PROGRAM, "run", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (data: Buffer) => {
        this.said += data.toString();
      });
    }
  }

  async url(): Promise<string> {
    const pattern = /http:\/\/127\.0\.0\.1:\d+/;
    await until("the daemon is there", () => pattern.test(this.said) || this.child.exitCode !== null);
    return pattern.exec(this.said)?.[0] ?? assert.fail(this.said);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill(signal);
    await ended;
  }
}

/** Joins every room. */
async function enter(daemon: Daemon, name: string, rooms: readonly Room[]): Promise<TestClient> {
  const client = new TestClient(await daemon.url());
  const { nonce } = await client.hello(name);
  for (const room of rooms) {
    const joined = await client.ask({ type: "join", room: room.name, limit: 0, proof: proof(room, nonce) });
    assert.equal(joined.type, "joined");
  }
  return client;
}

describe("a blind hub that is searched", function () {
  this.timeout(120_000);
  const scratch = new Scratch();
  const daemons: Daemon[] = [];
  const clients: TestClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate();
    for (const daemon of daemons.splice(0)) await daemon.end("SIGKILL");
    scratch.clean();
  });

  it("has no name, key, sender or text of the rooms in its memory, database or log, and its members have all", async function () {
    // Only Linux shows the memory of a process as a file.
    if (process.platform !== "linux") this.skip();
    const rooms = await Promise.all(
      Object.entries(PSKS).map(async ([name, psk]) => {
        return makeRoom(roomConfig(name, { psk, isPrivate: psk !== "" }), await roomKey(name, psk));
      }),
    );
    const port = await freePort();
    const dir = scratch.dir();
    const start = (name: string, config: string): Daemon => {
      const daemon = new Daemon(join(dir, name), `name: ${name}\n${config}`);
      daemons.push(daemon);
      return daemon;
    };
    const lines = Object.entries(PSKS).map(
      ([name, psk]) => `  - { name: "${name}", psk: "${psk}", rebroadcast: false }\n`,
    );
    const member = async (name: string): Promise<Daemon> => {
      const own = await freePort();
      const peer = `{ name: Hub, addr: "127.0.0.1:${port}", secret: "${SECRET}", blind_hub: true }`;
      return start(name, `rooms:\n${lines.join("")}peers: [${peer}]\nfederation: { federation_port: ${own} }\n`);
    };
    const limits = "blind_hub: { max_rooms: 8, max_messages: 1000 }";
    const hub = start(
      "Hub",
      `rooms: []\nfederation: { federation_port: ${port}, federation_secret: "${SECRET}", ${limits} }\n`,
    );
    await hub.url();
    const [a, b] = [await member("A"), await member("B")];
    const ann = await enter(a, "Wilhelmina", rooms);
    const bob = await enter(b, "Ferdinand", rooms);
    clients.push(ann, bob);

    const texts: string[] = [];
    for (let i = 0; i < POSTS; i++) {
      for (const { name } of rooms) {
        const text = `the ${i}th barge of ${name.length} leaves at dusk`;
        texts.push(text);
        (i % 2 === 0 ? ann : bob).send({ type: "post", room: name, text, ref: text });
      }
      await until("posted", () => {
        const posted = [ann, bob].flatMap(({ frames }) => frames).filter(({ type }) => type === "posted");
        return posted.length === texts.length;
      });
    }
    const heard = (client: TestClient) =>
      client.frames.filter(({ type, via }) => type === "message" && via === "federation").map(({ text }) => text);
    await until("through the hub", () => heard(ann).length + heard(bob).length === texts.length);
    assert.deepEqual([...heard(ann), ...heard(bob)].sort(), [...texts].sort());

    const senders = ["Wilhelmina", "Ferdinand"].map(textNeedle);
    const names = rooms.map(({ name }) => textNeedle(name));
    const said = texts.map(textNeedle);
    const passphrases = Object.values(PSKS).flatMap((psk) => (psk === "" ? [] : [textNeedle(psk)]));
    const keys = rooms.map(({ name, key }) => keyNeedle(`the key of ${name}`, key));
    const inFiles: Needle[] = [...senders, ...names, ...said];
    const all = [...inFiles, ...passphrases, ...keys];
    const whats = (needles: Needle[]) => needles.map(({ what }) => what).sort();

    const there = searchMemory(a.child.pid ?? 0, all);
    assert.deepEqual(there.found, whats(all), "the search of a member's memory finds everything");
    const here = searchMemory(hub.child.pid ?? 0, [...all, textNeedle(SECRET)]);
    assert.deepEqual(here.found, [JSON.stringify(SECRET)], "in the hub's memory is its own secret only");
    assert.ok(here.bytes > 20_000_000, `${here.bytes} bytes were read`);

    for (const daemon of [a, hub]) {
      // The journal beside the database, and then the database itself.
      for (const state of ["runs", "has stopped"]) {
        if (state === "has stopped") await daemon.end("SIGTERM");
        assert.deepEqual(
          searchFiles(daemon.data, all),
          daemon === hub ? [] : whats(inFiles),
          `files, while it ${state}`,
        );
      }
    }
    assert.match(hub.said, /Federation peer "[AB]" connected/);
    assert.deepEqual(searchText(hub.said, all), []);
  });
});
