import assert from "node:assert/strict";
import { Agenda, realClock, SkippingClock, VirtualClock } from "../../simulator/clock.ts";
import { Random } from "../../simulator/random.ts";

describe("virtual clock", () => {
  it("runs timers in the order of their time, then of their setting, each at its own moment", () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.nowMs()}`);
    clock.after(20, note("c"));
    clock.after(10, note("a"));
    clock.after(10, note("b"));
    clock.after(10, () => clock.after(5, note("d")));
    clock.advance(19);
    assert.deepEqual(seen, ["a@10", "b@10", "d@15"]);
    clock.advance(1);
    assert.deepEqual(seen.at(-1), "c@20");
    assert.equal(clock.nowMs(), 20);
  });

  it("never runs a cancelled timer", () => {
    const clock = new VirtualClock();
    const cancel = clock.after(5, () => assert.fail("cancelled"));
    cancel();
    cancel();
    assert.equal(clock.runUntilIdle(), 0);
  });

  it("stops running at the limit", () => {
    const clock = new VirtualClock();
    let runs = 0;
    const again = () => {
      runs++;
      clock.after(10, again);
    };
    again();
    assert.equal(clock.runUntilIdle(100), 100);
    assert.equal(runs, 11);
  });
});

describe("agenda", () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  it(`gives back any mixture of moments in order, with some cancelled, seed ${seed}`, () => {
    const random = new Random(seed);
    const agenda = new Agenda();
    const expected: [number, number][] = [];
    const got: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const at = Math.floor(random.between(0, 300));
      const cancel = agenda.add(at, () => got.push(i));
      if (random.fraction() < 0.3) cancel();
      else expected.push([at, i]);
    }
    while (agenda.next() < Number.POSITIVE_INFINITY) agenda.take()?.();
    expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    assert.deepEqual(
      got,
      expected.map(([, i]) => i),
    );
  });
});

describe("real clock", () => {
  it("refuses a speed of 0 and below", () => {
    assert.throws(() => realClock(0), /above 0, got 0/);
    assert.throws(() => realClock(-1), /above 0/);
  });

  it("runs so many times faster than the machine's", async () => {
    const clock = realClock(1000);
    const start = performance.now();
    await new Promise<void>((resolve) => {
      clock.after(5000, resolve);
    });
    const tookMs = performance.now() - start;
    assert.ok(tookMs >= 4 && tookMs < 1000, `${tookMs} ms`);
  });
});

describe("skipping clock", () => {
  it("leaves out the time between events and keeps their order", async () => {
    const clock = new SkippingClock();
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      clock.after(3_600_000, () => {
        seen.push(clock.nowMs());
        resolve();
      });
      clock.after(1000, () => seen.push(clock.nowMs()));
    });
    assert.deepEqual(seen, [1000, 3_600_000]);
    clock.stop();
  });

  it("waits before each event until everybody has dealt with the last one", async () => {
    const clock = new SkippingClock(10_000);
    let busy = 0;
    const seen: string[] = [];
    clock.waitFor({ isSettled: () => busy === 0 || --busy === 0, excuseUnsettled: () => assert.fail("excused") });
    await new Promise<void>((resolve) => {
      clock.after(1, () => {
        seen.push("first");
        busy = 5;
      });
      clock.after(2, () => {
        seen.push(`second with ${busy} left`);
        resolve();
      });
    });
    assert.deepEqual(seen, ["first", "second with 0 left"]);
    clock.stop();
  });

  it("goes on without those who do not settle in time", async () => {
    const clock = new SkippingClock(20);
    let excused = 0;
    clock.waitFor({ isSettled: () => excused > 0, excuseUnsettled: () => excused++ });
    await new Promise<void>((resolve) => {
      clock.after(1, () => undefined);
      clock.after(2, resolve);
    });
    assert.equal(excused, 1);
    clock.stop();
  });
});
