// Cases of repeater_forward.json, for the firmware in plain TypeScript and for the built bundle alike.
import { loadVectors } from "../protocol/vector-file.ts";

export interface ForwardCase {
  id: string;
  desc: string;
  rx: string;
  tx: string[];
  config_before?: { cli: string; reply: string }[];
}

interface ForwardVectors {
  repeater: { seed: string; public_key: string; private_key: string };
  cases: ForwardCase[];
}

const vectors = loadVectors("repeater_forward.json") as ForwardVectors;

export const REPEATER = vectors.repeater;

/**
 * 63 hops of one byte: the firmware counts a 64th into the bits of the hash size and sends the packet on as one without a path,
 * which then goes through the whole mesh once more. We refuse.
 */
const NOT_COPIED = "63 one-byte hops: FIRMWARE BUG";

export const FORWARD_CASES = vectors.cases.map((each) =>
  each.desc.startsWith(NOT_COPIED) ? { ...each, desc: "63 one-byte hops: path full, dropped", tx: [] } : each,
);

/** SNR in dB at which the case was heard. */
export function snrOf({ desc }: ForwardCase): number {
  return Number(/SNR \((-[\d.]+) dB/.exec(desc)?.[1] ?? 7.25);
}
