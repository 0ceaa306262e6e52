import assert from "node:assert/strict";
import {
  BoardHello,
  GetStatus,
  Hello,
  LINK_MIN_VERSION,
  LINK_VERSION,
  RoomMessage,
  Status,
} from "../../protocol/link.ts";
import { Host, linkFrame } from "./host.ts";
import { COMMAND, frameOf, REQUEST } from "./kiss-host.ts";
import { KissScene } from "./kiss-scene.ts";

const PING = Buffer.from(frameOf(COMMAND.SetHardware, [REQUEST.Ping])).toString("latin1");

describe("KISS modem: the line", () => {
  let scene: KissScene;
  let link: Host;
  beforeEach(() => {
    scene = new KissScene();
    link = new Host(scene.board.serial, scene.world.clock);
  });
  afterEach(() => {
    assert.equal(link.broken, 0);
    scene.stop();
  });

  function raw(bytes: string, ms = 300): void {
    scene.board.serial.write(Buffer.from(bytes, "latin1"));
    scene.world.clock.advance(ms);
  }

  const SILENT: [string, string][] = [
    ["SetHardware without a number", "\xc0\x06\xc0"],
    ["a parameter without a value", "\xc0\x01\xc0\xc0\x05\xc0"],
    ["commands that nobody knows", "\xc0\x07a\xc0\xc0\x0bb\xc0\xc0\x0cc\xc0\xc0\x0ed\xc0\xc0\x0fe\xc0"],
    ["an escape that is none", "\xc0\x06\xdb\x17\xc0"],
    ["513 bytes", `\xc0\x06\x08${"x".repeat(511)}\xc0`],
    ["more bytes than any frame can have", `\xc0\x06\x17${"x".repeat(1100)}\xc0`],
    ["empty frames", "\xc0\xc0\xc0\xc0"],
  ];
  for (const [what, bytes] of SILENT)
    it(`${what}: no answer, no text, and the next frame is understood`, () => {
      raw(bytes);
      assert.deepEqual(scene.host.order, []);
      assert.equal(link.text, "");
      raw(PING);
      assert.deepEqual(scene.host.hardware, ["97"]);
    });

  it("512 bytes are a frame, with every byte escaped too", () => {
    raw(`\xc0\x06\x08${"x".repeat(510)}\xc0`);
    raw(`\xc0\x06\x08${"\xdb\xdc".repeat(510)}\xc0`);
    assert.deepEqual(scene.host.order, ["88", "88"]);
  });

  it("more data than a request needs changes nothing", () => {
    raw(`\xc0\x06\x17extra\xc0`);
    assert.deepEqual(scene.host.hardware, ["97"]);
  });

  it("a number that needs an escape is answered like any other", () => {
    raw("\xc0\x06\xdb\xdc\xc0\xc0\x06\xdb\xdd\xc0");
    assert.deepEqual(scene.host.hardware, ["f105", "f105"]);
  });

  it("byte by byte is the same frame", () => {
    for (const byte of PING) raw(byte, 5);
    scene.world.clock.advance(100);
    assert.deepEqual(scene.host.hardware, ["97"]);
  });

  it("console, room link and modem share one piece of line", () => {
    const status = linkFrame(GetStatus, { req: 7 });
    const hello = linkFrame(Hello, { version: LINK_VERSION, minVersion: LINK_MIN_VERSION, unixTime: 0, wants: 0 });
    raw(`ve${PING}${status}r\r${hello}${PING}get ra${status}${PING}dio\r`, 2000);
    assert.deepEqual(scene.host.hardware, ["97", "97", "97"]);
    assert.equal(link.got(Status).length, 2);
    assert.equal(link.got(BoardHello).length, 1);
    assert.match(link.text, /Build: meshcore-room sim/);
    assert.match(link.text, /> 869\.6/);
  });

  it("a frame from the air goes to the modem's host, to the room, and to the host of the room link", () => {
    raw(PING);
    link.hello();
    link.resume(0, 0);
    link.acknowledges = true;
    const frames = Array.from({ length: 20 }, () => scene.nextFrame());
    for (const { hex } of frames) scene.hear(hex);
    scene.world.wait(1000);
    assert.deepEqual(
      scene.host.heard,
      frames.map(({ hex }) => hex),
    );
    assert.deepEqual(
      link.numbers,
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    assert.deepEqual(
      link.got(RoomMessage).map(({ payload }) => Buffer.from(payload).toString("hex")),
      frames.map(({ hex }) => hex.slice(4)),
    );
  });

  it("what the room link's host wants to hear it hears although the modem's host hears all", () => {
    raw(PING);
    link.hello(0, 1);
    scene.hear("1500aa");
    scene.world.wait(200);
    assert.ok(link.order.includes("Heard"), link.order.join());
  });

  it("a person at the console is not disturbed before a KISS host comes", () => {
    scene.hear(scene.nextFrame().hex);
    assert.match(scene.run("ver"), /^ {2}-> /);
    assert.deepEqual(link.modem, []);
  });
});
