// The starter of real engines, tried with Node.js as the engine.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ENGINE_END,
  ENGINE_QUIT,
  type EngineCommand,
  type EngineRun,
  enginesFrom,
  inEngineFolder,
  runEngine,
  splitCommand,
} from "./engines.ts";

describe("starter of real engines", () => {
  /** Node.js dressed up as JerryScript. */
  async function run(script: string, limitMs = 20_000, prelude = ""): Promise<EngineRun> {
    return inEngineFolder(async (folder) => {
      const print = join(folder, "print.cjs");
      writeFileSync(print, `globalThis.print = (...a) => console.log(...a); ${prelude}`);
      const node: EngineCommand = {
        kind: "jerryscript",
        name: "node",
        program: process.execPath,
        args: ["--require", print],
      };
      return runEngine(node, script, { folder, limitMs });
    });
  }

  it("reads several command lines from one variable", () => {
    const engines = enginesFrom({
      ESPRUINO_BIN: "/opt/x86; qemu-arm -B 0 '/opt/my arm/espruino' ;",
      JERRY_BIN: "jerry --mem-stats",
    });
    assert.deepEqual(engines, [
      { kind: "espruino", name: "x86", program: "/opt/x86", args: [] },
      { kind: "espruino", name: "espruino", program: "qemu-arm", args: ["-B", "0", "/opt/my arm/espruino"] },
      { kind: "jerryscript", name: "jerry", program: "jerry", args: ["--mem-stats"] },
    ]);
    assert.deepEqual(enginesFrom({ JERRY_BIN: " " }), []);
  });

  it("keeps quoted blanks in a word", () => {
    assert.deepEqual(splitCommand(`  a "b c"  d'e f'g "h'i" `), ["a", "b c", "de fg", "h'i"]);
  });

  it("brings back what was printed, without its own lines, and the exit code", async () => {
    const { text, code, ended } = await run('print("one\\r"); print("two"); process.exit(3);');
    assert.deepEqual({ text, code, ended }, { text: "one\ntwo\n", code: 3, ended: "engine" });
  });

  it("takes Espruino's prompt off the lines that timers print", async () => {
    const { text } = await run(String.raw`print("a"); process.stdout.write(">\r\x1b[Jb\r\n>\r\x1b[J");`);
    assert.equal(text, "a\nb\n");
  });

  it("stops an engine that runs on after the end of the script", async () => {
    const { text, code, ended, ms } = await run(`print("x"); setInterval(() => print("tick"), 20); ${ENGINE_QUIT}`);
    assert.match(text, /^x\n(tick\n)+$/);
    assert.deepEqual({ code, ended }, { code: null, ended: "script" });
    assert.ok(ms < 15_000, `${ms} ms`);
  });

  it("lets an engine that knows quit() leave by itself", async () => {
    const { code, ended } = await run(
      `setInterval(() => 0, 20); ${ENGINE_QUIT}`,
      20_000,
      "globalThis.quit = () => process.exit(0);",
    );
    assert.deepEqual({ code, ended }, { code: 0, ended: "script" });
  });

  it("kills an engine that hangs", async () => {
    const { text, code, ended } = await run('print("before"); for (;;) {}', 1500);
    assert.deepEqual({ text, code, ended }, { text: "before\n", code: null, ended: "time" });
  });

  it("kills an engine that prints without end", async () => {
    const { ended } = await run('setInterval(() => print("x".repeat(1e6)), 1);');
    assert.equal(ended, "output");
  });

  it("does not take a quoted script line for the end", async () => {
    const { text, ended } = await run(`print('print("${ENGINE_END}")'); print("more");`);
    assert.equal(ended, "engine");
    assert.match(text, /more\n$/);
  });

  it("keeps standard input open", async () => {
    const script =
      'process.stdin.on("end", () => print("input ended")); process.stdin.resume(); setTimeout(() => process.exit(), 100);';
    assert.equal((await run(script)).text, "");
  });

  it("says which program cannot be started", async () => {
    const missing = inEngineFolder((folder) =>
      runEngine({ kind: "espruino", name: "no", program: "/no/such/engine", args: [] }, "", { folder, limitMs: 5000 }),
    );
    await assert.rejects(missing, /cannot start \/no\/such\/engine: .*ENOENT/);
  });
});
