import type { ProtocolApi } from "../../protocol/api.ts";
import type { Packet } from "../../protocol/packet.ts";
import { group, Report } from "./vector-report.ts";

/** A packet taken apart, as packets.json and transport.json write it. */
export interface DecodedVector {
  header: number;
  route_type: number;
  payload_type: number;
  payload_ver: number;
  transport_codes: number[] | null;
  path_len_byte: number;
  path_hash_size: number;
  path_hash_count: number;
  path: string;
  payload: string;
}

interface PacketVector {
  id: string;
  raw: string;
  accept_radio: boolean;
  accept_blob: boolean;
  decoded?: DecodedVector;
  raw_length?: number;
  packet_hash?: string;
}

interface HashGroup {
  desc: string;
  packets: { raw: string; packet_hash: string }[];
}

/** Compares a parsed packet with `expected`, and what encodePacket makes of its parts with `raw`. */
export function compareDecoded(
  api: ProtocolApi,
  report: Report,
  id: string,
  raw: string,
  packet: Packet,
  expected: DecodedVector,
): void {
  const bytes = api.hexToBytes(raw);
  const coded = packet.route === 0 || packet.route === 3;
  const path = api.view(bytes, packet.pathAt, packet.hops * packet.hashSize);
  const payload = api.view(bytes, packet.payloadAt, packet.payloadLen);
  report.same(id, "header", packet.header, expected.header);
  report.same(id, "route", packet.route, expected.route_type);
  report.same(id, "type", packet.type, expected.payload_type);
  report.same(id, "version", packet.version, expected.payload_ver);
  report.same(id, "codes", coded ? [packet.code1, packet.code2] : null, expected.transport_codes);
  report.same(id, "path length byte", packet.pathLen, expected.path_len_byte);
  report.same(id, "hash size", packet.hashSize, expected.path_hash_size);
  report.same(id, "hops", packet.hops, expected.path_hash_count);
  report.same(id, "path", api.bytesToHex(path), expected.path);
  report.same(id, "payload", api.bytesToHex(payload), expected.payload);
  const parts = {
    route: packet.route,
    type: packet.type,
    version: packet.version,
    code1: packet.code1,
    code2: packet.code2,
    pathLen: packet.pathLen,
    path: path,
    payload: payload,
  };
  report.same(id, "encode(decode(raw))", api.bytesToHex(api.encodePacket(parts)), raw);
}

/** Compares a packet's hash, and that taking it leaves the bytes as they were. */
export function compareHash(api: ProtocolApi, report: Report, id: string, raw: string, expected: string): void {
  const bytes = api.hexToBytes(raw);
  const packet = new api.Packet();
  const rejected = api.parsePacket(bytes, bytes.length, packet) && api.parseBlob(bytes, bytes.length, packet);
  report.same(id, "rejected", rejected, 0);
  report.same(id, "hash", api.bytesToHex(api.packetHash(api.crypto, bytes, packet)), expected);
  report.same(id, "bytes after hashing", api.bytesToHex(bytes), raw);
}

function checkParsing(name: string): (api: ProtocolApi, vectors: object) => string[] {
  return (api, vectors) => {
    const report = new Report();
    const packet = new api.Packet();
    for (const vector of group<PacketVector>(vectors, name)) {
      const bytes = api.hexToBytes(vector.raw);
      const blob = api.parseBlob(bytes, bytes.length, packet) === 0;
      report.same(vector.id, "accepted as blob", blob, vector.accept_blob);
      if (blob && vector.decoded) compareDecoded(api, report, vector.id, vector.raw, packet, vector.decoded);
      const radio = api.parsePacket(bytes, bytes.length, packet) === 0;
      report.same(vector.id, "accepted on the air", radio, vector.accept_radio);
      if (radio && vector.decoded) compareDecoded(api, report, vector.id, vector.raw, packet, vector.decoded);
      if (vector.raw_length !== undefined) report.same(vector.id, "length", bytes.length, vector.raw_length);
      if (vector.packet_hash) compareHash(api, report, vector.id, vector.raw, vector.packet_hash);
    }
    return report.result();
  };
}

export const checkValidPackets = checkParsing("valid");
export const checkInvalidPackets = checkParsing("invalid");
export const checkFuzzPackets = checkParsing("fuzz");

export function checkHashGroups(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  for (const vector of group<HashGroup>(vectors, "hash_groups")) {
    for (const packet of vector.packets) compareHash(api, report, vector.desc, packet.raw, packet.packet_hash);
  }
  return report.result();
}
