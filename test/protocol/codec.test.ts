import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import {
  decode,
  encode,
  fieldAt,
  fixed,
  i8,
  i16,
  type Message,
  message,
  rest,
  u8,
  u16,
  u32,
} from "../../protocol/codec.ts";
import { MESSAGES } from "../../protocol/link.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const Integers = message(1, "Integers", [
  ["a", u8],
  ["b", i8],
  ["c", u16],
  ["d", i16],
  ["e", u32],
]);
const Bytes = message(2, "Bytes", [
  ["head", u8],
  ["key", fixed(3)],
  ["tail", rest],
]);

type Fields = Record<string, number | Uint8Array>;

/** A value for any table: the limits of each integer as often as numbers between them. */
function randomValue(table: Message<unknown>, random: ReturnType<typeof seeded>): Fields {
  const value: Fields = {};
  table.rows.split(" ").forEach((name, i) => {
    const codec = table.codecs[i];
    if (!codec.put) {
      value[name] = bytes(random, codec.size || whole(random, 0, 40));
      return;
    }
    const span = 2 ** (8 * codec.size);
    const low = codec.put.startsWith("setInt") ? -span / 2 : 0;
    value[name] = random.pick([low, low + span - 1, whole(random, low, low + span - 1)]);
  });
  return value;
}

function plain(value: unknown): string {
  return JSON.stringify(value, (_, field) => (field instanceof Uint8Array ? bytesToHex(field) : field));
}

describe("codec", () => {
  it("writes integers little endian, one after the other", () => {
    const out = new Uint8Array(16);
    const value = { a: 1, b: -2, c: 0x0304, d: -3, e: 0xfedcba98 };
    assert.equal(encode(Integers, value, out, 2), 10);
    assert.equal(bytesToHex(out), "000001fe0403fdff98badcfe00000000");
    assert.deepEqual(decode(Integers, out, 2, 10), value);
  });

  it("writes bytes as they are and gives them back as views", () => {
    const out = new Uint8Array(20);
    const value = { head: 7, key: hexToBytes("0a0b0c"), tail: hexToBytes("0102") };
    const length = encode(Bytes, value, out, 1);
    assert.equal(bytesToHex(out.slice(1, 1 + length)), "070a0b0c0102");
    const back = decode(Bytes, out, 1, length);
    assert.deepEqual(back, value);
    out[5] = 0x99;
    assert.equal(back?.tail[0], 0x99);
  });

  it("works in the middle of a larger buffer", () => {
    const arena = new Uint8Array(100);
    const window = new Uint8Array(arena.buffer, 50, 20);
    const value = { a: 1, b: 2, c: 3, d: 4, e: 5 };
    encode(Integers, value, window, 3);
    assert.equal(arena[53], 1);
    assert.deepEqual(decode(Integers, window, 3, 10), value);
  });

  it("writes nothing when the room ends one byte too soon", () => {
    const value = { head: 7, key: new Uint8Array(3), tail: new Uint8Array(4).fill(9) };
    const exact = new Uint8Array(8);
    assert.equal(encode(Bytes, value, exact, 0), 8);
    const short = new Uint8Array(7);
    assert.equal(encode(Bytes, value, short, 0), -1);
    assert.equal(encode(Bytes, value, exact, 1), -1);
    assert.deepEqual(short, new Uint8Array(7));
  });

  it("takes neither too few bytes nor, without a rest, too many", () => {
    const some = new Uint8Array(40);
    assert.deepEqual(
      [9, 10, 11].map((length) => decode(Integers, some, 0, length) !== null),
      [false, true, false],
    );
    assert.deepEqual(
      [3, 4, 5].map((length) => decode(Bytes, some, 0, length)?.tail.length),
      [undefined, 0, 1],
    );
  });

  it("does not read beyond the buffer, whatever length it is told", () => {
    const some = new Uint8Array(10);
    assert.equal(decode(Bytes, some, 0, 11), null);
    assert.equal(decode(Bytes, some, 7, 4), null);
    assert.equal(decode(Bytes, some, 0, -1), null);
    assert.notEqual(decode(Bytes, some, 6, 4), null);
  });

  it(`brings values of every message through unchanged, and through its table only, seed ${SEED}`, () => {
    const random = seeded();
    const out = new Uint8Array(200);
    for (let round = 0; round < 3000; round++) {
      const table = random.pick(MESSAGES) as unknown as Message<Fields>;
      const value = randomValue(table, random);
      const at = whole(random, 0, 5);
      const length = encode(table, value, out, at);
      assert.equal(plain(decode(table, out, at, length)), plain(value), table.name);
      if (length) assert.equal(plain(decode(table, out, at, table.size - 1)), "null", table.name);
    }
  });

  it(`decodes any bytes or returns null, and what it decodes it encodes to the same, seed ${SEED}`, () => {
    const random = seeded();
    let decoded = 0;
    for (let round = 0; round < 20000; round++) {
      const table = random.pick(MESSAGES) as unknown as Message<Fields>;
      const some = bytes(random, whole(random, 0, 90));
      const length = random.fraction() < 0.7 ? some.length : whole(random, -2, 100);
      const value = decode(table, some, 0, length);
      if (!value) continue;
      decoded++;
      const out = new Uint8Array(length);
      assert.equal(encode(table, value, out, 0), length);
      assert.equal(bytesToHex(out), bytesToHex(some.slice(0, length)), table.name);
    }
    assert.ok(decoded > 1000);
  });

  it("finds fields in a message that stays in its wire form", () => {
    assert.deepEqual(
      (["a", "b", "c", "d", "e"] as const).map((field) => fieldAt(Integers, field)),
      [0, 1, 2, 4, 6],
    );
    assert.equal(fieldAt(Bytes, "tail"), 4);
  });
});
