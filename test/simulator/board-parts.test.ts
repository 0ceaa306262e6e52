import assert from "node:assert/strict";
import type { FrontEnd, Pmu } from "../../boards/board.ts";
import { heltecV4 } from "../../boards/heltec-v4.ts";
import { lilygoTbeamSupreme } from "../../boards/lilygo-tbeam-supreme.ts";
import { Amplifier, PowerChip } from "../../simulator/board-parts.ts";

const BUS = { sda: "D42", scl: "D41" };

describe("simulated power chip", () => {
  const chip = () => new PowerChip(lilygoTbeamSupreme.pmu as Pmu);

  it("feeds the radio when its rail has a voltage and is on", () => {
    const pmu = chip();
    assert.equal(pmu.feedsRadio, false);
    pmu.write(BUS, 0x34, [0x94, 28]);
    assert.equal(pmu.feedsRadio, false);
    pmu.write(BUS, 0x34, [0x90, 4]);
    assert.equal(pmu.feedsRadio, true);
    pmu.write(BUS, 0x34, [0x90, 3]);
    assert.equal(pmu.feedsRadio, false);
  });

  it("does not feed the radio with the voltage that a rail had by chance", () => {
    const pmu = chip();
    pmu.write(BUS, 0x34, [0x90, 4]);
    assert.equal(pmu.feedsRadio, false);
    pmu.write(BUS, 0x34, [0x94, 0]);
    pmu.write(BUS, 0x34, [0x90, 4]);
    assert.equal(pmu.feedsRadio, false);
  });

  it("writes registers in a row", () => {
    const pmu = chip();
    pmu.write(BUS, 0x34, [0x92, 1, 2, 28]);
    assert.deepEqual(pmu.written, [
      [0x92, 1],
      [0x93, 2],
      [0x94, 28],
    ]);
  });

  it("answers to its address on its pins only, and forgets without power", () => {
    const pmu = chip();
    for (const [bus, address] of [
      [BUS, 0x35],
      [{ sda: "D41", scl: "D42" }, 0x34],
      [undefined, 0x34],
    ] as const)
      assert.throws(() => pmu.write(bus, address, [0x90, 4]), /doesn't ACK/);
    pmu.write(BUS, 0x34, [0x94, 28]);
    pmu.write(BUS, 0x34, [0x90, 4]);
    pmu.powerOff();
    assert.equal(pmu.feedsRadio, false);
  });
});

describe("simulated amplifier", () => {
  for (const [kind, level, txPin] of [
    ["low", 0, "D46"],
    ["high", 1, "D5"],
  ] as const)
    it(`${kind}: tells its kind while it has supply, and switches with its own pin`, () => {
      const pins: Record<string, number> = {};
      const part = new Amplifier(heltecV4.radio.frontEnd as FrontEnd, kind, (pin) => pins[pin] ?? 0);
      const write = (pin: string, value: number) => {
        pins[pin] = value;
        part.written(pin);
      };
      assert.equal(part.read("D2"), 0, "without supply");
      assert.equal(part.read("D7"), undefined, "no pin of its own");
      write("D7", 1);
      assert.equal(part.read("D2"), level);
      assert.deepEqual([part.receives, part.transmits], [false, false], "not enabled");
      write("D2", 1);
      assert.equal(part.read("D2"), undefined, "driven by the program");
      assert.deepEqual([part.receives, part.transmits], [true, false]);
      write(txPin, 1);
      assert.deepEqual([part.receives, part.transmits], [false, true]);
      write("D7", 0);
      assert.deepEqual([part.receives, part.transmits], [false, false]);
    });
});
