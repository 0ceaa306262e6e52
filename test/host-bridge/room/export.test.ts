import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { RoomError } from "../../../host-bridge/errors.ts";
import { backup } from "../../../host-bridge/room/backup.ts";
import { exportHistory } from "../../../host-bridge/room/export.ts";
import { importHistory } from "../../../host-bridge/room/import.ts";
import type { RoomMessage } from "../../../host-bridge/room/message.ts";
import { Store } from "../../../host-bridge/room/store.ts";
import { Scratch } from "../scratch.ts";
import { entry, sample } from "./store-bench.ts";

const scratch = new Scratch();
const guid = (n: number): string => `00000000-0000-8000-8000-${String(n).padStart(12, "0")}`;

describe("history as files", () => {
  let stores: Store[];
  let dir: string;
  let store: Store;

  const open = (at: string, ...names: string[]): Store => {
    const opened = Store.open(at);
    stores.push(opened);
    opened.setRooms(
      names.map((name) => ({ name, maxHistory: 2000 })),
      0,
    );
    return opened;
  };
  const message = (n: number, fields: Partial<RoomMessage> = {}): RoomMessage =>
    sample(guid(n), { receivedAt: 1_700_000_000_000 + n, ...fields });

  beforeEach(() => {
    stores = [];
    dir = scratch.dir();
    store = open(dir, "A", "B");
    store.write(Array.from({ length: 1203 }, (_, i) => entry(message(i + 1))));
    const post = { room: "B", via: "client", rssi: null, snr: null, hops: null, board: null } as const;
    store.write([entry(message(5000, { ...post, text: "héй \u2028 🚀\n\u0001", sender: "" }))]);
    const { receivedAt } = message(1);
    store.write([entry(message(1, { board: "b2", rssi: -99, snr: -3.25, receivedAt: receivedAt + 7 }))]);
  });

  afterEach(() => {
    for (const each of stores) each.close();
    scratch.clean();
  });

  const exported = (room: string | null): string => {
    let text = "";
    exportHistory(dir, room, 0, (part) => {
      text += part;
    });
    return text;
  };
  const fileOf = (text: string): string => {
    const file = join(scratch.dir(), "export.jsonl");
    writeFileSync(file, text);
    return file;
  };
  const bring = (file: string, into: Store) =>
    importHistory(
      file,
      (room, messages) => into.importMessages(room, messages),
      () => undefined,
    );
  const all = (of: Store, room: string): RoomMessage[] => of.history(room, { limit: 5000 });
  const guids = (of: Store, room = "A"): string[] => all(of, room).map((one) => one.guid);

  it("brings every field of every message over, while the other store is in use", () => {
    const other = open(scratch.dir(), "A", "B");
    const file = fileOf(exported(null));
    assert.deepEqual(bring(file, other), { rooms: 2, messages: 1204, added: 1204 });
    for (const room of ["A", "B"]) assert.deepEqual(all(other, room), all(store, room));
    assert.equal(all(other, "A")[0].receptions?.length, 2);
    assert.equal(other.countMessages("A"), 1203);
    assert.equal(other.hasSeen(guid(7)), true);
    assert.equal(other.history("A", { limit: 1, grep: `text ${guid(77)}` })[0].guid, guid(77));
  });

  it("adds nothing the second time, and after an interruption what is lacking", () => {
    const other = open(scratch.dir(), "A", "B");
    const file = fileOf(exported(null));
    let calls = 0;
    const interrupted = (room: string, messages: RoomMessage[]): number => {
      if (calls++ > 0) throw new Error("pulled the plug");
      return other.importMessages(room, messages);
    };
    assert.throws(() => importHistory(file, interrupted, () => undefined), /plug/);
    assert.equal(bring(file, other).added, 1);
    assert.equal(bring(file, other).added, 0);
    assert.deepEqual(all(other, "A"), all(store, "A"));
  });

  it("puts older and newer messages into the order of their arrival, and prunes the oldest", () => {
    const other = Store.open(scratch.dir());
    stores.push(other);
    other.setRooms([{ name: "A", maxHistory: 4 }], 0);
    for (const n of [900, 1300]) other.write([entry(message(n))]);
    bring(fileOf(exported("A")), other);
    assert.deepEqual(guids(other), [1201, 1202, 1203, 1300].map(guid));
    assert.equal(other.countMessages("A"), 4);
    assert.deepEqual(
      other.history("A", { limit: 9, grep: "0-8000-000000001" }).map((one) => one.guid),
      guids(other),
    );
    other.write([entry(message(1)), entry(message(2000))]);
    assert.deepEqual(guids(other), [1202, 1203, 1300, 2000].map(guid));
    assert.ok(all(other, "A").every(({ receptions }) => receptions?.length === 1));
  });

  it("exports one room, and what is no longer configured", () => {
    store.setRooms([{ name: "A", maxHistory: 2000 }], 0);
    const lines = exported("B").trimEnd().split("\n");
    assert.equal(lines.length, 3);
    assert.equal(JSON.parse(lines[1]).guid, guid(5000));
    assert.throws(
      () => exported("C"),
      (error) =>
        error instanceof RoomError && error.code === "unknown_room" && /one of "A", "B"/.test(`${error.expected}`),
    );
  });

  it("takes nothing from a file that is damaged anywhere, and names the line", () => {
    const good = exported(null);
    const lines = good.trimEnd().split("\n");
    const edit = (at: number, change: (line: string) => string): string =>
      `${lines.map((line, i) => (i === at ? change(line) : line)).join("\n")}\n`;
    const cases: [string, string, number][] = [
      ["cut off in a line", good.slice(0, 2000), good.slice(0, 2000).split("\n").length],
      ["cut off between lines", `${lines.slice(0, 100).join("\n")}\n`, 100],
      ["a changed text", edit(9, (line) => line.replace("text 0", "tExt 0")), 1206],
      ["a lost line", `${lines.filter((_, i) => i !== 9).join("\n")}\n`, 1205],
      ["no JSON", edit(4, () => "{"), 5],
      ["a bad GUID", edit(4, (line) => line.replace(guid(4), "x")), 5],
      ["a missing field", edit(4, (line) => line.replace('"sender"', '"sendre"')), 5],
      ["something behind the end", `${good}{}\n`, 1207],
      ["another kind of file", "hello\n", 1],
      ["an empty file", "", 0],
      ["no head", `${lines.slice(1).join("\n")}\n`, 1],
    ];
    const other = open(scratch.dir(), "A", "B");
    for (const [what, text, line] of cases) {
      const file = fileOf(text);
      assert.throws(
        () => bring(file, other),
        (error) => {
          assert.ok(error instanceof RoomError, `${what}: ${error}`);
          assert.deepEqual([error.code, error.message], ["bad_export", `${file}:${line}`], what);
          return true;
        },
      );
    }
    assert.deepEqual(guids(other), []);
    const newer = fileOf(good.replace('"format":1', '"format":2'));
    assert.throws(() => bring(newer, other), /newer version/);
    assert.throws(() => bring(join(dir, "none"), other), /cannot be read/);
  });

  it("backs up what is there while it is written to, for this user alone, and verifies it", () => {
    const file = join(scratch.dir(), "backup.sqlite");
    const facts = backup(dir, file);
    store.write([entry(message(9000))]);
    assert.deepEqual({ ...facts, bytes: 0 }, { rooms: 2, messages: 1204, bytes: 0 });
    assert.equal(statSync(file).size, facts.bytes);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.throws(() => backup(dir, file), /is there already/);
    const restored = scratch.dir();
    writeFileSync(join(restored, "history.sqlite"), readFileSync(file));
    const again = open(restored, "A", "B");
    assert.deepEqual([...guids(again), guid(9000)], guids(store));
  });

  it("leaves no backup behind that is not whole", () => {
    const target = scratch.dir();
    const file = join(target, "backup.sqlite");
    assert.throws(() => backup(scratch.dir(), file), /there is no history/);
    assert.throws(() => backup(dir, join(target, "no", "such")), RoomError);
    store.close();
    const path = join(dir, "history.sqlite");
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 8192, bytes.length - 8192);
    writeFileSync(path, bytes);
    assert.throws(
      () => backup(dir, file),
      (error) => error instanceof RoomError && ["store_corrupt", "backup_damaged"].includes(error.code),
    );
    assert.deepEqual(readdirSync(target), []);
    assert.equal(existsSync(file), false);
  });

  it("refuses to read a file of an older or a newer version, with the remedy", () => {
    store.close();
    const db = new DatabaseSync(join(dir, "history.sqlite"));
    for (const [version, code] of [
      [1, "store_older"],
      [99, "store_newer"],
    ] as const) {
      db.exec(`PRAGMA user_version = ${version}`);
      assert.throws(
        () => exported(null),
        (error) => error instanceof RoomError && error.code === code && error.hint !== undefined,
      );
    }
    db.close();
  });

  it("reads empty lines and a last line without its newline", () => {
    const file = fileOf(exported("B").trimEnd());
    appendFileSync(file, "\n\n");
    assert.equal(bring(file, open(scratch.dir(), "B")).added, 1);
  });
});
