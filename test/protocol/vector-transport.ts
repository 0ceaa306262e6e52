import type { ProtocolApi } from "../../protocol/api.ts";
import { compareDecoded, compareHash, type DecodedVector } from "./vector-packets.ts";
import { group, Report } from "./vector-report.ts";

interface RegionVector {
  name: string;
  key: string;
}

interface CodeVector {
  id: string;
  region: string;
  payload_type: number;
  payload: string;
  code: number;
}

interface ScopedVector {
  region: string;
  raw: string;
  packet: DecodedVector;
  packet_hash: string;
}

interface RegionMapVectors {
  entries: { name: string; deny_flood: boolean }[];
  find_match: { raw: string; match: string | null }[];
  name_rules: { name: string; accepted: boolean }[];
}

function regionMap(vectors: object): RegionMapVectors {
  const map = (vectors as { region_map?: RegionMapVectors }).region_map;
  if (!map) throw new Error('the vector file has no group "region_map"');
  return map;
}

export function checkRegions(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  for (const vector of group<RegionVector>(vectors, "regions")) {
    const key = api.regionKey(api.crypto, api.utf8Encode(vector.name));
    report.same(vector.name, "key", api.bytesToHex(key), vector.key);
  }
  return report.result();
}

export function checkCodes(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  for (const vector of group<CodeVector>(vectors, "codes")) {
    const key = api.regionKey(api.crypto, api.utf8Encode(vector.region));
    const code = api.transportCode(api.crypto, key, vector.payload_type, api.hexToBytes(vector.payload));
    report.same(vector.id, "code", code, vector.code);
  }
  return report.result();
}

export function checkScopedMessages(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const packet = new api.Packet();
  const cipher = new api.GroupCipher(api.crypto);
  const psk = (vectors as { scoped_psk?: string }).scoped_psk;
  for (const vector of group<ScopedVector>(vectors, "scoped_messages")) {
    const id = `scoped to ${vector.region}`;
    const bytes = api.hexToBytes(vector.raw);
    report.same(id, "rejected", api.parsePacket(bytes, bytes.length, packet), 0);
    compareDecoded(api, report, id, vector.raw, packet, vector.packet);
    compareHash(api, report, id, vector.raw, vector.packet_hash);
    const key = api.regionKey(api.crypto, api.utf8Encode(vector.region));
    const payload = api.view(bytes, packet.payloadAt, packet.payloadLen);
    report.same(id, "code", api.transportCode(api.crypto, key, packet.type, payload), packet.code1);
    if (!psk) continue;
    const channel = api.makeChannel(api.crypto, api.hexToBytes(psk));
    report.same(id, "opens", cipher.matches(channel, bytes, packet.payloadAt, packet.payloadLen), true);
  }
  return report.result();
}

export function checkRegionMap(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const map = new api.RegionMap(api.crypto);
  const packet = new api.Packet();
  for (const entry of regionMap(vectors).entries) {
    report.same(entry.name, "added", map.add(api.utf8Encode(entry.name), entry.deny_flood), true);
  }
  for (const vector of regionMap(vectors).find_match) {
    const bytes = api.hexToBytes(vector.raw);
    report.same(vector.raw, "rejected", api.parsePacket(bytes, bytes.length, packet), 0);
    const region = map.match(bytes, packet);
    report.same(vector.raw, "region", region && api.utf8Decode(region.name), vector.match);
  }
  return report.result();
}

export function checkRegionNames(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  for (const vector of regionMap(vectors).name_rules) {
    report.same(vector.name, "accepted", api.regionNameOk(api.utf8Encode(vector.name)), vector.accepted);
  }
  return report.result();
}
