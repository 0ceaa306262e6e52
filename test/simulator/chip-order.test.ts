import assert from "node:assert/strict";
import { Poke, TCXO_BOARD } from "./poke.ts";

/** Set up without the commands that begin so. */
function setUpWithout(poke: Poke, ...skipped: string[]): void {
  const send = poke.send.bind(poke);
  poke.send = (hex) => (skipped.some((start) => hex.startsWith(start)) ? new Uint8Array(9) : send(hex));
  poke.setUp();
  poke.send = send;
}

function transmit(poke: Poke): void {
  poke.packet(3);
  poke.send("0e 00 010203");
  poke.send("83 000000");
}

describe("chip model: power, reset and BUSY", () => {
  it("shows the version text and the reset values of the errata registers", () => {
    const poke = new Poke();
    poke.reset();
    const text = Buffer.from(poke.send(`1d 0320 00 ${"00".repeat(16)}`).subarray(4)).toString("latin1");
    assert.match(text, /^SX1261 /);
    const read = (address: string) => poke.send(`1d ${address} 00 00`)[4];
    assert.deepEqual(["0740", "0741", "08ac", "0736", "08e7"].map(read), [0x14, 0x24, 0x94, 0x0d, 0x18]);
  });

  it("is busy for 3.5 ms after reset, 126 us and the TCXO's time into TX, 0.34 ms after a warm sleep", () => {
    const poke = new Poke();
    poke.reset();
    poke.clock.advance(3.4);
    assert.ok(poke.chip.busy());
    poke.clock.advance(0.2);
    assert.ok(!poke.chip.busy());

    poke.setUp();
    poke.packet(1);
    poke.send("0e 00 5a");
    poke.send("83 000000");
    poke.clock.advance(5.1);
    assert.ok(poke.chip.busy(), "5 ms for the TCXO and 126 us");
    poke.clock.advance(0.1);
    assert.ok(!poke.chip.busy());
    poke.clock.advance(1000);

    poke.send("84 04");
    assert.ok(poke.chip.busy(), "asleep");
    poke.chip.transfer(Uint8Array.of(0xc0, 0));
    poke.clock.advance(0.3);
    assert.ok(poke.chip.busy());
    poke.clock.advance(0.1);
    assert.ok(!poke.chip.busy());
    assert.equal(poke.status().mode, 2);
    assert.deepEqual(poke.chip.violations, []);
  });

  it("ignores and notes a command that comes while BUSY is high", () => {
    const poke = new Poke();
    poke.setUp();
    poke.send("89 7f");
    poke.chip.transfer(Uint8Array.of(0x80, 0x01));
    assert.equal(poke.status().mode, 2);
    assert.deepEqual(poke.chip.violations, ["SetStandby came while BUSY was high and is ignored"]);
  });

  it("notes a reset pulse below 100 us", () => {
    const poke = new Poke();
    poke.chip.resetPin(0);
    poke.clock.advance(0.05);
    poke.chip.resetPin(1);
    assert.deepEqual(poke.chip.violations, ["NRST was low for 50 us, it needs 100"]);
  });

  it("forgets everything in a cold sleep, and in a warm one only the RX gain", () => {
    const poke = new Poke();
    poke.setUp();
    poke.send("84 04");
    poke.chip.transfer(Uint8Array.of(0xc0, 0));
    poke.listen();
    assert.equal(poke.status().mode, 5);
    assert.deepEqual(poke.chip.violations, ["SetRx came after the RX gain was lost"]);

    const retained = new Poke();
    retained.setUp();
    retained.send("0d 029f 01 08 ac");
    retained.send("8404");
    retained.chip.transfer(Uint8Array.of(0xc0, 0));
    retained.listen();
    assert.deepEqual(retained.chip.violations, []);

    const cold = new Poke();
    cold.setUp();
    cold.send("84 00");
    cold.chip.transfer(Uint8Array.of(0xc0, 0));
    cold.listen();
    assert.equal(cold.status().mode, 2);
    assert.ok(cold.chip.violations.includes("SetRx came without SetPacketType"));
  });

  it("has XOSC_START_ERR at power-on of a TCXO board until it is cleared, none on a crystal", () => {
    const poke = new Poke();
    poke.reset();
    assert.deepEqual([...poke.send("17 00 00 00").subarray(2)], [0, 0x20]);
    poke.send("07 0000");
    assert.deepEqual([...poke.send("17 00 00 00").subarray(2)], [0, 0]);
    const crystal = new Poke({ ...TCXO_BOARD, tcxo: -1 });
    crystal.reset();
    assert.deepEqual([...crystal.send("17 00 00 00").subarray(2)], [0, 0]);
  });
});

describe("chip model: what it notes against the datasheet's order", () => {
  it("nothing, when the order is kept in both directions", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    poke.send("8000");
    transmit(poke);
    poke.clock.advance(1000);
    assert.deepEqual(poke.chip.violations, []);
  });

  const SEND_CASES: [string, string[], string][] = [
    ["a missing SetPacketType", ["8a"], "SetTx came without SetPacketType"],
    ["a missing SetModulationParams", ["8b"], "SetTx came without SetModulationParams"],
    ["a missing frequency", ["86"], "SetTx came without SetRfFrequency"],
    ["a missing SetPaConfig", ["95"], "SetTx came without SetPaConfig"],
    ["a missing SetTxParams", ["8e"], "SetTx came without SetTxParams"],
    ["the PA clamp of 15.2", ["0d 08d8"], "SetTx came without the PA clamp fix in register 0x08D8"],
    [
      "the modulation fix of 15.1",
      ["0d 0889"],
      "SetTx came without the modulation fix in register 0x0889 for this bandwidth",
    ],
    ["a missing image calibration", ["98"], "SetTx at 869.617999 MHz, the image is calibrated for 900..932"],
    ["a missing Calibrate after the TCXO", ["89"], "SetTx came without Calibrate since the oscillator was set up"],
    ["XOSC_START_ERR left standing", ["07"], "SetTx came while device errors say XOSC_START_ERR"],
    [
      "the antenna switch",
      ["9d"],
      "SetTx came without SetDIO2AsRfSwitch: the antenna is not connected to the amplifier",
    ],
    ["a TCXO without supply", ["97"], "SetTx came while the oscillator has no supply: SetDIO3AsTCXO comes first"],
  ];
  for (const [what, skipped, sentence] of SEND_CASES) {
    it(`at SetTx: ${what}`, () => {
      const poke = new Poke();
      setUpWithout(poke, ...skipped);
      transmit(poke);
      assert.ok(poke.chip.violations.includes(sentence), JSON.stringify(poke.chip.violations));
    });
  }

  it("the same fix for 500 kHz is the other way round", () => {
    const poke = new Poke();
    poke.setUp();
    poke.send("8b 07 06 01 00");
    transmit(poke);
    assert.deepEqual(poke.chip.violations, [
      "SetTx came without the modulation fix in register 0x0889 for this bandwidth",
    ]);
    poke.clock.advance(1000);
    const fixed = new Poke();
    fixed.setUp();
    fixed.all("8b 07 06 01 00", "0d 0889 01");
    transmit(fixed);
    assert.deepEqual(fixed.chip.violations, []);
  });

  it("the IQ fix of 15.4 that does not follow SetPacketParams", () => {
    const poke = new Poke();
    poke.setUp();
    poke.send("8c 0020 00 ff 01 00");
    poke.listen();
    assert.deepEqual(poke.chip.violations, ["SetRx came without the IQ fix in register 0x0736 after SetPacketParams"]);
  });

  it("a wrong packet length and a payload that was not written", () => {
    const poke = new Poke();
    poke.setUp();
    poke.packet(12);
    poke.send(`0e 00 ${"11".repeat(40)}`);
    poke.send("83 000000");
    assert.deepEqual(poke.chip.violations, ["SetTx sends 12 bytes, 40 were written for it"]);

    const overwritten = new Poke();
    overwritten.setUp();
    overwritten.send("0e 00 010203");
    overwritten.listen();
    overwritten.chip.receive(new Uint8Array(20), -70, 9);
    overwritten.send("8000");
    overwritten.packet(3);
    overwritten.send("83 000000");
    assert.deepEqual(overwritten.chip.violations, ["SetTx sends 3 bytes, 0 were written for it"]);
  });

  it("takes a payload in pieces and a second sending of the same one", () => {
    const poke = new Poke();
    poke.setUp();
    poke.packet(5);
    poke.all("0e 00 0102", "0e 02 030405", "83 000000");
    poke.clock.advance(1000);
    poke.send("83 000000");
    assert.equal(poke.sent.length, 2);
    assert.deepEqual(poke.chip.violations, []);
  });

  it("a reception that would lose long frames", () => {
    const poke = new Poke();
    poke.setUp();
    poke.packet(32);
    poke.listen();
    assert.deepEqual(poke.chip.violations, ["SetRx with packet length 32: longer frames are lost, 255 takes all"]);
    poke.chip.receive(new Uint8Array(33), -70, 9);
    assert.equal(poke.irq() & 0x22, 0x20, "a header error and no frame");
    poke.chip.receive(new Uint8Array(32), -70, 9);
    assert.equal(poke.irq() & 0x02, 0x02);
  });

  it("the over-current limit that SetPaConfig takes back", () => {
    const poke = new Poke();
    poke.setUp();
    poke.send("0d 08e7 18");
    transmit(poke);
    poke.clock.advance(1000);
    assert.deepEqual(poke.chip.violations, []);
    poke.send("95 04 07 00 01");
    transmit(poke);
    assert.deepEqual(poke.chip.violations, ["SetTx came after the over-current limit was lost"]);
  });

  const REFUSED: [string, string, RegExp][] = [
    ["970 MHz", "86 3ca00000", /outside 150\.\.960/],
    ["140 MHz", "86 08c00000", /outside 150\.\.960/],
    ["+23 dBm", "8e 17 04", /outside -9\.\.22/],
    ["-10 dBm", "8e f6 04", /outside -9\.\.22/],
    ["a PA duty that harms the chip", "95 05 07 00 01", /not for an SX1262/],
    ["the PA of an SX1261", "95 04 07 01 01", /not for an SX1262/],
    ["FSK", "8a 00", /not LoRa/],
    ["SF13", "8b 0d 04 01 00", /no such setting/],
    ["a bandwidth that there is not", "8b 07 07 01 00", /no such setting/],
    ["an unknown opcode", "fe 00", /does not exist/],
    ["a command that is too short", "86 3659", /too short/],
  ];
  for (const [what, command, sentence] of REFUSED) {
    it(`refuses ${what}`, () => {
      const poke = new Poke();
      poke.setUp();
      poke.send(command);
      assert.equal(poke.chip.violations.length, 1);
      assert.match(poke.chip.violations[0], sentence);
      assert.ok(poke.status().result >= 4);
    });
  }

  it("takes the limits themselves", () => {
    const poke = new Poke();
    poke.setUp();
    poke.all("86 3c000000", "86 09600000", "8e 16 04", "8e f7 04"); // 960 and 150 MHz, 22 and -9 dBm
    assert.deepEqual(poke.chip.violations, []);
  });

  it("settings while the chip receives", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    poke.send("86 36586666");
    assert.match(poke.chip.violations[0], /^SetRfFrequency is ignored/);
    assert.equal(poke.chip.listening()?.freqHz, 869617999);
  });

  it("RXEN low while a frame comes in, and high at SetTx", () => {
    const poke = new Poke({ ...TCXO_BOARD, rxen: true });
    poke.setUp();
    poke.listen();
    assert.equal(poke.chip.airStart(), false);
    poke.chip.rxen(1);
    assert.equal(poke.chip.airStart(), true);
    poke.send("8000");
    transmit(poke);
    assert.deepEqual(poke.chip.violations, [
      "the chip receives while RXEN is low: the antenna is not connected to it",
      "SetTx came while RXEN is high",
    ]);
  });

  it("the wrong voltage for the TCXO", () => {
    const poke = new Poke({ ...TCXO_BOARD, tcxo: 7 });
    poke.reset();
    poke.send("97 02 000140");
    assert.deepEqual(poke.chip.violations, ["SetDIO3AsTCXO sets voltage code 2, the board needs 7"]);
    poke.send("8001");
  });

  it("each sentence once, and never more than 40", () => {
    const poke = new Poke();
    poke.setUp();
    for (let i = 0; i < 3; i++) poke.send("fe 00");
    assert.equal(poke.chip.violations.length, 1);
    for (let length = 1; length < 60; length++) {
      poke.packet(length);
      poke.listen();
      poke.send("8000");
    }
    assert.equal(poke.chip.violations.length, 40);
  });
});

describe("chip model: faults", () => {
  it("keeps BUSY high", () => {
    const poke = new Poke();
    poke.setUp();
    poke.chip.faults.busyStuck = true;
    poke.clock.advance(1000);
    assert.ok(poke.chip.busy());
    poke.chip.faults.busyStuck = false;
    assert.ok(!poke.chip.busy());
  });

  it("loses the report of an edge, not the level", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    poke.chip.faults.lostEdges = 1;
    poke.chip.receive(new Uint8Array(20), -70, 9);
    assert.deepEqual([poke.edges, poke.chip.dio1()], [0, true]);
    poke.send("02 ffff");
    poke.chip.receive(new Uint8Array(20), -70, 9);
    assert.equal(poke.edges, 1);
  });

  it("never ends a transmission", () => {
    const poke = new Poke();
    poke.setUp();
    poke.chip.faults.endlessTx = 1;
    transmit(poke);
    poke.clock.advance(60_000);
    assert.deepEqual([poke.irq(), poke.status().mode], [0, 6]);
    poke.send("8000");
    transmit(poke);
    poke.clock.advance(1000);
    assert.equal(poke.irq(), 1);
  });

  it("answers with noise and does nothing", () => {
    const poke = new Poke();
    poke.setUp();
    poke.chip.faults.garbage = 1;
    assert.notEqual(Buffer.from(poke.send("82 ffffff")).toString("hex"), "22222222");
    assert.equal(poke.status().mode, 2);
  });

  it("resets behind the driver's back", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    poke.chip.powerOn();
    assert.equal(poke.status().mode, 2);
    assert.equal(poke.listened.at(-1), null);
    poke.listen();
    assert.equal(poke.status().mode, 2, "it has no settings to listen with");
  });
});
