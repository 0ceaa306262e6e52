import assert from "node:assert/strict";
import type { BoardFacts } from "../../firmware/hal.ts";
import { JerryHal, type Native } from "../../firmware/hal-jerry.ts";
import { complete } from "../../protocol/curve.ts";
import { bareNative, FakeNative, OPTIONAL } from "./fake-native.ts";
import { asNumber, boardFacts, GPIO } from "./hal-stands.ts";

const hal = (host: FakeNative, more: Partial<BoardFacts> = {}) => new JerryHal(host, boardFacts(asNumber, more));

describe("JerryHal", () => {
  it("refuses a host of another version, and says which", () => {
    const host = new FakeNative();
    Object.assign(host, { version: 2 });
    assert.throws(() => hal(host), /native\.version is 2, this bundle needs 1/);
  });

  it("uses the host's crypto and checksum where it has them", () => {
    const host = new FakeNative();
    const { crypto, crc32 } = hal(host);
    const block = new Uint8Array(16);
    crypto.sha256(block);
    crypto.sha512(block);
    crypto.aesEncrypt(block, block, new Uint8Array(16));
    crypto.aesDecrypt(block, block, new Uint8Array(16));
    crc32(block);
    assert.deepEqual(host.calls, ["sha256", "sha512", "aes", "aes", "crc32"]);
  });

  for (const name of OPTIONAL) {
    it(`works on a host that lacks ${name} alone`, () => {
      const host = new FakeNative();
      delete (host as Partial<Record<keyof Native, unknown>>)[name];
      const one = hal(host);
      one.powerUp();
      one.openSerial(() => undefined);
      one.crypto.sha256(new Uint8Array(3));
      one.crypto.sha512(new Uint8Array(3));
      one.crypto.aesEncrypt(new Uint8Array(16), new Uint8Array(16), new Uint8Array(16));
      assert.equal(one.crc32(new Uint8Array(3)), 0xff41d912);
      one.memory();
      one.tidy();
      one.batteryMv();
      one.onError(() => undefined);
      one.watchdog(30);
      one.kick();
      one.repl();
    });
  }

  it("tells the hash of its code, memory and battery where the host knows them, else zeros", () => {
    const one = hal(new FakeNative());
    assert.deepEqual(one.bundleHash, new Uint8Array(32).fill(7));
    assert.deepEqual(one.memory(), { free: 1000, total: 5000 });
    assert.equal(one.batteryMv(), 2 * (1000 + GPIO.battery));
    const bare = hal(bareNative());
    assert.deepEqual(bare.bundleHash, new Uint8Array(32));
    assert.deepEqual(bare.memory(), { free: 0, total: 0 });
    assert.equal(bare.batteryMv(), 0);
    const none = hal(new FakeNative(), { battery: { pin: -1, multiplier: 0 } });
    assert.equal(none.batteryMv(), 0);
  });

  it("takes 32 bits of the host's chance, tidies and reboots by the host", () => {
    const host = new FakeNative();
    const one = hal(host);
    host.random = () => -1;
    assert.equal(one.random(), 0xffffffff);
    one.tidy();
    one.reboot();
    assert.deepEqual(host.calls, ["tidy", "reboot"]);
  });

  it("leaves the curve to a host with all three of its functions", () => {
    const key = new Uint8Array(64).fill(72);
    const host = new FakeNative();
    const curve = hal(host).curve()() ?? assert.fail();
    const mine = complete(curve.publicKey(key));
    const signature = complete(curve.sign(key, mine, key));
    assert.equal(complete(curve.verify(mine, key, signature)), true);
    assert.deepEqual(host.calls, ["edPublic", "edSign", "edVerify"]);
    for (const name of ["edPublic", "edSign", "edVerify"] as const) {
      const lame = new FakeNative();
      delete lame[name];
      complete((hal(lame).curve()() ?? assert.fail()).publicKey(key));
      assert.deepEqual(
        lame.calls.filter((call) => call.startsWith("ed")),
        [],
      );
    }
  });

  it("has flash only from a host with all three of its functions", () => {
    for (const name of ["flashRead", "flashWrite", "flashErase"] as const) {
      const host = new FakeNative();
      delete host[name];
      assert.equal(hal(host).flash, null);
    }
  });

  it("hands watchdog and memory words through", () => {
    const host = new FakeNative();
    const one = hal(host);
    one.watchdog(30);
    one.kick();
    assert.deepEqual(host.calls, ["watchdog 30", "kick"]);
    assert.equal(one.peek(7), 8);
    assert.equal(hal(bareNative()).peek(7), 0);
  });

  it("opens USB where the board has no UART, else its pins, and gives the line back", () => {
    const usb = new FakeNative();
    hal(usb).openSerial(() => undefined);
    assert.deepEqual(usb.serial.setup, [-1, -1, 115200]);
    const uart = new FakeNative();
    const one = hal(uart, { rx: 44, tx: 43 });
    let text = "";
    one.openSerial((piece) => {
      text += piece;
    });
    assert.deepEqual(uart.serial.setup, [44, 43, 115200]);
    uart.receive(Buffer.from("abc"));
    one.repl();
    uart.receive(Buffer.from("def"));
    assert.equal(text, "abc");
  });

  it("reads once for each call of the host, so that other events have their turn", () => {
    const host = new FakeNative();
    const pieces: number[] = [];
    hal(host).openSerial((piece) => pieces.push(piece.length));
    host.receive(new Uint8Array(1200));
    assert.deepEqual(pieces, [512, 512, 176]);
  });

  it("has no pin 0 mistaken for none", () => {
    const host = new FakeNative();
    const one = hal(host, { led: { pin: 0, active: 1 }, battery: { pin: 0, multiplier: 1 } });
    one.led(true);
    assert.deepEqual(host.written, [[0, 1]]);
    assert.equal(one.batteryMv(), 1000);
  });

  it("touches no pin that the board does not have", () => {
    const host = new FakeNative();
    const facts = boardFacts(asNumber);
    const one = hal(host, { radio: { ...facts.radio, rxen: -1 }, led: { pin: -1, active: 0 } });
    one.receivePath(true);
    one.led(true);
    assert.deepEqual(host.written, []);
  });

  it("writes a power chip's registers before the rails, and goes on when it does not answer", () => {
    const pmu = { sda: 42, scl: 41, address: 0x34, writes: [[0x90, 4] as const, [0x94, 0x1c] as const] };
    const host = new FakeNative();
    hal(host, { pmu }).powerUp();
    assert.deepEqual(host.i2c, [
      { pins: [42, 41], address: 0x34, bytes: [0x90, 4] },
      { pins: [42, 41], address: 0x34, bytes: [0x94, 0x1c] },
    ]);
    const silent = new FakeNative();
    silent.i2cAnswers = false;
    hal(silent, { pmu }).powerUp();
    assert.equal(silent.spi.setup.length, 4);
    assert.throws(() => hal(bareNative(), { pmu }).powerUp(), /this board needs native\.i2cWrite/);
  });

  for (const [kind, level, pin] of [
    ["low", 0, 46],
    ["high", 1, 5],
  ] as const) {
    it(`asks the amplifier its kind, finds ${kind}, and drives that kind's pin`, () => {
      const host = new FakeNative();
      host.levels.set(2, level);
      const radio = { ...boardFacts(asNumber).radio, rxen: -1 };
      const one = hal(host, { radio, frontEnd: { enable: 2, waitMs: 2, txPins: [46, 5] } });
      const start = host.now();
      one.powerUp();
      assert.ok(host.now() - start >= 2, "its supply has had time");
      assert.equal(host.inputs[0], 2);
      one.receivePath(false);
      assert.deepEqual(
        host.written.filter(([each]) => each === 2 || each === pin),
        [
          [2, 1],
          [pin, 0],
          [pin, 1],
        ],
      );
    });
  }

  it("has its parts with it", () => {
    assert.throws(() => hal(new FakeNative()).library(), /bug/);
    assert.throws(() => hal(new FakeNative()).evaluate(), /bug/);
  });
});
