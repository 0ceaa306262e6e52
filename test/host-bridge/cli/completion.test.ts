import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Scratch } from "../scratch.ts";
import { command } from "./start.ts";

/** Shells that are not there are skipped by name. */
const has = (shell: string): boolean => spawnSync(shell, ["-c", "true"]).status === 0;

describe("shell completion", () => {
  const scratch = new Scratch();
  let folder: string;
  before(async () => {
    folder = scratch.dir();
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, out, err } = await command(["completion", shell]);
      assert.deepEqual([code, err], [0, ""]);
      writeFileSync(join(folder, shell), out);
    }
    // The daemon's rooms, as `meshcore-room rooms` prints them into a pipe.
    const fake = join(folder, "meshcore-room");
    writeFileSync(fake, "#!/bin/sh\nprintf 'Open\\tpublic\\nOld Town\\tpublic\\n'\n");
    chmodSync(fake, 0o755);
  });
  after(() => scratch.clean());

  const run = (shell: string, script: string): string => {
    const env = { ...process.env, HOME: folder, PATH: `${folder}${delimiter}${process.env["PATH"]}` };
    const done = spawnSync(shell, ["-c", script], { encoding: "utf8", env, cwd: folder });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
  };
  /** What is offered for the last of `words`. */
  const offers: Record<string, (words: string[]) => string[]> = {
    bash: (words) => {
      const list = words.map((word) => `'${word}'`).join(" ");
      // compopt works only inside of a real completion.
      const script = `compopt() { :; }; source ./bash; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _meshcore_room; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return run("bash", script).trim().split("\n");
    },
    fish: (words) =>
      run("fish", `source ./fish; complete -C '${words.join(" ")}'`)
        .trim()
        .split("\n")
        .map((line) => line.split("\t")[0]),
  };

  const cases: [title: string, words: string[], expected: string[]][] = [
    ["commands", ["meshcore-room", "st"], ["status"]],
    ["the long options of a command", ["meshcore-room", "check", "--st"], ["--strict"]],
    ["rooms of the running daemon", ["meshcore-room", "tail", "O"], ["Old Town", "Open"]],
    ["rooms after an option with a value", ["meshcore-room", "tail", "--limit", "3", "Op"], ["Open"]],
    ["files after an option that takes one", ["meshcore-room", "run", "--config", "zs"], ["zsh"]],
  ];
  for (const [shell, offer] of Object.entries(offers)) {
    describe(shell, () => {
      before(function () {
        if (!has(shell)) {
          this.test!.parent!.title += ` (${shell} not found)`;
          this.skip();
        }
      });
      for (const [title, words, expected] of cases) {
        it(`offers ${title}`, () => assert.deepEqual(offer(words).sort(), expected));
      }
      it("offers no room where none belongs", () => {
        assert.ok(!offer(["meshcore-room", "status", "O"]).includes("Open"));
      });
    });
  }

  it("the script for zsh is read without an error (zsh)", function () {
    if (!has("zsh")) this.skip();
    assert.equal(run("zsh", "zsh -n ./zsh"), "");
  });

  it("a shell that is not known is told which are", async () => {
    const { code, err } = await command(["completion", "powershell"]);
    assert.equal(code, 2);
    assert.equal(
      err,
      'Error: SHELL: expected bash, zsh or fish, found "powershell"\nTry: meshcore-room completion bash\n',
    );
  });
});
