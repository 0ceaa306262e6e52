import assert from "node:assert/strict";
import {
  MESSAGE_OWN,
  RESULT_BAD_REQUEST,
  RESULT_DUPLICATE,
  RESULT_FULL,
  RESULT_OK,
  Result,
  RoomMessage,
  Sent,
  SetRadio,
} from "../../protocol/link.ts";
import type { Host } from "./host.ts";
import { GRP_TXT, LinkScene, payload } from "./link-scene.ts";
import { groupText, RADIO, TEST_KEY } from "./world.ts";

describe("link: a host sends", () => {
  let scene: LinkScene;
  let host: Host;
  beforeEach(() => {
    scene = new LinkScene().follow();
    host = scene.host;
  });
  afterEach(() => scene.stop());

  it("Send: Result at once, the message in its room as our own, the frame on the air, then Sent", () => {
    scene.request(7, payload("over the link"));
    assert.deepEqual(scene.codes, [[7, RESULT_OK]]);
    const [own] = host.got(RoomMessage);
    assert.deepEqual([own.flags, own.pathLen, own.rssi], [MESSAGE_OWN, 0, 0]);
    assert.deepEqual(host.got(Sent), []);
    scene.world.wait();
    assert.deepEqual(
      scene.station.heard.map((each) => Buffer.from(each.frame).toString("hex")),
      [groupText(TEST_KEY, 1700000001, "Bob", "over the link")],
    );
    const [sent] = host.got(Sent);
    assert.deepEqual([sent.req, sent.ok], [7, 1]);
    assert.equal(sent.airtimeMs, Math.round(scene.station.heard[0].airtimeMs));
    assert.deepEqual(host.order, ["Result", "RoomMessage", "Sent"]);
  });

  it("the same payload again is a duplicate and is not sent again", () => {
    scene.request(1, payload("once"));
    scene.request(2, payload("once"));
    scene.world.wait();
    scene.request(3, payload("once"));
    assert.deepEqual(scene.codes, [
      [1, RESULT_OK],
      [2, RESULT_DUPLICATE],
      [3, RESULT_DUPLICATE],
    ]);
    scene.world.wait();
    assert.equal(scene.station.heard.length, 1);
    assert.deepEqual(host.numbers, [1]);
  });

  it("a payload that the air has brought already is a duplicate, too", () => {
    scene.station.send(groupText(TEST_KEY, 1700000001, "Bob", "heard before", "a1"));
    scene.world.wait();
    scene.request(1, payload("heard before"));
    assert.deepEqual(scene.codes, [[1, RESULT_DUPLICATE]]);
  });

  it("payloads of 1 and 184 bytes are sent, none and 185 bytes and a type above 15 are bad requests", () => {
    scene.request(1, Buffer.alloc(184, 1), 15);
    scene.request(2, Buffer.of(1), 0);
    scene.request(3, Buffer.alloc(185, 2), 15);
    scene.request(4, Buffer.alloc(0));
    scene.request(5, Buffer.alloc(20, 3), 16);
    assert.deepEqual(scene.codes, [
      [1, RESULT_OK],
      [2, RESULT_OK],
      [3, RESULT_BAD_REQUEST],
      [4, RESULT_BAD_REQUEST],
      [5, RESULT_BAD_REQUEST],
    ]);
    scene.world.wait(10_000);
    assert.deepEqual(
      scene.station.heard.map((each) => each.frame.length),
      [186, 3],
    );
    assert.deepEqual(host.got(RoomMessage), [], "neither belongs to a room");
  });

  it("a lower priority number goes first, twelve wait, the next is told that the queue is full", () => {
    // The channel is taken, so that all have to wait.
    scene.board.chip.airStart();
    scene.board.chip.airHeader(true);
    for (let i = 0; i < 14; i++) scene.request(i + 1, payload(`number ${i}`), GRP_TXT, i === 11 ? 0 : 1);
    assert.deepEqual(
      scene.codes.filter(([, code]) => code !== RESULT_OK),
      [
        [13, RESULT_FULL],
        [14, RESULT_FULL],
      ],
    );
    assert.equal(host.got(Result)[5].detail, 6, "detail is how many wait");
    scene.world.wait(60_000);
    assert.deepEqual(
      host.got(Sent).map(({ req }) => req),
      [12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );
    assert.equal(scene.status().txQueue, 0);
  });

  it("a transmission that fails for good is reported", () => {
    scene.board.faults.endlessTx = 3;
    scene.request(9, payload("in vain"));
    scene.world.wait(30_000);
    assert.deepEqual(
      host.got(Sent).map(({ req, ok }) => [req, ok]),
      [[9, 0]],
    );
    const { txDropped, recoveries } = scene.status();
    assert.deepEqual([txDropped, recoveries], [1, 3]);
  });

  it("a payload that can never go within the budget is a bad request", () => {
    host.send(SetRadio, { req: 1, ...RADIO, sf: 12, dutyPermille: 1 });
    scene.world.wait(1000);
    scene.request(2, payload("a rather long text for 3.6 s in an hour"));
    assert.deepEqual(scene.codes, [
      [1, RESULT_OK],
      [2, RESULT_BAD_REQUEST],
    ]);
  });
});
