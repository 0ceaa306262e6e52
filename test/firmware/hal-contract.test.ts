import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { HOST_SIGNS } from "../../firmware/features.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { complete } from "../../protocol/curve.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { GPIO, LOG, STANDS, type Stand } from "./hal-stands.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

function edPublicKey(seed: Uint8Array): Uint8Array {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}

for (const [title, make] of Object.entries(STANDS)) {
  describe(title, () => {
    let stand: Stand;
    beforeEach(() => {
      stand = make();
    });
    /** As plain numbers: an array of an engine is of another realm. */
    const plain = (bytes: ArrayLike<number>): number[] => Array.from(bytes);

    it("has a time that goes on by itself, in seconds and in milliseconds", () => {
      const { hal } = stand;
      const [s, ms] = [hal.now(), hal.nowMs()];
      stand.advance(2500);
      assert.ok(Math.abs(hal.now() - s - 2.5) < 0.01, `${hal.now() - s} s`);
      assert.ok(Math.abs(hal.nowMs() - ms - 2500) < 10, `${hal.nowMs() - ms} ms`);
      assert.ok(Math.abs(hal.now() * 1000 - hal.nowMs()) < 10);
    });

    it("runs what waits once, in the order of the delays, and never before its time", () => {
      const ran: string[] = [];
      const start = stand.hal.nowMs();
      const at = (name: string, delay: number) =>
        stand.hal.after(() => ran.push(`${name} ${Math.floor((stand.hal.nowMs() - start) / 10)}`), delay);
      at("late", 500);
      at("soon", 100.5);
      at("now", 0);
      assert.deepEqual(ran, [], "nothing runs inside of after()");
      stand.advance(5000);
      assert.deepEqual(ran, ["now 0", "soon 10", "late 50"]);
    });

    it("forgets a timer that is cancelled, and does not mind one that has run", () => {
      const ran: number[] = [];
      const one = stand.hal.after(() => ran.push(1), 10);
      const two = stand.hal.after(() => ran.push(2), 10);
      stand.hal.cancel(one);
      stand.advance(100);
      assert.deepEqual(ran, [2]);
      const three = stand.hal.after(() => ran.push(3), 10);
      stand.hal.cancel(two);
      stand.advance(100);
      assert.deepEqual(ran, [2, 3]);
      assert.notEqual(three, two);
    });

    it("goes on after an error in a timer", () => {
      const ran: number[] = [];
      stand.hal.after(() => {
        throw new Error("as expected by the test");
      }, 10);
      stand.hal.after(() => ran.push(1), 20);
      stand.advance(100);
      assert.deepEqual(ran, [1]);
      assert.equal(stand.errors(), 1);
    });

    it("draws whole numbers of 32 bits", () => {
      const drawn = stand.hal.random();
      assert.ok(Number.isInteger(drawn) && drawn >= 0 && drawn <= 0xffffffff, `${drawn}`);
    });

    it("takes and gives every byte on the serial line, in order", () => {
      let text = "";
      stand.hal.openSerial((piece) => {
        text += piece;
      });
      for (let i = 0; i < 4; i++) stand.receive(ALL_BYTES);
      stand.advance(100);
      assert.deepEqual(Buffer.from(text, "latin1"), Buffer.concat([ALL_BYTES, ALL_BYTES, ALL_BYTES, ALL_BYTES]));
      // Behind what the engine's own prompt had to say before.
      const before = stand.sent().length;
      stand.hal.after(() => {
        stand.hal.print(Buffer.from(ALL_BYTES).toString("latin1"));
        stand.hal.print("more");
        stand.hal.print("");
      }, 0);
      stand.advance(100);
      assert.deepEqual(stand.sent().subarray(before), Buffer.concat([ALL_BYTES, Buffer.from("more")]));
    });

    it("turns bytes into text and back", () => {
      const text = stand.hal.toText(stand.bytes(ALL_BYTES));
      assert.deepEqual(Buffer.from(text, "latin1"), Buffer.from(ALL_BYTES));
      assert.deepEqual(plain(stand.hal.toBytes(text)), plain(ALL_BYTES));
    });

    it("powers the rails in order, then sets every pin of the radio to its idle level", () => {
      stand.hal.powerUp();
      const { power, other, nss, rxen, led } = GPIO;
      assert.deepEqual(stand.written(), [
        [power, 1],
        [other, 0],
        [nss, 1],
        [rxen, 1],
        [led, 1],
      ]);
      assert.deepEqual(stand.spiSetup(), { pins: [GPIO.sck, GPIO.miso, GPIO.mosi], hz: 2e6 });
    });

    it("drives reset, receive path and light, each by its level", () => {
      const { hal } = stand;
      hal.reset(0);
      hal.reset(1);
      hal.receivePath(false);
      hal.receivePath(true);
      hal.led(true);
      hal.led(false);
      const { reset, rxen, led } = GPIO;
      const pins = [reset, reset, rxen, rxen, led, led];
      assert.deepEqual(
        stand.written(),
        pins.map((pin, i) => [pin, i % 2]),
      );
    });

    it("speaks to the radio in one select cycle, and hands out an answer of its own", () => {
      const { hal } = stand;
      hal.powerUp();
      const out = stand.bytes([0x1d, 8, 0xac, 0, 0]);
      hal.write(stand.bytes([0x80, 0]));
      const first = hal.transfer(out);
      const second = hal.transfer(out);
      assert.deepEqual(plain(first), [0xe2, 0xf7, 0x53, 0xff, 0xff]);
      first[0] = 1;
      assert.deepEqual([second[0], out[0]], [0xe2, 0x1d]);
      assert.deepEqual(stand.spiData(), [
        [GPIO.nss, 0x80, 0],
        [GPIO.nss, 0x1d, 8, 0xac, 0, 0],
        [GPIO.nss, 0x1d, 8, 0xac, 0, 0],
      ]);
    });

    it("waits for BUSY a tenth of a second, once", () => {
      const { hal } = stand;
      hal.powerUp();
      stand.level(GPIO.busy, 1);
      const start = hal.nowMs();
      hal.write(stand.bytes([1]));
      assert.equal(hal.stuck, true);
      const waited = hal.nowMs() - start;
      assert.ok(waited >= 100 && waited < 120, `${waited} ms`);
      hal.write(stand.bytes([2]));
      assert.ok(hal.nowMs() - start - waited < 10, "not again");
      hal.stuck = false;
      stand.level(GPIO.busy, 0);
      hal.write(stand.bytes([3]));
      assert.equal(hal.stuck, false);
    });

    it("tells of a rising DIO1 from the loop, each time", () => {
      let edges = 0;
      stand.hal.powerUp();
      stand.hal.watchDio1(() => edges++);
      assert.equal(stand.hal.isDio1(), false);
      stand.rise(GPIO.dio1);
      assert.equal(edges, 0);
      stand.advance(10);
      assert.deepEqual([edges, stand.hal.isDio1()], [1, true]);
      stand.level(GPIO.dio1, 0);
      stand.rise(GPIO.dio1);
      stand.advance(10);
      assert.equal(edges, 2);
    });

    it("computes SHA-2, AES and CRC-32 as plain TypeScript does", () => {
      const soft = softCrypto();
      const { crypto } = stand.hal;
      for (const length of [0, 1, 55, 56, 64, 111, 112, 176, 255]) {
        const data = ALL_BYTES.slice(0, length);
        assert.deepEqual(plain(crypto.sha256(stand.bytes(data))), plain(soft.sha256(data)), `sha256 of ${length}`);
        assert.deepEqual(plain(crypto.sha512(stand.bytes(data))), plain(soft.sha512(data)), `sha512 of ${length}`);
        assert.equal(stand.hal.crc32(stand.bytes(data)), crc32(data), `crc32 of ${length}`);
      }
      const key = ALL_BYTES.slice(100, 116);
      for (const length of [16, 176]) {
        const expected = new Uint8Array(length);
        soft.aesEncrypt(key, ALL_BYTES.slice(0, length), expected);
        const data = stand.bytes(ALL_BYTES.slice(0, length));
        const out = stand.bytes(new Uint8Array(length));
        crypto.aesEncrypt(stand.bytes(key), data, out);
        assert.deepEqual(plain(out), plain(expected));
        // Into itself.
        crypto.aesDecrypt(stand.bytes(key), out, out);
        assert.deepEqual(plain(out), plain(data));
      }
    });

    it("gives new memory for each digest, and takes a part of a larger array", () => {
      const { crypto } = stand.hal;
      const whole = stand.bytes(ALL_BYTES);
      const part = new (whole.constructor as typeof Uint8Array)(whole.buffer, 16, 32);
      const one = crypto.sha256(part);
      const before = plain(one);
      crypto.sha256(whole);
      assert.deepEqual(plain(one), before);
      assert.deepEqual(before, plain(softCrypto().sha256(ALL_BYTES.slice(16, 48))));
      assert.equal(stand.hal.crc32(part), crc32(ALL_BYTES.slice(16, 48)));
    });

    it("signs and verifies where that is the board's to do, and knows a changed message", () => {
      // Sources without a build's switches are those of a board whose host signs.
      if (HOST_SIGNS && title.startsWith("EspruinoHal")) {
        assert.throws(() => stand.hal.curve(), /the curve is the host's/);
        return;
      }
      const curve = stand.hal.curve()() ?? assert.fail();
      const key = stand.hal.crypto.sha512(stand.bytes(ALL_BYTES.slice(0, 32)));
      key[0] &= 0xf8;
      key[31] = (key[31] & 0x3f) | 0x40;
      const mine = complete(curve.publicKey(key));
      // RFC 8032 has no such seed: Node's own Ed25519 is the second opinion.
      assert.deepEqual(plain(mine), plain(edPublicKey(ALL_BYTES.slice(0, 32))));
      const signature = complete(curve.sign(key, mine, stand.bytes([1, 2, 3])));
      assert.equal(signature.length, 64);
      assert.equal(complete(curve.verify(mine, stand.bytes([1, 2, 3]), signature)), true);
      assert.equal(complete(curve.verify(mine, stand.bytes([1, 2, 4]), signature)), false);
    });

    it("keeps words in flash: writing clears bits, erasing a page sets them all", () => {
      const { flash } = stand.hal;
      if (!flash) {
        assert.match(title, /only what it must/);
        return;
      }
      const at = LOG + 4096;
      assert.deepEqual(plain(flash.read(8, at - 4)), [255, 255, 255, 255, 255, 255, 255, 255]);
      flash.write(stand.bytes([1, 2, 3, 4, 5, 6, 7, 8]), at - 4);
      flash.write(stand.bytes([5, 0, 7, 0]), at);
      assert.deepEqual(plain(flash.read(6, at - 4)), [1, 2, 3, 4, 5, 0]);
      const answer = flash.read(4, at);
      answer[0] = 99;
      flash.erasePage(at);
      assert.deepEqual(plain(flash.read(12, at - 4)), [1, 2, 3, 4, ...new Array(8).fill(255)]);
    });

    it("hands on what no code has caught, where it can", () => {
      const caught: unknown[] = [];
      stand.hal.onError((error) => caught.push((error as Error).message));
      stand.hal.after(() => {
        throw new Error("as expected by the test");
      }, 1);
      stand.advance(100);
      assert.deepEqual(caught, /only what it must/.test(title) ? [] : ["as expected by the test"]);
      stand.hal.watchdog(30);
      stand.hal.kick();
      assert.equal(stand.hal.hasOverflowed(), false);
    });

    it("says what it runs on, and how much memory there is", () => {
      const { hal } = stand;
      assert.ok(hal.engine.length > 3 && hal.engine.length < 40);
      assert.equal(hal.bundleHash.length, 32);
      const { free, total } = hal.memory();
      assert.ok(free >= 0 && free <= total);
      hal.tidy();
    });
  });
}
