// The native AES routine: its C source on the host, and the Thumb code that was made of it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AES_BLOB, AES_DECRYPT, AES_ENCRYPT } from "../../firmware/native/aes-blob.ts";
import { bytes, SEED, seeded, whole } from "../protocol/random.ts";
import { describeBlob } from "./blob.ts";
import { compiler, noCompiler, withCompiler } from "./compiler.ts";

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const answer = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: "utf8" });
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** FIPS 197, appendix B and appendix C.1. */
const VECTORS = [
  {
    key: hex("2b7e1516 28aed2a6 abf71588 09cf4f3c"),
    plain: hex("3243f6a8 885a308d 313198a2 e0370734"),
    cipher: hex("3925841d 02dc09fb dc118597 196a0b32"),
  },
  {
    key: hex("00010203 04050607 08090a0b 0c0d0e0f"),
    plain: hex("00112233 44556677 8899aabb ccddeeff"),
    cipher: hex("69c4e0d8 6a7b0430 d8cdb780 70b4c55a"),
  },
];

interface Request {
  backwards: boolean;
  key: Buffer;
  data: Buffer;
  /** Bytes that the output holds. */
  room: number;
  /** 1, 2, 4: address 0 for key, data, output. */
  missing?: number;
}

/** The request as aes-host.c reads it. */
function encode(request: Request): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(request.backwards ? 1 : 0, 0);
  head.writeUInt32LE(((request.room << 16) | request.data.length) >>> 0, 4);
  head.writeUInt32LE(request.missing ?? 0, 8);
  return Buffer.concat([head, request.key, request.data]);
}

describe("aes.c on this machine", () => {
  let folder = "";
  let program = "";

  before(() => {
    if (!compiler) return;
    folder = mkdtempSync(join(tmpdir(), "meshcore-room-aes-"));
    program = join(folder, "aes");
    const made = answer("cc", "-O1", "-o", program, file("../../firmware/native/aes.c"), file("aes-host.c"));
    assert.equal(made.status, 0, made.stderr);
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  /** The result and the output buffer of each request. */
  function run(requests: Request[]): { result: number; out: Buffer }[] {
    const done = spawnSync(program, { input: Buffer.concat(requests.map(encode)), maxBuffer: 2 ** 26 });
    assert.equal(done.status, 0);
    let at = 0;
    return requests.map(({ room }) => {
      const result = done.stdout.readUInt32LE(at);
      const out = done.stdout.subarray(at + 4, at + 4 + room);
      at += 4 + room;
      return { result, out };
    });
  }

  withCompiler(`agrees with the vectors of FIPS 197 both ways${noCompiler}`, () => {
    for (const { key, plain, cipher } of VECTORS) {
      const [there, back] = run([
        { backwards: false, key, data: plain, room: 16 },
        { backwards: true, key, data: cipher, room: 16 },
      ]);
      assert.deepEqual(there, { result: 0, out: cipher });
      assert.deepEqual(back, { result: 0, out: plain });
    }
  });

  withCompiler(`agrees with node:crypto on 500 random messages of 0 to 12 blocks, seed ${SEED}${noCompiler}`, () => {
    const random = seeded();
    const some = (length: number) => Buffer.from(bytes(random, length));
    const messages = Array.from({ length: 500 }, () => ({ key: some(16), plain: some(16 * whole(random, 0, 12)) }));
    const ciphers = messages.map(({ key, plain }) =>
      createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(plain),
    );
    const there = run(messages.map(({ key, plain }) => ({ backwards: false, key, data: plain, room: plain.length })));
    const back = run(
      messages.map(({ key }, i) => ({ backwards: true, key, data: ciphers[i], room: ciphers[i].length })),
    );
    messages.forEach(({ plain }, i) => {
      assert.deepEqual(there[i], { result: 0, out: ciphers[i] }, `message ${i} of seed ${SEED}, encrypted`);
      assert.deepEqual(back[i], { result: 0, out: plain }, `message ${i} of seed ${SEED}, decrypted`);
    });
  });

  withCompiler(`leaves what lies behind the last block alone${noCompiler}`, () => {
    const { key, plain, cipher } = VECTORS[0];
    const [done] = run([{ backwards: false, key, data: plain, room: 40 }]);
    assert.deepEqual(done, { result: 0, out: Buffer.concat([cipher, Buffer.alloc(24, 0xee)]) });
  });

  withCompiler(`refuses half a block, a short output and address 0, and writes nothing${noCompiler}`, () => {
    const { key, plain } = VECTORS[0];
    const good = { key, data: plain, room: 16 };
    for (const backwards of [false, true]) {
      const answers = run([
        { ...good, backwards, data: plain.subarray(0, 15) },
        { ...good, backwards, data: Buffer.concat([plain, Buffer.alloc(1)]), room: 32 },
        { ...good, backwards, room: 15 },
        { ...good, backwards, missing: 1 },
        { ...good, backwards, missing: 2 },
        { ...good, backwards, missing: 4 },
      ]);
      for (const { result, out } of answers) {
        assert.equal(result, 1);
        assert.deepEqual(out, Buffer.alloc(out.length, 0xee));
      }
    }
  });
});

describeBlob("aes", AES_BLOB, [AES_ENCRYPT, AES_DECRYPT], 1024);
