// The built bundle as a repeater, above the chip model: what it hears and what is on the air afterwards.
import assert from "node:assert/strict";
import { defaultPrefs, type Prefs } from "../../firmware/prefs.ts";
import { verifyAdvert } from "../../protocol/advert.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import type { SimBoard } from "../../simulator/sim-board.ts";
import { FORWARD_CASES, REPEATER, snrOf } from "../firmware/forward-vectors.ts";
import { type Station, World } from "./world.ts";

const crypto = softCrypto();

/** Longest wait for everything that comes of one packet: five times half its time on air, twice, and 900 ms between acknowledgements. */
const ALL_MS = 20_000;
/** The vectors are not about how long one may speak. */
const WHOLE_HOUR = 1000;

class Repeater {
  readonly world = new World();
  readonly board: SimBoard;
  readonly station: Station;
  private readonly run: (line: string) => string;

  constructor(model: string) {
    const { board, run } = this.world.board(model);
    this.board = board;
    this.run = run;
    this.station = this.world.station();
    this.set("dutyPermille", WHOLE_HOUR);
    const key = [...Buffer.from(REPEATER.public_key, "hex")];
    this.evaluate(`meshcore.mesh.publicKey=new Uint8Array([${key}])`);
    this.mesh.verifier = {
      check: (bytes, at, length, done) => {
        const valid = verifyAdvert(crypto, Uint8Array.from(bytes), at, length);
        this.world.clock.after(10, () => done(valid));
      },
    };
    this.command("set repeat on");
  }

  private get mesh() {
    return (this.board.globals.meshcore as { mesh: unknown }).mesh as {
      verifier: {
        check(bytes: Uint8Array, at: number, length: number, done: (valid: boolean) => void): void;
      };
    };
  }

  private evaluate(code: string): unknown {
    return this.board.engine.evaluate(code);
  }

  /** By its place: the bundle has names of its own. */
  private set(field: keyof Prefs, value: number): void {
    const at = Object.keys(defaultPrefs("", 0, false)).indexOf(field);
    this.evaluate(`(function(p){p[Object.keys(p)[${at}]]=${value};})(meshcore.mesh.prefs)`);
  }

  command(line: string): string {
    const answer = this.run(line).replace(/^ {2}-> /, "");
    return answer === "Unknown command" ? this.translated(line) : answer;
  }

  /** For as long as the console does not know the command. */
  private translated(line: string): string {
    const [, name, value, rest] = line.split(" ");
    const fields: { [name: string]: keyof Prefs } = {
      "flood.max": "floodMax",
      "flood.max.unscoped": "unscopedMax",
      "loop.detect": "loopDetect",
      "multi.acks": "multiAcks",
    };
    const level = ["off", "minimal", "moderate", "strict"].indexOf(value);
    if (name === "repeat") this.set("repeat", value === "on" ? 1 : 0);
    else if (name in fields) this.set(fields[name], level < 0 ? Number(value) : level);
    else if (name === "put") this.evaluate(`meshcore.mesh.regionMap().restore("* 0 0 0\\n${value} 0 0")`);
    else if (rest !== undefined) assert.fail(line);
    else if (name.endsWith("f")) {
      const row = value === "*" ? 0 : 1;
      this.evaluate(`meshcore.mesh.regionMap().flags[${row}]=${name === "denyf" ? 1 : 0}`);
    }
    if (name === "repeat") return `OK - repeat is now ${value.toUpperCase()}`;
    return name === "put" ? "OK - (flood allowed)" : "OK";
  }

  /** What is on the air after this frame was heard. */
  hear(hex: string, snr: number): string[] {
    const before = this.station.heard.length;
    assert.ok(this.board.chip.receive(Buffer.from(hex, "hex"), -71, snr), "the receiver is on");
    this.world.wait(ALL_MS);
    return this.station.heard.slice(before).map(({ frame }) => Buffer.from(frame).toString("hex"));
  }
}

for (const model of ["sim", "rak4631", "heltec-v3"]) {
  describe(`the built bundle of ${model} forwards as the real repeater does (repeater_forward.json)`, () => {
    let repeater: Repeater;
    before(() => {
      repeater = new Repeater(model);
    });
    after(() => {
      repeater.world.stop();
      assert.deepEqual(repeater.board.violations, []);
      assert.deepEqual(repeater.board.uncaught, []);
    });

    for (const each of FORWARD_CASES) {
      it(`${each.id}: ${each.desc}`, () => {
        for (const { cli, reply } of each.config_before ?? []) assert.equal(repeater.command(cli), reply, cli);
        assert.deepEqual(repeater.hear(each.rx, snrOf(each)), each.tx);
      });
    }
  });
}
