import assert from "node:assert/strict";
import { Store } from "../../../host-bridge/room/store.ts";
import type { Place } from "../../../host-bridge/room/store-log.ts";
import { Scratch } from "../scratch.ts";
import { entry, sample } from "./store-bench.ts";

const scratch = new Scratch();
const OTHER = "00112233aabbccdd";

describe("store: the log that servers tell each other", () => {
  let dir: string;
  let store: Store;
  const open = (maxHistory = 100): Store => {
    const made = Store.open(dir);
    made.setRooms(
      ["A", "B"].map((name) => ({ name, maxHistory })),
      0,
    );
    return made;
  };
  const own = (...guids: string[]) => guids.map((guid) => entry(sample(guid)));
  const told = (guid: string, seq: number, stream = OTHER) =>
    entry(sample(guid, { via: "federation" }), { place: { room: "A", stream, seq } });
  const passed = (seq: number, more: { isMark?: boolean } = {}) =>
    entry(null, { place: { room: "A", stream: OTHER, seq }, ...more });
  const reached = (stream = OTHER): number | undefined => store.vector("A").get(stream);
  const rows = (after = 0): Place[] =>
    store.logRows("A", after, store.lastRow(), 100).map(({ stream, seq }) => ({ stream, seq }));

  beforeEach(() => {
    dir = scratch.dir();
    store = open();
  });

  afterEach(() => {
    store.close();
    scratch.clean();
  });

  it("numbers what came in here, room by room, and begins a new stream at each start", () => {
    store.write([...own("a1", "a2"), entry(sample("b1", { room: "B" }))]);
    const first = store.stream;
    assert.deepEqual([...store.vector("A")], [[first, 2]]);
    assert.deepEqual([...store.vector("B")], [[first, 1]]);
    store.close();
    store = open();
    assert.notEqual(store.stream, first);
    store.write(own("a3"));
    assert.deepEqual(
      [...store.vector("A")],
      [
        [first, 2],
        [store.stream, 1],
      ],
    );
  });

  it("keeps the place of what another server told, and gives it no number of its own", () => {
    store.write([told("g1", 1), told("g2", 2), ...own("a1")]);
    assert.deepEqual(rows(), [
      { stream: OTHER, seq: 1 },
      { stream: OTHER, seq: 2 },
      { stream: store.stream, seq: 1 },
    ]);
    assert.equal(reached(), 2);
  });

  it("does not count what has something missing before it, until that is said to be settled", () => {
    store.write([told("g5", 5)]);
    assert.equal(reached(), 0);
    store.write([told("g1", 1)]);
    assert.equal(reached(), 1);
    store.write([passed(5, { isMark: true })]);
    assert.equal(reached(), 5);
    store.write([passed(3, { isMark: true })]);
    assert.equal(reached(), 5);
  });

  it("passes over what is known by another place, and what is of no use", () => {
    store.write(own("a1"));
    assert.deepEqual(store.write([told("a1", 1), passed(2)]), [false, false]);
    assert.equal(reached(), 2);
    assert.equal(rows().length, 1);
  });

  it("forgets numbers of a transaction that failed", () => {
    store.write([told("g1", 1)]);
    const bad = entry(sample("g3", { sender: null as unknown as string }));
    assert.throws(() => store.write([told("g2", 2), ...own("a1"), bad]));
    assert.equal(reached(), 1);
    assert.equal(reached(store.stream), undefined);
    store.write([told("g2", 2), ...own("a1")]);
    assert.equal(reached(), 2);
    assert.equal(reached(store.stream), 1);
  });

  it("tells where somebody's gap begins, and what is settled behind a row", () => {
    store.write([told("g1", 1), told("g2", 2), told("g3", 3)]);
    const [first] = store.logRows("A", 0, store.lastRow(), 1);
    assert.equal(store.rowBefore("A", new Map()), first.id - 1);
    assert.equal(store.rowBefore("A", new Map([[OTHER, 2]])), first.id + 1);
    assert.equal(store.rowBefore("A", new Map([[OTHER, 3]])), store.lastRow());
    assert.equal(store.settled("A", OTHER, 0, 0), 0);
    assert.equal(store.settled("A", OTHER, 0, first.id), 1);
    assert.equal(store.settled("A", OTHER, 0, store.lastRow()), 3);
  });

  it("says of pruned messages that they are settled", () => {
    store.close();
    store = open(2);
    store.write([1, 2, 3, 4].map((n) => entry(sample(`a${n}`, { timestamp: n }))));
    assert.equal(store.settled("A", store.stream, 0, 0), 2);
  });

  it("lists imported messages too", () => {
    store.write(own("a1"));
    store.importMessages("A", [sample("old", { timestamp: 5 }), sample("a1")]);
    assert.equal(reached(store.stream), 2);
    assert.deepEqual(
      store.history("A", { limit: 9 }).map(({ guid }) => guid),
      ["old", "a1"],
    );
  });

  it("has a number of its own that stays", () => {
    const id = store.serverId();
    assert.match(id, /^[0-9a-f]{32}$/);
    store.close();
    store = open();
    assert.equal(store.serverId(), id);
  });
});
