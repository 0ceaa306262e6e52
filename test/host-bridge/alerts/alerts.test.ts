import assert from "node:assert/strict";
import { RoomError } from "../../../host-bridge/errors.ts";
import { TestNode } from "../nodes/nodes-bench.ts";
import { Scratch } from "../scratch.ts";
import { AlertsBench } from "./alerts-bench.ts";

const HOUR = 3600;

describe("alerts", () => {
  const scratch = new Scratch();
  let dir: string;
  let bench: AlertsBench;
  let hill: TestNode;

  beforeEach(() => {
    dir = scratch.dir();
    bench = new AlertsBench(dir);
    hill = new TestNode();
  });
  afterEach(() => {
    bench.stop();
    scratch.clean();
  });

  /** Said `count` times, every so many seconds; the time after the last is not waited. */
  const sayOften = (node: TestNode, count: number, everyS: number): void => {
    for (let i = 0; i < count; i++) {
      if (i > 0) bench.wait(everyS);
      bench.say(node);
    }
  };

  it("a node is silent after silent_after_s and no second earlier, and is said to be heard again", () => {
    bench.say(hill);
    bench.wait(HOUR - 1);
    assert.equal(bench.statesOf(hill), "");
    bench.wait(2);
    const lastSeen = bench.clock.unixS() - HOUR - 1;
    assert.deepEqual(bench.heardOf, [{ node_id: hill.id, state: "silent", last_seen: lastSeen, silent_for_s: HOUR }]);
    const short = hill.id.slice(0, 12);
    assert.deepEqual(bench.lines, [`warn Node "Hill" (${short}) is silent: not heard for 1 h 0 min`]);
    assert.equal(bench.nodes.list()[0].silent, true);
    assert.deepEqual(bench.alerts.list(), [
      {
        ...{ what: "node", id: hill.id, name: "Hill", since: lastSeen },
        text: `Node "Hill" (${short}) is silent: not heard for 1 h 0 min`,
      },
    ]);
    assert.equal(bench.alerts.silentNodes().length, 1);
    bench.wait(10 * HOUR);
    assert.equal(bench.heardOf.length, 1);
    bench.say(hill);
    assert.deepEqual(bench.heardOf[1], {
      ...{ node_id: hill.id, state: "ok", last_seen: bench.clock.unixS(), silent_for_s: 0 },
    });
    assert.equal(bench.lines[1], `info Node "Hill" (${short}) is heard again after 11 h 0 min`);
    assert.deepEqual([bench.alerts.list(), bench.nodes.list()[0].silent], [[], false]);
    const told = bench.notices.map(({ key, notice }) => `${key === `node ${hill.id}`} ${notice.state}`);
    assert.deepEqual(told, ["true silent", "true ok"]);
  });

  it("of many nodes only the one that falls silent is reported", () => {
    const others = Array.from({ length: 20 }, () => new TestNode());
    for (let minute = 0; minute < 240; minute += 10) {
      if (minute < 120) bench.say(hill);
      for (const [i, one] of others.entries()) if ((minute / 10 + i) % 3 === 0) bench.say(one);
      bench.wait(600);
    }
    assert.deepEqual([bench.statesOf(hill), bench.heardOf.length], ["silent", 1]);
  });

  it("one that is heard every minute is missed after ten", () => {
    sayOften(hill, 10, 60);
    bench.wait(598);
    assert.equal(bench.statesOf(hill), "");
    bench.wait(4);
    assert.equal(bench.statesOf(hill), "silent");
  });

  it("one that is heard every twelve hours is not missed after one, as soon as that is known", () => {
    bench.settings.forgetAfterS = 30 * 24 * HOUR;
    bench.say(hill);
    bench.wait(12 * HOUR);
    assert.equal(bench.statesOf(hill), "silent");
    sayOften(hill, 20, 12 * HOUR);
    bench.wait(24 * HOUR);
    assert.equal(bench.statesOf(hill), "silent ok");
    bench.wait(36 * HOUR + 2);
    assert.equal(bench.statesOf(hill), "silent ok silent");
  });

  it("a mobile node does not cry wolf", () => {
    bench.settings.forgetAfterS = 30 * 24 * HOUR;
    for (let day = 0; day < 10; day++) {
      sayOften(hill, 48, 600);
      bench.wait(16 * HOUR);
    }
    // Two nights teach it.
    assert.equal(bench.statesOf(hill), "silent ok silent ok");
    bench.wait(20 * HOUR);
    assert.equal(bench.statesOf(hill), "silent ok silent ok silent");
  });

  it("what was learnt and what was said outlasts a restart; time without the daemon is no silence", () => {
    const other = new TestNode();
    sayOften(other, 10, 60);
    bench.say(hill);
    bench.wait(HOUR + 2);
    assert.deepEqual([bench.statesOf(hill), bench.statesOf(other)], ["silent", "silent"]);
    bench.say(other);
    const { clock } = bench;
    bench.stop();
    clock.inner.advance(100 * HOUR * 1000);
    bench = new AlertsBench(dir, clock);
    bench.wait(500);
    assert.deepEqual(bench.heardOf, []);
    bench.wait(102);
    assert.deepEqual([bench.statesOf(hill), bench.statesOf(other)], ["", "silent"]);
    bench.say(hill);
    assert.equal(bench.statesOf(hill), "ok");
  });

  it("nobody is silent while no board listens", () => {
    bench.say(hill);
    bench.board(false);
    bench.wait(100 * HOUR);
    bench.board(true);
    bench.wait(HOUR - 2);
    assert.equal(bench.statesOf(hill), "");
    bench.wait(3);
    assert.equal(bench.statesOf(hill), "silent");
  });

  it("a clock that jumps makes nobody silent, and nobody heard", () => {
    bench.say(hill);
    bench.clock.jumpMs = 30 * 365 * 86_400_000;
    bench.wait(HOUR / 2);
    bench.clock.jumpMs = -40 * 365 * 86_400_000;
    bench.wait(HOUR / 2 - 2);
    assert.equal(bench.statesOf(hill), "");
    bench.wait(4);
    assert.deepEqual(
      bench.heardOf.map(({ state, last_seen }) => [state, last_seen]),
      [["silent", null]],
    );
  });

  it("a node of its own rule keeps to it, the longest number counts; ignored and other types are not watched", () => {
    const [slow, never, chat] = [new TestNode(), new TestNode(), new TestNode()];
    bench.alertSettings.types = ["repeater"];
    bench.alertSettings.nodes = [
      { node: slow.id, silentAfterS: 3 * HOUR, ignore: false },
      { node: slow.id.slice(0, 8), silentAfterS: 60, ignore: false },
      { node: never.id.slice(0, 8), silentAfterS: null, ignore: true },
    ];
    for (const node of [hill, slow, never]) bench.say(node);
    bench.hear(chat.advert(bench.clock.unixS(), { type: 1 }));
    bench.wait(2 * HOUR);
    assert.deepEqual(
      [hill, slow, never, chat].map((node) => bench.statesOf(node)),
      ["silent", "", "", ""],
    );
    bench.wait(HOUR + 2);
    assert.deepEqual(
      [slow, never, chat].map((node) => bench.statesOf(node)),
      ["silent", "", ""],
    );
  });

  it("a reload that lets a node be silent ends its alert", () => {
    bench.say(hill);
    bench.wait(HOUR + 2);
    bench.alertSettings.nodes = [{ node: hill.id.slice(0, 8), silentAfterS: null, ignore: true }];
    bench.events.emit("config", {} as never);
    assert.equal(bench.statesOf(hill), "silent ok");
    assert.match(bench.lines[1], /is not reported as silent any more$/);
  });

  it("a forgotten node is nobody's alert", () => {
    bench.settings.forgetAfterS = 2 * HOUR;
    bench.say(hill);
    bench.wait(3 * HOUR);
    assert.deepEqual([bench.statesOf(hill), bench.alerts.list()], ["silent", []]);
  });

  it("a board, a peer and a broker that stay away are said once, and once that they are back", () => {
    bench.peers = [{ name: "City B", addr: "b.example.org:5001", connected: false }];
    bench.brokers = [{ broker: "mqtt://localhost:1883/", connected: true, error: null }];
    bench.wait(200);
    bench.boards[0] = { ...bench.boards[0], connected: false, error: "unplugged" };
    bench.brokers[0] = { ...bench.brokers[0], connected: false, error: "refused" };
    bench.wait(99);
    assert.deepEqual(bench.troubles, []);
    bench.wait(5);
    assert.deepEqual(bench.lines, ['warn Federation peer "City B" (b.example.org:5001) is lost']);
    bench.wait(200);
    assert.deepEqual(bench.lines.slice(1), [
      'warn Board "b1" is lost: unplugged',
      "warn MQTT broker mqtt://localhost:1883/ is lost: refused",
    ]);
    assert.deepEqual(
      bench.alerts.list().map(({ what, id }) => [what, id]),
      [
        ["peer", "City B"],
        ["board", "b1"],
        ["broker", "mqtt://localhost:1883/"],
      ],
    );
    bench.wait(10 * HOUR);
    assert.equal(bench.lines.length, 3);
    bench.boards[0] = { ...bench.boards[0], connected: true, error: null };
    bench.peers = [];
    bench.brokers[0] = { ...bench.brokers[0], connected: true, error: null };
    bench.wait(2);
    assert.deepEqual(bench.lines.slice(3), [
      'info Board "b1" is back',
      "info MQTT broker mqtt://localhost:1883/ is back",
      "info City B is no longer configured",
    ]);
    assert.deepEqual(bench.alerts.list(), []);
    assert.deepEqual(
      bench.notices.map(({ notice }) => notice.state),
      ["raised", "raised", "raised", "ok", "ok", "ok"],
    );
  });

  it("a board that comes and goes within lost_after_s is nobody's alert", () => {
    for (let i = 0; i < 20; i++) {
      bench.boards[0].connected = i % 2 === 1;
      bench.wait(250);
    }
    assert.deepEqual(bench.lines, []);
  });

  it("a duty cycle that is used up is said, and not again at each percent", () => {
    for (const percent of [9.4, 9.5, 9.9, 9.4, 9.6, 8.1]) {
      bench.boards[0].airtime_percent = percent;
      bench.wait(2);
    }
    assert.deepEqual(bench.lines, ['warn Board "b1" has used up its duty cycle: 9.5 % of 10 % of the last hour']);
    bench.boards[0].airtime_percent = 7.9;
    bench.wait(2);
    assert.equal(bench.lines[1], 'info Board "b1" may transmit again: 7.9 % of 10 % of the last hour');
  });

  it("a full disk is an alert until it is not", () => {
    bench.events.emit("store", { error: new RoomError("store_full", "no room") });
    bench.events.emit("store", { error: new RoomError("store_unusable", "broken") });
    bench.events.emit("store", { error: null });
    assert.deepEqual(
      bench.troubles.map(({ id, state }) => `${id} ${state}`),
      ["store_full raised", "store_full ok", "store_unusable raised", "store_unusable ok"],
    );
    assert.deepEqual(bench.alerts.list(), []);
  });

  it("a thousand nodes cost a second of watching next to nothing", () => {
    bench.settings.max = 2000;
    const many = Array.from({ length: 1000 }, () => new TestNode());
    for (const one of many) bench.say(one);
    const start = performance.now();
    bench.wait(HOUR - 10);
    const perTickMs = (performance.now() - start) / (HOUR - 10);
    assert.ok(perTickMs < 5, `${perTickMs} ms`);
    assert.equal(bench.heardOf.length, 0);
    bench.wait(20);
    assert.equal(bench.heardOf.length, 1000);
  });
});
