import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { RoomError } from "../../../host-bridge/errors.ts";
import { isRealAdvert, keyFile, openBoardKey, stockTimes } from "../../../host-bridge/link/board-key.ts";
import { nodeCrypto } from "../../../host-bridge/node-crypto.ts";
import { parseAdvert, SIGNATURE_AT, signedMessage, verifyAdvert } from "../../../protocol/advert.ts";
import { hexToBytes } from "../../../protocol/bytes.ts";
import { Packet, parsePacket, TYPE_ADVERT } from "../../../protocol/packet.ts";
import { loadVectors } from "../../protocol/vector-file.ts";
import { Scratch } from "../scratch.ts";

interface Vectors {
  identities: { label: string; private_key: string; public_key: string }[];
  adverts: { id: string; identity: string; timestamp: number; app_data: string; payload: string }[];
  negative: { id: string; raw: string; informational?: boolean }[];
}

describe("the key of a board that has none", () => {
  const vectors = loadVectors("adverts.json") as Vectors;
  const scratch = new Scratch();
  let dir: string;
  beforeEach(() => {
    dir = scratch.dir();
  });
  afterEach(() => scratch.clean());

  it("is made once, for its owner's eyes, and another one for another board", () => {
    const key = openBoardKey(dir, "b1").publicKey;
    assert.deepEqual(openBoardKey(dir, "b1").publicKey, key);
    assert.notDeepEqual(openBoardKey(dir, "b2").publicKey, key);
    assert.equal(statSync(keyFile(dir, "b1")).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dir).sort(), ["board-b1.key", "board-b2.key"]);
  });

  it("is made whole where somebody was killed while making one", () => {
    writeFileSync(`${keyFile(dir, "b1")}.0123456789ab`, "0123");
    const key = openBoardKey(dir, "b1").publicKey;
    assert.deepEqual(openBoardKey(dir, "b1").publicKey, key);
  });

  it("signs what MeshCore signs", () => {
    for (const { id, identity, timestamp, app_data, payload } of vectors.adverts) {
      const { private_key } = vectors.identities.find(({ label }) => label === identity) ?? assert.fail();
      writeFileSync(keyFile(dir, id), `${private_key}\n`);
      // Longer app data than MeshCore ever sends has a tail that nobody signs.
      const app = hexToBytes(app_data);
      const advert = openBoardKey(dir, id).advert(timestamp, app);
      assert.equal(Buffer.from(advert).toString("hex"), payload, id);
    }
  });

  it("is refused when the file is damaged, and nothing of the file is told", () => {
    const { private_key } = vectors.identities[0];
    const unclamped = `ff${private_key.slice(2)}`;
    for (const text of ["", "secret", private_key.slice(1), `${private_key}00`, unclamped]) {
      writeFileSync(keyFile(dir, "b1"), text);
      assert.throws(
        () => openBoardKey(dir, "b1"),
        (error: unknown) => {
          assert.ok(error instanceof RoomError);
          assert.equal(error.code, "board_key_unusable");
          const told = JSON.stringify([error.message, error.expected, error.found, error.hint]);
          assert.ok(text === "" || !told.includes(text.slice(0, 20)));
          return true;
        },
      );
      assert.equal(readFileSync(keyFile(dir, "b1"), "latin1"), text, "the file stays as it is");
    }
  });

  it("is not made where there is no place for it", () => {
    assert.throws(() => openBoardKey(`${dir}/gone`, "b1"), { code: "board_key_unusable" });
  });
});

describe("adverts that a host verifies", () => {
  const vectors = loadVectors("adverts.json") as Vectors;

  it("are real when the plain code says so", () => {
    const packet = new Packet();
    let real = 0;
    const frames = vectors.negative.filter(({ informational }) => !informational).map(({ raw }) => hexToBytes(raw));
    for (const { payload } of vectors.adverts) frames.push(hexToBytes(`1100${payload}`));
    for (const frame of frames) {
      if (parsePacket(frame, frame.length, packet) || packet.type !== TYPE_ADVERT || packet.payloadLen < 100) continue;
      const { payloadAt, payloadLen } = packet;
      const signature = frame.slice(payloadAt + SIGNATURE_AT, payloadAt + SIGNATURE_AT + 64);
      const found = isRealAdvert(signedMessage(frame, payloadAt, payloadLen), signature);
      assert.equal(found, verifyAdvert(nodeCrypto, frame, payloadAt, payloadLen));
      if (found) real++;
    }
    assert.ok(real > 10 && real < frames.length, `${real} of ${frames.length}`);
  });

  it("are not when there is no whole key, no signature, or no such point", () => {
    assert.equal(isRealAdvert(new Uint8Array(35), new Uint8Array(64)), false);
    assert.equal(isRealAdvert(new Uint8Array(40), new Uint8Array(3)), false);
    assert.equal(isRealAdvert(new Uint8Array(40).fill(255), new Uint8Array(64)), false);
  });
});

describe("the times of a stock of adverts", () => {
  it("begin with now, go on evenly and then reach far", () => {
    const times = stockTimes(1_800_000_000, 0, 120, 16).map((time) => time - 1_799_999_998);
    assert.deepEqual(times.slice(0, 9), [0, 120, 240, 360, 480, 600, 720, 840, 1080]);
    assert.equal(times.length, 16);
    assert.ok(times[15] > 8 * 3600 && times[15] < 24 * 3600, `${times[15]} s`);
  });

  it("are above the board's last one, whatever its clock was, and end with the timestamps", () => {
    assert.deepEqual(stockTimes(100, 5000, 60, 2), [5001, 5061]);
    assert.deepEqual(stockTimes(100, 0xfffffff0, 10, 8), [0xfffffff1, 0xfffffffb]);
    assert.deepEqual(stockTimes(100, 0, 0, 2), [98, 99]);
  });

  it("make adverts that say what they are asked to", () => {
    const scratch = new Scratch();
    const app = new Uint8Array([0x83, 65, 66]);
    const payload = openBoardKey(scratch.dir(), "b").advert(7, app);
    scratch.clean();
    const advert = parseAdvert(payload, 0, payload.length);
    assert.equal(advert?.timestamp, 7);
    assert.equal(Buffer.from(advert?.name ?? []).toString(), "AB");
  });
});
