import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../../host-bridge/config/load.ts";
import { exitCode, printError, RoomErrorList } from "../../../host-bridge/errors.ts";
import { Scratch } from "../scratch.ts";
import { complaints, load } from "./files.ts";

const places = (files: Record<string, string>): string[] =>
  complaints(files)
    .filter((line) => line.startsWith("Error: "))
    .map((line) => line.slice(7).split(": ").slice(0, 2).join(" "));

describe("problems of a configuration", () => {
  it("are all told at once, in the order of the file", () => {
    const text = `frobnicate: 1
listen: nowhere
rooms:
  - name: A
    max_histroy: 5
    read_only: maybe
  - name: A
    psk: 5
boards:
  - { type: sim, model: nothing }
  - { type: cereal }
radio:
  spreading_factor: 20
`;
    assert.deepEqual(places({ "a.yaml": text }), [
      "a.yaml:1 frobnicate",
      "a.yaml:2 listen",
      "a.yaml:5 rooms[0].max_histroy",
      "a.yaml:6 rooms[0].read_only",
      "a.yaml:7 rooms[1].name",
      "a.yaml:8 rooms[1].psk",
      "a.yaml:11 boards[1].type",
      "a.yaml:13 radio.spreading_factor",
    ]);
  });

  it("call a key with a slip unknown, and not its right spelling missing as well", () => {
    assert.deepEqual(places({ "a.yaml": "rooms:\n  - nam: A\n  - psk: x\n" }), [
      "a.yaml:2 rooms[0].nam",
      "a.yaml:3 rooms[1].name",
    ]);
  });

  it("name the file that the value came from", () => {
    const files = {
      "a.yaml": "rooms:\n  - { name: A, max_history: 1 }\nlisten: x\n",
      "b.toml": "[[rooms]]\nname = 'A'\nmax_history = 0\n",
    };
    assert.deepEqual(places(files), ["a.yaml:3 listen", "b.toml:3 rooms[0].max_history"]);
  });

  it("a later file can put right what an earlier one has wrong", () => {
    assert.throws(
      () => complaints({ "a.yaml": "listen: x\n", "b.yaml": "listen: 127.0.0.1:1\n" }),
      /the configuration loads/,
    );
  });

  it("of the syntax of several files are told together, without guesses about the rest", () => {
    assert.deepEqual(places({ "a.yaml": "name: 'A\n", "b.toml": "name = A\n", "c.yaml": "listen: x\n" }), [
      "a.yaml:1 expected a closing quote or bracket",
      "b.toml:1 expected valid TOML, found unexpected character",
    ]);
  });

  it("end the program with code 2", () => {
    assert.throws(
      () => loadConfig(["/nowhere/a.yaml"], {}),
      (error) => {
        assert.ok(error instanceof RoomErrorList);
        assert.deepEqual(
          [error.code, error.message, exitCode(error)],
          ["bad_config", "1 problem in the configuration", 2],
        );
        assert.equal(
          printError(error),
          "Error: /nowhere/a.yaml: expected a readable file, found nothing there\nTry: check the path",
        );
        return true;
      },
    );
  });

  it("a folder is no file", () => {
    const scratch = new Scratch();
    const folder = scratch.dir();
    const named = join(folder, "room.yaml");
    mkdirSync(named);
    try {
      assert.throws(
        () => loadConfig([named], {}),
        (error) =>
          printError(error) ===
          `Error: ${named}: expected a readable file, found a directory\nTry: name the file in it`,
      );
    } finally {
      scratch.clean();
    }
  });

  it("a file that is not UTF-8 is refused", () => {
    assert.deepEqual(complaints({ "a.yaml": Uint8Array.of(0x6e, 0x3a, 0x20, 0xff, 0x0a) }), [
      "Error: a.yaml: expected text in UTF-8",
      "Try: save the file as UTF-8",
    ]);
  });

  it("quote no more than the start of a long value, and no control character", () => {
    const [line] = complaints({ "a.yaml": `log: { level: "${"x".repeat(500)}" }\n` });
    assert.ok(line.length < 200 && line.endsWith('xxx..."'), line);
    assert.match(complaints({ "a.yaml": 'log: { level: "\\e[2J\\x9b" }\n' })[0], /found "\\u001b\[2J\\u009b"$/);
  });

  it("a path inside of a long TOML text stays as it is, beside one that needs its quotes", () => {
    const { config } = load({ "a.toml": 'name = """\nx = /etc/passwd"""\ndata_dir = /srv/rooms\n' });
    assert.deepEqual([config.name, config.dataDir], ["x = /etc/passwd", "/srv/rooms"]);
  });

  it("aliases that multiply without end are refused", () => {
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}*a${n}]`);
    assert.match(complaints({ "a.yaml": `a0: &a0 x\n${levels.join("\n")}\n` })[0], /at most 100000 values in a file/);
  });
});
