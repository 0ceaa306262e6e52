import assert from "node:assert/strict";
import { Store } from "../../../host-bridge/room/store.ts";
import { Scratch } from "../scratch.ts";
import { entry, sample } from "./store-bench.ts";

describe("store: the history as an outbox", () => {
  const scratch = new Scratch();
  let dir: string;
  let store: Store;
  const rooms = [
    { name: "A", maxHistory: 3 },
    { name: "B", maxHistory: 3 },
  ];

  beforeEach(() => {
    dir = scratch.dir();
    open();
  });

  afterEach(() => {
    store.close();
    scratch.clean();
  });

  const open = (): void => {
    store = Store.open(dir);
    store.setRooms(rooms, 0);
  };
  const write = (...guids: string[]): void => {
    store.write(guids.map((guid, i) => entry(sample(guid, { room: i % 2 ? "B" : "A", timestamp: ++timestamp }))));
  };
  let timestamp = 1_700_000_000;
  const guidsAfter = (id: number, limit = 10) => store.deliveries.after(id, limit).map(({ message }) => message.guid);

  it("reads all rooms in the order of arrival, in pieces", () => {
    write("1", "2", "3", "4");
    assert.deepEqual(guidsAfter(0), ["1", "2", "3", "4"]);
    const [, { id }] = store.deliveries.after(0, 2);
    assert.deepEqual(guidsAfter(id, 1), ["3"]);
    const [{ message }] = store.deliveries.after(id, 1);
    assert.deepEqual(message, {
      ...{ type: "message", room: "A", guid: "3", sender: "Ann", text: "text 3", timestamp, origin: "here" },
      ...{ via: "radio", rssi: -71, snr: 10.5, hops: 2, timestamp: timestamp - 1 },
    });
  });

  it("numbers without gaps, so that what was pruned shows, also when nothing is left", () => {
    write("1", "2");
    const last = store.deliveries.last();
    store.setRooms([{ name: "A", maxHistory: 1 }], 0);
    store.write(["3", "4", "5"].map((guid) => entry(sample(guid, { timestamp: ++timestamp }))));
    assert.deepEqual(
      store.deliveries.after(last, 10).map(({ id }) => id),
      [last + 3],
    );
    assert.equal(store.deliveries.last(), last + 3);
  });

  it("numbers without gaps, however often a message comes", () => {
    for (let i = 0; i < 3; i++) write("1", "2");
    write("3");
    assert.deepEqual(
      store.deliveries.after(0, 10).map(({ id }) => id),
      [1, 2, 3],
    );
    assert.equal(store.deliveries.last(), 3);
  });

  it("keeps each receiver's place over a restart; a new one has all, and one that was away begins anew", () => {
    write("1");
    assert.deepEqual([...store.deliveries.keep(["x"])], [["x", 1]]);
    write("2", "3");
    store.deliveries.save("x", 2);
    store.close();
    open();
    assert.deepEqual([...store.deliveries.keep(["x", "y"])].sort(), [
      ["x", 2],
      ["y", 3],
    ]);
    assert.deepEqual([...store.deliveries.keep(["y"])], [["y", 3]]);
    assert.deepEqual([...store.deliveries.keep(["x", "y"])].sort(), [
      ["x", 3],
      ["y", 3],
    ]);
  });

  it("tells the places without writing, and stores one that it did not know", () => {
    write("1", "2");
    assert.deepEqual([...store.deliveries.places(["x"])], [["x", 2]]);
    store.deliveries.save("x", 1);
    assert.deepEqual([...store.deliveries.places(["x"])], [["x", 1]]);
  });

  it("an import is nothing new for who had everything", () => {
    write("1", "2");
    store.deliveries.keep(["all", "behind"]);
    store.deliveries.save("behind", 1);
    store.importMessages("A", [sample("3"), sample("4")]);
    assert.deepEqual([...store.deliveries.keep(["all", "behind"])].sort(), [
      ["all", 4],
      ["behind", 1],
    ]);
  });
});
