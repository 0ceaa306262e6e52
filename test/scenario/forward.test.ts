// The built bundle as a repeater, above the chip model: what it hears and what is on the air afterwards.
import assert from "node:assert/strict";
import type { Mesh } from "../../firmware/mesh.ts";
import { verifyAdvert } from "../../protocol/advert.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import type { SimBoard } from "../../simulator/sim-board.ts";
import { FORWARD_CASES, REPEATER, snrOf } from "../firmware/forward-vectors.ts";
import { type Station, World } from "./world.ts";

const crypto = softCrypto();

/** Longest wait for everything that comes of one packet: five times half its time on air, twice, and 900 ms between acknowledgements. */
const ALL_MS = 20_000;
class Repeater {
  readonly world = new World();
  readonly board: SimBoard;
  readonly station: Station;
  private readonly run: (line: string) => string;

  constructor(model: string, hasHost: boolean) {
    const { board, run } = this.world.board(model);
    this.board = board;
    this.run = run;
    this.station = this.world.station();
    assert.equal(this.command("set dutycycle 100"), "OK - 100.0%", "the vectors are not about how long one may speak");
    this.command("set repeat on");
    if (!hasHost) {
      const identity = Buffer.from(REPEATER.private_key + REPEATER.public_key, "hex").toString("latin1");
      board.engine.evaluate(`meshcore.adverts.importIdentity(${JSON.stringify(identity)})`);
      return;
    }
    // In place of the host that has the key, and checks signatures, for a board which cannot.
    const { mesh } = board.globals.meshcore as { mesh: Pick<Mesh, "verifier" | "publicKey"> };
    mesh.publicKey = hexToBytes(REPEATER.public_key);
    mesh.verifier = {
      check: ({ bytes, at, length, done }) => {
        const valid = verifyAdvert(crypto, Uint8Array.from(bytes), at, length);
        this.world.clock.after(10, () => done(valid));
      },
    };
  }

  command(line: string): string {
    return this.run(line).replace(/^ {2}-> /, "");
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
      repeater = new Repeater(model, model === "heltec-v3");
    });
    after(() => {
      repeater.world.stop();
      assert.deepEqual(repeater.board.violations, []);
      assert.deepEqual(repeater.board.uncaught, []);
    });

    it("has a region tree to edit", () => {
      assert.equal(repeater.command("region"), "*^ F");
      assert.equal(repeater.command("region load"), "");
      for (const line of ["* F", " europe F", "  uk"]) assert.equal(repeater.command(line), "");
      assert.equal(repeater.command(""), "OK - loaded 2 regions");
      assert.equal(repeater.command("region").split("\r\n").join("\n"), "*^ F\n europe F\n  uk");
      assert.equal(repeater.command("region get uk"), " uk (europe)");
      assert.equal(repeater.command("region remove uk"), "OK");
      assert.equal(repeater.command("region remove europe"), "OK");
    });

    for (const each of FORWARD_CASES) {
      it(`${each.id}: ${each.desc}`, () => {
        for (const { cli, reply } of each.config_before ?? []) assert.equal(repeater.command(cli), reply, cli);
        assert.deepEqual(repeater.hear(each.rx, snrOf(each)), each.tx);
      });
    }
  });
}
