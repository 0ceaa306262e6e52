import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import {
  decodeGroupData,
  encodeGroupData,
  encodeGroupText,
  isPlainText,
  joinSender,
  MAX_DATA,
  MAX_TEXT,
  splitSender,
  textEnd,
} from "../../protocol/group-text.ts";
import { utf8Encode } from "../../protocol/utf8.ts";

describe("group text", () => {
  it("is timestamp, a zero and the text", () => {
    const out = new Uint8Array(20).fill(0xaa);
    assert.equal(encodeGroupText(0xfedcba98, utf8Encode("a: b"), out), 9);
    assert.equal(bytesToHex(out.slice(0, 10)), "98badcfe00613a2062aa");
  });

  it("has at most 160 bytes of text", () => {
    const out = new Uint8Array(200);
    assert.equal(encodeGroupText(1, new Uint8Array(MAX_TEXT), out), 165);
    assert.equal(encodeGroupText(1, new Uint8Array(MAX_TEXT + 1), out), -1);
  });

  it("ends at the first NUL, otherwise at the end of the plaintext", () => {
    const plain = hexToBytes("000000000061620063");
    assert.equal(textEnd(plain, 9), 7);
    assert.equal(textEnd(plain, 7), 7);
    assert.equal(textEnd(plain, 6), 6, "a NUL behind the end does not count");
    assert.equal(textEnd(hexToBytes("00000000006162"), 7), 7);
    assert.equal(textEnd(hexToBytes("000000000000"), 6), 5);
  });

  it("is shown when its kind is plain, whatever the attempt", () => {
    const withKind = (kind: number) => new Uint8Array([1, 2, 3, 4, kind, 65]);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 8, 255].map((kind) => isPlainText(withKind(kind), 6)),
      [true, true, true, true, false, false, false],
    );
    assert.equal(isPlainText(withKind(0), 4), false);
    assert.equal(isPlainText(withKind(0), 5), true);
  });

  it("parts sender and text at the first colon with a space", () => {
    assert.deepEqual(splitSender("Ann: b: c"), { sender: "Ann", text: "b: c" });
    assert.deepEqual(splitSender("no sender"), { sender: "", text: "no sender" });
    assert.deepEqual(splitSender("12:30 is not one"), { sender: "", text: "12:30 is not one" });
    assert.deepEqual(splitSender("Ann: "), { sender: "Ann", text: "" });
    assert.deepEqual(splitSender(": x"), { sender: "", text: "x" });
    assert.deepEqual(splitSender(""), { sender: "", text: "" });
    assert.deepEqual(splitSender(joinSender("Zo\u00eb", "h\u00e9")), { sender: "Zo\u00eb", text: "h\u00e9" });
  });
});

describe("group data", () => {
  it("is type, length and data", () => {
    const out = new Uint8Array(20);
    assert.equal(encodeGroupData(0xff01, hexToBytes("0a0b"), out), 5);
    assert.equal(bytesToHex(out.slice(0, 5)), "01ff020a0b");
    assert.deepEqual(decodeGroupData(out, 16), { dataType: 0xff01, data: hexToBytes("0a0b") });
  });

  it("has at most 165 bytes", () => {
    const out = new Uint8Array(200);
    assert.equal(encodeGroupData(1, new Uint8Array(MAX_DATA), out), 168);
    assert.equal(encodeGroupData(1, new Uint8Array(MAX_DATA + 1), out), -1);
  });

  it("is refused when it announces more than there is", () => {
    const plain = hexToBytes("01000d".padEnd(32, "0"));
    assert.equal(decodeGroupData(plain, 16)?.data.length, 13);
    plain[2] = 14;
    assert.equal(decodeGroupData(plain, 16), null);
    assert.equal(decodeGroupData(plain, 2), null);
    assert.equal(decodeGroupData(new Uint8Array(3), 3)?.data.length, 0);
  });
});
