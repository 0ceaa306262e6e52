// The only file that knows Espruino's globals.
import { bytesToLatin1, latin1ToBytes } from "../protocol/bytes.ts";
import { crc32 } from "../protocol/crc32.ts";
import type { CryptoPort } from "../protocol/crypto.ts";
import type { CurvePort } from "../protocol/curve.ts";
import { softCrypto } from "../protocol/soft-crypto.ts";
import { FRONT_END, HOST_SIGNS, PMU, UART } from "./features.ts";
import type { BoardFacts, FlashPort, FrontEndFacts, Hal, Memory, PinName, PmuFacts, RadioFacts } from "./hal.ts";
import { nativeAes } from "./native/native-aes.ts";
import { part } from "./parts.ts";

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
  enableWatchdog?(seconds: number, auto: boolean): void;
  kickWatchdog?(): void;
  getErrorFlags?(): string[];
  reboot(): void;
  getAnalogVRef?(): number;
  getTemperature?(): number;
}
interface EngineFlash {
  getPage(address: number): unknown;
  read(length: number, address: number): Uint8Array;
  write(bytes: Uint8Array, address: number): void;
  erasePage(address: number): void;
}
declare const E: Engine;
declare const SPI1: Spi;
declare const I2C1: I2c;
declare const Pin: new (name: PinName) => Pin;
// biome-ignore lint/suspicious/noShadowRestrictedNames: on an engine it is a plain object of devices and pins
declare const globalThis: { [name: string]: unknown; eval(code: string | undefined): unknown };
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
declare const process: {
  env: { BOARD: string; VERSION: string };
  on?(event: "uncaughtException", fn: (error: unknown) => void): void;
  memory(collect: boolean): { free: number; total: number; blocksize?: number };
};

interface Storage {
  read(name: string, at?: number, length?: number): string | undefined;
}

/** File of the parts (firmware/parts.ts). */
const LIBRARY = "mc.lib";
const CONSOLE_BAUD = 115200;
const PMU_BAUD = 100000;
/** Long enough for whatever somebody does at the engine's prompt. */
const PROMPT_WATCHDOG_S = 60;
/** BUSY stays high for 3.5 ms after a cold start and 5 ms while the TCXO settles; far beyond that the chip is stuck. */
const BUSY_LIMIT_S = 0.1;
/** Files in the engine's storage that can hold the running bundle, in the order in which boot looks for them. */
const BOOT_FILES = [".boot0", ".bootrst", ".bootcde"];

export class EspruinoHal implements Hal {
  readonly crypto: CryptoPort;
  readonly engine: string;
  readonly now: () => number;
  readonly after: (fn: () => void, delayMs: number) => number;
  readonly cancel: (id: number) => void;
  readonly crc32: (bytes: Uint8Array) => number;
  readonly toText: (bytes: Uint8Array) => string;
  readonly toBytes: (text: string) => Uint8Array;
  readonly bundleHash: Uint8Array;
  readonly flash: FlashPort | null;
  readonly peek: (address: number) => number;
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
    const native = engineCrypto();
    this.crypto = chooseCrypto(native);
    // The engine's own functions as they are: a method around each would double what it takes.
    this.now = getTime;
    this.flash = engineFlash(board.log.address);
    this.peek = globalThis.peek32 as (address: number) => number;
    this.after = setTimeout;
    this.cancel = clearTimeout;
    this.crc32 = E.CRC32 || crc32;
    this.toBytes = E.toUint8Array || latin1ToBytes;
    // Every object has some toString.
    this.toText = E.toUint8Array && E.toString ? E.toString : bytesToLatin1;
    // Now, while there is memory for a copy of the whole bundle in one piece: there never is again. In plain TypeScript it would
    // take minutes.
    this.bundleHash = native.SHA256 ? bundleHash(this) : new Uint8Array(32);
  }

  nowMs(): number {
    return getTime() * 1000;
  }

  random(): number {
    // The ESP32-S3 build's generator begins alike after every power-up. The microsecond at which somebody asks does not.
    const chance = E.hwRand ? E.hwRand() : Math.random() * 4294967296;
    return (chance ^ (getTime() * 1e6)) >>> 0;
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
    // From now on the engine sees to it by itself: our timers may be gone soon, and the watchdog cannot be stopped.
    if (E.enableWatchdog) E.enableWatchdog(PROMPT_WATCHDOG_S, true);
    E.setConsole(this.port, { force: true });
  }

  library(id: string, at: number, length: number): string {
    const row = storage().read(LIBRARY, at, length);
    if (!row || storage().read(LIBRARY, 0, id.length) !== id)
      throw new Error("mc.lib is missing or old; Try: ./flash.sh");
    return row;
  }

  evaluate(at: number, length: number): never {
    // The engine's eval knows no scope but the global one, and runs code where it lies.
    return globalThis.eval(storage().read(LIBRARY, at, length)) as never;
  }

  curve(): () => CurvePort | null {
    if (HOST_SIGNS) throw new Error("bug: the curve is the host's");
    // The stand-in of the simulator runs no machine code; what it runs on is fast enough without.
    const { nativeCall, getAddressOf } = E;
    if (!nativeCall || !getAddressOf) {
      const soft = part(this, "softCurve");
      return () => soft(this.crypto);
    }
    const decode = part(this, "curveCode");
    let code = "";
    return () => {
      if (code) return part(this, "nativeCurve")({ nativeCall, getAddressOf, atob }, this.crypto, code);
      code = decode(atob);
      return null;
    };
  }

  memory(): Memory {
    // Without collecting garbage first: that takes six times as long as counting.
    const memory = process.memory(false);
    const size = memory.blocksize || 1;
    return { free: memory.free * size, total: memory.total * size };
  }

  tidy(): void {
    process.memory(true);
  }

  batteryMv(): number {
    const battery = this.board.battery;
    if (!battery.pin || !E.getAnalogVRef) return 0;
    const volts = analogRead(new Pin(battery.pin)) * E.getAnalogVRef() * battery.multiplier;
    return volts > 0 ? Math.round(volts * 1000) : 0;
  }

  celsius(): number {
    return E.getTemperature ? E.getTemperature() : NaN;
  }

  watchdog(seconds: number): void {
    if (E.enableWatchdog) E.enableWatchdog(seconds, false);
  }

  kick(): void {
    if (E.kickWatchdog) E.kickWatchdog();
  }

  onError(fn: (error: unknown) => void): void {
    if (process.on) process.on("uncaughtException", fn);
  }

  hasOverflowed(): boolean {
    return !!E.getErrorFlags && E.getErrorFlags().indexOf("MEMORY") >= 0;
  }

  reboot(): void {
    E.reboot();
  }
}

/** Tells a power management chip which rails to switch on. Where it does not answer, neither will the radio; the driver deals with that. */
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

function storage(): Storage {
  return require("Storage") as Storage;
}

function bundleHash(hal: Hal): Uint8Array {
  for (let i = 0; i < BOOT_FILES.length; i++) {
    const code = storage().read(BOOT_FILES[i]);
    if (code) return hal.crypto.sha256(hal.toBytes(code));
  }
  return new Uint8Array(32);
}

/** Null too where there is no page at that address: Linux builds. */
function engineFlash(address: number): FlashPort | null {
  try {
    const flash = require("Flash") as EngineFlash;
    return flash.getPage(address) ? flash : null;
  } catch (_) {
    return null;
  }
}

function engineCrypto(): EngineCrypto {
  try {
    // biome-ignore lint/style/useNodejsImportProtocol: the engine's module, not Node's
    return require("crypto") as EngineCrypto;
  } catch (_) {
    return {}; // An engine without the module: the fallback is complete.
  }
}

/** The engine's own crypto first, then the Thumb routine for AES, then plain TypeScript. */
function chooseCrypto(native: EngineCrypto): CryptoPort {
  const soft = softCrypto();
  const sha256 = native.SHA256;
  const sha512 = native.SHA512;
  const port: CryptoPort = {
    digest: sha256,
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
