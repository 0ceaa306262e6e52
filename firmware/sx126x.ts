// The SX1262 driver: continuous receive, transmit with a watchdog, and recovery from whatever state the chip is in.
//
//   off --begin--> rx --transmit--> tx --TxDone or deadline--> rx
//    ^              +----- sense --> cad --CadDone-----------> rx
//    +--- recover --+-----------------+     (retried with growing patience while the chip does not answer)
import { airtimeMs, lowDataRate, preambleSymbols, type RadioSettings } from "../protocol/airtime.ts";
import { view } from "../protocol/bytes.ts";
import { MAX_PACKET } from "../protocol/packet.ts";
import { COUNT } from "./counters.ts";
import type { Hal, RadioFacts } from "./hal.ts";
import type { Prefs } from "./prefs.ts";
import { FAULT_BUFFER, FAULT_BUSY, FAULT_CAD, FAULT_EDGE, FAULT_MODE, FAULT_SILENT, FAULT_TX } from "./radio-faults.ts";
import { applySettings, interrupts, readRegister, SETUP_STEPS, send } from "./sx126x-setup.ts";
import * as chip from "./sx126x-table.ts";

/** Being told its settings, which takes some handlers; less than OFF, as nothing is to be asked of it either. */
const SETTING = -1;
const OFF = 0;
const RX = 1;
const TX = 2;
const CAD = 3;

/** Patience with a chip that does not answer. Never so long that a radio which is well again is missed for 10 s. */
const RETRY_FIRST_MS = 1000;
const RETRY_LIMIT_MS = 8000;
/** A transmission may last that much longer than computed before it counts as hung: an oscillator that has to start, ramps. */
const TX_PATIENCE_MS = 100;
/** Four symbols and the time to think about them take 5 ms to 0.7 s. */
const CAD_PATIENCE_MS = 1000;
/** Samples in a round for the noise floor, and in the first one, which there is no floor before. */
const NOISE_SAMPLES = 64;
const FIRST_SAMPLES = 8;
/** Bytes before the data in the answer to ReadBuffer: opcode, offset, status. */
const READ_HEADER = 3;
/** Packets that wait for their handlers, each with its bytes. */
const MOST_WAITING = 6;
const RX_IRQS =
  chip.IRQ_RX_DONE |
  chip.IRQ_PREAMBLE |
  chip.IRQ_HEADER |
  chip.IRQ_HEADER_ERROR |
  chip.IRQ_CRC_ERROR |
  chip.IRQ_TIMEOUT;
/** Of the low byte: with RxDone alone the packet is good. */
const RX_OUTCOME = chip.IRQ_RX_DONE | chip.IRQ_HEADER_ERROR | chip.IRQ_CRC_ERROR;
const RX_DIO1 = chip.IRQ_RX_DONE | chip.IRQ_HEADER_ERROR | chip.IRQ_TIMEOUT;
const TX_IRQS = chip.IRQ_TX_DONE | chip.IRQ_TIMEOUT;
const CAD_IRQS = chip.IRQ_CAD_DONE | chip.IRQ_CAD_DETECTED;

/** What the radio hands up; set once by the mesh. */
export interface RadioEvents {
  /** A packet whose CRC was right: `length` bytes of `bytes` from `at`; the array belongs to the receiver of the call. */
  onPacket(bytes: Uint8Array, at: number, length: number): void;
  /** The transmission ended, or was given up (`sent` false), after it had the air for `airMs`. */
  onSent(sent: boolean, airMs: number): void;
  /** What `sense` found out. */
  onSensed(busy: boolean): void;
}

export class Sx126x {
  settings: RadioSettings;
  /** Of the packet handed up last: RSSI in dBm in the low 16 bits, SNR in quarter dB in the 8 above, as in RoomMessage. */
  signal = 0;
  readonly counters: Uint32Array;
  /** On the air by ourselves, ms. */
  txAirMs = 0;
  /** What the channel sounds like when nobody speaks, dBm; 0 until it was measured. */
  noiseFloor = 0;
  /** How often each of radio-faults.ts happened. */
  readonly faults = new Uint16Array(10);
  /** Why the chip is not running, 1 + the number in radio-faults.ts; 0 while it runs. */
  fault = 0;
  /** When the chip was reset last. */
  resetMs = 0;
  /** Ends or begins settings for a while (parts/temp-radio.ts). */
  tempTimer = 0;

  private readonly prefs: Prefs;
  private readonly hal: Hal;
  private readonly facts: RadioFacts;
  private readonly events: RadioEvents;
  private state = OFF;
  /** Start, computed time on air, and end of patience of a transmission. */
  private txStartMs = 0;
  private txAirtimeMs = 0;
  private deadlineMs = 0;
  private retryMs = RETRY_FIRST_MS;
  private retryTimer = 0;
  /** When a preamble or header was first seen latched, and which; 0 = none. */
  private activeSinceMs = 0;
  private activeIrq = 0;
  /** How long each may stay latched: preamble, sync word and header; then the payload. */
  private preambleMs = 0;
  private payloadMs = 0;
  /** For the time on air of what is received: blocks of `cr` symbols, counted as airtimeMs does; and what was before these settings. */
  private rxBlocks = 0;
  private rxBlockMs = 0;
  private rxAddBytes = 0;
  private rxBlockBytes = 1;
  rxPackets = 0;
  private rxBeforeMs = 0;
  /** Packets that were read and not yet handed up. */
  private waiting = 0;
  /** Packets received at the last look at the chip's health. */
  private checkedRx = 0;
  /** Of this round for the noise floor: samples taken, those that count, and their sum. */
  private sampled = 0;
  private counted = 0;
  private sum = 0;

  // Commands that are sent again and again, made once: making one takes as long as sending it.
  private readonly irqQuery = new Uint8Array([chip.GET_IRQ, 0, 0, 0]);
  private readonly irqClear = new Uint8Array([chip.CLEAR_IRQ, 0xff, 0xff]);
  private readonly rxQuery = new Uint8Array([chip.GET_RX_BUFFER, 0, 0, 0]);
  private readonly packetQuery = new Uint8Array([chip.GET_PACKET_STATUS, 0, 0, 0, 0]);
  private readonly rssiQuery = new Uint8Array([chip.GET_RSSI, 0, 0]);
  private readonly statusQuery = new Uint8Array([chip.GET_STATUS, 0]);
  private readonly standby = new Uint8Array([chip.SET_STANDBY, 0]);
  private readonly bufferBase = new Uint8Array([chip.SET_BUFFER_BASE, 0, 0]);
  private readonly setRx = new Uint8Array([chip.SET_RX, 0xff, 0xff, 0xff]);
  private readonly setTx = new Uint8Array([chip.SET_TX, 0, 0, 0]);
  private readonly rxIrqs = interrupts(RX_IRQS, RX_DIO1);
  private readonly txIrqs = interrupts(TX_IRQS, TX_IRQS);
  private readonly cadIrqs = interrupts(CAD_IRQS, CAD_IRQS);
  /** Preamble and length are filled in. */
  private readonly packetForm = new Uint8Array([chip.SET_PACKET, 0, 0, 0, 0, 1, 0]);
  /** The registers of 15.1 and 15.4; the values are filled in. */
  private readonly txQuality = new Uint8Array([
    chip.WRITE_REGISTER,
    chip.REG_TX_MODULATION >> 8,
    chip.REG_TX_MODULATION & 255,
    0,
  ]);
  private readonly iqPolarity = new Uint8Array([
    chip.WRITE_REGISTER,
    chip.REG_IQ_POLARITY >> 8,
    chip.REG_IQ_POLARITY & 255,
    0,
  ]);
  private readonly readCommand = new Uint8Array(READ_HEADER + MAX_PACKET + 1);
  private readonly readMemory: ArrayBufferLike;
  private readonly writeCommand = new Uint8Array(2 + MAX_PACKET + 1);

  /** Starts with the settings in `prefs`. */
  constructor(hal: Hal, facts: RadioFacts, prefs: Prefs, events: RadioEvents, counters: Uint32Array) {
    this.hal = hal;
    this.facts = facts;
    this.prefs = prefs;
    this.settings = prefs;
    this.events = events;
    this.counters = counters;
    this.readCommand[0] = chip.READ_BUFFER;
    this.readMemory = this.readCommand.buffer;
    this.writeCommand[0] = chip.WRITE_BUFFER;
  }

  /** Powers the radio and starts to receive; goes on trying by itself when the chip does not answer. */
  begin(): void {
    this.hal.powerUp();
    this.hal.watchDio1(() => this.onEdge());
    this.hal.after(() => this.restart(), this.facts.powerMs);
  }

  /** Takes new settings at once, from the next packet on: the prefs again, or others for a while. */
  configure(settings: RadioSettings): void {
    this.settings = settings;
    if (this.state !== OFF) this.restart();
  }

  isReceiving(): boolean {
    return this.state === RX;
  }

  /**
   * True when nothing is being received. A latched preamble or header counts as reception for as long as what follows it
   * can last at most (MeshCore's rule); then it was noise, and is cleared.
   */
  isClear(): boolean {
    const irq = this.hal.transfer(this.irqQuery)[3] & (chip.IRQ_PREAMBLE | chip.IRQ_HEADER);
    if (irq) {
      const now = this.hal.nowMs();
      const header = irq & chip.IRQ_HEADER;
      if (!this.activeSinceMs || header !== this.activeIrq) this.activeSinceMs = now;
      this.activeIrq = header;
      if (now - this.activeSinceMs <= (header ? this.payloadMs : this.preambleMs)) return false;
      send(this.hal, [chip.CLEAR_IRQ, 0, chip.IRQ_PREAMBLE | chip.IRQ_HEADER]);
    }
    this.activeSinceMs = 0;
    return true;
  }

  /** True when the channel is louder than the operator's threshold over the noise floor allows. */
  isLoud(): boolean {
    const threshold = this.prefs.intThresh;
    return threshold > 0 && this.noiseFloor < 0 && this.loudness() > this.noiseFloor + threshold;
  }

  /** Has the chip listen for a LoRa signal that is below the noise; `onSensed` follows. False when the radio is not receiving. */
  sense(): boolean {
    if (this.state !== RX) return false;
    const hal = this.hal;
    hal.write(this.standby);
    hal.write(this.cadIrqs);
    hal.write(this.irqClear);
    // As MeshCore's RadioLib: 4 symbols, peak by spreading factor, minimum 10, then standby.
    send(hal, [chip.SET_CAD_PARAMS, 2, this.settings.sf + 13, 10, 0, 0, 0, 0]);
    send(hal, [chip.SET_CAD]);
    this.deadlineMs = hal.nowMs() + CAD_PATIENCE_MS;
    this.state = CAD;
    if (hal.stuck) this.recover(FAULT_BUSY);
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
    // A command that got lost on the wires would send what was there before, and say that it was sent.
    this.readCommand[1] = 0;
    const taken = hal.transfer(new Uint8Array(this.readMemory, 0, READ_HEADER + length));
    if (hal.toText(view(taken, READ_HEADER, length)) !== hal.toText(view(this.writeCommand, 2, length))) {
      this.recover(hal.stuck ? FAULT_BUSY : FAULT_BUFFER);
      return false;
    }
    hal.write(this.irqClear);
    // 15.1, before each transmission.
    hal.write(this.txQuality);
    hal.receivePath(false);
    hal.led(true);
    hal.write(this.setTx);
    this.txAirtimeMs = airMs;
    this.txStartMs = hal.nowMs();
    this.deadlineMs = this.txStartMs + this.longestMs(airMs);
    this.state = TX;
    if (hal.stuck) this.recover(FAULT_BUSY);
    return true;
  }

  /** After that long the chip is reset in a transmission that should take `airMs`. */
  longestMs(airMs: number): number {
    return airMs * 1.125 + TX_PATIENCE_MS;
  }

  /** For the housekeeping: a missed edge, or a DIO1 that never rises, costs a delay and no packet. */
  service(): void {
    if (this.state < RX) return;
    const flags = this.hal.transfer(this.irqQuery);
    if (flags[3] & (RX_OUTCOME | chip.IRQ_TX_DONE | chip.IRQ_CAD_DONE) || flags[2] & (chip.IRQ_TIMEOUT >> 8)) {
      this.faults[FAULT_EDGE]++;
      this.onEdge();
    }
    if (this.state > RX && this.hal.nowMs() > this.deadlineMs) this.recover(this.state === TX ? FAULT_TX : FAULT_CAD);
  }

  /**
   * Now and then: a chip that was reset or fell out of its mode is started again. And where nothing came since the last time,
   * reception is begun anew: a command that got lost on the wires can leave the chip deaf and in the right mode. That costs
   * 6 ms of a preamble, which at the settings in use lasts ten times as long.
   */
  checkHealth(): void {
    this.service();
    if (this.state < RX) return;
    const mode = (this.hal.transfer(this.statusQuery)[1] >> 4) & 7;
    if (this.hal.stuck) this.recover(FAULT_BUSY);
    else if (this.state === RX) {
      if (mode !== chip.MODE_RX) this.recover(FAULT_MODE);
      else if (this.checkedRx === this.counters[COUNT.rx] && this.isClear()) this.receive();
      this.checkedRx = this.counters[COUNT.rx];
    } else if (this.state === TX && mode !== chip.MODE_TX && !this.hal.isDio1()) this.recover(FAULT_MODE);
  }

  /**
   * One sample for the noise floor, which is the mean of a round of them; what is 14 dB above the last floor is a signal and does
   * not count. MeshCore takes 64 in as many turns of its main loop every 2 s; here it is one for each call, for the engine's
   * sake. A floor that lets no sample count is given up: MeshCore's stays where it is until a reset of the gain.
   */
  sampleNoise(): void {
    if (this.state !== RX || !this.isClear()) return;
    const rssi = this.loudness();
    if (rssi < this.noiseFloor + 14) {
      this.counted++;
      this.sum += rssi;
    }
    if (++this.sampled < (this.noiseFloor ? NOISE_SAMPLES : FIRST_SAMPLES)) return;
    this.noiseFloor = this.counted ? Math.max(-120, Math.round(this.sum / this.counted)) : 0;
    this.sampled = this.counted = this.sum = 0;
  }

  /**
   * Frees the receiver's gain control from whatever it holds on to. MeshCore puts the chip to a sleep that keeps its settings,
   * and calibrates; a reset does the same, and is the way that every recovery goes.
   */
  resetGain(): void {
    if (this.state !== RX || this.hal.isDio1() || !this.isClear()) return;
    this.noiseFloor = this.sampled = this.counted = this.sum = 0;
    this.restart();
  }

  /** What the receiver measures now, dBm. */
  private loudness(): number {
    return -(this.hal.transfer(this.rssiQuery)[2] >> 1);
  }

  /** The way of a good packet is kept short: Espruino pays for every name and every line that it reads past. */
  private onEdge(): void {
    const hal = this.hal;
    // No edge comes while DIO1 stays high, so it is looked at again; a line that is stuck must not hold us.
    for (let round = 0; round < 4 && this.state >= RX; round++) {
      const flags = hal.transfer(this.irqQuery);
      // All at once: what could come between the two commands does not matter before the next packet's end.
      hal.write(this.irqClear);
      this.activeSinceMs = 0;
      if (this.state === RX && (flags[3] & RX_OUTCOME) === chip.IRQ_RX_DONE) {
        const where = hal.transfer(this.rxQuery);
        const length = where[2];
        this.readCommand[1] = where[3];
        const answer = hal.transfer(new Uint8Array(this.readMemory, 0, READ_HEADER + length));
        const signal = hal.transfer(this.packetQuery);
        this.counters[COUNT.rx]++;
        this.rxBlocks += ((length + this.rxAddBytes) / this.rxBlockBytes) | 0;
        this.handUp(answer, length, signal);
      } else {
        this.handleOther((flags[2] << 8) | flags[3]);
      }
      if (!hal.isDio1()) return;
    }
  }

  /** In a handler of its own: the next packet does not wait in the chip for what comes of this one. */
  private handUp(answer: Uint8Array, length: number, signal: Uint8Array): void {
    const up = (): void => {
      this.waiting--;
      this.signal = (-(signal[2] >> 1) & 0xffff) | (signal[3] << 16);
      this.events.onPacket(answer, READ_HEADER, length);
    };
    if (++this.waiting > MOST_WAITING) up();
    else this.hal.after(up, 1);
  }

  private handleOther(irq: number): void {
    if (this.state === TX) {
      if (!irq) return;
      this.receive();
      // Any other bit is not the chip's word, and nobody knows what was on the air.
      this.endTx(irq === chip.IRQ_TX_DONE);
    } else if (this.state === CAD) {
      if (!(irq & chip.IRQ_CAD_DONE)) return;
      this.receive();
      this.events.onSensed((irq & chip.IRQ_CAD_DETECTED) !== 0);
    } else if (irq & chip.IRQ_HEADER_ERROR) {
      this.counters[COUNT.headerErrors]++;
    } else if (irq & chip.IRQ_CRC_ERROR) {
      // Comes together with RxDone. 15.3 does not apply: the header is explicit.
      this.counters[COUNT.crcErrors]++;
    } else if (irq & chip.IRQ_TIMEOUT) {
      this.receive();
    }
  }

  private receive(): void {
    const hal = this.hal;
    hal.write(this.standby);
    hal.write(this.rxIrqs);
    // The other bits of these registers are the chip's own; read here, so that sending need not.
    this.iqPolarity[3] = readRegister(hal, chip.REG_IQ_POLARITY) | 4;
    const quality = readRegister(hal, chip.REG_TX_MODULATION);
    this.txQuality[3] = this.settings.bwHz === 500000 ? quality & ~4 : quality | 4;
    this.writePacketForm(0xff);
    hal.write(this.bufferBase);
    hal.write(this.irqClear);
    hal.receivePath(true);
    hal.led(false);
    hal.write(this.setRx);
    this.state = RX;
    this.activeSinceMs = 0;
    if (hal.stuck) this.recover(FAULT_BUSY);
  }

  /** What was sent had the computed time, however late we heard of it; what was given up may have had all the time until now. */
  private endTx(sent: boolean): void {
    const airMs = sent ? this.txAirtimeMs : this.hal.nowMs() - this.txStartMs;
    this.txAirMs += airMs;
    // What comes of it has a handler of its own.
    this.hal.after(() => this.events.onSent(sent, airMs), 1);
  }

  /** Time on air of what was received, ms. */
  rxAirMs(): number {
    const packets = this.counters[COUNT.rx] - this.rxPackets;
    return this.rxBeforeMs + packets * this.preambleMs + this.rxBlocks * this.rxBlockMs;
  }

  private recover(why: number): void {
    this.counters[COUNT.recoveries]++;
    this.faults[why]++;
    this.fault = why + 1;
    this.restart();
  }

  /** Resets and sets up the chip. What comes after a pause is in a timer: nothing here blocks for long. */
  private restart(): void {
    const before = this.state;
    this.state = OFF;
    if (this.retryTimer) this.hal.cancel(this.retryTimer);
    this.hal.reset(0);
    this.resetMs = this.hal.nowMs();
    if (before === TX) this.endTx(false);
    if (before === CAD) this.events.onSensed(true);
    this.retryTimer = this.hal.after(() => {
      this.hal.reset(1);
      this.retryTimer = this.hal.after(() => this.setUpClock(), 10);
    }, 2);
  }

  private setUpClock(): void {
    this.hal.stuck = false;
    this.hal.write(this.standby);
    const version = readRegister(this.hal, chip.REG_VERSION);
    if (this.hal.stuck || version !== chip.VERSION_FIRST) {
      if (this.fault !== FAULT_SILENT + 1) this.faults[FAULT_SILENT]++;
      this.fault = FAULT_SILENT + 1;
      this.retryTimer = this.hal.after(() => this.restart(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, RETRY_LIMIT_MS);
      return;
    }
    this.retryMs = RETRY_FIRST_MS;
    if (this.facts.tcxo >= 0) {
      // The oscillator error of a cold start is expected with a TCXO (13.3.6).
      send(this.hal, [chip.CLEAR_ERRORS, 0, 0]);
      send(this.hal, [chip.SET_DIO3_TCXO, this.facts.tcxo, 0, chip.TCXO_DELAY >> 8, chip.TCXO_DELAY & 255]);
    }
    send(this.hal, [chip.CALIBRATE, 0x7f]);
    this.state = SETTING;
    this.applyNext(0, 6);
    // While the chip calibrates.
    this.measure();
  }

  /** What the settings come to in time. */
  private measure(): void {
    const settings = this.settings;
    const sf = settings.sf;
    const symbolMs = (1000 * (1 << sf)) / settings.bwHz;
    this.rxBeforeMs = this.rxAirMs();
    this.rxPackets = this.counters[COUNT.rx];
    this.rxBlocks = 0;
    this.rxBlockMs = settings.cr * symbolMs;
    this.packetForm[2] = preambleSymbols(sf);
    this.preambleMs = (this.packetForm[2] + (sf < 7 ? 14.25 : 12.25)) * symbolMs;
    // As long as the longest payload takes at coding rate 4/8: that of others may be another than ours.
    this.payloadMs = ((airtimeMs(settings, MAX_PACKET) - this.preambleMs) * 8) / settings.cr;
    // As in airtimeMs(), in bytes, and so that cutting off a fraction rounds up.
    const blockBits = 4 * (lowDataRate(sf, settings.bwHz) ? sf - 2 : sf);
    this.rxBlockBytes = blockBits / 8;
    this.rxAddBytes = ((sf < 7 ? 35 : 43) - 4 * sf + blockBits) / 8;
  }

  /** The next step of telling the chip what is set; when it changes meanwhile, configure() begins anew. */
  private applyNext(step: number, waitMs: number): void {
    this.retryTimer = this.hal.after(() => {
      if (step < SETUP_STEPS) {
        applySettings(this.hal, this.facts, this.settings, this.prefs.rxGain, step);
        this.applyNext(step + 1, 1);
      } else {
        this.fault = 0;
        this.receive();
      }
    }, waitMs);
  }

  private writePacketForm(length: number): void {
    this.packetForm[4] = length;
    this.hal.write(this.packetForm);
    // 15.4: bit 2 set for standard IQ, after every SetPacketParams.
    this.hal.write(this.iqPolarity);
  }
}
