import assert from "node:assert/strict";
import { Store } from "../../../host-bridge/room/store.ts";
import { Scratch } from "../scratch.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;

describe("store: what messages of peers have used of the air", () => {
  const scratch = new Scratch();
  let dir: string;
  let store: Store;

  beforeEach(() => {
    dir = scratch.dir();
    store = Store.open(dir);
  });

  afterEach(() => {
    store.close();
    scratch.clean();
  });

  const spend = (endedAt: number, airMs = 400): void => {
    store.air.spend({ room: "Open", channel: "868 62500 8", airMs, endedAt });
  };
  const restart = (): void => {
    store.close();
    store = Store.open(dir);
  };
  const ages = (nowMs: number): number[] => {
    return store.air.recent(nowMs).map(({ endedAt }) => Math.round((nowMs - endedAt) / MINUTE_MS));
  };

  it("is there after a restart, oldest first", () => {
    spend(NOW - 20 * MINUTE_MS, 300);
    spend(NOW - 10 * MINUTE_MS + 0.25, 400);
    restart();
    assert.deepEqual(
      store.air.recent(NOW).map(({ room, channel, airMs }) => [room, channel, airMs]),
      [
        ["Open", "868 62500 8", 300],
        ["Open", "868 62500 8", 400],
      ],
    );
    assert.deepEqual(ages(NOW), [20, 10]);
  });

  it("is forgotten after two hours", () => {
    spend(NOW - 121 * MINUTE_MS);
    spend(NOW - 119 * MINUTE_MS);
    assert.deepEqual(ages(NOW), [119]);
    spend(NOW);
    restart();
    assert.deepEqual(ages(NOW - 100 * MINUTE_MS).length, 2, "the first one is gone from the file too");
  });

  it("counts as spent just now where a clock was wrong, and ages from then on", () => {
    spend(NOW + 1e9);
    spend(1000);
    spend(NOW - MINUTE_MS);
    assert.deepEqual(ages(NOW), [1, 0, 0]);
    assert.deepEqual(ages(NOW + 5 * MINUTE_MS), [6, 5, 5]);
  });

  it("counts as spent just now as long as the clock is not set, and keeps its date", () => {
    spend(NOW - 30 * MINUTE_MS);
    assert.deepEqual(ages(5000), [0]);
    assert.deepEqual(ages(NOW), [30]);
  });
});
