import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { encodePacket, Packet, parsePacket, ROUTE_FLOOD, ROUTE_TRANSPORT_FLOOD } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { RegionMap, regionKey, regionNameOk, transportCode } from "../../protocol/transport.ts";
import { utf8Decode, utf8Encode } from "../../protocol/utf8.ts";

const crypto = softCrypto();
const payload = hexToBytes("0102030405");

function scopedTo(region: string): Uint8Array {
  const code1 = transportCode(crypto, regionKey(crypto, utf8Encode(region)), 5, payload);
  return encodePacket({ route: ROUTE_TRANSPORT_FLOOD, type: 5, code1, payload });
}

function matchIn(map: RegionMap, frame: Uint8Array): string | null {
  const packet = new Packet();
  assert.equal(parsePacket(frame, frame.length, packet), 0);
  const region = map.match(frame, packet);
  return region && utf8Decode(region.name);
}

describe("regions", () => {
  it("have the same key with and without the #", () => {
    const key = bytesToHex(regionKey(crypto, utf8Encode("europe")));
    assert.equal(key, "e81567c824fa51c46542c62b813da68e");
    assert.equal(bytesToHex(regionKey(crypto, utf8Encode("#europe"))), key);
  });

  it("never have the reserved codes 0 and FFFF", () => {
    const key = regionKey(crypto, utf8Encode("europe"));
    assert.equal(transportCode(crypto, key, 5, hexToBytes("60970bb3b12dd9fceb640000")), 1);
    assert.equal(transportCode(crypto, key, 5, hexToBytes("60970bb3b12dd9fcb2060000")), 0xfffe);
  });

  it("are found by the code of a packet, the first that fits", () => {
    const map = new RegionMap(crypto);
    for (const name of ["uk", "europe", "#europe"]) assert.equal(map.add(utf8Encode(name), false), true);
    assert.equal(matchIn(map, scopedTo("europe")), "europe");
    assert.equal(matchIn(map, scopedTo("uk")), "uk");
    assert.equal(matchIn(map, scopedTo("us-west")), null);
  });

  it("are passed over when they deny floods or are private", () => {
    const map = new RegionMap(crypto);
    map.add(utf8Encode("uk"), true);
    map.add(utf8Encode("$club"), false);
    assert.equal(matchIn(map, scopedTo("uk")), null);
    assert.equal(matchIn(map, scopedTo("$club")), null);
  });

  it("do not match a packet without codes, or with code 0", () => {
    const map = new RegionMap(crypto);
    map.add(utf8Encode("uk"), false);
    assert.equal(matchIn(map, encodePacket({ route: ROUTE_FLOOD, type: 5, payload })), null);
    assert.equal(matchIn(map, encodePacket({ route: ROUTE_TRANSPORT_FLOOD, type: 5, code1: 0, payload })), null);
  });

  it("refuse names with blanks and punctuation", () => {
    const map = new RegionMap(crypto);
    for (const name of ["a b", "a.b", "a,b", "*", "a/b", "a:b"]) {
      assert.equal(regionNameOk(utf8Encode(name)), false, name);
      assert.equal(map.add(utf8Encode(name), false), false);
    }
    assert.equal(map.regions.length, 0);
    for (const name of ["a-b", "A_1", "$x", "#x", "\u00e9", "9"])
      assert.equal(regionNameOk(utf8Encode(name)), true, name);
  });
});
