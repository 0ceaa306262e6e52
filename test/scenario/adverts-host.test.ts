import assert from "node:assert/strict";
import { type BoardKey, isRealAdvert, openBoardKey, stockTimes } from "../../host-bridge/link/board-key.ts";
import { parseAdvert, verifyAdvert } from "../../protocol/advert.ts";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { CheckAdvert, SetTime, StockAdvert, Verdict, WantAdverts } from "../../protocol/link.ts";
import { Packet, parsePacket, TYPE_ADVERT } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { loadVectors } from "../protocol/vector-file.ts";
import { Host } from "./host.ts";
import { type Console, type Station, World } from "./world.ts";

const crypto = softCrypto();
const NOW = 1_800_000_000;
const ROW = 80;

interface Vectors {
  adverts: { id: string; raw_flood: string; delivered: object[] }[];
}

describe("adverts of a board whose host has the key", () => {
  const scratch = new Scratch();
  let world: World;
  let board: Console;
  let station: Station;
  let host: Host;
  let key: BoardKey;

  beforeEach(() => {
    world = new World();
    board = world.board("heltec-v3", undefined, true);
    station = world.station();
    host = new Host(board.port, world.clock);
    key = openBoardKey(scratch.dir(), "b");
  });
  afterEach(() => {
    world.stop();
    scratch.clean();
  });

  const started = (): number => NOW + Math.floor(world.clock.nowMs() / 1000);
  /** A host for so long: it answers every tenth of a second, and says hello every five. */
  const answerFor = (seconds: number): void => {
    for (let tick = 0; tick < seconds * 10; tick++) {
      if (tick % 50 === 0) host.hello(started());
      world.wait(100);
      for (const { id, message, signature } of host.got(CheckAdvert)) {
        host.send(Verdict, { id, valid: isRealAdvert(message, signature) ? 1 : 0 });
      }
      for (const { after, intervalS, count, appData } of host.got(WantAdverts)) {
        for (const time of stockTimes(started(), after, intervalS, count)) {
          host.send(StockAdvert, { payload: key.advert(time, appData) });
        }
      }
      host.forget();
    }
  };
  const adverts = () => {
    const packet = new Packet();
    return station.heard.flatMap(({ frame }) => {
      if (parsePacket(frame, frame.length, packet) || packet.type !== TYPE_ADVERT) return [];
      assert.ok(verifyAdvert(crypto, frame, packet.payloadAt, packet.payloadLen));
      const advert = parseAdvert(frame, packet.payloadAt, packet.payloadLen);
      assert.ok(advert);
      const { timestamp, name, publicKey } = advert;
      return [{ timestamp, name: Buffer.from(name).toString(), key: bytesToHex(publicKey) }];
    });
  };
  const neighbours = (): number => {
    const { table } = (board.board.globals.meshcore as { adverts: { table: Uint8Array } }).adverts;
    let count = 0;
    for (let at = 0; at < table.length; at += ROW) if (table[at + 48]) count++;
    return count;
  };

  it("are signed by the host and sent by the board, each newer than the last and none of the future", () => {
    answerFor(400);
    const sent = adverts();
    assert.ok(sent.length >= 3 && sent.length <= 5, `${sent.length} adverts`);
    for (const [at, { timestamp, name, key: from }] of sent.entries()) {
      assert.deepEqual([name, from], ["heltec-v3", bytesToHex(key.publicKey)]);
      assert.ok(timestamp <= started());
      if (at) assert.ok(timestamp > sent[at - 1].timestamp);
    }
  });

  it("go on without a host as long as the stock lasts", () => {
    answerFor(30);
    const before = adverts().length;
    world.wait(20 * 60_000);
    const count = adverts().length;
    assert.ok(count - before >= 7, `${count - before} adverts in 20 minutes`);
    world.wait(24 * 3600_000);
    const all = adverts();
    assert.ok(all.length > count && all.length <= 16);
    for (let i = 1; i < all.length; i++) assert.ok(all[i].timestamp > all[i - 1].timestamp);
  });

  it("are of the new name as soon as the board has one", () => {
    answerFor(30);
    board.run("set name Mast");
    board.run("set advert.interval 60");
    answerFor(3700);
    assert.equal(adverts().at(-1)?.name, "Mast");
  });

  it("need no host after a start, when the time is known", () => {
    answerFor(60);
    world.wait(10_000);
    const before = adverts().length;
    board.board.powerOff();
    board.board.powerOn();
    world.wait(5000);
    host.send(SetTime, { unixTime: started() + 4000 });
    world.wait(60_000);
    const all = adverts();
    assert.equal(all.length, before + 1);
    assert.equal(all[before].key, bytesToHex(key.publicKey));
  });

  it("of others are neighbours when the host has verified them, and never without a host", () => {
    const { adverts: others } = loadVectors("adverts.json") as Vectors;
    const [first, second] = others.filter(({ delivered }) => delivered.length);
    station.send(first.raw_flood);
    world.wait(20_000);
    assert.equal(neighbours(), 0);
    answerFor(1);
    station.send(second.raw_flood);
    answerFor(10);
    assert.equal(neighbours(), 1);
    const forged = hexToBytes(others[2].raw_flood);
    forged[40] ^= 1;
    station.send(bytesToHex(forged));
    answerFor(10);
    assert.equal(neighbours(), 1);
  });
});
