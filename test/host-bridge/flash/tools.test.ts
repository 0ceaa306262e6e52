import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { BOARDS } from "../../../boards/all.ts";
import type { Board } from "../../../boards/board.ts";
import type { RoomError } from "../../../host-bridge/errors.ts";
import type { EngineFile } from "../../../host-bridge/flash/engine-file.ts";
import { flashEngine, systemTools, type Tools } from "../../../host-bridge/flash/tools.ts";
import { fakeIo } from "./bench.ts";
import { espImage } from "./engine-files.ts";

const boardOf = (id: string): Board => BOARDS.find((board) => board.id === id) as Board;
const ESP: EngineFile = {
  kind: "esp",
  path: "e.tgz",
  parts: [{ name: "espruino.bin", offset: 0x10000, data: espImage() }],
};
const UF2: EngineFile = { kind: "uf2", path: "e.uf2", from: 0x26000, to: 0x90000 };
const DFU: EngineFile = { kind: "dfu", path: "e.zip" };

/** How it ended, and everything that was done to the outside. */
async function attempt(
  id: string,
  file: EngineFile,
  tools: Partial<Tools>,
): Promise<{ code: string; hint: string; done: string[] }> {
  const done: string[] = [];
  const io = fakeIo({
    tools: {
      pause: async () => undefined,
      copy: (from, to) => void done.push(`copy ${from} ${to}`),
      touch: async (port) => void done.push(`touch ${port}`),
      run: async (program, args) => {
        done.push([program, ...args].join(" "));
        return 0;
      },
      ...tools,
    },
  });
  const result = await flashEngine(boardOf(id), "/dev/ttyACM0", file, io.tools, () => undefined).then(
    () => ({ code: "fine", hint: "" }),
    (error: RoomError) => ({ code: error.code, hint: error.hint ?? "" }),
  );
  return { ...result, done };
}

describe("flash: the engine's way onto the board", () => {
  it("a missing tool is said before anything is written, with how to install it", async () => {
    for (const [id, file, name] of [
      ["heltec-v4", ESP, "esptool"],
      ["rak4631", DFU, "adafruit-nrfutil"],
    ] as const) {
      const { code, hint, done } = await attempt(id, file, {});
      assert.equal(code, "tool_missing");
      assert.match(hint, new RegExp(`pipx install ${name}`));
      assert.deepEqual(done, []);
    }
  });

  it("esptool gets each piece as a file, which is gone afterwards", async () => {
    let piece = "";
    const { code } = await attempt("heltec-v4", ESP, {
      find: (names) => (names.includes("esptool") ? "/usr/bin/esptool" : null),
      run: async (_program, args) => {
        piece = args.at(-1) ?? "";
        assert.equal(args.at(-2), "0x10000");
        assert.deepEqual(readFileSync(piece), espImage());
        return 0;
      },
    });
    assert.equal(code, "fine");
    assert.equal(existsSync(piece), false);
  });

  it("a tool that fails says how the board is reached again", async () => {
    const { code, hint } = await attempt("heltec-v4", ESP, { find: ([name]) => name, run: async () => 2 });
    assert.equal(code, "engine_not_flashed");
    assert.match(hint, /hold BOOT/);
  });

  it("adafruit-nrfutil gets the package and the port", async () => {
    const { code, done } = await attempt("rak4631", DFU, { find: ([name]) => name });
    assert.equal(code, "fine");
    assert.match(done.join(), /^adafruit-nrfutil dfu serial --package e\.zip --port \/dev\/ttyACM0/);
  });

  it("a UF2 waits for the bootloader's drive, asks for it once, and is copied to it", async () => {
    let looks = 0;
    const drives = () => (++looks > 4 ? ["/media/RAK4631"] : []);
    const { code, done } = await attempt("rak4631", UF2, { drives });
    assert.equal(code, "fine");
    assert.deepEqual(done, ["touch /dev/ttyACM0", "copy e.uf2 /media/RAK4631"]);
  });

  it("no drive and several drives end without a copy; a drive that leaves with the last block is no failure", async () => {
    const none = await attempt("rak4631", UF2, {});
    assert.deepEqual([none.code, none.done], ["no_drive", ["touch /dev/ttyACM0"]]);
    const many = await attempt("rak4631", UF2, { drives: () => ["/media/A", "/media/B"] });
    assert.deepEqual([many.code, many.done], ["many_drives", []]);
    const fails = (code: string) => ({
      drives: () => ["/media/A"],
      copy: () => {
        throw Object.assign(new Error(code), { code });
      },
    });
    assert.equal((await attempt("rak4631", UF2, fails("EIO"))).code, "fine");
    assert.equal((await attempt("rak4631", UF2, fails("ENOSPC"))).code, "engine_not_flashed");
  });

  it("programs are looked for along PATH", () => {
    const tools = systemTools({ PATH: "/nowhere:/bin:/usr/bin" });
    assert.match(tools.find(["no-such-program", "sh"]) ?? "", /bin\/sh$/);
    assert.equal(tools.find(["no-such-program"]), null);
    assert.ok(Array.isArray(tools.drives()));
  });
});
