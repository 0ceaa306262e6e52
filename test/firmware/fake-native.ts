// A JerryScript host for tests, written from docs/jerryscript.md: virtual time, wires that the test holds, and a watch over the
// rules of the interface (whole numbers, no array kept, callbacks from the loop alone).
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import type { Native } from "../../firmware/hal-jerry.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { complete } from "../../protocol/curve.ts";
import { softCurve } from "../../protocol/curve25519.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { VirtualClock } from "../../simulator/clock.ts";
import { Flash } from "../../simulator/flash.ts";

/** A call takes so long, that the firmware's waiting loops end. */
const CALL_MS = 0.05;

const CURVE = softCurve(softCrypto());

export class FakeNative implements Native {
  readonly version: number = 1;
  readonly engine = "JerryScript 3.0 (test)";
  readonly clock = new VirtualClock();
  readonly levels = new Map<number, number>();
  readonly written: [pin: number, level: number][] = [];
  readonly inputs: number[] = [];
  readonly spi: { setup: number[]; data: { nss: number; out: Uint8Array }[] } = { setup: [], data: [] };
  readonly i2c: { pins: number[]; address: number; bytes: number[] }[] = [];
  readonly serial: { setup: number[]; out: Buffer; waiting: Buffer } = {
    setup: [],
    out: Buffer.alloc(0),
    waiting: Buffer.alloc(0),
  };
  /** Errors that came out of callbacks; the host goes on. */
  readonly errors: unknown[] = [];
  readonly calls: string[] = [];
  readonly flash = new Flash(0xa0000, 8);
  i2cAnswers = true;
  private spent = 0;
  private busy = false;
  private readonly timers = new Map<number, () => void>();
  private readonly watches = new Map<number, () => void>();
  private lastId = 0;
  private onUncaught: ((error: unknown) => void) | null = null;
  private onData: (() => void) | null = null;

  /** One callback at a time, never out of a call of the firmware's. */
  private enter(fn: () => void): void {
    assert.equal(this.busy, false, "a callback inside of another");
    this.busy = true;
    try {
      fn();
    } catch (error) {
      this.errors.push(error);
      this.onUncaught?.(error);
    } finally {
      this.busy = false;
    }
  }

  now = (): number => {
    this.spent += CALL_MS;
    return this.clock.nowMs() + this.spent;
  };

  after = (fn: () => void, delayMs: number): number => {
    whole(delayMs);
    const id = ++this.lastId;
    const cancel = this.clock.after(delayMs, () => {
      this.timers.delete(id);
      this.enter(fn);
    });
    this.timers.set(id, cancel);
    return id;
  };

  cancel = (id: number): void => {
    this.timers.get(whole(id))?.();
    this.timers.delete(id);
  };

  random = (): number => 0xfedcba98;

  pinInput = (pin: number): void => {
    this.inputs.push(whole(pin));
  };

  pinRead = (pin: number): number => this.levels.get(whole(pin)) ?? 0;

  pinWrite = (pin: number, level: number): void => {
    assert.ok(level === 0 || level === 1, `level ${level}`);
    this.written.push([whole(pin), level]);
  };

  pinWatch = (pin: number, fn: () => void): void => {
    this.watches.set(whole(pin), fn);
  };

  millivolts? = (pin: number): number => 1000 + whole(pin);

  spiOpen = (sck: number, miso: number, mosi: number, hz: number): void => {
    this.spi.setup.push(whole(sck), whole(miso), whole(mosi), whole(hz));
  };

  spiTransfer = (nss: number, out: Uint8Array, into: Uint8Array | null): void => {
    this.spi.data.push({ nss, out: new Uint8Array(bytes(out)) });
    if (into === null) return;
    assert.equal(bytes(into).length, out.length);
    for (let i = 0; i < out.length; i++) into[i] = 255 - out[i];
  };

  i2cWrite? = (sda: number, scl: number, address: number, data: Uint8Array): void => {
    if (!this.i2cAnswers) throw new Error("nobody answers");
    this.i2c.push({ pins: [sda, scl], address, bytes: [...bytes(data)] });
  };

  serialOpen = (rx: number, tx: number, baud: number, fn: () => void): void => {
    this.serial.setup.push(rx, tx, whole(baud));
    this.onData = fn;
  };

  serialRead = (into: Uint8Array): number => {
    const some = this.serial.waiting.subarray(0, bytes(into).length);
    into.set(some);
    this.serial.waiting = this.serial.waiting.subarray(some.length);
    return some.length;
  };

  serialWrite = (data: Uint8Array): void => {
    this.serial.out = Buffer.concat([this.serial.out, bytes(data)]);
  };

  serialClose? = (): void => {
    this.onData = null;
  };

  sha256? = (data: Uint8Array, into: Uint8Array): void => {
    this.calls.push("sha256");
    assert.equal(into.length, 32);
    into.set(createHash("sha256").update(bytes(data)).digest());
  };

  sha512? = (data: Uint8Array, into: Uint8Array): void => {
    this.calls.push("sha512");
    assert.equal(into.length, 64);
    into.set(createHash("sha512").update(bytes(data)).digest());
  };

  aes? = (key: Uint8Array, data: Uint8Array, into: Uint8Array, decrypt: boolean): void => {
    this.calls.push("aes");
    const cipher = decrypt ? createDecipheriv("aes-128-ecb", key, null) : createCipheriv("aes-128-ecb", key, null);
    into.set(cipher.setAutoPadding(false).update(new Uint8Array(bytes(data))));
  };

  crc32? = (data: Uint8Array): number => {
    this.calls.push("crc32");
    return crc32(bytes(data));
  };

  edPublic? = (privateKey: Uint8Array, into: Uint8Array): void => {
    this.calls.push("edPublic");
    into.set(complete(CURVE.publicKey(privateKey)));
  };

  edSign? = (privateKey: Uint8Array, publicKey: Uint8Array, message: Uint8Array, into: Uint8Array): void => {
    this.calls.push("edSign");
    into.set(complete(CURVE.sign(privateKey, publicKey, message)));
  };

  edVerify? = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
    this.calls.push("edVerify");
    return complete(CURVE.verify(publicKey, message, signature));
  };

  codeHash? = (into: Uint8Array): void => {
    into.fill(7);
  };

  heapFree? = (): number => 1000;
  heapTotal? = (): number => 5000;

  flashRead? = (address: number, into: Uint8Array): void => {
    into.set(this.flash.read(whole(address), bytes(into).length));
  };

  flashWrite? = (address: number, data: Uint8Array): void => {
    this.flash.write(whole(address), bytes(data));
  };

  flashErase? = (address: number): void => {
    assert.equal(address % 4096, 0);
    this.flash.erase(address);
  };

  watchdog? = (seconds: number): void => {
    this.calls.push(`watchdog ${whole(seconds)}`);
  };

  kick? = (): void => {
    this.calls.push("kick");
  };

  onError? = (fn: (error: unknown) => void): void => {
    this.onUncaught = fn;
  };

  peek? = (address: number): number => address + 1;

  tidy? = (): void => {
    this.calls.push("tidy");
  };

  reboot = (): void => {
    this.calls.push("reboot");
  };

  /** Bytes from outside; the host calls until all are read. */
  receive(data: Uint8Array): void {
    this.serial.waiting = Buffer.concat([this.serial.waiting, data]);
    for (let left = -1; left !== this.serial.waiting.length && this.onData; ) {
      left = this.serial.waiting.length;
      this.enter(this.onData);
    }
  }

  /** The pin rises: the host's loop tells whoever watches. */
  rise(pin: number): void {
    this.levels.set(pin, 1);
    const fn = this.watches.get(pin);
    if (fn) this.clock.after(0, () => this.enter(fn));
  }
}

/** What a host may do without. */
export const OPTIONAL = [
  ..."millivolts i2cWrite serialClose sha256 sha512 aes crc32 codeHash heapFree heapTotal tidy".split(" "),
  ..."edPublic edSign edVerify flashRead flashWrite flashErase watchdog kick onError peek".split(" "),
] as (keyof Native)[];

/** A host without what it may do without. */
export function bareNative(): FakeNative {
  const host = new FakeNative();
  for (const name of OPTIONAL) delete (host as Partial<Record<keyof Native, unknown>>)[name];
  return host;
}

function whole(value: number): number {
  assert.ok(Number.isInteger(value) && value >= 0 && value <= 0x7fffffff, `not a whole number from 0 on: ${value}`);
  return value;
}

function bytes(data: Uint8Array): Uint8Array {
  assert.ok(data instanceof Uint8Array);
  return data;
}
