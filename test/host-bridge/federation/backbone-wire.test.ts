import assert from "node:assert/strict";
import { RoomError } from "../../../host-bridge/errors.ts";
import { type BackboneRecord, decodeRecord, encodeRecord } from "../../../host-bridge/federation/backbone-wire.ts";
import { bytes, SEED, seeded, whole } from "../../protocol/random.ts";

const room = "0f".repeat(16);
const place = { stream: "ab".repeat(8), seq: 7 };
const RECORDS: BackboneRecord[] = [
  { kind: "message", room, ...place, bornAt: 1_790_000_000_000, id: "cd".repeat(16), bytes: new Uint8Array(29) },
  { kind: "message", room, ...place, seq: 2 ** 53 - 1, bornAt: 0, id: "cd".repeat(16), bytes: new Uint8Array(476) },
  { kind: "places", room, places: [place, { ...place, seq: 0 }] },
  { kind: "marks", room, places: [] },
  { kind: "room", room, bringer: "ef".repeat(32) },
];

describe("records of a backbone", () => {
  it("come back as they went", () => {
    for (const record of RECORDS) {
      const { subject, data } = encodeRecord("hub", record);
      assert.equal(subject, `hub.${record.kind}.${room}`);
      assert.deepEqual(decodeRecord(subject, data), record);
    }
  });

  it("of a kind or a room that nobody knows are passed over", () => {
    const { data } = encodeRecord("hub", RECORDS[0]);
    for (const subject of ["hub.later", `hub.later.${room}`, "hub.message", "hub.message.x", `hub.toString.${room}`]) {
      assert.equal(decodeRecord(subject, data), null);
    }
  });

  it("with a length that no bridge writes are refused", () => {
    for (const length of [28, 477]) {
      const { subject, data } = encodeRecord("hub", { ...RECORDS[0], bytes: new Uint8Array(length) } as BackboneRecord);
      assert.throws(() => decodeRecord(subject, data), { code: "peer_malformed" });
    }
  });

  it(`are decoded or refused, whatever the bytes are, seed ${SEED}`, () => {
    const random = seeded();
    for (let i = 0; i < 5000; i++) {
      const { subject, data } = encodeRecord("hub", RECORDS[i % RECORDS.length]);
      const changed = i % 2 === 0 ? bytes(random, whole(random, 0, 60)) : Uint8Array.from(data);
      if (i % 2 === 1) changed[whole(random, 0, changed.length - 1)] = random.bits() & 255;
      try {
        assert.equal(decodeRecord(subject, changed)?.room, room);
      } catch (error) {
        assert.ok(error instanceof RoomError && error.code === "peer_malformed", String(error));
      }
    }
  });
});
