import assert from "node:assert/strict";
import { BOARDS } from "../../../boards/all.ts";
import type { Board } from "../../../boards/board.ts";
import {
  BOOT_FILES,
  type Found,
  makePlan,
  needsEngine,
  type PlanInput,
  planText,
} from "../../../host-bridge/flash/plan.ts";

const REAL = BOARDS.filter(({ mcu }) => mcu !== "simulated");
const BUNDLE = { bytes: 40_000, libraryBytes: 10_000, sha256: "ab".repeat(32) };

function input(board: Board, more: Partial<PlanInput> = {}): PlanInput {
  return { board, port: null, found: null, engineFile: null, bundle: BUNDLE, rooms: null, ...more };
}

const textOf = (whole: PlanInput): string => planText(makePlan(whole), whole);

describe("flash: the plan", () => {
  it("there are nine boards to flash", () => assert.equal(REAL.length, 9));

  for (const board of REAL) {
    it(`${board.id}: names every step, what each overwrites, where the engine comes from, and each hazard`, () => {
      const plan = makePlan(input(board));
      assert.deepEqual(
        plan.steps.map(({ kind }) => kind),
        ["engine", "prompt", "clear", "library", "bundle", "start", "verify"],
      );
      const text = textOf(input(board));
      for (const hazard of board.hazards) assert.ok(text.includes(hazard), hazard);
      assert.ok(
        text.includes(
          board.engine.official ? "https://www.espruino.com/Download" : `boards/espruino/${board.engine.build}.py`,
        ),
      );
      const [engine, , clear, library, bundle] = plan.steps;
      assert.match(engine.overwrites.join(), /whatever firmware is on the board/);
      for (const file of [...BOOT_FILES, "mc.lib"]) assert.ok(clear.overwrites.join().includes(file), file);
      assert.match(library.title, /mc\.lib, 10000 bytes/);
      assert.ok(bundle.title.includes(`${board.engine.bootFile}, 40000 bytes`), bundle.title);
      assert.ok(bundle.notes.join().includes(BUNDLE.sha256));
    });

    it(`${board.id}: leaves the engine alone where it answers as the right build`, () => {
      const prompt: Found = { kind: "prompt", build: board.engine.build, version: "2v29" };
      assert.equal(needsEngine(board, prompt), false);
      assert.equal(makePlan(input(board, { found: prompt })).steps[0].kind, "prompt");
      for (const found of [
        { kind: "prompt", build: "PUCKJS", version: "2v29" },
        { kind: "other", text: "Unknown command" },
        { kind: "silent" },
      ] satisfies Found[]) {
        assert.equal(needsEngine(board, found), true);
        assert.equal(makePlan(input(board, { found })).steps[0].kind, "engine");
      }
    });
  }

  it("the XIAO nRF52840 boots from .bootrst, for .bootcde is skipped when its DIO1 is high", () => {
    const board = REAL.find(({ id }) => id === "xiao-nrf52-wio") as Board;
    assert.match(textOf(input(board)), /write \.bootrst/);
  });

  it("shows the very commands, and the addresses that they fill", () => {
    const v4 = REAL.find(({ id }) => id === "heltec-v4") as Board;
    const parts = [
      { name: "bootloader.bin", offset: 0, data: Buffer.alloc(100) },
      { name: "espruino.bin", offset: 0x10000, data: Buffer.alloc(200) },
    ];
    const esp = textOf(input(v4, { port: "/dev/ttyACM3", engineFile: { kind: "esp", path: "e.tgz", parts } }));
    assert.match(
      esp,
      /esptool --chip esp32s3 --port \/dev\/ttyACM3 .* write_flash .* 0x0 bootloader\.bin 0x10000 espruino\.bin/,
    );
    assert.match(esp, /overwrites flash from 0x10000: espruino\.bin, 200 bytes/);
    const rak = REAL.find(({ id }) => id === "rak4631") as Board;
    const uf2 = textOf(input(rak, { engineFile: { kind: "uf2", path: "e.uf2", from: 0x26000, to: 0x9f000 } }));
    assert.match(uf2, /copy e\.uf2 to the drive.*flash from 0x26000 up to 0x9f000/s);
    assert.match(
      textOf(input(rak, { engineFile: { kind: "dfu", path: "e.zip" } })),
      /adafruit-nrfutil dfu serial --package e\.zip/,
    );
  });

  it("names rooms and radio, and no key", () => {
    const key = new Uint8Array(16).fill(0xa7);
    const rooms = {
      file: "room.yaml",
      rooms: [{ name: "Club", isPrivate: true, max: 200, key, keyCheck: 0xa7a7a7a7 }],
      radio: { freqHz: 869618000, bwHz: 62500, sf: 8, cr: 8, powerDbm: 14, dutyPermille: 100 },
    };
    const text = textOf(input(REAL[0], { rooms }));
    assert.match(text, /room "Club", private, at most 200 messages/);
    assert.match(text, /869\.618 MHz, 62\.5 kHz, SF8, CR 4\/8, 14 dBm, at most 10 %/);
    assert.doesNotMatch(text, /a7a7|2812782503/);
  });
});
