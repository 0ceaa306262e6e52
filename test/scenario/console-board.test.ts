import assert from "node:assert/strict";
import { PARTS } from "../../firmware/parts.ts";
import { ConsoleBench } from "./console-bench.ts";
import { TEST_KEY } from "./world.ts";

const NOBODY = "Error: nobody logs in over the air here, so there";
const OTHER_KEY = "00112233445566778899aabbccddeeff";

describe("console: commands", () => {
  let bench: ConsoleBench;
  beforeEach(() => {
    bench = new ConsoleBench();
  });
  afterEach(() => bench.end());

  it("ver, board and the clock", () => {
    bench.transcript([
      ["ver", /^\d+\.\d+\.\d+ \(Build: meshcore-room sim, .+\)$/],
      ["version", /^\d+\.\d+\.\d+ \(Build/],
      ["board", "sim"],
      ["clock", "not set; Try: time EPOCH"],
      ["time", "Unknown command"],
      ["time x", "(ERR: clock cannot go backwards)"],
      ["time 0", "(ERR: clock cannot go backwards)"],
      ["time 4294967296", "(ERR: clock cannot go backwards)"],
      ["time 1700000000", "OK - clock set: 22:13 - 14/11/2023 UTC"],
      ["clock", "22:13 - 14/11/2023 UTC"],
      ["time 1699999999", "(ERR: clock cannot go backwards)"],
      ["time 1700000100", "OK - clock set: 22:15 - 14/11/2023 UTC"],
      ["clock sync", "ERR: clock cannot go backwards"],
      ["time 4294967295", "OK - clock set: 06:28 - 7/2/2106 UTC"],
    ]);
  });

  it("stats, and their end", () => {
    bench.hears();
    bench.hears();
    bench.speaks();
    const radio = JSON.parse(bench.run("stats-radio").slice(5));
    assert.deepEqual(Object.keys(radio), ["noise_floor", "last_rssi", "last_snr", "tx_air_secs", "rx_air_secs"]);
    assert.match(bench.run("stats-radio"), /"last_snr":-?\d+\.\d\d,/);
    const packets = JSON.parse(bench.run("stats-packets").slice(5));
    assert.deepEqual(packets, {
      ...{ recv: 2, sent: 1, flood_tx: 1, direct_tx: 0, flood_rx: 2, direct_rx: 0, recv_errors: 0 },
    });
    const keys = "recv sent flood_tx direct_tx flood_rx direct_rx recv_errors";
    assert.deepEqual(Object.keys(packets), keys.split(" "));
    const core = bench.run("stats-core").slice(5);
    assert.match(
      core,
      /^\{"battery_mv":0,"uptime_secs":\d+,"errors":0,"queue_len":0,"restarts":\{"power":1,"reboot":0,"watchdog":0,"crash":0,"brown_out":0\},"last_restart":"power"\}$/,
    );
    assert.ok(bench.core().uptime_secs > 10);
    bench.transcript([
      ["clear stats", "(OK - stats reset)"],
      ["stats-packets", '{"recv":0,"sent":0,"flood_tx":0,"direct_tx":0,"flood_rx":0,"direct_rx":0,"recv_errors":0}'],
      ["stats-cores", "Unknown command"],
      ["stats-radio now", /^\{"noise_floor"/],
    ]);
    const after = JSON.parse(bench.run("stats-radio").slice(5));
    assert.equal(after.rx_air_secs, radio.rx_air_secs, "the time on air goes on");
  });

  it("rooms", () => {
    bench.transcript([
      ["room remove test", "OK"],
      ["rooms", "no rooms; Try: room add NAME KEYHEX [MAX]"],
      ["room.post hello", "Error: no rooms; Try: room add NAME KEYHEX [MAX]"],
      [`room add Club ${TEST_KEY} 50`, "OK"],
      [`room add "My Room" ${OTHER_KEY}`, "OK"],
      ["rooms", /^Club: 0\/50 messages, \d+ bytes\nMy Room: 0\/200 messages, \d+ bytes$/],
      ["room add x 12zz", "Error: the key is not hex; Try: room add NAME KEYHEX [MAX]"],
      [`room add x ${OTHER_KEY.slice(2)}`, /^Error: a name of 1 to 32 bytes and a key of 32 or 64/],
      [`room add x ${OTHER_KEY}00`, /^Error: a name of 1 to 32 bytes and a key of 32 or 64/],
      [`room add x ${OTHER_KEY}${OTHER_KEY}`, "OK"],
      [`room add ${"n".repeat(33)} ${OTHER_KEY}`, /^Error: a name of 1 to 32 bytes/],
      ["room add", /^Error: a name of 1 to 32 bytes/],
      ["room remove y", "Error: no such room"],
      ["room rename x", "Unknown command"],
      ["history y", "Error: no such room; Try: rooms"],
      ["history Club", "no messages"],
      ["say y hello", "Error: no such room; Try: rooms"],
      ["say Club", "Error: no text; Try: say ROOM TEXT"],
      ["sayings", "Unknown command"],
    ]);
  });

  it("room.post posts to the first room, with MeshCore's answers", () => {
    bench.transcript([
      ["time 1700000000", /^OK/],
      [`room add other ${OTHER_KEY}`, "OK"],
      ["room.post", "ERR empty message"],
      ["room.post   ", "ERR empty message"],
      ["room.post good evening", "OK"],
      ["history test", /^#1 .* sim: good evening \(own\)$/],
      ["history other", "no messages"],
      [`room.post ${"x".repeat(156)}`, "Error: too long by 1 bytes"],
      [`room.post ${"x".repeat(155)}`, "OK"],
    ]);
  });

  it("adverts, keys and neighbours", () => {
    bench.world.wait(20_000);
    // The world keeps its boards from sending any of their own.
    const { adverts } = bench.board.globals.meshcore as { adverts: { send?: unknown } };
    delete adverts.send;
    bench.transcript([
      ["advert", "Error: the clock is not set; Try: time EPOCH"],
      ["time 1700000000", /^OK/],
      ["advert", "OK - Advert sent"],
      ["advert.zerohop", "OK - zerohop advert sent"],
      ["get public.key", /^> [0-9A-F]{64}$/],
      ["get prv.key", /^> [0-9A-F]{128}$/],
      ["set prv.key 12", "Error, bad key"],
      [`set prv.key ${"zz".repeat(64)}`, "Error, bad key"],
      ["neighbors", "-none-"],
      ["neighbor.remove zz", "ERR: bad pubkey"],
      ["neighbor.remove 0011", "OK"],
    ]);
  });

  it("another private key gives another public one, at once", () => {
    bench.world.wait(20_000);
    const before = bench.run("get public.key");
    // Clamped as Ed25519 wants it.
    const key = `40${"11".repeat(30)}51${"22".repeat(32)}`;
    bench.run(`set prv.key ${key}`);
    bench.world.wait(20_000);
    const after = bench.run("get public.key");
    assert.notEqual(after, before);
    assert.equal(bench.run("get prv.key"), `  -> > ${key.toUpperCase()}`);
  });

  it("another private key is answered when the curve cannot be had, and is not taken later", () => {
    const { board, world } = bench;
    const storage = (): { read(file: string): string; write(file: string, text: string): void } =>
      (board.globals as { require(name: string): ReturnType<typeof storage> }).require("Storage");
    const library = storage().read("mc.lib");
    const row = 8 + 11 * Object.keys(PARTS).indexOf("softCurve");
    const start = Number(library.slice(row, row + 6));
    const length = Number(library.slice(row + 6, row + 11));
    const broken = "(function(){throw new Error()})".padEnd(length);
    const boot = (text: string): void => {
      storage().write("mc.lib", text);
      board.powerOff();
      board.powerOn();
      world.wait(20_000);
    };
    boot(library.slice(0, start) + broken + library.slice(start + length));
    const key = `40${"11".repeat(30)}51${"22".repeat(32)}`;
    const said = bench.raw(`set prv.key ${key}\r`);
    assert.match(said, /-> Error: no public key could be made of it, the key stays as it was; Try: again/);
    bench.transcript([["get public.key", "Error: no key yet; Try: later"]]);
    boot(library);
    assert.doesNotMatch(bench.run("get prv.key"), /4011111111/);
    assert.match(bench.raw(`set prv.key ${key}\r`), /-> OK! New pubkey: [0-9A-F]{64}\r/);
  });

  it("tempradio: two seconds later, for a while, and nothing keeps it", () => {
    const channel = (): number | undefined => bench.board.chip.listening()?.freqHz;
    const before = channel();
    bench.transcript([
      ["tempradio 915.8,250,10,5", "Error, invalid params"],
      ["tempradio 915.8,250,10,5,0", "Error, invalid params"],
      ["tempradio 149,250,10,5,1", "Error, invalid params"],
      ["tempradio 915.8,251,10,5,1", "Error, invalid params"],
      ["tempradio 915.8,250,13,5,1", "Error, invalid params"],
      ["tempradio 915.8,250,10,9,1", "Error, invalid params"],
      ["tempradio", "Unknown command"],
      ["tempradio 915.8,250,10,5,1", "OK - temp params for 1 mins"],
    ]);
    assert.equal(channel(), before);
    bench.world.wait(2_000);
    assert.ok(Math.abs((channel() ?? 0) - 915.8e6) < 100);
    assert.equal(bench.run("get freq"), "  -> > 869.6179809");
    bench.world.wait(61_000);
    assert.equal(channel(), before);
    assert.ok(bench.hears());
  });

  it("regions", () => {
    bench.transcript([
      ["region", "*^ F"],
      ["region put europe", "OK - (flood allowed)"],
      ["region put uk europe", "OK - (flood allowed)"],
      ["region get uk", " uk (europe) F"],
      ["region home uk", " home is now uk"],
      ["region list denied", "-none-"],
      ["region save", "OK"],
      ["region nonsense", "Err - ??"],
      ["region load", ""],
      [" wales F", ""],
      ["  cardiff", ""],
      ["", "OK - loaded 2 regions"],
      ["region", "*^ F\n wales F\n  cardiff"],
      ["ver", /Build/],
    ]);
  });

  it("what has no place here says so, in MeshCore's words where it has any", () => {
    bench.transcript([
      ["poweroff", "Error: the engine cannot switch the board off; Try: unplug it"],
      ["shutdown", "Error: the engine cannot switch the board off; Try: unplug it"],
      ["start ota", "Error"],
      ["password x", `${NOBODY} is no password`],
      ["setperm 00 1", `${NOBODY} are no permissions`],
      ["get acl", "ACL:"],
      ["sensor list", "no custom var"],
      ["sensor get x", "null"],
      ["sensor set x 1", "can't find custom var"],
      ["powersaving", "off"],
      ["powersaving on", "Board not supported"],
      ["powersaving off", "off"],
      ["log", /^Error: no packet log here/],
      ["log start", /^Error: no packet log here/],
      ["gps", "Unknown command"],
      ["constructor", "Unknown command"],
      ["x", "Unknown command"],
      ["erases", "Unknown command"],
    ]);
  });

  it("errors outlast a reboot; clkreboot forgets the time; erase forgets the rest", () => {
    bench.transcript([
      ["errors", /power 1, reboot 0, watchdog 0, crash 0, brown-out 0/],
      ["time 4000000000", /^OK/],
      ["say test from the future", "OK"],
      ["set name Ann", "OK"],
      ["clkreboot", ""],
    ]);
    bench.world.wait(5_000);
    bench.transcript([
      ["errors", /power 1, reboot 1,/],
      ["get name", "> Ann"],
      ["say test from now", /^OK - clock counts from 15 May 2024/],
      ["history test 1", /15\/5\/2024 UTC Ann: from now/],
    ]);
    assert.match(bench.raw("erase\r", ...Array(60).fill("")), /-> File system erase: OK\r\n/);
    bench.world.wait(10_000);
    bench.transcript([
      ["get name", "> sim"],
      ["rooms", /^no rooms/],
      ["errors", /reboot 0/],
    ]);
  });

  it("help has groups, a line for each command", () => {
    const lines = bench.run("help").split("\r\n");
    assert.ok(lines.length > 40);
    for (const line of lines) assert.match(line, /^ {2}-> \S| {2}-> {2}\S/);
  });
});
