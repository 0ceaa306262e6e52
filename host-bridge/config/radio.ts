import type { RadioSettings } from "../../protocol/airtime.ts";
import { airtimeMs } from "../../protocol/airtime.ts";
import { findPreset, PRESETS } from "../../protocol/presets.ts";
import type { Settings } from "./keys.ts";
import type { Complaint } from "./problem.ts";
import type { RadioConfig } from "./schema.ts";
import { suggest } from "./suggest.ts";

const DEFAULT_PRESET = "EU/UK (Narrow)";
/** MeshCore's own default (LORA_TX_POWER), and all that an SX1262 gives. */
const DEFAULT_POWER_DBM = 22;
/** MeshCore's airtime factor 1.0: half of the time. */
const MESHCORE_DUTY_PERCENT = 50;
/** The longest LoRa frame. */
const MAX_FRAME = 255;

/** European sub-bands and their transmit share, from ERC/REC 70-03 annex 1: [from MHz, to MHz, percent]. */
const DUTY_LIMITS: [number, number, number][] = [
  [433.05, 434.79, 10],
  [863, 865, 0.1],
  [865, 868.6, 1],
  [868.7, 869.2, 0.1],
  [869.4, 869.65, 10],
  [869.7, 870, 1],
];

/** The European limit for the whole width of a channel, the strictest where it touches several; null elsewhere. */
function dutyLimitPercent(freqHz: number, bwHz: number): number | null {
  const from = (freqHz - bwHz / 2) / 1e6;
  const to = (freqHz + bwHz / 2) / 1e6;
  const touched = DUTY_LIMITS.filter(([low, high]) => from < high && to > low).map(([, , percent]) => percent);
  return touched.length === 0 ? null : Math.min(...touched);
}

/**
 * The radio's settings: the preset's, with explicit values over them. Without `duty_cycle_percent` it is the European limit
 * on a European frequency (10 % on the default channel), elsewhere MeshCore's own 50 %.
 */
export function resolveRadio(radio: Settings["radio"]): RadioConfig {
  const preset = findPreset(radio.preset ?? DEFAULT_PRESET);
  if (!preset) throw new Error("bug: a preset that was not checked");
  const settings: RadioSettings = {
    freqHz: radio.frequency_mhz === undefined ? preset.freqHz : Math.round(radio.frequency_mhz * 1e6),
    bwHz: radio.bandwidth_khz === undefined ? preset.bwHz : Math.round(radio.bandwidth_khz * 1e3),
    sf: radio.spreading_factor ?? preset.sf,
    cr: radio.coding_rate ?? preset.cr,
    powerDbm: radio.tx_power_dbm ?? DEFAULT_POWER_DBM,
  };
  const limit = dutyLimitPercent(settings.freqHz, settings.bwHz) ?? MESHCORE_DUTY_PERCENT;
  return { preset: preset.name, settings, dutyCyclePercent: radio.duty_cycle_percent ?? limit };
}

/** What a board's own `radio` says over the common one; with a preset of its own it begins anew. */
export function boardRadio(common: Settings["radio"], own: Settings["radio"]): Settings["radio"] {
  return own.preset === undefined ? { ...common, ...own } : own;
}

/** What cannot work (`problems`) and what is probably not meant (`warnings`) in the radio's settings. */
export function checkRadio(radio: Settings["radio"]): { problems: Complaint[]; warnings: Complaint[] } {
  if (radio.preset !== undefined && !findPreset(radio.preset)) {
    const names = PRESETS.map((preset) => preset.name);
    const near = suggest(radio.preset, names);
    const hint = near === null ? `one of: ${names.join("; ")}` : `did you mean "${near}"?`;
    return {
      problems: [{ path: ["radio", "preset"], expected: "the name of a community preset", hint }],
      warnings: [],
    };
  }
  const { settings, dutyCyclePercent } = resolveRadio(radio);
  const problems: Complaint[] = [];
  const airtimeS = airtimeMs(settings, MAX_FRAME) / 1000;
  const budgetS = 36 * dutyCyclePercent;
  if (airtimeS > budgetS) {
    problems.push({
      path: ["radio"],
      expected: `a longest packet that fits into the hour's transmit budget of ${seconds(budgetS)}`,
      found: `${seconds(airtimeS)} on air`,
      hint: "use a lower spreading_factor, a wider bandwidth_khz, or a preset",
    });
  }
  const limit = dutyLimitPercent(settings.freqHz, settings.bwHz);
  const warnings: Complaint[] = [];
  if (radio.duty_cycle_percent !== undefined && limit !== null && dutyCyclePercent > limit) {
    warnings.push({
      path: ["radio", "duty_cycle_percent"],
      expected: `at most ${limit} on this frequency (ERC/REC 70-03)`,
      hint: "lower it, unless your licence allows more",
    });
  }
  return { problems, warnings };
}

const seconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
