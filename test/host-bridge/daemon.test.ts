import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../host-bridge/config/schema.ts";
import { RoomError } from "../../host-bridge/errors.ts";
import { silentLog } from "../../host-bridge/log.ts";
import { makeRoom, type Room } from "../../host-bridge/room/rooms.ts";
import { type Daemon, runDaemon } from "../../host-bridge/run.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { boardsOf, boardsReady, daemonConfig, flood, PUBLIC_KEY, SECRET_KEY, until } from "./daemon-bench.ts";
import { openText, roomConfig, sealText } from "./room/rooms-bench.ts";
import { Scratch } from "./scratch.ts";
import { EtherStation } from "./station.ts";
import { type Frame, proof, TestClient } from "./web/server-bench.ts";

const FIRMWARE = join(import.meta.dirname, "..", "..", "dist", "firmware");

describe("daemon: from the air to a client and back", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  const room = makeRoom(roomConfig("Public"), hexToBytes(PUBLIC_KEY));
  const secret = makeRoom(roomConfig("Secret", { isPrivate: true }), hexToBytes(SECRET_KEY));
  let config: Config;
  let daemon: Daemon;
  let station: EtherStation;

  before(async () => {
    const port = await freePort();
    const ether = { host: "127.0.0.1", port };
    config = daemonConfig(scratch.dir(), [
      { type: "sim", id: "first", model: "heltec-v3", ether },
      { type: "sim", id: "second", model: "rak4631", ether },
    ]);
    daemon = await runDaemon(config, silentLog());
    station = await EtherStation.join(port);
    await boardsReady(daemon.url);
  });

  after(async () => {
    station.leave();
    await daemon.stop();
    scratch.clean();
  });

  const joined = async (name: string, to: Room): Promise<TestClient> => {
    const client = new TestClient(daemon.url);
    const { nonce } = await client.hello(name);
    const answer = await client.ask({ type: "join", room: to.name, proof: proof(to, nonce), limit: 0 });
    assert.equal(answer.type, "joined");
    return client;
  };

  /** What comes next out of the ether, as a stock node reads it. */
  const onAir = async (from: Room): Promise<string | undefined> => {
    const frame = hexToBytes((await station.next()).rx);
    assert.deepEqual([frame[0], frame[1]], [0x15, 0], "a flood GRP_TXT without hops");
    return openText(from, frame.slice(2))?.line;
  };

  it("runs the built bundles, byte for byte", async () => {
    const boards = await boardsOf(daemon.url);
    for (const [at, model] of ["heltec-v3", "rak4631"].entries()) {
      const { sha256 } = JSON.parse(readFileSync(join(FIRMWARE, `${model}.json`), "utf8")) as { sha256: string };
      assert.equal(boards[at].sha256, sha256);
    }
  });

  it("tells each packet of a room once, in order, to those who joined it", async () => {
    const client = await joined("Ann", room);
    const other = await joined("Eve", secret);
    const texts = ["plain", "Привет, эфир", "👩‍🚒🚀", "", "a: b: c", "x".repeat(150)];
    const payloads = texts.map((text, i) => sealText(room, 1000 + i, `Carol: ${text}`));
    const broken = Uint8Array.from(payloads[0]);
    broken[1] ^= 1;
    const stranger = makeRoom(roomConfig("x"), new Uint8Array(16).fill(9));
    for (const [i, payload] of payloads.entries()) {
      station.send(flood(payload, new Uint8Array(i).fill(i + 1)));
      // The same by another way, a wrong MAC, an unknown channel, half a packet, nothing, and noise.
      station.send(flood(payload, Uint8Array.of(77)));
      station.send(flood(broken));
      station.send(flood(sealText(stranger, 5, `Eve: ${i}`)));
      station.send(flood(payload).slice(0, 20));
      station.send("15");
      station.send("ff".repeat(40));
    }
    for (const [i, text] of texts.entries()) {
      const message = await client.next();
      const { rssi, snr, guid, ...rest } = message;
      assert.deepEqual(rest, {
        ...{ type: "message", room: "Public", sender: "Carol", text, timestamp: 1000 + i },
        ...{ origin: "here", via: "radio", hops: i },
      });
      assert.ok(Number(rssi) < 0 && Number(rssi) > -130, `rssi ${rssi}`);
      assert.ok(Number(snr) > -20 && Number(snr) < 20, `snr ${snr}`);
      assert.match(String(guid), /^[0-9a-f-]{36}$/);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual(client.frames, []);
    assert.deepEqual(other.frames, []);
    client.socket.terminate();
    other.socket.terminate();
  });

  it("puts a client's post on air as a packet that a stock node reads", async () => {
    const client = await joined("Їжак", room);
    for (const text of ["hello", "Привет 🚀", "я".repeat(75)]) {
      station.heard.length = 0;
      const posted = await client.ask({ type: "post", room: "Public", text, ref: text.length });
      assert.equal(posted.type, "posted");
      assert.equal((await client.next()).guid, posted.guid);
      assert.equal(await onAir(room), `Їжак: ${text}`);
    }
    const refusal: Frame = await client.ask({ type: "post", room: "Public", text: "я".repeat(76) });
    assert.equal(refusal.code, "too_long");
    client.socket.terminate();
  });

  it("keeps posts of a private room in that room, on air too", async () => {
    const client = await joined("Ann", secret);
    const other = await joined("Eve", room);
    station.heard.length = 0;
    await client.ask({ type: "post", room: "Secret", text: "for us" });
    const frame = hexToBytes((await station.next()).rx).slice(2);
    assert.equal(openText(room, frame), null);
    assert.equal(openText(secret, frame)?.line, "Ann: for us");
    assert.deepEqual(other.frames, []);
    client.socket.terminate();
    other.socket.terminate();
  });

  it("counts what the boards hear and send", async () => {
    const first = async () => (await boardsOf(daemon.url))[0];
    await until("the next status of the board", async () => ((await first()).rx_packets ?? 0) > 0);
    assert.equal((await first()).missed, 0);
  });
});

describe("daemon: start and stop", () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  it("leaves no port, socket or timer behind", async () => {
    const ether = { host: "127.0.0.1", port: await freePort() };
    // What the tests before this one have closed may take a moment.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = process.getActiveResourcesInfo().sort();
    const board = { type: "sim", id: "b1", model: "sim", ether } as const;
    const daemon = await runDaemon(
      daemonConfig(scratch.dir(), [board, { type: "serial", id: "b2", path: "/dev/no-such-board", baud: 115_200 }]),
      silentLog(),
    );
    const client = new TestClient(daemon.url);
    await client.hello("Ann");
    await until("a connected board", async () => (await boardsOf(daemon.url))[0].connected);
    await daemon.stop();
    await client.closed;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(process.getActiveResourcesInfo().sort(), before);
  });

  it("says why it does not start, and leaves nothing behind", async () => {
    const first = await runDaemon(daemonConfig(scratch.dir(), []), silentLog());
    const port = Number(new URL(first.url).port);
    const dir = scratch.dir();
    const code = (expected: string) => (error: unknown) => error instanceof RoomError && error.code === expected;
    const taken = daemonConfig(dir, [], { listen: { host: "127.0.0.1", port } });
    await assert.rejects(runDaemon(taken, silentLog()), code("port_in_use"));
    await first.stop();
    // The failed starts have let go of their store.
    const again = await runDaemon(daemonConfig(dir, []), silentLog());
    await again.stop();
  });

  it("names what is configured and not built yet", async () => {
    const lines: string[] = [];
    const log = { ...silentLog(), warn: (text: string) => void lines.push(text) };
    const base = daemonConfig(scratch.dir(), []);
    const daemon = await runDaemon({ ...base, companion: { listen: { host: "127.0.0.1", port: 1 } } }, log);
    await daemon.stop();
    assert.deepEqual(lines, ["not built yet, so without effect: companion: no port is opened"]);
  });
});
