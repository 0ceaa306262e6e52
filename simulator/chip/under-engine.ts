/*
 * The chip under a bundle inside a real engine: replaces the engine's pin and SPI calls by ones that end at the model.
 */
import type { ChipRadio } from "./radio.ts";
import { ChipModel } from "./sx126x.ts";

/** How the radio is wired, as in boards/. */
export interface HarnessWiring {
  /** SetDIO3AsTCXO voltage code, -1 for a crystal. */
  tcxoCode: number;
  /** DIO2 drives the antenna switch. */
  dio2: boolean;
}

/** Espruino pin names; absent pins are empty or left out. */
export interface HarnessPins extends HarnessWiring {
  nss: string;
  reset: string;
  busy: string;
  dio1: string;
  rxen?: string;
}

type PinArgument = unknown;
type Watch = (event: { state: boolean; time: number; lastTime: number; pin: PinArgument }) => void;

/** The engine's global object, as far as it is used here. */
export interface EngineGlobals {
  SPI1: {
    setup: (options: unknown) => void;
    send: (data: Uint8Array, nss: PinArgument) => Uint8Array;
    write: (data: Uint8Array, nss: PinArgument) => void;
  };
  digitalRead(pin: PinArgument): number;
  digitalWrite(pin: PinArgument, level: number): void;
  pinMode(pin: PinArgument, mode: string): void;
  setWatch(fn: Watch, pin: PinArgument, options: unknown): number;
  getTime(): number;
  setTimeout(fn: () => void, ms: number): number;
  clearTimeout(id: number): void;
}

/** What the harness hands to whoever drives the test. */
export interface Harness {
  readonly chip: ChipModel;
  /** A frame as if heard; false when the chip does not listen. */
  receive(frame: Uint8Array, rssi: number, snr: number): boolean;
  /** Every frame that the bundle sent, oldest first. */
  readonly sent: Uint8Array[];
}

/** Where the model's time comes from. */
export interface HarnessTimers {
  nowMs(): number;
  after(fn: () => void, ms: number): number;
  cancel(id: number): void;
}

/**
 * The model between a bundle and a test. `airtimeFactor` shortens (below 1) what a transmission takes; `edge` runs from the idle
 * loop after DIO1 rose, once for edges that come together, as on the chip's board.
 */
export function chipBelow(
  timers: HarnessTimers,
  wiring: HarnessWiring,
  rxen: boolean,
  airtimeFactor: number,
  edge: () => void,
): Harness {
  const sent: Uint8Array[] = [];
  let edgeWaits = false;
  const chip = new ChipModel(
    () => timers.nowMs(),
    {
      transmit: (frame: Uint8Array, _radio: ChipRadio) => {
        sent.push(frame);
        return false;
      },
      dio1: () => {
        if (edgeWaits) return;
        edgeWaits = true;
        timers.after(() => {
          edgeWaits = false;
          edge();
        }, 0);
      },
      after: (ms: number, fn: () => void) => {
        const id = timers.after(fn, ms * airtimeFactor);
        return () => timers.cancel(id);
      },
    },
    { tcxo: wiring.tcxoCode, dio2: wiring.dio2, rxen },
    1,
  );
  return { chip, sent, receive: (frame, rssi, snr) => chip.receive(frame, rssi, snr) };
}

/** Puts the model under `engine`, the engine's global object. Call before the bundle starts. */
export function install(engine: EngineGlobals, pins: HarnessPins, airtimeFactor: number): Harness {
  let watch: Watch | null = null;
  const timers = {
    nowMs: () => engine.getTime() * 1000,
    after: (fn: () => void, ms: number) => engine.setTimeout(fn, ms),
    cancel: (id: number) => engine.clearTimeout(id),
  };
  const harness = chipBelow(timers, pins, !!pins.rxen, airtimeFactor, () => {
    const now = engine.getTime();
    if (watch) watch({ state: true, time: now, lastTime: now, pin: pins.dio1 });
  });
  const chip = harness.chip;
  const spi = engine.SPI1;
  spi.setup = () => undefined;
  spi.send = (data, nss) => ("" + nss === pins.nss ? chip.transfer(data) : new Uint8Array(data.length));
  spi.write = (data, nss) => {
    if ("" + nss === pins.nss) chip.transfer(data);
  };
  engine.pinMode = () => undefined;
  engine.digitalRead = (pin) => {
    const name = "" + pin;
    if (name === pins.busy) return chip.busy() ? 1 : 0;
    return name === pins.dio1 && chip.dio1() ? 1 : 0;
  };
  engine.digitalWrite = (pin, level) => {
    const name = "" + pin;
    if (name === pins.reset) chip.resetPin(level);
    else if (pins.rxen && name === pins.rxen) chip.rxen(level);
  };
  engine.setWatch = (fn, pin) => {
    if ("" + pin === pins.dio1) watch = fn;
    return 1;
  };
  return harness;
}
