// How strong a signal arrives and whether it can be read. Figures, no state.
import { lowDataRate, preambleSymbols, type RadioSettings } from "../protocol/airtime.ts";
import type { ChipRadio } from "./chip/radio.ts";

export interface Position {
  /** Degrees. */
  readonly lat: number;
  readonly lon: number;
}

/** MeshCore's sync word, in its one-byte form. */
const MESHCORE_SYNC = 0x12;
/** Loss between stations that do not say where they are: -70 dBm at 22 dBm, a station in the next street. */
const NEARBY_LOSS_DB = 92;
/** SNR in dB that SF5 .. SF12 need (Semtech's figures for SF7 to SF12, carried on at 2.5 dB a step below). */
const SNR_NEEDED = [-2.5, -5, -7.5, -10, -12.5, -15, -17.5, -20];
/** Above this the chip's SNR figure stays about the same. */
const SNR_CEILING = 10;
/** A frame survives another that is weaker by this much on the same channel: LoRa's capture effect. */
export const CAPTURE_DB = 6;
const EARTH_RADIUS_M = 6_371_000;

/** A radio set as MeshCore sets it. */
export function meshcoreRadio(settings: RadioSettings): ChipRadio {
  const { freqHz, bwHz, sf, cr, powerDbm } = settings;
  const lowRate = lowDataRate(sf, bwHz);
  return {
    freqHz,
    bwHz,
    sf,
    cr,
    powerDbm,
    preamble: preambleSymbols(sf),
    sync: MESHCORE_SYNC,
    inverted: false,
    lowRate,
  };
}

/** True when the two share a channel: a receiver forgives a quarter of the bandwidth, and another SF is only noise to it. */
export function sameChannel(a: ChipRadio, b: ChipRadio): boolean {
  const wide = Math.max(a.bwHz, b.bwHz);
  return a.sf === b.sf && Math.abs(a.bwHz - b.bwHz) < wide / 50 && Math.abs(a.freqHz - b.freqHz) <= wide / 4;
}

/** True when a receiver set as `receiver` finds the preamble of `sender`. */
export function hears(receiver: ChipRadio, sender: ChipRadio): boolean {
  return sameChannel(receiver, sender) && receiver.sync === sender.sync && receiver.inverted === sender.inverted;
}

export function symbolMs(radio: ChipRadio): number {
  return (1000 * 2 ** radio.sf) / radio.bwHz;
}

/** Metres along the great circle. */
export function distanceM(a: Position, b: Position): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((b.lat - a.lat) * rad) / 2) ** 2 +
    Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(((b.lon - a.lon) * rad) / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * Loss in dB between two places. Log-distance with the figures measured for LoRa at 868 MHz on land (Petajajarvi et al.
 * 2015: 128.95 dB at 1 km, exponent 2.32). A place that is not given is near everything.
 */
export function pathLossDb(a: Position | undefined, b: Position | undefined): number {
  if (!a || !b) return NEARBY_LOSS_DB;
  return 128.95 + 23.2 * Math.log10(Math.max(1, distanceM(a, b)) / 1000);
}

/** Thermal noise in the channel with a 6 dB noise figure, dBm. */
export function noiseDbm(bwHz: number): number {
  return -168 + 10 * Math.log10(bwHz);
}

/** dB by which a signal is above what its spreading factor needs; below 0 it is not heard at all. */
export function marginDb(radio: ChipRadio, powerDbm: number): number {
  return powerDbm - noiseDbm(radio.bwHz) - SNR_NEEDED[radio.sf - 5];
}

/** What the chip shows as SNR, in quarter dB steps. `jitter` is -1..1. */
export function shownSnr(radio: ChipRadio, powerDbm: number, jitter: number): number {
  return Math.round(4 * Math.min(powerDbm - noiseDbm(radio.bwHz), SNR_CEILING + jitter)) / 4;
}
