import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../../host-bridge/config/load.ts";
import { roomKey } from "../../host-bridge/config/room-key.ts";
import { createLog } from "../../host-bridge/log.ts";
import { makeRoom } from "../../host-bridge/room/rooms.ts";
import { type Daemon, runDaemon } from "../../host-bridge/run.ts";
import { start } from "./cli/start.ts";
import { roomConfig } from "./room/rooms-bench.ts";
import { Scratch } from "./scratch.ts";
import { proof, TestClient } from "./web/server-bench.ts";

const CLUB = "a psk that is long enough";
const rooms = (...lines: string[]): string => `rooms:\n${lines.map((line) => `  - ${line}\n`).join("")}`;
const OPEN = "{ name: Open }";
const club = (psk: string, more = ""): string => `{ name: Club, psk: "${psk}"${more} }`;

describe("reloading the configuration", () => {
  const scratch = new Scratch();
  let daemon: Daemon;
  let file: string;
  let lines: string[];
  const clients: TestClient[] = [];
  const load = (): LoadedConfig => loadConfig([file], {});

  const begin = async (text: string): Promise<void> => {
    const folder = scratch.dir();
    file = join(folder, "room.yaml");
    lines = [];
    write(`data_dir: ${folder}\n${text}`);
    const { config } = load();
    const log = createLog({ ...config.log, write: (line) => lines.push(line.trimEnd()) });
    daemon = await runDaemon(config, log);
    lines.length = 0;
  };
  const write = (text: string): void => {
    const rest = text.includes("data_dir") ? text : `data_dir: ${join(file, "..")}\n${text}`;
    writeFileSync(file, rest.includes("listen") ? rest : `listen: 127.0.0.1:0\n${rest}`, { mode: 0o600 });
  };
  /** Writes the file, reloads, and gives the log's lines. */
  const reload = async (text: string): Promise<string[]> => {
    write(text);
    lines.length = 0;
    await daemon.reload(load);
    return lines;
  };
  const client = async (): Promise<{ ann: TestClient; nonce: string }> => {
    const ann = new TestClient(daemon.url);
    clients.push(ann);
    const { nonce } = await ann.hello("Ann");
    return { ann, nonce: String(nonce) };
  };
  const clubProof = async (psk: string, nonce: string): Promise<string> =>
    proof(makeRoom(roomConfig("Club"), await roomKey("Club", psk)), nonce);

  afterEach(async () => {
    for (const one of clients.splice(0)) one.socket.terminate();
    await daemon.stop();
    scratch.clean();
  });

  it("adds and removes rooms, and who is in another one notices nothing", async () => {
    await begin(rooms(OPEN, club(CLUB)));
    const { ann } = await client();
    await ann.ask({ type: "join", room: "Open" });
    assert.deepEqual(await reload(rooms(OPEN, "{ name: New }")), [
      "[INFO] configuration reloaded: 1 room added, 1 room removed",
    ]);
    assert.equal((await ann.ask({ type: "join", room: "New" })).type, "joined");
    assert.equal((await ann.ask({ type: "join", room: "Club" })).code, "unknown_room");
    ann.send({ type: "post", room: "Open", text: "still here" });
    const types = [await ann.next(), await ann.next()].map(({ type }) => type);
    assert.deepEqual(types.sort(), ["message", "posted"]);
  });

  it("gives a room another key: the old proof fails, the new one is good, and no client is dropped", async () => {
    await begin(rooms(OPEN, club(CLUB)));
    const { ann, nonce } = await client();
    const join = async (psk: string) =>
      ann.ask({ type: "join", room: "Club", proof: await clubProof(psk, nonce), limit: 0 });
    assert.equal((await join(CLUB)).type, "joined");
    const said = await reload(rooms(OPEN, club(`${CLUB} 2`)));
    assert.equal(said.at(-1), "[INFO] configuration reloaded: 1 room with another key");
    assert.ok(!said.join().includes(CLUB));
    assert.equal(ann.socket.readyState, ann.socket.OPEN);
    // What the server tells the members of the room may stand before the answers.
    const answers: unknown[] = [];
    for (const psk of [CLUB, `${CLUB} 2`]) {
      let answer = await join(psk);
      while (answer.type !== "error" && answer.type !== "joined") answer = await ann.next();
      answers.push(answer.code ?? answer.type);
    }
    assert.deepEqual(answers, ["proof_failed", "joined"]);
  });

  it("changes a room's switches", async () => {
    await begin(rooms(OPEN));
    const { ann } = await client();
    const said = await reload(rooms("{ name: Open, read_only: true, topic: quiet }"));
    assert.deepEqual(said, ["[INFO] configuration reloaded: 1 room changed"]);
    await ann.ask({ type: "join", room: "Open" });
    assert.equal((await ann.ask({ type: "post", room: "Open", text: "x" })).code, "read_only");
  });

  it("changes nodes and alerts", async () => {
    await begin(rooms(OPEN));
    assert.deepEqual(await reload(`${rooms(OPEN)}nodes: { max: 5 }\n`), ["[INFO] configuration reloaded: nodes"]);
    const hours = "alerts: { webhook: 'https://a.example/', quiet_hours: '22:00-07:00' }";
    assert.deepEqual(await reload(`${rooms(OPEN)}${hours}\n`), ["[INFO] configuration reloaded: nodes, alerts"]);
    assert.deepEqual(await reload(rooms(OPEN)), ["[INFO] configuration reloaded: alerts"]);
  });

  it("changes the limits of clients", async () => {
    await begin(rooms(OPEN));
    const said = await reload(`${rooms(OPEN)}clients: { rate_limit: { burst: 1, messages_per_minute: 1 } }\n`);
    assert.deepEqual(said, ["[INFO] configuration reloaded: clients"]);
    const { ann } = await client();
    await ann.ask({ type: "join", room: "Open", limit: 0 });
    const seen: unknown[] = [];
    for (const text of ["one", "two"]) ann.send({ type: "post", room: "Open", text });
    while (seen.length < 3) {
      const frame = await ann.next();
      seen.push(frame.code ?? frame.type);
    }
    assert.deepEqual(seen.sort(), ["message", "posted", "rate_limited"]);
  });

  it("changes the level of the log, with a line of it at the less quiet level", async () => {
    await begin(`${rooms(OPEN)}log: { level: warn }\n`);
    assert.deepEqual(await reload(`${rooms(OPEN)}log: { level: info }\n`), [
      "[INFO] configuration reloaded: log.level info",
    ]);
    assert.deepEqual(await reload(`${rooms(OPEN)}log: { level: error }\n`), [
      "[INFO] configuration reloaded: log.level error",
    ]);
    assert.deepEqual(await reload(rooms(OPEN, "{ name: B }")), [
      "[INFO] configuration reloaded: 1 room added, log.level info",
    ]);
  });

  it("names what needs a restart, and keeps it as it was; authentication too, where it followed the address", async () => {
    await begin(`${rooms(OPEN)}clients: { auth: optional }\n`);
    const before = daemon.url;
    const text = `${rooms(OPEN)}listen: 0.0.0.0:0
log: { format: json }
name: other
boards: [{ type: serial, path: /dev/nowhere }]
`;
    assert.deepEqual(await reload(text), [
      "[INFO] configuration reloaded: nothing new that takes effect now",
      "[WARN] needs a restart, and is as it was until then: name, listen, boards, log.format, clients.auth",
    ]);
    assert.equal(daemon.url, before);
    assert.equal((await fetch(`${before}/status`)).status, 200);
    await client();
    // Put back, nothing is left to say.
    const said = await reload(rooms(OPEN));
    assert.deepEqual(said, ["[INFO] configuration reloaded: nothing new that takes effect now"]);
  });

  const broken: [title: string, text: string, line: RegExp][] = [
    ["does not parse", "rooms: [", /^\[ERROR\] .*room\.yaml:\d+: expected a closing quote or bracket; close what/],
    [
      "has an unknown key",
      `${rooms(OPEN)}  - { nam: B }\n`,
      /^\[ERROR\] .*room\.yaml:\d: rooms\[1\]\.nam: expected one of .*; did you mean name\?$/,
    ],
    [
      "has two rooms of one key",
      rooms(club("00112233445566778899aabbccddeeff"), '{ name: B, psk: "00112233445566778899aabbccddeeff" }'),
      /^\[ERROR\] .*rooms\[1\]\.psk: expected a channel key of its own/,
    ],
    ["names a psk's file that is gone", rooms("{ name: Open, psk_file: /nowhere/psk }"), /^\[ERROR\] .*nothing there/],
  ];
  for (const [title, text, line] of broken) {
    it(`leaves everything as it was when the file ${title}`, async () => {
      await begin(rooms(OPEN, club(CLUB)));
      const { ann, nonce } = await client();
      const [first, last, ...more] = await reload(`${text}log: { level: error }\n`.replace(/\[log.*/, "["));
      assert.match(first, line);
      assert.equal(last, "[ERROR] the configuration was not reloaded: everything is as it was");
      assert.deepEqual(more, []);
      const answer = await ann.ask({ type: "join", room: "Club", proof: await clubProof(CLUB, nonce) });
      assert.equal(answer.type, "joined");
    });
  }

  it("tells whether it was done, and does requests that come together one after the other", async () => {
    await begin(rooms(OPEN));
    write(rooms("{ name: A, psk: one passphrase to derive }"));
    const first = daemon.reload(load);
    write(rooms("{ name: B, psk: another to derive }"));
    const [second, third] = [daemon.reload(load), daemon.reload(load)];
    assert.deepEqual(await Promise.all([first, second, third]), [true, true, true]);
    write("rooms: [");
    assert.equal(await daemon.reload(load), false);
    const names = lines.filter((line) => line.includes("reloaded:"));
    assert.ok(names.length <= 2, "three requests need at most two reloads");
    const { ann } = await client();
    assert.equal((await ann.ask({ type: "join", room: "A" })).code, "unknown_room");
    assert.equal((await ann.ask({ type: "join", room: "B" })).code, "proof_failed");
  });
});

describe("meshcore-room run", () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  it("reloads at SIGHUP and goes on", async () => {
    const folder = scratch.dir();
    const file = join(folder, "room.yaml");
    const write = (text: string): void =>
      writeFileSync(file, `listen: 127.0.0.1:0\ndata_dir: ${folder}\n${text}`, { mode: 0o600 });
    write(rooms(OPEN));
    const run = start(["run", "--config", file]);
    await run.until("out", "Ctrl-C stops it");
    write(rooms(OPEN, "{ name: B }"));
    run.hangup();
    await run.until("out", "[INFO] configuration reloaded: 1 room added");
    const url = /http:\S+/.exec(run.run.out)?.[0] ?? "";
    const list = (await (await fetch(`${url}/api/v1/rooms`)).json()) as { rooms: { name: string }[] };
    assert.deepEqual(
      list.rooms.map(({ name }) => name),
      ["Open", "B"],
    );
    run.interrupt();
    assert.equal((await run.done).code, 0);
  });
});
