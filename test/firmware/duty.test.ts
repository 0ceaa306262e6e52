import assert from "node:assert/strict";
import { DutyBudget } from "../../firmware/duty.ts";
import { Random } from "../../simulator/random.ts";
import { AirLog } from "../scenario/air-log.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;

describe("duty cycle budget", () => {
  it("starts with the whole share of an hour and lets it be spent at once", () => {
    const duty = new DutyBudget(100, 0);
    assert.equal(duty.waitMs(360_000, 0), 0);
    duty.spend(359_000, 359_000);
    assert.equal(duty.usedPermille(359_000), 100);
    assert.equal(duty.waitMs(1000, 359_000), 0);
    assert.ok(duty.waitMs(1001, 359_000) > 0);
  });

  it("gives back a minute's transmissions when no hour holds them any more, and is to be asked again at the next minute", () => {
    const duty = new DutyBudget(10, 0);
    duty.spend(20_000, 30_000);
    duty.spend(16_000, 90_000);
    assert.equal(duty.waitMs(1, 91_000), 29_000);
    assert.ok(duty.waitMs(1, HOUR + MINUTE - 1) > 0);
    assert.equal(duty.waitMs(20_000, HOUR + MINUTE), 0);
    assert.ok(duty.waitMs(20_001, HOUR + MINUTE) > 0);
    assert.equal(duty.waitMs(36_000, HOUR + 2 * MINUTE), 0);
  });

  it("lets what is as long as the whole share go once nothing else was sent for an hour", () => {
    const duty = new DutyBudget(1, 0);
    assert.equal(duty.waitMs(5000, 0), 0);
    duty.spend(3600, 3600);
    assert.ok(duty.waitMs(5000, HOUR) > 0);
    assert.equal(duty.waitMs(5000, HOUR + MINUTE), 0);
  });

  it("counts what was spent before when the share changes", () => {
    const duty = new DutyBudget(100, 0);
    duty.spend(300_000, 0);
    duty.setShare(10);
    assert.ok(duty.waitMs(1000, 0) > 0);
    duty.setShare(100);
    assert.equal(duty.usedPermille(0), 83);
    assert.equal(duty.waitMs(60_000, 0), 0);
  });

  it("a sender that takes all it gets reaches 98 % of the share, hour after hour", () => {
    const duty = new DutyBudget(100, 0);
    let sentMs = 0;
    let now = 0;
    while (now < 20 * HOUR) {
      const wait = duty.waitMs(1700, now);
      now += wait || 1700;
      if (wait) continue;
      duty.spend(1700, now);
      sentMs += 1700;
    }
    assert.ok(sentMs > 0.098 * 20 * HOUR, `${sentMs} ms`);
    assert.ok(sentMs <= 0.1 * 20 * HOUR + 360_000, `${sentMs} ms`);
  });

  const seed = Date.now() & 0xffffff || 1;
  it(`no hour holds more than the share: bursts, pauses, restarts, changes of the share, hung transmissions (seed ${seed})`, () => {
    const random = new Random(seed);
    const upTo = (n: number) => Math.floor(random.fraction() * n);
    for (let round = 0; round < 60; round++) {
      const permille = [1, 10, 10, 100, 250, 500, 1000][upTo(7)];
      const air = new AirLog();
      let kept = 0;
      let saves = 0;
      let now = upTo(10 * HOUR);
      const begin = (): DutyBudget => {
        const duty = new DutyBudget(permille, now);
        duty.restore(kept, now);
        duty.save = (ms) => {
          kept = ms;
          saves++;
        };
        return duty;
      };
      let duty = begin();
      const longest = Math.min(9000, 3.6 * permille);
      let pauses = upTo(3);
      const end = now + 6 * HOUR;
      let restarts = 0;
      while (now < end) {
        const air1 = 50 + upTo(longest - 50);
        const worst = Math.min(air1 * 1.125 + 700, 3600 * permille);
        const wait = duty.waitMs(worst, now);
        if (wait) {
          now += wait;
          continue;
        }
        duty.commit(worst);
        // Most end in time, some are found out late, and of some the end is never known since the power failed.
        const chance = upTo(40);
        const took = chance === 0 ? worst : air1;
        air.sent.push({ from: now, to: now + took });
        now += took;
        if (chance === 1) {
          restarts++;
          duty = begin();
        } else duty.spend(took, now);
        if (upTo(200) === 0) pauses = upTo(3);
        now += pauses === 0 ? 0 : upTo(pauses === 1 ? 2000 : 200_000);
        if (upTo(500) === 0) now += upTo(3 * HOUR);
        if (upTo(100) === 0) {
          restarts++;
          now += upTo(10_000);
          duty = begin();
        }
      }
      const allowed = 3600 * permille;
      const worst = air.worstHour();
      assert.ok(worst <= allowed, `round ${round}: ${worst} ms in an hour, ${allowed} allowed`);
      assert.ok(saves <= 6 * 24 + 3 * restarts, `${saves} saves in six hours with ${restarts} restarts`);
    }
  });
});
