// A built bundle in the stand-in under fire: batches that may not hang, throw or leave anything behind.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext, Script } from "node:vm";
import { MAX_ROOMS } from "../../firmware/rooms.ts";
import type { CurvePort, CurveWork } from "../../protocol/curve.ts";
import { RemoveRoom, RoomState, SetRadio } from "../../protocol/link.ts";
import type { BytePort } from "../../simulator/byte-port.ts";
import { createSimBoard, type SimBoard } from "../../simulator/sim-board.ts";
import { SEED } from "../protocol/random.ts";
import { type Holding, holding } from "../scenario/holding.ts";
import { Host } from "../scenario/host.ts";
import { bundle, groupText, library, RADIO, World } from "../scenario/world.ts";

/** Mutated inputs of all tests together. */
const FRAMES = Number(process.env.FUZZ_FRAMES) || 1_000_000;
const BATCH = 1000;
/** Real time for one batch, which takes some 0.05 s. */
const HANG_MS = 30_000;
/** The firmware's timers: housekeeping, radio set-up, next transmission, streaming, resending, reboot. */
const MOST_TIMERS = 6;
/** V8's own code and type notes grow by half of this; a string or an object kept of each frame would take three times as much. */
const HEAP_NOISE = 1_200_000;
/** Key of a room that no vector knows. */
const LAST_KEY = "00112233445566778899aabbccddeeff";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const batch = new Script("fuzzBatch()");

export { SEED };

/** What is made of `parts` in no time. */
function at(bytes: number, ...parts: Uint8Array[]): CurveWork<Uint8Array> {
  const value = Uint8Array.from(createHash("sha512").update(Buffer.concat(parts)).digest().subarray(0, bytes));
  return { step: () => true, value };
}

/** Answers that look like a curve's, for work on a real one would take nearly all the time; every fourth forged advert is believed. */
const quickCurve: CurvePort = {
  publicKey: (privateKey) => at(32, privateKey),
  sign: (privateKey, _publicKey, message) => at(64, privateKey, message),
  verify: (publicKey, _message, signature) => ({ step: () => true, value: ((publicKey[0] ^ signature[0]) & 3) === 0 }),
  shared: (privateKey, peerKey) => at(32, privateKey, peerKey),
};

export class FuzzBench {
  readonly world = new World();
  readonly board: SimBoard;
  readonly host: Host;
  readonly port: BytePort;
  private sequence = 0;

  constructor(model = "sim") {
    const { clock, ether } = this.world;
    const air = { speed: 1, join: ether.join.bind(ether) };
    const source = bundle(model);
    this.board = createSimBoard({ id: model, model, source, library: library(model), air, clock, seed: 7 });
    this.port = this.board.serial;
    this.host = new Host(this.port, clock);
    clock.advance(1000);
    const { adverts } = this.board.globals.meshcore as { adverts: { send(): boolean; curve: CurvePort } };
    // An advert of its own would be on the air in between.
    adverts.send = () => false;
    adverts.curve = quickCurve;
    // A batch is one event, in which a thousand frames take their time.
    this.board.engine.stopWatchdog();
    // The next frame does not wait for a page to be erased.
    this.board.flash.takesTime = false;
    // As many rooms as there can be: from now on their list has its full length.
    for (let i = 0; i < MAX_ROOMS; i++) assert.equal(this.run(`room add room${i} ${LAST_KEY}`), "  -> OK");
    this.reset();
  }

  stop(): void {
    this.board.stop();
  }

  /**
   * Calls `one` for `share` of all frames, and `between` after each batch. Between the halves and at the end `calm` brings
   * the program into the same state, in which it has to hold the same.
   */
  fire(share: number, one: (frame: number) => void, between: () => void, calm: () => void): void {
    const frames = Math.ceil((FRAMES * share) / (2 * BATCH)) * BATCH;
    this.half(0, frames, one, between);
    calm();
    const middle = this.holding();
    const heap = this.heap();
    this.half(frames, 2 * frames, one, between);
    calm();
    assert.deepEqual(this.holding(), middle, "what the program holds has grown");
    const grown = this.heap() - heap;
    assert.ok(grown < HEAP_NOISE, `${frames} frames left ${grown} bytes on the heap`);
    const { timers } = this.board.engine as unknown as { timers: Map<number, unknown> };
    assert.ok(timers.size <= MOST_TIMERS, `${timers.size} timers are pending`);
  }

  /** What the console answers to a line, without the echo and the link frames. */
  run(line: string): string {
    this.host.text = "";
    this.port.write(Buffer.from(`${line}\r`));
    this.world.clock.advance(500);
    const { text } = this.host;
    return Buffer.from(text.slice(text.indexOf("\r\n") + 2), "latin1")
      .toString()
      .trimEnd();
  }

  /** Puts radio, name and rooms back to what they were at the start. */
  reset(): void {
    this.world.clock.advance(1500);
    this.run("");
    this.host.forget();
    // A KISS host that was made of chance goes.
    this.port.write(Uint8Array.of(0xc0, 0xff, 0xc0));
    this.host.hello();
    for (const { name } of this.host.got(RoomState)) this.host.send(RemoveRoom, { req: 1, name });
    this.host.room("last", LAST_KEY, 200);
    this.host.send(SetRadio, { req: 1, ...RADIO, dutyPermille: 1000 });
    assert.equal(this.run("set name sim"), "  -> OK");
    this.world.clock.advance(1000);
    const queued = (): number => JSON.parse(this.run("stats-core").slice(5)).queue_len;
    for (let minutes = 0; queued() > 0; minutes++) {
      assert.ok(minutes < 100, "what waits for the air gets there");
      this.world.clock.advance(60_000);
    }
    // What it heard last it remembers.
    this.assertAlive();
  }

  /** It answers, takes a message from the air and shows it. */
  assertAlive(): void {
    assert.match(this.run("ver"), / {2}-> \d+\.\d+\.\d+ \(Build: meshcore-room sim, /);
    const text = `still here ${++this.sequence}`;
    assert.ok(this.board.chip.receive(Buffer.from(groupText(LAST_KEY, 1, "Ann", text), "hex"), -70, 5), "it listens");
    this.world.clock.advance(100);
    assert.match(this.run("history last 1"), new RegExp(`Ann: ${text} \\(-70 dBm`));
    assert.deepEqual(this.board.violations, []);
    assert.equal(this.board.engine.overruns, 0);
  }

  /** No room holds more than it may. */
  assertRoomsFit(): void {
    // A line that chance has begun is ended first.
    const shown = this.run("\rrooms");
    const rooms = [...shown.matchAll(/-> (.*): (\d+)\/(\d+) messages, (\d+) bytes/g)];
    assert.ok(rooms.length > 0, shown);
    for (const [line, , count, max, bytes] of rooms) assert.ok(+count <= +max && +bytes <= 60_000, line);
  }

  private half(from: number, to: number, one: (frame: number) => void, between: () => void): void {
    for (let start = from; start < to; start += BATCH) {
      const globals = globalThis as { fuzzBatch?: () => void };
      globals.fuzzBatch = () => {
        for (let frame = start; frame < start + BATCH; frame++) one(frame);
        between();
      };
      // The clock of the simulator stands still in a loop without end; this one does not.
      batch.runInThisContext({ timeout: HANG_MS });
      delete globals.fuzzBatch;
      assert.deepEqual(this.board.uncaught, [], `frames ${start} to ${start + BATCH}`);
    }
  }

  private heap(): number {
    collectGarbage();
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }

  private holding(): Holding {
    return holding(this.board.globals.meshcore);
  }
}
