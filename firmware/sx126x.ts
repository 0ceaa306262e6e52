// The SX1262 driver: continuous receive, transmit with a watchdog, and recovery from whatever state the chip is in.
//
//   off --begin--> rx --transmit--> tx --TxDone or deadline--> rx
//    ^              |                |
//    +--- recover --+----------------+     (retried with growing patience while the chip does not answer)
import { airtimeMs, lowDataRate, preambleSymbols, type RadioSettings } from "../protocol/airtime.ts";
import { view } from "../protocol/bytes.ts";
import { MAX_PACKET } from "../protocol/packet.ts";
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
  IMAGE_BANDS,
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

/** BUSY stays high for 3.5 ms after a cold start and 5 ms while the TCXO settles; far beyond that the chip is stuck. */
const BUSY_LIMIT_MS = 100;
const RETRY_FIRST_MS = 1000;
const RETRY_LIMIT_MS = 60000;
/** Bytes before the data in the answer to ReadBuffer: opcode, offset, status. */
const READ_HEADER = 3;
const RX_IRQS = IRQ_RX_DONE | IRQ_PREAMBLE | IRQ_HEADER | IRQ_HEADER_ERROR | IRQ_CRC_ERROR | IRQ_TIMEOUT;
const RX_DIO1 = IRQ_RX_DONE | IRQ_HEADER_ERROR | IRQ_TIMEOUT;

/** What the radio hands up; set once by the mesh. */
export interface RadioEvents {
  /** A packet whose CRC was right: `length` bytes of `bytes` from `at`; the array belongs to the receiver of the call. */
  onPacket(bytes: Uint8Array, at: number, length: number): void;
  /** The transmission ended, or was given up (`sent` false). */
  onSent(sent: boolean): void;
}

export class Sx126x {
  settings: RadioSettings;
  /** Of the packet handed up last: dBm and quarter dB. */
  rssi = 0;
  snr = 0;
  crcErrors = 0;
  headerErrors = 0;
  recoveries = 0;
  txAirMs = 0;
  rxAirMs = 0;
  /** What the channel sounds like when nobody speaks, dBm; 0 until it was measured. */
  noiseFloor = 0;
  /** Why the chip is not running, or empty. */
  fault = "";

  private readonly hal: Hal;
  private readonly facts: RadioFacts;
  private readonly events: RadioEvents;
  private state = OFF;
  private stuck = false;
  private txDeadlineMs = 0;
  private txAirtimeMs = 0;
  private retryMs = RETRY_FIRST_MS;
  private retryTimer = 0;
  /** When a preamble or header was first seen latched; 0 = none. */
  private activeSinceMs = 0;

  private readonly irqQuery = new Uint8Array([GET_IRQ, 0, 0, 0]);
  private readonly irqClear = new Uint8Array([CLEAR_IRQ, 0, 0]);
  private readonly rxQuery = new Uint8Array([GET_RX_BUFFER, 0, 0, 0]);
  private readonly packetQuery = new Uint8Array([GET_PACKET_STATUS, 0, 0, 0, 0]);
  private readonly rssiQuery = new Uint8Array([GET_RSSI, 0, 0]);
  private readonly statusQuery = new Uint8Array([GET_STATUS, 0]);
  private readonly buffer = new Uint8Array(READ_HEADER + MAX_PACKET + 1);

  constructor(hal: Hal, facts: RadioFacts, settings: RadioSettings, events: RadioEvents) {
    this.hal = hal;
    this.facts = facts;
    this.settings = settings;
    this.events = events;
  }

  /** Powers the radio and starts to receive; goes on trying by itself when the chip does not answer. */
  begin(): void {
    this.hal.powerUp();
    this.hal.watchDio1(() => this.service());
    this.hal.after(this.facts.powerMs, () => this.restart());
  }

  /** Takes new settings at once, from the next packet on. */
  configure(settings: RadioSettings): void {
    this.settings = settings;
    if (this.state !== OFF) this.restart();
  }

  isReceiving(): boolean {
    return this.state === RX;
  }

  /**
   * True when nothing is being received. A latched preamble or header counts as reception for as long as the packet
   * can last (MeshCore's rule); then it was noise, and is cleared.
   */
  isClear(): boolean {
    const irq = this.irq();
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
    this.clear(IRQ_PREAMBLE | IRQ_HEADER);
    return true;
  }

  /** Sends `length` bytes; `onSent` follows. False when the radio is not receiving, i.e. busy or off. */
  transmit(bytes: Uint8Array, length: number): boolean {
    if (this.state !== RX) return false;
    this.standby();
    this.packetParams(length);
    this.interrupts(IRQ_TX_DONE | IRQ_TIMEOUT, IRQ_TX_DONE | IRQ_TIMEOUT);
    this.send([SET_BUFFER_BASE, 0, 0]);
    this.buffer[0] = WRITE_BUFFER;
    this.buffer[1] = 0;
    this.buffer.set(bytes, 2);
    this.ready();
    this.hal.write(view(this.buffer, 0, 2 + length));
    this.clear(0xffff);
    // 15.1, before each transmission.
    this.patch(REG_TX_MODULATION, 4, this.settings.bwHz === 500000 ? 0 : 4);
    this.hal.receivePath(false);
    this.hal.led(true);
    this.send([SET_TX, 0, 0, 0]);
    if (this.stuck) {
      this.recover("BUSY stuck before transmitting");
      return false;
    }
    this.txAirtimeMs = airtimeMs(this.settings, length);
    this.txDeadlineMs = this.hal.nowMs() + this.txAirtimeMs * 1.5 + 50;
    this.state = TX;
    return true;
  }

  /** What a DIO1 edge calls, and the housekeeping too, so that a missed edge costs a delay and no packet. */
  service(): void {
    for (let round = 0; round < 4 && this.state !== OFF && this.hal.isDio1(); round++) this.handle(this.irq());
    if (this.state === TX && this.hal.nowMs() > this.txDeadlineMs) {
      this.recover("transmission did not end");
      this.events.onSent(false);
    }
  }

  /** Now and then: a chip that was reset or fell out of its mode is started again. */
  checkHealth(): void {
    if (this.state === OFF) return;
    this.service();
    this.ready();
    const mode = (this.hal.transfer(this.statusQuery)[1] >> 4) & 7;
    if (this.stuck) this.recover("BUSY stuck");
    else if (this.state === RX && mode !== MODE_RX) this.recover("chip left receive mode");
    else if (this.state === TX && mode !== MODE_TX && !this.hal.isDio1()) this.recoverTransmit();
  }

  /** One sample for the noise floor; what is far above it is a signal and does not count (MeshCore: 14 dB). */
  sampleNoise(): void {
    if (this.state !== RX) return;
    this.ready();
    const rssi = -(this.hal.transfer(this.rssiQuery)[2] >> 1);
    if (this.noiseFloor === 0) this.noiseFloor = rssi;
    else if (rssi < this.noiseFloor + 14)
      this.noiseFloor = Math.max(-120, this.noiseFloor + (rssi - this.noiseFloor) / 8);
  }

  private recoverTransmit(): void {
    this.recover("chip left transmit mode");
    this.events.onSent(false);
  }

  private handle(irq: number): void {
    if (irq === 0) return;
    this.clear(irq);
    this.activeSinceMs = 0;
    if (this.state === TX) {
      if (!(irq & (IRQ_TX_DONE | IRQ_TIMEOUT))) return;
      if (irq & IRQ_TX_DONE) this.txAirMs += this.txAirtimeMs;
      this.receive();
      this.events.onSent((irq & IRQ_TX_DONE) !== 0);
    } else if (irq & IRQ_HEADER_ERROR) {
      this.headerErrors++;
    } else if (irq & IRQ_RX_DONE) {
      // 15.3 does not apply: the header is explicit. A CRC error comes together with RxDone.
      if (irq & IRQ_CRC_ERROR) this.crcErrors++;
      else this.readPacket();
    } else if (irq & IRQ_TIMEOUT) {
      this.receive();
    }
  }

  private readPacket(): void {
    this.ready();
    const where = this.hal.transfer(this.rxQuery);
    const length = where[2];
    if (length === 0) return;
    this.buffer[0] = READ_BUFFER;
    this.buffer[1] = where[3];
    this.ready();
    const answer = this.hal.transfer(view(this.buffer, 0, READ_HEADER + length));
    this.ready();
    const signal = this.hal.transfer(this.packetQuery);
    this.rssi = -(signal[2] >> 1);
    this.snr = (signal[3] << 24) >> 24;
    this.rxAirMs += airtimeMs(this.settings, length);
    this.events.onPacket(answer, READ_HEADER, length);
  }

  private receive(): void {
    this.standby();
    this.interrupts(RX_IRQS, RX_DIO1);
    this.packetParams(0xff);
    this.send([SET_BUFFER_BASE, 0, 0]);
    this.clear(0xffff);
    this.hal.receivePath(true);
    this.hal.led(false);
    this.send([SET_RX, 0xff, 0xff, 0xff]);
    this.state = RX;
    this.activeSinceMs = 0;
    if (this.stuck) this.recover("BUSY stuck before receiving");
  }

  private recover(why: string): void {
    this.recoveries++;
    this.fault = why;
    this.restart();
  }

  /** Resets and sets up the chip. What comes after a pause is in a timer: nothing here blocks for long. */
  private restart(): void {
    this.state = OFF;
    if (this.retryTimer) this.hal.cancel(this.retryTimer);
    this.hal.reset(0);
    this.retryTimer = this.hal.after(2, () => {
      this.hal.reset(1);
      this.retryTimer = this.hal.after(10, () => this.setUpClock());
    });
  }

  private setUpClock(): void {
    this.stuck = false;
    this.standby();
    const version = this.readRegister(REG_VERSION);
    // A missing chip answers with the idle level of the line.
    if (this.stuck || version === 0 || version === 0xff) {
      this.fault = "radio does not answer";
      this.retryTimer = this.hal.after(this.retryMs, () => this.restart());
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
    this.retryTimer = this.hal.after(6, () => this.setUpRadio());
  }

  private setUpRadio(): void {
    const settings = this.settings;
    this.send([SET_REGULATOR, 1]);
    this.send([SET_BUFFER_BASE, 0, 0]);
    this.send([SET_PACKET_TYPE, 1]);
    this.send([SET_FALLBACK, 0x20]);
    if (this.facts.dio2Switch) this.send([SET_DIO2_SWITCH, 1]);
    const imageMHz = settings.freqHz / 1e6;
    const band = this.rowUpTo(IMAGE_BANDS, imageMHz);
    this.send([CALIBRATE_IMAGE, band[1], band[2]]);
    const steps = Math.floor(settings.freqHz * STEPS_PER_HZ);
    this.send([SET_FREQUENCY, steps >>> 24, (steps >> 16) & 255, (steps >> 8) & 255, steps & 255]);
    this.writeRegister(REG_SYNC_WORD, SYNC_WORD[0]);
    this.writeRegister(REG_SYNC_WORD + 1, SYNC_WORD[1]);
    const bandwidth = this.rowUpTo(BANDWIDTH_CODES, settings.bwHz);
    const slow = lowDataRate(settings.sf, settings.bwHz) ? 1 : 0;
    this.send([SET_MODULATION, settings.sf, bandwidth[1], settings.cr - 4, slow]);
    this.patch(REG_TX_CLAMP, 0x1e, 0x1e);
    this.setPower(Math.min(settings.powerDbm, this.facts.maxPowerDbm));
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

  private packetParams(length: number): void {
    const preamble = preambleSymbols(this.settings.sf);
    this.send([SET_PACKET, preamble >> 8, preamble & 255, 0, length, 1, 0]);
    // 15.4: bit 2 set for standard IQ, after every SetPacketParams.
    this.patch(REG_IQ_POLARITY, 4, 4);
  }

  private interrupts(mask: number, dio1: number): void {
    this.send([SET_DIO_IRQ, mask >> 8, mask & 255, dio1 >> 8, dio1 & 255, 0, 0, 0, 0]);
  }

  private standby(): void {
    this.send([SET_STANDBY, 0]);
  }

  private irq(): number {
    this.ready();
    const answer = this.hal.transfer(this.irqQuery);
    return (answer[2] << 8) | answer[3];
  }

  private clear(irq: number): void {
    this.irqClear[1] = irq >> 8;
    this.irqClear[2] = irq & 255;
    this.ready();
    this.hal.write(this.irqClear);
  }

  private send(command: number[]): void {
    this.ready();
    this.hal.write(new Uint8Array(command));
  }

  private readRegister(register: number): number {
    this.ready();
    return this.hal.transfer(new Uint8Array([READ_REGISTER, register >> 8, register & 255, 0, 0]))[4];
  }

  private writeRegister(register: number, value: number): void {
    this.send([WRITE_REGISTER, register >> 8, register & 255, value]);
  }

  /** Sets the bits of `mask` in a register to those of `value`; the other bits are the chip's own. */
  private patch(register: number, mask: number, value: number): void {
    this.writeRegister(register, (this.readRegister(register) & ~mask) | value);
  }

  /** Waits until the chip takes a command; gives up for good, and says so in `stuck`, when it never does. */
  private ready(): void {
    if (!this.hal.isBusy() || this.stuck) return;
    const limitMs = this.hal.nowMs() + BUSY_LIMIT_MS;
    while (this.hal.isBusy()) {
      if (this.hal.nowMs() > limitMs) {
        this.stuck = true;
        return;
      }
    }
  }

  /** The first row whose first number is not below `value`; the last where all are. */
  private rowUpTo(rows: number[][], value: number): number[] {
    let at = 0;
    while (at < rows.length - 1 && rows[at][0] < value) at++;
    return rows[at];
  }
}
