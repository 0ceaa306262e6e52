import assert from "node:assert/strict";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RoomError } from "../../../host-bridge/errors.ts";
import { hexToBytes } from "../../../protocol/bytes.ts";
import { loadVectors } from "../../protocol/vector-file.ts";
import { Scratch } from "../scratch.ts";
import { NodesBench, type SettableClock, TestNode } from "./nodes-bench.ts";

interface Vectors {
  adverts: { id: string; raw_flood: string; delivered: { public_key: string; type: number; lat_e6: number }[] }[];
}

describe("the table of nodes", () => {
  const scratch = new Scratch();
  let dir: string;
  let bench: NodesBench;
  let hill: TestNode;
  const begin = (clock?: SettableClock): NodesBench => {
    bench = new NodesBench(dir, clock);
    return bench;
  };
  const again = (clock?: SettableClock): NodesBench => {
    bench.stop();
    return begin(clock);
  };
  const timeOf = (): number => bench.clock.unixS();

  beforeEach(() => {
    dir = scratch.dir();
    hill = new TestNode();
    begin();
  });
  afterEach(() => {
    bench.stop();
    scratch.clean();
  });

  it("has what an advert says and how it was heard", () => {
    const said = { name: "Hill 🐐", type: 3, latE6: 60_123_456, lonE6: -5_250_000, path: [0xc2, 0xe2] };
    bench.hear(hill.advert(timeOf(), said), { rssi: -101, snr: -4.25 });
    const view = {
      ...{ node_id: hill.id, name: "Hill 🐐", type: "room", lat: 60.123456, lon: -5.25, last_seen: timeOf() },
      ...{ rssi: -101, snr: -4.25, hops: 2, battery_mv: null },
    };
    assert.deepEqual(bench.told, [view]);
    assert.deepEqual(bench.nodes.list(), [
      {
        ...{ ...view, first_seen: timeOf(), board: "b1", path: ["c2", "e2"], adverts: 1, own: false },
        ...{ heard_every_s: null, longest_gap_s: null, silent: false },
      },
    ]);
    assert.equal(bench.nodes.count(), 1);
  });

  it("takes all adverts that stock nodes have taken, and no other", () => {
    const { adverts } = loadVectors("adverts.json") as Vectors;
    for (const { raw_flood } of adverts) bench.hear(hexToBytes(raw_flood));
    const keys = new Set(adverts.flatMap(({ delivered }) => delivered.map((one) => one.public_key)));
    assert.ok(keys.size > 0);
    const known = new Set(bench.nodes.list().map(({ node_id }) => node_id));
    for (const key of keys) assert.ok(known.has(key), key);
  });

  it("takes no forged, damaged or other packet", () => {
    const good = hill.advert(timeOf());
    for (let at = 2; at < good.length; at++) {
      const forged = good.slice();
      forged[at] ^= 1;
      bench.hear(forged);
    }
    for (let length = 0; length < good.length; length++) bench.hear(good.slice(0, length));
    bench.hear(Uint8Array.from([0x15, 0, 1, 2, 3]));
    assert.equal(bench.nodes.count(), 0);
    // On a direct route, with hops to go.
    const direct = hill.advert(timeOf(), { path: [1] });
    direct[0] = (direct[0] & ~3) | 2;
    bench.hear(direct);
    assert.equal(bench.nodes.count(), 0);
  });

  it("a position of 0, 0 or off the globe is none, a control character in a name is left out", () => {
    bench.hear(hill.advert(timeOf(), { latE6: 91_000_000, lonE6: 1, name: "a\u001b[31m\nb" }));
    const [view] = bench.told;
    assert.deepEqual([view.lat, view.lon, view.name], [null, null, "a[31mb"]);
  });

  it("an advert that is older or the same is not news", () => {
    const first = hill.advert(timeOf(), { name: "First" });
    bench.hear(first);
    bench.wait(600);
    const second = hill.advert(timeOf(), { name: "Second" });
    bench.hear(second);
    bench.wait(600);
    bench.hear(first);
    bench.hear(second);
    const [node] = bench.nodes.list();
    assert.deepEqual([node.name, node.adverts, node.last_seen, bench.told.length], ["Second", 2, timeOf() - 600, 2]);
  });

  it("the same advert by a better way says how the node is heard, and counts once", () => {
    const time = timeOf();
    bench.hear(hill.advert(time, { path: [1, 2] }), { board: "b1", rssi: -80, snr: 9 });
    bench.wait(2);
    bench.hear(hill.advert(time), { board: "b2", rssi: -110, snr: -3 });
    bench.hear(hill.advert(time, { path: [3] }), { board: "b3", rssi: -60, snr: 12 });
    const [node] = bench.nodes.list();
    assert.deepEqual([node.board, node.hops, node.rssi, node.adverts, node.path], ["b2", 0, -110, 1, []]);
    assert.equal(bench.told.length, 2);
  });

  it("a node that was years ahead may set its clock right", () => {
    bench.hear(hill.advert(timeOf() + 9 * 365 * 86_400));
    bench.wait(60);
    bench.hear(hill.advert(timeOf()));
    assert.equal(bench.nodes.list()[0].adverts, 2);
    bench.hear(hill.advert(timeOf() - 30));
    assert.equal(bench.nodes.list()[0].adverts, 2);
  });

  it("knows how regularly a node is heard", () => {
    for (let i = 0; i < 8; i++) {
      bench.hear(hill.advert(timeOf()));
      bench.wait(i === 5 ? 1800 : 600);
    }
    const [node] = bench.nodes.list();
    assert.deepEqual([node.adverts, node.heard_every_s, node.longest_gap_s], [8, 600, 1800]);
  });

  it("counts no gap while no board listens", () => {
    for (let i = 0; i < 7; i++) {
      bench.hear(hill.advert(timeOf()));
      bench.wait(300);
      bench.board(false);
      bench.wait(5000);
      bench.board(true);
    }
    assert.equal(bench.nodes.list()[0].longest_gap_s, 300);
    const node = bench.nodes.get(hill.id);
    assert.equal(node && bench.nodes.silentForS(node), 300);
  });

  it("is on the disk a few seconds later, and whole after a restart", () => {
    bench.hear(hill.advert(timeOf(), { latE6: 1_000_000, lonE6: 2_000_000, path: [7] }));
    bench.wait(120);
    bench.hear(hill.advert(timeOf(), { latE6: 1_000_000, lonE6: 2_000_000, path: [7] }), { rssi: null, snr: null });
    bench.wait(11);
    const before = bench.nodes.list();
    // Another process that finds the file as a kill would leave it.
    const { clock } = bench;
    const other = new NodesBench(dir, clock);
    assert.deepEqual(other.nodes.list(), before);
    other.stop();
    assert.deepEqual(again(clock).nodes.list(), before);
    bench.hear(hill.advert(timeOf() - 100));
    assert.equal(bench.nodes.list()[0].adverts, 2);
    assert.equal(statSync(join(dir, "nodes.sqlite")).mode & 0o777, 0o600);
  });

  it("time without the daemon is no silence and lets nobody be forgotten", () => {
    bench.hear(hill.advert(timeOf()));
    bench.wait(100);
    const seen = timeOf() - 100;
    const { clock } = bench;
    bench.stop();
    clock.inner.advance(400 * 86_400_000);
    begin(clock);
    bench.wait(120);
    const node = bench.nodes.get(hill.id);
    assert.ok(node);
    assert.equal(bench.nodes.silentForS(node), 220);
    assert.equal(bench.nodes.lastSeen(node), seen);
  });

  it("forgets who was not heard for so long, and says so", () => {
    bench.hear(hill.advert(timeOf()));
    bench.wait(43_200);
    const other = new TestNode();
    bench.hear(other.advert(timeOf()));
    bench.wait(43_200 + 120);
    assert.deepEqual([bench.forgotten, bench.nodes.list().map(({ node_id }) => node_id)], [[hill.id], [other.id]]);
    assert.equal(again().nodes.count(), 1);
  });

  it("is not shaken by a clock that jumps", () => {
    bench.clock.jumpMs = -50 * 365 * 86_400_000;
    bench.hear(hill.advert(1_800_000_000));
    assert.deepEqual([bench.told[0].last_seen, bench.nodes.list()[0].first_seen], [null, null]);
    bench.wait(500);
    bench.clock.jumpMs = 0;
    const node = bench.nodes.get(hill.id);
    assert.ok(node);
    assert.equal(bench.nodes.lastSeen(node), timeOf() - 500);
    bench.clock.jumpMs = 20 * 365 * 86_400_000;
    bench.wait(120);
    assert.equal(bench.nodes.count(), 1);
    assert.equal(bench.nodes.silentForS(node), 620);
    bench.clock.jumpMs = 0;
    bench.wait(120);
    const { clock } = bench;
    assert.equal(again(clock).nodes.list()[0].last_seen, timeOf() - 740);
  });

  it("of who was heard before the clock was set tells no time after a restart", () => {
    bench.clock.jumpMs = -50 * 365 * 86_400_000;
    bench.hear(hill.advert(1_800_000_000));
    const view = again().nodes.list()[0];
    assert.deepEqual([view.last_seen, view.first_seen], [null, null]);
  });

  it("has its limit: who was heard once goes first", () => {
    bench.settings.max = 3;
    const regular = new TestNode();
    for (const node of [regular, hill]) bench.hear(node.advert(timeOf()));
    bench.wait(60);
    bench.hear(regular.advert(timeOf()));
    const strangers = Array.from({ length: 20 }, () => new TestNode());
    for (const one of strangers) {
      bench.wait(1);
      bench.hear(one.advert(timeOf()));
    }
    const ids = bench.nodes.list().map(({ node_id }) => node_id);
    assert.deepEqual(ids, [strangers[19].id, strangers[18].id, regular.id]);
    assert.equal(bench.forgotten.length, 19);
  });

  it("marks nodes that are boards of ours", () => {
    bench.own.add(hill.id);
    bench.hear(hill.advert(timeOf()));
    bench.hear(new TestNode().advert(timeOf()));
    assert.deepEqual(
      bench.nodes.list().map(({ own, node_id }) => own === (node_id === hill.id)),
      [true, true],
    );
  });

  it("what the disk does not take is kept and tried again", () => {
    const full = new NodesBench(scratch.dir());
    const { store } = full.nodes as unknown as { store: { save: () => void } };
    const { save } = store;
    store.save = () => {
      throw new RoomError("store_full", "no room on the disk");
    };
    full.hear(hill.advert(full.clock.unixS()));
    full.wait(100);
    assert.deepEqual(full.lines, ["error nodes cannot be stored: no room on the disk"]);
    store.save = save;
    full.wait(100);
    assert.equal(full.lines[1], "info nodes are stored again");
    full.stop();
  });

  it("a damaged file is an error that says what to do", () => {
    bench.stop();
    for (const rest of ["", "-wal", "-shm"]) rmSync(join(dir, `nodes.sqlite${rest}`), { force: true });
    writeFileSync(join(dir, "nodes.sqlite"), "this is no database, however long it may be ".repeat(200));
    assert.throws(() => begin(), { code: "store_corrupt" });
    rmSync(join(dir, "nodes.sqlite"));
    begin();
  });
});
