// The only file that knows the engine's globals. Espruino's names; a JerryScript host brings globals of the same names.
import { crc32 } from "../protocol/crc32.ts";
import type { CryptoPort } from "../protocol/crypto.ts";
import { softCrypto } from "../protocol/soft-crypto.ts";
import { FRONT_END, PMU, UART } from "./features.ts";
import type { BoardFacts, FrontEndFacts, Hal, Memory, PmuFacts, RadioFacts } from "./hal.ts";
import { nativeAes } from "./native/native-aes.ts";

type Pin = { readonly espruinoPin: never };
interface Spi {
  setup(options: { sck: Pin; miso: Pin; mosi: Pin; baud: number; mode: number }): void;
  write(bytes: Uint8Array, nss: Pin): void;
  send(bytes: Uint8Array, nss: Pin): Uint8Array;
}
interface I2c {
  setup(options: { sda: Pin; scl: Pin; bitrate: number }): void;
  writeTo(address: number, bytes: readonly number[]): void;
}
interface Device {
  setup(baud: number, options: { rx?: Pin; tx?: Pin }): void;
  on(event: "data", fn: (text: string) => void): void;
  removeAllListeners(event: "data"): void;
  write(text: string): void;
}
interface EngineCrypto {
  SHA256?(bytes: Uint8Array): ArrayBuffer;
  SHA512?(bytes: Uint8Array): ArrayBuffer;
  AES?: {
    encrypt(bytes: Uint8Array, key: Uint8Array, options: { mode: string }): ArrayBuffer;
    decrypt(bytes: Uint8Array, key: Uint8Array, options: { mode: string }): ArrayBuffer;
  };
}
interface Engine {
  hwRand?(): number;
  CRC32?(bytes: Uint8Array): number;
  toString?(bytes: Uint8Array): string;
  toUint8Array?(text: string): Uint8Array;
  getAddressOf?(data: unknown, flat: boolean): number;
  nativeCall?(address: number, signature: string, code?: string): (...args: number[]) => number;
  setConsole(device: Device | null, options: { force: boolean }): void;
  reboot(): void;
  getAnalogVRef?(): number;
}
declare const E: Engine;
declare const SPI1: Spi;
declare const I2C1: I2c;
declare const Pin: new (name: string) => Pin;
// biome-ignore lint/suspicious/noShadowRestrictedNames: on an engine it is a plain object of devices and pins
declare const globalThis: { [name: string]: unknown };
declare function require(module: string): unknown;
declare function getTime(): number;
declare function setTimeout(fn: () => void, ms: number): number;
declare function clearTimeout(id: number): void;
declare function pinMode(pin: Pin, mode: string): void;
declare function digitalRead(pin: Pin): number;
declare function digitalWrite(pin: Pin, level: number): void;
declare function analogRead(pin: Pin): number;
declare function setWatch(
  fn: () => void,
  pin: Pin,
  options: { edge: string; repeat: boolean; debounce: number },
): number;
declare function atob(text: string): string;
declare const process: { env: { BOARD: string; VERSION: string }; memory(): { free: number; total: number } };

const CONSOLE_BAUD = 115200;
const PMU_BAUD = 100000;
/** BUSY stays high for 3.5 ms after a cold start and 5 ms while the TCXO settles; far beyond that the chip is stuck. */
const BUSY_LIMIT_S = 0.1;
/** Files in the engine's storage that can hold the running bundle, in the order in which boot looks for them. */
const BOOT_FILES = [".boot0", ".bootrst", ".bootcde"];

export class EspruinoHal implements Hal {
  readonly crypto: CryptoPort;
  readonly engine: string;
  stuck = false;
  private readonly board: BoardFacts;
  private readonly radio: RadioFacts;
  private readonly nss: Pin;
  private readonly busy: Pin;
  private readonly dio1: Pin;
  private rxen: Pin | null;
  private readonly lamp: Pin | null;
  private readonly port: Device;

  constructor(board: BoardFacts) {
    this.board = board;
    this.radio = board.radio;
    this.nss = new Pin(board.radio.nss);
    this.busy = new Pin(board.radio.busy);
    this.dio1 = new Pin(board.radio.dio1);
    this.rxen = board.radio.rxen ? new Pin(board.radio.rxen) : null;
    this.lamp = board.led.pin ? new Pin(board.led.pin) : null;
    this.port = globalThis[board.console] as Device;
    this.engine = process.env.BOARD + " " + process.env.VERSION;
    this.crypto = chooseCrypto();
  }

  nowMs(): number {
    return getTime() * 1000;
  }

  after(delayMs: number, fn: () => void): number {
    return setTimeout(fn, delayMs);
  }

  cancel(id: number): void {
    clearTimeout(id);
  }

  random(): number {
    return E.hwRand ? E.hwRand() >>> 0 : Math.floor(Math.random() * 4294967296);
  }

  write(bytes: Uint8Array): void {
    if (digitalRead(this.busy)) this.wait();
    SPI1.write(bytes, this.nss);
  }

  transfer(bytes: Uint8Array): Uint8Array {
    if (digitalRead(this.busy)) this.wait();
    return SPI1.send(bytes, this.nss);
  }

  private wait(): void {
    const limit = getTime() + BUSY_LIMIT_S;
    while (!this.stuck && digitalRead(this.busy)) if (getTime() > limit) this.stuck = true;
  }

  isDio1(): boolean {
    return !!digitalRead(this.dio1);
  }

  powerUp(): void {
    const board = this.board;
    if (PMU) writeRegisters(board.pmu);
    for (let i = 0; i < board.rails.length; i++) digitalWrite(new Pin(board.rails[i][0]), board.rails[i][1]);
    if (FRONT_END && board.frontEnd.enable) this.rxen = findTxPin(board.frontEnd);
    // The ESP32-S3 build boots with pull-ups: RXEN and NSS float high until they are driven.
    digitalWrite(this.nss, 1);
    // To the receiver: nobody transmits before the radio is set up.
    this.receivePath(true);
    pinMode(this.busy, "input");
    pinMode(this.dio1, "input");
    this.led(false);
    SPI1.setup({
      sck: new Pin(this.radio.sck),
      miso: new Pin(this.radio.miso),
      mosi: new Pin(this.radio.mosi),
      baud: this.radio.spiHz,
      mode: 0,
    });
  }

  reset(level: 0 | 1): void {
    digitalWrite(new Pin(this.radio.reset), level);
  }

  receivePath(on: boolean): void {
    // An amplifier's pin is the other way round: high to transmit.
    const level = FRONT_END && this.board.frontEnd.enable ? 0 : 1;
    if (this.rxen) digitalWrite(this.rxen, on ? level : 1 - level);
  }

  watchDio1(fn: () => void): void {
    // Debounce must be off: a watch on a button pin (XIAO's DIO1) would wait 25 ms by default.
    setWatch(fn, this.dio1, { edge: "rising", repeat: true, debounce: 0 });
  }

  led(on: boolean): void {
    const level = this.board.led.active;
    if (this.lamp) digitalWrite(this.lamp, on ? level : 1 - level);
  }

  openSerial(fn: (text: string) => void): void {
    if (UART && this.board.console !== "USB") {
      const { rx, tx } = this.board;
      // On the engine's own pins too: that ends the XON and XOFF that it would put between our bytes.
      this.port.setup(CONSOLE_BAUD, rx ? { rx: new Pin(rx), tx: new Pin(tx) } : {});
    }
    E.setConsole(null, { force: true });
    this.port.on("data", fn);
  }

  print(text: string): void {
    this.port.write(text);
  }

  repl(): void {
    this.port.removeAllListeners("data");
    E.setConsole(this.port, { force: true });
  }

  crc32(bytes: Uint8Array): number {
    return E.CRC32 ? E.CRC32(bytes) >>> 0 : crc32(bytes);
  }

  toText(bytes: Uint8Array): string {
    // Every object has a toString; the engine that has this one has the other too.
    if (E.toUint8Array && E.toString) return E.toString(bytes);
    let text = "";
    for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
    return text;
  }

  toBytes(text: string): Uint8Array {
    if (E.toUint8Array) return E.toUint8Array(text);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  bundleHash(): Uint8Array {
    const storage = require("Storage") as { read(name: string): string | undefined };
    for (let i = 0; i < BOOT_FILES.length; i++) {
      const code = storage.read(BOOT_FILES[i]);
      if (code) return this.crypto.sha256(this.toBytes(code));
    }
    return new Uint8Array(32);
  }

  memory(): Memory {
    return process.memory();
  }

  batteryMv(): number {
    const battery = this.board.battery;
    if (!battery.pin || !E.getAnalogVRef) return 0;
    const volts = analogRead(new Pin(battery.pin)) * E.getAnalogVRef() * battery.multiplier;
    return volts > 0 ? Math.round(volts * 1000) : 0;
  }

  reboot(): void {
    E.reboot();
  }
}

/** Tells a power management chip which rails to switch on. Where it is not there, the radio will not answer, and that is shown. */
function writeRegisters(pmu: PmuFacts): void {
  if (!pmu.sda) return;
  try {
    I2C1.setup({ sda: new Pin(pmu.sda), scl: new Pin(pmu.scl), bitrate: PMU_BAUD });
    for (let i = 0; i < pmu.writes.length; i++) I2C1.writeTo(pmu.address, pmu.writes[i]);
  } catch (_) {
    return;
  }
}

/** Asks the amplifier through its enable pin which of the two kinds it is, and enables it. */
function findTxPin(frontEnd: FrontEndFacts): Pin {
  const enable = new Pin(frontEnd.enable);
  const until = getTime() + frontEnd.waitMs / 1000;
  pinMode(enable, "input");
  while (getTime() < until);
  const pin = new Pin(frontEnd.txPins[digitalRead(enable)]);
  digitalWrite(enable, 1);
  return pin;
}

/** The engine's own crypto first, then the Thumb routine for AES, then plain TypeScript. */
function chooseCrypto(): CryptoPort {
  const soft = softCrypto();
  let native: EngineCrypto = {};
  try {
    // biome-ignore lint/style/useNodejsImportProtocol: the engine's module, not Node's
    native = require("crypto") as EngineCrypto;
  } catch (_) {
    return soft; // An engine without a crypto module; the fallback is complete.
  }
  const sha256 = native.SHA256;
  const sha512 = native.SHA512;
  const port: CryptoPort = {
    sha256: sha256 ? (data) => new Uint8Array(sha256(data)) : soft.sha256,
    sha512: sha512 ? (data) => new Uint8Array(sha512(data)) : soft.sha512,
    aesEncrypt: soft.aesEncrypt,
    aesDecrypt: soft.aesDecrypt,
  };
  const aes = native.AES;
  if (aes) {
    const ecb = { mode: "ECB" };
    port.aesEncrypt = (key, data, out) => out.set(new Uint8Array(aes.encrypt(data, key, ecb)));
    port.aesDecrypt = (key, data, out) => out.set(new Uint8Array(aes.decrypt(data, key, ecb)));
  } else if (nativeAes && E.nativeCall && E.getAddressOf) {
    const thumb = nativeAes({ nativeCall: E.nativeCall, getAddressOf: E.getAddressOf, atob });
    port.aesEncrypt = thumb.aesEncrypt;
    port.aesDecrypt = thumb.aesDecrypt;
  }
  return port;
}
