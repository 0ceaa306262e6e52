// The plain TypeScript that the native curve routine is compared with.
import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { complete } from "../../protocol/curve.ts";
import { softCurve, x25519 } from "../../protocol/curve25519.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { SEED, seeded } from "../protocol/random.ts";
import {
  bytesOf,
  fileVectors,
  P,
  type Pair,
  RFC_7748,
  RFC_7748_ITERATED,
  RFC_8032,
  randomPairs,
  randomSigned,
  type Signed,
} from "./curve-vectors.ts";

const curve = softCurve(softCrypto());

function assertSignatures(signed: Signed[]): void {
  for (const { name, privateKey, publicKey, message, signature } of signed) {
    const made = complete(curve.sign(privateKey, publicKey, message));
    assert.equal(bytesToHex(made), bytesToHex(signature), name);
    assert.equal(complete(curve.verify(publicKey, message, signature)), true, name);
    signature[5] ^= 1;
    assert.equal(complete(curve.verify(publicKey, message, signature)), false, name);
    signature[5] ^= 1;
  }
}

function assertKeys(keys: { name: string; privateKey: Uint8Array; publicKey: Uint8Array }[]): void {
  for (const { name, privateKey, publicKey } of keys) {
    assert.equal(bytesToHex(complete(curve.publicKey(privateKey))), bytesToHex(publicKey), name);
  }
}

function assertSecrets(pairs: Pair[]): void {
  for (const { name, privateKey, peerKey, secret } of pairs) {
    assert.equal(bytesToHex(complete(curve.shared(privateKey, peerKey))), bytesToHex(secret), name);
  }
}

describe("Ed25519 and X25519 in plain TypeScript", () => {
  it("agree with RFC 7748 and RFC 8032", () => {
    assertKeys(RFC_8032);
    assertSignatures(RFC_8032);
    assertSecrets(RFC_7748);
    for (const { privateKey, u, secret } of RFC_7748) {
      assert.equal(bytesToHex(x25519(privateKey.slice(0, 32), u)), bytesToHex(secret));
    }
    assert.equal(bytesToHex(x25519(bytesOf(9n), bytesOf(9n))), RFC_7748_ITERATED[0][1]);
  });

  it("agree with the keys, signatures and shared secrets of the vector files", () => {
    const { keys, signed, pairs } = fileVectors();
    assert.ok(keys.length > 5 && signed.length > 10 && pairs.length > 5);
    assertKeys(keys);
    assertSignatures(signed);
    assertSecrets(pairs);
  });

  it(`agree with node:crypto in 20 random cases, seed ${SEED}`, () => {
    const signed = randomSigned(seeded(), 20);
    assertKeys(signed);
    assertSignatures(signed);
    assertSecrets(randomPairs(seeded(), 20));
  });

  it("give 32 zeros as the secret that is shared with a key of small order", () => {
    const { privateKey } = RFC_8032[0];
    const eighth = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    for (const peerKey of [bytesOf(0n), bytesOf(1n), bytesOf(P - 1n), hexToBytes(eighth)]) {
      assert.equal(bytesToHex(complete(curve.shared(privateKey, peerKey))), "00".repeat(32), bytesToHex(peerKey));
    }
  });

  it("throw when a key of ours has another length, and refuse such keys and signatures of others", () => {
    const { privateKey, publicKey, message, signature } = RFC_8032[1];
    assert.throws(() => curve.publicKey(privateKey.slice(1)), /bug: a private key of 63 bytes/);
    assert.throws(() => curve.sign(privateKey.slice(0, 32), publicKey, message), /bug: a private key of 32 bytes/);
    assert.throws(() => curve.sign(privateKey, hexToBytes("00"), message), /bug: a public key of 1 bytes/);
    assert.throws(() => curve.shared(privateKey, hexToBytes("00")), /bug: a public key of 1 bytes/);
    assert.equal(complete(curve.verify(publicKey.slice(1), message, signature)), false);
    assert.equal(complete(curve.verify(publicKey, message, signature.slice(1))), false);
  });
});
