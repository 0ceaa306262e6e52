// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes and addresses are hex in the datasheet
// Commands that start something: calibration, transmission, reception, channel activity detection.
import {
  CAD,
  ERR_ADC_CAL,
  ERR_IMAGE_CAL,
  ERR_PLL_CAL,
  ERR_XOSC,
  FS,
  IRQ_CAD_DETECTED,
  IRQ_CAD_DONE,
  IRQ_TIMEOUT,
  RX,
  STBY_RC,
  TX,
} from "./commands.ts";
import { bandwidthHz, noiseDbm, onAirMs, symbolMs } from "./radio.ts";
import { mayReceive, mayStart, mayTransmit } from "./rules.ts";
import type { ChipModel } from "./sx126x.ts";

/** False: refused, the chip stays in its mode. */
type Start = (chip: ChipModel, bytes: Uint8Array) => boolean;

/** RX for ever, as timeout of SetRx. */
const CONTINUOUS = 0xffffff;

export const MODE_COMMANDS: { readonly [opcode: number]: Start } = {
  // SetFs
  0xc1: (chip, b) => {
    if (!starts(chip, b, 0.05)) return false;
    chip.enter(FS);
    return true;
  },
  // SetTx: timeout (3)
  0x83: (chip, b) => {
    if (!mayTransmit(chip, b[0]) || !starts(chip, b, 0.126)) return false;
    const frame = new Uint8Array(chip.arg(0x8c, 4));
    chip.buffer.load(chip.buffer.txBase, frame.length, frame);
    const timeout = ticks(b, 1) / 64;
    const airMs = onAirMs(chip.bytesOf(0x8b), chip.bytesOf(0x8c), frame.length);
    chip.enter(TX);
    const endsAlone = !chip.hooks.transmit(frame, chip.radio(), airMs);
    // One timer serves for both: whichever comes first ends the mode.
    if (timeout && timeout < airMs) chip.startTimer(timeout, () => timedOut(chip));
    else if (endsAlone) chip.startTimer(airMs, () => chip.txEnd());
    return true;
  },
  // SetRx: timeout (3)
  0x82: (chip, b) => {
    if (!mayReceive(chip, b[0]) || !starts(chip, b, 0.083)) return false;
    listen(chip, ticks(b, 1));
    return true;
  },
  // SetRxDutyCycle: modelled as always awake, until one frame has come
  0x94: (chip, b) => {
    if (!mayReceive(chip, b[0]) || !starts(chip, b, 0.083)) return false;
    listen(chip, 0);
    return true;
  },
  // SetCad, with the symbols, exit mode and timeout (3) of SetCadParams
  0xc5: (chip, b) => {
    if (!mayStart(chip, b[0]) || !starts(chip, b, 0.083)) return false;
    const mod = chip.bytesOf(0x8b);
    chip.enter(CAD);
    // The symbols asked for and about one more to think (AN1200.48).
    chip.startTimer(((1 << chip.arg(0x88, 1)) + 1) * symbolMs(mod), () => {
      if (chip.faults.endlessCad > 0) {
        chip.faults.endlessCad--;
        return;
      }
      // SF5 is detectable down to an SNR of -2.5 dB, each step further by as much again.
      const busy = chip.signal() > noiseDbm(bandwidthHz(mod[2])) - 2.5 * (mod[1] - 4);
      chip.enter(STBY_RC);
      if (busy && chip.arg(0x88, 4) === 1) listen(chip, ticks(chip.bytesOf(0x88), 5));
      chip.raise(IRQ_CAD_DONE | (busy ? IRQ_CAD_DETECTED : 0));
    });
    return true;
  },
  // Calibrate: RC64k, RC13M, PLL, ADC pulse, ADC bulk N, ADC bulk P, image
  0x89: (chip, b) => {
    if (!starts(chip, b, 3.5)) {
      chip.errors |= ERR_PLL_CAL | ERR_ADC_CAL | ERR_IMAGE_CAL;
      return false;
    }
    if ((b[1] & 0x3c) === 0x3c) chip.calibrated = true;
    // The image goes back to 902..928 MHz (datasheet 9.2.1).
    if (b[1] & 0x40) chip.setImage(225, 233);
    return true;
  },
  // CalibrateImage: both ends in steps of 4 MHz
  0x98: (chip, b) => {
    if (!starts(chip, b, 2)) return false;
    chip.setImage(b[1], b[2]);
    return true;
  },
};

function listen(chip: ChipModel, timeout: number): void {
  chip.single = timeout !== CONTINUOUS;
  chip.enter(RX);
  if (!chip.single) return;
  // In single reception the pointer starts anew each time (datasheet 7.2.2).
  chip.buffer.rxAt = chip.buffer.rxBase;
  const symbolsMs = chip.arg(0xa0, 1) * symbolMs(chip.bytesOf(0x8b));
  const timeoutMs = timeout / 64;
  const ms = symbolsMs && (!timeoutMs || symbolsMs < timeoutMs) ? symbolsMs : timeoutMs;
  if (ms) chip.startTimer(ms, () => timedOut(chip));
}

function timedOut(chip: ChipModel): void {
  chip.enter(STBY_RC);
  chip.raise(IRQ_TIMEOUT);
}

/**
 * BUSY for the way from STBY_RC, and the start of the TCXO (ST RM0453, switching times; up to 0.02 ms shorter from
 * STBY_XOSC and FS). False when there is no oscillator.
 */
function starts(chip: ChipModel, b: Uint8Array, fromRcMs: number): boolean {
  if (chip.oscillates()) {
    chip.busyUntil += chip.mode === STBY_RC ? fromRcMs + chip.tcxoMs : fromRcMs - 0.02;
    return true;
  }
  chip.errors |= ERR_XOSC;
  chip.broke(b[0], "came while the oscillator has no supply: SetDIO3AsTCXO comes first");
  return false;
}

/** Three bytes in steps of 15.625 us. */
function ticks(b: Uint8Array, at: number): number {
  return (b[at] << 16) | (b[at + 1] << 8) | b[at + 2];
}
