import assert from "node:assert/strict";
import { hexToBytes, view } from "../../protocol/bytes.ts";
import { GroupCipher, makeChannel } from "../../protocol/channel.ts";
import { textEnd } from "../../protocol/group-text.ts";
import { Packet, parsePacket, ROUTE_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { RoomWorld } from "./room-world.ts";
import { groupText, TEST_KEY } from "./world.ts";

const MAX_TEXT = 160;
const cipher = new GroupCipher(softCrypto());
const channel = makeChannel(softCrypto(), hexToBytes(TEST_KEY));

/** What a phone with the room's key reads in a frame, as bytes. */
function read(frame: Uint8Array): Uint8Array {
  const packet = new Packet();
  assert.equal(parsePacket(frame, frame.length, packet), 0);
  assert.deepEqual([packet.route, packet.type, packet.hops], [ROUTE_FLOOD, TYPE_GRP_TXT, 0]);
  const length = cipher.open(channel, frame, packet.payloadAt, packet.payloadLen);
  assert.ok(length > 5, "the MAC is right");
  return view(cipher.plain, 5, textEnd(cipher.plain, length) - 5).slice();
}

describe("say", () => {
  let scene: RoomWorld;
  beforeEach(() => {
    scene = new RoomWorld();
    scene.run("time 1700000000");
  });
  afterEach(() => {
    assert.deepEqual(scene.board.violations, []);
    assert.deepEqual(scene.board.uncaught, []);
    scene.stop();
  });

  const spoken = (): string[] => {
    scene.world.wait(6000);
    return scene.station.heard.map((each) => Buffer.from(read(each.frame)).toString("utf8"));
  };

  for (const text of [
    "plain words",
    "Привет, мир: это тест",
    "\u{1f44b}\u{1f3fd} waves, \u{1f468}\u200d\u{1f469}\u200d\u{1f467} too",
    "naïve café — “quoted” €",
    "日本語 العربية हिन्दी",
    "a: b: c",
    '"quotes" and \\backslashes\\',
    "ß\u0301 combined",
  ])
    it(`sends and keeps every byte of ${JSON.stringify(text)}`, () => {
      assert.equal(scene.run(`say test ${text}`), "  -> OK");
      assert.deepEqual(spoken(), [`sim: ${text}`]);
      assert.ok(scene.run("history test").includes(` sim: ${text} (own)`));
    });

  it("takes a name with letters of its own", () => {
    assert.match(scene.run("set name Алиса \u{1f680}"), /OK/);
    scene.run("say test да");
    assert.deepEqual(spoken(), ["Алиса \u{1f680}: да"]);
  });

  it("takes a room whose name has spaces or letters of its own", () => {
    scene.run("room remove test");
    scene.run(`room add "Клуб 5" ${TEST_KEY}`);
    assert.equal(scene.run('say "Клуб 5" привет'), "  -> OK");
    assert.deepEqual(spoken(), ["sim: привет"]);
    assert.match(scene.run("rooms"), /Клуб 5: 1\//);
  });

  it("sends 160 bytes of sender and text, refuses 161, and never half of them", () => {
    const fits = "y".repeat(MAX_TEXT - "sim: ".length);
    assert.equal(scene.run(`say test ${fits}`), "  -> OK");
    assert.equal(scene.run(`say test ${fits}z`), "  -> Error: too long by 1 bytes");
    assert.equal(scene.run(`say test ${"я".repeat(78)}`), "  -> Error: too long by 1 bytes");
    assert.equal(scene.run(`say test ${"я".repeat(77)}!`), "  -> OK");
    assert.deepEqual(spoken(), [`sim: ${fits}`, `sim: ${"я".repeat(77)}!`]);
    assert.match(scene.run("rooms"), /test: 2\/200/);
  });

  it("refuses a line that is longer than any command, and takes the next", () => {
    assert.match(scene.run(`say test ${"x".repeat(400)}`), /Error: line longer than 240 characters, nothing was done/);
    assert.equal(scene.run("say test short"), "  -> OK");
    assert.deepEqual(spoken(), ["sim: short"]);
  });

  it("refuses an unknown room and an empty text, and says what to do", () => {
    assert.equal(scene.run("say nowhere hello"), "  -> Error: no such room; Try: rooms");
    assert.equal(scene.run("say test"), "  -> Error: no text; Try: say ROOM TEXT");
    assert.equal(scene.run("say test   "), "  -> Error: no text; Try: say ROOM TEXT");
    assert.equal(scene.run("say"), "  -> Error: no such room; Try: rooms");
    assert.deepEqual(spoken(), []);
  });

  it("says the same text twice within a second, with another time each", () => {
    const { board, world } = scene;
    let output = "";
    board.serial.onData((bytes) => {
      output += Buffer.from(bytes).toString("latin1");
    });
    board.serial.write(Buffer.from("say test twice\rsay test twice\r"));
    world.wait(4000);
    assert.match(output, /-> OK.*-> OK/s);
    assert.deepEqual(spoken(), ["sim: twice", "sim: twice"]);
  });

  it("refuses a thirteenth message that would wait, keeps the twelve, and takes more later", () => {
    const { board, world } = scene;
    board.faults.busyStuck = true;
    const answers = Array.from({ length: 13 }, (_, i) => scene.run(`say test ${i}`));
    assert.deepEqual(answers.slice(0, 12), Array(12).fill("  -> OK"));
    assert.equal(answers[12], "  -> Error: too many messages wait for the air; Try: later");
    board.faults.busyStuck = false;
    world.wait(60_000);
    assert.deepEqual(
      spoken(),
      Array.from({ length: 12 }, (_, i) => `sim: ${i}`),
    );
    assert.equal(scene.run("say test 12"), "  -> OK");
    // A chip whose BUSY is stuck cannot be spoken to properly.
    board.chip.violations.length = 0;
  });

  it("before anybody has told it the time it counts from 15 May 2024, says so, and can repeat itself", () => {
    const other = new RoomWorld("rak4631");
    assert.match(other.run("say test early"), /OK - clock counts from 15 May 2024; Try: time EPOCH/);
    other.world.wait(10_000);
    assert.match(other.run("say test early"), /OK/);
    other.world.wait();
    const frames = other.station.heard.map((each) => Buffer.from(each.frame).toString("hex"));
    const sentAt = (seconds: number) => groupText(TEST_KEY, 1715770351 + seconds, "rak4631", "early");
    assert.deepEqual(frames, [sentAt(0), sentAt(1)]);
    other.stop();
  });

  it("its own words, repeated to it by a repeater, do not come up again", () => {
    scene.run("say test echo");
    scene.world.wait();
    const frame = Buffer.from(scene.station.heard[0].frame);
    // One hop more on its way.
    scene.station.send(Buffer.concat([Buffer.of(frame[0], 1, 0xab), frame.subarray(2)]).toString("hex"));
    scene.world.wait();
    assert.match(scene.run("rooms"), /test: 1\/200/);
    assert.equal(scene.packets().recv, 1);
  });
});
