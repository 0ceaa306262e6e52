// Stations for tests of the ether: they write down what they are told.
import { airtimeMs, type RadioSettings } from "../../protocol/airtime.ts";
import { bytesToHex } from "../../protocol/bytes.ts";
import { VirtualClock } from "../../simulator/clock.ts";
import { Ether, type EtherOptions, type EtherSeat, type Heard } from "../../simulator/ether.ts";
import { meshcoreRadio, type Position } from "../../simulator/propagation.ts";

export const EU: RadioSettings = { freqHz: 869_618_000, bwHz: 62_500, sf: 8, cr: 8, powerDbm: 22 };

export class Listener {
  readonly frames: Heard[] = [];
  /** What a chip was told, in short. */
  readonly events: string[] = [];
  readonly seat: EtherSeat;
  isReady = true;

  constructor(ether: { join: Ether["join"] }, options: { position?: Position; chip?: boolean } = {}) {
    this.seat = ether.join({
      position: options.position,
      heard: (heard) => {
        this.frames.push(heard);
        this.events.push(`heard ${bytesToHex(heard.frame)}`);
      },
      ready: () => this.isReady,
      chip: options.chip
        ? {
            preamble: () => this.events.push("preamble"),
            header: (ok) => this.events.push(ok ? "header" : "bad header"),
            broken: (heard) => this.events.push(`broken ${heard.frame.length}`),
            sent: () => this.events.push("sent"),
            level: (dbm) => this.events.push(dbm === null ? "noise" : "signal"),
          }
        : undefined,
    });
  }

  /** What was heard, as hex. */
  get hex(): string[] {
    return this.frames.map((heard) => bytesToHex(heard.frame));
  }
}

export function virtualEther(options: Partial<EtherOptions> = {}): { clock: VirtualClock; ether: Ether } {
  const clock = new VirtualClock();
  return { clock, ether: new Ether({ clock, radio: EU, ...options }) };
}

/** A frame of `length` bytes that all are `value`. */
export function frame(value: number, length = 50): Uint8Array {
  return new Uint8Array(length).fill(value);
}

export const AIR_50 = airtimeMs(EU, 50);
export const EU_RADIO = meshcoreRadio(EU);
/** Preamble of 32 symbols at 4.096 ms. */
export const PREAMBLE_MS = 131.072;
