import assert from "node:assert/strict";
import { crc32 } from "../../protocol/crc32.ts";
import { kissFrame } from "../../protocol/kiss.ts";
import {
  BoardHello,
  GetStatus,
  Hello,
  LINK_MIN_VERSION,
  LINK_PORT,
  LINK_VERSION,
  RoomMessage,
  RoomState,
  Status,
} from "../../protocol/link.ts";
import { Host, linkFrame } from "./host.ts";
import { LinkScene } from "./link-scene.ts";
import { groupText, TEST_KEY } from "./world.ts";

/** A body under a right checksum, whatever it says. */
function sealed(...body: number[]): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(Uint8Array.from(body)));
  return kissFrame(LINK_PORT, 0, Buffer.concat([Uint8Array.from(body), sum]).toString("latin1"));
}

const STATUS = linkFrame(GetStatus, { req: 7 });
const HELLO = linkFrame(Hello, { version: LINK_VERSION, minVersion: LINK_MIN_VERSION, unixTime: 0, wants: 0 });

describe("link: the line itself", () => {
  let scene: LinkScene;
  let host: Host;
  beforeEach(() => {
    scene = new LinkScene();
    host = scene.host;
  });
  afterEach(() => scene.stop());

  const raw = (bytes: string, ms = 200): void => {
    host.raw(bytes);
    scene.world.clock.advance(ms);
  };
  const WRONG: [string, string][] = [
    ["a wrong checksum", STATUS.replace("\x07", "\x08")],
    ["a bit that flipped in the checksum", `${STATUS.slice(0, -2)}\x01\xc0`],
    ["no body", kissFrame(LINK_PORT, 0, "")],
    ["four bytes", kissFrame(LINK_PORT, 0, "abcd")],
    ["an unknown number", sealed(0x55, 1, 2)],
    ["a number that only boards send", sealed(0x84, 1, 0, 0, 0, 0, 0, 0)],
    ["a field too few", sealed(0x09, 7)],
    ["a field too many", sealed(0x09, 7, 0, 0)],
    ["289 bytes", sealed(0x08, ...new Uint8Array(284))],
  ];
  for (const [what, frame] of WRONG)
    it(`a frame with ${what} is counted, not answered, and the next one is understood`, () => {
      raw(frame);
      assert.deepEqual(host.order, []);
      assert.equal(host.text, "");
      assert.equal(scene.status().linkErrors, 1);
    });

  const DROPPED: [string, string][] = [
    ["an escape that is none", "\xc0\x10ab\xdbcd\xc0"],
    ["more than 1024 bytes", `\xc0\x10${"x".repeat(1024)}\xc0`],
  ];
  for (const [what, frame] of DROPPED)
    it(`a frame with ${what} is dropped on the way, and the next one is understood`, () => {
      raw(frame);
      assert.deepEqual(host.order, []);
      assert.equal(scene.status().linkErrors, 0);
    });

  it("frames of the KISS modem's port and 'return' are no link frames and no text", () => {
    raw(kissFrame(0, 0, "packet") + kissFrame(0, 6, "\x01") + "\xc0\xff\xc0");
    assert.deepEqual(host.order, []);
    assert.equal(host.text, "");
    assert.equal(scene.status().linkErrors, 0);
  });

  it("bytes that need escapes come through both ways", () => {
    raw(linkFrame(GetStatus, { req: 0xc0db }));
    assert.equal(host.got(Status)[0].req, 0xc0db);
    raw(linkFrame(GetStatus, { req: 0xdcdd }));
    assert.equal(host.got(Status)[1].req, 0xdcdd);
  });

  it("a frame byte by byte is the same frame", () => {
    for (const byte of HELLO) raw(byte, 5);
    scene.world.clock.advance(200);
    assert.deepEqual(host.order, ["BoardHello", "RoomState"]);
  });

  it("ten frames in one piece are ten frames", () => {
    raw(STATUS.repeat(10), 1000);
    assert.equal(host.got(Status).length, 10);
  });

  it("console text between frames is text, whole or in pieces", () => {
    raw(`ver${STATUS}\r${HELLO}get ra${STATUS}dio\r`, 500);
    assert.equal(host.got(Status).length, 2);
    assert.equal(host.got(BoardHello).length, 1);
    assert.match(host.text, /Build: meshcore-room sim/);
    assert.match(host.text, /> 869\.6179809,62\.5,8,8/);
  });

  it("half a frame swallows nothing that a person types a second later", () => {
    raw(HELLO.slice(0, 8));
    scene.world.clock.advance(1100);
    raw("ver\r", 500);
    assert.match(host.text, /Build: meshcore-room sim/);
    assert.deepEqual(host.order, []);
    raw(HELLO);
    assert.deepEqual(host.order, ["BoardHello", "RoomState"]);
  });

  it("half a frame without a pause costs itself, not the frame behind it", () => {
    raw(HELLO.slice(0, 8) + STATUS);
    assert.equal(host.got(Status).length, 1);
    assert.equal(scene.status().linkErrors, 1);
  });

  it("a frame whose other half comes within a second is whole", () => {
    raw(HELLO.slice(0, 8), 900);
    raw(HELLO.slice(8));
    assert.deepEqual(host.order, ["BoardHello", "RoomState"]);
  });

  it("a lost border costs one frame, an invented one at most one", () => {
    raw(HELLO.slice(1) + STATUS, 500);
    assert.equal(host.got(Status).length, 1);
    scene.world.clock.advance(1100);
    raw("\r", 500);
    host.forget();
    const inside = `${HELLO.slice(0, 6)}\xc0${HELLO.slice(6)}`;
    raw(inside + STATUS + STATUS, 500);
    assert.ok(host.got(Status).length >= 1);
    host.forget();
    raw(HELLO, 500);
    assert.deepEqual(host.order, ["BoardHello", "RoomState"]);
  });

  it("messages go on being stored while the line is dead, and come when it is back", () => {
    host.hello();
    host.resume(0, 0);
    scene.board.unplug();
    for (let i = 0; i < 3; i++) {
      scene.station.send(groupText(TEST_KEY, i, "Ann", `unplugged ${i}`));
      scene.world.wait();
    }
    scene.board.plug();
    const again = new Host(scene.board.serial, scene.world.clock);
    again.hello();
    const [state] = again.got(RoomState);
    assert.deepEqual([state.count, state.nextSeq], [3, 4]);
    again.forget();
    again.resume(state.room, 0);
    assert.deepEqual(again.numbers, [1, 2, 3]);
    assert.equal(again.broken, 0);
  });

  it("messages with every byte value survive the way from the air to the host", () => {
    host.hello();
    host.resume(0, 0);
    host.acknowledges = true;
    const sent: string[] = [];
    for (let i = 0; i < 64; i++) {
      const frame = groupText(TEST_KEY, i, "Ann", `payloads of chance ${i} ${"\u{1f600}".repeat(i % 20)}`);
      scene.board.chip.receive(Buffer.from(frame, "hex"), -90, 3);
      scene.world.clock.advance(50);
      sent.push(frame.slice(4));
    }
    assert.ok(sent.some((hex) => /^(..)*c0/.test(hex)) && sent.some((hex) => /^(..)*db/.test(hex)));
    assert.deepEqual(
      host.got(RoomMessage).map(({ payload }) => Buffer.from(payload).toString("hex")),
      sent,
    );
  });
});
