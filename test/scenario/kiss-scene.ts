// A board with a room and a KISS host at its line.
import assert from "node:assert/strict";
import { KissHost, REQUEST, type RequestName } from "./kiss-host.ts";
import { RoomWorld } from "./room-world.ts";

export class KissScene extends RoomWorld {
  readonly host = new KissHost(this.board.serial);
  /** The radio is made to fail. */
  isFaulty = false;

  /** What the modem answers to a request: SetHardware bodies as hex. */
  ask(name: RequestName | number, hex = ""): string[] {
    const before = this.host.hardware.length;
    this.host.request(typeof name === "number" ? name : REQUEST[name], hex);
    this.world.clock.advance(100);
    return this.host.hardware.slice(before);
  }

  /** The one answer that there must be. */
  answer(name: RequestName | number, hex = ""): string {
    const answers = this.ask(name, hex);
    assert.equal(answers.length, 1, `${name} has one answer, not ${answers.length}`);
    return answers[0];
  }

  /** A frame from the air that the radio takes at once. */
  hear(hex: string, rssi = -71, snr = 10.5): void {
    assert.ok(this.board.chip.receive(Buffer.from(hex, "hex"), rssi, snr), "it listens");
    this.world.clock.advance(20);
  }

  override stop(): void {
    assert.equal(this.host.broken, 0, "the modem sends whole frames");
    assert.deepEqual(this.board.uncaught, []);
    if (!this.isFaulty) assert.deepEqual(this.board.violations, []);
    assert.equal(this.board.engine.overruns, 0);
    super.stop();
  }
}
