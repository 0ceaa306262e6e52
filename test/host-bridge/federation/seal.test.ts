import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { RoomSeal, roomSeal } from "../../../host-bridge/federation/seal.ts";
import { keyOf } from "../room/rooms-bench.ts";

const GUID = "01234567-89ab-8def-8123-456789abcdef";
const PLACE = { stream: "ab".repeat(8), seq: 7 };
const PAYLOAD = new Uint8Array(Buffer.from("payload of a packet"));

/** Without the slow part. */
const quickSeal = (text: string): RoomSeal => {
  const scrypt = { N: 16, r: 8, p: 1 };
  return new RoomSeal(scryptSync(text, "", 112, scrypt));
};

describe("sealed messages", () => {
  const seal = quickSeal("one");

  it("open to what they were", () => {
    for (const [origin, length] of [
      ["", 1],
      ["City A", 19],
      ["é".repeat(127), 184],
    ] as const) {
      const payload = new Uint8Array(length).fill(7);
      const sealed = seal.seal(PLACE, GUID, origin, payload);
      assert.ok(sealed.bytes.length <= 476, "as the table of messages has it");
      assert.deepEqual(seal.open(PLACE, sealed), { origin, payload });
    }
  });

  it("are the same bytes whoever seals them, and others at another place, for another origin, payload or room", () => {
    const sealed = seal.seal(PLACE, GUID, "A", PAYLOAD);
    assert.deepEqual(quickSeal("one").seal(PLACE, GUID, "A", PAYLOAD), sealed);
    const nonce = ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes.subarray(0, 12)).toString("hex");
    const next = { ...PLACE, seq: 8 };
    const others = [
      seal.seal(next, GUID, "A", PAYLOAD),
      seal.seal(PLACE, GUID, "B", PAYLOAD),
      seal.seal(PLACE, GUID, "A", PAYLOAD.slice(1)),
    ];
    for (const other of others) {
      assert.equal(other.id, sealed.id);
      assert.notEqual(nonce(other), nonce(sealed));
    }
    assert.notEqual(quickSeal("two").seal(PLACE, GUID, "A", PAYLOAD).id, sealed.id);
  });

  it("do not open when a bit is another, at another place, under another id, or with another key", () => {
    const sealed = seal.seal(PLACE, GUID, "A", PAYLOAD);
    for (let at = 0; at < sealed.bytes.length; at++) {
      const bytes = sealed.bytes.slice();
      bytes[at] ^= 1;
      assert.equal(seal.open(PLACE, { ...sealed, bytes }), null, `byte ${at}`);
    }
    for (let length = 0; length < sealed.bytes.length; length++) {
      assert.equal(seal.open(PLACE, { ...sealed, bytes: sealed.bytes.slice(0, length) }), null);
    }
    assert.equal(seal.open(PLACE, { ...sealed, id: "00".repeat(16) }), null);
    for (const place of [
      { ...PLACE, seq: 8 },
      { ...PLACE, stream: "cd".repeat(8) },
    ]) {
      assert.equal(seal.open(place, sealed), null);
    }
    assert.equal(quickSeal("two").open(PLACE, sealed), null);
  });

  it("have a length that does not tell that of a short text or name", () => {
    const length = (origin: string, bytes: number) =>
      seal.seal(PLACE, GUID, origin, new Uint8Array(bytes)).bytes.length;
    assert.equal(length("A", 19), length("Another City", 35));
  });

  it("belong to a room whose name comes out of scrypt", async () => {
    const key = keyOf("Open");
    const options = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };
    const material = scryptSync(key, "meshcore-federation sealed room", 112, options);
    assert.equal((await roomSeal(key)).room, material.toString("hex", 0, 16));
  });
});
