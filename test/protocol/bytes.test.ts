import assert from "node:assert/strict";
import {
  bytesToHex,
  bytesToLatin1,
  equalBytes,
  hexToBytes,
  latin1ToBytes,
  readU16,
  readU32,
  view,
  writeU16,
  writeU32,
} from "../../protocol/bytes.ts";
import { bytes, SEED, seeded } from "./random.ts";

describe("bytes", () => {
  it("reads hex digits of either case", () => {
    assert.deepEqual(hexToBytes("00fFAb7e"), new Uint8Array([0, 255, 171, 126]));
    assert.equal(hexToBytes("").length, 0);
  });

  for (const wrong of ["0", "abc", "0g", "g0", "0x", " 1", "1 ", "+1", "-1", "\u0130\u0130", "\u2160\u2160"]) {
    it(`refuses ${JSON.stringify(wrong)} as hex`, () => {
      assert.throws(() => hexToBytes(wrong), /^Error: hex: /);
    });
  }

  it("writes two lower-case digits for each byte", () => {
    assert.equal(bytesToHex(new Uint8Array([0, 1, 16, 255])), "000110ff");
  });

  it("reads and writes little endian, unsigned", () => {
    const buffer = new Uint8Array(8);
    writeU16(buffer, 1, 0xfedc);
    writeU32(buffer, 3, 0xfedcba98);
    assert.equal(bytesToHex(buffer), "00dcfe98badcfe00");
    assert.equal(readU16(buffer, 1), 0xfedc);
    assert.equal(readU32(buffer, 3), 0xfedcba98);
  });

  it("keeps the low bits of a number that is too large or negative", () => {
    const buffer = new Uint8Array(6);
    writeU16(buffer, 0, 0x12345);
    writeU32(buffer, 2, -2);
    assert.equal(bytesToHex(buffer), "4523feffffff");
  });

  it("makes views that share memory, also views of views", () => {
    const whole = new Uint8Array([0, 1, 2, 3, 4, 5]);
    const part = view(view(whole, 1, 4), 1, 2);
    part[0] = 9;
    assert.deepEqual(part, new Uint8Array([9, 3]));
    assert.equal(whole[2], 9);
  });

  it("makes an empty view empty, although engines take a length of 0 for all that follows", () => {
    assert.equal(view(new Uint8Array(10), 3, 0).length, 0);
  });

  it(`brings bytes through byte strings and hex unchanged, seed ${SEED}`, () => {
    const random = seeded();
    for (const length of [0, 1, 127, 128, 129, 255, 256, 257, 1000]) {
      const some = bytes(random, length);
      assert.deepEqual(latin1ToBytes(bytesToLatin1(some)), some);
      assert.deepEqual(hexToBytes(bytesToHex(some)), some);
      assert.equal(bytesToLatin1(some), Buffer.from(some).toString("latin1"));
    }
  });

  it("keeps the low byte of a character above 255", () => {
    assert.deepEqual(latin1ToBytes("\u1234"), new Uint8Array([0x34]));
  });

  it("compares by content and length", () => {
    assert.equal(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2])), true);
    assert.equal(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3])), false);
    assert.equal(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2, 0])), false);
  });
});
