import assert from "node:assert/strict";
import { utf8CutLength, utf8Decode, utf8Encode, utf8Valid } from "../../protocol/utf8.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const TEXTS = [
  "",
  "plain",
  "h\u00e9llo",
  "\u20ac 100 \u00bd",
  "\u4f60\u597d",
  "\u{1f600}\u{1f680} end",
  "\u007f\u0080\u07ff\u0800\uffff",
];
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function validByNode(some: Uint8Array): boolean {
  try {
    strict.decode(some);
    return true;
  } catch {
    return false;
  }
}

/** Random bytes, mostly from the ranges in which UTF-8 goes wrong. */
function nearUtf8(random: ReturnType<typeof seeded>, length: number): Uint8Array {
  const picks = [
    0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
  ];
  return bytes(random, length).map((byte) => (byte & 1 ? byte : random.pick(picks)));
}

describe("UTF-8", () => {
  for (const text of TEXTS) {
    it(`encodes and decodes ${JSON.stringify(text)} as TextEncoder does`, () => {
      const encoded = utf8Encode(text);
      assert.deepEqual(encoded, new Uint8Array(new TextEncoder().encode(text)));
      assert.equal(utf8Decode(encoded), text);
      assert.equal(utf8Valid(encoded), true);
    });
  }

  it("replaces half of a surrogate pair", () => {
    for (const text of ["\ud800", "a\udc00b", "\ud800\ud800\udc00", "\ud83dx"]) {
      assert.deepEqual(utf8Encode(text), new Uint8Array(new TextEncoder().encode(text)));
    }
  });

  it(`decodes and judges 20000 damaged texts as browsers do, seed ${SEED}`, () => {
    const random = seeded();
    for (let i = 0; i < 20000; i++) {
      const some = nearUtf8(random, whole(random, 0, 8));
      assert.equal(utf8Decode(some), decoder.decode(some), Buffer.from(some).toString("hex"));
      assert.equal(utf8Valid(some), validByNode(some), Buffer.from(some).toString("hex"));
    }
  });

  it("cuts in front of the character that does not fit, at minus one, at, plus one", () => {
    const text = utf8Encode("ab\u4f60\u{1f600}");
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((max) => utf8CutLength(text, max)),
      [0, 1, 2, 2, 2, 5, 5, 5, 5, 9, 9],
    );
  });

  it("cuts at the limit where no character is whole", () => {
    const stray = new Uint8Array([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]);
    assert.equal(utf8CutLength(stray, 5), 5);
    assert.equal(utf8CutLength(new Uint8Array([0xe4, 0x41, 0x42]), 1), 1);
    assert.equal(utf8CutLength(new Uint8Array([0xe4, 0xff, 0x42]), 1), 1);
  });

  it(`never makes valid text invalid by cutting, and never cuts more than needed, seed ${SEED}`, () => {
    const random = seeded();
    for (let i = 0; i < 2000; i++) {
      const text = utf8Encode(TEXTS[whole(random, 1, TEXTS.length - 1)] + TEXTS[whole(random, 1, TEXTS.length - 1)]);
      const max = whole(random, 0, text.length);
      const cut = utf8CutLength(text, max);
      assert.equal(utf8Valid(text.slice(0, cut)), true);
      for (let longer = cut + 1; longer <= max; longer++) assert.equal(utf8Valid(text.slice(0, longer)), false);
    }
  });
});
