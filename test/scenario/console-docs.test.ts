import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandsWith, findCommand } from "../../firmware/parts/commands.ts";
import { fixedAnswer } from "../../firmware/parts/get-command.ts";
import { HELP } from "../../firmware/parts/help-command.ts";
import { settingRow } from "../../firmware/parts/setting-keys.ts";

const read = (path: string): string => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
const cases = (path: string): string[] => [...read(path).matchAll(/^ {4}case "(.{3,})":$/gm)].map((match) => match[1]);

/** Every command as the table has it, with `$` where it ends with the word. */
const COMMANDS = cases("firmware/parts/commands.ts").flatMap((letters) =>
  commandsWith(letters)
    .split("\n")
    .slice(1)
    .map((row) => row.split("=")[0].trim()),
);
const KEYS = cases("firmware/parts/setting-keys.ts");
const FIXED = cases("firmware/parts/get-command.ts");

describe("console: documentation", () => {
  const page = read("docs/console.md");
  const [, commands, settings] = page.split(/^## (?:Commands|Settings)$/m);
  const named = (text: string): string[] =>
    [...text.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, each]) => each),
    );

  it("has a row for every command, and none for what is no command", () => {
    const rows = named(commands);
    const isIn = (command: string): boolean => rows.some((row) => row === command || row.startsWith(`${command} `));
    const own = ["get", "set"];
    assert.deepEqual(
      COMMANDS.filter((each) => !own.includes(each) && !isIn(each)),
      [],
    );
    // A row's own words as somebody types them.
    const typed = rows.map((row) => row.replace("$", "").replace("region ...", "region").replace(/ \[.*/, ""));
    assert.deepEqual(
      typed.filter((line) => !findCommand(`${line} x`)[1] && line !== "repl"),
      [],
    );
  });

  it("has a row for every key of get and set, and none for what is no key", () => {
    const rows = named(settings.split("Only to get")[0]);
    assert.deepEqual(
      KEYS.filter((key) => !rows.includes(key)),
      [],
    );
    assert.deepEqual(
      rows.filter((key) => !settingRow(key) && key !== "prv.key"),
      [],
    );
    for (const key of KEYS) assert.ok(settingRow(key), key);
  });

  it("names every key that is only there to get", () => {
    for (const key of FIXED) {
      assert.ok(fixedAnswer(key), key);
      assert.ok(settings.includes(`\`${key}\``), key);
    }
  });

  it("every error that the table of settings has is in the page", () => {
    for (const key of KEYS) {
      const columns = (Object.values(settingRow(key) ?? {})[0] as string).split("|");
      const error = columns.find((column) => /err/i.test(column));
      if (error) assert.ok(settings.includes(`\`${error}\``), error);
    }
  });

  it("help names every command that does something here, and every key", () => {
    const help = HELP.join("\n");
    const none =
      /^(poweroff|shutdown|start ota|password|setperm|get acl|sensor|powersaving|log|clock sync|get|set|help)/;
    for (const command of COMMANDS)
      if (!none.test(command)) assert.ok(help.includes(command.replace("$", "")), command);
    for (const key of KEYS) assert.ok(help.includes(key), key);
    const begins = HELP.map((line) => line.split("  ")[0]);
    assert.deepEqual(
      begins.filter((begin, i) => begins.indexOf(begin) < i),
      [],
      "each once",
    );
  });
});
