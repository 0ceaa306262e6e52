// Three bridges in processes of their own, over three NATS servers, as one hub: any of the six is killed while members post.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { until } from "../host-bridge/daemon-bench.ts";
import { backboneOf, type NatsServer, natsCluster, noNats } from "../host-bridge/federation/nats-bench.ts";
import { peerConfig, roomOf, TestServer } from "../host-bridge/federation/server-bench.ts";
import { ServerProcess } from "../host-bridge/federation/server-process.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { SEED, seeded } from "../protocol/random.ts";
import { freePort } from "../simulator/tcp-station.ts";

/** `KILLS=200 npx mocha test/scenario/federation-backbone.test.ts` for the long run; `SEED=n` repeats one. */
const KILLS = process.env["KILLS"] ? Number(process.env["KILLS"]) : 6;
const POSTS_A_KILL = 25;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe(`a hub of several bridges: kills${noNats}`, function () {
  this.timeout(120_000 + KILLS * 10_000);
  const scratch = new Scratch();
  let nats: NatsServer[] = [];
  let bridges: ServerProcess[] = [];
  let members: TestServer[] = [];
  let isOver = false;
  let restarts: Promise<unknown>[] = [];

  before(function () {
    if (noNats !== "") this.skip();
  });

  afterEach(async function () {
    isOver = true;
    if (this.currentTest?.state === "failed") {
      for (const [i, { said }] of nats.entries())
        console.log(`      n${i}: ${said.split("\n").slice(-15).join("\n      ")}`);
    }
    await Promise.all(restarts);
    restarts = [];
    for (const one of members) await one.stop();
    for (const one of bridges) await one.kill();
    for (const one of nats) await one.kill();
    [nats, bridges, members] = [[], [], []];
    scratch.clean();
  });

  const isJoined = async (bridge: ServerProcess): Promise<boolean> => {
    return (await bridge.ask({ do: "backbone" }))?.backbone?.connected === true;
  };

  /** Of what a bridge keeps, the names of its messages. */
  const kept = ({ dir }: ServerProcess): string[] => {
    const db = new DatabaseSync(join(dir, "hub.sqlite"));
    const rows = db.prepare("SELECT guid FROM messages ORDER BY guid").all() as { guid: string }[];
    db.close();
    return rows.map(({ guid }) => guid);
  };

  for (const [ways, words] of [
    [1, "one bridge for each member"],
    [2, "two for each"],
  ] as const) {
    it(`loses nothing and has nothing twice after ${KILLS} kills, with ${words} (SEED=${SEED})`, () => killing(ways));
  }

  /** What is killed when, and for how long: the same for the same seed. */
  function plan(): { afterMs: number; victims: number[]; downMs: number[] }[] {
    const random = seeded();
    const below = (n: number): number => Math.floor(random.fraction() * n);
    return Array.from({ length: KILLS }, () => {
      const victims = below(8) === 0 ? [0, 1, 2] : [below(6)];
      return { afterMs: 300 + below(2000), victims, downMs: victims.map(() => below(3000)) };
    });
  }

  async function killing(ways: number): Promise<void> {
    nats = await natsCluster(scratch.dir(), 3);
    for (const one of nats) one.start();
    for (const name of ["X", "Y", "Z"]) {
      const bridge = new ServerProcess(name, scratch.dir(), await freePort());
      bridge.backbone = backboneOf(nats);
      bridges.push(bridge);
    }
    for (const bridge of bridges) await bridge.start();
    for (const bridge of bridges) await until(`${bridge.name} has the stream`, () => isJoined(bridge), 60_000);
    for (const [i, name] of ["A", "B", "C"].entries()) {
      const member = new TestServer(name, scratch.dir(), await freePort(), [roomOf("Open", { maxHistory: 1_000_000 })]);
      for (const { name: bridge, port } of [...bridges, ...bridges].slice(i, i + ways)) {
        member.settings.peers.push({ ...peerConfig(bridge, port), blindHub: true });
      }
      members.push(member);
      await member.start();
    }

    const guids = new Set<string>();
    isOver = false;
    const traffic = (async () => {
      for (let i = 0; !isOver || i < KILLS * POSTS_A_KILL; i++) {
        guids.add(await members[i % 3].post(`${i}`));
        await wait(20);
      }
    })();
    const isUp = new Map<NatsServer | ServerProcess, Promise<void>>();
    const killed: string[] = [];
    for (const { afterMs, victims, downMs } of plan()) {
      await wait(afterMs);
      for (const [i, at] of victims.entries()) {
        const victim = [...nats, ...bridges][at];
        await isUp.get(victim);
        killed.push(["n0", "n1", "n2", "X", "Y", "Z"][at]);
        await victim.kill();
        isUp.set(
          victim,
          wait(downMs[i]).then(() => victim.start()),
        );
      }
      restarts = [...isUp.values()];
    }
    isOver = true;
    await traffic;
    await Promise.all(restarts);
    const from = performance.now();
    const isDone = () => members.every((one) => one.history().length === guids.size);
    await until(`all ${guids.size} messages everywhere; killed: ${killed.join(" ")}`, isDone, 60_000);
    const healedMs = Math.round(performance.now() - from);
    const [first, ...others] = members.map((one) => one.history().join("\n"));
    for (const other of others) assert.equal(other, first);
    for (const { told, name } of members) {
      assert.equal(told.length, guids.size, `each once at ${name}`);
      assert.deepEqual(new Set(told.map(({ guid }) => guid)), guids);
    }
    await until("at rest", () =>
      members.every((one) => one.federation.status().every((peer) => peer.queue_depth === 0)),
    );
    const have = () => bridges.map((bridge) => kept(bridge));
    await until("the same at every bridge", () => have().every((names) => names.length === guids.size));
    const [x, y, z] = have();
    assert.deepEqual([y, z], [x, x]);
    console.log(`      ${guids.size} messages, killed ${killed.join(" ")}, healed in ${healedMs} ms`);
  }
});
