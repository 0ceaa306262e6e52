import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BOARDS } from "../../../boards/all.ts";
import { channelUrl } from "../../../host-bridge/cli/status.ts";
import { SEED_TOML, SEED_YAML } from "../config/files.ts";
import { Scratch } from "../scratch.ts";
import { FakeDaemon } from "./daemon.ts";
import { command } from "./start.ts";

const MODELS = BOARDS.map((board) => board.id).join(", ");

const STATUS = {
  name: "Hill",
  version: "0.1.0",
  uptime_s: 7500,
  rooms: [
    { name: "Open", private: false, clients: 2, participants: 3, messages: 17, max_history: 1000 },
    { name: "Club", private: true, clients: 0, participants: 0, messages: 0, max_history: 200 },
  ],
  boards: [
    {
      ...{ id: "usb", model: "rak4631", engine: "Espruino 2v29", firmware: "0.1.0", connected: true },
      ...{ rx_packets: 12, tx_packets: 3, airtime_percent: 1.25, noise_floor_dbm: -117, tx_queue: 0 },
    },
    {
      ...{ id: "gone", model: "", engine: null, firmware: null, connected: false },
      ...{ rx_packets: 0, tx_packets: 0, airtime_percent: null, noise_floor_dbm: null, tx_queue: 0 },
    },
  ],
  federation: {
    enabled: true,
    peers: [
      {
        name: "B",
        addr: "b.example:1",
        connected: true,
        latency_ms: 12,
        queue_depth: 0,
        sent: 1,
        received: 2,
        duplicates: 3,
      },
    ],
  },
  mqtt: {
    enabled: true,
    connected: false,
    published: 5,
    brokers: [
      {
        ...{ broker: "mqtt://b.example:1883", connected: false, published: 5, queue_depth: 2 },
        ...{ dropped: 0, refused: 1, error: "connection refused" },
      },
    ],
  },
  nodes: 4,
  clients: 2,
  history_error: null,
};

describe("command line", () => {
  describe("status", () => {
    let daemon: FakeDaemon;
    before(async () => {
      daemon = new FakeDaemon([]);
      daemon.status = STATUS;
      await daemon.start();
    });
    after(() => daemon.stop());

    it("shows a person tables", async () => {
      const { code, out } = await command(["status", "--url", daemon.url], { isTty: true, env: { NO_COLOR: "1" } });
      assert.equal(code, 0);
      assert.equal(
        out,
        `Hill  version 0.1.0, up 2 h 5 min, 2 clients, 4 nodes

ROOM  ACCESS   CLIENTS  PARTICIPANTS  MESSAGES
Open  public   2        3             17 of 1000
Club  private  0        0             0 of 200

BOARD  MODEL    LINK           FIRMWARE  ENGINE         RECEIVED  SENT  AIRTIME  NOISE     QUEUE
usb    rak4631  connected      0.1.0     Espruino 2v29  12        3     1.3 %    -117 dBm  0
gone   -        not connected  -         -              0         0     -        -         0

PEER  ADDRESS      LINK       LATENCY  QUEUE  SENT  RECEIVED  DUPLICATES
B     b.example:1  connected  12 ms    0      1     2         3

MQTT  not connected, 5 published

BROKER                 LINK           PUBLISHED  QUEUE  DROPPED  REFUSED  PROBLEM
mqtt://b.example:1883  not connected  5          2      0        1        connection refused
`,
      );
    });

    it("shows that messages cannot be stored", async () => {
      daemon.status = { ...STATUS, history_error: "store_full" };
      const { out } = await command(["status", "--url", daemon.url], { isTty: true, env: { NO_COLOR: "1" } });
      assert.match(out, /4 nodes\n\nMessages are not stored now: store_full \(.*\)\n\nROOM/);
      daemon.status = STATUS;
    });

    it("--json is the daemon's own object", async () => {
      assert.deepEqual(JSON.parse((await command(["status", "--url", daemon.url, "--json"])).out), STATUS);
    });

    it("rooms parts its columns by tabs for a program and has headings for a person", async () => {
      assert.equal(
        (await command(["rooms", "--url", daemon.url])).out,
        "Open\tpublic\t2\t3\t17 of 1000\nClub\tprivate\t0\t0\t0 of 200\n",
      );
      const shown = await command(["rooms", "--url", daemon.url], { isTty: true });
      assert.ok(shown.out.startsWith("\u001b[1mROOM  ACCESS"), shown.out);
      assert.deepEqual(JSON.parse((await command(["rooms", "--json", "--url", daemon.url])).out), STATUS.rooms);
    });
  });

  describe("rooms --qr", () => {
    it("draws each room of the try-out configuration with its address, and needs no daemon", async () => {
      const { code, out, err } = await command(["rooms", "--qr"]);
      assert.equal(code, 0);
      // Public: the hashtag's hash; private: scrypt (values as in room-key.test.ts).
      assert.deepEqual(out.match(/^meshcore:.*$/gm), [
        "meshcore://channel/add?name=RegionMesh-Public&secret=6e6b6320733605eb15af9aef35f43118",
        "meshcore://channel/add?name=EmergencyNet&secret=b9882cd46adf281173aea86400c5628b",
        "meshcore://channel/add?name=ClubNet&secret=ac0f7246bcf0365c4e8080d537f1d61b",
      ]);
      for (const block of out.split(/^meshcore:.*$/m).slice(0, 3)) {
        // Two modules a line: the smallest code for such an address has 33 of them.
        assert.ok(block.split("\n").filter((line) => /[█▀▄]/.test(line)).length >= 17, block);
      }
      assert.match(err, /demo\.yaml; whoever sees a code can read the room\n$/);
    });

    it("sets the colours itself on a terminal", async () => {
      const { out } = await command(["rooms", "--qr"], { isTty: true });
      assert.ok(out.includes("\u001b[4"), "no background colour");
    });

    it("--json names the rooms and addresses", async () => {
      const list = JSON.parse((await command(["rooms", "--qr", "--json"])).out) as { name: string; url: string }[];
      assert.deepEqual(
        list.map(({ name }) => name),
        ["RegionMesh-Public", "EmergencyNet", "ClubNet"],
      );
    });

    it("encodes names as MeshCore's document shows it", () => {
      const key = Buffer.from("8b3387e9c5cdea6ac9e5edbaa115cd72", "hex");
      assert.equal(
        channelUrl("Public", key),
        "meshcore://channel/add?name=Public&secret=8b3387e9c5cdea6ac9e5edbaa115cd72",
      );
      assert.match(channelUrl("Клуб & #1", key), /\?name=%D0%9A%D0%BB%D1%83%D0%B1%20%26%20%231&secret=/);
    });
  });

  describe("check", () => {
    const scratch = new Scratch();
    let folder: string;
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    before(() => {
      folder = scratch.dir();
    });
    after(() => scratch.clean());

    it("says that a good configuration is good", async () => {
      const path = file("good.yaml", "rooms:\n  - name: A\n");
      assert.deepEqual(await command(["check", "--config", path, "--strict"]), {
        code: 0,
        out: `${path}: good (1 room, 0 boards, 0 peers)\n`,
        err: "",
      });
    });

    it("takes both seed files with loud warnings, and refuses them with --strict", async () => {
      const files = ["--config", file("seed.yaml", SEED_YAML), "--config", file("seed.conf", SEED_TOML)];
      const lenient = await command(["check", ...files]);
      assert.equal(lenient.code, 0);
      assert.match(lenient.out, /: good \(3 rooms, 0 boards, 4 peers, 5 warnings\)\n$/);
      assert.equal(
        (lenient.err.match(/^Warning: .*seed\..*:\d+: .* a weak secret of \d+ characters/gm) ?? []).length,
        5,
      );
      const strict = await command(["check", "--strict", ...files]);
      assert.deepEqual([strict.code, strict.out], [2, ""]);
      assert.equal((strict.err.match(/^Error: /gm) ?? []).length, 5);
      for (const secret of ["secretkeyhere", "clubsecretkey", "shared-peer-secret", "REPLACE_WITH"]) {
        assert.ok(!(lenient.err + lenient.out + strict.err).includes(secret), secret);
      }
    });

    it("tells every problem with its hint", async () => {
      const path = file("bad.yaml", "listen: 1\nroom: []\n");
      const run = await command(["check", "--config", path]);
      assert.equal(run.code, 2);
      assert.deepEqual(
        run.err.split("\n").map((line) => line.replace(`${path}:`, "").slice(0, 17)),
        ["Error: 1: listen:", "Try: 127.0.0.1:1 ", "Error: 2: room: e", "Try: did you mean", ""],
      );
    });

    it("and run without any configuration say what to do", async () => {
      for (const name of ["check", "run"]) {
        const run = await command([name]);
        assert.equal(run.code, 2);
        assert.match(run.err, /^Error: no configuration: .*\nTry: npm start .*, or --config FILE\n$/);
      }
    });
  });

  describe("usage", () => {
    const mistakes: [args: string[], error: string, hint: string][] = [
      [["sned"], "unknown command 'sned'", "did you mean send?"],
      [["histroy", "A"], "unknown command 'histroy'", "did you mean history?"],
      [["frobnicate"], "unknown command 'frobnicate'", "meshcore-room help"],
      [["status", "--jsn"], "unknown option '--jsn'", "did you mean --json?"],
      [["tail"], "missing required argument 'room'", "meshcore-room help"],
      [["run", "--config"], "option '--config <file>' argument missing", "meshcore-room help"],
      [["sim", "--ether", "7300"], '--ether: expected host:port, found "7300"', "--ether 127.0.0.1:7300"],
      [
        ["sim", "--board", "heltec-v33"],
        `--board: expected one of ${MODELS}, found "heltec-v33"`,
        "did you mean heltec-v3?",
      ],
      [["sim", "--speed", "fast"], '--speed: expected a number from 0 to 1000, found "fast"', "meshcore-room help"],
    ];
    for (const [args, error, hint] of mistakes) {
      it(`"${args.join(" ")}" is told with a way on`, async () => {
        assert.deepEqual(await command(args), { code: 2, out: "", err: `Error: ${error}\nTry: ${hint}\n` });
      });
    }

    it("help shows the commands that the project promises", async () => {
      const { code, out } = await command(["help"]);
      assert.equal(code, 0);
      const names = [...out.matchAll(/^ {2}(\w+)(?: |$)/gm)].map(([, name]) => name);
      const promised = "run check status rooms send tail history nodes peers sim doctor completion help".split(" ");
      assert.deepEqual(
        promised.filter((name) => !names.includes(name)),
        [],
      );
    });

    it("help of a command goes to standard output with code 0, no command at all to standard error with code 2", async () => {
      const help = await command(["help", "tail"]);
      assert.deepEqual([help.code, help.err], [0, ""]);
      assert.match(help.out, /^Usage: meshcore-room tail/);
      const bare = await command([]);
      assert.deepEqual([bare.code, bare.out], [2, ""]);
      assert.match(bare.err, /^Usage: meshcore-room/);
    });

    it("no option takes a psk, which every user of the machine could see", async () => {
      for (const name of ["run", "check", "status", "rooms", "send", "tail", "history", "sim"]) {
        const { out } = await command(["help", name]);
        assert.ok(!/--(psk|key|secret|password|token)[ =]/.test(out), name);
      }
    });
  });
});
