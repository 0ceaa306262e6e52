import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

// 16 MB and some 40 ms for each guess. The secrets have 256 random bits, so this guards those who bring their own.
const COST = { N: 2 ** 14, r: 8, p: 1 };
const HASH_BYTES = 32;

/** `scrypt$N$r$p$salt$hash` (salt and hash in base64url) of a secret, with a salt of its own. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(secret, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** Takes as long for a wrong secret as for the right one. A text that is no hash of ours matches nothing. */
export async function matchesSecret(secret: string, stored: string): Promise<boolean> {
  const [kind, n, r, p, salt = "", hash = ""] = stored.split("$");
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const expected = Buffer.from(hash, "base64url");
  if (kind !== "scrypt" || expected.length !== HASH_BYTES) return false;
  return timingSafeEqual(await derive(secret, Buffer.from(salt, "base64url"), cost), expected);
}

function derive(secret: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const maxmem = 256 * cost.N * cost.r;
    scrypt(secret, salt, HASH_BYTES, { ...cost, maxmem }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
