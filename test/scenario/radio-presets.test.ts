// biome-ignore-all lint/complexity/useSimpleNumberKeys: opcodes and addresses are hex in the datasheet
import assert from "node:assert/strict";
import { bytesToHex } from "../../protocol/bytes.ts";
import { PRESETS } from "../../protocol/presets.ts";
import { RoomWorld } from "./room-world.ts";

/**
 * What the chip is to be told at each preset, worked out from the datasheet alone: SetRfFrequency (13.4.1: freq * 2^25 / 32 MHz),
 * SetModulationParams (13.4.5: SF, bandwidth code of table 13-48, CR, low data rate from 16 ms a symbol on), symbols of preamble
 * (MeshCore: 32 up to SF8, else 16).
 */
const REGISTERS: [preset: string, frequency: string, modulation: string, preamble: number][] = [
  ["Australia", "86 393ccccc", "8b 0a 05 01 00", 16],
  ["Australia (Narrow)", "86 39493333", "8b 07 03 04 00", 32],
  ["Australia (Mid)", "86 39313333", "8b 09 04 01 00", 16],
  ["Australia: SA, WA", "86 39b20000", "8b 08 03 04 00", 32],
  ["Australia: QLD", "86 39b20000", "8b 08 03 01 00", 32],
  ["Brazil", "86 39b20000", "8b 08 03 04 00", 32],
  ["Costa Rica", "86 38e86666", "8b 0b 04 01 01", 16],
  ["EU/UK (Narrow)", "86 3659e353", "8b 08 03 04 00", 32],
  ["EU/UK (Deprecated)", "86 36586666", "8b 0b 05 01 00", 16],
  ["Czech Republic (Narrow)", "86 3656e978", "8b 07 03 01 00", 32],
  ["EU 433MHz (Long Range)", "86 1b1a6666", "8b 0b 05 01 00", 16],
  ["EU 433MHz (Narrow)", "86 1b1a6666", "8b 08 03 04 00", 32],
  ["Hungary", "86 3659e353", "8b 07 03 01 00", 32],
  ["Netherlands", "86 3659e353", "8b 07 03 01 00", 32],
  ["New Zealand (Narrow)", "86 39560000", "8b 07 03 01 00", 32],
  ["New Zealand (Gisborne)", "86 39560000", "8b 0b 05 01 00", 16],
  ["Portugal 433", "86 1b160000", "8b 09 03 02 00", 16],
  ["Portugal 868", "86 3659e353", "8b 07 03 02 00", 32],
  ["Slovakia", "86 3659e353", "8b 07 03 01 00", 32],
  ["Switzerland", "86 3659e353", "8b 08 03 04 00", 32],
  ["USA/Canada (Recommended)", "86 38e86666", "8b 07 03 01 00", 32],
  ["Vietnam (Narrow)", "86 39840000", "8b 08 03 01 00", 32],
  ["Vietnam (Deprecated)", "86 39840000", "8b 0b 05 01 00", 16],
];

for (const model of ["rak4631", "heltec-v3"]) {
  describe(`what the chip is told at every preset (${model})`, () => {
    let scene: RoomWorld;
    before(() => {
      scene = new RoomWorld(model);
    });
    after(() => scene.stop());

    for (const [name, frequency, modulation, preamble] of REGISTERS)
      it(name, () => {
        const preset = PRESETS.find((each) => each.name === name);
        assert.ok(preset, "a preset of that name");
        const { freqHz, bwHz, sf, cr } = preset;
        assert.match(scene.run(`set radio ${freqHz / 1e6},${bwHz / 1e3},${sf},${cr}`), /-> OK$/);
        scene.world.wait(1000);
        const { chip, violations, uncaught } = scene.board;
        const given = (opcode: number): string => bytesToHex(chip.given[opcode] ?? new Uint8Array());
        assert.equal(given(0x86), frequency.replaceAll(" ", ""), "SetRfFrequency");
        assert.equal(given(0x8b), modulation.replaceAll(" ", ""), "SetModulationParams");
        // Explicit header, longest packet, CRC, IQ as it is.
        assert.equal(given(0x8c), `8c00${preamble.toString(16)}00ff0100`, "SetPacketParams");
        assert.deepEqual([chip.register(0x0740), chip.register(0x0741)], [0x14, 0x24], "MeshCore's sync word");
        assert.equal(chip.register(0x0736) & 4, 4, "15.4: standard IQ");
        assert.deepEqual([...violations, ...uncaught], []);
      });

    it("and there is no other preset", () => {
      assert.deepEqual(
        PRESETS.map(({ name }) => name),
        REGISTERS.map(([name]) => name),
      );
    });
  });
}
