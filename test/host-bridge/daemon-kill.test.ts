import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { keyFile, openBoardKey } from "../../host-bridge/link/board-key.ts";
import { silentLog } from "../../host-bridge/log.ts";
import { nodeCrypto } from "../../host-bridge/node-crypto.ts";
import type { WireMessage } from "../../host-bridge/room/message.ts";
import { makeRoom } from "../../host-bridge/room/rooms.ts";
import { runSim } from "../../host-bridge/sim.ts";
import { parseAdvert, verifyAdvert } from "../../protocol/advert.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { boardsOf, boardsReady, Cable, daemonConfig, flood, PUBLIC_KEY, until } from "./daemon-bench.ts";
import { openText, roomConfig, sealText } from "./room/rooms-bench.ts";
import { Scratch } from "./scratch.ts";
import { EtherStation } from "./station.ts";
import { TestClient } from "./web/server-bench.ts";

describe("daemon: killed, and cut off from its board", function () {
  this.timeout(120_000);
  const scratch = new Scratch();
  const room = makeRoom(roomConfig("Public"), hexToBytes(PUBLIC_KEY));
  let sim: { stop(): Promise<void> };
  let cable: Cable;
  let station: EtherStation;
  let child: ChildProcess | null = null;
  let dir: string;

  beforeEach(async () => {
    const ether = { host: "127.0.0.1", port: await freePort() };
    const serial = { host: "127.0.0.1", port: await freePort() };
    sim = await runSim({ ether, speed: 20, neighbours: 0, boards: ["heltec-v3"], serial }, silentLog());
    cable = new Cable(serial.port);
    await cable.lay();
    station = await EtherStation.join(ether.port);
    dir = scratch.dir();
  });

  afterEach(async () => {
    await kill();
    station.leave();
    cable.remove();
    await sim.stop();
    scratch.clean();
  });

  const start = async (): Promise<string> => {
    const board = { type: "serial", id: "b1", path: `tcp://127.0.0.1:${cable.port}`, baud: 115_200 } as const;
    const config = JSON.stringify(daemonConfig(dir, [board]));
    const started = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "daemon-child.ts"), config], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child = started;
    return new Promise((resolve, reject) => {
      started.stdout?.once("data", (data: Buffer) => resolve(data.toString().trim()));
      started.once("close", (code) => reject(new Error(`the daemon ended with ${code}`)));
    });
  };

  const kill = async (): Promise<void> => {
    const killed = child;
    child = null;
    if (killed === null || killed.exitCode !== null) return;
    const closed = new Promise((resolve) => killed.once("close", resolve));
    killed.kill("SIGKILL");
    await closed;
  };

  const history = async (url: string, name = "Public"): Promise<WireMessage[]> => {
    const response = await fetch(`${url}/api/v1/rooms/${name}/messages?limit=1000`);
    return ((await response.json()) as { messages: WireMessage[] }).messages;
  };
  const heard = (messages: WireMessage[]): number[] =>
    messages.filter(({ sender }) => sender === "Carol").map(({ text }) => Number(text));
  const say = (from: number, to: number): void => {
    for (let i = from; i <= to; i++) station.send(flood(sealText(room, i, `Carol: ${i}`)));
  };
  /** After its first advert, 16 s after its start, a board sends none for two minutes: while it sends it does not hear. */
  const firstAdvert = () => until("an advert", () => station.adverts.length > 0, 40_000);
  const range = (to: number): number[] => Array.from({ length: to }, (_, i) => i + 1);

  /** Posts and returns the GUIDs that were acknowledged. */
  const post = async (url: string, name: string, texts: string[]): Promise<string[]> => {
    const client = new TestClient(url);
    await client.hello("Ann");
    await client.ask({ type: "join", room: name, limit: 0 });
    const guids: string[] = [];
    for (const text of texts) {
      client.send({ type: "post", room: name, text });
      let frame = await client.next();
      while (frame.type === "message") frame = await client.next();
      assert.equal(frame.type, "posted");
      guids.push(String(frame.guid));
    }
    client.socket.terminate();
    return guids;
  };

  it("has everything once after SIGKILLs while messages flow", async () => {
    const acknowledged: string[] = [];
    let said = 0;
    await boardsReady(await start());
    await firstAdvert();
    for (let round = 1; round <= 3; round++) {
      await kill();
      const url = await start();
      say(said + 1, said + 30);
      said += 30;
      // Into a room that is not sent on: while it sends, a board does not hear.
      acknowledged.push(
        ...(await post(
          url,
          "Quiet",
          ["one", "two", "three"].map((text) => `${text} ${round}`),
        )),
      );
      await new Promise((resolve) => setTimeout(resolve, 150 * round));
    }
    await kill();
    const url = await start();
    await until("everything heard is in the history", async () => heard(await history(url)).length >= said);
    assert.deepEqual(heard(await history(url)), range(said));
    const guids = (await history(url, "Quiet")).map(({ guid }) => guid);
    assert.deepEqual(guids, acknowledged);
  });

  it("keeps the key of a board that has none", async () => {
    const file = keyFile(dir, "b1");
    await start();
    await firstAdvert();
    const frame = hexToBytes(station.adverts[0].rx);
    const advert = parseAdvert(frame, 2, frame.length - 2);
    assert.ok(advert && verifyAdvert(nodeCrypto, frame, 2, frame.length - 2));
    for (let round = 1; round <= 2; round++) {
      await kill();
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.deepEqual(openBoardKey(dir, "b1").publicKey, new Uint8Array(advert.publicKey));
      await boardsReady(await start());
    }
    const keys = readdirSync(dir).filter((name) => name.startsWith("board-"));
    assert.deepEqual(keys, ["board-b1.key"]);
  });

  it("puts every acknowledged post on air once, whenever it was killed", async () => {
    const texts: string[] = [];
    let url = await start();
    await boardsReady(url);
    for (let round = 1; round <= 3; round++) {
      const own = range(4).map((i) => `round ${round} post ${i}`);
      await post(url, "Public", own);
      texts.push(...own);
      await new Promise((resolve) => setTimeout(resolve, 40 * round));
      await kill();
      url = await start();
    }
    await until("an empty outbox", async () => {
      const { outbox } = (await (await fetch(`${url}/status`)).json()) as { outbox: number };
      return outbox === 0;
    });
    await until("everything on air", () => station.heard.length >= texts.length);
    const onAir = station.heard.map(({ rx }) => openText(room, hexToBytes(rx).slice(2))?.line);
    assert.deepEqual(
      onAir,
      texts.map((text) => `Ann: ${text}`),
    );
  });

  it("has everything once after the serial cable was cut for a while, again and again", async () => {
    const url = await start();
    await boardsReady(url);
    await firstAdvert();
    let said = 0;
    for (let round = 1; round <= 4; round++) {
      say(said + 1, said + 10);
      said += 10;
      await new Promise((resolve) => setTimeout(resolve, 70 * round));
      cable.cut();
      say(said + 1, said + 10);
      said += 10;
      await new Promise((resolve) => setTimeout(resolve, 300));
      cable.mend();
      await boardsReady(url);
    }
    await until("everything heard is in the history", async () => heard(await history(url)).length >= said);
    assert.deepEqual(heard(await history(url)), range(said));
    assert.equal((await boardsOf(url))[0].missed, 0);
  });
});
