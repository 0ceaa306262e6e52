// What the SX1262 is told once after each reset: its surroundings on the board, and the radio settings.
import { lowDataRate, type RadioSettings } from "../protocol/airtime.ts";
import { FRONT_END } from "./features.ts";
import type { Hal, RadioFacts } from "./hal.ts";
import {
  BANDWIDTH_CODES,
  CALIBRATE_IMAGE,
  PA_ROWS,
  READ_REGISTER,
  REG_CURRENT_LIMIT,
  REG_RX_GAIN,
  REG_RX_PATCH,
  REG_SYNC_WORD,
  REG_TX_CLAMP,
  RX_GAIN_BOOSTED,
  RX_GAIN_SAVING,
  SET_BUFFER_BASE,
  SET_DIO_IRQ,
  SET_DIO2_SWITCH,
  SET_FALLBACK,
  SET_FREQUENCY,
  SET_MODULATION,
  SET_PA_CONFIG,
  SET_PACKET_TYPE,
  SET_REGULATOR,
  SET_TX_PARAMS,
  STEPS_PER_HZ,
  SYNC_WORD,
  WRITE_REGISTER,
} from "./sx126x-table.ts";

/** One command that is not worth keeping. */
export function send(hal: Hal, command: number[]): void {
  hal.write(new Uint8Array(command));
}

export function readRegister(hal: Hal, register: number): number {
  return hal.transfer(new Uint8Array([READ_REGISTER, register >> 8, register & 255, 0, 0]))[4];
}

function writeRegister(hal: Hal, register: number, value: number): void {
  send(hal, [WRITE_REGISTER, register >> 8, register & 255, value]);
}

/** The other bits of the register are the chip's own. */
function setBits(hal: Hal, register: number, bits: number): void {
  writeRegister(hal, register, readRegister(hal, register) | bits);
}

/** The first row whose first number is not below `value`; the last where all are. */
function rowUpTo(rows: number[][], value: number): number[] {
  let at = 0;
  while (at < rows.length - 1 && rows[at][0] < value) at++;
  return rows[at];
}

/** SetDioIrqParams: what is noted, and what of it raises DIO1. */
export function interrupts(mask: number, dio1: number): Uint8Array {
  return new Uint8Array([SET_DIO_IRQ, mask >> 8, mask & 255, dio1 >> 8, dio1 & 255, 0, 0, 0, 0]);
}

/** How many steps applySettings() has. */
export const SETUP_STEPS = 3;

/**
 * One step, 0 to SETUP_STEPS - 1 in turn, for a chip in standby after Calibrate: all at once takes an nRF52840 a tenth of a second,
 * in which it does nothing else.
 */
export function applySettings(
  hal: Hal,
  facts: RadioFacts,
  settings: RadioSettings,
  rxGain: number,
  step: number,
): void {
  if (step === 0) {
    send(hal, [SET_REGULATOR, 1]);
    send(hal, [SET_BUFFER_BASE, 0, 0]);
    send(hal, [SET_PACKET_TYPE, 1]);
    send(hal, [SET_FALLBACK, 0x20]);
    if (facts.dio2Switch) send(hal, [SET_DIO2_SWITCH, 1]);
    // 4 MHz to each side, in steps of 4 MHz and odd as the codes of table 9-2 are; for 433 and 868 MHz these are that table's.
    const mhz = settings.freqHz / 1e6;
    send(hal, [CALIBRATE_IMAGE, (Math.floor((mhz - 5) / 4) - 1) | 1, Math.ceil((mhz + 5) / 4) | 1]);
  } else if (step === 1) {
    const steps = Math.floor(settings.freqHz * STEPS_PER_HZ);
    send(hal, [SET_FREQUENCY, steps >>> 24, (steps >> 16) & 255, (steps >> 8) & 255, steps & 255]);
    writeRegister(hal, REG_SYNC_WORD, SYNC_WORD[0]);
    writeRegister(hal, REG_SYNC_WORD + 1, SYNC_WORD[1]);
    const bandwidth = rowUpTo(BANDWIDTH_CODES, settings.bwHz);
    const slow = lowDataRate(settings.sf, settings.bwHz) ? 1 : 0;
    send(hal, [SET_MODULATION, settings.sf, bandwidth[1], settings.cr - 4, slow]);
  } else {
    setBits(hal, REG_TX_CLAMP, 0x1e);
    setPower(hal, facts, Math.min(settings.powerDbm, facts.maxPowerDbm));
    if (FRONT_END && facts.rxPatch) setBits(hal, REG_RX_PATCH, 1);
    writeRegister(hal, REG_RX_GAIN, rxGain ? RX_GAIN_BOOSTED : RX_GAIN_SAVING);
  }
}

function setPower(hal: Hal, facts: RadioFacts, dbm: number): void {
  const row = rowUpTo(PA_ROWS, dbm);
  send(hal, [SET_PA_CONFIG, row[1], row[2], 0, 1]);
  send(hal, [SET_TX_PARAMS, (22 - row[0] + dbm) & 255, 0x04]);
  // SetPaConfig puts the current limit back to its default.
  writeRegister(hal, REG_CURRENT_LIMIT, facts.currentLimit);
}
