import assert from "node:assert/strict";
import { regionCommand } from "../../firmware/parts/region-commands.ts";
import type { Prefs } from "../../firmware/prefs.ts";
import { airtimeMs } from "../../protocol/airtime.ts";
import { ForwardBench } from "./forward-bench.ts";
import { FORWARD_CASES, REPEATER, snrOf } from "./forward-vectors.ts";

/** Name on the console -> field of prefs, and the words that a setting has. */
const FIELDS: Record<string, keyof Prefs> = {
  repeat: "repeat",
  "flood.max": "floodMax",
  "flood.max.unscoped": "unscopedMax",
  "loop.detect": "loopDetect",
  "multi.acks": "multiAcks",
  "advert.interval": "advertMin",
  "flood.advert.interval": "floodAdvertH",
};
const WORDS = ["off", "minimal", "moderate", "strict"];

function region(bench: ForwardBench, rest: string): string {
  const { mesh } = bench;
  return regionCommand(
    mesh.regionMap(),
    rest,
    () => true,
    (map) => {
      mesh.regions = map;
    },
  );
}

function configure(bench: ForwardBench, line: string): string {
  const [command, name, value] = line.split(" ");
  if (command === "region") return region(bench, line.slice(7));
  const word = WORDS.indexOf(value);
  Object.assign(bench.mesh.prefs, { [FIELDS[name] ?? assert.fail(line)]: word < 0 ? Number(value) : word });
  return name === "repeat" ? `OK - repeat is now ${value.toUpperCase()}` : "OK";
}

/** A flood GRP_TXT of its own payload with this path. */
let payloads = 0;
function flood(path = "", size = 1): string {
  const pathLen = ((size - 1) << 6) | (path.length / 2 / size);
  const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, "0");
  return `15${hex(pathLen, 2)}${path}aa${hex(++payloads, 8)}${"00".repeat(20)}`;
}

describe("forwarding", () => {
  describe("does what the real repeater does (repeater_forward.json)", () => {
    const bench = new ForwardBench(REPEATER.public_key);
    for (const each of FORWARD_CASES) {
      it(`${each.id}: ${each.desc}`, () => {
        for (const { cli, reply } of each.config_before ?? []) assert.equal(configure(bench, cli), reply, cli);
        assert.deepEqual(bench.hear(each.rx, snrOf(each)), each.tx);
      });
    }
  });

  it("is off by default, and without a key of our own", () => {
    const quiet = new ForwardBench(REPEATER.public_key);
    quiet.mesh.prefs.repeat = 0;
    assert.deepEqual(quiet.hear(flood()), []);
    assert.deepEqual(new ForwardBench().hear(flood()), []);
    assert.deepEqual(new ForwardBench("00".repeat(32)).hear(flood()), []);
  });

  it("forwards no advert without somebody to check it, and not our own", () => {
    const advert = FORWARD_CASES.find(({ desc }) => desc === "valid advert, 0 hops") ?? assert.fail();
    const bench = new ForwardBench(REPEATER.public_key);
    bench.mesh.verifier = null;
    assert.deepEqual(bench.hear(advert.rx), []);
    const itself = new ForwardBench(advert.rx.slice(4, 68));
    assert.deepEqual(itself.hear(advert.rx), []);
  });

  it("waits up to five times half the time on air before a flood, and a fifth of it before a direct packet", () => {
    for (const [hex, factor] of [
      [flood(), 0.5],
      ["0a02f25917c1571d44a49f4ca198bd5e33b3b668477eb4b6032d2290a566bcea3602", 0.2],
    ] as const) {
      const waits = [0, 0.5, 1].map((share) => {
        const bench = new ForwardBench(REPEATER.public_key);
        const airMs = airtimeMs(bench.mesh.radio.settings, hex.length / 2);
        const most = 5 * Math.floor(airMs * factor);
        bench.chance = Math.floor(share * most);
        bench.hear(hex);
        return bench.sent[0].atMs / most;
      });
      for (const [at, share] of [0, 0.5, 1].entries())
        assert.ok(Math.abs(waits[at] - share) < 0.05, `${waits[at]} for ${share} at factor ${factor}`);
    }
  });

  it("lets better receivers go first, by the score of what was heard", () => {
    const sentAfter = (rxDelay: number, snr: number): number => {
      const bench = new ForwardBench(REPEATER.public_key);
      bench.mesh.prefs.rxDelay = rxDelay;
      bench.hear(flood(), snr, 120_000);
      return bench.sent[0].atMs;
    };
    assert.ok(sentAfter(0, -10) < 100);
    assert.ok(sentAfter(10, 10) < 100, "a good one at once");
    const airMs = airtimeMs(new ForwardBench().mesh.radio.settings, 27);
    // At SF8 -10 dB is the threshold: score 0.
    assert.ok(Math.abs(sentAfter(10, -10) - (10 ** 0.85 - 1) * airMs) < 50);
    assert.ok(sentAfter(10, -10) > sentAfter(10, -8) && sentAfter(10, -8) > sentAfter(10, -6));
    assert.ok(Math.abs(sentAfter(20, -20) - Math.min((20 ** 0.85 - 1) * airMs, 32_000)) < 50);
  });

  it("sends a flood from near by before one from far away, and a direct packet before both", () => {
    const bench = new ForwardBench(REPEATER.public_key);
    bench.isAirFree = false;
    bench.hear(flood("010203"), 7, 10);
    bench.hear(flood(), 7, 10);
    bench.hear("0a02f25917c1571d44a49f4ca198bd5e33b3b668477eb4b6032d2290a566bcea3603", 7, 10);
    bench.isAirFree = true;
    bench.clock.advance(20_000);
    assert.deepEqual(
      bench.sent.map(({ hex }) => hex.slice(0, 4)),
      ["0a01", "1501", "1504"],
    );
  });

  it("leaves slots of the queue for our own, and never lets others hold it up for ever", () => {
    const bench = new ForwardBench(REPEATER.public_key);
    bench.isAirFree = false;
    for (let i = 0; i < 20; i++) bench.hear(flood(), 7, 10);
    assert.equal(bench.mesh.queue.size, 8);
    const own = new Uint8Array(30).fill(0xee);
    assert.equal(bench.mesh.send(5, own, 1, 1), 0);
    bench.isAirFree = true;
    // Direct packets, which go first, come faster than they can go out.
    for (let i = 0; i < 60; i++)
      bench.hear(`0a02f259${(i + 256).toString(16).padStart(8, "0")}${"17".repeat(150)}`, 7, 500);
    assert.ok(
      bench.sent.some(({ hex }) => hex.includes("eeeeee")),
      "our own is out",
    );
  });

  it("answers at most four times in two minutes who is there", () => {
    const bench = new ForwardBench(REPEATER.public_key);
    let answers = 0;
    for (let i = 0; i < 10; i++) answers += bench.hear(`2e00800446e3bb${(i + 16).toString(16)}`, 7, 10_000).length;
    assert.equal(answers, 4);
    bench.clock.advance(120_000);
    assert.equal(bench.hear("2e00800446e3bbff").length, 1);
    assert.equal(bench.hear("2e00800446e3bbfe01000000").length, 0, "we keep no record of changes");
  });

  it("refuses a TRACE whose path of SNRs is full, and one that ends in the middle of a hash", () => {
    const bench = new ForwardBench(REPEATER.public_key);
    const trace = (hops: number, hashes: string): string =>
      `26${hops.toString(16).padStart(2, "0")}${"1d".repeat(hops)}29b66bb95e2e58d2${hashes}`;
    assert.equal(bench.hear(trace(62, `00${"00".repeat(62)}f2`)).length, 1);
    assert.equal(bench.hear(trace(63, `00${"00".repeat(63)}f2`)).length, 0);
    assert.equal(bench.hear(trace(0, "01f2")).length, 0);
  });
});

describe("own floods", () => {
  const own = new Uint8Array(30).fill(0xee);

  it("carry the code of the default scope", () => {
    const bench = new ForwardBench(REPEATER.public_key);
    const example = FORWARD_CASES.find(({ desc }) => desc.startsWith("region added")) ?? assert.fail();
    const payload = Uint8Array.from(Buffer.from(example.rx.slice(12), "hex"));
    assert.equal(region(bench, "default europe"), " default scope is now europe");
    bench.mesh.send(5, payload, 1, 1);
    bench.clock.advance(10_000);
    assert.deepEqual(
      bench.sent.map(({ hex }) => hex),
      [example.rx],
    );
    region(bench, "default <null>");
    bench.mesh.send(5, own, 1, 2);
    bench.clock.advance(10_000);
    assert.equal(bench.sent[1].hex, `1500${"ee".repeat(30)}`);
  });

  it("begin a path of the hash size that is set", () => {
    const bench = new ForwardBench();
    bench.mesh.prefs.hashMode = 2;
    bench.mesh.send(5, own, 1, 1);
    bench.clock.advance(10_000);
    assert.equal(bench.sent[0].hex.slice(0, 4), "1580");
  });

  it("are not forwarded when they come back", () => {
    const bench = new ForwardBench(REPEATER.public_key);
    bench.mesh.send(5, own, 1, 1);
    bench.clock.advance(10_000);
    assert.deepEqual(bench.hear(`150107${"ee".repeat(30)}`), []);
  });
});
