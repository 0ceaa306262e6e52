import { type Advert, APP_AT, parseAdvert, SIGNATURE_AT, signedMessage } from "../../protocol/advert.ts";
import { bytesToHex } from "../../protocol/bytes.ts";
import { Packet, parsePacket, ROUTE_DIRECT, TYPE_ADVERT } from "../../protocol/packet.ts";
import { isRealAdvert } from "../link/board-key.ts";

/** An advert whose signature is right, with the way that it took. */
export interface HeardAdvert {
  advert: Advert;
  hops: number;
  /** Hashes of the repeaters, hex, in the order of the way to us. */
  path: string[];
}

/** The advert in a packet from the air; null for everything else, forged ones included. */
export function heardAdvert(frame: Uint8Array): HeardAdvert | null {
  const packet = new Packet();
  if (parsePacket(frame, frame.length, packet) !== 0 || packet.type !== TYPE_ADVERT) return null;
  const { payloadAt, payloadLen, hops, hashSize, pathAt, route } = packet;
  // On a direct route the path is what is still before it.
  if (route >= ROUTE_DIRECT && hops > 0) return null;
  if (payloadLen <= APP_AT) return null;
  const signature = frame.subarray(payloadAt + SIGNATURE_AT, payloadAt + APP_AT);
  if (!isRealAdvert(signedMessage(frame, payloadAt, payloadLen), signature)) return null;
  const advert = parseAdvert(frame, payloadAt, payloadLen);
  if (advert === null) return null;
  const path = Array.from({ length: hops }, (_, i) =>
    bytesToHex(frame.subarray(pathAt + i * hashSize, pathAt + (i + 1) * hashSize)),
  );
  return { advert, hops, path };
}
