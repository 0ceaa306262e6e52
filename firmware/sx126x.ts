// The SX1262 driver: continuous receive, transmit with a watchdog, and recovery from whatever state the chip is in.
//
//   off --begin--> rx --transmit--> tx --TxDone or deadline--> rx
//    ^              |                |
//    +--- recover --+----------------+     (retried with growing patience while the chip does not answer)
import { airtimeMs, lowDataRate, preambleSymbols, type RadioSettings } from "../protocol/airtime.ts";
import { view } from "../protocol/bytes.ts";
import { MAX_PACKET } from "../protocol/packet.ts";
import { COUNT } from "./counters.ts";
import { FRONT_END } from "./features.ts";
import type { Hal, RadioFacts } from "./hal.ts";
import {
  BANDWIDTH_CODES,
  CALIBRATE,
  CALIBRATE_IMAGE,
  CLEAR_ERRORS,
  CLEAR_IRQ,
  GET_IRQ,
  GET_PACKET_STATUS,
  GET_RSSI,
  GET_RX_BUFFER,
  GET_STATUS,
  IRQ_CRC_ERROR,
  IRQ_HEADER,
  IRQ_HEADER_ERROR,
  IRQ_PREAMBLE,
  IRQ_RX_DONE,
  IRQ_TIMEOUT,
  IRQ_TX_DONE,
  MODE_RX,
  MODE_TX,
  PA_ROWS,
  READ_BUFFER,
  READ_REGISTER,
  REG_CURRENT_LIMIT,
  REG_IQ_POLARITY,
  REG_RX_GAIN,
  REG_RX_PATCH,
  REG_SYNC_WORD,
  REG_TX_CLAMP,
  REG_TX_MODULATION,
  REG_VERSION,
  RX_GAIN_BOOSTED,
  RX_GAIN_SAVING,
  SET_BUFFER_BASE,
  SET_DIO_IRQ,
  SET_DIO2_SWITCH,
  SET_DIO3_TCXO,
  SET_FALLBACK,
  SET_FREQUENCY,
  SET_MODULATION,
  SET_PA_CONFIG,
  SET_PACKET,
  SET_PACKET_TYPE,
  SET_REGULATOR,
  SET_RX,
  SET_STANDBY,
  SET_TX,
  SET_TX_PARAMS,
  STEPS_PER_HZ,
  SYNC_WORD,
  TCXO_DELAY,
  WRITE_BUFFER,
  WRITE_REGISTER,
} from "./sx126x-table.ts";

const OFF = 0;
const RX = 1;
const TX = 2;

const RETRY_FIRST_MS = 1000;
const RETRY_LIMIT_MS = 60000;
/** Once a minute. It costs 6 ms of a preamble, which at the settings in use lasts ten times as long. */
const CHECKS_PER_RENEWAL = 12;
/** Bytes before the data in the answer to ReadBuffer: opcode, offset, status. */
const READ_HEADER = 3;
const RX_IRQS = IRQ_RX_DONE | IRQ_PREAMBLE | IRQ_HEADER | IRQ_HEADER_ERROR | IRQ_CRC_ERROR | IRQ_TIMEOUT;
/** Of the low byte: with RxDone alone the packet is good. */
const RX_OUTCOME = IRQ_RX_DONE | IRQ_HEADER_ERROR | IRQ_CRC_ERROR;
const RX_DIO1 = IRQ_RX_DONE | IRQ_HEADER_ERROR | IRQ_TIMEOUT;
const TX_IRQS = IRQ_TX_DONE | IRQ_TIMEOUT;

/** SetDioIrqParams: what is noted, and what of it raises DIO1. */
function interrupts(mask: number, dio1: number): Uint8Array {
  return new Uint8Array([SET_DIO_IRQ, mask >> 8, mask & 255, dio1 >> 8, dio1 & 255, 0, 0, 0, 0]);
}

/** What the radio hands up; set once by the mesh. */
export interface RadioEvents {
  /** A packet whose CRC was right: `length` bytes of `bytes` from `at`; the array belongs to the receiver of the call. */
  onPacket(bytes: Uint8Array, at: number, length: number): void;
  /** The transmission ended, or was given up (`sent` false). */
  onSent(sent: boolean): void;
}

export class Sx126x {
  settings: RadioSettings;
  /** Of the packet handed up last: RSSI in dBm in the low 16 bits, SNR in quarter dB in the 8 above, as in RoomMessage. */
  signal = 0;
  readonly counters: Uint32Array;
  txAirMs = 0;
  rxBytes = 0;
  /** What the channel sounds like when nobody speaks, dBm; 0 until it was measured. */
  noiseFloor = 0;
  /** Why the chip is not running, or empty. */
  fault = "";

  private readonly hal: Hal;
  private readonly facts: RadioFacts;
  private readonly events: RadioEvents;
  private state = OFF;
  private txDeadlineMs = 0;
  private txAirtimeMs = 0;
  private retryMs = RETRY_FIRST_MS;
  private retryTimer = 0;
  private checks = 0;
  /** When a preamble or header was first seen latched; 0 = none. */
  private activeSinceMs = 0;

  // Commands that are sent again and again, made once: making one takes as long as sending it.
  private readonly irqQuery = new Uint8Array([GET_IRQ, 0, 0, 0]);
  private readonly irqClear = new Uint8Array([CLEAR_IRQ, 0xff, 0xff]);
  private readonly rxQuery = new Uint8Array([GET_RX_BUFFER, 0, 0, 0]);
  private readonly packetQuery = new Uint8Array([GET_PACKET_STATUS, 0, 0, 0, 0]);
  private readonly rssiQuery = new Uint8Array([GET_RSSI, 0, 0]);
  private readonly statusQuery = new Uint8Array([GET_STATUS, 0]);
  private readonly standby = new Uint8Array([SET_STANDBY, 0]);
  private readonly bufferBase = new Uint8Array([SET_BUFFER_BASE, 0, 0]);
  private readonly setRx = new Uint8Array([SET_RX, 0xff, 0xff, 0xff]);
  private readonly setTx = new Uint8Array([SET_TX, 0, 0, 0]);
  private readonly rxIrqs = interrupts(RX_IRQS, RX_DIO1);
  private readonly txIrqs = interrupts(TX_IRQS, TX_IRQS);
  /** Preamble and length are filled in. */
  private readonly packetForm = new Uint8Array([SET_PACKET, 0, 0, 0, 0, 1, 0]);
  /** The registers of 15.1 and 15.4; the values are filled in. */
  private readonly txQuality = new Uint8Array([WRITE_REGISTER, REG_TX_MODULATION >> 8, REG_TX_MODULATION & 255, 0]);
  private readonly iqPolarity = new Uint8Array([WRITE_REGISTER, REG_IQ_POLARITY >> 8, REG_IQ_POLARITY & 255, 0]);
  private readonly readCommand = new Uint8Array(READ_HEADER + MAX_PACKET + 1);
  private readonly readMemory: ArrayBufferLike;
  private readonly writeCommand = new Uint8Array(2 + MAX_PACKET + 1);

  constructor(hal: Hal, facts: RadioFacts, settings: RadioSettings, events: RadioEvents, counters: Uint32Array) {
    this.hal = hal;
    this.facts = facts;
    this.settings = settings;
    this.events = events;
    this.counters = counters;
    this.readCommand[0] = READ_BUFFER;
    this.readMemory = this.readCommand.buffer;
    this.writeCommand[0] = WRITE_BUFFER;
  }

  /** Powers the radio and starts to receive; goes on trying by itself when the chip does not answer. */
  begin(): void {
    this.hal.powerUp();
    this.hal.watchDio1(() => this.onEdge());
    this.hal.after(() => this.restart(), this.facts.powerMs);
  }

  /** Takes new settings at once, from the next packet on. */
  configure(settings: RadioSettings): void {
    this.settings = settings;
    if (this.state !== OFF) this.restart();
  }

  /** Of the packet handed up last, dBm. */
  rssi(): number {
    return (this.signal << 16) >> 16;
  }

  /** Of the packet handed up last, quarter dB. */
  snr(): number {
    return (this.signal << 8) >> 24;
  }

  isReceiving(): boolean {
    return this.state === RX;
  }

  /**
   * True when nothing is being received. A latched preamble or header counts as reception for as long as the packet
   * can last (MeshCore's rule); then it was noise, and is cleared.
   */
  isClear(): boolean {
    const irq = this.hal.transfer(this.irqQuery)[3];
    if (!(irq & (IRQ_PREAMBLE | IRQ_HEADER))) {
      this.activeSinceMs = 0;
      return true;
    }
    const now = this.hal.nowMs();
    if (!this.activeSinceMs) this.activeSinceMs = now;
    const symbolMs = (1000 * (1 << this.settings.sf)) / this.settings.bwHz;
    const limitMs =
      irq & IRQ_HEADER ? airtimeMs(this.settings, MAX_PACKET) : (preambleSymbols(this.settings.sf) + 13) * symbolMs;
    if (now - this.activeSinceMs < limitMs) return false;
    this.activeSinceMs = 0;
    this.send([CLEAR_IRQ, 0, IRQ_PREAMBLE | IRQ_HEADER]);
    return true;
  }

  /** Sends `length` bytes, which take `airMs`; `onSent` follows. False when the radio is not receiving, i.e. busy or off. */
  transmit(bytes: Uint8Array, length: number, airMs: number): boolean {
    if (this.state !== RX) return false;
    const hal = this.hal;
    hal.write(this.standby);
    this.writePacketForm(length);
    hal.write(this.txIrqs);
    hal.write(this.bufferBase);
    this.writeCommand.set(bytes, 2);
    hal.write(view(this.writeCommand, 0, 2 + length));
    hal.write(this.irqClear);
    // 15.1, before each transmission.
    hal.write(this.txQuality);
    hal.receivePath(false);
    hal.led(true);
    hal.write(this.setTx);
    if (hal.stuck) {
      this.recover("BUSY stuck");
      return false;
    }
    this.txAirtimeMs = airMs;
    this.txDeadlineMs = hal.nowMs() + airMs * 1.5 + 50;
    this.state = TX;
    return true;
  }

  /** For the housekeeping: a missed edge costs a delay and no packet. */
  service(): void {
    if (this.state === OFF) return;
    if (this.hal.isDio1()) this.onEdge();
    if (this.state === TX && this.hal.nowMs() > this.txDeadlineMs) this.recover("transmission did not end");
  }

  /**
   * Now and then: a chip that was reset or fell out of its mode is started again. Now and then of these, reception is begun
   * anew: a command that got lost on the wires can leave the chip deaf and in the right mode.
   */
  checkHealth(): void {
    this.service();
    if (this.state === OFF) return;
    const mode = (this.hal.transfer(this.statusQuery)[1] >> 4) & 7;
    const isLost = mode !== (this.state === RX ? MODE_RX : MODE_TX) && (this.state === RX || !this.hal.isDio1());
    if (this.hal.stuck) this.recover("BUSY stuck");
    else if (isLost) this.recover("chip left its mode");
    else if (++this.checks % CHECKS_PER_RENEWAL === 0 && this.state === RX && this.isClear()) this.receive();
  }

  /** One sample for the noise floor; what is far above it is a signal and does not count (MeshCore: 14 dB). */
  sampleNoise(): void {
    if (this.state !== RX) return;
    const rssi = -(this.hal.transfer(this.rssiQuery)[2] >> 1);
    if (this.noiseFloor === 0) this.noiseFloor = rssi;
    else if (rssi < this.noiseFloor + 14)
      this.noiseFloor = Math.max(-120, this.noiseFloor + (rssi - this.noiseFloor) / 8);
  }

  /** The way of a good packet is kept short: Espruino pays for every name and every line that it reads past. */
  private onEdge(): void {
    const hal = this.hal;
    // No edge comes while DIO1 stays high, so it is looked at again; a line that is stuck must not hold us.
    for (let round = 0; round < 4 && this.state !== OFF; round++) {
      const flags = hal.transfer(this.irqQuery);
      // All at once: what could come between the two commands does not matter before the next packet's end.
      hal.write(this.irqClear);
      this.activeSinceMs = 0;
      if (this.state === RX && (flags[3] & RX_OUTCOME) === IRQ_RX_DONE) {
        const where = hal.transfer(this.rxQuery);
        const length = where[2];
        this.readCommand[1] = where[3];
        const answer = hal.transfer(new Uint8Array(this.readMemory, 0, READ_HEADER + length));
        const signal = hal.transfer(this.packetQuery);
        this.signal = (-(signal[2] >> 1) & 0xffff) | (signal[3] << 16);
        this.counters[COUNT.rx]++;
        this.rxBytes += length;
        this.events.onPacket(answer, READ_HEADER, length);
      } else {
        this.handleOther((flags[2] << 8) | flags[3]);
      }
      if (!hal.isDio1()) return;
    }
  }

  private handleOther(irq: number): void {
    if (this.state === TX) {
      if (!(irq & (IRQ_TX_DONE | IRQ_TIMEOUT))) return;
      if (irq & IRQ_TX_DONE) this.txAirMs += this.txAirtimeMs;
      this.receive();
      this.events.onSent((irq & IRQ_TX_DONE) !== 0);
    } else if (irq & IRQ_HEADER_ERROR) {
      this.counters[COUNT.headerErrors]++;
    } else if (irq & IRQ_CRC_ERROR) {
      // Comes together with RxDone. 15.3 does not apply: the header is explicit.
      this.counters[COUNT.crcErrors]++;
    } else if (irq & IRQ_TIMEOUT) {
      this.receive();
    }
  }

  private receive(): void {
    const hal = this.hal;
    hal.write(this.standby);
    hal.write(this.rxIrqs);
    // The other bits of these registers are the chip's own; read here, so that sending need not.
    this.iqPolarity[3] = this.readRegister(REG_IQ_POLARITY) | 4;
    const quality = this.readRegister(REG_TX_MODULATION);
    this.txQuality[3] = this.settings.bwHz === 500000 ? quality & ~4 : quality | 4;
    this.writePacketForm(0xff);
    hal.write(this.bufferBase);
    hal.write(this.irqClear);
    hal.receivePath(true);
    hal.led(false);
    hal.write(this.setRx);
    this.state = RX;
    this.activeSinceMs = 0;
    if (hal.stuck) this.recover("BUSY stuck");
  }

  /** Time on air of what was received, ms; as if every packet had the mean length, which is a symbol or two off. */
  rxAirMs(): number {
    const packets = this.counters[COUNT.rx];
    return packets ? packets * airtimeMs(this.settings, this.rxBytes / packets) : 0;
  }

  private recover(why: string): void {
    this.counters[COUNT.recoveries]++;
    this.fault = why;
    this.restart();
  }

  /** Resets and sets up the chip. What comes after a pause is in a timer: nothing here blocks for long. */
  private restart(): void {
    const wasSending = this.state === TX;
    this.state = OFF;
    if (wasSending) this.events.onSent(false);
    if (this.retryTimer) this.hal.cancel(this.retryTimer);
    this.hal.reset(0);
    this.retryTimer = this.hal.after(() => {
      this.hal.reset(1);
      this.retryTimer = this.hal.after(() => this.setUpClock(), 10);
    }, 2);
  }

  private setUpClock(): void {
    this.hal.stuck = false;
    this.hal.write(this.standby);
    const version = this.readRegister(REG_VERSION);
    // A missing chip answers with the idle level of the line.
    if (this.hal.stuck || version === 0 || version === 0xff) {
      this.fault = "radio does not answer";
      this.retryTimer = this.hal.after(() => this.restart(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, RETRY_LIMIT_MS);
      return;
    }
    this.retryMs = RETRY_FIRST_MS;
    if (this.facts.tcxo >= 0) {
      // The oscillator error of a cold start is expected with a TCXO (13.3.6).
      this.send([CLEAR_ERRORS, 0, 0]);
      this.send([SET_DIO3_TCXO, this.facts.tcxo, 0, TCXO_DELAY >> 8, TCXO_DELAY & 255]);
    }
    this.send([CALIBRATE, 0x7f]);
    this.retryTimer = this.hal.after(() => this.setUpRadio(), 6);
  }

  private setUpRadio(): void {
    const settings = this.settings;
    this.send([SET_REGULATOR, 1]);
    this.hal.write(this.bufferBase);
    this.send([SET_PACKET_TYPE, 1]);
    this.send([SET_FALLBACK, 0x20]);
    if (this.facts.dio2Switch) this.send([SET_DIO2_SWITCH, 1]);
    // 4 MHz to each side, in steps of 4 MHz and odd as the codes of table 9-2 are; for 433 and 868 MHz these are that table's.
    const mhz = settings.freqHz / 1e6;
    this.send([CALIBRATE_IMAGE, (Math.floor((mhz - 5) / 4) - 1) | 1, Math.ceil((mhz + 5) / 4) | 1]);
    const steps = Math.floor(settings.freqHz * STEPS_PER_HZ);
    this.send([SET_FREQUENCY, steps >>> 24, (steps >> 16) & 255, (steps >> 8) & 255, steps & 255]);
    this.writeRegister(REG_SYNC_WORD, SYNC_WORD[0]);
    this.writeRegister(REG_SYNC_WORD + 1, SYNC_WORD[1]);
    const bandwidth = this.rowUpTo(BANDWIDTH_CODES, settings.bwHz);
    const slow = lowDataRate(settings.sf, settings.bwHz) ? 1 : 0;
    this.send([SET_MODULATION, settings.sf, bandwidth[1], settings.cr - 4, slow]);
    this.setBits(REG_TX_CLAMP, 0x1e);
    const preamble = preambleSymbols(settings.sf);
    this.packetForm[1] = preamble >> 8;
    this.packetForm[2] = preamble & 255;
    this.setPower(Math.min(settings.powerDbm, this.facts.maxPowerDbm));
    if (FRONT_END && this.facts.rxPatch) this.setBits(REG_RX_PATCH, 1);
    this.writeRegister(REG_RX_GAIN, this.facts.boostedGain ? RX_GAIN_BOOSTED : RX_GAIN_SAVING);
    this.fault = "";
    this.receive();
  }

  private setPower(dbm: number): void {
    const row = this.rowUpTo(PA_ROWS, dbm);
    this.send([SET_PA_CONFIG, row[1], row[2], 0, 1]);
    this.send([SET_TX_PARAMS, (22 - row[0] + dbm) & 255, 0x04]);
    // SetPaConfig puts the current limit back to its default.
    this.writeRegister(REG_CURRENT_LIMIT, this.facts.currentLimit);
  }

  private writePacketForm(length: number): void {
    this.packetForm[4] = length;
    this.hal.write(this.packetForm);
    // 15.4: bit 2 set for standard IQ, after every SetPacketParams.
    this.hal.write(this.iqPolarity);
  }

  private send(command: number[]): void {
    this.hal.write(new Uint8Array(command));
  }

  private readRegister(register: number): number {
    return this.hal.transfer(new Uint8Array([READ_REGISTER, register >> 8, register & 255, 0, 0]))[4];
  }

  private writeRegister(register: number, value: number): void {
    this.send([WRITE_REGISTER, register >> 8, register & 255, value]);
  }

  /** The other bits of the register are the chip's own. */
  private setBits(register: number, bits: number): void {
    this.writeRegister(register, this.readRegister(register) | bits);
  }

  /** The first row whose first number is not below `value`; the last where all are. */
  private rowUpTo(rows: number[][], value: number): number[] {
    let at = 0;
    while (at < rows.length - 1 && rows[at][0] < value) at++;
    return rows[at];
  }
}
