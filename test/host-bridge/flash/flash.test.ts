import assert from "node:assert/strict";
import { createHash, scryptSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLine } from "../../../host-bridge/flash/line.ts";
import { look } from "../../../host-bridge/flash/look.ts";
import type { Found } from "../../../host-bridge/flash/plan.ts";
import { Scratch } from "../scratch.ts";
import { FlashBench, fakeIo, firmware } from "./bench.ts";
import { uf2 } from "./engine-files.ts";
import { hasPython } from "./pty.ts";

const MODEL = "rak4631";
const SECRET = "correct horse battery staple";
const ROOMS = `rooms:
  - { name: "Riverside", psk: "" }
  - { name: "Team", psk: "${SECRET}", max_history: 77 }
radio: { preset: "USA/Canada (Recommended)", tx_power_dbm: 9 }
`;

/** Another bundle that runs: what a board had before. */
function oldBundle(bench: FlashBench): string {
  const { code, library } = firmware(bench.model);
  const old = `${code}\n`;
  bench.files.set(".bootcde", old);
  bench.files.set("mc.lib", library);
  bench.board.powerOff();
  bench.board.powerOn();
  return createHash("sha256").update(old, "latin1").digest("hex");
}

const withPty = hasPython ? describe : describe.skip;
const missing = hasPython ? "" : " (python3 not found, which makes the pseudo terminal)";

withPty(`flash: a simulated board on a pseudo terminal${missing}`, function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  let bench: FlashBench;

  beforeEach(() => {
    bench = new FlashBench(MODEL);
  });
  afterEach(async () => {
    await bench?.stop();
    scratch.clean();
  });

  /** The built bundle and nothing else is on the board, and runs. */
  const assertNew = (result: { code: number; text: string; errors: string }): void => {
    assert.equal(result.code, 0, result.errors);
    assert.match(result.text, /\nverified: rak4631 runs MeshCore Room \d/);
    const { code, library } = firmware(MODEL);
    assert.equal(bench.files.get(".bootcde"), code);
    assert.equal(bench.files.get("mc.lib"), library);
    assert.deepEqual(bench.board.uncaught, []);
  };

  it("a bare engine gets the bundle, and a second run finds everything there already", async () => {
    const first = await bench.flash();
    assert.match(first.text, /now: the engine's prompt, RAK4631 2v29-sim, no bundle running/);
    assert.match(first.text, /mc\.lib: 100 % of \d+ bytes\n {2}\.bootcde: 25 % of/);
    assertNew(first);
    const second = await bench.flash();
    assert.match(second.text, /now: MeshCore Room \d.* for rak4631 on RAK4631 2v29-sim/);
    assert.match(second.text, /there already, byte for byte/);
    assertNew(second);
  });

  it("a running bundle gives way to the new one; rooms and radio are set as the daemon would, and no key is seen", async () => {
    oldBundle(bench);
    bench.files.set(".boot1", "1");
    bench.files.set("notes", "kept");
    bench.files.set("mc.lib", "parts of another build: its console knows no command but repl");
    const file = join(scratch.dir(), "room.yaml");
    writeFileSync(file, ROOMS);
    const result = await bench.flash(["--rooms", file], { confirm: async () => true });
    assertNew(result);
    assert.match(result.text, /Erasing .*\.boot1/);
    assert.equal(bench.files.has(".boot1"), false);
    assert.equal(bench.files.get("notes"), "kept");
    assert.match(result.text, /room "Riverside" set\n {2}room "Team" set\n {2}radio set\n/);
    const key = scryptSync(SECRET, "meshcore-room:Team", 16, { N: 2 ** 15, r: 8, p: 1, maxmem: 1 << 26 });
    assert.ok(bench.toBoard.includes("Team"));
    for (const secret of [SECRET, key.toString("hex"), key.toString("base64"), key.toString("latin1")]) {
      assert.ok(!`${result.text}${result.errors}`.includes(secret));
    }
  });

  it("a board in safe mode leaves it, and the run ends with verified", async () => {
    oldBundle(bench);
    for (let n = 0; n < 4; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      bench.board.powerOff();
      bench.board.powerOn();
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const result = await bench.flash();
    assert.doesNotMatch(result.text, /now: MeshCore Room \d/, "in safe mode there is no link");
    assertNew(result);
  });

  it("the answer no leaves the board as it is, its bundle running", async () => {
    const old = oldBundle(bench);
    const files = new Map(bench.files);
    const declined = await bench.flash([], { confirm: async () => false });
    assert.equal(declined.code, 1);
    assert.match(declined.errors, /nothing was done/);
    assert.deepEqual(bench.files, files);
    const line = await openLine(await bench.path());
    const found = await look(line);
    line.close();
    assert.equal(found.kind === "firmware" && found.sha256, old);
  });

  it("another board's bundle at the port is refused before anything is written", async () => {
    await bench.stop();
    bench = new FlashBench("heltec-t114");
    oldBundle(bench);
    const files = new Map(bench.files);
    const result = await bench.flash(["--board", MODEL]);
    assert.equal(result.code, 1);
    assert.match(result.errors, /expected rak4631, found heltec-t114\nTry: --board heltec-t114/);
    assert.match(result.errors, /State: Nothing was written/);
    assert.deepEqual(bench.files, files);
  });

  it("a board with another engine needs a file; with one the engine is flashed, then the bundle", async () => {
    await bench.stop();
    bench = new FlashBench("heltec-t114");
    const lacking = await bench.flash(["--board", MODEL]);
    assert.equal(lacking.code, 1);
    assert.match(
      lacking.errors,
      /the board does not run the engine RAK4631.*\nTry: --engine-file FILE; .*boards\/espruino\/RAK4631\.py/,
    );

    const file = join(scratch.dir(), "engine.uf2");
    writeFileSync(file, uf2([[0x26000, 256]]));
    const tools = {
      ...fakeIo().tools,
      drives: () => ["drive"],
      copy: () => bench.becomes(MODEL),
    };
    const listPorts = async () => bench.ports("1915", "520f");
    const result = await bench.flash(["--board", MODEL, "--engine-file", file], { tools, listPorts }, false);
    assert.match(result.text, /1\. flash the engine[^!]*copy .*engine\.uf2/s);
    assert.match(result.text, /Engine: the engine's prompt, RAK4631/);
    assertNew(result);
  });

  it("the XIAO nRF52840 gets its bundle as .bootrst, also where one of those runs already", async () => {
    await bench.stop();
    bench = new FlashBench("xiao-nrf52-wio");
    bench.files.set(".bootcde", "print('an old one')");
    const { code, text, errors } = await bench.flash();
    assert.equal(code, 0, errors);
    assert.match(text, /\nverified: xiao-nrf52-wio/);
    assert.deepEqual([...bench.files.keys()].sort(), [".bootrst", "mc.lib"]);
    bench.files.set("mc.lib", "old");
    const again = await bench.flash();
    assert.equal(again.code, 0, again.errors);
    assert.match(again.text, /Erasing \.bootrst, mc\.lib/);
  });

  it("a port where nobody answers is said to be silent", async () => {
    bench.board.powerOff();
    const result = await bench.flash();
    assert.equal(result.code, 1);
    assert.match(result.text, /now: nothing that answers/);
    assert.match(
      result.errors,
      /\nTry: close what else has the port open, press RST and run this again;.* --engine-file FILE/,
    );
  });

  it("a board that is still starting when it is asked is waited for", async () => {
    oldBundle(bench);
    bench.board.powerOff();
    setTimeout(() => bench.board.powerOn(), 8000);
    assertNew(await bench.flash());
  });
});

withPty(`flash: cut in the middle${missing}`, function () {
  this.timeout(120_000);
  let bench: FlashBench;

  beforeEach(() => {
    bench = new FlashBench(MODEL);
  });
  afterEach(async () => {
    await bench?.stop();
  });

  /** A run that ends when `what` happens, just before the board is told what `pattern` fits; then what the board does. */
  const cutAt = async (pattern: RegExp, state: RegExp, what = () => bench.cut()): Promise<Found> => {
    bench.when(pattern, what);
    const { code, text, errors } = await bench.flash();
    assert.equal(code, 1, text);
    assert.match(errors, /\nError: the connection to the board is gone/);
    assert.match(errors, state);
    if (!bench.isOn) bench.powerOn();
    const line = await openLine(await bench.path());
    try {
      return await look(line);
    } finally {
      line.close();
    }
  };
  const shaOf = (found: Found): string => (found.kind === "firmware" ? found.sha256 : found.kind);
  const assertRepaired = async (): Promise<void> => {
    const { code, text, errors } = await bench.flash();
    assert.equal(code, 0, errors);
    assert.match(text, /\nverified: /);
    assert.equal(bench.files.get(".bootcde"), firmware(MODEL).code);
    assert.equal(bench.files.get("mc.lib"), firmware(MODEL).library);
  };

  it("up to the first erasure the board runs its old bundle, and the next run ends with verified", async () => {
    const old = oldBundle(bench);
    const nothing = /State: Nothing was (written|erased)/;
    assert.equal(shaOf(await cutAt(/repl\r/, nothing)), old);
    assert.equal(shaOf(await cutAt(/clearWatch\(\)/, nothing)), old);
    assert.equal(shaOf(await cutAt(/erase\("\.bootcde"\)/, /State: The old boot code was being erased/)), old);
    await assertRepaired();
  });

  it("after it the board shows its prompt, wherever the cut is, and the next run ends with verified", async () => {
    oldBundle(bench);
    assert.equal(shaOf(await cutAt(/erase\("mc\.lib"\)/, /being erased/)), "prompt");
    const incomplete = /State: The board has no complete boot code/;
    assert.equal(shaOf(await cutAt(/write\("mc\.lib",".*",5\d\d\d\)/s, incomplete)), "prompt");
    assert.equal(shaOf(await cutAt(/write\("\.bootcde",".*",0,/s, incomplete)), "prompt");
    assert.equal(shaOf(await cutAt(/write\("\.bootcde",".*",2\d\d\d\d\)/s, incomplete)), "prompt");
    assert.match(bench.board.consoleText, /Uncaught SyntaxError/, "half of the bundle is refused as a whole");
    await assertRepaired();
  });

  it("at load() the new bundle is complete; the next run finds it and ends with verified", async () => {
    const found = await cutAt(/load\(\)/, /State: The new bundle is complete/);
    assert.equal(shaOf(found), firmware(MODEL).sha256);
    await assertRepaired();
  });

  it("when only the cable goes, the board keeps its power, and the next run ends with verified", async () => {
    const middle = /write\("mc\.lib",".*",5\d\d\d\)/s;
    assert.equal(shaOf(await cutAt(middle, /no complete boot code/, () => void bench.unplug())), "prompt");
    await assertRepaired();
  });

  it("an interruption by the user before anything is erased starts the old bundle again", async () => {
    const old = oldBundle(bench);
    let interrupt: () => void = () => undefined;
    const interrupted = new Promise<void>((resolve) => {
      interrupt = resolve;
    });
    bench.when(/Storage"\)\.list/, () => interrupt());
    const broken = await bench.flash([], { interrupted: () => interrupted });
    assert.equal(broken.code, 1);
    assert.match(broken.errors, /State: Nothing was erased/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const line = await openLine(await bench.path());
    const found = await look(line);
    line.close();
    assert.equal(shaOf(found), old);
  });
});
