/** How the radio is set. `cr` is the denominator of the coding rate 4/5 .. 4/8. */
export interface RadioSettings {
  freqHz: number;
  bwHz: number;
  sf: number;
  cr: number;
  powerDbm: number;
}

/** MeshCore's preamble: 32 symbols up to SF8, 16 above. */
export function preambleSymbols(sf: number): number {
  return sf <= 8 ? 32 : 16;
}

/** Low data rate optimisation: on from 16 ms a symbol (the rule of SX126x drivers; receiver and sender must agree). */
export function lowDataRate(sf: number, bwHz: number): boolean {
  return (1 << sf) * 1000 >= 16 * bwHz;
}

/** Time on air in ms of a frame of `length` bytes: explicit header, CRC, MeshCore's preamble (SX1262 datasheet 6.1.4). */
export function airtimeMs(settings: RadioSettings, length: number): number {
  const sf = settings.sf;
  const short = sf < 7;
  const bits = 8 * length + 36 - 4 * sf + (short ? 0 : 8);
  const perBlock = 4 * (lowDataRate(sf, settings.bwHz) ? sf - 2 : sf);
  const blocks = bits > 0 ? Math.ceil(bits / perBlock) : 0;
  const symbols = preambleSymbols(sf) + (short ? 6.25 : 4.25) + 8 + blocks * settings.cr;
  return (symbols * (1 << sf) * 1000) / settings.bwHz;
}
