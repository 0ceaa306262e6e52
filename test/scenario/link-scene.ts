// A board with a room, and a host by script at its line.
import assert from "node:assert/strict";
import { Ack, GetStatus, Result, Send, Status } from "../../protocol/link.ts";
import { Host } from "./host.ts";
import { RoomWorld } from "./room-world.ts";
import { groupText, TEST_KEY } from "./world.ts";

export const OTHER_KEY = "8b3387e9c5cdea6ac9e5edbaa115cd72";
/** Payload type of group messages. */
export const GRP_TXT = 5;

export class LinkScene extends RoomWorld {
  readonly host = new Host(this.board.serial, this.world.clock);
  /** Timestamp of the last message from the air. */
  time = 1700000000;

  /** A host with the right time follows the room from now on, and acknowledges as one with a fast disk. */
  follow(): this {
    this.host.hello(1700000000);
    this.host.resume(0, 0);
    this.host.forget();
    this.host.acknowledges = true;
    return this;
  }

  /** A message from the air that the radio takes at once: -71 dBm, 10.5 dB, two hops. */
  hear(text: string, key = TEST_KEY): void {
    this.board.chip.receive(Buffer.from(groupText(key, ++this.time, "Ann", text, "a1b2"), "hex"), -71, 10.5);
    this.world.clock.advance(20);
  }

  hearMany(count: number, key = TEST_KEY): void {
    for (let i = 0; i < count; i++) this.hear(`text ${i}`, key);
  }

  ack(room: number, seq: number): void {
    this.host.send(Ack, { room, seq });
    this.world.clock.advance(50);
  }

  request(req: number, payload: Uint8Array, payloadType = GRP_TXT, priority = 1): void {
    this.host.send(Send, { req, priority, payloadType, payload });
    this.world.clock.advance(100);
  }

  /** Results so far as [req, code]. */
  get codes(): number[][] {
    return this.host.got(Result).map(({ req, code }) => [req, code]);
  }

  status() {
    this.host.send(GetStatus, { req: 99 });
    this.world.clock.advance(200);
    return this.host.got(Status).at(-1) ?? assert.fail("no Status");
  }

  override stop(): void {
    assert.equal(this.host.broken, 0, "the board sends whole frames");
    assert.deepEqual(this.board.uncaught, []);
    assert.equal(this.board.engine.overruns, 0);
    super.stop();
  }
}

/** The payload of Bob's message as a host sends it. */
export function payload(text: string): Buffer {
  return Buffer.from(groupText(TEST_KEY, 1700000001, "Bob", text), "hex").subarray(2);
}
