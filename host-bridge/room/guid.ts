import { hmacPads, hmacSha256 } from "../../protocol/hmac.ts";
import { Packet, packetHash, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { nodeCrypto } from "../node-crypto.ts";

const DOMAIN = Buffer.from("meshcore-room-guid");
/** Of each room's key, as long as it is held. */
const allPads = new WeakMap<Uint8Array, Uint8Array>();

/**
 * The GUID of a room message: UUID version 8 (RFC 9562) of the first 16 bytes of
 * HMAC-SHA256(room key, "meshcore-room-guid" || MeshCore's packet hash of the payload as GRP_TXT).
 * Two servers that hear the same packet agree on it, and nobody without the room key can compute it.
 * `key` is the channel key of 16 or 32 bytes, `payload` hash, MAC and ciphertext as on air.
 */
export function messageGuid(key: Uint8Array, payload: Uint8Array): string {
  const packet = new Packet();
  packet.type = TYPE_GRP_TXT;
  packet.payloadAt = 1;
  packet.payloadLen = payload.length;
  const bytes = new Uint8Array(1 + payload.length);
  bytes.set(payload, 1);
  let pads = allPads.get(key);
  if (pads === undefined) allPads.set(key, (pads = hmacPads(key)));
  const named = new Uint8Array(DOMAIN.length + 8);
  named.set(DOMAIN);
  named.set(packetHash(nodeCrypto, bytes, packet), DOMAIN.length);
  const digest = Buffer.from(hmacSha256(nodeCrypto, pads, named));
  digest[6] = (digest[6] & 0x0f) | 0x80;
  digest[8] = (digest[8] & 0x3f) | 0x80;
  const hex = digest.toString("hex", 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
