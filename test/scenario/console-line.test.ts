import assert from "node:assert/strict";
import { ConsoleBench } from "./console-bench.ts";

const VER = / {2}-> \d+\.\d+\.\d+ \(Build: [^\n]*\r\n/;

describe("console: the line", () => {
  let bench: ConsoleBench;
  beforeEach(() => {
    bench = new ConsoleBench();
  });
  afterEach(() => bench.end());

  it("echoes what is typed, a key at a time, and answers below", () => {
    assert.equal(bench.raw(..."get tx\r"), "get tx\r\n  -> > 22\r\n");
  });

  it("backspace and delete take back a key, and nothing at the beginning", () => {
    assert.equal(bench.raw(..."\b\x7fget ty\b", "x\r"), "get ty\b \bx\r\n  -> > 22\r\n");
    assert.equal(bench.raw("gex\x7ft tx\r"), "gex\b \bt tx\r\n  -> > 22\r\n");
  });

  it("backspace takes back the whole of a letter of two or more bytes", () => {
    const typed = Buffer.from("set name Аня\u{1f680}\b\b\r", "utf8").toString("latin1");
    assert.match(bench.raw(typed), /-> OK/);
    assert.equal(bench.run("get name"), "  -> > Ан");
  });

  it("several commands in one burst are done one after the other", () => {
    const answers = bench.raw("get tx\rget cad\nget role\r\nget bridge.type\r\n").split("\r\n");
    assert.deepEqual(
      answers.filter((line) => line.startsWith("  ->")),
      ["  -> > 22", "  -> > off", "  -> > room_server", "  -> > none"],
    );
  });

  it("spaces around a command and empty lines do not matter", () => {
    assert.equal(bench.run("   get tx   "), "  -> > 22");
    assert.equal(bench.raw("\r\r\n\r"), "\r\n\r\n\r\n");
  });

  it("a line has 240 characters; of a longer one nothing is done, and the next is taken", () => {
    const fits = `get ${"x".repeat(236)}`;
    assert.equal(bench.run(fits), `  -> ??: ${"x".repeat(236)}`);
    const error = "  -> Error: line longer than 240 characters, nothing was done";
    assert.equal(bench.run(`${fits}x`), error);
    assert.equal(bench.run("x".repeat(1100)), error);
    assert.match(bench.raw("ver\r"), VER);
  });

  it("control characters in a line neither move the cursor nor hurt", () => {
    assert.match(bench.raw("\x1b[2Jver\r"), /Unknown command/);
    assert.match(bench.raw("\0ver\r"), /Unknown command/);
    assert.match(bench.raw("ver\r"), VER);
  });

  it("a tag of two characters and | comes back in front of each line of the answer", () => {
    assert.equal(bench.run("01|get tx"), "  -> 01|> 22");
    assert.equal(bench.run("zz|nonsense"), "  -> zz|Unknown command");
    assert.equal(
      bench.run("A1|rooms"),
      "  -> A1|test: 0/200 messages, 0 bytes".replace("0 bytes", bench.run("rooms").split(", ")[1]),
    );
    assert.equal(bench.run("get tx"), "  -> > 22");
    assert.equal(bench.run("a|get tx"), "  -> Unknown command");
  });

  it("without the parts in its storage the board says so, and gives the port to the engine's prompt", () => {
    const { board } = bench;
    const globals = board.globals as { require(name: string): { erase(file: string): void } };
    globals.require("Storage").erase("mc.lib");
    assert.equal(bench.run("ver"), "  -> Error: mc.lib is missing, or of another build; Try: flash.sh");
    assert.match(bench.run("repl"), /the engine's prompt has the port now/);
  });
});
