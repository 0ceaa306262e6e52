import assert from "node:assert/strict";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { bytesToHex, hexToBytes, view } from "../../protocol/bytes.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { hmacPads, hmacSha256 } from "../../protocol/hmac.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const crypto = softCrypto();
const ascii = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

describe("SHA-2", () => {
  it("agrees with the examples of FIPS 180", () => {
    assert.equal(
      bytesToHex(crypto.sha256(ascii("abc"))),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assert.equal(
      bytesToHex(crypto.sha512(ascii("abc"))),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
  });

  it(`agrees with node:crypto for every length up to three blocks, seed ${SEED}`, () => {
    const random = seeded();
    for (let length = 0; length < 390; length++) {
      const data = bytes(random, length);
      assert.equal(bytesToHex(crypto.sha256(data)), createHash("sha256").update(data).digest("hex"), `${length} bytes`);
      assert.equal(bytesToHex(crypto.sha512(data)), createHash("sha512").update(data).digest("hex"), `${length} bytes`);
    }
  });

  it("returns a new array each time", () => {
    const first = crypto.sha256(ascii("a"));
    const kept = bytesToHex(first);
    crypto.sha256(ascii("b"));
    assert.equal(bytesToHex(first), kept);
  });

  it("makes HMACs as node:crypto does, for keys up to a block", () => {
    const random = seeded();
    for (const keyLength of [0, 1, 3, 4, 5, 16, 31, 32, 33, 63, 64]) {
      const key = bytes(random, keyLength);
      const data = bytes(random, whole(random, 0, 200));
      const expected = createHmac("sha256", key).update(data).digest("hex");
      const pads = hmacPads(key);
      assert.equal(bytesToHex(hmacSha256(crypto, pads, data)), expected, `key of ${keyLength}, seed ${SEED}`);
      assert.equal(bytesToHex(hmacSha256(crypto, pads, data)), expected, "the second time");
    }
  });
});

describe("AES-128-ECB", () => {
  it("agrees with the examples of FIPS 197 and SP 800-38A", () => {
    const out = new Uint8Array(16);
    crypto.aesEncrypt(
      hexToBytes("000102030405060708090a0b0c0d0e0f"),
      hexToBytes("00112233445566778899aabbccddeeff"),
      out,
    );
    assert.equal(bytesToHex(out), "69c4e0d86a7b0430d8cdb78070b4c55a");
    const key = hexToBytes("2b7e151628aed2a6abf7158809cf4f3c");
    crypto.aesEncrypt(key, hexToBytes("6bc1bee22e409f96e93d7e117393172a"), out);
    assert.equal(bytesToHex(out), "3ad77bb40d7a3660a89ecaf32466ef97");
    crypto.aesDecrypt(key, out, out);
    assert.equal(bytesToHex(out), "6bc1bee22e409f96e93d7e117393172a");
  });

  it(`agrees with node:crypto both ways, in place and apart, seed ${SEED}`, () => {
    const random = seeded();
    for (let i = 0; i < 300; i++) {
      const key = bytes(random, 16);
      const plain = bytes(random, 16 * whole(random, 0, 12));
      const expected = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(plain);
      const room = bytes(random, plain.length + 8);
      const behind = bytesToHex(view(room, plain.length, 8));
      crypto.aesEncrypt(key, plain, room);
      assert.equal(bytesToHex(view(room, 0, plain.length)), expected.toString("hex"));
      assert.equal(bytesToHex(view(room, plain.length, 8)), behind, "bytes behind the last block");
      const cipher = view(room, 0, plain.length);
      crypto.aesDecrypt(key, cipher, cipher);
      assert.deepEqual(cipher, plain);
    }
  });

  it("notices another key in the same array", () => {
    const key = new Uint8Array(16);
    const out = new Uint8Array(16);
    const block = new Uint8Array(16);
    crypto.aesEncrypt(key, block, out);
    const first = bytesToHex(out);
    key[15] = 1;
    crypto.aesEncrypt(key, block, out);
    assert.notEqual(bytesToHex(out), first);
    crypto.aesDecrypt(key, out, out);
    assert.deepEqual(out, block);
  });
});

describe("CRC-32", () => {
  it("has the check value of the catalogue and 0 for nothing", () => {
    assert.equal(crc32(ascii("123456789")), 0xcbf43926);
    assert.equal(crc32(new Uint8Array(0)), 0);
  });

  it(`is unsigned and leaves the known remainder behind itself, seed ${SEED}`, () => {
    const random = seeded();
    for (let i = 0; i < 200; i++) {
      const data = bytes(random, whole(random, 0, 300));
      const sum = crc32(data);
      assert.ok(sum >= 0 && sum <= 0xffffffff);
      const sealed = Buffer.alloc(data.length + 4);
      sealed.set(data);
      sealed.writeUInt32LE(sum, data.length);
      assert.equal(crc32(sealed), 0x2144df1c);
    }
  });
});
