import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "../../protocol/bytes.ts";
import { Poke } from "./poke.ts";

const FRAME = hexToBytes("15001188bb00112233445566778899aabbccddeeff");

describe("chip model: receiving", () => {
  it("hands out a frame as the datasheet says: IRQ bits, DIO1, pointer, buffer, RSSI and SNR", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    assert.deepEqual(poke.status(), { mode: 5, result: 1 });

    assert.ok(poke.chip.airStart());
    assert.equal(poke.irq(), 0x0004);
    assert.equal(poke.chip.dio1(), false, "DIO1 carries RxDone, TxDone and Timeout only");
    poke.chip.airHeader(true);
    poke.chip.airEnd(FRAME, -71, 10.5, true);

    assert.equal(poke.irq(), 0x0016);
    assert.equal(poke.chip.dio1(), true);
    assert.equal(poke.edges, 1);
    assert.deepEqual([...poke.send("13 00 00 00").subarray(2)], [FRAME.length, 0]);
    assert.equal(bytesToHex(poke.send(`1e 00 00 ${"00".repeat(FRAME.length)}`).subarray(3)), bytesToHex(FRAME));
    // RSSI = -byte/2 dBm, SNR = byte/4 dB (hardware facts C.9).
    assert.deepEqual([...poke.send("14 00 00 00 00").subarray(2)], [142, 42, 142]);
    poke.send("02 ffff");
    assert.equal(poke.irq(), 0);
    assert.equal(poke.chip.dio1(), false);
    assert.deepEqual(poke.chip.violations, []);
  });

  it("shows a negative SNR as two's complement and a CRC error beside RxDone", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    poke.chip.airStart();
    poke.chip.airHeader(true);
    poke.chip.airEnd(FRAME, -120.5, -7.25, false);
    assert.equal(poke.irq() & 0x42, 0x42);
    assert.deepEqual([...poke.send("14 00 00 00 00").subarray(2)], [241, 0xe3, 241]);
    assert.deepEqual([...poke.send("10 00 000000000000").subarray(2)], [0, 1, 0, 1, 0, 0]);
    poke.send("00 000000000000");
    assert.deepEqual([...poke.send("10 00 000000000000").subarray(2)], [0, 0, 0, 0, 0, 0]);
  });

  it("puts frames one behind the other in continuous reception, round the end of the buffer", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    const long = new Uint8Array(200).fill(0x11);
    const next = Uint8Array.from({ length: 100 }, (_, i) => i);
    poke.chip.receive(long, -70, 9);
    assert.deepEqual([...poke.send("13 00 00 00").subarray(2)], [200, 0]);
    poke.chip.receive(next, -70, 9);
    assert.deepEqual([...poke.send("13 00 00 00").subarray(2)], [100, 200]);
    assert.deepEqual([...poke.send(`1e c8 00 ${"00".repeat(100)}`).subarray(3)], [...next]);
    poke.chip.receive(FRAME, -70, 9);
    assert.deepEqual([...poke.send("13 00 00 00").subarray(2)], [FRAME.length, 44]);
    poke.all("8000", "8f 00 80");
    poke.listen();
    poke.chip.receive(FRAME, -70, 9);
    assert.deepEqual([...poke.send("13 00 00 00").subarray(2)], [FRAME.length, 128]);
  });

  it("starts at the base address each time in single reception, and falls back to standby", () => {
    const poke = new Poke();
    poke.setUp();
    for (let i = 0; i < 2; i++) {
      poke.listen("000000");
      poke.chip.receive(FRAME, -70, 9);
      assert.deepEqual(poke.status(), { mode: 2, result: 2 });
      assert.deepEqual([...poke.send("13 00 00 00").subarray(2)], [FRAME.length, 0]);
    }
  });

  it("times out in steps of 15.625 us, and not once a header has come", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen("001900"); // 6400 steps = 100 ms
    poke.clock.advance(99.9);
    assert.equal(poke.irq() & 0x200, 0);
    poke.clock.advance(0.2);
    assert.equal(poke.irq(), 0x200);
    assert.equal(poke.edges, 1);
    assert.deepEqual(poke.status().mode, 2);

    poke.send("02 ffff");
    poke.listen("001900");
    poke.clock.advance(60);
    poke.chip.airStart();
    poke.chip.airHeader(true);
    poke.clock.advance(500);
    poke.chip.airEnd(FRAME, -70, 9, true);
    assert.equal(poke.irq(), 0x0016);
  });

  it("reports an unreadable header and no frame, and forgets a frame when it leaves reception", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    poke.chip.airStart();
    poke.chip.airHeader(false);
    poke.chip.airEnd(FRAME, -70, 9, true);
    assert.equal(poke.irq(), 0x0024);

    poke.send("02 ffff");
    poke.chip.airStart();
    poke.chip.airHeader(true);
    poke.send("8000");
    poke.listen();
    poke.chip.airEnd(FRAME, -70, 9, true);
    assert.equal(poke.irq() & 0x02, 0);
  });

  it("hears nothing while it does not receive", () => {
    const poke = new Poke();
    poke.setUp();
    assert.equal(poke.chip.listening(), null);
    assert.equal(poke.chip.receive(FRAME, -70, 9), false);
    poke.listen();
    assert.ok(poke.chip.listening());
    poke.send("8001");
    assert.equal(poke.chip.receive(FRAME, -70, 9), false);
    assert.deepEqual(
      poke.listened.map((radio) => radio !== null),
      [true, false],
    );
  });

  it("sets only the IRQ bits of the mask", () => {
    const poke = new Poke();
    poke.setUp();
    poke.send("08 0002 0002 0000 0000");
    poke.listen();
    poke.chip.receive(FRAME, -70, 9);
    assert.equal(poke.irq(), 0x0002);
  });

  it("gives random bytes from 0x0819 only while it receives", () => {
    const poke = new Poke();
    poke.setUp();
    const read = () => [...poke.send("1d 0819 00 00000000").subarray(4)];
    assert.deepEqual(read(), [0, 0, 0, 0]);
    poke.listen();
    assert.notDeepEqual(read(), read());
  });

  it("measures the channel's level, noise when nobody sends", () => {
    const poke = new Poke();
    poke.setUp();
    poke.listen();
    poke.levelDbm = -83;
    assert.equal(poke.send("15 00 00")[2], 166);
    poke.levelDbm = -200;
    const noise = -poke.send("15 00 00")[2] / 2;
    // -174 + 10 log 62500 + 6 = -120 dBm
    assert.ok(noise > -122 && noise < -116, `${noise} dBm`);
  });

  it("detects activity on the channel by CAD and listens on if told so", () => {
    const poke = new Poke();
    poke.setUp();
    poke.send("08 0180 0180 0000 0000");
    poke.send("88 02 18 0a 00 000000");
    poke.send("c5");
    poke.clock.advance(25);
    assert.equal(poke.irq(), 0x80, "4 symbols of 4.096 ms and some");
    poke.levelDbm = -90;
    poke.all("02 ffff", "88 02 18 0a 01 ffffff", "c5");
    poke.clock.advance(25);
    assert.equal(poke.irq(), 0x180);
    assert.equal(poke.status().mode, 5);
  });
});

describe("chip model: sending", () => {
  it("is on the air for the time of the datasheet's formula, then reports TxDone and falls back", () => {
    const poke = new Poke();
    poke.setUp();
    // SF, BW, CR bytes, LDRO, preamble, length, ms: the table of hardware facts C.9.
    const rows: [string, string, number, number][] = [
      ["08 03 04 00", "0020", 16, 345.09],
      ["08 03 04 00", "0020", 255, 2311.17],
      ["08 03 01 00", "0020", 100, 713.73],
      ["07 03 01 00", "0020", 50, 244.22],
      ["09 04 01 00", "0010", 184, 975.87],
      ["0b 05 01 00", "0010", 150, 1378.3],
      ["0b 04 01 01", "0010", 255, 5132.29],
      ["09 03 02 00", "0010", 16, 428.03],
      ["07 06 01 00", "0020", 255, 106.05],
    ];
    for (const [modulation, preamble, length, ms] of rows) {
      poke.send(`8b ${modulation}`);
      poke.send(`0d 0889 ${modulation.startsWith("07 06") ? "01" : "05"}`);
      poke.send(`8c ${preamble} 00 ${length.toString(16).padStart(2, "0")} 01 00`);
      poke.send("0d 0736 0d");
      poke.send(`0e 00 ${"5a".repeat(length)}`);
      poke.send("83 000000");
      assert.deepEqual(poke.status().mode, 6);
      const { airMs, frame } = poke.sent[poke.sent.length - 1];
      assert.equal(airMs.toFixed(2), ms.toFixed(2), modulation);
      assert.equal(frame.length, length);
      poke.clock.advance(airMs - 10);
      assert.equal(poke.irq(), 0);
      poke.clock.advance(10);
      assert.equal(poke.irq(), 1);
      assert.deepEqual(poke.status(), { mode: 2, result: 6 });
      poke.send("02 ffff");
    }
    assert.deepEqual(poke.chip.violations, []);
  });

  it("decodes frequency, modulation, sync word and power", () => {
    const poke = new Poke();
    poke.setUp();
    // Worked values of hardware facts C.3; the register's step is 0.95 Hz.
    const frequencies: [string, number, string][] = [
      ["3659e353", 869_618_000, "d7db"],
      ["38e86666", 910_525_000, "e1e9"],
      ["393ccccc", 915_800_000, "e1e9"],
      ["36586666", 869_525_000, "d7db"],
      ["39560000", 917_375_000, "e1e9"],
      ["1b1a6666", 433_650_000, "6b6f"],
    ];
    for (const [frf, hz, image] of frequencies) {
      poke.all("8000", `98 ${image}`, `86 ${frf}`);
      poke.listen();
      const radio = poke.chip.listening();
      assert.ok(radio && Math.abs(radio.freqHz - hz) <= 1, `${radio?.freqHz} Hz for ${frf}`);
    }
    const radio = poke.chip.listening();
    assert.ok(radio);
    assert.deepEqual(
      { ...radio, freqHz: 0 },
      {
        freqHz: 0,
        bwHz: 62500,
        sf: 8,
        cr: 8,
        powerDbm: 22,
        preamble: 32,
        sync: 0x12,
        inverted: false,
        lowRate: false,
      },
    );
    poke.all("8000", "0d 0740 3444");
    poke.listen();
    assert.equal(poke.chip.listening()?.sync, 0x34);
    assert.deepEqual(poke.chip.violations, []);
  });

  it("loses power with the settings of the PA as the datasheet's table has it, within 3 dB", () => {
    // Datasheet table 13-21 and the optimised triples of hardware facts C.4 that use the full power byte.
    const rows = [
      ["04 07 00 01", 22],
      ["03 05 00 01", 20],
      ["02 03 00 01", 17],
      ["02 02 00 01", 14],
      ["03 06 00 01", 20],
      ["01 06 00 01", 17],
    ] as const;
    for (const [pa, dbm] of rows) {
      const poke = new Poke();
      poke.setUp();
      poke.send(`95 ${pa}`);
      poke.listen();
      const power = poke.chip.listening()?.powerDbm ?? 0;
      assert.ok(Math.abs(power - dbm) <= 3, `${pa}: ${power} dBm, expected ${dbm}`);
    }
  });

  it("stops on a timeout shorter than the frame and cuts the frame off when it is put into standby", () => {
    const poke = new Poke();
    poke.setUp();
    poke.packet(50);
    poke.send(`0e 00 ${"5a".repeat(50)}`);
    poke.send("83 001900");
    poke.clock.advance(101);
    assert.equal(poke.irq(), 0x200);
    assert.equal(poke.aborts, 1);
    poke.send("02 ffff");
    poke.send("83 000000");
    poke.clock.advance(100);
    poke.send("8000");
    poke.clock.advance(2000);
    assert.equal(poke.irq(), 0);
    assert.equal(poke.aborts, 2);
  });

  it("falls back to the mode of SetRxTxFallbackMode", () => {
    const poke = new Poke();
    poke.setUp();
    for (const [code, mode] of [
      ["20", 2],
      ["30", 3],
      ["40", 4],
    ] as const) {
      poke.send("8000");
      poke.send(`93 ${code}`);
      poke.packet(1);
      poke.send("0e 00 5a");
      poke.send("83 000000");
      poke.clock.advance(1000);
      assert.equal(poke.status().mode, mode);
    }
  });
});
