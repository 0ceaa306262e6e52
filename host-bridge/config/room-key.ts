// From what an operator writes as `psk` to the key of the MeshCore channel on air (docs/config.md).
import { createHash, scrypt } from "node:crypto";
import { PUBLIC_CHANNEL_KEY } from "../../protocol/channel.ts";

/** The room whose public key every MeshCore node knows. */
const PUBLIC_NAME = "Public";

// 128 * N * r bytes are 32 MiB; Node's own limit is exactly that and counts a little more.
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 16;

/** Passphrases cost a tenth of a second each on a Raspberry Pi, and the same rooms come again at every reload. */
const derived = new Map<string, Promise<Uint8Array>>();
const MAX_DERIVED = 1000;

/** The MeshCore hashtag of a public room: `RegionMesh-Public` -> `#regionmesh-public`. */
export function hashtag(name: string): string {
  const lower = name.toLowerCase();
  return lower.startsWith("#") ? lower : `#${lower}`;
}

/**
 * The key where it can be read off without derivation: a public room's (16 bytes), or a `psk` that is the key itself: 32 or
 * 64 hex digits, or base64 with its padding of 16 or 32 bytes. Null when `psk` is a passphrase.
 */
export function directKey(name: string, psk: string): Uint8Array | null {
  if (psk === "") {
    if (name === PUBLIC_NAME) return new Uint8Array(PUBLIC_CHANNEL_KEY);
    return new Uint8Array(createHash("sha256").update(hashtag(name), "utf8").digest().subarray(0, KEY_BYTES));
  }
  if (/^([0-9a-f]{32}|[0-9a-f]{64})$/i.test(psk)) return new Uint8Array(Buffer.from(psk, "hex"));
  if (/^([A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=)$/.test(psk)) return new Uint8Array(Buffer.from(psk, "base64"));
  return null;
}

/**
 * The channel key of a room, 16 or 32 bytes. `name` as configured (it salts a passphrase, so a renamed room has another
 * key), `psk` as configured, "" for a public room. The result is the caller's own copy.
 */
export async function roomKey(name: string, psk: string): Promise<Uint8Array> {
  const direct = directKey(name, psk);
  if (direct !== null) return direct;
  // Names are checked to have no control characters, so NUL separates.
  const id = `${name}\0${psk}`;
  let key = derived.get(id);
  if (key === undefined) {
    if (derived.size >= MAX_DERIVED) derived.clear();
    key = deriveKey(name, psk);
    derived.set(id, key);
  }
  return new Uint8Array(await key);
}

function deriveKey(name: string, psk: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(psk, `meshcore-room:${name}`, KEY_BYTES, SCRYPT, (error, key) =>
      error === null ? resolve(new Uint8Array(key)) : reject(error),
    );
  });
}
