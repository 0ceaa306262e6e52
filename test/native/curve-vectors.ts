// What the curve code is held against: RFC 7748 and RFC 8032, the vector files, node:crypto.
import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject, sign } from "node:crypto";
import { hexToBytes } from "../../protocol/bytes.ts";
import type { Random } from "../../simulator/random.ts";
import { bytes, whole } from "../protocol/random.ts";
import { loadVectors } from "../protocol/vector-file.ts";

/** A private key is the 64 bytes that MeshCore keeps. */
export interface Keys {
  privateKey: Uint8Array;
  publicKey: Uint8Array;
}
export interface Signed extends Keys {
  name: string;
  message: Uint8Array;
  signature: Uint8Array;
}
export interface Pair {
  name: string;
  privateKey: Uint8Array;
  peerKey: Uint8Array;
  secret: Uint8Array;
}

export const P = 2n ** 255n - 19n;
export const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

export function sha512(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha512").update(data).digest());
}

/** A little-endian number. */
export function numberOf(data: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(data).reverse().toString("hex")}`);
}

/** 32 bytes, little-endian. */
export function bytesOf(n: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(n.toString(16).padStart(64, "0"), "hex").reverse());
}

/** 1 / n modulo P, 0 for 0. */
export function inverse(n: bigint): bigint {
  let result = 1n;
  for (let power = P - 2n, base = ((n % P) + P) % P; power; power >>= 1n, base = (base * base) % P) {
    if (power & 1n) result = (result * base) % P;
  }
  return result;
}

/** The clamped SHA-512 of a seed (RFC 8032, 5.1.5). */
function privateKeyOf(seed: Uint8Array): Uint8Array {
  const key = sha512(seed);
  key[0] &= 248;
  key[31] = (key[31] & 63) | 64;
  return key;
}

const ED25519 = "70";
const X25519 = "6e";

function nodeKey(algorithm: string, secret: Uint8Array): KeyObject {
  const head = Buffer.from(`302e020100300506032b65${algorithm}04220420`, "hex");
  return createPrivateKey({ key: Buffer.concat([head, secret]), format: "der", type: "pkcs8" });
}

function keysOf(seed: Uint8Array): Keys {
  const der = createPublicKey(nodeKey(ED25519, seed)).export({ format: "der", type: "spki" });
  return { privateKey: privateKeyOf(seed), publicKey: new Uint8Array(der.subarray(-32)) };
}

/** By node:crypto, from random seeds and messages of up to 200 bytes. */
export function randomSigned(random: Random, count: number): Signed[] {
  return Array.from({ length: count }, (_, i) => {
    const seed = bytes(random, 32);
    const message = bytes(random, whole(random, 0, 200));
    const signature = new Uint8Array(sign(null, message, nodeKey(ED25519, seed)));
    return { ...keysOf(seed), name: `random ${i}`, message, signature };
  });
}

/** By node:crypto: X25519 of the first half of one private key with that of another one. */
export function randomPairs(random: Random, count: number): Pair[] {
  return Array.from({ length: count }, (_, i) => {
    const own = keysOf(bytes(random, 32));
    const peer = keysOf(bytes(random, 32));
    const secret = diffieHellman({
      privateKey: nodeKey(X25519, own.privateKey.slice(0, 32)),
      publicKey: createPublicKey(nodeKey(X25519, peer.privateKey.slice(0, 32))),
    });
    const { privateKey } = own;
    return { name: `random ${i}`, privateKey, peerKey: peer.publicKey, secret: new Uint8Array(secret) };
  });
}

/** RFC 8032, 7.1: tests 1 to 3 and SHA(abc), as seed, public key, message, signature. */
export const RFC_8032: Signed[] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
  [
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  ],
].map(([seed, publicKey, message, signature], i) => ({
  name: `RFC 8032, 7.1, number ${i + 1}`,
  privateKey: privateKeyOf(hexToBytes(seed)),
  publicKey: hexToBytes(publicKey),
  message: hexToBytes(message),
  signature: hexToBytes(signature),
}));

/** RFC 7748, 5.2 and 6.1, as k, u, result. The peer's key is the y of the same point: y = (u - 1) / (u + 1). */
export const RFC_7748: (Pair & { u: Uint8Array })[] = [
  [
    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
  ],
  [
    "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
    "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
    "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
  ],
  [
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
  ],
].map(([k, point, secret], i) => {
  const u = numberOf(hexToBytes(point)) % 2n ** 255n;
  return {
    name: `RFC 7748, number ${i + 1}`,
    privateKey: new Uint8Array([...hexToBytes(k), ...new Uint8Array(32)]),
    u: hexToBytes(point),
    peerKey: bytesOf(((u - 1n + P) * inverse(u + 1n)) % P),
    secret: hexToBytes(secret),
  };
});

/** RFC 7748, 5.2: what becomes of k = u = 9 after one iteration and after a thousand. */
export const RFC_7748_ITERATED: [number, string][] = [
  [1, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"],
  [1000, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"],
];

interface Identity {
  label: string;
  private_key: string;
  public_key: string;
}
interface AdvertFile {
  identities: Identity[];
  adverts: { id: string; identity: string; signed_message: string; signature: string; signature_valid: boolean }[];
  signatures: { identity: string; message: string; signature: string; valid: boolean }[];
}
interface EcdhFile {
  identities: Identity[];
  pairs: { a: string; b: string; shared_secret: string }[];
  private_key_validation: { desc?: string; private_key: string; valid: boolean; public_key?: string }[];
}

/** The keys, signatures and shared secrets of adverts.json and ecdh.json, which are all good ones. */
export function fileVectors(): { keys: (Keys & { name: string })[]; signed: Signed[]; pairs: Pair[] } {
  const adverts = loadVectors("adverts.json") as AdvertFile;
  const ecdh = loadVectors("ecdh.json") as EcdhFile;
  const byLabel = new Map<string, Keys>();
  const keys: (Keys & { name: string })[] = [];
  for (const { label, private_key, public_key } of [...adverts.identities, ...ecdh.identities]) {
    const pair = { privateKey: hexToBytes(private_key), publicKey: hexToBytes(public_key) };
    byLabel.set(label, pair);
    keys.push({ ...pair, name: label });
  }
  for (const { desc, private_key, public_key } of ecdh.private_key_validation) {
    if (!public_key) continue;
    keys.push({ privateKey: hexToBytes(private_key), publicKey: hexToBytes(public_key), name: desc ?? "" });
  }
  const keysBy = (label: string): Keys => {
    const found = byLabel.get(label);
    if (!found) throw new Error(`the vector files have no identity "${label}"`);
    return found;
  };
  const signed = [
    ...adverts.adverts
      .filter((advert) => advert.signature_valid)
      .map((advert) => ({ ...advert, name: advert.id, message: advert.signed_message })),
    ...adverts.signatures.filter(({ valid }) => valid).map((one) => ({ ...one, name: `signed by ${one.identity}` })),
  ].map(({ name, identity, message, signature }) => {
    return { ...keysBy(identity), name, message: hexToBytes(message), signature: hexToBytes(signature) };
  });
  const pairs = ecdh.pairs.map(({ a, b, shared_secret }) => {
    const { privateKey } = keysBy(a);
    return { name: `${a}, ${b}`, privateKey, peerKey: keysBy(b).publicKey, secret: hexToBytes(shared_secret) };
  });
  return { keys, signed, pairs };
}

/** Encodings that are no ordinary public key: small order, y of p or more, no point of the curve, the other sign of each. */
export function oddKeys(): Uint8Array[] {
  const ys = [0n, 1n, 2n, 3n, P - 2n, P - 1n, P, P + 1n, P + 2n, 2n ** 255n - 1n];
  // A point of order 8.
  ys.push(numberOf(hexToBytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")));
  return ys.flatMap((y) => [bytesOf(y), bytesOf(y + 2n ** 255n)]);
}
