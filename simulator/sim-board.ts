// A board in software: processor, radio chip and wires as boards/ describes them, running a built bundle as it is.
import { BOARDS } from "../boards/all.ts";
import { type Board, TCXO_VOLTS } from "../boards/board.ts";
import { Amplifier, type AmplifierKind, PowerChip } from "./board-parts.ts";
import type { BytePort } from "./byte-port.ts";
import { ChipModel } from "./chip/sx126x.ts";
import type { Faults } from "./chip/wiring.ts";
import { realClock, type SimClock } from "./clock.ts";
import { Espruino, type I2cSetup, type SpiSetup } from "./espruino.ts";
import type { EtherSeat } from "./ether.ts";
import { Flash } from "./flash.ts";
import type { Air } from "./open-ether.ts";
import { noiseDbm, type Position } from "./propagation.ts";
import { SerialLine } from "./serial-line.ts";

export interface SimBoardOptions {
  /** Name of this one, for people and as its serial number. */
  id: string;
  /** Board id of boards/, for example "rak4631". */
  model: string;
  /** The bundle's text, byte for byte that of dist/firmware/<model>.js; "" leaves the boot code in `files` as it is. */
  source: string;
  /** Its parts, that of dist/firmware/<model>.lib; left out where only what needs none is of interest. */
  library?: string;
  air: Air;
  /** Time of the processor, real time by default. The channel has its own, which may run faster. */
  clock?: SimClock;
  /** For the engine's random numbers and the chip's noise. */
  seed?: number;
  position?: Position;
  /** "none": as a build without AES in its crypto module. */
  aes?: "native" | "none";
  /** Which amplifier is fitted, where the board comes with either: the one whose enable pin is low, or the other. */
  amplifier?: AmplifierKind;
  /** Storage of the engine, to keep it over `createSimBoard`; `.bootcde` is put into it. */
  files?: Map<string, string>;
  /** Flash beside that storage, to keep it over `createSimBoard`. */
  flash?: Flash;
  /** False while the host still works on what the board sent: at speed 0 the channel waits for that. */
  settled?: () => boolean;
}

export interface SimBoard {
  readonly id: string;
  readonly model: string;
  /** The serial line's host end. While the board is plugged in, each end of a port makes room for a new one. */
  readonly serial: BytePort;
  /** True between `plug` and `unplug`; a board starts plugged in. */
  readonly plugged: boolean;
  unplug(): void;
  plug(): void;
  /** Power for processor and radio; storage keeps its files. */
  powerOff(): void;
  powerOn(): void;
  /** Ends the board for good. */
  stop(): void;
  /** What the driver did against the datasheet. */
  readonly violations: readonly string[];
  /** What the engine printed, with its uncaught errors. */
  readonly consoleText: string;
  /** Errors that no code of the bundle caught. */
  readonly uncaught: readonly string[];
  /** The engine's global object. */
  readonly globals: Record<string, unknown>;
  readonly engine: Espruino;
  readonly flash: Flash;
  readonly chip: ChipModel;
  readonly faults: Faults;
  /** Where the board has one. */
  readonly powerChip: PowerChip | null;
  /** A level from outside on a pin, for example a button. */
  setPin(pin: string, level: number): void;
  /** Level that the program last gave a pin. */
  pin(pin: string): number;
}

/** Where a bundle looks for its parts. */
const LIBRARY_FILE = "mc.lib";
/** Version that the stand-in gives itself in process.env. */
const ENGINE_VERSION = "2v29-sim";
/** ESP32-S3 technical reference manual, table of reset sources: power-up, software reset, main watchdog. */
const RESET_CAUSES = [0x01, 0x03, 0x07] as const;
const SPI_MAX_HZ = 16_000_000;
/** Battery at 3.9 V behind the board's divider, as share of the 3.3 V reference. */
const BATTERY_VOLTS = 3.9;
const REFERENCE_VOLTS = 3.3;

/** Builds the board and switches it on. Throws when there is no such model. */
export function createSimBoard(options: SimBoardOptions): SimBoard {
  const board = BOARDS.find((each) => each.id === options.model);
  if (!board) {
    const known = BOARDS.map((each) => each.id).join(", ");
    throw new Error(`there is no board "${options.model}"; known are ${known}`);
  }
  return new Simulated(options, board);
}

class Simulated implements SimBoard {
  readonly id: string;
  readonly model: string;
  readonly engine: Espruino;
  readonly flash: Flash;
  readonly chip: ChipModel;
  readonly powerChip: PowerChip | null;
  private readonly amplifier: Amplifier | null;
  private readonly board: Board;
  private readonly line: SerialLine;
  private readonly seat: EtherSeat;
  private readonly pins = new Map<string, number>();
  private readonly ownViolations: string[] = [];
  private spi: { bus: string; setup: SpiSetup } | null = null;
  private channelLevel: number | null = null;
  private isOn = false;

  constructor(options: SimBoardOptions, board: Board) {
    const seed = options.seed ?? 1;
    const files = options.files ?? new Map<string, string>();
    if (options.source !== "") files.set(".bootcde", options.source);
    if (options.library !== undefined) files.set(LIBRARY_FILE, options.library);
    this.id = options.id;
    this.model = board.id;
    this.board = board;
    const { frontEnd } = board.radio;
    this.powerChip = board.pmu ? new PowerChip(board.pmu) : null;
    this.amplifier = frontEnd ? new Amplifier(frontEnd, options.amplifier ?? "low", (pin) => this.pin(pin)) : null;
    const clock = options.clock ?? realClock();
    const { log, resetRegister } = board.engine;
    this.flash = options.flash ?? new Flash(log.address, log.pages);
    this.engine = new Espruino({
      clock,
      hardware: {
        read: (pin) => this.read(pin),
        write: (pin, level) => this.write(pin, level),
        refusesWatch: (pin) => this.refusesWatch(pin),
        spiSetup: (bus, setup) => this.spiSetup(bus, setup),
        spiTransfer: (bus, data, nss) => this.spiTransfer(bus, data, nss),
        i2cWrite: (bus, address, bytes) => this.i2cWrite(bus, address, bytes),
        serialOut: (device, bytes) => {
          if (device === board.engine.console) this.line.fromBoard(bytes);
        },
      },
      env: { BOARD: board.engine.build, VERSION: ENGINE_VERSION, SERIAL: options.id },
      pins: pinNames(board),
      console: board.engine.console,
      jsVars: board.engine.jsVars,
      jsVarBytes: board.engine.jsVarBytes,
      aes: options.aes !== "none",
      analog: board.battery && BATTERY_VOLTS / board.battery.multiplier / REFERENCE_VOLTS,
      files,
      flash: this.flash,
      resetCause: resetRegister ? { register: resetRegister, values: RESET_CAUSES } : undefined,
      seed,
    });
    this.engine.onPowerCut = () => this.powerOff();
    this.line = new SerialLine(clock, (bytes) => {
      if (this.isOn) this.engine.receive(board.engine.console, bytes);
    });
    const settled = options.settled ?? (() => true);
    this.seat = options.air.join({
      position: options.position,
      heard: ({ frame, rssi, snr }) => this.chip.airEnd(frame, rssi, snr, true),
      ready: () => !this.isOn || (!this.chip.dio1() && this.engine.isIdle() && this.line.isQuiet() && settled()),
      chip: {
        preamble: () => this.chip.airStart(),
        header: (ok) => this.chip.airHeader(ok),
        broken: ({ frame, rssi, snr }) => this.chip.airEnd(frame, rssi, snr, false),
        sent: () => this.chip.txEnd(),
        level: (dbm) => {
          this.channelLevel = dbm;
        },
      },
    });
    this.chip = new ChipModel(
      () => this.engine.nowMs(),
      {
        transmit: (frame, radio, airMs) => {
          if (this.amplifier && !this.amplifier.transmits)
            this.broke("the radio transmits into an amplifier that is off or receiving");
          this.seat.transmit(frame, radio, airMs);
          return true;
        },
        abort: () => this.seat.abort(),
        listen: (radio) => this.seat.listen(radio),
        level: () => this.channelLevel ?? noiseDbm(1),
        dio1: () => this.engine.pinChanged(board.radio.dio1, 1),
        after: (ms, fn) => clock.after(ms / (options.air.speed || 1), fn),
      },
      {
        tcxo: TCXO_VOLTS.indexOf(board.radio.tcxoVolts),
        dio2: board.radio.dio2Switch,
        rxen: board.radio.rxen !== undefined || frontEnd !== undefined,
      },
      seed,
    );
    this.powerOn();
  }

  get serial(): BytePort {
    return this.line.open();
  }

  get plugged(): boolean {
    return this.line.plugged;
  }

  unplug(): void {
    this.line.unplug("the board was unplugged");
  }

  plug(): void {
    this.line.plug();
  }

  powerOff(): void {
    this.isOn = false;
    this.engine.powerOff();
    this.powerChip?.powerOff();
    this.amplifier?.powerOff();
    this.chip.powerOn();
  }

  powerOn(): void {
    this.pins.clear();
    this.spi = null;
    this.chip.powerOn();
    this.chip.rxen(0);
    this.isOn = true;
    this.engine.powerOn();
  }

  stop(): void {
    this.powerOff();
    this.line.unplug("the board was stopped");
    this.seat.leave();
  }

  get violations(): readonly string[] {
    return [...this.chip.violations, ...this.ownViolations];
  }

  get consoleText(): string {
    return this.engine.consoleText;
  }

  get uncaught(): readonly string[] {
    return this.engine.uncaught;
  }

  get globals(): Record<string, unknown> {
    return this.engine.globals;
  }

  get faults(): Faults {
    return this.chip.faults;
  }

  setPin(pin: string, level: number): void {
    if (this.pin(pin) === level) return;
    this.pins.set(pin, level);
    this.engine.pinChanged(pin, level);
  }

  pin(pin: string): number {
    return this.pins.get(pin) ?? 0;
  }

  /** The chip answers only while the board feeds it. */
  private hasRadioPower(): boolean {
    const { power } = this.board.radio;
    return (power === undefined || this.pin(power) === 1) && this.powerChip?.feedsRadio !== false;
  }

  private read(pin: string): number {
    const { busy, dio1 } = this.board.radio;
    if (pin === busy) return this.hasRadioPower() && this.chip.busy() ? 1 : 0;
    if (pin === dio1) return this.hasRadioPower() && this.chip.dio1() ? 1 : 0;
    return this.amplifier?.read(pin) ?? this.pin(pin);
  }

  private write(pin: string, level: number): void {
    const { reset, rxen, power } = this.board.radio;
    const before = this.pin(pin);
    this.pins.set(pin, level);
    if (pin === reset) this.chip.resetPin(level);
    else if (pin === rxen) this.chip.rxen(level);
    else if (pin === power && level !== before) this.chip.powerOn();
    this.amplifier?.written(pin);
    if (this.amplifier) this.chip.rxen(this.amplifier.receives ? 1 : 0);
  }

  private refusesWatch(pin: string): string | undefined {
    const number = Number(pin.slice(1));
    if (this.board.engine.watchable.some(([first, last]) => number >= first && number <= last)) return undefined;
    return `Unable to set watch on ${pin}. You may already have a watch on a pin with the same number`;
  }

  private spiSetup(bus: string, setup: SpiSetup): void {
    this.spi = { bus, setup };
    if (setup.baud > SPI_MAX_HZ) this.broke(`SPI at ${setup.baud} Hz, the chip takes ${SPI_MAX_HZ}`);
    if (setup.mode !== 0 || setup.order !== "msb")
      this.broke(`SPI mode ${setup.mode} ${setup.order}, the chip takes 0 msb`);
  }

  private spiTransfer(bus: string, data: Uint8Array, nss: string): Uint8Array {
    const { sck, miso, mosi, nss: chipNss } = this.board.radio;
    const setup = this.spi?.bus === bus ? this.spi.setup : undefined;
    const wired = setup?.sck === sck && setup.miso === miso && setup.mosi === mosi && nss === chipNss;
    // Nothing drives MISO.
    if (!wired || !this.hasRadioPower()) return new Uint8Array(data.length).fill(255);
    return this.chip.transfer(data);
  }

  private i2cWrite(bus: I2cSetup | undefined, address: number, bytes: readonly number[]): void {
    if (!this.powerChip) throw new Error("jshI2CWrite: slave doesn't ACK the transfer");
    const before = this.hasRadioPower();
    this.powerChip.write(bus, address, bytes);
    if (this.hasRadioPower() !== before) this.chip.powerOn();
  }

  private broke(sentence: string): void {
    if (!this.ownViolations.includes(sentence)) this.ownViolations.push(sentence);
  }
}

function pinNames(board: Board): string[] {
  return Array.from({ length: board.engine.pins }, (_, number) => `D${number}`);
}
