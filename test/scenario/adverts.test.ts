import assert from "node:assert/strict";
import { parseAdvert, verifyAdvert } from "../../protocol/advert.ts";
import { bytesToHex, bytesToLatin1, hexToBytes, latin1ToBytes, readU32 } from "../../protocol/bytes.ts";
import { Packet, parsePacket, ROUTE_DIRECT, ROUTE_FLOOD, TYPE_ADVERT } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import type { SimBoard } from "../../simulator/sim-board.ts";
import type { Delivered } from "../protocol/vector-adverts.ts";
import { loadVectors } from "../protocol/vector-file.ts";
import { type Console, type Station, World } from "./world.ts";

const crypto = softCrypto();
const NOW = 1711111000;
const ROW = 80;

interface Vectors {
  receiver: string;
  identities: { label: string; private_key: string; public_key: string }[];
  adverts: { id: string; raw_flood: string; delivered: Delivered[] }[];
  negative: { id: string; raw: string; delivered: Delivered[]; informational?: boolean }[];
}
interface AdvertsInside {
  table: Uint8Array;
  dropped: number;
  send(flood: boolean): boolean;
  setKey(key: Uint8Array, done: (publicKey: Uint8Array | null) => void): boolean;
  exportIdentity(): string;
  importIdentity(text: string): void;
}

const vectors = loadVectors("adverts.json") as Vectors;

function inside(board: SimBoard): AdvertsInside {
  return (board.globals.meshcore as { adverts: AdvertsInside }).adverts;
}

/** What a table can tell. */
function known(delivered: Delivered[]): Delivered[] {
  return delivered.map(({ public_key, type, timestamp, lat_e6, lon_e6, name_hex }) => ({
    ...{ public_key, type, timestamp, lat_e6, lon_e6, name_hex },
  }));
}

/** The rows of a board's neighbour table, as the vectors have them. */
function neighbours(board: SimBoard): Delivered[] {
  const { table } = inside(board);
  const rows: Delivered[] = [];
  for (let at = 0; at < table.length; at += ROW) {
    if (!table[at + 48]) continue;
    const name = Buffer.from(table.slice(at + 48, at + ROW));
    rows.push({
      public_key: bytesToHex(table.slice(at, at + 32)),
      type: table[at + 44],
      timestamp: readU32(table, at + 32),
      lat_e6: readU32(table, at + 36) | 0,
      lon_e6: readU32(table, at + 40) | 0,
      name_hex: name.subarray(0, name.indexOf(0)).toString("hex"),
    });
  }
  return rows;
}

/** The adverts that a station heard: route and contents. */
function advertsOf(station: Station) {
  const packet = new Packet();
  return station.heard.flatMap(({ frame }) => {
    if (parsePacket(frame, frame.length, packet) || packet.type !== TYPE_ADVERT) return [];
    assert.ok(verifyAdvert(crypto, frame, packet.payloadAt, packet.payloadLen), "the signature of an advert");
    const advert = parseAdvert(frame, packet.payloadAt, packet.payloadLen);
    assert.ok(advert);
    const { type, timestamp, latE6, lonE6 } = advert;
    const names = { key: bytesToHex(advert.publicKey), name: bytesToLatin1(advert.name) };
    return [{ route: packet.route, hops: packet.hops, type, timestamp, latE6, lonE6, ...names }];
  });
}

describe("adverts of others", () => {
  let world: World;
  let board: Console;
  let station: Station;

  beforeEach(() => {
    world = new World();
    board = world.board("sim");
    station = world.station();
  });
  afterEach(() => world.stop());

  const hear = (raw: string): void => {
    station.send(raw);
    world.wait(6000);
  };

  it("are neighbours when they are delivered on the real firmware, each by its newest", () => {
    const expected = new Map<string, Delivered>();
    for (const { id, raw_flood, delivered } of vectors.adverts) {
      hear(raw_flood);
      for (const each of known(delivered)) expected.set(each.public_key, each);
      const found = neighbours(board.board).sort((a, b) => a.public_key.localeCompare(b.public_key));
      const wanted = [...expected.values()].sort((a, b) => a.public_key.localeCompare(b.public_key));
      assert.deepEqual(found, wanted, id);
    }
    assert.equal(inside(board.board).dropped, 0);
  });

  it("are not when they are forged, cut, our own or old", () => {
    const receiver = vectors.identities.find(({ label }) => label === vectors.receiver);
    assert.ok(receiver);
    const own = bytesToLatin1(hexToBytes(receiver.private_key + receiver.public_key));
    const negative = vectors.negative;
    for (const [at, { id, raw, delivered, informational }] of negative.entries()) {
      // The last three have one receiver.
      if (at <= negative.length - 3) {
        world.stop();
        world = new World();
        board = world.board("sim");
        station = world.station();
        inside(board.board).importIdentity(own);
      }
      const before = JSON.stringify(neighbours(board.board));
      hear(raw);
      if (informational) continue;
      if (delivered.length) assert.deepEqual(neighbours(board.board), known(delivered), id);
      else assert.equal(JSON.stringify(neighbours(board.board)), before, id);
    }
  });
});

describe("adverts of our own", () => {
  let world: World;
  let board: Console;
  let station: Station;

  beforeEach(() => {
    world = new World();
    board = world.board("sim", undefined, true);
    station = world.station();
  });
  afterEach(() => world.stop());

  it("wait until the board knows the time", () => {
    world.wait(300_000);
    assert.equal(inside(board.board).send(true), false);
    world.wait(30_000);
    assert.deepEqual(advertsOf(station), []);
    board.run(`time ${NOW}`);
    world.wait(30_000);
    assert.equal(advertsOf(station).length, 1);
  });

  it("go to direct neighbours 16 s after the start and every two minutes, and as a flood when asked for", () => {
    board.run(`time ${NOW}`);
    world.wait(25_000);
    const [first, ...others] = advertsOf(station);
    assert.deepEqual(others, []);
    assert.deepEqual(
      { ...first, key: "", timestamp: 0 },
      { route: ROUTE_DIRECT, hops: 0, type: 3, timestamp: 0, latE6: 0, lonE6: 0, key: "", name: "sim" },
    );
    assert.ok(first.timestamp >= NOW && first.timestamp < NOW + 25);
    world.wait(600_000);
    const later = advertsOf(station);
    assert.ok(later.length >= 5 && later.length <= 6, `${later.length} adverts`);
    assert.equal(inside(board.board).send(true), true);
    assert.equal(inside(board.board).send(false), true);
    world.wait(20_000);
    const all = advertsOf(station);
    assert.equal(all.filter(({ route }) => route === ROUTE_FLOOD).length, 1);
    for (const [at, each] of all.entries()) {
      if (at) assert.ok(each.timestamp > all[at - 1].timestamp, "each is newer than the one before");
      assert.equal(each.key, first.key);
    }
  });

  it("bear the key that was given to the board, and a key that MeshCore refuses is refused", () => {
    const { private_key, public_key } = vectors.identities[0];
    const answers: (string | null)[] = [];
    const done = (key: Uint8Array | null): void => void answers.push(key && bytesToHex(key));
    const adverts = inside(board.board);
    adverts.setKey(hexToBytes("00".repeat(64)), done);
    world.wait(1000);
    adverts.setKey(hexToBytes(private_key), done);
    world.wait(1000);
    assert.deepEqual(answers, [null, public_key]);
    assert.equal(bytesToHex(latin1ToBytes(adverts.exportIdentity())), private_key + public_key);
    board.run(`time ${NOW}`);
    world.wait(30_000);
    assert.equal(advertsOf(station)[0].key, public_key);
  });

  it("make two boards each other's neighbours", () => {
    const other = world.board("rak4631", undefined, true);
    board.run(`time ${NOW}`);
    other.run(`time ${NOW}`);
    world.wait(60_000);
    assert.deepEqual(
      [board, other].map((each) =>
        neighbours(each.board).map(({ name_hex }) => Buffer.from(name_hex, "hex").toString()),
      ),
      [["rak4631"], ["sim"]],
    );
  });
});
