// A host that talks to the bundle over the room link, in real engines: every message once, escapes and damage included.
import assert from "node:assert/strict";
import { bytesToHex, bytesToLatin1, hexToBytes, latin1ToBytes } from "../../protocol/bytes.ts";
import type { Message, MessageValue } from "../../protocol/codec.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { KissDeframer, kissFrame } from "../../protocol/kiss.ts";
import * as link from "../../protocol/link.ts";
import { bodyType, bodyValue, LINK_MAX_BODY, LINK_TYPE_BYTE, sealBody } from "../../protocol/link-frame.ts";
import { groupText, TEST_KEY } from "../scenario/world.ts";
import type { Plan } from "./plan.ts";
import type { Outcome } from "./run.ts";

const NET_KEY = "c0db".repeat(16);
const TIME = 1700000000;
/** Requests whose numbers need escapes on the line. */
const ADD_TEST = 0xc0db;
const ADD_NET = 0xdbc0;
const SIGNAL = "-71 10.5";

const name = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function frame<V>(table: Message<V>, value: V): string {
  const body = new Uint8Array(LINK_MAX_BODY);
  const size = sealBody(crc32, table, value, body);
  return kissFrame(link.LINK_PORT, 0, bytesToLatin1(body.slice(0, size)));
}

const serial = (bytes: string): string => `S ${Buffer.from(bytes, "latin1").toString("base64")}`;
const tell = <V>(table: Message<V>, value: V): string => serial(frame(table, value));
const hear = (hex: string): string => `F ${SIGNAL} ${hex}`;

function setRoom(req: number, room: string, keyHex: string, max: number): string {
  const key = new Uint8Array(32);
  key.set(hexToBytes(keyHex));
  return tell(link.SetRoom, { req, max, keyLen: keyHex.length / 2, key, name: name(room) });
}

/** Every message that the board sent, in order; a frame that is none fails. */
function messages(outcome: Outcome): { table: Message<unknown>; value: unknown }[] {
  const found: { table: Message<unknown>; value: unknown }[] = [];
  const deframer = new KissDeframer(
    (type, text) => {
      assert.equal(type, LINK_TYPE_BYTE, "type byte of a frame");
      const body = latin1ToBytes(text);
      const table = link.MESSAGES.find((each) => each.type === bodyType(crc32, body, body.length));
      assert.ok(table, `a frame that no host can read: ${bytesToHex(body)}`);
      const value = bodyValue(table as Message<unknown>, body, body.length);
      assert.ok(value, `${table.name} of a wrong length: ${bytesToHex(body)}`);
      found.push({ table: table as Message<unknown>, value });
    },
    (text) => assert.fail(`text between frames: ${JSON.stringify(text)}`),
  );
  deframer.push(outcome.serial.join(""));
  assert.equal(deframer.waiting(), false, "half a frame at the end");
  return found;
}

/** The conversation. `sha256` is that of the bundle, or all zeros where the engine cannot know it. */
export function linkPlan(model: string, sha256: string): Plan {
  const first = groupText(TEST_KEY, TIME + 1, "Ann", "x".repeat(155));
  const second = groupText(TEST_KEY, TIME + 2, "Bob", "second", "c0db");
  const net = groupText(NET_KEY, TIME + 3, "Eve", "in the other room");
  const own = groupText(TEST_KEY, TIME + 4, "Host", "from the host");
  const advert = `1100${"5a".repeat(101)}`;
  const hello = { version: link.LINK_VERSION, minVersion: link.LINK_VERSION, unixTime: TIME, wants: link.WANTS_HEARD };
  const send = { priority: 1, payloadType: 5, payload: hexToBytes(own.slice(4)) };
  const radio = { freqHz: 869618000, bwHz: 62500, sf: 8, cr: 8, powerDbm: 14, dutyPermille: 100 };
  const damaged = frame(link.GetStatus, { req: 1 }).replace("\x01", "\x02");
  const steps = [
    "D 300",
    tell(link.Hello, hello),
    setRoom(ADD_TEST, "test", TEST_KEY, 60),
    setRoom(ADD_NET, "net", NET_KEY, 40),
    hear(first),
    hear(net),
    tell(link.Resume, { room: 0, seq: 0 }),
    tell(link.Ack, { room: 0, seq: 1 }),
    tell(link.Resume, { room: 1, seq: 0 }),
    hear(second),
    "R",
    hear(second),
    hear("ff00"),
    hear(advert),
    "R",
    tell(link.Ack, { room: 0, seq: 2 }),
    tell(link.Send, { req: 3, ...send }),
    "D 300",
    "R",
    tell(link.Send, { req: 4, ...send }),
    tell(link.SetRadio, { req: 5, ...radio }),
    tell(link.SetRadio, { req: 6, ...radio, sf: 13 }),
    "D 300",
    tell(link.SetTime, { unixTime: TIME + 100 }),
    serial(damaged),
    tell(link.GetStatus, { req: 7 }),
    tell(link.RemoveRoom, { req: 8, name: name("net") }),
    tell(link.RemoveRoom, { req: 9, name: name("net") }),
    // In one piece, as a host writes them.
    serial(frame(link.Ack, { room: 0, seq: 3 }) + frame(link.Hello, hello)),
    "X",
    "P",
  ];
  const check = (outcome: Outcome): void => {
    const all = messages(outcome);
    const of = <M extends Message<unknown>>(table: M): MessageValue<M>[] =>
      all.filter((each) => each.table.type === table.type).map((each) => each.value as MessageValue<M>);
    const [greeting, again] = of(link.BoardHello);
    assert.equal(of(link.BoardHello).length, 2, "BoardHello");
    assert.deepEqual([greeting.version, greeting.minVersion], [link.LINK_VERSION, link.LINK_VERSION]);
    assert.equal(bytesToHex(greeting.sha256), sha256, "sha256 of the bundle");
    const texts = Buffer.from(greeting.text).toString().split("\0");
    assert.deepEqual([texts.length, texts[0], texts[2], texts[3]], [4, model, "0.1.0", model]);
    assert.equal(again.bootId, greeting.bootId, "bootId of the same boot");

    const rooms = of(link.RoomState).map(({ room, max, name }) => `${room} ${Buffer.from(name).toString()} ${max}`);
    assert.deepEqual(rooms, ["0 test 60", "1 net 40", "0 test 60"], "RoomState");
    assert.deepEqual(
      of(link.Result).map(({ req, code }) => [req, code]),
      [
        [ADD_TEST, link.RESULT_OK],
        [ADD_NET, link.RESULT_OK],
        [3, link.RESULT_OK],
        [4, link.RESULT_DUPLICATE],
        [5, link.RESULT_OK],
        [6, link.RESULT_BAD_REQUEST],
        [8, link.RESULT_OK],
        [9, link.RESULT_BAD_REQUEST],
      ],
      "Result",
    );
    assert.deepEqual(
      of(link.RoomMessage).map((m) => [m.room, m.seq, m.flags, m.pathLen, m.rssi, m.snr, bytesToHex(m.payload)]),
      [
        [0, 1, 0, 0, -71, 42, first.slice(4)],
        [1, 1, 0, 0, -71, 42, net.slice(4)],
        [0, 2, 0, 2, -71, 42, second.slice(8)],
        [0, 3, link.MESSAGE_OWN, 0, 0, 0, own.slice(4)],
      ],
      "RoomMessage",
    );
    assert.ok(
      of(link.RoomMessage).every(({ heardAt }) => heardAt >= TIME && heardAt < TIME + 600),
      "heardAt",
    );
    assert.deepEqual(
      of(link.Heard).map(({ rssi, snr, packet }) => [rssi, snr, bytesToHex(packet)]),
      [[-71, 42, advert]],
      "Heard",
    );
    assert.deepEqual(
      of(link.Sent).map(({ req, ok }) => [req, ok]),
      [[3, 1]],
      "Sent",
    );
    const [status] = of(link.Status);
    const { req, rx, tx, malformed, duplicates, macFailures, unknownChannel, linkErrors, txDropped } = status;
    assert.deepEqual(
      { req, rx, tx, malformed, duplicates, macFailures, unknownChannel, linkErrors, txDropped },
      {
        req: 7,
        rx: 6,
        tx: 1,
        malformed: 1,
        duplicates: 1,
        macFailures: 0,
        unknownChannel: 0,
        linkErrors: 1,
        txDropped: 0,
      },
    );
    assert.deepEqual([status.rssi, status.snr, status.txQueue], [-71, 42, 0]);
    assert.ok(status.unixTime >= TIME + 100 && status.unixTime < TIME + 700, "unixTime");
    assert.deepEqual(outcome.sent, [own], "frames on the air");
  };
  return { steps, checks: [{ title: "talks to a host over the room link", run: check }] };
}
