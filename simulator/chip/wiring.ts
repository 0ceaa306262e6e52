// What surrounds the chip: the air on one side, the board on the other.
import type { ChipRadio } from "./radio.ts";

/** What surrounds the chip. */
export interface ChipHooks {
  /**
   * Puts a frame on the air for `airMs`. True when the air will call `txEnd()` when the frame is over; otherwise the chip
   * ends the transmission itself. `frame` is a copy.
   */
  transmit(frame: Uint8Array, radio: ChipRadio, airMs: number): boolean;
  /** A transmission was cut off before its end. */
  abort?(): void;
  /** The amplifier was on from..to, in ms of the board's clock, for a whole frame or not. */
  aired?(fromMs: number, toMs: number): void;
  /** The chip began to listen, or stopped (null). */
  listen?(radio: ChipRadio | null): void;
  /** Strongest signal on the chip's channel now, dBm; noise where there is no such hook. */
  level?(): number;
  /** DIO1 rose. */
  dio1?(): void;
  /** Runs `fn` after `ms` of the air's time; the answer cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/** What the board solders to the chip. */
export interface ChipWiring {
  /** Voltage code of SetDIO3AsTCXO that the oscillator needs, or -1 for a crystal. */
  tcxo: number;
  /** DIO2 drives the antenna switch. */
  dio2: boolean;
  /** A pin of the board must be high to receive and low to transmit. */
  rxen: boolean;
}

/** Faults to come; tests of recovery set them. */
export interface Faults {
  /** BUSY stays high while true. */
  busyStuck: boolean;
  /** So many rises of DIO1 are not reported. */
  lostEdges: number;
  /** The wire of DIO1 is broken while true: it reads low and reports nothing. */
  dio1Dead: boolean;
  /** So many transmissions do not end. */
  endlessTx: number;
  /** So many channel activity detections do not end. */
  endlessCad: number;
  /** So many transfers are answered with garbage and do nothing. */
  garbage: number;
  /** What garbage is: this byte, or noise when it is -1. */
  garbageByte: number;
  /** Only the answers are garbage: what the driver says is done. */
  garbageAnswers: boolean;
  /** The chip loses everything in front of the transfer after so many; -1 = not. */
  resetAfter: number;
  /** The chip has no power while true: all lines are low, and it forgets everything. */
  powerless: boolean;
}
