/*
 * Regions: a flood on a transport route carries a code that shows which region it is meant for, to those who know the
 * region's name (MeshCore: src/helpers/TransportKeyStore.cpp, RegionMap.cpp).
 */

import { readU16, view } from "./bytes.ts";
import { hashtagKey } from "./channel.ts";
import type { CryptoPort } from "./crypto.ts";
import { hmacPads, hmacSha256 } from "./hmac.ts";
import type { Packet } from "./packet.ts";

/** The 16-byte key of a region from its name as UTF-8; `#` in front is implied. */
export function regionKey(crypto: CryptoPort, name: Uint8Array): Uint8Array {
  return hashtagKey(crypto, name);
}

/** The code that goes with this payload in the region of this key: never 0 or 0xFFFF, which are reserved. */
export function transportCode(crypto: CryptoPort, key16: Uint8Array, type: number, payload: Uint8Array): number {
  return codeOf(crypto, hmacPads(key16), type, payload);
}

function codeOf(crypto: CryptoPort, pads: Uint8Array, type: number, payload: Uint8Array): number {
  const data = new Uint8Array(1 + payload.length);
  data[0] = type;
  data.set(payload, 1);
  const code = readU16(hmacSha256(crypto, pads, data), 0);
  return code === 0 ? 1 : code === 0xffff ? 0xfffe : code;
}

/** True when MeshCore lets a region have this name (UTF-8): letters, digits, `-`, `$`, `#` and all that lies above. */
export function regionNameOk(name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name[i];
    if (c < 0x41 && c !== 0x2d && c !== 0x24 && c !== 0x23 && !(c >= 0x30 && c <= 0x39)) return false;
  }
  return true;
}

export interface Region {
  /** UTF-8. */
  name: Uint8Array;
  denyFlood: boolean;
  /** HMAC key; null for a private region (`$...`), which nobody can derive from its name. */
  pads: Uint8Array | null;
}

/** The regions a node takes part in. */
export class RegionMap {
  readonly regions: Region[];
  private readonly crypto: CryptoPort;

  constructor(crypto: CryptoPort) {
    this.crypto = crypto;
    this.regions = [];
  }

  /** False when the name is not allowed. */
  add(name: Uint8Array, denyFlood: boolean): boolean {
    if (!regionNameOk(name)) return false;
    const hidden = name[0] === 0x24;
    const pads = hidden ? null : hmacPads(regionKey(this.crypto, name));
    this.regions.push({ name: name, denyFlood: denyFlood, pads: pads });
    return true;
  }

  /** The first region that allows floods and that this packet is meant for; null when there is none. */
  match(bytes: Uint8Array, packet: Packet): Region | null {
    if (!packet.code1) return null;
    const payload = view(bytes, packet.payloadAt, packet.payloadLen);
    for (let i = 0; i < this.regions.length; i++) {
      const region = this.regions[i];
      if (region.denyFlood || !region.pads) continue;
      if (codeOf(this.crypto, region.pads, packet.type, payload) === packet.code1) return region;
    }
    return null;
  }
}
