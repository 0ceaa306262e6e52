import assert from "node:assert/strict";
import { Islands } from "./islands.ts";

/** Every message once in every history and once at every client, and all histories the same. */
function onceEverywhere(islands: Islands, count: number): void {
  const lists = islands.servers.map((server) => server.history().map(({ guid, text }) => `${guid} ${text}`));
  for (const [i, server] of islands.servers.entries()) {
    assert.equal(new Set(lists[i]).size, count, `history of ${server.name}`);
    assert.deepEqual(lists[i], lists[0]);
    assert.equal(server.told.length, count, `clients of ${server.name}`);
  }
}

const twice = (counts: Map<string, number>): number => [...counts.values()].filter((count) => count > 1).length;

describe("islands: servers whose boards hear each other, and servers whose boards do not", function () {
  this.timeout(120_000);
  let islands: Islands;
  afterEach(() => islands.stop());

  /** Clients of all servers and a phone on each ether talk for two minutes; everything has its time to settle. */
  const talk = async (places: number[], isFederated: boolean, seed = 1): Promise<number> => {
    islands = new Islands(places, seed);
    islands.isFederated = isFederated;
    await islands.ready();
    let count = 0;
    for (let i = 0; i < 12; i++) {
      for (const server of places.keys()) {
        await islands.post(server, `post ${i}`);
        count++;
        await islands.run(2000);
      }
      for (const air of islands.airs.keys()) {
        await islands.say(air, `word ${i}`);
        count++;
        await islands.run(2000);
      }
    }
    await islands.run(90_000);
    return count;
  };

  it("two servers on one ether use no more air than without federation, and have everything once", async () => {
    await talk([0, 0], false);
    const without = islands.airs[0].airMs();
    const countWithout = islands.airs[0].aired.length;
    await islands.stop();
    const count = await talk([0, 0], true);
    onceEverywhere(islands, count);
    assert.equal(islands.airs[0].aired.length, countWithout);
    assert.equal(islands.airs[0].airMs(), without);
    assert.equal(twice(islands.airs[0].counts()), 0);
  });

  it("two servers on two ethers use as much more as the other island has said, each packet once and to the byte", async () => {
    const count = await talk([0, 1], true);
    onceEverywhere(islands, count);
    const [one, other] = islands.airs.map((air) => air.counts());
    assert.deepEqual([...one.keys()].sort(), [...other.keys()].sort());
    assert.equal(one.size, count);
    assert.deepEqual([twice(one), twice(other)], [0, 0]);
  });

  it("of two servers on one ether one sends what comes from afar", async () => {
    const count = await talk([0, 0, 1], true);
    onceEverywhere(islands, count);
    const [one, other] = islands.airs.map((air) => air.counts());
    assert.deepEqual([one.size, other.size], [count, count]);
    assert.equal(twice(other), 0);
    assert.ok(twice(one) <= 2, `${twice(one)} went out twice until the two knew each other`);
    const [a, b] = islands.servers.map(({ boards }) => boards.rebroadcast("test"));
    assert.ok(Math.min(a.sent, b.sent) <= 2 && Math.max(a.sent, b.sent) <= 26, `A sent ${a.sent}, B ${b.sent}`);
    for (const { sent, not_sent } of [a, b]) assert.equal(sent + not_sent.heard_on_air, 36);
  });

  it("a backlog leaves the channel to those who are there: their posts go at once, and the rest of it is counted", async () => {
    islands = new Islands([0]);
    const [server] = islands.servers;
    await islands.ready();
    // An hour of messages that a peer has kept, one every ten seconds.
    for (let i = 360; i > 0; i--) islands.bring(0, `kept ${i}`, i * 10_000);
    const posted = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      const begunMs = islands.clock.nowMs();
      await islands.post(0, `near ${i}`);
      posted.set(
        Buffer.from(server.history().find(({ text }) => text === `near ${i}`)?.payload ?? []).toString("hex"),
        begunMs,
      );
      await islands.run(9000);
    }
    await islands.run(60_000);
    const waits = [...posted].map(([payload, begunMs]) => {
      const aired = islands.airs[0].aired.find((each) => each.payload === payload);
      return (aired?.atMs ?? Number.POSITIVE_INFINITY) - begunMs - (aired?.airMs ?? 0);
    });
    assert.ok(Math.max(...waits) < 1500, `${Math.max(...waits)} ms`);
    const { waiting, sent, not_sent } = server.boards.rebroadcast("test");
    assert.equal(waiting, 0);
    assert.equal(not_sent.too_old >= 331, true);
    assert.ok(sent >= 15, `${sent} of the 29 that were young enough`);
    assert.equal(sent + Object.values(not_sent).reduce((sum, count) => sum + count, 0), 360);
    assert.equal(islands.airs[0].aired.length, 30 + sent);
  });
});
