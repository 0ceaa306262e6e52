import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import {
  encodePacket,
  MAX_PATH,
  MAX_PAYLOAD,
  Packet,
  packetDigest,
  packetHash,
  parseBlob,
  parsePacket,
  parsePacketAt,
  REJECTS,
  ROUTE_DIRECT,
  ROUTE_FLOOD,
  ROUTE_TRANSPORT_FLOOD,
  TYPE_ACK,
  TYPE_GRP_TXT,
  TYPE_TRACE,
} from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const crypto = softCrypto();

/** The name of the reason for which the radio parser refuses a packet, "" when it does not. */
function reject(hex: string, length = hex.length / 2): string {
  return REJECTS[parsePacket(hexToBytes(hex), length, new Packet())];
}

describe("packet", () => {
  it("refuses an empty frame, half a header, and codes or a path that end too soon", () => {
    assert.equal(parsePacket(new Uint8Array(0), 0, new Packet()), 1);
    assert.equal(REJECTS[1], "too_short");
    for (const hex of ["15", "1401020304", "150301", "1501", "14010203040203"])
      assert.equal(reject(hex), "too_short", hex);
  });

  it("counts only the bytes that were received, not the buffer", () => {
    assert.equal(reject("1503aabbccdd", 4), "too_short");
    const packet = new Packet();
    assert.equal(parsePacket(hexToBytes("1502aabbccddeeff"), 6, packet), 0);
    assert.equal(packet.payloadLen, 2);
  });

  it("names each reason", () => {
    assert.equal(reject("550000"), "version");
    assert.equal(reject("15c000"), "path_mode");
    assert.equal(reject(`1561${"00".repeat(70)}`), "path_too_long");
    assert.equal(reject(`1500${"00".repeat(185)}`), "payload_too_long");
    assert.equal(REJECTS[parseBlob(hexToBytes("1500"), 2, new Packet())], "empty_payload");
  });

  it("takes payload and path at their limits and not one byte more", () => {
    assert.equal(reject(`1500${"00".repeat(MAX_PAYLOAD)}`), "");
    assert.equal(reject(`1500${"00".repeat(MAX_PAYLOAD + 1)}`), "payload_too_long");
    assert.equal(reject(`1560${"00".repeat(MAX_PATH + 1)}`), "");
    assert.equal(reject(`1560${"00".repeat(MAX_PATH - 1)}`), "too_short");
  });

  it("forgets the transport codes of the packet before", () => {
    const packet = new Packet();
    parsePacket(hexToBytes("1401020304000a"), 7, packet);
    assert.deepEqual([packet.code1, packet.code2], [0x0201, 0x0403]);
    parsePacket(hexToBytes("15000a"), 3, packet);
    assert.deepEqual([packet.code1, packet.code2], [0, 0]);
  });

  it("takes the payload's place from the path, hashes of three bytes included", () => {
    const packet = new Packet();
    assert.equal(parsePacket(hexToBytes("1582a1a2a3b1b2b3ff"), 9, packet), 0);
    assert.deepEqual(
      [packet.hashSize, packet.hops, packet.pathAt, packet.payloadAt, packet.payloadLen],
      [3, 2, 2, 8, 1],
    );
  });

  it(`parses whatever comes without writing to it and within its bounds, seed ${SEED}`, () => {
    const random = seeded();
    const packet = new Packet();
    let accepted = 0;
    for (let i = 0; i < 20000; i++) {
      const some = bytes(random, whole(random, 0, 255));
      if (random.fraction() < 0.5) some[0] &= 63;
      const before = bytesToHex(some);
      for (const parse of [parsePacket, parseBlob]) {
        const code = parse(some, some.length, packet);
        assert.ok(REJECTS[code] !== undefined);
        if (code) continue;
        accepted++;
        assert.equal(packet.payloadAt + packet.payloadLen, some.length, before);
        assert.ok(packet.payloadLen <= MAX_PAYLOAD && packet.hops * packet.hashSize <= MAX_PATH, before);
        packetHash(crypto, some, packet);
      }
      assert.equal(bytesToHex(some), before);
    }
    assert.ok(accepted > 1000);
  });

  it(`gives back every packet that it puts together, seed ${SEED}`, () => {
    const random = seeded();
    const packet = new Packet();
    for (let i = 0; i < 2000; i++) {
      const hashSize = whole(random, 1, 3);
      const hops = whole(random, 0, Math.min(63, Math.floor(MAX_PATH / hashSize)));
      const parts = {
        route: whole(random, 0, 3),
        type: whole(random, 0, 15),
        code1: whole(random, 0, 65535),
        code2: whole(random, 0, 65535),
        pathLen: ((hashSize - 1) << 6) | hops,
        path: bytes(random, hops * hashSize),
        payload: bytes(random, whole(random, 0, MAX_PAYLOAD)),
      };
      const made = encodePacket(parts);
      assert.equal(parsePacket(made, made.length, packet), 0);
      assert.equal(packet.route, parts.route);
      assert.equal(packet.type, parts.type);
      assert.equal(packet.pathLen, parts.pathLen);
      assert.deepEqual(made.slice(packet.pathAt, packet.payloadAt), parts.path);
      assert.deepEqual(made.slice(packet.payloadAt), parts.payload);
      const coded = parts.route === 0 || parts.route === 3;
      assert.deepEqual([packet.code1, packet.code2], coded ? [parts.code1, parts.code2] : [0, 0]);
    }
  });

  it("takes a path without a length byte as one-byte hashes, and none as no hops", () => {
    const payload = hexToBytes("0a0b");
    assert.equal(bytesToHex(encodePacket({ route: ROUTE_FLOOD, type: TYPE_GRP_TXT, payload })), "15000a0b");
    const path = hexToBytes("c1c2");
    assert.equal(bytesToHex(encodePacket({ route: ROUTE_DIRECT, type: TYPE_ACK, path, payload })), "0e02c1c20a0b");
    const coded = encodePacket({ route: ROUTE_TRANSPORT_FLOOD, type: TYPE_ACK, code1: 0x1234, payload });
    assert.equal(bytesToHex(coded), "0c34120000000a0b");
  });

  it("calls parts that nobody could parse a bug", () => {
    const payload = new Uint8Array(MAX_PAYLOAD);
    const flood = { route: ROUTE_FLOOD, type: TYPE_GRP_TXT };
    encodePacket({ ...flood, payload, path: new Uint8Array(63) });
    assert.throws(() => encodePacket({ ...flood, payload: new Uint8Array(MAX_PAYLOAD + 1) }), /bug: payload/);
    assert.throws(() => encodePacket({ ...flood, payload, path: new Uint8Array(64) }), /bug: path/);
    assert.throws(() => encodePacket({ ...flood, payload, pathLen: 2, path: new Uint8Array(1) }), /bug: path/);
    assert.throws(() => encodePacket({ ...flood, payload, pathLen: 0xc0 }), /bug: path/);
  });

  it("hashes a packet at the end of a larger buffer, and leaves the byte in front of the payload as it was", () => {
    const frame = hexToBytes("1501aa0102030405");
    const packet = new Packet();
    parsePacket(frame, frame.length, packet);
    const expected = bytesToHex(packetHash(crypto, frame, packet));
    const arena = new Uint8Array(300);
    arena.set(frame, 290);
    const window = new Uint8Array(arena.buffer, 290, frame.length);
    assert.equal(bytesToHex(packetHash(crypto, window, packet)), expected);
    assert.equal(bytesToHex(window), "1501aa0102030405");
  });

  it("parses a frame in the middle of a buffer, with places that count from the buffer's start", () => {
    const packet = new Packet();
    for (const frame of ["1501aa0102030405", "1401020304018bff01", "1682a1a2a3b1b2b3ff"].map(hexToBytes)) {
      assert.equal(parsePacket(frame, frame.length, packet), 0);
      const { pathAt, payloadAt, payloadLen, code1 } = packet;
      const hash = packetHash(crypto, frame, packet);
      const arena = new Uint8Array(100).fill(0xee);
      arena.set(frame, 40);
      assert.equal(parsePacketAt(arena, 40, frame.length, packet), 0);
      assert.deepEqual([packet.pathAt, packet.payloadAt], [pathAt + 40, payloadAt + 40]);
      assert.deepEqual([packet.payloadLen, packet.code1], [payloadLen, code1]);
      assert.deepEqual(packetHash(crypto, arena, packet), hash);
      assert.deepEqual(new Uint8Array(packetDigest(crypto, arena, packet), 0, 8), hash);
      assert.equal(parsePacketAt(arena, 40, 1, packet), 1);
    }
  });

  it("hashes a TRACE with no hops, where there is no room in front of the payload", () => {
    const frame = encodePacket({ route: ROUTE_DIRECT, type: TYPE_TRACE, payload: hexToBytes("0102") });
    const packet = new Packet();
    parsePacket(frame, frame.length, packet);
    const expected = crypto.sha256(hexToBytes("0900000102"));
    assert.equal(bytesToHex(packetHash(crypto, frame, packet)), bytesToHex(expected.slice(0, 8)));
  });
});
