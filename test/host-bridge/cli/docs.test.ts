// docs/cli.md: every command in it is run as it stands there, against a real daemon, and has to answer what stands there.
// After a change:   UPDATE_DOCS=1 npx mocha test/host-bridge/cli/docs.test.ts   writes the page anew; read what it wrote.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../../host-bridge/config/load.ts";
import { silentLog } from "../../../host-bridge/log.ts";
import { type Daemon, runDaemon } from "../../../host-bridge/run.ts";
import { Scratch } from "../scratch.ts";
import { command, start } from "./start.ts";

const TOP = fileURLToPath(new URL("../../..", import.meta.url));
const PAGE = join(TOP, "docs/cli.md");
const UPDATE = process.env["UPDATE_DOCS"] === "1";

/** What lies in the folder where the page's commands are typed. */
const FILES: Record<string, string> = {
  "room.yaml": `name: Hill
listen: 127.0.0.1:0
data_dir: data
rooms:
  - { name: Riverside, description: "Everybody along the river" }
  - { name: RiversideTeam, psk: "twelve otters cross at dawn" }
`,
  "other.yaml": `name: Hill\nlisten: 127.0.0.1:0\ndata_dir: other\nrooms:\n  - { name: Riverside }\n`,
  "weak.yaml": `rooms:\n  - name: Club\n    psk: "clubsecretkey"\n`,
  "typo.yaml": `rooms:\n  - name: Riverside\n    max_histroy: 500\n`,
  "mast.yaml": `listen: 127.0.0.1:0\ndata_dir: other\nrooms:\n  - { name: Riverside }\nboards:\n  - { type: serial, id: mast, path: /dev/ttyNONE }\n`,
  "wrong.key": "not the psk of the room\n",
};

/** Commands that go on until Ctrl-C: what has been printed when it is pressed. */
const UNTIL: Record<string, string> = { run: "Ctrl-C stops it", tail: "how is the water", sim: "127.0.0.1:" };

/** These load what they need when it is needed, and tsx would load errors.ts a second time for them inside of mocha. */
const OF_THEIR_OWN = ["backup", "export", "import"];

/** What differs from run to run, in the page as in the answer. */
const VARYING: [RegExp, string][] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "3f0c9a52-7d41-4c7e-9b1e-5a2f4c1d6e80"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "2026-11-20 21:04:05"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d(?!:)/g, "2026-11-20 21:04"],
  [/mcrf1_[\w-]+/g, "mcrf1_eyJuYW1lIjoiSGlsbCIsImFkZHIiOiJhLmV4YW1wbGUub3JnOjUwMDEi"],
  [/secret: "[\w-]{32}"/g, 'secret: "0pLwq8mC3yTnV5rXh1kZ7sJd2fGbNa9e"'],
  [/mcr_[0-9a-f]{12}_[\w-]{43}/g, "mcr_139fc2216cd4_riEYHeSLoNXgH9uPv2rKvlfYM6UKxH-MJemAdkg2Hd0"],
  [/(?<![-\w])[0-9a-f]{12}(?!\w)/g, "139fc2216cd4"],
  [/\b\d{10}\b/g, "1790000000"],
  [/\bup \d+ s\b/g, "up 42 s"],
  [/"uptime_s": \d+/g, '"uptime_s": 42'],
  [/127\.0\.0\.1:\d{5}\b/g, "127.0.0.1:7070"],
  [/[\d.]+ GB free/g, "57.2 GB free"],
  // Whether the network sets the clock is each machine's own business.
  [/^(?:ok {2}|warn) {2}clock: .*(?:\n {6}Try: timedatectl.*)?$/gm, "ok    clock: it is 2026-11-20 21:04 UTC here"],
  [/^(?:ok|warn)\tclock\t.*$/gm, "ok\tclock\tit is 2026-11-20 21:04 UTC here"],
  [/\b\d+ bytes, verified/g, "45056 bytes, verified"],
];

interface Typed {
  line: string;
  answer: string;
}

/** Splits as a shell does, as far as the page needs it. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);

describe("docs/cli.md", () => {
  const scratch = new Scratch();
  const before_ = { folder: process.cwd(), isTTY: process.stdout.isTTY };
  let folder: string;
  let daemon: Daemon;
  let page = readFileSync(PAGE, "utf8");

  before(async () => {
    folder = scratch.dir();
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    process.chdir(folder);
    // commander would wrap its help at the width of the terminal that the tests run in.
    process.stdout.isTTY = false;
    daemon = await runDaemon(loadConfig(["room.yaml"], {}).config, silentLog());
  });
  after(async () => {
    await daemon?.stop();
    process.stdout.isTTY = before_.isTTY;
    process.chdir(before_.folder);
    scratch.clean();
  });

  const normal = (text: string): string => {
    const plain = text.replaceAll(`${folder}/`, "").replace(/[ \t]+$/gm, "");
    return VARYING.reduce((all, [pattern, instead]) => all.replace(pattern, instead), plain);
  };

  /** The answer to a line of the page, with standard error in it as a terminal shows it. */
  async function answerTo(line: string): Promise<string> {
    const [typed, pipe] = line.split(" | ");
    const [, ...args] = wordsOf(typed);
    // A default in a help text has to be the one that everybody has.
    const isAboutItself = args.length === 0 || ["help", "completion"].includes(args[0]) || args.includes("--help");
    const env = isAboutItself ? {} : { NO_COLOR: "1", MESHCORE_ROOM_URL: daemon.url };
    // The connection of the command before may still be closing.
    while (((await (await fetch(`${daemon.url}/status`)).json()) as { clients: number }).clients > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const told = (text: string, code: number): string => normal(text + (code === 0 ? "" : `[exit code ${code}]\n`));
    if (OF_THEIR_OWN.includes(args[0])) {
      const tsx = join(TOP, "node_modules/tsx/dist/loader.mjs");
      const words = ["--import", tsx, join(TOP, "host-bridge/cli/cli.ts"), ...args];
      return new Promise((resolve) => {
        execFile(process.execPath, words, { cwd: folder, env: { ...process.env, ...env } }, (error, out, err) =>
          resolve(told(out + err, Number(error?.code ?? 0))),
        );
      });
    }
    const started = start(args, { env, isTty: pipe === undefined });
    const until = args.includes("--config") || args[0] !== "run" ? UNTIL[args[0]] : undefined;
    if (until !== undefined) {
      const isOver = await Promise.race([started.until("out", until).then(() => false), started.done.then(() => true)]);
      if (!isOver) {
        const before = started.shown();
        started.interrupt();
        const { code } = await started.done;
        return told(`${before}^C\n${started.shown().slice(before.length)}`, code);
      }
    }
    const { code, out } = await started.done;
    const head = /^head -(\d+)$/.exec(pipe ?? "");
    return told(head === null ? started.shown() : `${out.split("\n").slice(0, Number(head[1])).join("\n")}\n`, code);
  }

  const typedIn = (block: string): Typed[] =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf("\n");
        return { line: text.slice(0, end), answer: text.slice(end + 1) };
      });
  const BLOCKS = /^```console\n([\s\S]*?)^```$/gm;

  it("shows what each command really answers", async () => {
    const differing: string[] = [];
    for (const [whole, block] of [...page.matchAll(BLOCKS)]) {
      let fresh = "```console\n";
      for (const { line, answer } of typedIn(block)) {
        const real = await answerTo(line);
        fresh += `$ ${line}\n${real}`;
        if (normal(answer) !== real) differing.push(`$ ${line}\n${real}`);
      }
      page = page.replace(whole, () => `${fresh}\`\`\``);
    }
    if (UPDATE) writeFileSync(PAGE, page);
    else assert.deepEqual(differing, [], "docs/cli.md is behind; see the top of this file");
  });

  it("has for every command its help, an answer and a failure", async () => {
    const { out } = await command(["help"]);
    const names = [...out.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name]) => name);
    assert.ok(names.length >= 13, out);
    const lacking: string[] = [];
    for (const name of names.filter((each) => each !== "meshcore")) {
      const section = page.split(/^## /m).find((text) => text.startsWith(`${name}\n`)) ?? "";
      const lines = [...section.matchAll(BLOCKS)].flatMap(([, block]) => typedIn(block));
      if (name !== "help" && !lines.some(({ line }) => line === `meshcore-room help ${name}`))
        lacking.push(`${name}: help`);
      const tried = lines.filter(({ line }) => !line.startsWith("meshcore-room help ") || name === "help");
      if (!tried.some(({ answer }) => !answer.includes("[exit code"))) lacking.push(`${name}: an answer`);
      if (!tried.some(({ answer }) => /\nTry: .*\n\[exit code [12]\]/.test(answer))) lacking.push(`${name}: a failure`);
    }
    assert.deepEqual(lacking, []);
  });

  it("a real terminal gets headings and colours, a pipe gets neither (script)", function () {
    const built = join(TOP, "dist/meshcore-room.mjs");
    if (spawnSync("script", ["--version"]).status !== 0 || !existsSync(built)) this.skip();
    const { NO_COLOR: _, ...env } = process.env;
    // The daemon lives in this process and cannot answer while spawnSync waits: a command that needs none.
    const typed = `${process.execPath} ${built} doctor --config mast.yaml`;
    const options = { encoding: "utf8" as const, env: { ...env, TERM: "xterm" }, cwd: folder };
    const onTerminal = spawnSync("script", ["-qec", typed, "/dev/null"], options).stdout;
    assert.ok(onTerminal.includes("\u001b[31mFAIL\u001b[39m  board mast: "), onTerminal);
    const inPipe = spawnSync("sh", ["-c", `${typed} | cat`], options).stdout;
    assert.match(inPipe, /^FAIL\tboard mast\t/m);
    assert.ok(!inPipe.includes("\u001b"));
  });
});
