import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Scratch } from "../scratch.ts";
import { FakeDaemon } from "./daemon.ts";
import { command, start } from "./start.ts";

// scrypt("club secret words", "meshcore-room:Club") by Python's hashlib; the rest as in room-key.test.ts.
const CLUB_PSK = "club secret words";
const CLUB_KEY = Buffer.from("481c3aea9751dab967e6bcbc34ea5cb0", "hex");

describe("command line", () => {
  let daemon: FakeDaemon;
  const scratch = new Scratch();
  let folder: string;
  let at: string[];

  beforeEach(async () => {
    daemon = new FakeDaemon([
      { name: "Open", key: null },
      { name: "Club", key: CLUB_KEY },
    ]);
    await daemon.start();
    at = ["--url", daemon.url];
    folder = scratch.dir();
    writeFileSync(join(folder, "a.yaml"), `rooms:\n  - name: Open\n  - { name: Club, psk: "${CLUB_PSK}" }\n`);
    writeFileSync(join(folder, "psk"), `${CLUB_PSK}\n`);
    writeFileSync(join(folder, "wrong"), "another passphrase\n");
  });

  afterEach(async () => {
    await daemon.stop();
    scratch.clean();
  });

  describe("send", () => {
    it("posts the words as one text under the name and prints the guid", async () => {
      const run = await command(["send", "Open", "hello", "мир 🌍", "--name", "Alice", ...at]);
      assert.deepEqual(run, { code: 0, out: "11111111-2222-8333-8444-555555555555\n", err: "" });
      assert.equal(daemon.said[0]["name"], "Alice");
      assert.equal(daemon.said[2]["text"], "hello мир 🌍");
    });

    it("takes the daemon from MESHCORE_ROOM_URL", async () => {
      const run = await command(["send", "Open", "hi", "--json"], { env: { MESHCORE_ROOM_URL: `${daemon.url}/` } });
      assert.deepEqual([run.code, JSON.parse(run.out)], [0, { guid: "11111111-2222-8333-8444-555555555555" }]);
    });

    it("proves a private room's key from the configuration, a file, or the environment", async () => {
      for (const [args, env] of [
        [["--config", join(folder, "a.yaml")], {}],
        [["--psk-file", join(folder, "psk")], {}],
        [[], { MESHCORE_ROOM_PSK: CLUB_PSK }],
      ] as const) {
        const run = await command(["send", "Club", "hi", ...at, ...args], { env });
        assert.deepEqual([run.code, run.err], [0, ""]);
      }
    });

    it("sends no proof and needs no key for a public room", async () => {
      await command(["send", "Open", "hi", ...at]);
      assert.deepEqual(daemon.said[1], { type: "join", room: "Open", limit: 1 });
    });

    const failures: [title: string, args: () => string[], code: number, error: RegExp, hint: RegExp][] = [
      [
        "an unknown room",
        () => ["Opne", "hi"],
        1,
        /no such room at this daemon: expected one of "Open", "Club", found "Opne"/,
        /meshcore-room rooms/,
      ],
      [
        "a wrong psk",
        () => ["Club", "hi", "--psk-file", join(folder, "wrong")],
        1,
        /the proof is wrong/,
        /check the room's psk/,
      ],
      [
        "a private room without a key",
        () => ["Club", "hi"],
        1,
        /the room "Club" is private, and .*demo\.yaml has no psk for it/,
        /--psk-file/,
      ],
      [
        "a psk file that is not there",
        () => ["Club", "hi", "--psk-file", "/nowhere/psk"],
        2,
        /expected a readable file, found ENOENT/,
        /check the path/,
      ],
      ["an empty text", () => ["Open", " "], 2, /expected a text, found nothing/, /meshcore-room send/],
      ["no text", () => ["Open"], 2, /missing required argument 'text'/, /meshcore-room help/],
      [
        "a broken configuration",
        () => ["Club", "hi", "--config", join(folder, "psk")],
        2,
        /expected a file ending in/,
        /rename/,
      ],
    ];
    for (const [title, args, code, error, hint] of failures) {
      it(`tells ${title}`, async () => {
        const run = await command(["send", ...args(), ...at]);
        const [first, second] = run.err.split("\n");
        assert.deepEqual([run.code, run.out], [code, ""]);
        assert.match(first, /^Error: /);
        assert.match(first, error);
        assert.match(second, /^Try: /);
        assert.match(second, hint);
      });
    }

    it("tells what the daemon refuses, and what helps", async () => {
      daemon.answer = (message) =>
        message["type"] === "post"
          ? { type: "error", code: "rate_limited", message: "too fast", retry_after_s: 2.4, ref: "1" }
          : undefined;
      assert.deepEqual(await command(["send", "Open", "hi", ...at]), {
        code: 1,
        out: "",
        err: "Error: too fast\nTry: again in 3 s\n",
      });
      daemon.answer = (message) =>
        message["type"] === "post" ? { type: "error", code: "too_long", message: "161 bytes" } : undefined;
      assert.match((await command(["send", "Open", "hi", ...at])).err, /^Error: 161 bytes\nTry: a shorter text/);
    });
  });

  describe("history", () => {
    it("prints the last messages, oldest first, and asks for no more than the limit", async () => {
      for (let n = 1; n <= 4; n++) daemon.hear("Open", "Bob", `text ${n}`);
      const run = await command(["history", "Open", "--limit", "2", ...at]);
      assert.deepEqual(run, {
        code: 0,
        out: "2026-09-21T14:13:20Z Bob: text 3\n2026-09-21T14:13:20Z Bob: text 4\n",
        err: "",
      });
      assert.equal(daemon.said[1]["limit"], 2);
    });

    it("--grep shows what has the text in it", async () => {
      for (const text of ["hay", "a needle", "hay"]) daemon.hear("Open", "Bob", text);
      const run = await command(["history", "Open", "--grep", "needle", ...at]);
      assert.equal(run.out, "2026-09-21T14:13:20Z Bob: a needle\n");
    });

    it("--json is one array of the message objects", async () => {
      daemon.hear("Open", "Bob", "text");
      const { out } = await command(["history", "Open", "--json", ...at]);
      assert.deepEqual(JSON.parse(out), daemon.history);
      daemon.history.length = 0;
      assert.deepEqual(JSON.parse((await command(["history", "Open", "--json", ...at])).out), []);
    });

    it("shows a person the local time, the way and the signal, and no control characters", async () => {
      daemon.hear("Open", "Bo\u001bb", "a\nb");
      const { out } = await command(["history", "Open", ...at], { isTty: true, env: { NO_COLOR: "1" } });
      assert.match(out, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}Bo\\u001bb: a\\u000ab {2}\(radio, 2 hops, -71 dBm\)\n$/);
    });

    it("refuses an impossible limit", async () => {
      for (const limit of ["0", "x", "1.5", "100001", "-1"]) {
        const run = await command(["history", "Open", `--limit=${limit}`, ...at]);
        assert.equal(run.code, 2, limit);
        assert.match(run.err, /^Error: --limit: expected a whole number from 1 to 100000, found ".*"\nTry: /);
      }
    });
  });

  describe("tail", () => {
    it("prints the history, then what comes, until Ctrl-C", async () => {
      daemon.hear("Open", "Bob", "before");
      const tail = start(["tail", "Open", ...at]);
      await tail.until("out", "before");
      daemon.hear("Club", "Eve", "elsewhere");
      daemon.hear("Open", "", "without a sender");
      await tail.until("out", "sender");
      tail.interrupt();
      const run = await tail.done;
      assert.equal(run.code, 0);
      assert.equal(run.out, "2026-09-21T14:13:20Z Bob: before\n2026-09-21T14:13:20Z without a sender\n");
    });

    it("waits for a daemon that went away and prints what it missed, once", async () => {
      for (const text of ["old", "one", "two"]) daemon.hear("Club", "Bob", text);
      const tail = start(["tail", "Club", "--limit", "2", "--json", "--psk-file", join(folder, "psk"), ...at]);
      await tail.until("out", "two");
      await daemon.stop();
      await tail.until("err", "connection lost (stopping), waiting for the daemon");
      daemon.hear("Club", "Bob", "three");
      await daemon.start();
      await tail.until("err", "connected again");
      daemon.hear("Club", "Bob", "four");
      await tail.until("out", "four");
      tail.interrupt();
      const lines = (await tail.done).out.trim().split("\n");
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).text),
        ["one", "two", "three", "four"],
      );
    });

    it("ends when the room is no longer open to it", async () => {
      const tail = start(["tail", "Open", ...at]);
      daemon.hear("Open", "Bob", "x");
      await tail.until("out", "x");
      await daemon.stop();
      daemon.answer = (message) =>
        message["type"] === "join" ? { type: "error", code: "auth_required", message: "no" } : undefined;
      await daemon.start();
      const run = await tail.done;
      assert.equal(run.code, 1);
      assert.match(run.err, /Error: no\nTry: /);
    });
  });

  describe("without a daemon", () => {
    for (const args of [["status"], ["rooms"], ["send", "Open", "hi"], ["tail", "Open"], ["history", "Open"]]) {
      it(`${args[0]} says how to start one`, async () => {
        await daemon.stop();
        const run = await command([...args, ...at]);
        await daemon.start();
        assert.deepEqual([run.code, run.out], [1, ""]);
        assert.equal(
          run.err,
          `Error: no daemon answers at ${daemon.url}\nTry: npm start, or meshcore-room run --config FILE; or name another daemon with --url\n`,
        );
      });
    }

    it("something else at the address is told apart", async () => {
      const elsewhere = ["--url", `${daemon.url}/elsewhere`];
      assert.match(
        (await command(["status", ...elsewhere])).err,
        /expected a MeshCore Room daemon, found HTTP 404\nTry: check --url/,
      );
      assert.match(
        (await command(["tail", "Open", ...elsewhere])).err,
        /expected a MeshCore Room daemon, found Unexpected server response/,
      );
      daemon.answer = () => "not json";
      assert.match((await command(["tail", "Open", ...at])).err, /the daemon closed the connection/);
    });

    it("a URL that is none is bad usage", async () => {
      for (const url of ["foo", "ftp://x", "127.0.0.1:7070"]) {
        const run = await command(["status", "--url", url]);
        assert.deepEqual([run.code, run.err.split(":")[0]], [2, "Error"], url);
      }
    });
  });
});
