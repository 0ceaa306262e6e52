// JerryScript: the language and nothing else. What the board can do comes from a host program in C, as functions of one object.
import { bytesToLatin1, latin1ToBytes, view } from "../protocol/bytes.ts";
import { crc32 } from "../protocol/crc32.ts";
import type { CryptoPort } from "../protocol/crypto.ts";
import { atOnce, type CurvePort } from "../protocol/curve.ts";
import { softCrypto } from "../protocol/soft-crypto.ts";
import type { BoardFacts, FlashPort, FrontEndFacts, Hal, Memory, PmuFacts, RadioFacts } from "./hal.ts";
import { part } from "./parts.ts";

/**
 * The global object `native` of a JerryScript host; docs/jerryscript.md says what each function does, and how to write it in C.
 * Pins are GPIO numbers, -1 is none. Every array belongs to the firmware: the host reads or fills it during the call, and keeps
 * none. What has a `?` may be missing.
 */
export interface Native {
  readonly version: number;
  readonly engine: string;

  now(): number;
  after(fn: () => void, delayMs: number): number;
  cancel(id: number): void;
  random(): number;

  pinInput(pin: number): void;
  pinRead(pin: number): number;
  pinWrite(pin: number, level: number): void;
  pinWatch(pin: number, fn: () => void): void;
  millivolts?(pin: number): number;

  spiOpen(sck: number, miso: number, mosi: number, hz: number): void;
  spiTransfer(nss: number, out: Uint8Array, into: Uint8Array | null): void;
  i2cWrite?(sda: number, scl: number, address: number, bytes: Uint8Array): void;

  serialOpen(rx: number, tx: number, baud: number, fn: () => void): void;
  serialRead(into: Uint8Array): number;
  serialWrite(bytes: Uint8Array): void;
  serialClose?(): void;

  sha256?(data: Uint8Array, into: Uint8Array): void;
  sha512?(data: Uint8Array, into: Uint8Array): void;
  aes?(key: Uint8Array, data: Uint8Array, into: Uint8Array, decrypt: boolean): void;
  crc32?(data: Uint8Array): number;
  /** Ed25519 with MeshCore's private keys of 64 bytes: all three, or none; then the bundle takes minutes for a signature. */
  edPublic?(privateKey: Uint8Array, into: Uint8Array): void;
  edSign?(privateKey: Uint8Array, publicKey: Uint8Array, message: Uint8Array, into: Uint8Array): void;
  edVerify?(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;

  codeHash?(into: Uint8Array): void;
  heapFree?(): number;
  heapTotal?(): number;
  tidy?(): void;

  flashRead?(address: number, into: Uint8Array): void;
  flashWrite?(address: number, data: Uint8Array): void;
  flashErase?(address: number): void;
  watchdog?(seconds: number): void;
  kick?(): void;
  onError?(fn: (error: unknown) => void): void;
  peek?(address: number): number;
  reboot(): void;
}

/** Of `Native`, as this file understands it. */
const NATIVE_VERSION = 1;

const CONSOLE_BAUD = 115200;
/** BUSY stays high for 3.5 ms after a cold start and 5 ms while the TCXO settles; far beyond that the chip is stuck. */
const BUSY_LIMIT_MS = 100;
/** Taken from the serial line at a time: a whole frame of the room link fits. */
const SERIAL_BYTES = 512;

export class JerryHal implements Hal {
  readonly crypto: CryptoPort;
  readonly engine: string;
  readonly now: () => number;
  readonly after: (fn: () => void, delayMs: number) => number;
  readonly cancel: (id: number) => void;
  readonly crc32: (bytes: Uint8Array) => number;
  readonly toText = bytesToLatin1;
  readonly toBytes = latin1ToBytes;
  readonly bundleHash: Uint8Array;
  readonly flash: FlashPort | null;
  readonly peek: (address: number) => number;
  stuck = false;
  private readonly host: Native;
  private readonly board: BoardFacts;
  private readonly radio: RadioFacts;
  private readonly nss: number;
  private readonly busy: number;
  private readonly dio1: number;
  private rxen: number;

  /** Throws when the host's interface is another version's. */
  constructor(host: Native, board: BoardFacts) {
    if (host.version !== NATIVE_VERSION)
      throw new Error("native.version is " + host.version + ", this bundle needs " + NATIVE_VERSION);
    this.host = host;
    this.board = board;
    this.radio = board.radio;
    this.nss = gpio(board.radio.nss);
    this.busy = gpio(board.radio.busy);
    this.dio1 = gpio(board.radio.dio1);
    this.rxen = gpio(board.radio.rxen);
    this.engine = host.engine;
    this.crypto = chooseCrypto(host);
    this.now = () => host.now() / 1000;
    this.after = (fn, delayMs) => host.after(fn, delayMs > 0 ? Math.ceil(delayMs) : 0);
    this.cancel = (id) => host.cancel(id);
    const native = host.crc32;
    this.crc32 = native ? (bytes) => native(bytes) : crc32;
    this.flash = flashOf(host);
    const { peek } = host;
    this.peek = peek ? (address) => peek(address) : () => 0;
    this.bundleHash = new Uint8Array(32);
    if (host.codeHash) host.codeHash(this.bundleHash);
  }

  nowMs(): number {
    return this.host.now();
  }

  random(): number {
    return this.host.random() >>> 0;
  }

  write(bytes: Uint8Array): void {
    if (this.host.pinRead(this.busy)) this.wait();
    this.host.spiTransfer(this.nss, bytes, null);
  }

  transfer(bytes: Uint8Array): Uint8Array {
    if (this.host.pinRead(this.busy)) this.wait();
    const answer = new Uint8Array(bytes.length);
    this.host.spiTransfer(this.nss, bytes, answer);
    return answer;
  }

  private wait(): void {
    const limit = this.host.now() + BUSY_LIMIT_MS;
    while (!this.stuck && this.host.pinRead(this.busy)) if (this.host.now() > limit) this.stuck = true;
  }

  isDio1(): boolean {
    return !!this.host.pinRead(this.dio1);
  }

  powerUp(): void {
    const { host, board, radio } = this;
    writeRegisters(host, board.pmu);
    for (let i = 0; i < board.rails.length; i++) host.pinWrite(gpio(board.rails[i][0]), board.rails[i][1]);
    if (gpio(board.frontEnd.enable) >= 0) this.rxen = findTxPin(host, board.frontEnd);
    // Chip select idles high, and the antenna belongs to the receiver, before anything is on the bus.
    host.pinWrite(this.nss, 1);
    this.receivePath(true);
    host.pinInput(this.busy);
    host.pinInput(this.dio1);
    this.led(false);
    host.spiOpen(gpio(radio.sck), gpio(radio.miso), gpio(radio.mosi), radio.spiHz);
  }

  reset(level: 0 | 1): void {
    this.host.pinWrite(gpio(this.radio.reset), level);
  }

  receivePath(on: boolean): void {
    // An amplifier's pin is the other way round: high to transmit.
    const level = gpio(this.board.frontEnd.enable) >= 0 ? 0 : 1;
    if (this.rxen >= 0) this.host.pinWrite(this.rxen, on ? level : 1 - level);
  }

  watchDio1(fn: () => void): void {
    this.host.pinWatch(this.dio1, fn);
  }

  led(on: boolean): void {
    const { pin, active } = this.board.led;
    if (gpio(pin) >= 0) this.host.pinWrite(gpio(pin), on ? active : 1 - active);
  }

  openSerial(fn: (text: string) => void): void {
    const { host, board } = this;
    const buffer = new Uint8Array(SERIAL_BYTES);
    host.serialOpen(gpio(board.rx), gpio(board.tx), CONSOLE_BAUD, () => {
      // Once: the host calls again while there is more, and other events get their turn in between.
      const length = host.serialRead(buffer);
      if (length > 0) fn(bytesToLatin1(view(buffer, 0, length)));
    });
  }

  print(text: string): void {
    this.host.serialWrite(latin1ToBytes(text));
  }

  repl(): void {
    if (this.host.serialClose) this.host.serialClose();
  }

  library(): string {
    throw new Error("bug: parts are in this bundle");
  }

  evaluate(): never {
    throw new Error("bug: parts are in this bundle");
  }

  curve(): () => CurvePort {
    const { edPublic, edSign, edVerify } = this.host;
    const soft = part(this, "softCurve")(this.crypto);
    if (!edPublic || !edSign || !edVerify) return () => soft;
    const port: CurvePort = {
      publicKey: (key) => atOnce(() => filled(32, (into) => edPublic(key, into))),
      sign: (key, publicKey, message) => atOnce(() => filled(64, (into) => edSign(key, publicKey, message, into))),
      verify: (publicKey, message, signature) => atOnce(() => edVerify(publicKey, message, signature)),
      shared: soft.shared,
    };
    return () => port;
  }

  memory(): Memory {
    const { host } = this;
    return { free: host.heapFree ? host.heapFree() : 0, total: host.heapTotal ? host.heapTotal() : 0 };
  }

  tidy(): void {
    if (this.host.tidy) this.host.tidy();
  }

  batteryMv(): number {
    const { host } = this;
    const { pin, multiplier } = this.board.battery;
    if (gpio(pin) < 0 || !host.millivolts) return 0;
    return Math.round(host.millivolts(gpio(pin)) * multiplier);
  }

  celsius(): number {
    return NaN;
  }

  watchdog(seconds: number): void {
    if (this.host.watchdog) this.host.watchdog(seconds);
  }

  kick(): void {
    if (this.host.kick) this.host.kick();
  }

  onError(fn: (error: unknown) => void): void {
    if (this.host.onError) this.host.onError(fn);
  }

  hasOverflowed(): boolean {
    return false;
  }

  reboot(): void {
    this.host.reboot();
  }
}

/** In this engine's bundles pins are numbers; -1 for what is none. */
function gpio(pin: number | string): number {
  return typeof pin === "number" ? pin : -1;
}

/** The flash of the host, when it lets us have it. */
function flashOf(host: Native): FlashPort | null {
  const { flashRead, flashWrite, flashErase } = host;
  if (!flashRead || !flashWrite || !flashErase) return null;
  return {
    read: (length, address) => {
      const into = new Uint8Array(length);
      flashRead(address, into);
      return into;
    },
    write: (bytes, address) => flashWrite(address, bytes),
    erasePage: (address) => flashErase(address),
  };
}

/** Tells a power management chip which rails to switch on. Where it does not answer, neither will the radio; the driver deals with that. */
function writeRegisters(host: Native, pmu: PmuFacts): void {
  if (gpio(pmu.sda) < 0) return;
  if (!host.i2cWrite) throw new Error("this board needs native.i2cWrite");
  try {
    for (let i = 0; i < pmu.writes.length; i++)
      host.i2cWrite(gpio(pmu.sda), gpio(pmu.scl), pmu.address, new Uint8Array(pmu.writes[i]));
  } catch (_) {
    return;
  }
}

/** Asks the amplifier through its enable pin which of the two kinds it is, and enables it. */
function findTxPin(host: Native, frontEnd: FrontEndFacts): number {
  const enable = gpio(frontEnd.enable);
  const until = host.now() + frontEnd.waitMs;
  host.pinInput(enable);
  while (host.now() < until);
  const pin = gpio(frontEnd.txPins[host.pinRead(enable) ? 1 : 0]);
  host.pinWrite(enable, 1);
  return pin;
}

/** The host's crypto where it has it, else plain TypeScript. */
function chooseCrypto(host: Native): CryptoPort {
  const port = softCrypto();
  const { sha256, sha512, aes } = host;
  if (sha256) port.sha256 = (data) => digest(sha256, data, 32);
  if (sha512) port.sha512 = (data) => digest(sha512, data, 64);
  if (aes) {
    port.aesEncrypt = (key, data, out) => aes(key, data, out, false);
    port.aesDecrypt = (key, data, out) => aes(key, data, out, true);
  }
  return port;
}

function filled(length: number, fill: (into: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(bytes);
  return bytes;
}

function digest(hash: (data: Uint8Array, into: Uint8Array) => void, data: Uint8Array, length: number): Uint8Array {
  const answer = new Uint8Array(length);
  hash(data, answer);
  return answer;
}
