import assert from "node:assert/strict";
import { habitLimitS, noHabit, usualGapS, withGap } from "../../../host-bridge/nodes/habit.ts";
import { SEED, seeded } from "../../protocol/random.ts";

const DAY = 86_400;

/** A habit of these gaps, and the time at its end. */
function lived(gaps: number[]) {
  let habit = noHabit();
  let nowS = 0;
  for (const s of gaps) habit = withGap(habit, s, (nowS += s));
  return { habit, nowS };
}
const limit = (gaps: number[]) => {
  const { habit, nowS } = lived(gaps);
  return habitLimitS(habit, nowS);
};
const times = (count: number, ...gaps: number[]): number[] => Array.from({ length: count }, () => gaps).flat();

describe("a node's habit", () => {
  it("is none with one advert, a guess with few, and known from six on", () => {
    assert.equal(limit([]), null);
    assert.deepEqual(limit([100]), { s: 300, isKnown: false });
    assert.deepEqual(limit([100, 3600, 50, 20]), { s: 10_800, isKnown: false });
    assert.deepEqual(limit(times(5, 600)), { s: 3000, isKnown: true });
  });

  it("of a regular node follows it when it takes another interval", () => {
    const { habit } = lived([...times(40, 60), ...times(40, 7200)]);
    assert.equal(usualGapS(habit), 7200);
    assert.equal(habit.gaps.length, 32);
  });

  it("one long outage does not make it deaf to the next", () => {
    assert.deepEqual(limit([...times(20, 600), 3 * DAY, ...times(5, 600)]), { s: 3000, isKnown: true });
  });

  it("of one that goes away each night is the night", () => {
    const days = times(5, ...times(40, 600), 9 * 3600);
    assert.deepEqual(limit(days), { s: 18 * 3600, isKnown: true });
  });

  it("an absence is forgotten after two weeks", () => {
    const away = [...times(10, 600), 9 * 3600, ...times(10, 600), 9 * 3600];
    assert.equal(limit(away)?.s, 18 * 3600);
    assert.equal(limit([...away, ...times((14 * DAY) / 600, 600)])?.s, 3000);
  });

  it(`adverts lost by chance are no silence more than once in hundreds (SEED=${SEED})`, () => {
    const random = seeded();
    let alarms = 0;
    let habit = noHabit();
    let nowS = 0;
    let gap = 0;
    const rounds = 4000;
    for (let i = 0; i < rounds; i++) {
      gap += 600;
      if (random.fraction() < 0.25) continue;
      const allowed = habitLimitS(habit, nowS);
      if (allowed?.isKnown && gap > allowed.s) alarms++;
      habit = withGap(habit, gap, (nowS += gap));
      gap = 0;
    }
    assert.ok(alarms <= rounds / 200, `${alarms} alarms`);
  });
});
