// One packet of each kind that a repeater passes on: all of repeater_forward.json goes through the simulated boards, which take
// no real time for it.
import assert from "node:assert/strict";
import { airtimeMs } from "../../protocol/airtime.ts";
import { FORWARD_CASES, REPEATER, snrOf } from "../firmware/forward-vectors.ts";
import { RADIO } from "../scenario/world.ts";
import type { Plan } from "./plan.ts";

const KINDS = [
  "fwd-0",
  "fwd-13",
  "fwd-15",
  "fwd-16",
  "fwd-54",
  "fwd-55",
  "fwd-63",
  "fwd-74",
  "fwd-80",
  "fwd-85",
  "fwd-86",
];
/** For the handlers of one packet, on the slowest engine. */
const WORK_MS = 1500;

export function forwardPlan(): Plan {
  const cases = KINDS.map((id) => FORWARD_CASES.find((each) => each.id === id) ?? assert.fail(id));
  const identity = [...Buffer.from(REPEATER.private_key + REPEATER.public_key, "hex")];
  const settings = ["dutycycle 100", "txdelay 0", "direct.txdelay 0", "repeat on"];
  const ofCase = (each: (typeof cases)[0]): string[] => {
    const airMs = each.tx.reduce((sum, hex) => sum + airtimeMs(RADIO, hex.length / 2), 0);
    const regions = (each.config_before ?? []).filter(({ cli }) => cli.startsWith("region"));
    return [
      ...regions.map(({ cli }) => `C ${cli}`),
      `F -71 ${snrOf(each)} ${each.rx}`,
      `D ${Math.ceil(airMs) + WORK_MS}`,
    ];
  };
  return {
    steps: [
      "D 3000",
      `J meshcore.adverts.importIdentity(String.fromCharCode.apply(null,[${identity}]))`,
      ...settings.map((line) => `C set ${line}`),
      "D 1000",
      ...cases.flatMap(ofCase),
      "X",
      "P",
    ],
    checks: [
      {
        title: "passes packets on as the real repeater does",
        run: ({ answers, sent, deaf }) => {
          for (const [at, line] of settings.entries()) assert.match(answers[at], /OK/, line);
          assert.equal(deaf, 0, "the receiver was off");
          assert.deepEqual(
            sent,
            cases.flatMap(({ tx }) => tx),
          );
        },
      },
    ],
  };
}
