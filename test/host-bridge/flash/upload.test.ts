import assert from "node:assert/strict";
import { RoomError } from "../../../host-bridge/errors.ts";
import type { Engine } from "../../../host-bridge/flash/engine-prompt.ts";
import { literal, writeFile } from "../../../host-bridge/flash/upload.ts";
import { crc32 } from "../../../protocol/crc32.ts";

/** An engine with a storage alone; `onWrite` may fail. */
class FakeEngine implements Engine {
  readonly files = new Map<string, string>();
  readonly lines: string[] = [];
  onWrite: (count: number) => "" | "lost before" | "lost after" | "false" | "throws" = () => "";
  private writes = 0;

  async ask(code: string): Promise<unknown> {
    this.lines.push(code);
    const { files } = this;
    const storage = {
      read: (name: string, at = 0, length?: number) =>
        files.get(name)?.slice(at, length === undefined ? undefined : at + length),
      write: (name: string, data: string, at: number, size?: number) => {
        const old = size === undefined ? (files.get(name) ?? "") : "\xff".repeat(size);
        assert.ok(at + data.length <= old.length, "Too much data for file size");
        assert.equal(old.slice(at, at + data.length), "\xff".repeat(data.length), "written twice");
        files.set(name, old.slice(0, at) + data + old.slice(at + data.length));
        return true;
      },
    };
    const isWrite = code.includes(".write(");
    const what = isWrite ? this.onWrite(++this.writes) : "";
    const silent = new RoomError("engine_silent", "no answer");
    if (what === "lost before") throw silent;
    if (what === "false") return false;
    if (what === "throws") throw new RoomError("engine_error", "error", { found: "Unable to find or create file" });
    const E = { CRC32: (text: string) => crc32(Buffer.from(text, "latin1")) | 0 };
    const result = new Function("require", "E", `return ${code}`)(() => storage, E);
    if (what === "lost after") throw silent;
    return result;
  }
}

const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");

const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "fine",
    (error: RoomError) => error.code,
  );

describe("flash: files into the engine's storage", () => {
  it("a literal is plain ASCII on one line, and means every byte that it was made of", () => {
    assert.match(literal(bytes), /^[ -~]+$/);
    assert.equal(JSON.parse(`[${literal('a"b\\c\nd')}]`)[0], 'a"b\\c\nd');
    assert.equal(new Function(`return ${literal(bytes)}`)(), bytes);
    assert.throws(() => literal("\u20ac"), /bug/);
  });

  it("arrives whole, in lines that are never longer than asked for", async () => {
    for (const text of ["x", "y".repeat(512), "z".repeat(513), bytes.repeat(7), '"\\'.repeat(900)]) {
      const engine = new FakeEngine();
      const seen: number[] = [];
      await writeFile(engine, ".bootcde", text, 512, (done) => seen.push(done));
      assert.equal(engine.files.get(".bootcde"), text);
      assert.equal(seen.at(-1), text.length);
      for (const line of engine.lines) assert.ok(line.length < 512 + 100, `${line.length}`);
    }
  });

  it("a line that was lost is sent again, and one whose answer was lost is not", async () => {
    for (const what of ["lost before", "lost after"] as const) {
      const engine = new FakeEngine();
      engine.onWrite = (count) => (count === 3 ? what : "");
      await writeFile(engine, "mc.lib", bytes.repeat(5), 256, () => undefined);
      assert.equal(engine.files.get("mc.lib"), bytes.repeat(5), what);
    }
    const deaf = new FakeEngine();
    deaf.onWrite = (count) => (count >= 3 ? "lost before" : "");
    assert.equal(await code(writeFile(deaf, "mc.lib", bytes.repeat(5), 256, () => undefined)), "engine_silent");
  });

  it("no space and a wrong content are errors with what to do", async () => {
    for (const what of ["false", "throws"] as const) {
      const engine = new FakeEngine();
      engine.onWrite = () => what;
      assert.equal(await code(writeFile(engine, "mc.lib", "abc", 256, () => undefined)), "storage_full");
    }
    const engine = new FakeEngine();
    const spoil = (done: number): void => void (done === 3 && engine.files.set("mc.lib", "abX"));
    assert.equal(await code(writeFile(engine, "mc.lib", "abc", 256, spoil)), "not_written");
  });
});
