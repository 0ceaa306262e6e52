import assert from "node:assert/strict";
import { Bench } from "./engine.ts";

/** What Espruino 2v29.277 for Linux answered on a terminal, to the same bytes in the same order. */
const ANSWERS: [typed: string, answer: string][] = [
  ["\n", "\r\n>"],
  ["1+2\r\n", "1+2\r\n=3\r\n>"],
  ["\x10print(5)\n", "5\r\n>"],
  ["\x10print()\n", "\r\n>"],
  ["\x10 3\n", ""],
  ["\x10var q=3\n", ""],
  ["\x10setTimeout(()=>print('t'),50)\n", "\r\x1b[Jt\r\n>"],
  ["undefined\n", "undefined\r\n=undefined\r\n>"],
  ["{\n", "{\r\n:"],
  ["}\n", "}\r\n=undefined\r\n>"],
  ["'abc'\n", "'abc'\r\n=\"abc\"\r\n>"],
];

/** A bench without boot code, and what its console says to some bytes. */
function atPrompt(code = ""): { bench: Bench; say: (text: string, ms?: number) => string } {
  const bench = new Bench(code);
  const say = (text: string, ms = 350): string => {
    bench.serial.USB = "";
    bench.send("USB", text);
    bench.clock.advance(ms);
    return bench.serial.USB;
  };
  return { bench, say };
}

describe("Espruino stand-in: the prompt", () => {
  it("answers byte for byte as the engine does", () => {
    const { say } = atPrompt();
    for (const [typed, answer] of ANSWERS) assert.equal(say(typed), answer, JSON.stringify(typed));
    assert.equal(say("\x05"), "Espruino 2v29 BENCH\r\n");
  });

  it("tells of an error also where the line was silent", () => {
    const { say } = atPrompt();
    assert.match(say("foo()\n"), /^foo\(\)\r\nUncaught ReferenceError: .*foo.* is not defined.*\r\n>$/s);
    assert.match(say("\x10foo()\n"), /^Uncaught ReferenceError: .*\r\n>$/s);
  });

  it("forgets the line that is typed at Ctrl-C", () => {
    const { say } = atPrompt();
    assert.equal(say("1+"), "1+");
    assert.equal(say("\x03"), "\r\x1b[J>");
    assert.equal(say("2\r"), "2\r\n=2\r\n>");
  });

  it("takes a DLE and an SOH for the beginning of a packet, and what follows for its data", () => {
    const { say } = atPrompt();
    // Type and length 0x0101, of which 3 bytes come; a second later it says NAK and listens again.
    assert.equal(say("\x10\x01\x01\x01abc1+1\n"), "");
    assert.equal(say("", 1000), "\x15");
    assert.equal(say("1+1\n"), "1+1\r\n=2\r\n>");
  });

  it("comes back with what was typed when the program prints in between", () => {
    const { say } = atPrompt();
    say("\x10setTimeout(()=>print('t'),50)\n", 10);
    assert.equal(say("1+"), "1+\r\x1b[Jt\r\n>1+");
    assert.equal(say("1\n"), "1\r\n=2\r\n>");
  });

  it("starts anew with load(), and without .bootcde but with .bootrst after reset()", () => {
    const { bench, say } = atPrompt("var from = 'cde'; setInterval(() => print('tick'), 1000)");
    assert.equal(say("from\n"), 'from\r\n="cde"\r\n>');
    assert.match(say("reset()\n"), /simulated/);
    assert.match(say("typeof from\n"), /="undefined"/);
    assert.doesNotMatch(say("", 3000), /tick/);
    say("load()\n");
    assert.match(say("from\n"), /="cde"/);
    bench.files.set(".bootrst", "var from = 'rst'");
    say("reset()\n");
    assert.match(say("from\n"), /="rst"/);
  });

  it("is there after boot code that is cut off in the middle", () => {
    const { bench, say } = atPrompt();
    bench.files.set(".bootcde", "(function(){var a=1;E.setConsole(null);function b(){\xff\xff\xff\xff");
    bench.engine.powerOn();
    bench.clock.advance(500);
    assert.equal(say("1+1\n"), "1+1\r\n=2\r\n>");
    assert.match(bench.engine.consoleText, /SyntaxError/);
  });
});
