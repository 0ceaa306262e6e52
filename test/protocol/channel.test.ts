import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import {
  type Channel,
  GroupCipher,
  hashtagKey,
  MAX_PLAIN,
  makeChannel,
  PUBLIC_CHANNEL_KEY,
} from "../../protocol/channel.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { utf8Encode } from "../../protocol/utf8.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const crypto = softCrypto();
const cipher = new GroupCipher(crypto);
const open = (channel: Channel, payload: Uint8Array) => cipher.open(channel, payload, 0, payload.length);

/** A payload with a right MAC over any ciphertext, made without the code under test. */
function forge(channel: Channel, ciphertext: Uint8Array): Uint8Array {
  const mac = createHmac("sha256", channel.key32).update(ciphertext).digest();
  return new Uint8Array([channel.hash, mac[0], mac[1], ...ciphertext]);
}

describe("channel", () => {
  it("knows the public channel and its hash", () => {
    assert.equal(makeChannel(crypto, PUBLIC_CHANNEL_KEY).hash, 0x11);
    assert.equal(bytesToHex(PUBLIC_CHANNEL_KEY), "8b3387e9c5cdea6ac9e5edbaa115cd72");
  });

  it("derives the key of #test with and without the #, and of #TEST another", () => {
    const key = "9cd8fcf22a47333b591d96a2b848b73f";
    assert.equal(bytesToHex(hashtagKey(crypto, utf8Encode("#test"))), key);
    assert.equal(bytesToHex(hashtagKey(crypto, utf8Encode("test"))), key);
    assert.notEqual(bytesToHex(hashtagKey(crypto, utf8Encode("TEST"))), key);
    assert.equal(hashtagKey(crypto, new Uint8Array(0)).length, 16);
  });

  it("takes keys of 16 and 32 bytes and no others", () => {
    for (const length of [0, 15, 17, 31, 33, 64]) {
      assert.throws(() => makeChannel(crypto, new Uint8Array(length)), /16 or 32 bytes are needed/);
    }
  });

  it("keeps its own copy of the key", () => {
    const key = hexToBytes("00112233445566778899aabbccddeeff");
    const channel = makeChannel(crypto, key);
    key.fill(0);
    assert.equal(bytesToHex(channel.key32), "00112233445566778899aabbccddeeff00000000000000000000000000000000");
  });

  it("tells a 32-byte key from a 16-byte one by any byte of its second half", () => {
    for (let i = 16; i < 32; i++) {
      const key = new Uint8Array(32).fill(7, 0, 16);
      key[i] = 0x80;
      assert.equal(makeChannel(crypto, key).keyLen, 32, `byte ${i}`);
    }
  });
});

describe("group cipher", () => {
  const channel = makeChannel(crypto, PUBLIC_CHANNEL_KEY);

  it("agrees with a payload worked out elsewhere", () => {
    const plain = hexToBytes(`00f15365${"00"}${Buffer.from("alice: hello").toString("hex")}`);
    const out = new Uint8Array(40);
    const length = cipher.seal(channel, plain, plain.length, out, 0);
    const expected = "111b8148f4884524f1fdd7ead13790fca6e1eca10f37a224f5064d772354633c4c1f22";
    assert.equal(bytesToHex(out.slice(0, length)), expected);
  });

  it(`opens what it seals, for every length, between other channels, seed ${SEED}`, () => {
    const random = seeded();
    const channels = [16, 32, 16].map((length) => makeChannel(crypto, bytes(random, length)));
    for (let length = 0; length <= MAX_PLAIN; length++) {
      const plain = bytes(random, length);
      const out = bytes(random, 220);
      const at = whole(random, 0, 20);
      const one = random.pick(channels);
      const sealed = cipher.seal(one, plain, length, out, at);
      assert.equal(sealed, 3 + Math.ceil(length / 16) * 16);
      for (const other of channels) {
        const opened = cipher.open(other, out, at, sealed);
        // Two bytes of MAC and one of hash: another key fits once in 16 million times, and the seed is printed.
        assert.equal(opened, other === one && length ? sealed - 3 : -1);
      }
      cipher.open(one, out, at, sealed);
      assert.equal(bytesToHex(cipher.plain.slice(0, length)), bytesToHex(plain));
      for (let i = length; i < sealed - 3; i++) assert.equal(cipher.plain[i], 0, "padding");
    }
  });

  it("seals up to 168 bytes, and only into enough room", () => {
    const plain = new Uint8Array(200);
    assert.equal(cipher.seal(channel, plain, MAX_PLAIN, new Uint8Array(200), 0), 179);
    assert.equal(cipher.seal(channel, plain, MAX_PLAIN + 1, new Uint8Array(300), 0), -1);
    assert.equal(cipher.seal(channel, plain, 16, new Uint8Array(19), 0), 19);
    assert.equal(cipher.seal(channel, plain, 16, new Uint8Array(19), 1), -1);
  });

  it("seals from its own plain buffer, and leaves a foreign one alone", () => {
    const plain = hexToBytes("0102030405");
    const out = new Uint8Array(40);
    cipher.seal(channel, plain, 5, out, 0);
    const expected = bytesToHex(out);
    assert.equal(bytesToHex(plain), "0102030405");
    cipher.plain.set(plain);
    cipher.seal(channel, cipher.plain, 5, out, 0);
    assert.equal(bytesToHex(out), expected);
  });

  it("does not change a payload by opening it", () => {
    const out = new Uint8Array(40);
    const length = cipher.seal(channel, new Uint8Array(20), 20, out, 0);
    const before = bytesToHex(out);
    assert.equal(cipher.open(channel, out, 0, length), 32);
    assert.equal(bytesToHex(out), before);
  });

  it("refuses a right MAC over a ciphertext that is no whole number of blocks", () => {
    for (const length of [1, 15, 17, 31, 33, 175]) {
      assert.equal(open(channel, forge(channel, new Uint8Array(length))), -1, `${length} bytes`);
    }
  });

  it("refuses a right MAC over no ciphertext, and over more than a packet holds", () => {
    assert.equal(open(channel, forge(channel, new Uint8Array(0))), -1);
    assert.equal(open(channel, forge(channel, new Uint8Array(176))), 176);
    assert.equal(open(channel, forge(channel, new Uint8Array(192))), -1);
  });

  it("refuses what is shorter than hash and MAC", () => {
    for (const length of [0, 1, 2, 3]) {
      assert.equal(cipher.matches(channel, new Uint8Array([channel.hash, 0, 0]), 0, length), false);
    }
  });

  it("refuses a message when any bit of it is turned", () => {
    const out = new Uint8Array(19);
    cipher.seal(channel, hexToBytes("000000000061"), 6, out, 0);
    for (let bit = 0; bit < out.length * 8; bit++) {
      out[bit >> 3] ^= 1 << (bit & 7);
      assert.equal(open(channel, out), -1, `bit ${bit}`);
      out[bit >> 3] ^= 1 << (bit & 7);
    }
    assert.equal(open(channel, out), 16);
  });
});
