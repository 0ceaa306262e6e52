import assert from "node:assert/strict";
import { axp2101Writes } from "../../boards/axp2101.ts";
import { heltecT114 } from "../../boards/heltec-t114.ts";
import { heltecV3 } from "../../boards/heltec-v3.ts";
import { heltecV4 } from "../../boards/heltec-v4.ts";
import { lilygoT3s3 } from "../../boards/lilygo-t3s3.ts";
import { lilygoTbeamSupreme } from "../../boards/lilygo-tbeam-supreme.ts";
import { rak4631 } from "../../boards/rak4631.ts";
import { startUp } from "../../boards/start-up.ts";
import { xiaoNrf52Wio } from "../../boards/xiao-nrf52-wio.ts";

describe("what a board does at power-up", () => {
  it("the radio's rail comes before all others", () => {
    assert.deepEqual(startUp(rak4631).rails, [
      ["D37", 1],
      ["D34", 1],
    ]);
  });

  it("the amplifier's supply is on before anybody asks the amplifier", () => {
    const { rails, frontEnd } = startUp(heltecV4);
    assert.deepEqual(rails, [
      ["D7", 1],
      ["D36", 0],
    ]);
    assert.deepEqual(frontEnd, { enable: "D2", waitMs: 2, txPins: ["D46", "D5"] });
  });

  it("a rail that is on when low is driven low", () => {
    assert.deepEqual(startUp(heltecV3).rails, [["D36", 0]]);
  });

  it("the battery's divider is connected for good", () => {
    assert.deepEqual(startUp(heltecT114).rails, [["D6", 1]]);
    assert.deepEqual(startUp(xiaoNrf52Wio).rails, [["D14", 1]]);
  });

  it("a board without rails has nothing to do", () => {
    assert.deepEqual(startUp(lilygoT3s3), { rails: [], pmu: null, frontEnd: null });
  });

  it("the T-Beam Supreme's power chip feeds the radio with 3.3 V, and everything else not at all", () => {
    // AXP2101 datasheet V1.4, register map: 0x94 is ALDO3's voltage, 0.5 V and 100 mV a step; bit 2 of 0x90 switches it on;
    // bit 4 of 0x50 says that TS is no thermistor.
    assert.deepEqual(startUp(lilygoTbeamSupreme).pmu, {
      sda: "D42",
      scl: "D41",
      address: 0x34,
      writes: [
        [0x50, 0x10],
        [0x94, 28],
        [0x90, 0b100],
      ],
    });
  });

  it("every rail has its voltage before any is switched on", () => {
    const writes = axp2101Writes([
      { rail: "ALDO1", feeds: "sensors", millivolts: 500 },
      { rail: "ALDO4", feeds: "sensors", millivolts: 3500 },
    ]);
    assert.deepEqual(writes.slice(1), [
      [0x92, 0],
      [0x95, 30],
      [0x90, 0b1001],
    ]);
  });
});
