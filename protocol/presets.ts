/** Radio settings that a community has agreed on; the power is everybody's own. */
export interface Preset {
  name: string;
  freqHz: number;
  bwHz: number;
  sf: number;
  cr: number;
  /** Bytes of a hash in the paths of floods; 0 where the community leaves that to everybody. */
  hashBytes: number;
}

function preset(name: string, freqKhz: number, bwHz: number, sf: number, cr: number, hashBytes = 0): Preset {
  return { name: name, freqHz: freqKhz * 1000, bwHz: bwHz, sf: sf, cr: cr, hashBytes: hashBytes };
}

/** The list that MeshCore's apps offer (api.meshcore.nz, as of September 2026). */
export const PRESETS: Preset[] = [
  preset("Australia", 915800, 250000, 10, 5),
  preset("Australia (Narrow)", 916575, 62500, 7, 8),
  preset("Australia (Mid)", 915075, 125000, 9, 5),
  preset("Australia: SA, WA", 923125, 62500, 8, 8),
  preset("Australia: QLD", 923125, 62500, 8, 5),
  preset("Brazil", 923125, 62500, 8, 8),
  preset("Costa Rica", 910525, 125000, 11, 5),
  preset("EU/UK (Narrow)", 869618, 62500, 8, 8),
  preset("EU/UK (Deprecated)", 869525, 250000, 11, 5),
  preset("Czech Republic (Narrow)", 869432, 62500, 7, 5),
  preset("EU 433MHz (Long Range)", 433650, 250000, 11, 5),
  preset("EU 433MHz (Narrow)", 433650, 62500, 8, 8),
  preset("Hungary", 869618, 62500, 7, 5, 2),
  preset("Netherlands", 869618, 62500, 7, 5),
  preset("New Zealand (Narrow)", 917375, 62500, 7, 5, 2),
  preset("New Zealand (Gisborne)", 917375, 250000, 11, 5, 1),
  preset("Portugal 433", 433375, 62500, 9, 6),
  preset("Portugal 868", 869618, 62500, 7, 6),
  preset("Slovakia", 869618, 62500, 7, 5, 2),
  preset("Switzerland", 869618, 62500, 8, 8),
  preset("USA/Canada (Recommended)", 910525, 62500, 7, 5),
  preset("Vietnam (Narrow)", 920250, 62500, 8, 5),
  preset("Vietnam (Deprecated)", 920250, 250000, 11, 5),
];

/** A preset by its name in any case; null when there is none. */
export function findPreset(name: string): Preset | null {
  const wanted = name.toLowerCase();
  for (let i = 0; i < PRESETS.length; i++) {
    if (PRESETS[i].name.toLowerCase() === wanted) return PRESETS[i];
  }
  return null;
}
