// Who may speak to whom: the secret of a pair of servers, and the keys of rooms, proven on one TLS connection and of no use on any other.
import { createHash, createHmac, scrypt, timingSafeEqual } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** Who opened the connection. */
export type Role = "dial" | "listen";

const EXPORTER = "EXPORTER-meshcore-federation-1";
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** A secret, made slow to guess for whoever gets hold of a proof. */
export interface PairKey {
  key: Buffer;
  /** Names the secret without giving it away; stays in this process. */
  name: string;
}

const derived = new Map<string, Promise<PairKey>>();

/** scrypt(secret, "meshcore-federation", N = 2^15, r = 8, p = 1, 32 bytes). */
export function pairKey(secret: string): Promise<PairKey> {
  let key = derived.get(secret);
  if (key === undefined) {
    key = new Promise((resolve, reject) => {
      scrypt(secret, "meshcore-federation", 32, SCRYPT, (error, bytes) => {
        if (error !== null) reject(error);
        else resolve({ key: bytes, name: createHash("sha256").update(bytes).digest("hex") });
      });
    });
    derived.set(secret, key);
  }
  return key;
}

/** What only the two ends of this TLS connection have: a man in the middle has two connections and so two of these. */
export function channelOf(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(32, EXPORTER, Buffer.alloc(0));
}

/**
 * HMAC-SHA256(pair key, "meshcore-federation proof" || role || 0 || channel || dialler's number || listener's number). The role
 * is the prover's, so that nobody can send a proof back; the numbers have 16 bytes each, as hex digits here.
 */
export function proofOf(key: Buffer, role: Role, channel: Buffer, dialler: string, listener: string): Buffer {
  const hmac = createHmac("sha256", key).update(`meshcore-federation proof${role}\0`).update(channel);
  return hmac.update(Buffer.from(dialler, "hex")).update(Buffer.from(listener, "hex")).digest();
}

export const isProof = (found: Uint8Array, expected: Buffer): boolean =>
  found.length === expected.length && timingSafeEqual(found, expected);

/**
 * By this a peer knows a room that it has the key of: the first 16 bytes of
 * HMAC-SHA256(room key, "meshcore-federation room" || role || 0 || channel). 32 hex digits.
 */
export function roomToken(key: Uint8Array, role: Role, channel: Buffer): string {
  const hmac = createHmac("sha256", key).update(`meshcore-federation room${role}\0`).update(channel);
  return hmac.digest().toString("hex", 0, 16);
}
