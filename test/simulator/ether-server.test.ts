import assert from "node:assert/strict";
import { once } from "node:events";
import { SkippingClock, VirtualClock } from "../../simulator/clock.ts";
import { Ether } from "../../simulator/ether.ts";
import { type EtherServer, serveEther } from "../../simulator/ether-server.ts";
import { Random } from "../../simulator/random.ts";
import { AIR_50, EU, Listener } from "./stations.ts";
import { TcpStation } from "./tcp-station.ts";

const HEX_50 = "2a".repeat(50);

describe("ether port", () => {
  let clock: VirtualClock;
  let ether: Ether;
  let server: EtherServer;
  const stations: TcpStation[] = [];

  const join = async () => {
    const station = await TcpStation.join(server.port);
    stations.push(station);
    await station.flush();
    return station;
  };

  beforeEach(async () => {
    clock = new VirtualClock();
    ether = new Ether({ clock, radio: EU });
    server = await serveEther({ ether, host: "127.0.0.1", port: 0, speed: 1 });
  });

  afterEach(async () => {
    for (const station of stations.splice(0)) station.close();
    await server.close();
  });

  it("gives a frame to every other station after its time on air, in the words of the specification", async () => {
    const [a, b, c] = [await join(), await join(), await join()];
    a.say({ tx: HEX_50 });
    await a.flush();
    clock.advance(AIR_50 - 1);
    await b.flush();
    assert.deepEqual(b.heard, []);
    clock.advance(2);
    await b.count(3);
    await c.count(2);
    const line = b.lines.at(-1);
    assert.deepEqual(Object.keys(line ?? {}), ["rx", "rssi", "snr", "airtime_ms"]);
    assert.equal(line?.rx, HEX_50);
    assert.equal(line?.airtime_ms, 607.23);
    assert.ok(Math.abs((line?.rssi ?? 0) + 70) <= 2);
    assert.deepEqual(c.heard, [HEX_50]);
    await a.flush();
    assert.deepEqual(a.heard, [], "not back to its sender");
  });

  it("takes frequency, bandwidth, SF, CR, power and place from the line", async () => {
    const [a, b] = [await join(), await join()];
    a.say({ tx: "01", freq_mhz: 910.525 }, { tx: "02", bw_khz: 125 }, { tx: "03", sf: 9 }, { tx: "04" });
    a.say({ tx: "05", power_dbm: 2 }, { tx: "06", cr: 5 }, { tx: "07", lat: 52.5, lon: 13.4 });
    await a.flush();
    clock.runUntilIdle();
    await b.count(5);
    assert.deepEqual(b.heard, ["04", "05", "06", "07"]);
    const [plain, weak, short] = b.lines.slice(-4);
    assert.ok(Math.abs((plain.rssi ?? 0) - (weak.rssi ?? 0) - 20) <= 2, "20 dB less power");
    assert.ok((short.airtime_ms ?? 0) < (plain.airtime_ms ?? 0));
    b.say({ tx: "08", lat: 52.5, lon: 13.55 });
    await b.flush();
    clock.runUntilIdle();
    await a.count(2);
    // 10.15 km by the formula of the path loss: -130 dBm.
    const rssi = a.lines.at(-1)?.rssi;
    assert.ok(rssi === undefined || rssi < -128, `${rssi}`);
  });

  it("sends the frames of one station one after the other, and lets those of two collide", async () => {
    const [a, b, c] = [await join(), await join(), await join()];
    a.say({ tx: HEX_50 }, { tx: "01" }, { tx: "02" });
    await a.flush();
    clock.runUntilIdle();
    await c.count(4);
    assert.deepEqual(c.heard, [HEX_50, "01", "02"]);
    a.say({ tx: HEX_50 });
    b.say({ tx: "2b".repeat(50) });
    await a.flush();
    await b.flush();
    clock.runUntilIdle();
    await c.flush();
    assert.equal(c.heard.length, 3, "equal strength: both are lost");
    a.say({ tx: HEX_50, power_dbm: 10 });
    b.say({ tx: "2b".repeat(50), power_dbm: 22 });
    await a.flush();
    await b.flush();
    clock.runUntilIdle();
    await c.count(c.lines.length + 1);
    assert.equal(c.heard.at(-1), "2b".repeat(50), "the stronger one is captured");
  });

  it("answers a wrong line with what was expected, and goes on", async () => {
    const [a, b] = [await join(), await join()];
    const wrong: [string, RegExp][] = [
      ["{", /^not JSON: \{/],
      ["[]", /expected an object/],
      ["7", /expected an object/],
      ["null", /expected an object/],
      ["{}", /expected "tx"/],
      ['{"tx":5}', /tx: expected the frame as a string of hex digits, got 5/],
      ['{"tx":"abc"}', /tx: hex: an even number of digits/],
      ['{"tx":"zz"}', /tx: hex: no hex digit/],
      ['{"tx":""}', /tx: expected 1 to 255 bytes, got 0/],
      [`{"tx":"${"00".repeat(256)}"}`, /expected 1 to 255 bytes, got 256/],
      ['{"tx":"01","sf":4}', /sf: expected a number from 5 to 12, got 4/],
      ['{"tx":"01","sf":13}', /sf: expected a number from 5 to 12/],
      ['{"tx":"01","sf":7.5}', /sf: expected a whole number/],
      ['{"tx":"01","cr":4}', /cr: expected a number from 5 to 8/],
      ['{"tx":"01","freq_mhz":"869"}', /freq_mhz: expected a number from 150 to 2500, got "869"/],
      ['{"tx":"01","bw_khz":1000}', /bw_khz: expected/],
      ['{"tx":"01","power_dbm":1e9}', /power_dbm: expected/],
      ['{"tx":"01","lat":91,"lon":0}', /lat: expected a number from -90 to 90/],
      ['{"tx":"01","lat":1}', /lon: expected/],
      [`{"tx":"${"0".repeat(5000)}"}`, /line longer than 4096 characters/],
    ];
    for (const [line] of wrong) a.say(line);
    a.say({ tx: "77" });
    await a.flush();
    clock.runUntilIdle();
    await b.count(2);
    assert.deepEqual(b.heard, ["77"]);
    assert.equal(a.errors.length, wrong.length);
    for (const [i, [line, pattern]] of wrong.entries()) assert.match(a.errors[i] ?? "", pattern, line.slice(0, 60));
  });

  it("takes lines in pieces, several at once, with CR LF, and skips empty ones", async () => {
    const [a, b] = [await join(), await join()];
    a.socket.write('\n\r\n  \n{"tx":');
    await new Promise((resolve) => setImmediate(resolve));
    a.socket.write('"01"}\r\n{"tx":"02"}\n{"t');
    await new Promise((resolve) => setImmediate(resolve));
    a.socket.write('x":"03"}\n');
    await a.flush();
    clock.runUntilIdle();
    await b.count(4);
    assert.deepEqual(b.heard, ["01", "02", "03"]);
    assert.deepEqual(a.errors, []);
  });

  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  it(`survives 2000 lines of rubbish, seed ${seed}`, async () => {
    const random = new Random(seed);
    const [a, b] = [await join(), await join()];
    const parts = [
      '{"tx":"',
      "00",
      "ff",
      '"',
      "}",
      ",",
      '"sf":',
      "1e999",
      "null",
      "{",
      "\\",
      "é",
      "[",
      '"hello":',
      '"ack":',
      "true",
      "\0",
    ];
    for (let i = 0; i < 2000; i++) {
      let line = "";
      for (let n = random.between(0, 12); n > 0; n--) line += random.pick(parts);
      a.say(line.replaceAll('"hello"', '"hallo"'));
    }
    a.say({ tx: "e0e0e0" });
    await a.flush();
    clock.runUntilIdle(1e9);
    await b.flush();
    assert.ok(b.heard.includes("e0e0e0"));
    assert.equal(server.stations(), 2);
  });

  it("drops a station that does not read, and nobody else", async () => {
    const [a, b, slow] = [await join(), await join(), await join()];
    slow.socket.pause();
    const closed = once(slow.socket, "close");
    // The system's own buffers take some megabytes before anything waits in the server.
    for (let round = 0; round < 40 && server.stations() === 3; round++) {
      a.say(...Array.from({ length: 1000 }, () => ({ tx: "2a".repeat(255) })));
      await a.flush();
      clock.runUntilIdle(1e9);
      await b.flush();
      b.lines.splice(0);
    }
    assert.equal(server.stations(), 2);
    slow.socket.resume();
    await closed;
    a.say({ tx: "0102" });
    await a.flush();
    clock.runUntilIdle(1e9);
    await b.flush();
    assert.deepEqual(b.heard.slice(-1), ["0102"]);
  }).timeout(60_000);

  it("is not harmed by a station that vanishes in the middle of a frame or of a line", async () => {
    const [a, b] = [await join(), await join()];
    const local = new Listener(ether);
    a.say({ tx: HEX_50 });
    a.socket.write('{"tx":"01');
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(300);
    a.socket.resetAndDestroy();
    while (server.stations() > 1) await new Promise((resolve) => setImmediate(resolve));
    clock.runUntilIdle();
    await b.flush();
    assert.deepEqual(b.heard, [], "the frame broke off");
    b.say({ tx: "05" });
    await b.flush();
    clock.runUntilIdle();
    assert.deepEqual(local.hex, ["05"]);
  });

  it("still sends what a station had said that ended its side in order", async () => {
    const [a, b] = [await join(), await join()];
    a.say({ tx: "01" }, { tx: "02" }, { tx: "03" });
    a.socket.end();
    while (server.stations() > 1) await new Promise((resolve) => setImmediate(resolve));
    clock.runUntilIdle();
    await b.count(4);
    assert.deepEqual(b.heard, ["01", "02", "03"]);
  });

  it("tells plain stations nothing but frames and errors", async () => {
    const [a, b] = [await join(), await join()];
    a.say({ listen: null }, { abort: true }, { ack: 5 }, { tx: HEX_50 });
    await a.flush();
    clock.runUntilIdle();
    await b.count(2);
    for (const line of [...a.lines, ...b.lines]) assert.ok(line.rx !== undefined || line.error !== undefined);
  });

  it("tells our own boards, which say hello, what a chip sees", async () => {
    const [a, board] = [await join(), await join()];
    board.lines.splice(0);
    board.say({ hello: { chip: true } });
    board.say({ listen: { freq_mhz: 869.617999, bw_khz: 62.5, sf: 8, cr: 8, preamble: 32, sync: 18 } });
    await board.flush();
    assert.deepEqual(board.lines[0], {
      welcome: { speed: 1, radio: { freq_mhz: 869.618, bw_khz: 62.5, sf: 8, cr: 8, power_dbm: 22 } },
    });
    a.say({ tx: HEX_50 });
    await a.flush();
    clock.runUntilIdle();
    await board.count(7);
    const events = board.lines.filter((line) => line.event !== undefined);
    assert.deepEqual(
      events.map((line) => [line.event, line.n]),
      [
        ["level", 1],
        ["preamble", 2],
        ["header", 3],
        ["heard", 4],
        ["level", 5],
      ],
    );
    assert.equal(events[3].frame, HEX_50);
    board.say({ tx: "0102", airtime_ms: 100 });
    await board.flush();
    clock.advance(99);
    await a.flush();
    assert.deepEqual(a.heard, []);
    clock.advance(2);
    await a.count(a.lines.length + 1);
    assert.deepEqual(a.heard, ["0102"]);
    assert.equal(a.lines.at(-1)?.airtime_ms, 100);
  });
});

describe("ether port at speed 0", () => {
  it("carries a burst of 1000 frames at once, complete and in order", async () => {
    const clock = new SkippingClock();
    const ether = new Ether({ clock, radio: EU });
    clock.waitFor(ether);
    const server = await serveEther({ ether, host: "127.0.0.1", port: 0, speed: 0 });
    const [a, b] = [await TcpStation.join(server.port), await TcpStation.join(server.port)];
    await b.flush();
    const frames = Array.from({ length: 1000 }, (_, i) => i.toString(16).padStart(4, "0") + "2a".repeat(60));
    const start = performance.now();
    a.say(...frames.map((tx) => ({ tx })));
    await b.count(1001);
    const tookMs = performance.now() - start;
    assert.deepEqual(b.heard, frames);
    // 1000 frames of 62 bytes are more than eleven minutes on the air.
    assert.ok(clock.nowMs() > 660_000 && tookMs < 20_000, `${clock.nowMs()} ms in ${tookMs}`);
    a.close();
    b.close();
    await server.close();
    clock.stop();
  });

  it("waits for a board's acknowledgement before it tells the next event", async () => {
    const clock = new SkippingClock(60_000);
    const ether = new Ether({ clock, radio: EU });
    clock.waitFor(ether);
    const server = await serveEther({ ether, host: "127.0.0.1", port: 0, speed: 0 });
    const [a, board] = [await TcpStation.join(server.port), await TcpStation.join(server.port)];
    board.say({ hello: { chip: true } }, { listen: { freq_mhz: 869.618, bw_khz: 62.5, sf: 8 } });
    await board.count(1);
    await board.flush();
    a.say({ tx: "01" });
    const seen: unknown[] = [];
    for (let n = 1; n <= 5; n++) {
      while (!board.lines.some((line) => line.n === n)) await board.count(board.lines.length + 1);
      seen.push(board.lines.find((line) => line.n === n)?.event);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      const latest = Math.max(...board.lines.map((line) => Number(line.n ?? 0)));
      // The last two events belong to the same moment.
      assert.ok(latest === n || latest === 5, `event ${latest} came before ${n} was acknowledged`);
      board.say({ ack: n });
    }
    assert.deepEqual(seen, ["level", "preamble", "header", "heard", "level"]);
    a.close();
    board.close();
    await server.close();
    clock.stop();
  });
});
