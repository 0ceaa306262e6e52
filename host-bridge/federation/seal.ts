// What a server that relays a room without its key (a blind hub) gets to see of it: a name and bytes that mean nothing without the key.
import { createCipheriv, createDecipheriv, createHmac, scrypt } from "node:crypto";
import type { Place } from "../room/store-log.ts";

const SALT = "meshcore-federation sealed room";
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
// In software as fast as on any chip, and a Raspberry Pi 4 has no instructions for AES.
const CIPHER = "chacha20-poly1305";
const ID_BYTES = 16;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Texts of about the same length look the same. */
const PAD = 64;

/** A message as a blind hub has it. */
export interface Sealed {
  /** 32 hex digits. The same for the same message, whoever seals it. */
  id: string;
  bytes: Uint8Array;
}

/**
 * Seals the messages of one room. All that a hub sees comes out of scrypt(room key, SALT, N = 2^15, r = 8, p = 1), so that it tries
 * names of public rooms no faster than that.
 */
export class RoomSeal {
  /** By this a hub knows the room: 32 hex digits. */
  readonly room: string;
  private readonly idKey: Buffer;
  private readonly nonceKey: Buffer;
  private readonly sealKey: Buffer;

  /** `material`: 112 bytes. */
  constructor(material: Buffer) {
    this.room = material.toString("hex", 0, ID_BYTES);
    const key = (n: number): Buffer => material.subarray(ID_BYTES + n * KEY_BYTES, ID_BYTES + (n + 1) * KEY_BYTES);
    [this.idKey, this.nonceKey, this.sealKey] = [key(0), key(1), key(2)];
  }

  /**
   * The nonce is made of all that is sealed: servers need not agree on a counter, the same message at the same place is the same
   * bytes everywhere, and no nonce is ever used for two texts. The place is sealed too, so that a hub can give it no other.
   */
  seal(place: Place, guid: string, origin: string, payload: Uint8Array): Sealed {
    const name = Buffer.from(origin);
    const plain = Buffer.alloc(Math.ceil((2 + payload.length + name.length) / PAD) * PAD);
    plain[0] = payload.length;
    plain[1] = name.length;
    plain.set(payload, 2);
    plain.set(name, 2 + payload.length);
    const id = this.idOf(guid);
    const beside = besideOf(place, id);
    const nonce = createHmac("sha256", this.nonceKey).update(beside).update(plain).digest().subarray(0, NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.sealKey, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(beside, { plaintextLength: plain.length });
    const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return { id: id.toString("hex"), bytes: new Uint8Array(bytes) };
  }

  /** What was sealed, or null when it was not sealed with this room's key, for this place and under this id. */
  open(place: Place, { id, bytes }: Sealed): { origin: string; payload: Uint8Array } | null {
    const end = bytes.length - TAG_BYTES;
    if (end <= NONCE_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, this.sealKey, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(besideOf(place, Buffer.from(id, "hex")), { plaintextLength: end - NONCE_BYTES });
    decipher.setAuthTag(bytes.subarray(end));
    const plain = decipher.update(bytes.subarray(NONCE_BYTES, end));
    try {
      decipher.final();
    } catch {
      return null;
    }
    const [length, nameLength] = plain;
    if (2 + length + nameLength > plain.length) return null;
    return {
      payload: new Uint8Array(plain.subarray(2, 2 + length)),
      origin: plain.toString("utf8", 2 + length, 2 + length + nameLength),
    };
  }

  private idOf(guid: string): Buffer {
    const bytes = Buffer.from(guid.replaceAll("-", ""), "hex");
    return createHmac("sha256", this.idKey).update(bytes).digest().subarray(0, ID_BYTES);
  }
}

/** Authentic without being sealed: stream (8 bytes), number (8 bytes, big endian), id. */
function besideOf({ stream, seq }: Place, id: Buffer): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(seq));
  return Buffer.concat([Buffer.from(stream, "hex"), number, id]);
}

const made = new Map<string, Promise<RoomSeal>>();

/** Each room's once in a process: it takes a tenth of a second. */
export function roomSeal(key: Uint8Array): Promise<RoomSeal> {
  const name = Buffer.from(key).toString("hex");
  let seal = made.get(name);
  if (seal === undefined) {
    seal = new Promise((resolve, reject) => {
      scrypt(key, SALT, ID_BYTES + 3 * KEY_BYTES, SCRYPT, (error, material) => {
        if (error !== null) reject(error);
        else resolve(new RoomSeal(material));
      });
    });
    made.set(name, seal);
  }
  return seal;
}
