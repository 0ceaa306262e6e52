// The mesh in plain TypeScript: no chip below it, what it transmits is kept, time is the test's.
import { newCounters } from "../../firmware/counters.ts";
import type { Hal, RadioFacts } from "../../firmware/hal.ts";
import { Mesh } from "../../firmware/mesh.ts";
import { defaultPrefs } from "../../firmware/prefs.ts";
import type { Rooms } from "../../firmware/rooms.ts";
import { verifyAdvert } from "../../protocol/advert.ts";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { VirtualClock } from "../../simulator/clock.ts";

/** What nobody here asks for. */
function nothing<T extends object>(parts: Partial<T>): T {
  return new Proxy(parts, {
    get: (target, name) => (name in target ? Reflect.get(target, name) : () => 0),
    set: (target, name, value) => Reflect.set(target, name, value),
  }) as T;
}

export class ForwardBench {
  readonly clock = new VirtualClock();
  readonly mesh: Mesh;
  readonly sent: { hex: string; atMs: number }[] = [];
  /** What random() gives from now on. */
  chance = 0;
  /** False: a transmission does not end, and what comes waits. */
  isAirFree = true;

  constructor(publicKey = "") {
    const { clock } = this;
    const crypto = softCrypto();
    const timers: (() => void)[] = [];
    const hal = nothing<Hal>({
      crypto,
      now: () => clock.nowMs() / 1000,
      nowMs: () => clock.nowMs(),
      after: (fn, delayMs) => timers.push(clock.after(delayMs, fn)),
      cancel: (id) => timers[id - 1](),
      random: () => this.chance,
      transfer: (bytes) => new Uint8Array(bytes.length),
      toBytes: (text) => Buffer.from(text, "latin1"),
    });
    const prefs = { ...defaultPrefs("bench", 22, true), dutyPermille: 1000, repeat: 1 };
    this.mesh = new Mesh(hal, nothing<RadioFacts>({}), prefs, nothing<Rooms>({ more: undefined }), newCounters());
    this.mesh.events = { onHeard: () => undefined, onSent: () => undefined };
    this.mesh.publicKey = hexToBytes(publicKey);
    this.mesh.verifier = {
      check: ({ bytes, at, length, done }) => void hal.after(() => done(verifyAdvert(crypto, bytes, at, length)), 1),
    };
    const { radio } = this.mesh;
    radio.isReceiving = () => this.isAirFree;
    radio.isClear = () => true;
    radio.transmit = (frame, length, airMs) => {
      this.sent.push({ hex: bytesToHex(frame.slice(0, length)), atMs: clock.nowMs() });
      clock.after(airMs, () => this.mesh.onSent(true, airMs));
      return true;
    };
  }

  /** Hears a frame, as the radio hands it up, and returns what was transmitted within `waitMs`. */
  hear(hex: string, snr = 7.25, waitMs = 60_000): string[] {
    const before = this.sent.length;
    this.mesh.followRepeat();
    const frame = hexToBytes(`000000${hex}`);
    this.mesh.radio.signal = (-71 & 0xffff) | (((snr * 4) & 255) << 16);
    this.mesh.onPacket(frame, 3, frame.length - 3);
    this.clock.advance(waitMs);
    return this.sent.slice(before).map((each) => each.hex);
  }
}
