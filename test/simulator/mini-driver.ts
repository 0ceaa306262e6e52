// A tiny program for simulated boards: sets the radio up as boards/ says, prints what it hears in hex, sends what it is told.
// Written by hand from the datasheet, in nobody's language subset but the engine's; not the firmware.
import { type Board, TCXO_VOLTS } from "../../boards/board.ts";
import { startUp } from "../../boards/start-up.ts";

/** The program's text. `wrong` replaces facts, to see what a board does with a driver that has them wrong. */
export function miniDriver(board: Board, wrong: Partial<Board["radio"]> = {}): string {
  const radio = { ...board.radio, ...wrong };
  const { pmu, frontEnd } = startUp(board);
  const tcxo = TCXO_VOLTS.indexOf(radio.tcxoVolts);
  return `
var R = ${JSON.stringify(radio)}, DEV = ${board.engine.console}, P = ${JSON.stringify(pmu)}, F = ${JSON.stringify(frontEnd)}, tx = null;
var nss = new Pin(R.nss), busy = new Pin(R.busy), dio1 = new Pin(R.dio1), heard = [];
function unhex(s) { var a = new Uint8Array(s.length / 2); for (var i = 0; i < a.length; i++) a[i] = parseInt(s.substr(2 * i, 2), 16); return a; }
function hex(a) { var s = ""; for (var i = 0; i < a.length; i++) s += (a[i] + 256).toString(16).substr(1); return s; }
function cmd(s) {
  var end = getTime() + 1;
  while (digitalRead(busy)) if (getTime() > end) throw new Error("BUSY does not fall");
  return SPI1.send(unhex(s), nss);
}
function wait(s) { var end = getTime() + s; while (getTime() < end); }
function path(rx) { if (R.rxen) digitalWrite(new Pin(R.rxen), rx); if (tx) digitalWrite(tx, 1 - rx); }
function packet(n) { cmd("8c002000" + hex([n]) + "0100"); cmd("0d07360d"); }
function listen() { cmd("8000"); packet(255); path(1); cmd("82ffffff"); }
function send(s) {
  cmd("8000"); packet(s.length / 2); cmd("0e00" + s); path(0); cmd("83000000");
}
function onIrq() {
  var irq = cmd("12000000"), bits = irq[2] << 8 | irq[3];
  if (bits & 2) {
    var at = cmd("13000000"), status = cmd("1400000000");
    var data = hex(cmd("1e" + hex([at[3]]) + "00" + "00".repeat(at[2]))).substr(6);
    heard.push(data);
    DEV.write((bits & 64 ? "crc " : "rx ") + data + " " + -status[2] / 2 + "\\n");
  }
  cmd("02ffff");
  if (bits & 1) { DEV.write("sent\\n"); listen(); }
}
if (R.power) { digitalWrite(new Pin(R.power), 1); wait(0.01); }
if (P) { I2C1.setup({ sda: new Pin(P.sda), scl: new Pin(P.scl) }); P.writes.forEach(function (w) { I2C1.writeTo(P.address, w[0], w[1]); }); }
if (F) {
  digitalWrite(new Pin(R.frontEnd.power), 1); wait(0.001); pinMode(new Pin(F.enable), "input"); wait(0.001);
  tx = new Pin(F.txPins[digitalRead(new Pin(F.enable))]); digitalWrite(new Pin(F.enable), 1);
}
path(1);
SPI1.setup({ sck: new Pin(R.sck), miso: new Pin(R.miso), mosi: new Pin(R.mosi), baud: R.spiHz, mode: 0 });
digitalWrite(new Pin(R.reset), 0); wait(0.001); digitalWrite(new Pin(R.reset), 1);
cmd("8000"); ${tcxo < 0 ? "" : `cmd("970${tcxo}000140");`} cmd("070000"); cmd("897f"); cmd("9601"); cmd("8a01"); cmd("98d7db"); cmd("863659e353");
cmd("8f0000"); cmd("8b08030400"); if (R.dio2Switch) cmd("9d01"); cmd("9504070001"); cmd("0d08e738"); cmd("8e1604"); cmd("0d08d8de");
cmd("0d088905"); cmd("0d08ac96"); cmd("08ffff020300000000");
setWatch(onIrq, dio1, { edge: "rising", repeat: true, debounce: 0 });
E.setConsole(null, { force: true });
var line = "";
DEV.on("data", function (d) {
  line += d;
  var parts = line.split("\\n");
  line = parts.pop();
  parts.forEach(function (p) { if (p) send(p); });
});
listen();
DEV.write("ready\\n");
`;
}
