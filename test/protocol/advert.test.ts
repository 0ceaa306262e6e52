import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { parseAdvert, verifyAdvert } from "../../protocol/advert.ts";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { ed25519Verify } from "../../protocol/ed25519.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { utf8Encode } from "../../protocol/utf8.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const crypto = softCrypto();

function identity(): { secret: KeyObject; key: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { secret: privateKey, key: new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32)) };
}

/** An advert payload, signed by node:crypto over what MeshCore signs. */
function advert(app: Uint8Array, signed = app.length): Uint8Array {
  const { secret, key } = identity();
  const head = new Uint8Array([...key, 0x78, 0x56, 0x34, 0x12]);
  const signature = sign(null, new Uint8Array([...head, ...app.slice(0, signed)]), secret);
  return new Uint8Array([...head, ...signature, ...app]);
}

const parse = (payload: Uint8Array) => parseAdvert(payload, 0, payload.length);
const verify = (payload: Uint8Array) => verifyAdvert(crypto, payload, 0, payload.length);

describe("Ed25519 verification", () => {
  it("agrees with tests 1 to 3 of RFC 8032", () => {
    for (const [key, message, signature] of [
      [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
      ],
      [
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
      ],
      [
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
      ],
    ]) {
      assert.equal(ed25519Verify(crypto, hexToBytes(key), hexToBytes(message), hexToBytes(signature)), true);
    }
  });

  it(`accepts what node:crypto signs and refuses it with one bit turned anywhere, seed ${SEED}`, () => {
    const random = seeded();
    for (let round = 0; round < 12; round++) {
      const { secret, key } = identity();
      const message = bytes(random, whole(random, 1, 150));
      const signature = new Uint8Array(sign(null, message, secret));
      const note = `key ${bytesToHex(key)}`;
      assert.equal(ed25519Verify(crypto, key, message, signature), true, note);
      for (const part of [key, message, signature]) {
        const bit = whole(random, 0, part.length * 8 - 1);
        part[bit >> 3] ^= 1 << (bit & 7);
        assert.equal(ed25519Verify(crypto, key, message, signature), false, `${note}, bit ${bit}`);
        part[bit >> 3] ^= 1 << (bit & 7);
      }
    }
  });

  it("refuses an S of the order or more, as RFC 8032 does", () => {
    const { secret, key } = identity();
    const message = utf8Encode("once");
    const signature = new Uint8Array(sign(null, message, secret));
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = order;
    for (let i = 31; i >= 0; i--) s += BigInt(signature[32 + i]) << BigInt(8 * i);
    for (let i = 0; i < 32; i++) signature[32 + i] = Number((s >> BigInt(8 * i)) & 255n);
    assert.equal(ed25519Verify(crypto, key, message, signature), false);
  });

  it("refuses a key that is no point of the curve, and wrong lengths", () => {
    const { secret, key } = identity();
    const message = utf8Encode("m");
    const signature = new Uint8Array(sign(null, message, secret));
    const noPoint = new Uint8Array(32);
    noPoint[0] = 2;
    assert.equal(ed25519Verify(crypto, noPoint, message, signature), false);
    assert.equal(ed25519Verify(crypto, key.slice(1), message, signature), false);
    assert.equal(ed25519Verify(crypto, key, message, signature.slice(1)), false);
  });
});

describe("advert", () => {
  it("gives all that its flags announce", () => {
    const app = hexToBytes("f3a037a00090fd34013412cdab66656174");
    assert.deepEqual(
      { ...parse(advert(app)), publicKey: null },
      {
        publicKey: null,
        timestamp: 0x12345678,
        type: 3,
        hasLocation: true,
        latE6: 10500000,
        lonE6: 20250000,
        feat1: 0x1234,
        feat2: 0xabcd,
        name: utf8Encode("feat"),
      },
    );
  });

  it("finds the second feature where the first or the location is missing", () => {
    assert.equal(parse(advert(hexToBytes("41cdab")))?.feat2, 0xabcd);
    assert.equal(parse(advert(hexToBytes("510000000000000000cdab")))?.feat2, 0xabcd);
    assert.equal(parse(advert(hexToBytes("61aabbcdab")))?.feat2, 0xabcd);
  });

  it("has no name without the flag, whatever follows", () => {
    assert.equal(parse(advert(hexToBytes("01616263")))?.name.length, 0);
  });

  it("ends the name at a NUL", () => {
    assert.deepEqual(parse(advert(hexToBytes("8161620063")))?.name, utf8Encode("ab"));
    assert.equal(parse(advert(hexToBytes("8100")))?.name.length, 0);
  });

  it("is refused when it is shorter than its flags say", () => {
    const location = new Uint8Array(9);
    location[0] = 0x11;
    assert.notEqual(parse(advert(location)), null);
    assert.equal(parse(advert(location.slice(0, 8))), null);
    assert.equal(parse(advert(hexToBytes("6100aabb"))), null);
    assert.equal(parse(advert(new Uint8Array(0))), null);
    assert.equal(parse(new Uint8Array(99)), null);
  });

  it("is verified over key, time and app data, wherever it lies", () => {
    const payload = advert(hexToBytes("81616263"));
    const frame = new Uint8Array([0x11, 0x00, ...payload]);
    assert.equal(verifyAdvert(crypto, frame, 2, payload.length), true);
    frame[frame.length - 1] ^= 1;
    assert.equal(verifyAdvert(crypto, frame, 2, payload.length), false);
    assert.equal(verify(advert(new Uint8Array(0))), true);
    assert.equal(verify(payload.slice(0, 99)), false);
  });

  it("counts 32 bytes of app data and no more", () => {
    const app = new Uint8Array(40).fill(0x61);
    app[0] = 0x81;
    assert.equal(verify(advert(app, 32)), true);
    assert.equal(verify(advert(app, 33)), false);
    assert.equal(parse(advert(app, 32))?.name.length, 31);
  });

  it(`is parsed or refused, whatever it holds, seed ${SEED}`, () => {
    const random = seeded();
    let parsed = 0;
    for (let round = 0; round < 5000; round++) {
      const payload = bytes(random, whole(random, 90, 184));
      if (parse(payload)) parsed++;
    }
    assert.ok(parsed > 1000);
  });
});
