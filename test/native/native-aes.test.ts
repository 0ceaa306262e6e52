// native-aes.ts over an engine that keeps short arrays in pieces and moves the others at every chance.
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { AES_BLOB, AES_DECRYPT, AES_ENCRYPT } from "../../firmware/native/aes-blob.ts";
import { type NativeEngine, nativeAes } from "../../firmware/native/native-aes.ts";

/** Espruino 2v29: an array below this length is not in one piece. */
const SHORTEST_FLAT = 20;

/** E.nativeCall and E.getAddressOf over pretended addresses; the routine itself is node:crypto with the rules of aes.c. */
class PretendedEngine implements NativeEngine {
  /** Where each buffer lies now. */
  private places = new Map<ArrayBufferLike, number>();
  private nextPlace = 0x20000000;
  calls = 0;

  getAddressOf = (data: unknown, flat: boolean): number => {
    assert.equal(flat, true);
    if (!(data instanceof Uint8Array) || data.buffer.byteLength < SHORTEST_FLAT) return 0;
    let place = this.places.get(data.buffer);
    if (place === undefined) {
      place = this.nextPlace;
      this.nextPlace += 0x10000;
      this.places.set(data.buffer, place);
    }
    return place + data.byteOffset;
  };

  nativeCall = (entry: number, signature: string, code: string) => {
    assert.equal(signature, "int(int,int,int,int)");
    assert.equal(Buffer.from(code, "latin1").toString("base64"), AES_BLOB);
    assert.ok(entry === AES_ENCRYPT || entry === AES_DECRYPT);
    return (sizes: number, key: number, data: number, out: number): number => {
      this.calls++;
      const size = sizes & 0xffff;
      const refused = !key || !data || !out || size % 16 !== 0 || size > sizes >>> 16;
      if (!refused) {
        const make = entry === AES_ENCRYPT ? createCipheriv : createDecipheriv;
        const cipher = make("aes-128-ecb", this.at(key, 16), null).setAutoPadding(false);
        this.at(out, size).set(cipher.update(this.at(data, size)));
      }
      this.places.clear(); // Everything moves: an address from before this call leads nowhere.
      return refused ? 1 : 0;
    };
  };

  atob = (text: string): string => Buffer.from(text, "base64").toString("latin1");

  private at(address: number, length: number): Uint8Array {
    for (const [buffer, place] of this.places) {
      const offset = address - place;
      if (offset >= 0 && offset + length <= buffer.byteLength) return new Uint8Array(buffer, offset, length);
    }
    throw new Error(`nothing lies at address ${address}`);
  }
}

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 7);
const PLAIN = Uint8Array.from({ length: 176 }, (_, i) => i ^ 0x5a);
const CIPHER = new Uint8Array(createCipheriv("aes-128-ecb", KEY, null).setAutoPadding(false).update(PLAIN));

/** `bytes` in the middle of a longer array. */
function inside(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + 40);
  whole.set(bytes, 13);
  return new Uint8Array(whole.buffer, 13, bytes.length);
}

describe("AES through the engine's native call", () => {
  it("works on views, in place, with addresses that change after each call", () => {
    const engine = new PretendedEngine();
    const aes = nativeAes(engine);
    const key = inside(KEY);
    const data = inside(PLAIN);
    for (let i = 0; i < 3; i++) {
      aes.aesEncrypt(key, data, data);
      assert.deepEqual(data, CIPHER);
      aes.aesDecrypt(key, data, data);
      assert.deepEqual(data, PLAIN);
    }
    assert.equal(engine.calls, 6, "one native call for each message");
  });

  it("copies a key that lies in pieces", () => {
    const engine = new PretendedEngine();
    const out = new Uint8Array(200);
    nativeAes(engine).aesDecrypt(KEY, CIPHER, out);
    assert.deepEqual(out.subarray(0, 176), PLAIN);
    assert.deepEqual(out.subarray(176), new Uint8Array(24));
    assert.equal(engine.calls, 2);
  });

  it("copies data and output that lie in pieces", () => {
    const aes = nativeAes(new PretendedEngine());
    const out = new Uint8Array(16);
    aes.aesEncrypt(KEY, PLAIN.slice(0, 16), out);
    assert.deepEqual(out, CIPHER.slice(0, 16));
    aes.aesDecrypt(KEY, out, out);
    assert.deepEqual(out, PLAIN.slice(0, 16));
  });

  it("copies data of any number of blocks when only the output lies in pieces", () => {
    const engine = new PretendedEngine();
    // An engine short of memory keeps long arrays in pieces as well.
    const pieces = new Uint8Array(176);
    const flat = engine.getAddressOf;
    engine.getAddressOf = (data, inOnePiece) => (data === pieces ? 0 : flat(data, inOnePiece));
    const aes = nativeAes(engine);
    for (let blocks = 0; blocks <= 11; blocks++) {
      pieces.fill(0);
      aes.aesEncrypt(inside(KEY), PLAIN.subarray(0, 16 * blocks), pieces);
      assert.deepEqual(pieces.subarray(0, 16 * blocks), CIPHER.subarray(0, 16 * blocks));
      assert.deepEqual(pieces.subarray(16 * blocks), new Uint8Array(176 - 16 * blocks));
    }
    aes.aesDecrypt(KEY, CIPHER, pieces);
    assert.deepEqual(pieces, PLAIN);
  });

  it("throws on half a block, a short output and a short key, and writes nothing", () => {
    const aes = nativeAes(new PretendedEngine());
    const out = new Uint8Array(175);
    assert.throws(() => aes.aesEncrypt(inside(KEY), PLAIN, out), /bug: AES with a key of 16 bytes from 176 to 175/);
    assert.throws(() => aes.aesEncrypt(inside(KEY), PLAIN.subarray(0, 40), out), /bug: AES .* from 40 to 175/);
    assert.throws(() => aes.aesEncrypt(KEY.subarray(0, 15).slice(), PLAIN.subarray(0, 32), out), /key of 15 bytes/);
    assert.deepEqual(out, new Uint8Array(175));
  });

  it("throws when the engine has no memory in one piece", () => {
    const engine = new PretendedEngine();
    const { atob, getAddressOf, nativeCall } = engine;
    assert.throws(() => nativeAes({ atob, nativeCall, getAddressOf: () => 0 }), /no memory in one piece/);
    assert.throws(() => nativeAes({ atob, getAddressOf, nativeCall: () => undefined }), /no memory in one piece/);
  });
});
