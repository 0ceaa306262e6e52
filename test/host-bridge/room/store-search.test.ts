import assert from "node:assert/strict";
import type { DatabaseSync } from "@photostructure/sqlite";
import { Store } from "../../../host-bridge/room/store.ts";
import { FakeClock } from "../fake-clock.ts";
import { Scratch } from "../scratch.ts";
import { ingest, openRooms, sealText, testRoom } from "./rooms-bench.ts";
import { entry, sample } from "./store-bench.ts";

const scratch = new Scratch();
const MANY = 300;

describe("store: the search index, which follows", () => {
  let store: Store;
  let dir: string;

  const setRooms = (maxHistory: number): void => {
    const rooms = ["A", "B"].map((name) => ({ name, maxHistory }));
    store.setRooms(rooms, 0);
  };
  const open = (): void => {
    store = Store.open(dir);
    setRooms(1000);
  };
  const id = (n: number): string => `g${String(n).padStart(4, "0")}`;
  /** Every third one is of a cat; the later ones are not the newer ones. */
  const fill = (from: number, count: number, room = "A"): void => {
    const message = (n: number) => {
      const text = n % 3 === 0 ? `the Cat number ${n}` : `a dog number ${n}`;
      return sample(id(n), { room, text, timestamp: 1000 + ((n * 7) % 1000) });
    };
    store.write(Array.from({ length: count }, (_, i) => entry(message(from + i))));
  };
  const cats = (limit: number, more: { before?: string; after?: string } = {}): string[] =>
    store.history("A", { limit, grep: "cat num", ...more }).map(({ guid }) => guid);
  const check = (): void => {
    const { db } = store as unknown as { db: InstanceType<typeof DatabaseSync> };
    db.exec("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)");
  };

  beforeEach(() => {
    dir = scratch.dir();
    open();
  });

  afterEach(() => {
    store.close();
    scratch.clean();
  });

  it("finds the same while the index has none of them, some, and all", () => {
    fill(0, 20);
    assert.equal(store.takeUpSearch(20), true);
    assert.equal(store.isSearchBehind(), false);
    fill(20, MANY);
    fill(1000, MANY, "B");
    fill(400, 10);
    assert.equal(store.isSearchBehind(), true);
    const all = cats(1000);
    assert.equal(all.length, Math.ceil(320 / 3) + 3);
    const ways = (): string[][] => [
      cats(1000),
      cats(7),
      cats(7, { before: all[50] }),
      cats(7, { after: all[50] }),
      cats(1000, { after: all[50] }),
    ];
    const before = ways();
    assert.deepEqual(before[1], all.slice(-7));
    assert.deepEqual(before[2], all.slice(43, 50));
    assert.deepEqual(before[3], all.slice(51, 58));
    assert.deepEqual(before[4], all.slice(51));
    let parts = 1;
    for (; !store.takeUpSearch(100); parts++) assert.deepEqual(ways(), before, `after ${parts} parts`);
    assert.equal(parts, 7);
    assert.equal(store.isSearchBehind(), false);
    assert.deepEqual(ways(), before);
    check();
    store.write([entry(null)]);
    assert.equal(store.isSearchBehind(), false);
    fill(500, 3);
    assert.equal(store.isSearchBehind(), true);
    assert.ok(cats(1000).includes(id(501)));
  });

  it("prunes what the index has and what it does not have", () => {
    setRooms(100);
    fill(0, 50);
    store.takeUpSearch(1000);
    fill(50, MANY);
    const all = cats(1000);
    assert.ok(all.length > 20 && all.length < 50);
    assert.equal(store.takeUpSearch(30), false);
    fill(350, 50);
    const left = cats(1000);
    while (!store.takeUpSearch(30)) assert.deepEqual(cats(1000), left);
    assert.deepEqual(cats(1000), left);
    check();
  });

  it("goes on where it was when it is opened again", () => {
    fill(0, MANY);
    store.takeUpSearch(10);
    store.close();
    open();
    assert.equal(store.isSearchBehind(), true);
    assert.equal(cats(1000).length, 100);
    assert.equal(store.takeUpSearch(1000), true);
    assert.equal(cats(1000).length, 100);
    check();
  });

  const damage = (): void => {
    const { db } = store as unknown as { db: InstanceType<typeof DatabaseSync> };
    db.enableDefensive(false);
    db.exec("UPDATE messages_fts_data SET block = x'00ff00ff00ff'");
    store.close();
    open();
  };

  it("is made anew where it is damaged, and has all then", () => {
    fill(0, MANY);
    store.takeUpSearch(200);
    damage();
    assert.equal(store.takeUpSearch(10), true);
    assert.equal(store.isSearchBehind(), false);
    assert.equal(cats(1000).length, 100);
    check();
  });

  it("costs no message when it is damaged and something is pruned", () => {
    fill(0, MANY);
    store.takeUpSearch(200);
    damage();
    setRooms(MANY);
    fill(MANY, 3);
    assert.equal(store.countMessages("A"), MANY);
    assert.equal(store.takeUpSearch(10), true);
    assert.equal(cats(1000).length, 100);
    check();
  });

  it("is brought up by the rooms when no more of many comes or after half a minute, and by nobody after they have stopped", async () => {
    const clock = new FakeClock();
    const room = testRoom("Open", { maxHistory: 5000 });
    const parts = openRooms(scratch.dir(), clock, [room]);
    const hear = (from: number, count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, i) => {
          const payload = sealText(room, 1000 + from + i, `Ann: text ${from + i}`);
          return ingest(parts.rooms, { room: room.name, payload, seq: from + i });
        }),
      );
    const isBehind = (): boolean => parts.store.isSearchBehind();
    await hear(1, 700);
    clock.advance(200);
    await hear(701, 300);
    clock.advance(200);
    assert.equal(isBehind(), true);
    clock.advance(200);
    assert.equal(isBehind(), false);
    assert.equal(clock.pending(), 0);
    await hear(1001, 1);
    clock.advance(20_000);
    await hear(1002, 1);
    assert.equal(isBehind(), true);
    clock.advance(10_000);
    assert.equal(isBehind(), false);
    await hear(1003, 300);
    parts.rooms.stop();
    assert.equal(clock.pending(), 0);
    parts.store.close();
  });
});
