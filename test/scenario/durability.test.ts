import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../../host-bridge/room/store.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { DaemonProcess, durableConfig, enter, HearingBoard, Writer } from "./durable-daemon.ts";

/** `KILLS=200 npx mocha test/scenario/durability.test.ts` for the long run. */
const KILLS = Number(process.env["KILLS"] ?? 20);

interface Seen {
  guid: string;
  sender: string;
  text: string;
}

/**
 * Everything acknowledged is there once, and what lacks was never acknowledged; a list that is not whole has the newest. Of floods
 * like these, many posts share a second, and then the GUIDs decide which comes first.
 */
function check(history: Seen[], writers: Writer[], heard: number, isWhole: boolean, when: string): void {
  const guids = history.map(({ guid }) => guid);
  assert.equal(new Set(guids).size, guids.length, `${when}: a GUID twice`);
  for (const { name, acknowledged } of writers) {
    const own = history.filter(({ sender }) => sender === name);
    const numbers = own.map(({ text }) => Number(text));
    assert.equal(new Set(numbers).size, numbers.length, `${when}: ${name} is doubled`);
    const there = new Map(own.map(({ text, guid }) => [Number(text), guid]));
    for (const [number, guid] of acknowledged) {
      if (isWhole || there.has(number)) assert.equal(there.get(number), guid, `${when}: ${name} ${number} is gone`);
    }
  }
  const radio = history.filter(({ sender }) => sender === "radio").map(({ text }) => Number(text));
  const start = isWhole ? 1 : (radio[0] ?? 1);
  assert.deepEqual(
    radio,
    radio.map((_, i) => start + i),
    `${when}: a gap in what was heard`,
  );
  assert.ok(!isWhole || radio.length >= heard, `${when}: ${radio.length} of ${heard} heard`);
}

describe("durability", function () {
  this.timeout(Math.max(120_000, KILLS * 6000));
  const scratch = new Scratch();
  let daemon: DaemonProcess | null = null;
  let board: HearingBoard | null = null;

  afterEach(async () => {
    await daemon?.kill();
    board?.stop();
    scratch.clean();
  });

  it(`has every acknowledged message once and without a gap after ${KILLS} SIGKILLs under load`, async () => {
    const dir = scratch.dir();
    const data = join(dir, "data");
    const config = join(dir, "a.yaml");
    board = new HearingBoard();
    await board.start(5);
    writeFileSync(config, durableConfig(data, board.port));
    const writers = ["Ann", "Bob", "Cleo"].map((name) => new Writer(name));
    let early = 0;
    for (let round = 1; round <= KILLS; round++) {
      daemon = new DaemonProcess(config);
      // One in five dies while it starts, perhaps while it brings back what the log of the one before holds.
      const delayMs = Math.random() * (round % 5 === 0 ? 600 : 400);
      if (round % 5 === 0) {
        early++;
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        await daemon.kill();
        continue;
      }
      const url = await daemon.url;
      assert.ok(url !== null, `round ${round}: the daemon does not start`);
      const { client, history } = await enter(url, "reader", 5000);
      check(history as unknown as Seen[], writers, 0, false, `round ${round}`);
      const ends = writers.map((writer) => writer.run(url));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await daemon.kill();
      await Promise.all(ends);
      // What was told live was durable as well.
      const live = client.frames.filter(({ type }) => type === "message") as unknown as Seen[];
      const store = Store.open(data);
      store.setRooms([{ name: "Load", maxHistory: 1_000_000 }], 0);
      const kept = new Set(store.history("Load", { limit: 1_000_000 }).map(({ guid }) => guid));
      store.close();
      for (const { guid } of live) assert.ok(kept.has(guid), `round ${round}: ${guid} was told and is gone`);
    }
    const heard = board.acknowledged();
    const store = Store.open(data);
    store.setRooms([{ name: "Load", maxHistory: 1_000_000 }], 0);
    check(store.history("Load", { limit: 1_000_000 }), writers, heard, true, "the end");
    store.close();
    const posted = writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    if (process.env["KILLS"])
      console.log(`      ${posted} posts and ${heard} heard acknowledged, ${early} kills while starting`);
    assert.ok(posted > KILLS && heard > KILLS, `${posted} posted, ${heard} heard`);
  });

  it("refuses posts while the disk is full, goes on when there is space, and keeps what it acknowledged", async function () {
    const dir = scratch.dir();
    const disk = join(dir, "disk");
    mkdirSync(disk);
    const inside = ["unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size=16m tmpfs ${disk} && exec "$@"`, "sh"];
    if (spawnSync(inside[0], [...inside.slice(1), "true"]).status !== 0) return this.skip();
    const config = join(dir, "a.yaml");
    writeFileSync(config, durableConfig(join(disk, "data"), null));
    daemon = new DaemonProcess(config, inside);
    const url = (await daemon.url) ?? assert.fail("the daemon does not start");
    // The disk as the daemon sees it; outside there is only the empty directory.
    const view = `/proc/${daemon.pid}/root${disk}`;
    const ann = new Writer("Ann");
    const ballast = join(view, "ballast");
    for (let round = 1; round <= 3; round++) {
      const { bavail, bsize } = statfsSync(view);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 100_000)));
      // Its posts fill the rest, until one is refused.
      await ann.run(url);
      assert.deepEqual(ann.refused, Array(round).fill("unavailable"));
      // Reading goes on.
      const { client, history } = await enter(url, "reader", 5000);
      check(history as unknown as Seen[], [ann], 0, false, `full ${round}`);
      client.socket.terminate();
      rmSync(ballast);
      await ann.run(url, ann.acknowledged.size + 50);
      assert.equal(ann.refused.length, round);
      assert.ok(daemon.isRunning());
    }
    const { client, history } = await enter(url, "reader", 100_000);
    check(history as unknown as Seen[], [ann], 0, true, "the end");
    client.socket.terminate();
  });
});
