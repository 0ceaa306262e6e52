import assert from "node:assert/strict";
import { DutyBudget } from "../../firmware/duty.ts";

const HOUR = 3600000;

describe("duty cycle budget", () => {
  it("starts with the whole share of an hour and lets it be spent at once", () => {
    const duty = new DutyBudget(100, 0);
    assert.equal(duty.waitMs(360000, 0), 0);
    assert.ok(duty.waitMs(360001, 0) > 0);
    duty.spend(360000, 0);
    assert.equal(duty.usedPermille(0), 100);
  });

  it("refills at the pace of the share, and says when a packet may go", () => {
    const duty = new DutyBudget(100, 0);
    duty.spend(360000, 0);
    assert.equal(duty.waitMs(1000, 0), 10000);
    assert.equal(duty.waitMs(1000, 9999) > 0, true);
    assert.equal(duty.waitMs(1000, 10000), 0);
  });

  it("never allows more than the share in any hour after the first bucket", () => {
    const duty = new DutyBudget(10, 0);
    let sentMs = 0;
    for (let now = 0; now < 10 * HOUR; now += 500) {
      if (duty.waitMs(1700, now) === 0) {
        duty.spend(1700, now);
        sentMs += 1700;
      }
    }
    // One full bucket at the start and the refill of ten hours.
    assert.ok(sentMs <= 0.01 * 11 * HOUR, `${sentMs} ms`);
    assert.ok(sentMs > 0.01 * 10 * HOUR, `${sentMs} ms`);
  });

  it("counts what was spent before when the share changes", () => {
    const duty = new DutyBudget(100, 0);
    duty.spend(300000, 0);
    duty.setShare(10, 0);
    assert.ok(duty.waitMs(1000, 0) > 0);
    duty.setShare(100, 0);
    assert.ok(duty.usedPermille(0) > 0);
  });
});
