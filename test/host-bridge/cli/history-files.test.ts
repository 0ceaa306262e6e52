import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../../../host-bridge/room/store.ts";
import { entry, sample } from "../room/store-bench.ts";
import { Scratch } from "../scratch.ts";

describe("command line: the history as files", () => {
  const scratch = new Scratch();
  let folder: string;
  let data: string;
  let store: Store;
  let command: typeof import("./start.ts").command;
  const GUID = "00000000-0000-8000-8000-000000000001";

  // The commands load their modules when they run; loaded as this file is, the two would not know each other's errors.
  before(async () => {
    ({ command } = await import("./start.ts"));
  });

  beforeEach(() => {
    folder = scratch.dir();
    data = join(folder, "data");
    writeFileSync(join(folder, "a.yaml"), `data_dir: ${data}\nrooms:\n  - name: A\n`);
    store = Store.open(data);
    store.setRooms([{ name: "A", maxHistory: 10 }], 0);
    store.write([entry(sample(GUID))]);
  });

  afterEach(() => {
    store.close();
    scratch.clean();
  });

  it("backs up, exports and imports, from the configuration's data_dir or a named one", async () => {
    const [saved, lines] = [join(folder, "saved.sqlite"), join(folder, "a.jsonl")];
    const config = ["--config", join(folder, "a.yaml")];
    const backup = await command(["backup", saved, ...config]);
    assert.match(backup.out, /saved\.sqlite: 1 message in 1 room, \d+ bytes, verified\n$/);
    assert.deepEqual(await command(["export", "A", lines, "--data-dir", data]), {
      ...{ code: 0, out: `${lines}: 1 message of 1 room\n`, err: "" },
    });
    // Apart from the time in the first line, and the hash over it.
    const body = (text: string): string[] => text.split("\n").slice(1, -2);
    assert.deepEqual(body((await command(["export", "--all", ...config])).out), body(readFileSync(lines, "utf8")));
    const refused = await command(["import", lines, ...config]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^Error: another meshcore-room is using .*\nTry: stop the other one/);
    store.close();
    assert.equal((await command(["import", lines, ...config])).out, `${lines}: 1 message of 1 room, 0 new\n`);
    const fresh = join(folder, "fresh");
    const run = await command(["import", lines, "--data-dir", fresh, "--into", "B"]);
    assert.equal(run.out, `${lines}: 1 message of 1 room, 1 new\n`);
    store = Store.open(fresh);
    store.setRooms([{ name: "B", maxHistory: 10 }], 0);
    assert.equal(store.history("B", { limit: 9 })[0].guid, GUID);
  });

  it("overwrites nothing and says what it lacks", async () => {
    const there = join(folder, "there");
    writeFileSync(there, "precious");
    const cases: [string[], number, RegExp][] = [
      [["backup", there, "--data-dir", data], 1, /is there already\nTry: another name/],
      [["export", "A", there, "--data-dir", data], 1, /is there already/],
      [["export", "B", "--data-dir", data], 1, /no such room: expected one of "A", found "B"\nTry: /],
      [["export", "A", join(folder, "no", "dir"), "--data-dir", data], 1, /cannot be written: found ENOENT\nTry: /],
      [["export", "--data-dir", data], 2, /either a room or --all/],
      [["export", "--all", "A", "f", "--data-dir", data], 2, /either a room or --all/],
      [["backup", join(folder, "x"), "--data-dir", join(folder, "none")], 1, /there is no history at .*\nTry: /],
      [["import", there, "--data-dir", join(folder, "other")], 1, /there:1: expected JSON/],
    ];
    for (const [args, code, expected] of cases) {
      const run = await command(args);
      assert.match(run.err, expected, args.join(" "));
      assert.deepEqual([run.code, run.out], [code, ""], args.join(" "));
    }
    assert.equal(readFileSync(there, "utf8"), "precious");
    assert.ok(!existsSync(join(folder, "x")) && !existsSync(join(folder, "x.partial")));
  });
});
