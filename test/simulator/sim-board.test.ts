import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import type { Board } from "../../boards/board.ts";
import type { VirtualClock } from "../../simulator/clock.ts";
import type { Ether } from "../../simulator/ether.ts";
import { createSimBoard, type SimBoard, type SimBoardOptions } from "../../simulator/sim-board.ts";
import { miniDriver } from "./mini-driver.ts";
import { frame, Listener, virtualEther } from "./stations.ts";

class Bed {
  readonly clock: VirtualClock;
  readonly ether: Ether;
  readonly board: SimBoard;
  text = "";

  constructor(board: Board, source = miniDriver(board), options: Partial<SimBoardOptions> = {}) {
    const { clock, ether } = virtualEther();
    this.clock = clock;
    this.ether = ether;
    const air = { speed: 1, join: ether.join.bind(ether) };
    this.board = createSimBoard({ id: "bed", model: board.id, source, air, clock, ...options });
    this.openPort();
    clock.advance(500);
  }

  openPort(): void {
    this.board.serial.onData((bytes) => {
      this.text += Buffer.from(bytes).toString("latin1");
    });
  }

  write(text: string): void {
    this.board.serial.write(Buffer.from(text, "latin1"));
  }
}

const [any] = BOARDS;

describe("simulated board", () => {
  for (const board of BOARDS) {
    it(`${board.id}: sends and receives over the wires of its file of facts`, () => {
      const bed = new Bed(board);
      const station = new Listener(bed.ether);
      assert.equal(bed.text, "ready\n", bed.board.consoleText);
      station.seat.transmit(frame(0x42, 30));
      bed.clock.advance(1000);
      assert.match(bed.text, new RegExp(`rx ${"42".repeat(30)} -(6[89]|7[0-2])\n`));
      bed.write(`${"77".repeat(40)}\n`);
      bed.clock.advance(1000);
      assert.deepEqual(station.hex, ["77".repeat(40)]);
      assert.match(bed.text, /sent\n$/);
      station.seat.transmit(frame(0x43, 30));
      bed.clock.advance(1000);
      assert.match(bed.text, new RegExp(`rx ${"43".repeat(30)} `), "it listens again");
      assert.deepEqual(bed.board.violations, []);
      assert.deepEqual(bed.board.uncaught, []);
    });
  }

  it("does not work with a wrong pin of the SPI bus, select or BUSY", () => {
    for (const pin of ["sck", "miso", "mosi", "nss"] as const) {
      const bed = new Bed(any, miniDriver(any, { [pin]: "D33" }));
      const station = new Listener(bed.ether);
      station.seat.transmit(frame(0x42, 30));
      bed.clock.advance(3000);
      assert.ok(!bed.text.includes("rx "), pin);
      assert.equal(bed.board.chip.listening(), null, pin);
    }
    const busy = new Bed(any, miniDriver(any, { busy: "D33" }));
    assert.ok(busy.board.violations.some((sentence) => /while BUSY was high/.test(sentence)));
  });

  it("hears an edge only on the pin that DIO1 is wired to", () => {
    const bed = new Bed(any, miniDriver(any, { dio1: "D33" }));
    new Listener(bed.ether).seat.transmit(frame(0x42, 30));
    bed.clock.advance(1000);
    assert.equal(bed.board.chip.dio1(), true);
    assert.equal(bed.text, "ready\n");
  });

  it("has a dead radio until its power pin is high", () => {
    const powered = BOARDS.find((board) => board.radio.power);
    assert.ok(powered);
    const bed = new Bed(powered, miniDriver(powered, { power: undefined }));
    assert.equal(bed.board.chip.listening(), null);
    assert.deepEqual(bed.board.violations, [], "a chip without power notes nothing");
  });

  it("notes an SPI clock or mode that the chip does not take", () => {
    const bed = new Bed(any, miniDriver(any, { spiHz: 20_000_000 }));
    assert.deepEqual(bed.board.violations, ["SPI at 20000000 Hz, the chip takes 16000000"]);
    const mode = new Bed(any, miniDriver(any).replace("mode: 0", "mode: 1"));
    assert.deepEqual(mode.board.violations, ["SPI mode 1 msb, the chip takes 0 msb"]);
  });

  it("notes a driver that takes a TCXO for a crystal", () => {
    const bed = new Bed(any, miniDriver(any, { tcxoVolts: 0 }));
    assert.ok(bed.board.violations.some((sentence) => /the oscillator has no supply/.test(sentence)));
  });

  it("on an ESP32-S3 cannot watch D6 to D12 nor any pin above D39", () => {
    const esp = BOARDS.find((board) => board.mcu === "ESP32-S3");
    assert.ok(esp);
    for (const [pin, can] of [
      ["D5", true],
      ["D6", false],
      ["D12", false],
      ["D13", true],
      ["D39", true],
      ["D40", false],
    ] as const) {
      const bed = new Bed(esp, `setWatch(() => 1, "${pin}")`);
      assert.equal(bed.board.uncaught.length, can ? 0 : 1, pin);
    }
  });

  it("tells the program of a button", () => {
    const bed = new Bed(any, "var n = 0; setWatch(() => n++, D0, {repeat: true, edge: 'falling'});");
    bed.board.setPin("D0", 1);
    bed.board.setPin("D0", 0);
    bed.clock.advance(10);
    assert.equal(bed.board.globals.n, 1);
    assert.equal(bed.board.pin("D0"), 0);
  });

  it("loses its line when it is unplugged, goes on, and gets a new line when plugged in", () => {
    const bed = new Bed(any);
    const station = new Listener(bed.ether);
    const reasons: string[] = [];
    const old = bed.board.serial;
    old.onClose((reason) => reasons.push(reason));
    bed.board.unplug();
    assert.deepEqual(reasons, ["the board was unplugged"]);
    assert.equal(bed.board.plugged, false);
    assert.throws(() => bed.board.serial, /unplugged/);
    old.write(Buffer.from(`${"77".repeat(40)}\n`));
    station.seat.transmit(frame(0x42, 30));
    bed.clock.advance(1000);
    assert.deepEqual([bed.text, station.hex], ["ready\n", []]);

    bed.board.plug();
    bed.openPort();
    station.seat.transmit(frame(0x43, 30));
    bed.clock.advance(1000);
    assert.match(bed.text, /^ready\nrx 4343/);
    assert.deepEqual((bed.board.globals.heard as string[]).length, 2);
  });

  it("gives its open port to everybody who asks, and a new one after close()", () => {
    const { board } = new Bed(any);
    const port = board.serial;
    assert.equal(board.serial, port);
    port.onClose(() => assert.fail("closed by ourselves"));
    port.close();
    assert.notEqual(board.serial, port);
  });

  it("forgets everything but its files in a power cycle", () => {
    const bed = new Bed(any);
    const station = new Listener(bed.ether);
    bed.board.engine.evaluate(`require("Storage").write("kept", "yes")`);
    bed.board.powerOff();
    station.seat.transmit(frame(0x42, 30));
    bed.clock.advance(1000);
    assert.throws(() => bed.board.globals, /is off/);
    bed.board.powerOn();
    bed.clock.advance(500);
    assert.equal(bed.text, "ready\nready\n");
    assert.equal((bed.board.globals.heard as string[]).length, 0);
    assert.equal(bed.board.engine.evaluate(`require("Storage").read("kept")`), "yes");
    station.seat.transmit(frame(0x43, 30));
    bed.clock.advance(1000);
    assert.match(bed.text, /rx 4343/);
    assert.deepEqual(bed.board.violations, []);
  });

  it("leaves the radio as it is when only the processor reboots", () => {
    const bed = new Bed(any);
    bed.board.engine.evaluate("setTimeout(() => E.reboot(), 1)");
    bed.clock.advance(20);
    assert.ok(bed.board.chip.listening());
  });

  it("runs the very text that it was given", () => {
    const source = "var me = require('Storage').read('.bootcde'); // \xff";
    const bed = new Bed(any, source);
    assert.equal(bed.board.globals.me, source);
  });

  it("takes part in nothing more after stop()", () => {
    const bed = new Bed(any);
    bed.board.stop();
    const station = new Listener(bed.ether);
    station.seat.transmit(frame(1));
    bed.clock.advance(10_000);
    assert.equal(bed.text, "ready\n");
    assert.equal(bed.clock.runUntilIdle(), 0, "no timer is left");
  });

  it("names the boards that there are when asked for another", () => {
    const { ether } = virtualEther();
    const air = { speed: 1, join: ether.join.bind(ether) };
    assert.throws(
      () => createSimBoard({ id: "x", model: "heltec-v9", source: "", air }),
      /heltec-v9.*known are .*rak4631/,
    );
  });

  it("two boards talk to each other, whatever their model", () => {
    const { clock, ether } = virtualEther();
    const air = { speed: 1, join: ether.join.bind(ether) };
    const boards = BOARDS.map((board, seed) =>
      createSimBoard({ id: board.id, model: board.id, source: miniDriver(board), air, clock, seed }),
    );
    clock.advance(500);
    boards[0].serial.write(Buffer.from("0102030405\n"));
    clock.advance(1000);
    for (const other of boards.slice(1)) assert.equal(String(other.globals.heard), "0102030405");
    for (const board of boards) assert.deepEqual(board.violations, []);
  });
});
