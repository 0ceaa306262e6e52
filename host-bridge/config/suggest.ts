import { distance } from "fastest-levenshtein";

// What people write who know other programs of this field, and what it is called here.
const SYNONYMS: Record<string, string[]> = {
  key: ["psk"],
  password: ["psk", "secret"],
  passphrase: ["psk"],
  secret: ["psk", "federation_secret"],
  psk: ["secret", "federation_secret"],
  history: ["max_history"],
  limit: ["max_history"],
  readonly: ["read_only"],
  topic: ["topic_prefix"],
  url: ["broker"],
  server: ["broker", "host"],
  user: ["username"],
  sf: ["spreading_factor"],
  bw: ["bandwidth_khz"],
  cr: ["coding_rate"],
  freq: ["frequency_mhz"],
  power: ["tx_power_dbm"],
  region: ["preset"],
  device: ["path"],
  baudrate: ["baud"],
  address: ["addr", "listen"],
  bind: ["listen"],
  datadir: ["data_dir"],
  brokers: ["mqtt"],
  channels: ["rooms"],
};

/** The one of `names` that `wrong` was probably meant to be; null when none is near. */
export function suggest(wrong: string, names: readonly string[]): string | null {
  const lower = wrong.toLowerCase();
  const synonym = SYNONYMS[lower.replace(/[-_]/g, "")]?.find((name) => names.includes(name));
  if (synonym !== undefined) return synonym;
  let best: string | null = null;
  let least = Math.max(2, Math.floor(lower.length / 3)) + 1;
  for (const name of names) {
    const far = distance(lower, name.toLowerCase());
    if (far < least) [best, least] = [name, far];
  }
  return best ?? names.find((name) => lower.length >= 4 && name.toLowerCase().startsWith(lower)) ?? null;
}
