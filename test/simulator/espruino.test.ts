import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Bench } from "./engine.ts";

describe("Espruino stand-in: what is not there", () => {
  it("has nothing of Node in sight", () => {
    const bench = new Bench("");
    const names =
      "Buffer URL URLSearchParams fetch structuredClone setImmediate clearImmediate global module exports __dirname __filename " +
      "performance queueMicrotask TextEncoder TextDecoder AbortController Event MessageChannel navigator WebSocket crypto";
    for (const name of names.split(" ")) assert.equal(bench.value(`typeof ${name}`), "undefined", name);
    assert.deepEqual(bench.value("Object.keys(process).sort()"), [
      "emit",
      "env",
      "memory",
      "on",
      "removeAllListeners",
      "removeListener",
      "version",
    ]);
    assert.deepEqual(bench.value("process.env"), { BOARD: "BENCH", VERSION: "2v29", SERIAL: "1" });
    for (const module of ["fs", "node:fs", "child_process", "vm"])
      assert.equal(
        bench.value(`(() => { try { require("${module}"); } catch (e) { return e.message } })()`),
        `Module "${module}" not found`,
      );
  });

  it("lets no object lead out of the context", () => {
    const bench = new Bench("");
    const ways = [
      "this",
      "globalThis",
      "E",
      "process",
      "process.env",
      "console.log",
      "print",
      "SPI1",
      "SPI1.send",
      "USB",
      "USB.on",
      "setTimeout",
      "setWatch",
      "require",
      'require("crypto")',
      'require("crypto").SHA256',
      'require("crypto").SHA256("a")',
      'require("Storage").list()',
      "process.memory()",
      "new Pin('D1')",
      "new Date()",
      "Promise.resolve()",
      "(() => { try { require('fs') } catch (e) { return e } })()",
      "(() => { try { null.x } catch (e) { return e } })()",
      "(() => { try { digitalRead('no pin') } catch (e) { return e } })()",
      "(() => { try { setWatch(() => 1, 'D7') } catch (e) { return e } })()",
      "(() => { try { require('crypto').AES.encrypt(new Uint8Array(16), new Uint8Array(3), {mode:'ECB'}) } catch (e) { return e } })()",
      "(() => { const f = () => f(); try { f() } catch (e) { return e } })()",
      "(() => { const f = () => { E.hwRand(); f(); }; try { f() } catch (e) { return e } })()",
      "(() => { let seen; Error.prepareStackTrace = (e, frames) => { seen = frames; }; new Error('x').stack; return seen })()",
      "(() => { let seen; Error.prepareStackTrace = (e, frames) => { seen = frames; }; try { digitalRead('x') } catch (e) { e.stack } return seen })()",
    ];
    for (const way of ways) {
      const found = bench.value(`(() => {
        const out = [];
        let at = ${way};
        for (let depth = 0; at && depth < 4; depth++) {
          try { out.push(at.constructor.constructor("return typeof process === 'object' && typeof process.binding")()); } catch (e) { out.push("refused"); }
          at = Object.getPrototypeOf(at);
        }
        return out;
      })()`) as string[];
      assert.ok(found.length > 0, way);
      assert.ok(!found.includes("function"), `${way}: ${found}`);
    }
    assert.equal(bench.value(`this.constructor.constructor("return process")() === process`), true);
    assert.equal(bench.value("(function f() { return f.caller })()"), null);
  });

  it("gives the frames of an error no function of the host", () => {
    const bench = new Bench("");
    const functions = bench.value(`(() => {
      let seen = [];
      Error.prepareStackTrace = (e, frames) => { seen = frames; return ""; };
      setTimeout(() => { new Error("x").stack; }, 0);
      new Error("x").stack;
      return seen.map((frame) => [typeof frame.getFunction(), typeof frame.getThis()]).filter((each) => String(each).indexOf("function") >= 0).length;
    })()`);
    // The only function in sight is the program's own.
    assert.ok((functions as number) <= 1);
  });

  it("lacks what Espruino lacks", () => {
    const bench = new Bench("");
    const missing = [
      "Map Set WeakMap WeakSet Symbol Proxy Reflect BigInt Intl RangeError unescape WebAssembly".split(" "),
      "imul clz32 trunc log2 log10 hypot fround".split(" ").map((name) => `Math.${name}`),
      "from of".split(" ").map((name) => `Array.${name}`),
      "flat at keys entries reduceRight lastIndexOf findLast".split(" ").map((name) => `[].${name}`),
      "subarray copyWithin at lastIndexOf".split(" ").map((name) => `new Uint8Array(1).${name}`),
      "at codePointAt localeCompare search trimStart normalize matchAll".split(" ").map((name) => `"".${name}`),
      ["Uint8Array.from", "ArrayBuffer.isView", "new ArrayBuffer(1).slice", "String.raw", "String.fromCodePoint"],
      [
        "Number.isInteger",
        "Number.isFinite",
        "(1).toPrecision",
        "Object.freeze",
        "Object.is",
        "Object.hasOwn",
        "Date.UTC",
      ],
      ["Promise.allSettled", "Promise.any", "Promise.resolve().finally", "E.nativeCall"],
    ].flat();
    for (const name of missing) assert.equal(bench.value(`typeof ${name}`), "undefined", name);
  });

  it("does otherwise what Espruino does otherwise", () => {
    const bench = new Bench("");
    assert.equal(bench.value("Array.isArray(new Uint8Array([1,2,3]).slice(1))"), true);
    assert.equal(bench.value("String.fromCharCode(0x1234).charCodeAt(0)"), 0x34);
    assert.deepEqual(bench.value(`"a,b,c".split(",", 1)`), ["a", "b", "c"]);
  });

  it("finds what only begins at the end of a text, as Espruino 2v29 does", () => {
    // What its Linux build prints.
    const seen: [code: string, value: unknown][] = [
      [`"abc".indexOf("cd")`, 2],
      [`"abc".indexOf("bc")`, 1],
      [`"abc".indexOf("bcd")`, 1],
      [`"xyab".indexOf("abc")`, 2],
      [`"abcab".indexOf("abd")`, 3],
      [`"ab".indexOf("abc")`, -1],
      [`"hello".indexOf("xh")`, -1],
      [`"abc".indexOf("cd", 3)`, 2],
      [`"abc".indexOf("c", 9)`, -1],
      [`"abc".indexOf("")`, 0],
      [`"abc".indexOf("", 3)`, -1],
      [`"abc".includes("cd")`, true],
      [`"abc".replace("cd", "X")`, "abX"],
      [`"abc".replaceAll("cd", "X")`, "abX"],
      [`"aXbXc".replaceAll("X", "YY")`, "aYYbYYc"],
      [`"abxc".split("cd").length`, 1],
      [`"abc".endsWith("cd")`, false],
    ];
    const bench = new Bench("");
    for (const [code, value] of seen) assert.equal(bench.value(code), value, code);
  });

  it("keeps what Espruino has", () => {
    const bench = new Bench("");
    const present = [
      "[].map [].filter [].reduce [].indexOf [].find [].fill [].concat".split(" "),
      "new Uint8Array(1).set new Uint8Array(1).fill new Uint8Array(1).indexOf new Uint8Array(1).map".match(
        /new \S+/g,
      ) ?? [],
      `"".split "".padStart "".repeat "".includes "".replaceAll "".charCodeAt`.split(" "),
      "Math.floor Math.sign JSON.parse Object.assign Object.keys Object.entries Promise DataView Int32Array btoa".split(
        " ",
      ),
    ].flat();
    for (const name of present.filter((each) => each !== "btoa"))
      assert.equal(bench.value(`typeof ${name}`), "function", name);
    assert.equal(
      bench.value("(() => { let n = 0; for (const x of [1, 2]) n += x; for (const c of 'ab') n++; return n })()"),
      5,
    );
    assert.equal(bench.value("Math.max(...[1, 2, 3])"), 3);
  });
});

describe("Espruino stand-in: the API", () => {
  it("runs .boot0 to .boot3 and then .bootcde, or .bootrst in its place", () => {
    const bench = new Bench("if (typeof order !== 'undefined') order.push('cde')");
    bench.files.set(".boot1", "order.push('1')");
    bench.files.set(".boot0", "order = ['0']");
    bench.engine.powerOn();
    bench.clock.advance(200);
    assert.deepEqual(bench.value("order"), ["0", "1", "cde"]);
    bench.files.set(".bootrst", "order.push('rst')");
    bench.engine.powerOn();
    bench.clock.advance(200);
    assert.deepEqual(bench.value("order"), ["0", "1", "rst"]);
    assert.deepEqual(bench.engine.uncaught, []);
  });

  it("runs timers on the simulator's clock, repeats intervals, passes arguments, and clears them", () => {
    const bench = new Bench(`
      var seen = [], ticks = 0;
      setTimeout((a, b) => seen.push(a + b), 1000, 1, 2);
      setTimeout("seen.push('text')", 500);
      var i = setInterval(() => { if (++ticks === 3) clearInterval(i); }, 100);
      clearTimeout(setTimeout(() => seen.push("never"), 10));`);
    bench.clock.advance(700);
    assert.deepEqual(bench.value("[seen, ticks]"), [["text"], 3]);
    bench.clock.advance(5000);
    assert.deepEqual(bench.value("[seen, ticks]"), [["text", 3], 3]);
  });

  it("tells the time of the simulator's clock, from 0 at power-on until it is set", () => {
    const bench = new Bench("");
    bench.clock.advance(10_000);
    const time = () => bench.value("getTime()") as number;
    assert.ok(Math.abs(time() - 10) < 0.1, `${time()}`);
    bench.value("setTime(1700000000)");
    bench.clock.advance(2000);
    assert.ok(Math.abs(time() - 1700000002) < 0.01, `${time()}`);
    assert.ok(Math.abs((bench.value("new Date().getTime()") as number) - 1700000002000) < 20);
    assert.equal(bench.value("new Date(86400000).toISOString()"), "1970-01-02T00:00:00.000Z");
    bench.engine.powerOn();
    bench.clock.advance(200);
    assert.ok(time() < 1);
  });

  it("lets time pass for a program that polls it", () => {
    const bench = new Bench("var end = getTime() + 0.05, n = 0; while (getTime() < end) n++;");
    assert.ok((bench.value("n") as number) > 100);
  });

  it("queues a pin's edge and runs the watch from the idle loop, with the time of the edge", () => {
    const bench = new Bench("var seen = []; setWatch((e) => seen.push(e), 'D1', {edge: 'rising', repeat: true});");
    bench.engine.pinChanged("D1", 1);
    assert.deepEqual(bench.value("seen"), []);
    bench.clock.advance(1);
    const [first] = bench.value("seen") as { state: boolean; time: number; lastTime: number }[];
    assert.equal(first.state, true);
    bench.engine.pinChanged("D1", 0);
    bench.engine.pinChanged("D2", 1);
    bench.clock.advance(1000);
    bench.engine.pinChanged("D1", 1);
    bench.clock.advance(1);
    const seen = bench.value("seen") as { time: number; lastTime: number }[];
    assert.equal(seen.length, 2);
    assert.equal(seen[1].lastTime, first.time);
  });

  it("makes no edge of a level that was there before the watch", () => {
    const bench = new Bench("var seen = 0;");
    bench.levels.set("D1", 1);
    bench.engine.pinChanged("D1", 1);
    bench.engine.evaluate("setWatch(() => seen++, 'D1', {edge: 'rising', repeat: true})");
    bench.clock.advance(100);
    assert.deepEqual(bench.value("[seen, digitalRead('D1')]"), [0, 1]);
  });

  it("ends a watch after one edge without repeat, by clearWatch, and debounces", () => {
    const bench = new Bench(`var once = 0, cleared = 0, late = 0;
      setWatch(() => once++, 'D1');
      clearWatch(setWatch(() => cleared++, 'D1', {repeat: true}));
      setWatch(() => late++, 'D2', {repeat: true, debounce: 25});`);
    for (const level of [1, 0, 1]) bench.engine.pinChanged("D1", level);
    bench.engine.pinChanged("D2", 1);
    bench.clock.advance(20);
    assert.deepEqual(bench.value("[once, cleared, late]"), [1, 0, 0]);
    bench.clock.advance(10);
    assert.deepEqual(bench.value("[once, cleared, late]"), [1, 0, 1]);
  });

  it("refuses a watch where the engine cannot, and pins that it does not have", () => {
    const bench = new Bench("");
    const message = (code: string) => bench.value(`(() => { try { ${code} } catch (e) { return e.message } })()`);
    assert.equal(message("setWatch(() => 1, 'D7')"), "no watch here");
    assert.match(message("digitalWrite('D99', 1)") as string, /not a valid pin/);
    assert.match(message("new Pin()") as string, /not a valid pin/);
    assert.equal(bench.value("new Pin('D1') === D1 && String(D1) === 'D1'"), true);
  });

  it("moves bytes over SPI and keeps the kind of what it was given", () => {
    const bench = new Bench("SPI1.setup({sck: D1, miso: D2, mosi: D7, baud: 2000000, mode: 0});");
    assert.deepEqual(bench.spi.setups, [{ sck: "D1", miso: "D2", mosi: "D7", baud: 2000000, mode: 0, order: "msb" }]);
    assert.deepEqual(bench.value("SPI1.send(new Uint8Array([1, 2]), D1)"), { 0: 254, 1: 253 });
    assert.equal(bench.value("SPI1.send(1, D1)"), 254);
    assert.equal(bench.value("SPI1.send('\\x01', D1)"), "\xfe");
    bench.value("SPI1.write(new Uint8Array(3), D1)");
    assert.deepEqual(
      bench.spi.data.map((data) => data.length),
      [2, 1, 1, 3],
    );
  });

  it("hands serial data over as byte strings of at most 64 bytes, once the console has gone elsewhere", () => {
    const bench = new Bench("var seen = []; E.setConsole(null, {force: 1}); USB.on('data', (d) => seen.push(d));");
    const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
    bench.send("USB", all);
    bench.clock.advance(100);
    const seen = bench.value("seen") as string[];
    assert.equal(seen.join(""), all);
    assert.ok(seen.every((part) => part.length <= 64));
    bench.engine.evaluate("USB.write('\\xc0\\xff'); USB.write(new Uint8Array([0xc0, 0]));");
    bench.engine.evaluate("setTimeout(() => USB.write('later'), 1)");
    bench.clock.advance(10);
    assert.equal(bench.serial.USB, "\xc0\xff\xc0\0later");
  });

  it("holds back what does not fit into its queue and loses nothing", () => {
    const bench = new Bench(`var got = 0, most = 0; E.setConsole(null); USB.on('data', (d) => { got += d.length; });`);
    bench.send("USB", "x".repeat(50_000));
    assert.equal(bench.engine.isIdle(), false);
    bench.clock.advance(5000);
    assert.equal(bench.value("got"), 50_000);
    assert.equal(bench.engine.isIdle(), true);
    assert.equal(bench.engine.overruns, 0);
  });

  it("evaluates lines at its own prompt while the console is on the device", () => {
    const bench = new Bench("");
    bench.send("USB", "1+2\r\n");
    bench.clock.advance(10);
    assert.equal(bench.serial.USB, "\r\n>1+2\r\n=3\r\n>");
    bench.send("USB", "nonsense)\r\nprint('x')\r\n");
    bench.clock.advance(10);
    assert.match(bench.serial.USB, /Uncaught SyntaxError.*x\r\n=undefined/s);
  });

  it("prints an error that nobody catches, counts it, and goes on", () => {
    const bench = new Bench(
      "var n = 0; setInterval(() => { n++; if (n === 2) throw new Error('of two'); }, 10); boom();",
    );
    bench.clock.advance(100);
    assert.ok((bench.value("n") as number) > 5);
    assert.equal(bench.engine.uncaught.length, 2);
    assert.match(bench.engine.consoleText, /^Uncaught ReferenceError: boom is not defined/);
    assert.ok(!bench.engine.consoleText.includes("simulator"), "no file of the simulator is named");
    assert.match(bench.engine.consoleText, /Uncaught Error: of two/);
    const handled = new Bench(
      "var seen; process.on('uncaughtException', (e) => { seen = e.message; }); throw new Error('x');",
    );
    assert.equal(handled.value("seen"), "x");
    // For tests it is an error all the same.
    assert.equal(handled.engine.uncaught.length, 1);
    assert.ok(!handled.engine.consoleText.includes("Uncaught"));
  });

  it("hashes and enciphers like the engine, and has no AES where the build has none", () => {
    const bench = new Bench("");
    const hex = (code: string) =>
      Buffer.from(bench.value(`[].slice.call(new Uint8Array(${code}))`) as number[]).toString("hex");
    assert.equal(hex("require('crypto').SHA256('abc')"), createHash("sha256").update("abc").digest("hex"));
    assert.equal(
      hex("require('crypto').SHA512(new Uint8Array([97, 98, 99]))"),
      createHash("sha512").update("abc").digest("hex"),
    );
    // FIPS-197 appendix C.1, through a view that does not begin at 0.
    const aes = (what: string, from: string) => `(() => {
      const all = new Uint8Array(48); const data = "${from}";
      for (let i = 0; i < 16; i++) { all[i + 8] = parseInt(data.substr(2 * i, 2), 16); all[i + 30] = i; }
      return require("crypto").AES.${what}(new Uint8Array(all.buffer, 8, 16), new Uint8Array(all.buffer, 30, 16), {mode: "ECB"}) })()`;
    assert.equal(hex(aes("encrypt", "00112233445566778899aabbccddeeff")), "69c4e0d86a7b0430d8cdb78070b4c55a");
    assert.equal(hex(aes("decrypt", "69c4e0d86a7b0430d8cdb78070b4c55a")), "00112233445566778899aabbccddeeff");
    assert.equal(bench.value("E.CRC32(new Uint8Array([49,50,51,52,53,54,55,56,57]))"), 0xcbf43926);
    assert.equal(bench.value("E.toString(new Uint8Array([65, 255]))"), "A\xff");
    assert.equal(new Bench("", { aes: false }).value("typeof require('crypto').AES"), "undefined");
  });

  it("repeats its random numbers for the same seed", () => {
    const three = (seed: number) => new Bench("", { seed }).value("[E.hwRand(), E.hwRand(), Math.random()]");
    assert.deepEqual(three(1), three(1));
    assert.notDeepEqual(three(1), three(2));
  });

  it("keeps files over power cycles, within its names and its room", () => {
    const bench = new Bench("");
    bench.engine.evaluate(
      `s = require("Storage"); s.write("a", "one"); s.writeJSON("j", {x: 1}); s.write("part", "ab", 0, 4); s.write("part", "cd", 2);`,
    );
    bench.engine.powerOn();
    bench.clock.advance(200);
    bench.engine.evaluate(`s = require("Storage")`);
    assert.deepEqual(bench.value(`[s.read("a"), s.readJSON("j"), s.read("part"), typeof s.read("none"), s.list()]`), [
      "one",
      { x: 1 },
      "abcd",
      "undefined",
      [".bootcde", "a", "j", "part"],
    ]);
    assert.equal(bench.value(`s.write("big", new Uint8Array(400000))`), false);
    assert.match(
      bench.value(`(() => { try { s.write("x".repeat(29), "") } catch (e) { return e.message } })()`) as string,
      /too long/,
    );
    bench.engine.evaluate(`s.erase("a")`);
    assert.equal(bench.value(`s.read("a") === undefined`), true);
  });

  it("reboots: a new context, the old timers gone, the files kept", () => {
    const bench = new Bench(`
      var s = require("Storage"), boots = (s.readJSON("n") || 0) + 1, after = 0; s.writeJSON("n", boots);
      if (boots === 1) setTimeout(() => { E.reboot(); after = 1; }, 1000);
      else setTimeout(() => { after = 2; }, 1000);`);
    bench.clock.advance(1500);
    assert.deepEqual(bench.value("[boots, after]"), [2, 0]);
    bench.clock.advance(1000);
    assert.deepEqual(bench.value("[boots, after]"), [2, 2]);
    assert.deepEqual(bench.engine.uncaught, []);
  });

  it("reboots a program that does not kick the watchdog, and one that hangs in a loop of calls", () => {
    const code = (
      body: string,
    ) => `var s = require("Storage"), boots = (s.readJSON("n") || 0) + 1; s.writeJSON("n", boots);
      E.enableWatchdog(5, false); if (boots === 1) { ${body} } else setInterval(() => E.kickWatchdog(), 1000);`;
    const silent = new Bench(code(""));
    silent.clock.advance(4000);
    assert.equal(silent.value("boots"), 1);
    silent.clock.advance(1500);
    assert.equal(silent.value("boots"), 2);
    silent.clock.advance(60_000);
    assert.equal(silent.value("boots"), 2);

    const hanging = new Bench(code("setTimeout(() => { while (!digitalRead(D1)); }, 10);"));
    hanging.clock.advance(6000);
    assert.equal(hanging.value("boots"), 2);
  });

  it("is off after powerOff", () => {
    const bench = new Bench("var n = 0; setInterval(() => n++, 10)");
    bench.engine.powerOff();
    bench.clock.advance(1000);
    assert.throws(() => bench.engine.evaluate("n"), /is off/);
    assert.equal(bench.clock.runUntilIdle(), 0);
  });
});
