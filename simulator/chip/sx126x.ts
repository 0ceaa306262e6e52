// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes and addresses are hex in the datasheet
/*
 * An SX1262 as its host sees it: commands over SPI, BUSY, DIO1, and a radio on an air that the caller provides.
 *
 * Written from the datasheet and kept apart from the driver, so that the two cannot agree on a mistake. In the engines'
 * language subset: it stands under the firmware bundle inside real Espruino and JerryScript as well.
 */
import { FrameBuffer } from "./buffer.ts";
import {
  CAD,
  commandName,
  ERR_XOSC,
  IRQ_CRC_ERR,
  IRQ_HEADER_ERR,
  IRQ_HEADER_VALID,
  IRQ_PREAMBLE,
  IRQ_RX_DONE,
  IRQ_TX_DONE,
  RESULT_DATA,
  RESULT_FAILED,
  RESULT_INVALID,
  RESULT_OK,
  RESULT_TX_DONE,
  RULES,
  RX,
  SLEEP,
  STBY_RC,
  TX,
} from "./commands.ts";
import { MODE_COMMANDS } from "./modes.ts";
import { READ_COMMANDS } from "./queries.ts";
import { bandwidthHz, type ChipRadio, frequencyHz, noiseDbm, outputDbm } from "./radio.ts";
import { SETTING_COMMANDS } from "./settings.ts";
import type { ChipHooks, ChipWiring, Faults } from "./wiring.ts";

const MAX_VIOLATIONS = 40;
const VERSION = "SX1261 V2D 2D02";

export class ChipModel {
  /** What the driver did against the datasheet, one sentence each, every sentence once. */
  readonly violations: string[];
  readonly faults: Faults;
  readonly hooks: ChipHooks;
  readonly wiring: ChipWiring;
  mode: number;
  /** The last accepted command of each opcode above 0x7f: settings are read from there. */
  given!: { [opcode: number]: Uint8Array | undefined };
  busyUntil!: number;
  irq!: number;
  irqMask!: number;
  dio1Mask!: number;
  /** Device errors. */
  errors!: number;
  calibrated!: boolean;
  iqFixed!: boolean;
  /** Band of the last image calibration in steps of 4 MHz. */
  imageLow!: number;
  imageHigh!: number;
  /** Voltage code on DIO3, -1 while it is no supply, and the time that the oscillator gets. */
  tcxo!: number;
  tcxoMs!: number;
  regs!: { [address: number]: number };
  /** Registers as the driver last wrote them, over sleep and reset: what it believes to be set. */
  readonly wanted: { [address: number]: number };
  buffer!: FrameBuffer;
  single!: boolean;
  rssi!: number;
  snr!: number;
  received!: number;
  crcErrors!: number;
  headerErrors!: number;
  rxenHigh: boolean;
  private readonly now: () => number;
  private result!: number;
  private locked!: boolean;
  private dio1Was!: boolean;
  private resetAt: number;
  private timer: (() => void) | null;
  private seed: number;
  private txFrom: number;

  /** `now` is in ms with fractions: BUSY lasts for microseconds. `seed` starts the noise. */
  constructor(now: () => number, hooks: ChipHooks, wiring: ChipWiring, seed: number) {
    this.now = now;
    this.hooks = hooks;
    this.wiring = wiring;
    this.seed = seed & 0x7fffffff;
    this.violations = [];
    this.faults = {
      busyStuck: false,
      lostEdges: 0,
      dio1Dead: false,
      endlessTx: 0,
      endlessCad: 0,
      garbage: 0,
      garbageByte: -1,
      garbageAnswers: false,
      resetAfter: -1,
      powerless: false,
    };
    this.txFrom = 0;
    this.wanted = {};
    this.rxenHigh = false;
    this.resetAt = -1;
    this.timer = null;
    this.mode = STBY_RC;
    this.powerOn();
  }

  /** Everything as after power-on. Also what a reset behind the driver's back does. */
  powerOn(): void {
    this.enter(STBY_RC);
    this.given = {};
    this.busyUntil = this.now() + 3.5;
    this.result = RESULT_OK;
    this.irq = this.irqMask = this.dio1Mask = 0;
    // A chip that waits for its TCXO finds no oscillator at power-on (datasheet 13.3.6) and says so.
    this.calibrated = this.wiring.tcxo < 0;
    this.errors = this.calibrated ? 0 : ERR_XOSC;
    this.iqFixed = false;
    this.setImage(225, 233);
    this.tcxo = -1;
    this.tcxoMs = 0;
    // biome-ignore format: address and reset value
    this.regs = {
      0x0740: 0x14, 0x0741: 0x24, 0x0736: 0x0d, 0x0889: 0x01, 0x08ac: 0x94, 0x08d8: 0xc8, 0x08e7: 0x18, 0x0911: 5, 0x0912: 5,
    };
    this.buffer = new FrameBuffer();
    this.single = this.locked = this.dio1Was = false;
    this.rssi = this.snr = this.received = this.crcErrors = this.headerErrors = 0;
  }

  /** One NSS cycle; the answer has as many bytes as `bytes`. */
  transfer(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(bytes.length);
    const opcode = bytes[0];
    const faults = this.faults;
    if (faults.powerless) {
      this.powerOn();
      return out;
    }
    if (faults.resetAfter >= 0 && faults.resetAfter-- === 0) this.powerOn();
    if (faults.garbage > 0) {
      faults.garbage--;
      if (faults.garbageAnswers) this.obey(opcode, bytes, out);
      for (let i = 0; i < out.length; i++) out[i] = faults.garbageByte < 0 ? this.noise() : faults.garbageByte;
    } else this.obey(opcode, bytes, out);
    return out;
  }

  private obey(opcode: number, bytes: Uint8Array, out: Uint8Array): void {
    if (this.resetAt >= 0) this.broke(opcode, "came while NRST was low");
    else if (this.mode === SLEEP) this.wake();
    else if (this.busy()) this.broke(opcode, "came while BUSY was high and is ignored");
    else if (bytes.length) {
      // Only these two move a bulk of bytes; for all others filling the whole answer costs nothing.
      if (opcode === 0x1e) out[0] = out[1] = out[2] = this.status();
      else if (opcode !== 0x0e) out.fill(this.status());
      this.execute(opcode, bytes, out);
      this.updateDio1();
    }
  }

  busy(): boolean {
    if (this.faults.powerless) return false;
    return this.faults.busyStuck || this.mode === SLEEP || this.resetAt >= 0 || this.now() < this.busyUntil;
  }

  dio1(): boolean {
    return (this.irq & this.dio1Mask) !== 0 && !this.faults.dio1Dead && !this.faults.powerless;
  }

  /** NRST, active low. */
  resetPin(level: number): void {
    if (!level) {
      if (this.resetAt < 0) this.resetAt = this.now();
      this.enter(STBY_RC);
    } else if (this.resetAt >= 0) {
      const us = (this.now() - this.resetAt) * 1000;
      this.resetAt = -1;
      if (us < 100) this.note("NRST was low for " + Math.round(us) + " us, it needs 100");
      this.powerOn();
    }
  }

  /** The board's receive switch, where it has one. */
  rxen(level: number): void {
    this.rxenHigh = !!level;
  }

  /** How the chip is tuned while it receives, or null while it does not. */
  listening(): ChipRadio | null {
    return this.mode === RX ? this.radio() : null;
  }

  /** The air: a preamble that the chip can hear. False when it does not listen. */
  airStart(): boolean {
    if (this.mode !== RX) return false;
    if (this.wiring.rxen && !this.rxenHigh) {
      this.note("the chip receives while RXEN is low: the antenna is not connected to it");
      return false;
    }
    this.locked = true;
    if (this.arg(0x9f, 1)) this.stopTimer();
    this.raise(IRQ_PREAMBLE);
    return true;
  }

  /** The air: the header of the frame whose preamble was heard, readable or not. */
  airHeader(ok: boolean): void {
    if (!this.locked) return;
    this.stopTimer();
    if (ok) this.raise(IRQ_HEADER_VALID);
    else this.headerError();
  }

  /** The air: the frame is complete. `crcOk` false: `frame` holds what was heard, with errors. */
  airEnd(frame: Uint8Array, rssi: number, snr: number, crcOk: boolean): void {
    if (!this.locked) return;
    if (frame.length > this.arg(0x8c, 4)) {
      this.headerError();
      return;
    }
    this.locked = false;
    this.buffer.receive(frame, this.single);
    this.rssi = rssi;
    this.snr = snr;
    this.received++;
    if (!crcOk) this.crcErrors++;
    if (this.single) this.enter(this.fallback());
    this.result = RESULT_DATA;
    this.raise(crcOk ? IRQ_RX_DONE : IRQ_RX_DONE | IRQ_CRC_ERR);
  }

  /** A whole frame at once, for a caller without an ether. False when the chip does not listen. */
  receive(frame: Uint8Array, rssi: number, snr: number): boolean {
    if (!this.airStart()) return false;
    this.airHeader(true);
    this.airEnd(frame, rssi, snr, true);
    return true;
  }

  /** The air: the frame that the chip sends is over. */
  txEnd(): void {
    if (this.mode !== TX) return;
    if (this.faults.endlessTx > 0) {
      this.faults.endlessTx--;
      return;
    }
    this.stopTimer();
    this.ended();
    this.mode = this.fallback();
    this.result = RESULT_TX_DONE;
    this.raise(IRQ_TX_DONE);
  }

  // What follows is for the commands in settings.ts, modes.ts and queries.ts.

  /** Changes the mode and ends what belonged to the old one. */
  enter(mode: number): void {
    const old = this.mode;
    this.stopTimer();
    this.locked = false;
    if (old === TX) this.ended();
    if (mode === TX) this.txFrom = this.now();
    this.mode = mode;
    if (old === TX && this.hooks.abort) this.hooks.abort();
    if (this.hooks.listen && (mode === RX || old === RX)) this.hooks.listen(this.listening());
  }

  /** One timer at a time: each mode has at most one. */
  startTimer(ms: number, fn: () => void): void {
    this.stopTimer();
    this.timer = this.hooks.after(ms, () => {
      this.timer = null;
      fn();
    });
  }

  raise(bits: number): void {
    this.irq |= bits & this.irqMask;
    this.updateDio1();
  }

  /** Byte `at` of the last accepted command, 0 when there was none. */
  arg(opcode: number, at: number): number {
    const bytes = this.given[opcode];
    return bytes ? bytes[at] : 0;
  }

  /** The last accepted command; all zeros when there was none. */
  bytesOf(opcode: number): Uint8Array {
    return this.given[opcode] || new Uint8Array(9);
  }

  radio(): ChipRadio {
    const powerDbm = outputDbm(this.bytesOf(0x95), this.arg(0x8e, 1));
    return {
      freqHz: frequencyHz(this.bytesOf(0x86)),
      bwHz: bandwidthHz(this.arg(0x8b, 2)),
      sf: this.arg(0x8b, 1),
      cr: this.arg(0x8b, 3) + 4,
      powerDbm,
      preamble: (this.arg(0x8c, 1) << 8) | this.arg(0x8c, 2),
      sync: (this.regs[0x0740] & 0xf0) | (this.regs[0x0741] >> 4),
      inverted: this.arg(0x8c, 6) === 1,
      lowRate: this.arg(0x8b, 4) === 1,
    };
  }

  setImage(low: number, high: number): void {
    this.imageLow = low;
    this.imageHigh = high;
  }

  /** Oscillator present: a crystal with DIO3 left alone, or a TCXO fed with its voltage. */
  oscillates(): boolean {
    return this.tcxo === this.wiring.tcxo;
  }

  /** The signal on the channel in dBm, far below any noise when there is none. */
  signal(): number {
    return this.hooks.level ? this.hooks.level() : -200;
  }

  /** What the receiver measures: the signal, or the noise above it. */
  level(): number {
    const floor = noiseDbm(bandwidthHz(this.arg(0x8b, 2)) || 1);
    const heard = this.signal();
    return heard > floor ? heard : floor + (this.noise() & 3) - 1;
  }

  register(address: number): number {
    if (address >= 0x0320 && address < 0x0330) return VERSION.charCodeAt(address - 0x0320) || 0;
    // The random source runs off the receiver's noise and stands still without it.
    if (address >= 0x0819 && address < 0x081d && this.mode === RX) return this.noise();
    return this.regs[address] || 0;
  }

  broke(opcode: number, what: string): void {
    this.note(commandName(opcode) + " " + what);
  }

  private execute(opcode: number, bytes: Uint8Array, out: Uint8Array): void {
    const rule = RULES[opcode];
    if (rule === undefined || bytes.length <= (rule & 15)) {
      this.result = RESULT_INVALID;
      this.broke(opcode, rule === undefined ? "does not exist" : "is too short: " + bytes.length + " bytes");
      return;
    }
    const read = READ_COMMANDS[opcode];
    if (read) {
      read(this, bytes, out);
      return;
    }
    this.result = RESULT_OK;
    let refusal: string | undefined;
    if (!((rule >> 4) & (1 << this.mode))) refusal = "is ignored: not allowed in mode " + this.mode;
    else {
      this.busyUntil = this.now() + 0.02;
      const setting = SETTING_COMMANDS[opcode];
      const start = MODE_COMMANDS[opcode];
      if (setting) refusal = setting(this, bytes);
      // What is against the order was noted where it was found.
      else if (start && !start(this, bytes)) this.result = RESULT_FAILED;
      if (opcode > 0x7f && !refusal) this.given[opcode] = new Uint8Array(bytes);
    }
    if (refusal) {
      this.result = RESULT_FAILED;
      this.broke(opcode, refusal);
    }
  }

  private status(): number {
    return ((this.mode === CAD ? RX : this.mode) << 4) | (this.result << 1);
  }

  private fallback(): number {
    return this.arg(0x93, 1) >> 4 || STBY_RC;
  }

  private noise(): number {
    this.seed = (this.seed * 16807 + 11) % 2147483647;
    return (this.seed >> 8) & 255;
  }

  /** Each sentence once: a driver in a loop must not fill the memory of the engine that both live in. */
  private note(sentence: string): void {
    if (this.violations.length < MAX_VIOLATIONS && this.violations.indexOf(sentence) < 0)
      this.violations.push(sentence);
  }

  private headerError(): void {
    this.locked = false;
    this.headerErrors++;
    if (this.single) this.enter(this.fallback());
    this.raise(IRQ_HEADER_ERR);
  }

  private stopTimer(): void {
    if (this.timer) this.timer();
    this.timer = null;
  }

  private updateDio1(): void {
    const is = this.dio1();
    const rose = is && !this.dio1Was;
    this.dio1Was = is;
    if (!rose || !this.hooks.dio1) return;
    if (this.faults.lostEdges > 0) this.faults.lostEdges--;
    else this.hooks.dio1();
  }

  private ended(): void {
    if (this.hooks.aired) this.hooks.aired(this.txFrom, this.now());
  }

  /** NSS fell while asleep: the byte is lost, the chip starts. A cold start forgets everything. */
  private wake(): void {
    if (!(this.arg(0x84, 1) & 4)) {
      this.powerOn();
      return;
    }
    const regs = this.regs;
    // The gain survives only by way of the retention list (datasheet 9.6).
    if (!(regs[0x029f] && regs[0x02a0] === 8 && regs[0x02a1] === 0xac)) regs[0x08ac] = 0x94;
    this.buffer.forget();
    this.mode = STBY_RC;
    this.busyUntil = this.now() + 0.34;
  }
}
