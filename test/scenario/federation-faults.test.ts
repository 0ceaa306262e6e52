// Four servers in processes of their own, on lines that are cut, while their processes die and their disks are put back.
import assert from "node:assert/strict";
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Cable } from "../host-bridge/daemon-bench.ts";
import { ServerProcess } from "../host-bridge/federation/server-process.ts";
import { SHAPES } from "../host-bridge/federation/shapes.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { SEED, seeded } from "../protocol/random.ts";
import { freePort } from "../simulator/tcp-station.ts";

/** `MESSAGES=10000 FAULTS=500 npx mocha test/scenario/federation-faults.test.ts` for the long run; `SEED=n` repeats one. */
const MESSAGES = Number(process.env["MESSAGES"] ?? 200);
const FAULTS = Number(process.env["FAULTS"] ?? 10);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("federation: faults", function () {
  this.timeout(60_000 + MESSAGES * 60 + FAULTS * 2000);
  const scratch = new Scratch();
  let children: ServerProcess[] = [];
  let cables: Cable[] = [];

  afterEach(async () => {
    for (const child of children) await child.kill();
    for (const cable of cables) cable.remove();
    [children, cables] = [[], []];
    scratch.clean();
  });

  it("brings a server up to date within ten seconds that stood still for longer than its peers wait", async () => {
    for (const name of ["A", "B", "C"]) children.push(new ServerProcess(name, scratch.dir(), await freePort()));
    const [a, b, c] = children;
    // One is called by the one that stands still, the other calls it.
    b.peers.push(a.port);
    c.peers.push(b.port);
    for (const child of children) await child.start();
    await b.ask({ do: "post", text: "before" });
    await wait(3000);
    b.signal("SIGSTOP");
    for (let i = 0; i < 13; i++) {
      await a.ask({ do: "post", text: `a${i}` });
      await c.ask({ do: "post", text: `c${i}` });
      await wait(1000);
    }
    b.signal("SIGCONT");
    const from = performance.now();
    for (;;) {
      const answers = await Promise.all(children.map((child) => child.ask({ do: "history" })));
      const histories = answers.map((answer) => (answer?.["history"] ?? []) as string[]);
      if (histories.every((one) => one.length === 27)) break;
      assert.ok(performance.now() - from < 10_000, String(histories.map((one) => one.length)));
      await wait(100);
    }
  });

  const shapes = process.env["FAULTS"] ? Object.keys(SHAPES) : ["ring"];
  for (const shape of shapes) {
    it(`heals from ${FAULTS} faults among ${MESSAGES} messages, as ${shape} (SEED=${SEED})`, async () => {
      const random = seeded();
      const below = (n: number): number => Math.floor(random.fraction() * n);
      for (const name of ["A", "B", "C", "D"]) children.push(new ServerProcess(name, scratch.dir(), await freePort()));
      for (const [from, to] of SHAPES[shape]) {
        const cable = new Cable(children[to].port);
        await cable.lay();
        cables.push(cable);
        children[from].peers.push(cable.port);
      }
      for (const child of children) await child.start();
      const posted = new Map<string, string>();
      /** What only a restored server had. */
      const mayBeLost = new Set<string>();
      let copy: { child: ServerProcess; dir: string; before: Set<string> } | null = null;
      const faults: [string, () => Promise<void>][] = [
        [
          "cut",
          async () => {
            const cable = cables[below(cables.length)];
            cable.cut();
            await wait(below(600));
            cable.mend();
          },
        ],
        [
          "kill",
          async () => {
            const child = children[below(4)];
            await child.kill();
            await wait(below(400));
            await child.start();
          },
        ],
        [
          "clock",
          async () => {
            await children[below(4)].ask({ do: "clock", jumpMs: (below(12) - 6) * 3_600_000 });
          },
        ],
        [
          "older copy",
          async () => {
            if (copy === null) {
              const child = children[below(4)];
              await child.kill();
              const dir = join(scratch.dir(), "copy");
              cpSync(child.dir, dir, { recursive: true });
              copy = { child, dir, before: new Set(posted.keys()) };
              await child.start();
              return;
            }
            const { child, dir, before } = copy;
            copy = null;
            await child.kill();
            // Its newest posts may not have left it; all others come back from the peers.
            for (const [guid, name] of posted) if (name === child.name && !before.has(guid)) mayBeLost.add(guid);
            if (existsSync(child.dir)) rmSync(child.dir, { recursive: true });
            cpSync(dir, child.dir, { recursive: true });
            await child.start();
          },
        ],
      ];
      const every = Math.max(1, Math.floor(MESSAGES / FAULTS));
      let running: Promise<void> = Promise.resolve();
      for (let i = 0; i < MESSAGES; i++) {
        const child = children[below(4)];
        const answer = await child.ask({ do: "post", text: `n${i}` });
        if (answer !== null) posted.set(answer["guid"], child.name);
        if (i % every !== every - 1) continue;
        await running;
        const [, fault] = faults[below(faults.length)];
        running = fault();
        // Half of the faults happen while nobody posts.
        if (below(2) === 0) await running;
      }
      await running;
      for (const cable of cables) cable.mend();
      const healed = performance.now();
      let histories: string[][] = [];
      for (;;) {
        const answers = await Promise.all(children.map((child) => child.ask({ do: "history" })));
        histories = answers.map((answer) => (answer === null ? [] : answer["history"]));
        const isSame = histories.every((one) => one.join("\n") === histories[0].join("\n"));
        if (isSame && histories[0].length > 0) break;
        const sizes = histories.map((one) => one.length).join(", ");
        assert.ok(performance.now() - healed < 30_000, `the histories stay different: ${sizes}`);
        await wait(200);
      }
      const healMs = Math.round(performance.now() - healed);
      const guids = histories[0].map((line) => line.split(" ")[0]);
      assert.equal(new Set(guids).size, guids.length, "a message twice");
      const there = new Set(guids);
      const lost = [...posted.keys()].filter((guid) => !there.has(guid) && !mayBeLost.has(guid));
      assert.deepEqual(lost, [], "acknowledged and gone");
      for (const child of children) {
        const told: string[] = (await child.ask({ do: "told" }))?.["told"] ?? [];
        assert.equal(new Set(told).size, told.length, `${child.name} told a message twice`);
      }
      if (process.env["FAULTS"]) console.log(`      ${guids.length} messages, healed in ${healMs} ms`);
      assert.ok(healMs < 12_000, `healed in ${healMs} ms`);
    });
  }
});
