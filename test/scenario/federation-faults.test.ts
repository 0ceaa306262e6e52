// Four servers in processes of their own, on lines that are cut, while their processes die, their disks are full or put back.
import assert from "node:assert/strict";
import { Random } from "../../simulator/random.ts";
import { SHAPES } from "../host-bridge/federation/shapes.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { SEED, seeded, whole } from "../protocol/random.ts";
import { hasDisks } from "./fault-disk.ts";
import { hasNamespaces } from "./fault-net.ts";
import { faultMeans, faultPlan, ON_SMALL_DISK } from "./fault-plan.ts";
import { FaultWorld } from "./fault-world.ts";

/**
 * `MESSAGES=10000 FAULTS=500 npx mocha test/scenario/federation-faults.test.ts` for the long run in each shape (or one, SHAPE=star);
 * HISTORY is max_history; `SEED=n` repeats a run.
 */
const MESSAGES = Number(process.env["MESSAGES"] ?? 200);
const FAULTS = Number(process.env["FAULTS"] ?? 10);
const HISTORY = Number(process.env["HISTORY"] ?? 100_000);
const HEAL_MS = 10_000;
/** What is still to be sent takes its time: at the very least so many messages a second. */
const TRANSFER_PER_MS = 1;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("federation: faults", function () {
  this.timeout(60_000 + MESSAGES * 60 + FAULTS * 2000);
  const scratch = new Scratch();
  let world: FaultWorld | null = null;

  afterEach(async () => {
    await world?.stop();
    world = null;
    scratch.clean();
  });

  async function start(dials: readonly [number, number][]): Promise<FaultWorld> {
    world = new FaultWorld(scratch, 4);
    await world.start(dials, 4, HISTORY);
    return world;
  }

  /** How long it takes until all histories are the same, with at least so many messages. */
  async function healing(world: FaultWorld, least: number): Promise<number> {
    const from = performance.now();
    const begun = await world.states();
    for (;;) {
      const states = await world.states();
      const counts = states.map(({ count }) => count);
      const ms = Math.round(performance.now() - from);
      if (new Set(states.map(({ digest }) => digest)).size === 1 && counts[0] >= least) return ms;
      const missing = Math.max(...counts) - Math.min(...begun.map(({ count }) => count));
      assert.ok(ms < HEAL_MS + missing / TRANSFER_PER_MS, `after ${ms} ms the histories differ: ${counts}`);
      await wait(100);
    }
  }

  /** Returns the GUIDs of the history. */
  async function checkNothingTwice(world: FaultWorld): Promise<string[]> {
    const { history } = (await world.servers[0].ask({ do: "history" })) ?? { history: [] };
    const guids = history.map((line) => line.split(" ")[0]);
    assert.equal(new Set(guids).size, guids.length, "a message twice");
    for (const { told, name } of world.servers) {
      const twice = told.filter((guid, i) => told.indexOf(guid) !== i);
      assert.deepEqual(twice, [], `${name} told its clients twice`);
    }
    return guids;
  }

  it(`brings servers up to date that stood still or were cut off for longer than others wait (${hasNamespaces ? "" : "no "}network namespaces)`, async () => {
    // One is called by the one that stands still, the other calls it; the last one's network goes away.
    const dials: [number, number][] = [
      [1, 0],
      [2, 1],
      [3, 0],
      [2, 3],
    ];
    const world = await start(dials);
    const { servers, net } = world;
    await servers[1].ask({ do: "post", text: "before", count: 1 });
    await healing(world, 1);
    servers[1].signal("SIGSTOP");
    await net?.plugs[3].pull();
    // In frames of its own each, more than may be under way to a peer.
    for (let i = 0; i < 11; i++) {
      for (const by of [0, 2, 3]) await servers[by].ask({ do: "post", text: `n${by}.${i}`, count: 20 });
      await wait(1000);
    }
    servers[1].signal("SIGCONT");
    await net?.plugs[3].push();
    await healing(world, 1 + 11 * 3 * 20);
    await checkNothingTwice(world);
  });

  it("says what is wrong while the disk is full, loses nothing that it acknowledged, and goes on when there is space", async function () {
    if (!hasDisks) {
      console.log("no file system may be mounted here: no disk can be filled");
      return this.skip();
    }
    const full = ON_SMALL_DISK;
    // One calls the server with the full disk, the other is called by it.
    const dials: [number, number][] = [
      [0, full],
      [full, 1],
      [2, 1],
    ];
    const world = await start(dials);
    const { servers, disk } = world;
    const acknowledged: string[] = [];
    const refused = new Set<string>();
    const post = async (by: number, text: string, count: number): Promise<void> => {
      const answer = await servers[by].ask({ do: "post", text, count });
      acknowledged.push(...(answer?.posted ?? []).map(({ guid }) => guid));
      for (const code of answer?.refused ?? []) refused.add(code);
    };
    await post(full, "before", 1);
    disk?.fill();
    for (let i = 0; i < 8; i++) {
      for (const by of [0, 1, full]) await post(by, `n${by}.${i}`, 30);
      await wait(200);
    }
    assert.deepEqual([...refused], ["store_full"]);
    const { lines } = (await servers[full].ask({ do: "lines" })) ?? { lines: [] };
    const said = lines.filter((line) => !line.includes("connected (TLS"));
    // One line about its clients' messages, and one a peer.
    assert.equal(said.length, 3, said.join("\n"));
    for (const line of said) assert.match(line, /(could not|cannot) be stored .*: no room on the disk for /);
    disk?.empty();
    await healing(world, 1);
    const guids = await checkNothingTwice(world);
    assert.deepEqual(guids.toSorted(), acknowledged.toSorted());
  });

  it("come in the same order, at the same servers, from the same seed", () => {
    const [one, again] = [SEED, SEED].map((seed) => faultPlan(new Random(seed), 500, 4, 6));
    assert.deepEqual(again, one);
  });

  const shapes = process.env["SHAPE"]?.split(",") ?? (process.env["FAULTS"] ? Object.keys(SHAPES) : ["ring"]);
  for (const shape of shapes) {
    it(`heals from ${FAULTS} faults among ${MESSAGES} messages, as ${shape} (${faultMeans()}; SEED=${SEED})`, async () => {
      const random = seeded();
      const dials = SHAPES[shape];
      const plan = faultPlan(random, FAULTS, 4, dials.length);
      const by = Array.from({ length: MESSAGES }, () => whole(random, 0, 3));
      const world = await start(dials);
      const every = Math.max(1, Math.floor(MESSAGES / FAULTS));
      for (let i = 0; i < MESSAGES; i++) {
        await world.post(by[i], `n${i}`);
        const fault = i % every === every - 1 ? plan.shift() : undefined;
        if (fault === undefined) continue;
        if (process.env["LINES"]) console.error(`${FAULTS - plan.length}`, JSON.stringify(fault));
        await world.begin(fault);
      }
      await world.healed();
      const ms = await healing(world, 1);
      const guids = await checkNothingTwice(world);
      const { posted, mayBeLost } = world;
      const there = new Set(guids);
      const oldest = guids.length < HISTORY ? undefined : posted.get(guids.find((guid) => posted.has(guid)) ?? "");
      const isPruned = (timestamp: number): boolean => oldest !== undefined && timestamp <= oldest.timestamp;
      const gone = [...posted].filter(([guid, { timestamp }]) => !there.has(guid) && !isPruned(timestamp));
      const lost = gone.filter(([guid]) => !mayBeLost.has(guid));
      assert.deepEqual(lost, [], "acknowledged and gone");
      const told = new Set(world.servers.flatMap((server) => server.told));
      const toldOf = gone.filter(([guid]) => told.has(guid));
      assert.deepEqual(toldOf, [], "gone, though clients were told of it");
      const sizes = `${posted.size} acknowledged, ${guids.length} kept, ${gone.length} only in databases that were put back`;
      if (process.env["FAULTS"]) console.log(`      ${sizes}; healed in ${ms} ms`);
    });
  }
});
