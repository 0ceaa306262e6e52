// What the firmware needs from the engine below it. One implementation per engine; nothing else touches its globals.
import type { CryptoPort } from "../protocol/crypto.ts";
import type { CurvePort } from "../protocol/curve.ts";

/** As the engine calls it: Espruino by a name, "" is none; JerryScript by the GPIO's number, -1 is none. */
export type PinName = string | number;

/** The facts of boards/ that the bundle carries with it; what a board lacks is no pin or 0, so that the object has one shape. */
export interface BoardFacts {
  readonly id: string;
  readonly radio: RadioFacts;
  readonly console: string;
  /** Pins of the console where it is a UART of ours. */
  readonly rx: PinName;
  readonly tx: PinName;
  /** Pins to drive at power-up, in this order. */
  readonly rails: readonly (readonly [pin: PinName, level: number])[];
  readonly pmu: PmuFacts;
  readonly frontEnd: FrontEndFacts;
  readonly led: { readonly pin: PinName; readonly active: number };
  readonly battery: { readonly pin: PinName; readonly multiplier: number };
  readonly roomBytes: number;
  /** Flash that is ours, in pages of 4096 bytes. */
  readonly log: { readonly address: number; readonly pages: number };
  readonly resetRegister: number;
}

/** Registers to write over I2C before the rails. */
export interface PmuFacts {
  readonly sda: PinName;
  readonly scl: PinName;
  readonly address: number;
  readonly writes: readonly (readonly [register: number, value: number])[];
}

/** An amplifier of one of two kinds. */
export interface FrontEndFacts {
  /** As an input it tells the kind `waitMs` after the rails; then driven high. */
  readonly enable: PinName;
  readonly waitMs: number;
  /** Pin that is high to transmit and low to receive, by the level of `enable`. */
  readonly txPins: readonly [low: PinName, high: PinName];
}

/** Radio wiring as in boards/. */
export interface RadioFacts {
  readonly sck: PinName;
  readonly miso: PinName;
  readonly mosi: PinName;
  readonly nss: PinName;
  readonly reset: PinName;
  readonly busy: PinName;
  readonly dio1: PinName;
  readonly rxen: PinName;
  /** Patience between the rails and the reset. */
  readonly powerMs: number;
  readonly spiHz: number;
  /** SetDIO3AsTCXOCtrl voltage code 0..7, or -1 for a crystal. */
  readonly tcxo: number;
  readonly dio2Switch: boolean;
  readonly boostedGain: boolean;
  /** An amplifier is in front of the receiver. */
  readonly rxPatch: boolean;
  readonly powerDbm: number;
  readonly maxPowerDbm: number;
  /** Over-current register value, in steps of 2.5 mA. */
  readonly currentLimit: number;
}

/** Flash by address, as Espruino's module of that name has it. Addresses and lengths of what is written are whole words. */
export interface FlashPort {
  read(length: number, address: number): Uint8Array;
  write(bytes: Uint8Array, address: number): void;
  erasePage(address: number): void;
}

/** Bytes. */
export interface Memory {
  readonly free: number;
  readonly total: number;
}

export interface Hal {
  readonly crypto: CryptoPort;
  /** Engine build and version, for people. */
  readonly engine: string;

  /** Seconds since some fixed moment before boot; never set by anybody, so it does not jump. */
  readonly now: () => number;
  /** The same in milliseconds. */
  nowMs(): number;
  /** Runs `fn` once after `delayMs`; the returned id is for `cancel`. */
  readonly after: (fn: () => void, delayMs: number) => number;
  readonly cancel: (id: number) => void;
  /** 32 random bits; good enough for keys only where the engine has a generator that is, which boards without HOST_SIGNS have. */
  random(): number;

  /** BUSY did not fall in time; commands since then went nowhere. The driver sets it back when it resets the chip. */
  stuck: boolean;
  /** One NSS cycle without an answer, as soon as BUSY is low. */
  write(bytes: Uint8Array): void;
  /** The same with an answer, which has the length of `bytes` and belongs to the caller. */
  transfer(bytes: Uint8Array): Uint8Array;
  isDio1(): boolean;
  /** Powers the rails and sets every radio pin to its idle level. */
  powerUp(): void;
  /** Pulls the radio's reset line (low active). */
  reset(level: 0 | 1): void;
  /** Switches the board's receive path on or off, where it has a pin for it. */
  receivePath(on: boolean): void;
  /** Calls `fn` on each rising edge of DIO1. */
  watchDio1(fn: () => void): void;
  led(on: boolean): void;

  /** Console and link share one serial line; `fn` gets what arrived as a byte string. */
  openSerial(fn: (text: string) => void): void;
  print(text: string): void;
  /** Gives the serial line back to the engine's own prompt. */
  repl(): void;

  /** IEEE CRC-32, unsigned. */
  readonly crc32: (bytes: Uint8Array) => number;
  /** A byte string that may share memory with `bytes`: use it before `bytes` changes. */
  readonly toText: (bytes: Uint8Array) => string;
  readonly toBytes: (text: string) => Uint8Array;

  /** `length` characters from `at` of the file that holds the parts. Throws when it is not the one that begins with `id`. */
  library(id: string, at: number, length: number): string;
  /** The value of the expression that stands there in the file of parts. */
  evaluate(at: number, length: number): never;

  /** What makes Ed25519, called in handlers of its own until it is no longer null. Throws where there is no memory for it. */
  curve(): () => CurvePort | null;

  /** SHA-256 of the code that the engine booted, or all zeros where it cannot be known. */
  readonly bundleHash: Uint8Array;
  memory(): Memory;
  /** Has the engine put its free memory in order, which makes all that allocates faster again. */
  tidy(): void;
  batteryMv(): number;
  /** Of the processor; NaN where nobody can tell. */
  celsius(): number;
  /** Null where the board's pages are not to be had. */
  readonly flash: FlashPort | null;
  /** Has the board reset when nobody calls `kick` for so long. */
  watchdog(seconds: number): void;
  kick(): void;
  /** `fn` gets what no code of ours has caught. */
  onError(fn: (error: unknown) => void): void;
  /** The engine ran out of memory since the last time. */
  hasOverflowed(): boolean;
  /** A word of the processor's memory. */
  readonly peek: (address: number) => number;
  reboot(): void;
}
