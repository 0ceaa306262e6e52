import assert from "node:assert/strict";
import { view } from "../../protocol/bytes.ts";
import { GroupCipher, hashtagKey, makeChannel } from "../../protocol/channel.ts";
import { encodeGroupText, isPlainText, splitSender, TEXT_AT, textEnd } from "../../protocol/group-text.ts";
import { encodePacket, Packet, parsePacket, ROUTE_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { utf8Decode, utf8Encode, utf8Valid } from "../../protocol/utf8.ts";
import { type NeighboursOptions, startNeighbours } from "../../simulator/neighbours.ts";
import { Listener, virtualEther } from "./stations.ts";

const crypto = softCrypto();
const ROOMS = ["regionmesh-public", "clubnet"].map((name) => ({ name, key: hashtagKey(crypto, utf8Encode(name)) }));

interface Said {
  room: string;
  sender: string;
  text: string;
  timestamp: number;
}

/** Reads a frame as a MeshCore receiver with the rooms' keys does. */
function read(frame: Uint8Array): Said {
  const packet = new Packet();
  const cipher = new GroupCipher(crypto);
  assert.equal(parsePacket(frame, frame.length, packet), 0);
  assert.deepEqual([packet.route, packet.type, packet.hops], [ROUTE_FLOOD, TYPE_GRP_TXT, 0]);
  for (const { name, key } of ROOMS) {
    const length = cipher.open(makeChannel(crypto, key), frame, packet.payloadAt, packet.payloadLen);
    if (length < 0) continue;
    assert.ok(isPlainText(cipher.plain, length));
    const text = view(cipher.plain, TEXT_AT, textEnd(cipher.plain, length) - TEXT_AT);
    assert.ok(utf8Valid(text));
    const timestamp = new DataView(cipher.plain.buffer).getUint32(0, true);
    return { room: name, timestamp, ...splitSender(utf8Decode(text)) };
  }
  throw new Error("no room opens the frame");
}

function chat(minutes: number, options: Partial<NeighboursOptions> = {}) {
  const { clock, ether } = virtualEther();
  const air = { speed: 1, join: ether.join.bind(ether) };
  const said: (Said & { at: number })[] = [];
  ether.join({ heard: ({ frame }) => said.push({ ...read(frame), at: clock.nowMs() }) });
  const unixTime = () => 1_700_000_000 + Math.floor(clock.nowMs() / 1000);
  const stop = startNeighbours({ air, rooms: ROOMS, clock, unixTime, seed: 3, ...options });
  clock.advance(minutes * 60_000);
  return { clock, ether, said, stop };
}

describe("neighbours", () => {
  it("say something in the first room within two seconds and then every 2 to 7, one at a time", () => {
    const { said } = chat(60);
    assert.ok(said[0].at < 2000 && said[0].room === ROOMS[0].name, "time on air included");
    for (let i = 1; i < said.length; i++) {
      const pause = said[i].at - said[i - 1].at;
      assert.ok(pause > 1300 && pause < 9000, `${pause} ms`);
    }
    assert.ok(said.length > 60 * 8 && said.length < 60 * 30);
  });

  it("speak in every room, all of them, in MeshCore's packets with the time of day", () => {
    const { said } = chat(30);
    assert.deepEqual([...new Set(said.map((each) => each.room))].sort(), ["clubnet", "regionmesh-public"]);
    assert.equal(new Set(said.map((each) => each.sender)).size, 4);
    for (const each of said) {
      assert.ok(Math.abs(each.timestamp - 1_700_000_000 - each.at / 1000) < 3);
      assert.ok(each.text.length > 3);
    }
  });

  it("repeat themselves for the same seed only", () => {
    const texts = (seed: number) => chat(5, { seed }).said.map((each) => `${each.sender} ${each.text}`);
    assert.deepEqual(texts(1), texts(1));
    assert.notDeepEqual(texts(1), texts(2));
  });

  it("are as many as asked for, and none without a room", () => {
    assert.equal(new Set(chat(30, { count: 1 }).said.map((each) => each.sender)).size, 1);
    assert.equal(chat(5, { rooms: [] }).said.length, 0);
    assert.equal(chat(5, { count: 0 }).said.length, 0);
  });

  it("answer now and then what somebody else says", () => {
    const { clock, ether, said } = chat(0.1);
    const visitor = new Listener(ether);
    const cipher = new GroupCipher(crypto);
    for (let i = 0; i < 40; i++) {
      const plain = new Uint8Array(192);
      const length = encodeGroupText(1_700_000_000 + i, utf8Encode(`Visitor: hello ${i}`), plain);
      const payload = new Uint8Array(192);
      const size = cipher.seal(makeChannel(crypto, ROOMS[1].key), plain, length, payload, 0);
      visitor.seat.transmit(encodePacket({ route: ROUTE_FLOOD, type: TYPE_GRP_TXT, payload: view(payload, 0, size) }));
      clock.advance(30_000);
    }
    const answers = said.filter((each) => each.text.includes("Visitor"));
    assert.ok(answers.length >= 2, `${answers.length}`);
    assert.ok(answers.every((each) => each.room === "clubnet"));
  });

  it("live within 3 km of the given place", () => {
    const { clock, ether } = virtualEther();
    const center = { lat: 52.5, lon: 13.4 };
    const listener = new Listener(ether, { position: center });
    startNeighbours({
      air: { speed: 1, join: ether.join.bind(ether) },
      rooms: ROOMS,
      clock,
      unixTime: () => 1,
      center,
    });
    clock.advance(20 * 60_000);
    const rssi = listener.frames.map((heard) => heard.rssi);
    assert.ok(new Set(rssi).size > 3 && Math.max(...rssi) < -85 && Math.min(...rssi) > -121, `${rssi}`);
  });

  it("fall silent when they are stopped", () => {
    const { clock, said, stop } = chat(1);
    stop();
    const before = said.length;
    clock.advance(600_000);
    assert.equal(said.length, before);
    assert.equal(clock.runUntilIdle(), 0);
  });
});
