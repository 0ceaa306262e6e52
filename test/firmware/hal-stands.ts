// Each HAL on what stands in for its engine, behind one face for the tests that both must pass.
import { buildSync } from "esbuild";
import type { BoardFacts, Hal, PinName } from "../../firmware/hal.ts";
import { JerryHal } from "../../firmware/hal-jerry.ts";
import { Flash } from "../../simulator/flash.ts";
import { Bench } from "../simulator/engine.ts";
import { bareNative, FakeNative } from "./fake-native.ts";

export interface Stand {
  readonly hal: Hal;
  /** Runs the engine's loop for so long. */
  advance(ms: number): void;
  level(gpio: number, level: number): void;
  rise(gpio: number): void;
  written(): [gpio: number, level: number][];
  spiData(): number[][];
  spiSetup(): { pins: number[]; hz: number };
  receive(bytes: Uint8Array): void;
  sent(): Buffer;
  /** Errors that came out of callbacks. */
  errors(): number;
  /** An array of the engine's own. */
  bytes(values: ArrayLike<number>): Uint8Array;
}

/** Wires of the tests' board, by GPIO. */
export const GPIO = {
  ...{ sck: 1, miso: 2, mosi: 3, nss: 4, reset: 5, busy: 6, dio1: 8, rxen: 9 },
  ...{ led: 10, power: 11, other: 12, battery: 13 },
};

export const LOG = 0xa0000;

export function boardFacts(named: (gpio: number) => PinName, more: Partial<BoardFacts> = {}): BoardFacts {
  const pin = (use: keyof typeof GPIO): PinName => named(GPIO[use]);
  const none = named(-1);
  return {
    id: "bench",
    radio: {
      ...{ sck: pin("sck"), miso: pin("miso"), mosi: pin("mosi"), nss: pin("nss"), reset: pin("reset") },
      ...{ busy: pin("busy"), dio1: pin("dio1"), rxen: pin("rxen"), powerMs: 0, spiHz: 2e6, tcxo: 2 },
      ...{ dio2Switch: true, boostedGain: true, rxPatch: false, powerDbm: 22, maxPowerDbm: 22, currentLimit: 56 },
    },
    ...{ console: "USB", rx: none, tx: none },
    rails: [
      [pin("power"), 1],
      [pin("other"), 0],
    ],
    pmu: { sda: none, scl: none, address: 0, writes: [] },
    frontEnd: { enable: none, waitMs: 0, txPins: [none, none] },
    led: { pin: pin("led"), active: 0 },
    battery: { pin: pin("battery"), multiplier: 2 },
    roomBytes: 2048,
    log: { address: LOG, pages: 8 },
    resetRegister: 0,
    ...more,
  } as BoardFacts;
}

export const asNumber = (gpio: number): PinName => gpio;
const asName = (gpio: number): PinName => (gpio < 0 ? "" : `D${gpio}`);

function jerryStand(host: FakeNative): Stand {
  const hal = new JerryHal(host, boardFacts(asNumber));
  return {
    hal,
    advance: (ms) => host.clock.advance(ms),
    level: (gpio, level) => host.levels.set(gpio, level),
    rise: (gpio) => host.rise(gpio),
    written: () => host.written,
    spiData: () => host.spi.data.map(({ nss, out }) => [nss, ...out]),
    spiSetup: () => ({ pins: host.spi.setup.slice(0, 3), hz: host.spi.setup[3] }),
    receive: (bytes) => host.receive(bytes),
    sent: () => host.serial.out,
    errors: () => host.errors.length,
    bytes: (values) => new Uint8Array(values),
  };
}

function espruinoStand(): Stand {
  const built = buildSync({
    stdin: {
      contents: `
        import { EspruinoHal } from "./firmware/hal-espruino.ts";
        globalThis.hal = new EspruinoHal(${JSON.stringify(boardFacts(asName))});`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    external: ["Storage", "Flash", "crypto"],
    format: "iife",
    target: "es2019",
    write: false,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  });
  const pins = Object.values(GPIO).map((gpio) => `D${gpio}`);
  const data: number[][] = [];
  const bench = new Bench(built.outputFiles[0].text, { pins, analog: 0.3, flash: new Flash(LOG, 8) });
  const { options } = bench.engine as unknown as {
    options: { hardware: { spiTransfer(bus: string, out: Uint8Array, nss: string): Uint8Array } };
  };
  options.hardware.spiTransfer = (_bus, out, nss) => {
    data.push([Number(nss.slice(1)), ...out]);
    return out.map((byte) => 255 - byte);
  };
  const realm = bench.engine.globals as { hal: Hal; Uint8Array: typeof Uint8Array };
  return {
    hal: realm.hal,
    advance: (ms) => bench.clock.advance(ms),
    level: (gpio, level) => bench.levels.set(`D${gpio}`, level),
    rise: (gpio) => {
      bench.levels.set(`D${gpio}`, 1);
      bench.engine.pinChanged(`D${gpio}`, 1);
    },
    written: () => bench.written.map(([pin, level]) => [Number(pin.slice(1)), level]),
    spiData: () => data,
    spiSetup: () => {
      const { sck, miso, mosi, baud } = bench.spi.setups[0] as Record<string, string>;
      return { pins: [sck, miso, mosi].map((pin) => Number(String(pin).slice(1))), hz: Number(baud) };
    },
    receive: (bytes) => bench.engine.receive("USB", bytes),
    sent: () => Buffer.from(bench.serial.USB ?? "", "latin1"),
    errors: () => bench.engine.uncaught.length,
    bytes: (values) => new realm.Uint8Array(values),
  };
}

export const STANDS: Record<string, () => Stand> = {
  "EspruinoHal on the stand-in for Espruino": espruinoStand,
  "JerryHal on a host that has everything": () => jerryStand(new FakeNative()),
  "JerryHal on a host that has only what it must": () => jerryStand(bareNative()),
};
