import assert from "node:assert/strict";
import { Store } from "../../../host-bridge/room/store.ts";
import type { HistoryQuery } from "../../../host-bridge/room/store-query.ts";
import { Scratch } from "../scratch.ts";
import { entry, sample } from "./store-bench.ts";

const scratch = new Scratch();

describe("store: what history finds", () => {
  let store: Store;

  beforeEach(() => {
    store = Store.open(scratch.dir());
    store.setRooms(
      ["A", "B"].map((name) => ({ name, maxHistory: 100 })),
      0,
    );
  });

  afterEach(() => {
    store.close();
    scratch.clean();
  });

  const fill = (...texts: string[]): void => {
    texts.forEach((text, i) => {
      store.write([entry(sample(`g${i + 1}`, { text, timestamp: 1001 + i }))]);
    });
  };
  const found = (query: Partial<HistoryQuery>, room = "A"): string[] =>
    store.history(room, { limit: 100, ...query }).map(({ guid }) => guid);

  it("finds a part of a text in any script, capitals or not, quotes and operators as they are", () => {
    fill("Привет, ЭФИР", "hello over there", 'say "over" AND out', "你好世界", "100% sure_thing", "one OR two*");
    assert.deepEqual(found({ grep: "эфир" }), ["g1"]);
    assert.deepEqual(found({ grep: "OVER" }), ["g2", "g3"]);
    assert.deepEqual(found({ grep: '"over" and' }), ["g3"]);
    assert.deepEqual(found({ grep: "好世界" }), ["g4"]);
    assert.deepEqual(found({ grep: "two*" }), ["g6"]);
    assert.deepEqual(found({ grep: "nowhere" }), []);
    assert.deepEqual(found({ grep: "sender : x" }), []);
  });

  it("finds what is shorter than a trigram", () => {
    fill("Привет", "a 1% b", "好", "zz");
    assert.deepEqual(found({ grep: "ВЕ" }), ["g1"]);
    assert.deepEqual(found({ grep: "%" }), ["g2"]);
    assert.deepEqual(found({ grep: "好" }), ["g3"]);
    assert.deepEqual(found({ grep: "z", limit: 0 }), []);
  });

  it("finds senders, and only in the room that was asked", () => {
    store.write([entry(sample("g1", { sender: "Caroline", text: "x" }))]);
    store.write([entry(sample("g2", { room: "B", sender: "Caroline", text: "x" }))]);
    assert.deepEqual(found({ grep: "carol" }), ["g1"]);
    assert.deepEqual(found({ grep: "carol" }, "B"), ["g2"]);
  });

  it("gives the newest that fit, and pages through the others", () => {
    fill("cat 1", "dog 2", "cat 3", "cat 4", "dog 5", "cat 6");
    assert.deepEqual(found({ grep: "cat", limit: 2 }), ["g4", "g6"]);
    assert.deepEqual(found({ grep: "cat", limit: 2, before: "g4" }), ["g1", "g3"]);
    assert.deepEqual(found({ grep: "ca", limit: 2, before: "g4" }), ["g1", "g3"]);
    assert.deepEqual(found({ grep: "cat", limit: 2, after: "g1" }), ["g3", "g4"]);
  });

  it("does not find what was pruned, also where its text comes again", () => {
    store.setRooms([{ name: "A", maxHistory: 2 }], 0);
    fill("cat 1", "cat 2", "cat 3");
    assert.deepEqual(found({ grep: "cat" }), ["g2", "g3"]);
    assert.deepEqual(found({ grep: "cat 1" }), []);
  });

  it("pages forwards from a message, and between two times", () => {
    fill("1", "2", "3", "4", "5");
    assert.deepEqual(found({ after: "g2", limit: 2 }), ["g3", "g4"]);
    assert.deepEqual(found({ after: "g5" }), []);
    assert.deepEqual(found({ after: "unknown" }), []);
    assert.deepEqual(found({ since: 1002, until: 1004 }), ["g2", "g3"]);
    assert.deepEqual(found({ since: 1003, limit: 2 }), ["g4", "g5"]);
    assert.deepEqual(found({ before: "g4", after: "g1" }), ["g2", "g3"]);
  });

  it("keeps each board's reception of a message once, the first one first", () => {
    const message = sample("g1");
    const by = (board: string, receivedAt: number, rssi: number | null) =>
      entry({ ...message, board, receivedAt, rssi, snr: rssi === null ? null : 1.5, hops: 1 });
    store.write([by("b2", 1000, -90), by("b1", 1001, -50)]);
    store.write([by("b1", 1002, -10), by("kiss", 1003, null), { ...by("own", 1004, null), own: true }]);
    const [{ receptions, board }] = store.history("A", { limit: 1 });
    assert.equal(board, "b2");
    assert.deepEqual(receptions, [
      { board: "b2", heardAt: 1000, rssi: -90, snr: 1.5, hops: 1 },
      { board: "b1", heardAt: 1001, rssi: -50, snr: 1.5, hops: 1 },
      { board: "kiss", heardAt: 1003, rssi: null, snr: null, hops: 1 },
    ]);
  });
});
