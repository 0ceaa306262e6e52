// What the settings of the chip mean on the air.

/** How a chip is tuned: the part of it that decides who hears whom. */
export interface ChipRadio {
  freqHz: number;
  bwHz: number;
  sf: number;
  /** Denominator of the coding rate, 5..8. */
  cr: number;
  powerDbm: number;
  /** Preamble symbols. */
  preamble: number;
  /** Sync word in its one-byte form: 0x12 private, 0x34 public. */
  sync: number;
  inverted: boolean;
  /** Low data rate optimisation. */
  lowRate: boolean;
}

/** Bandwidth codes of SetModulationParams (datasheet table 13-48) to Hz; 0 for a code that there is not. */
export function bandwidthHz(code: number): number {
  return [7810, 15630, 31250, 62500, 125000, 250000, 500000, 0, 10420, 20830, 41670][code] || 0;
}

/** The register value of SetRfFrequency, bytes 1 to 4 of the command, to Hz (32 MHz crystal, 25 bits). */
export function frequencyHz(b: Uint8Array): number {
  return Math.round(((b[1] * 16777216 + (b[2] << 16) + (b[3] << 8) + b[4]) * 32000000) / 33554432);
}

/**
 * Output power in dBm of a SetPaConfig command and SetTxParams' power byte. Rows of datasheet table 13-21 (4,7 = 22; 3,5 = 20;
 * 2,3 = 17; 2,2 = 14 dBm at power byte 22) joined by straight lines: within 3 dB, enough for a simulated signal.
 */
export function outputDbm(pa: Uint8Array, power: number): number {
  const lost = [20, 14, 8, 5, 4, 2, 1, 0][pa[2]] + (4 - pa[1]) * (pa[1] < 2 ? 1.5 : 0.5);
  return (power > 127 ? power - 256 : power) - lost;
}

/** Length of one symbol in ms; `mod` is a SetModulationParams command. */
export function symbolMs(mod: Uint8Array): number {
  return (1000 * (1 << mod[1])) / bandwidthHz(mod[2]);
}

/**
 * Time on air in ms of `length` bytes under a SetModulationParams and a SetPacketParams command (datasheet 6.1.4). On
 * purpose not protocol/airtime.ts: a driver that programs a wrong preamble is on the air for as long as that takes.
 */
export function onAirMs(mod: Uint8Array, packet: Uint8Array, length: number): number {
  const sf = mod[1];
  const short = sf < 7;
  const bits = 8 * length + 16 * packet[5] - 4 * sf + (short ? 0 : 8) + 20 * (1 - packet[3]);
  const blocks = bits > 0 ? Math.ceil(bits / (4 * (sf - 2 * mod[4]))) : 0;
  return ((packet[1] << 8) + packet[2] + (short ? 6.25 : 4.25) + 8 + blocks * (mod[3] + 4)) * symbolMs(mod);
}

/** Thermal noise of the channel with a 6 dB noise figure, dBm. */
export function noiseDbm(bwHz: number): number {
  return -168 + (10 * Math.log(bwHz)) / Math.LN10;
}
