import assert from "node:assert/strict";
import { type Reason, Rebroadcast, type RebroadcastRoom } from "../../../host-bridge/link/rebroadcast.ts";

const MAX_AGE_MS = 300_000;
const HOUR_MS = 3_600_000;
const AIR_MS = 400;

const roomOf = (name: string, fields: Partial<RebroadcastRoom> = {}): RebroadcastRoom => {
  return { name, rebroadcast: true, airtimePercent: 50, keyCheck: 1, ...fields };
};

/** One channel, its boards and its clock. */
class Scene {
  nowMs = 1_000_000;
  random = 0;
  leftMs = HOUR_MS;
  readonly on: Rebroadcast;
  readonly sent: { guid: string; atMs: number; airMs: number }[] = [];
  readonly ended: [guid: string, reason: Reason][] = [];
  /** What a restart finds. */
  readonly ledger: { room: string; airMs: number; atMs: number }[] = [];
  isDiskFull = false;

  constructor(rooms = [roomOf("Open")], dutyPermille = 100) {
    this.on = new Rebroadcast(rooms, {
      dutyPermille,
      airMs: (payload) => payload.length * 10,
      random: () => this.random,
      maxAgeMs: () => MAX_AGE_MS,
      spend: (room, airMs) => {
        if (this.isDiskFull) throw new Error("full");
        this.ledger.push({ room, airMs, atMs: this.nowMs });
      },
      ended: ({ guid }, reason) => {
        if (reason !== null) this.ended.push([guid, reason]);
      },
    });
  }

  add(guid: string, fields: { room?: string; origin?: string; ageMs?: number; airMs?: number } = {}): void {
    const { room = "Open", origin = "City B", ageMs = 0, airMs = AIR_MS } = fields;
    this.on.add({ room, guid, origin, ageMs, payload: new Uint8Array(airMs / 10) }, this.nowMs);
  }

  /** Time passes; boards send at once whatever they get. */
  run(ms: number, stepMs = 100): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += stepMs;
      const next = this.on.next(this.nowMs, this.leftMs);
      if (next === null) continue;
      this.sent.push({ guid: next.guid, atMs: this.nowMs, airMs: next.airMs });
      this.nowMs += next.airMs;
      this.on.sent(this.nowMs);
    }
  }

  guids(): string[] {
    return this.sent.map(({ guid }) => guid);
  }

  reasons(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [, reason] of this.ended) counts[reason] = (counts[reason] ?? 0) + 1;
    return counts;
  }
}

/** The most time on air in any hour. */
function busiestHourMs(sent: readonly { atMs: number; airMs: number }[]): number {
  return Math.max(
    ...sent.map(({ atMs }) => {
      const within = sent.filter((other) => other.atMs >= atMs && other.atMs + other.airMs <= atMs + HOUR_MS);
      return within.reduce((sum, { airMs }) => sum + airMs, 0);
    }),
  );
}

describe("messages of other servers on the air", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });

  it("holds a message back for some seconds, and sends it once", () => {
    scene.add("one");
    scene.run(3500);
    assert.deepEqual(scene.guids(), []);
    scene.run(HOUR_MS, 1000);
    assert.deepEqual(scene.guids(), ["one"]);
    assert.deepEqual(scene.ended, []);
  });

  it("holds it back for longer or shorter by chance", () => {
    const delays = [0, 0.5, 0.999].map((random) => {
      const other = new Scene();
      other.random = random;
      other.add("one");
      other.run(60_000);
      return other.sent[0].atMs - 1_000_000;
    });
    assert.deepEqual(delays, [3600, 7200, 10_800]);
  });

  it("does not send what a board hears meanwhile", () => {
    scene.add("one");
    scene.run(2000);
    scene.on.heard("Open", "one", scene.nowMs);
    scene.run(60_000);
    assert.deepEqual(scene.guids(), []);
    assert.deepEqual(scene.ended, [["one", "heard_on_air"]]);
  });

  it("waits longer for a server whose messages are heard here, and gives it time for the others as long as they come", () => {
    for (const guid of ["a", "b", "c"]) scene.add(guid);
    scene.run(3000);
    scene.on.heard("Open", "a", scene.nowMs);
    scene.run(20_000);
    scene.on.heard("Open", "b", scene.nowMs);
    scene.run(20_000);
    assert.deepEqual(scene.guids(), []);
    scene.run(20_000);
    assert.deepEqual(scene.guids(), ["c"], "it was not heard, so others may miss it too");
  });

  it("takes a server for out of reach again after four of its messages went unheard", () => {
    scene.add("near");
    scene.on.heard("Open", "near", scene.nowMs);
    const delays: number[] = [];
    for (let i = 1; i <= 5; i++) {
      const before = scene.nowMs;
      scene.add(`far ${i}`);
      scene.run(60_000);
      delays.push(Math.floor((scene.sent[i - 1].atMs - before) / 1000));
    }
    assert.deepEqual(delays, [21, 21, 21, 21, 3]);
  });

  it("does not let one server's reach hold up the messages of another", () => {
    scene.add("near");
    scene.on.heard("Open", "near", scene.nowMs);
    scene.add("b");
    scene.add("c", { origin: "City C" });
    scene.run(10_000);
    assert.deepEqual(scene.guids(), ["c"]);
  });

  it("sends what people say in its order", () => {
    for (const [i, guid] of ["a", "b", "c"].entries()) {
      scene.random = 0.9 - 0.4 * i;
      scene.add(guid);
      scene.run(300);
    }
    scene.run(60_000);
    assert.deepEqual(scene.guids(), ["a", "b", "c"]);
  });

  it("sends the newest of many first, and never one that is older than the limit", () => {
    for (let i = 0; i < 400; i++) scene.add(`${i}`, { ageMs: i * 1000 });
    assert.equal(scene.reasons()["too_old"], 100, "those of 300 s and more, at once");
    scene.run(HOUR_MS, 500);
    assert.deepEqual(scene.guids().slice(0, 3), ["0", "1", "2"]);
    for (const { guid, atMs } of scene.sent) assert.ok(atMs - 1_000_000 + Number(guid) * 1000 < MAX_AGE_MS, guid);
    assert.equal(scene.sent.length + scene.ended.length, 400);
  });

  it("leaves the channel to others for three times the length of each", () => {
    for (let i = 0; i < 100; i++) scene.add(`${i}`, { ageMs: i });
    scene.run(60_000);
    for (const [i, { atMs }] of scene.sent.slice(1).entries()) {
      assert.ok(atMs - scene.sent[i].atMs >= 4 * AIR_MS, `${atMs - scene.sent[i].atMs} ms after the one before`);
    }
  });

  it("uses no more of any hour than the room's share of the duty cycle, whatever comes", () => {
    for (let minute = 0; minute < 180; minute++) {
      for (let i = 0; i < 60; i++) scene.add(`${minute}/${i}`);
      scene.run(60_000, 1000);
    }
    const whole = HOUR_MS * 0.1 * 0.5;
    const most = busiestHourMs(scene.sent);
    assert.ok(most <= whole, `${most} of ${whole} ms`);
    assert.ok(most > whole * 0.95, `and that is used: ${most} of ${whole} ms`);
    assert.ok(scene.reasons()["airtime"] > 0);
    scene.run(HOUR_MS, 1000);
    assert.equal(scene.sent.length + scene.ended.length, 180 * 60, "every one is accounted for");
  });

  it("uses no more of any hour when it is started again in between", () => {
    let sent: Scene["sent"] = [];
    let ledger: Scene["ledger"] = [];
    let nowMs = 0;
    for (let start = 0; start < 9; start++) {
      const again = new Scene([roomOf("Open")], 10);
      again.nowMs = nowMs;
      for (const { room, airMs, atMs } of ledger) again.on.restore(room, airMs, nowMs - atMs, nowMs);
      for (let i = 0; i < 120; i++) again.add(`${start}/${i}`);
      again.run(15 * 60_000, 1000);
      nowMs = again.nowMs;
      ledger = [...ledger, ...again.ledger];
      sent = [...sent, ...again.sent];
    }
    assert.ok(busiestHourMs(sent) <= HOUR_MS * 0.01 * 0.5, `${busiestHourMs(sent)} ms`);
    assert.ok(sent.length > 80, `${sent.length} were sent`);
  });

  it("lets all rooms together use no more than the largest share of one", () => {
    scene = new Scene([roomOf("A", { airtimePercent: 30 }), roomOf("B", { airtimePercent: 50 }), roomOf("C")], 10);
    for (const room of ["A", "B", "C"]) for (let i = 0; i < 60; i++) scene.add(`${room}${i}`, { room });
    scene.run(HOUR_MS / 2, 1000);
    const airMs = (of: string): number => AIR_MS * scene.guids().filter((guid) => guid.startsWith(of)).length;
    assert.ok(airMs("A") <= HOUR_MS * 0.01 * 0.3);
    assert.equal(airMs("A") + airMs("B") + airMs("C"), HOUR_MS * 0.01 * 0.5);
  });

  it("sends a short one that fits when a newer long one does not", () => {
    scene = new Scene([roomOf("Open")], 1);
    scene.add("short", { airMs: 400, ageMs: 1000 });
    scene.add("long", { airMs: 1900 });
    scene.add("four", { airMs: 400, ageMs: 2000 });
    scene.add("five", { airMs: 400, ageMs: 3000 });
    scene.run(MAX_AGE_MS);
    assert.deepEqual(scene.guids(), ["short", "four", "five"]);
    assert.deepEqual(scene.ended, [["long", "airtime"]]);
  });

  it("sends nothing in a room with rebroadcast off, without a share, or that is not there", () => {
    scene = new Scene([roomOf("Off", { rebroadcast: false }), roomOf("None", { airtimePercent: 0 })]);
    for (const room of ["Off", "None", "Gone"]) scene.add(room, { room });
    scene.run(MAX_AGE_MS);
    assert.deepEqual(scene.guids(), []);
    assert.deepEqual(Object.fromEntries(scene.ended), { Off: "not_wanted", Gone: "not_wanted", None: "airtime" });
  });

  it("drops what waits for a room that is removed or has another key, and keeps what was spent", () => {
    const rooms = [roomOf("A"), roomOf("B"), roomOf("C"), roomOf("D")];
    scene = new Scene(rooms);
    for (const { name } of rooms) scene.add(name, { room: name });
    scene.on.setRooms([
      roomOf("B", { keyCheck: 2 }),
      roomOf("C", { airtimePercent: 10 }),
      roomOf("D", { rebroadcast: false }),
    ]);
    scene.run(60_000);
    assert.deepEqual(scene.guids(), ["C"]);
    assert.deepEqual(scene.reasons(), { not_wanted: 3 });
  });

  it("gives way as long as this place has something to send, and counts what became too old of it", () => {
    scene.add("one");
    for (let i = 0; i < 310; i++) {
      scene.nowMs += 1000;
      scene.on.hold("busy", scene.nowMs);
    }
    scene.run(1000);
    assert.deepEqual([scene.guids(), scene.ended], [[], [["one", "busy"]]]);
  });

  it("sends no burst of old ones when a board comes back", () => {
    for (let i = 0; i < 600; i++) {
      scene.nowMs += 1000;
      scene.add(`${i}`);
      scene.on.hold("no_board", scene.nowMs);
    }
    const back = scene.nowMs;
    assert.equal(scene.reasons()["no_board"], 300);
    scene.run(60_000);
    assert.equal(scene.guids()[0], "595", "the newest whose time had come");
    assert.ok(scene.sent.length <= 1 + 60_000 / (4 * AIR_MS));
    for (const { guid, atMs } of scene.sent) assert.ok(atMs - (back - (599 - Number(guid)) * 1000) < MAX_AGE_MS);
  });

  it("sends again what a board took and was lost with, unless it is too old by then", () => {
    scene.add("one");
    scene.nowMs += 10_000;
    assert.equal(scene.on.next(scene.nowMs, HOUR_MS)?.guid, "one");
    assert.equal(scene.on.next(scene.nowMs, HOUR_MS), null, "one at a time");
    scene.on.back(scene.nowMs);
    assert.equal(scene.on.next(scene.nowMs, HOUR_MS)?.guid, "one");
    scene.nowMs += MAX_AGE_MS;
    scene.on.back(scene.nowMs);
    assert.equal(scene.on.next(scene.nowMs, HOUR_MS), null);
    assert.equal(scene.ended.length, 1);
  });

  it("does not send again what was heard while the board had it that was lost", () => {
    scene.add("one");
    scene.nowMs += 10_000;
    assert.equal(scene.on.next(scene.nowMs, HOUR_MS)?.guid, "one");
    scene.on.heard("Open", "one", scene.nowMs);
    scene.on.back(scene.nowMs);
    scene.run(60_000);
    assert.deepEqual([scene.guids(), scene.ended], [[], [["one", "heard_on_air"]]]);
  });

  it("counts what a board refuses, and goes on with the next", () => {
    scene.add("bad");
    scene.add("good");
    scene.nowMs += 10_000;
    assert.equal(scene.on.next(scene.nowMs, HOUR_MS)?.guid, "bad");
    scene.on.refused(scene.nowMs);
    scene.run(10_000);
    assert.deepEqual([scene.guids(), scene.ended], [["good"], [["bad", "refused"]]]);
  });

  it("takes what a board had heard before for heard, and what another one was lost with for sent", () => {
    scene.add("heard");
    scene.add("sent", { origin: "City C" });
    scene.nowMs += 10_000;
    assert.equal(scene.on.next(scene.nowMs, HOUR_MS)?.guid, "heard");
    scene.on.known(scene.nowMs);
    scene.on.next(scene.nowMs, HOUR_MS);
    scene.on.back(scene.nowMs);
    assert.equal(scene.on.next(scene.nowMs + 10_000, HOUR_MS)?.guid, "sent");
    scene.on.known(scene.nowMs + 10_000);
    assert.deepEqual(scene.ended, [["heard", "heard_on_air"]]);
    assert.equal(scene.on.countWaiting("Open"), 0);
  });

  it("does not send what the board's duty cycle has no room for", () => {
    scene.leftMs = AIR_MS - 1;
    scene.add("one");
    scene.run(MAX_AGE_MS, 1000);
    assert.deepEqual([scene.guids(), scene.ended], [[], [["one", "airtime"]]]);
  });

  it("does not send what could not be written down", () => {
    scene.isDiskFull = true;
    scene.add("one");
    scene.run(10_000);
    assert.deepEqual([scene.guids(), scene.ended], [[], [["one", "store"]]]);
  });

  it("keeps 500, the newest", () => {
    for (let i = 0; i < 510; i++) scene.add(`${i}`, { ageMs: i });
    assert.equal(scene.on.countWaiting("Open"), 500);
    assert.deepEqual(
      scene.ended,
      Array.from({ length: 10 }, (_, i) => [`${500 + i}`, "overflow"]),
    );
  });

  it("says when it wants to be asked again", () => {
    assert.equal(scene.on.wakeMs(scene.nowMs), Number.POSITIVE_INFINITY);
    scene.add("one");
    assert.equal(scene.on.wakeMs(scene.nowMs), scene.nowMs + 3600);
    scene.nowMs += 5000;
    assert.equal(scene.on.wakeMs(scene.nowMs), scene.nowMs + 1000);
    scene.nowMs += MAX_AGE_MS - 5500;
    assert.equal(scene.on.wakeMs(scene.nowMs), scene.nowMs + 500);
  });
});
