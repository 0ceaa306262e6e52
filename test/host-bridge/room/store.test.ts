import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { RoomError } from "../../../host-bridge/errors.ts";
import { Store } from "../../../host-bridge/room/store.ts";
import { SCHEMA_VERSION } from "../../../host-bridge/room/store-schema.ts";
import { Scratch } from "../scratch.ts";
import { entry, sample } from "./store-bench.ts";

const scratch = new Scratch();
let stores: Store[] = [];

function open(dir: string, maxHistory = 10): Store {
  const store = Store.open(dir);
  stores.push(store);
  const rooms = ["A", "B"].map((name) => ({ name, maxHistory }));
  store.setRooms(rooms, 0);
  return store;
}

const guids = (store: Store, room = "A", limit = 100, before?: string | number): string[] =>
  store.history(room, { limit, before }).map(({ guid }) => guid);

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof RoomError, String(error));
  assert.equal(error.code, expected);
  assert.ok(error.hint);
  return true;
};

describe("store", () => {
  afterEach(() => {
    for (const store of stores) store.close();
    stores = [];
    scratch.clean();
  });

  it("gives back every field of a message, after it was opened again too", () => {
    const dir = scratch.dir();
    const message = sample("g1");
    const post = sample("g2", { via: "client", rssi: null, snr: null, hops: null, board: null, text: "héй 🚀" });
    const store = open(dir);
    assert.deepEqual(store.write([entry(message), entry(post)]), [true, true]);
    const { rssi, snr, hops, receivedAt: heardAt } = message;
    const kept = [{ ...message, receptions: [{ board: "b1", heardAt, rssi, snr, hops }] }, post];
    assert.deepEqual(store.history("A", { limit: 10 }), kept);
    store.close();
    assert.deepEqual(open(dir).history("A", { limit: 10 }), kept);
  });

  it("creates its directory and files for this user alone", () => {
    const dir = join(scratch.dir(), "deep", "data");
    open(dir);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    const wide = scratch.dir();
    mkdirSync(join(wide, "data"), { mode: 0o755 });
    open(join(wide, "data")).write([entry(sample("g1"))]);
    for (const file of ["history.sqlite", "history.sqlite-wal", "history.lock"]) {
      assert.equal(statSync(join(wide, "data", file)).mode & 0o777, 0o600, file);
    }
  });

  it("syncs every commit to the disk, in a write-ahead log", () => {
    const dir = scratch.dir();
    open(dir).write([entry(sample("g1"))]);
    assert.ok(existsSync(join(dir, "history.sqlite-wal")));
    const db = new DatabaseSync(join(dir, "history.sqlite"));
    assert.deepEqual({ ...(db.prepare("PRAGMA journal_mode").get() as object) }, { journal_mode: "wal" });
    db.close();
  });

  it("takes a GUID once, within a transaction and across them", () => {
    const store = open(scratch.dir());
    assert.deepEqual(store.write([entry(sample("g1")), entry(sample("g1"))]), [true, false]);
    assert.deepEqual(store.write([entry(sample("g1")), entry(sample("g2"))]), [false, true]);
    assert.deepEqual(guids(store), ["g1", "g2"]);
    assert.equal(store.countMessages("A"), 2);
  });

  it("keeps max_history messages of each room, the newest", () => {
    const store = open(scratch.dir(), 3);
    for (let i = 1; i <= 3; i++) store.write([entry(sample(`a${i}`))]);
    assert.deepEqual(guids(store), ["a1", "a2", "a3"]);
    store.write([entry(sample("a4")), entry(sample("b1", { room: "B" }))]);
    assert.deepEqual(guids(store), ["a2", "a3", "a4"]);
    assert.deepEqual(guids(store, "B"), ["b1"]);
    assert.equal(store.countMessages("A"), 3);
  });

  it("prunes at the start when max_history has become less", () => {
    const dir = scratch.dir();
    const store = open(dir, 10);
    for (let i = 1; i <= 9; i++) store.write([entry(sample(`a${i}`))]);
    store.close();
    assert.deepEqual(guids(open(dir, 2)), ["a8", "a9"]);
  });

  it("knows messages that it has pruned", () => {
    const dir = scratch.dir();
    const store = open(dir, 2);
    for (let i = 1; i <= 50; i++) store.write([entry(sample(`a${i}`, { timestamp: i }))]);
    assert.deepEqual(store.write([entry(sample("a1"))]), [false]);
    store.close();
    const again = open(dir, 2);
    assert.equal(again.hasSeen("a1"), true);
    assert.equal(again.hasSeen("a51"), false);
    assert.deepEqual(guids(again), ["a49", "a50"]);
  });

  it("forgets pruned GUIDs only far behind the history", () => {
    const store = open(scratch.dir(), 2);
    const total = 10_700;
    for (let at = 0; at < total; at += 100) {
      store.write(Array.from({ length: 100 }, (_, i) => entry(sample(`a${at + i}`))));
    }
    assert.equal(store.hasSeen("a0"), false);
    assert.equal(store.hasSeen(`a${total - 10_000}`), true);
  });

  it("pages backwards by GUID and by time", () => {
    const store = open(scratch.dir());
    for (let i = 1; i <= 9; i++) store.write([entry(sample(`a${i}`, { timestamp: 1000 + i }))]);
    assert.deepEqual(guids(store, "A", 3), ["a7", "a8", "a9"]);
    assert.deepEqual(guids(store, "A", 3, "a7"), ["a4", "a5", "a6"]);
    assert.deepEqual(guids(store, "A", 3, "a1"), []);
    assert.deepEqual(guids(store, "A", 3, 1003), ["a1", "a2"]);
    assert.deepEqual(guids(store, "A", 3, "unknown"), []);
    assert.deepEqual(guids(store, "A", 0), []);
  });

  it("counts senders since a time", () => {
    const store = open(scratch.dir());
    store.write([
      entry(sample("1", { sender: "Ann", receivedAt: 10 })),
      entry(sample("2", { sender: "Bob", receivedAt: 20 })),
      entry(sample("3", { sender: "Bob", receivedAt: 30 })),
      entry(sample("4", { sender: "", receivedAt: 30 })),
    ]);
    assert.equal(store.countSenders("A", 0), 2);
    assert.equal(store.countSenders("A", 20), 1);
  });

  it("moves a board's cursor in the same transaction, also for what it has already", () => {
    const store = open(scratch.dir());
    const cursor = { board: "b1", room: "A", bootId: 4_000_000_000, keyCheck: 3_000_000_000, seq: 7 };
    store.write([entry(sample("g1"), { cursor })]);
    store.write([
      entry(sample("g1"), { cursor: { ...cursor, seq: 8 } }),
      entry(null, { cursor: { ...cursor, room: "B" } }),
    ]);
    assert.deepEqual(store.cursors("b1"), [
      { ...cursor, seq: 8 },
      { ...cursor, room: "B" },
    ]);
    assert.deepEqual(store.cursors("b2"), []);
  });

  it("keeps posts in order until they are sent, whatever history does", () => {
    const dir = scratch.dir();
    const store = open(dir, 1);
    for (let i = 1; i <= 4; i++) store.write([entry(sample(`p${i}`), { toAir: true })]);
    store.write([entry(sample("p1"), { toAir: true })]);
    assert.deepEqual(
      store.outbox(3).map(({ guid }) => guid),
      ["p1", "p2", "p3"],
    );
    store.removeFromOutbox(store.outbox(1)[0].id);
    store.close();
    const again = open(dir, 1);
    assert.equal(again.countOutbox(), 3);
    const [first] = again.outbox(1);
    assert.deepEqual({ ...first, id: 0 }, { id: 0, room: "A", guid: "p2", payload: Uint8Array.from([1, 2, 3]) });
  });

  it("writes all of a transaction or nothing, and says so when the disk is full", () => {
    const dir = scratch.dir();
    const store = open(dir, 1000);
    store.write([entry(sample("g1"), { toAir: true })]);
    // What SQLite does at ENOSPC, it does at its own limit too.
    const db = (store as unknown as { db: { exec(sql: string): void } }).db;
    db.exec("PRAGMA max_page_count = 1");
    const many = Array.from({ length: 300 }, (_, i) => entry(sample(`m${i}`), { toAir: true }));
    assert.throws(() => store.write(many), code("store_full"));
    assert.equal(store.countMessages("A"), 1);
    assert.equal(store.countOutbox(), 1);
    assert.equal(store.hasSeen("m0"), false);
    db.exec("PRAGMA max_page_count = 1000000");
    assert.equal(store.write(many).filter(Boolean).length, 300);
  });

  it("writes nothing when it opens with the rooms that it had, for the disk may be full", () => {
    const dir = scratch.dir();
    const first = open(dir);
    first.write([entry(sample("g1"))]);
    first.close();
    const before = readFileSync(join(dir, "history.sqlite"));
    open(dir);
    const log = join(dir, "history.sqlite-wal");
    assert.equal(existsSync(log) ? statSync(log).size : 0, 0);
    assert.deepEqual(readFileSync(join(dir, "history.sqlite")), before);
    assert.equal(existsSync(join(dir, "history.lock-journal")), false);
  });

  it("says that a page is damaged, and still gives what does not lie on it", () => {
    const dir = scratch.dir();
    const store = open(dir, 10_000);
    const long = "x".repeat(150);
    for (let at = 0; at < 2000; at += 100) {
      const room = at < 1000 ? "A" : "B";
      store.write(
        Array.from({ length: 100 }, (_, i) => entry(sample(`g${at + i}`, { room, text: `${at + i} ${long}` }))),
      );
    }
    store.close();
    const path = join(dir, "history.sqlite");
    const bytes = readFileSync(path);
    // The page of a message of room A: its text stands there in full.
    const at = bytes.indexOf(`500 ${long}`);
    const page = Math.floor(at / 4096) * 4096;
    bytes.fill(0x5a, page, page + 4096);
    writeFileSync(path, bytes);
    const again = open(dir, 10_000);
    assert.throws(() => again.history("A", { limit: 10_000 }), code("store_corrupt"));
    assert.equal(again.history("B", { limit: 10_000 }).length, 1000);
    assert.equal(again.history("A", { limit: 100 }).length, 100);
    assert.deepEqual(again.write([entry(sample("new", { room: "B" }))]), [true]);
  });

  it("refuses a file that is no database and leaves it as it is", () => {
    const dir = scratch.dir();
    writeFileSync(join(dir, "history.sqlite"), "no database".repeat(1000));
    assert.throws(() => Store.open(dir), code("store_corrupt"));
    assert.equal(statSync(join(dir, "history.sqlite")).size, 11_000);
  });

  it("refuses a directory that another daemon uses, and takes it when that one is gone", () => {
    const dir = scratch.dir();
    const first = open(dir);
    assert.throws(() => Store.open(dir), code("store_locked"));
    first.close();
    open(dir);
  });

  it("refuses a data_dir that is a file", () => {
    const path = join(scratch.dir(), "file");
    writeFileSync(path, "");
    assert.throws(() => Store.open(path), code("store_unusable"));
  });

  it("refuses a file of a newer version", () => {
    const dir = scratch.dir();
    open(dir).close();
    const db = new DatabaseSync(join(dir, "history.sqlite"));
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    assert.throws(() => Store.open(dir), code("store_newer"));
  });

  it("brings a file of version 3 up to date: what it has is known and found, as what comes then", () => {
    const dir = scratch.dir();
    // Written by the version in which the index was never behind: a1 ... a6 in A, of which it kept five, and p1 in B.
    copyFileSync(join(import.meta.dirname, "history-v3.sqlite"), join(dir, "history.sqlite"));
    const store = open(dir, 5);
    assert.deepEqual(store.write(["a1", "a2", "a6"].map((guid) => entry(sample(guid)))), [false, false, false]);
    assert.deepEqual(guids(store), ["a2", "a3", "a4", "a5", "a6"]);
    assert.deepEqual(store.write([entry(sample("a7", { text: "Привет", timestamp: 1_700_000_007 }))]), [true]);
    const found = store.history("A", { limit: 9, grep: "привет" }).map(({ guid }) => guid);
    assert.deepEqual(found, ["a3", "a4", "a5", "a6", "a7"]);
    assert.equal(store.hasSeen("a2"), true);
  });

  it("brings a file of version 2 up to date: the order is that of the timestamps, and all of it is in the log", () => {
    const dir = scratch.dir();
    // Written by the version before federation; the messages came in as a1 ... a6.
    copyFileSync(join(import.meta.dirname, "history-v2.sqlite"), join(dir, "history.sqlite"));
    let streams: string[] = [];
    for (let round = 1; round <= 2; round++) {
      const store = open(dir, 5);
      assert.deepEqual(guids(store), ["a3", "a4", "a2", "a6", "a5"]);
      assert.deepEqual(guids(store, "A", 2, "a6"), ["a4", "a2"]);
      const rows = store.logRows("A", 0, store.lastRow(), 10);
      assert.deepEqual(
        rows.map(({ guid, seq }) => [guid, seq]),
        [2, 3, 4, 5, 6].map((n) => [`a${n}`, n - 1]),
      );
      assert.deepEqual([...store.vector("A").values()], [5]);
      assert.deepEqual([...store.vector("B").values()], [1]);
      if (round === 2) assert.deepEqual([...store.vector("A").keys()], streams, "the same stream as before");
      streams = [...store.vector("A").keys()];
      assert.equal(store.history("A", { limit: 1, grep: "текст" }).length, 0);
      assert.equal(store.history("A", { limit: 9, grep: "привет" }).length, 5);
      assert.equal(store.countOutbox(), 1);
      store.close();
    }
  });

  it("brings a file of version 1 up to date, and does so once", () => {
    const dir = scratch.dir();
    // Written by the version of 2026-11-21, before receptions and the search.
    copyFileSync(join(import.meta.dirname, "history-v1.sqlite"), join(dir, "history.sqlite"));
    for (let round = 1; round <= 2; round++) {
      const store = open(dir);
      assert.deepEqual(guids(store), ["a3", "a4", "a5"]);
      assert.deepEqual(guids(store, "B"), ["own", "p1"]);
      const [message] = store.history("A", { limit: 1, grep: "привет" });
      const heard = { board: "b1", heardAt: 1_700_000_000_123, rssi: -71, snr: 10.5, hops: 2 };
      assert.deepEqual(message, { ...sample("a5", { text: "text a5 Привет" }), receptions: [heard] });
      assert.equal(store.history("B", { limit: 1 })[0].receptions, undefined);
      assert.equal(store.hasSeen("a1"), true);
      assert.equal(store.cursors("b1")[0].seq, 5);
      assert.equal(store.countOutbox(), 1);
      store.close();
    }
    const db = new DatabaseSync(join(dir, "history.sqlite"));
    assert.deepEqual({ ...(db.prepare("PRAGMA user_version").get() as object) }, { user_version: SCHEMA_VERSION });
    db.close();
  });
});
