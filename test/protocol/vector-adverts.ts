import type { Advert } from "../../protocol/advert.ts";
import type { ProtocolApi } from "../../protocol/api.ts";
import { compareHash } from "./vector-packets.ts";
import { group, Report } from "./vector-report.ts";

const TYPE_ADVERT = 4;
/** These negative vectors at the end of their list share one receiver: first, duplicate, replay. */
const SHARED = 3;

interface Identity {
  label: string;
  seed: string;
  private_key: string;
  public_key: string;
}

interface ParsedVector {
  valid: boolean;
  type: number;
  has_name: boolean;
  has_lat_lon: boolean;
  name_hex: string;
  lat_e6?: number;
  lon_e6?: number;
  feat1?: number;
  feat2?: number;
}

export interface Delivered {
  public_key: string;
  type: number;
  timestamp: number;
  lat_e6: number;
  lon_e6: number;
  name_hex: string;
}

interface AdvertVector {
  id: string;
  identity: string;
  timestamp: number;
  app_data: string;
  parsed: ParsedVector;
  signed_message: string;
  signature: string;
  signature_valid: boolean;
  payload: string;
  raw_flood: string;
  packet_hash: string;
  delivered: Delivered[];
}

interface NegativeVector {
  id: string;
  raw: string;
  parsed_ok: boolean;
  delivered: Delivered[];
  informational?: boolean;
}

interface SignatureVector {
  identity: string;
  message: string;
  signature: string;
  valid: boolean;
}

function publicKey(vectors: object, label: string): string {
  for (const identity of group<Identity>(vectors, "identities")) {
    if (identity.label === label) return identity.public_key;
  }
  throw new Error(`the vector file has no identity "${label}"`);
}

/** A node that lists the others: each advert once, only newer ones, none of its own, none without a name. */
class Listener {
  private readonly api: ProtocolApi;
  private readonly own: string;
  private readonly seen: Record<string, boolean> = {};
  private readonly latest: Record<string, number> = {};

  constructor(api: ProtocolApi, own: string) {
    this.api = api;
    this.own = own;
  }

  receive(raw: string): Delivered[] {
    const api = this.api;
    const bytes = api.hexToBytes(raw);
    const packet = new api.Packet();
    if (api.parsePacket(bytes, bytes.length, packet) || packet.type !== TYPE_ADVERT) return [];
    const hash = api.bytesToHex(api.packetHash(api.crypto, bytes, packet));
    const advert = api.parseAdvert(bytes, packet.payloadAt, packet.payloadLen);
    if (!advert || this.seen[hash]) return [];
    this.seen[hash] = true;
    const key = api.bytesToHex(advert.publicKey);
    if (key === this.own || advert.timestamp <= (this.latest[key] || 0) || !advert.name.length) return [];
    if (!api.verifyAdvert(api.crypto, bytes, packet.payloadAt, packet.payloadLen)) return [];
    this.latest[key] = advert.timestamp;
    return [
      {
        public_key: key,
        type: advert.type,
        timestamp: advert.timestamp,
        lat_e6: advert.latE6,
        lon_e6: advert.lonE6,
        name_hex: api.bytesToHex(advert.name),
      },
    ];
  }
}

function comparable(delivered: Delivered[]): Delivered[] {
  return delivered.map((d) => ({
    public_key: d.public_key,
    type: d.type,
    timestamp: d.timestamp,
    lat_e6: d.lat_e6,
    lon_e6: d.lon_e6,
    name_hex: d.name_hex,
  }));
}

function compareParsed(api: ProtocolApi, report: Report, id: string, advert: Advert, parsed: ParsedVector): void {
  report.same(id, "type", advert.type, parsed.type);
  report.same(id, "has a name", advert.name.length > 0, parsed.has_name);
  report.same(id, "name", api.bytesToHex(advert.name), parsed.name_hex);
  report.same(id, "has a location", advert.hasLocation, parsed.has_lat_lon);
  report.same(id, "latitude", advert.latE6, parsed.lat_e6 || 0);
  report.same(id, "longitude", advert.lonE6, parsed.lon_e6 || 0);
  report.same(id, "feature 1", advert.feat1, parsed.feat1 || 0);
  report.same(id, "feature 2", advert.feat2, parsed.feat2 || 0);
}

/** The private key of an identity is the clamped SHA-512 of its seed (RFC 8032, 5.1.5). */
export function checkIdentities(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  for (const identity of group<Identity>(vectors, "identities")) {
    const key = api.crypto.sha512(api.hexToBytes(identity.seed));
    key[0] &= 248;
    key[31] = (key[31] & 63) | 64;
    report.same(identity.label, "private key", api.bytesToHex(key), identity.private_key);
  }
  return report.result();
}

export function checkAdverts(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const packet = new api.Packet();
  const own = publicKey(vectors, (vectors as { receiver: string }).receiver);
  for (const vector of group<AdvertVector>(vectors, "adverts")) {
    const bytes = api.hexToBytes(vector.raw_flood);
    report.same(vector.id, "rejected", api.parsePacket(bytes, bytes.length, packet), 0);
    report.same(vector.id, "packet type", packet.type, TYPE_ADVERT);
    const payload = api.view(bytes, packet.payloadAt, packet.payloadLen);
    report.same(vector.id, "payload", api.bytesToHex(payload), vector.payload);
    compareHash(api, report, vector.id, vector.raw_flood, vector.packet_hash);
    const advert = api.parseAdvert(bytes, packet.payloadAt, packet.payloadLen);
    report.same(vector.id, "well formed", advert !== null, vector.parsed.valid);
    const key = publicKey(vectors, vector.identity);
    if (advert) {
      report.same(vector.id, "public key", api.bytesToHex(advert.publicKey), key);
      report.same(vector.id, "timestamp", advert.timestamp, vector.timestamp);
      compareParsed(api, report, vector.id, advert, vector.parsed);
    }
    const verified = api.verifyAdvert(api.crypto, payload, 0, payload.length);
    report.same(vector.id, "verified", verified, vector.signature_valid);
    const signed = api.hexToBytes(vector.signed_message);
    const good = api.ed25519Verify(api.crypto, api.hexToBytes(key), signed, api.hexToBytes(vector.signature));
    report.same(vector.id, "signature of the signed message", good, vector.signature_valid);
    const delivered = new Listener(api, own).receive(vector.raw_flood);
    report.same(vector.id, "delivered", comparable(delivered), comparable(vector.delivered));
  }
  return report.result();
}

export function checkNegativeAdverts(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  const own = publicKey(vectors, (vectors as { receiver: string }).receiver);
  const packet = new api.Packet();
  const negative = group<NegativeVector>(vectors, "negative");
  let listener = new Listener(api, own);
  for (let i = 0; i < negative.length; i++) {
    const vector = negative[i];
    if (i <= negative.length - SHARED) listener = new Listener(api, own);
    const bytes = api.hexToBytes(vector.raw);
    report.same(vector.id, "parsed", api.parsePacket(bytes, bytes.length, packet) === 0, vector.parsed_ok);
    const delivered = listener.receive(vector.raw);
    if (vector.informational) continue;
    report.same(vector.id, "delivered", comparable(delivered), comparable(vector.delivered));
  }
  return report.result();
}

export function checkSignatures(api: ProtocolApi, vectors: object): string[] {
  const report = new Report();
  for (const vector of group<SignatureVector>(vectors, "signatures")) {
    const key = api.hexToBytes(publicKey(vectors, vector.identity));
    const message = api.hexToBytes(vector.message);
    const signature = api.hexToBytes(vector.signature);
    const id = `signature ${vector.signature.slice(0, 8)}`;
    report.same(id, "valid", api.ed25519Verify(api.crypto, key, message, signature), vector.valid);
    signature[40] ^= 1;
    report.same(id, "valid after a bit is turned", api.ed25519Verify(api.crypto, key, message, signature), false);
  }
  return report.result();
}
