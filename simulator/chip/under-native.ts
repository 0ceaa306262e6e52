/*
 * The chip under a bundle inside JerryScript: the radio's half of the global `native` (docs/jerryscript.md).
 */
import { chipBelow, type Harness, type HarnessWiring } from "./under-engine.ts";

/** GPIO numbers; rxen is -1 where the board has none. */
export interface NativePins extends HarnessWiring {
  nss: number;
  reset: number;
  busy: number;
  dio1: number;
  rxen: number;
}

/** The global `native`, as far as it is used here. */
export interface NativeRadio {
  now(): number;
  after(fn: () => void, delayMs: number): number;
  cancel(id: number): void;
  pinInput(pin: number): void;
  pinRead(pin: number): number;
  pinWrite(pin: number, level: number): void;
  pinWatch(pin: number, fn: () => void): void;
  spiOpen(sck: number, miso: number, mosi: number, hz: number): void;
  spiTransfer(nss: number, out: Uint8Array, into: Uint8Array | null): void;
}

/** Gives `native` its pins and SPI, which end at the model. Call before the bundle starts. */
export function installNative(native: NativeRadio, pins: NativePins, airtimeFactor: number): Harness {
  let watch: (() => void) | null = null;
  const timers = {
    nowMs: () => native.now(),
    after: (fn: () => void, ms: number) => native.after(fn, Math.ceil(ms)),
    cancel: (id: number) => native.cancel(id),
  };
  const harness = chipBelow(timers, pins, pins.rxen >= 0, airtimeFactor, () => {
    if (watch) watch();
  });
  const chip = harness.chip;
  native.pinInput = () => undefined;
  native.pinRead = (pin) => {
    if (pin === pins.busy) return chip.busy() ? 1 : 0;
    return pin === pins.dio1 && chip.dio1() ? 1 : 0;
  };
  native.pinWrite = (pin, level) => {
    if (pin === pins.reset) chip.resetPin(level);
    else if (pin === pins.rxen) chip.rxen(level);
  };
  native.pinWatch = (pin, fn) => {
    if (pin === pins.dio1) watch = fn;
  };
  native.spiOpen = () => undefined;
  native.spiTransfer = (nss, out, into) => {
    if (nss !== pins.nss) return;
    const answer = chip.transfer(out);
    if (into) into.set(answer);
  };
  return harness;
}
