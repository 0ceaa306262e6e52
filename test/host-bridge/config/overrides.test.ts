import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../../host-bridge/config/load.ts";
import { describe as sentence } from "../../../host-bridge/errors.ts";
import { Scratch } from "../scratch.ts";
import { checkedByProgram, load } from "./files.ts";

const GOOD = "kT9x!2LmQz4w";
const ROOMS = `rooms:
  - { name: ClubNet, psk: "${GOOD}" }
  - { name: City B, psk: "${GOOD}2" }
`;

describe("secrets that are not in the configuration", () => {
  it("come from variables named for their key, over what the files say", () => {
    const env = {
      MESHCORE_ROOM_ROOMS_CLUBNET_PSK: "one",
      MESHCORE_ROOM_ROOMS_1_PSK: "two",
      MESHCORE_ROOM_PEERS_A_EXAMPLE_SECRET: "three",
      MESHCORE_ROOM_FEDERATION_PEERS_CITY_C_SECRET: "four",
      MESHCORE_ROOM_FEDERATION_FEDERATION_SECRET: "five",
      MESHCORE_ROOM_MQTT_PASSWORD: "12345",
      MESHCORE_ROOM_ALERTS_WEBHOOK: "https://x.example/six",
    };
    const yaml = `${ROOMS}peers: [{ host: a.example, port: 1 }]
federation: { peers: [{ name: City C, addr: "c.example:1" }, { addr: "d.example:1" }] }
mqtt: { broker: "mqtt://bob:old@h" }
`;
    const { rooms, federation, mqtt, alerts } = load({ "a.yaml": yaml }, env).config;
    assert.deepEqual(
      rooms.map(({ psk }) => psk),
      ["one", "two"],
    );
    assert.deepEqual(
      federation.peers.map(({ secret }) => secret),
      ["three", "four", "five"],
    );
    assert.deepEqual(
      [mqtt.brokers[0].username, mqtt.brokers[0].password, alerts.webhook],
      ["bob", "12345", "https://x.example/six"],
    );
  });

  it("any other single value can be given so too, as number, truth or text", () => {
    const env = {
      MESHCORE_ROOM_LISTEN: "0.0.0.0:8080",
      MESHCORE_ROOM_NAME: "1234",
      MESHCORE_ROOM_MQTT_ENABLED: "false",
      MESHCORE_ROOM_CLIENTS_RATE_LIMIT_BURST: "7",
    };
    const { config, warnings } = load({ "a.yaml": "mqtt:\nclients: { auth: optional }\n" }, env);
    assert.deepEqual([config.listen, config.name], [{ host: "0.0.0.0", port: 8080 }, "1234"]);
    assert.deepEqual([config.mqtt.enabled, config.clients.rateLimit.burst], [false, 7]);
    assert.equal(config.clients.auth, "optional");
    assert.deepEqual(warnings, []);
  });

  it("a variable that is no key is warned of, and those of the commands are not", () => {
    const commands = { MESHCORE_ROOM_URL: "x", MESHCORE_ROOM_PSK: "x", MESHCORE_ROOM_TOKEN: "x", MESHCORE: "x" };
    const { warnings } = load({ "a.yaml": "" }, { ...commands, MESHCORE_ROOM_MQTT_PASWORD: "hunter2" });
    assert.deepEqual(
      warnings.map((warning) => [sentence(warning), warning.hint]),
      [
        [
          "MESHCORE_ROOM_MQTT_PASWORD: expected MESHCORE_ROOM_ with the name of a key, found no such key",
          "did you mean MESHCORE_ROOM_MQTT_PASSWORD?",
        ],
      ],
    );
  });

  describe("in files", () => {
    const scratch = new Scratch();
    let folder: string;
    const write = (name: string, text: string, mode = 0o600): string => {
      const file = join(folder, name);
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    };
    const modes = (files: string[], env = {}): string[] => loadConfig(files, env).warnings.map(sentence);

    beforeEach(() => {
      folder = scratch.dir();
    });
    afterEach(() => scratch.clean());

    it("are the text of the file without the newline at its end, named in the configuration or a variable", () => {
      const psk = write("psk", " with spaces in it \r\n");
      const secret = write("secret", GOOD);
      const yaml = `rooms: [{ name: A, psk_file: ${psk} }]\npeers: [{ addr: "a.example:1", secret: old }]\n`;
      const { config } = loadConfig([write("a.yaml", yaml)], { MESHCORE_ROOM_PEERS_0_SECRET_FILE: secret });
      assert.deepEqual([config.rooms[0].psk, config.rooms[0].isPrivate], [" with spaces in it ", true]);
      assert.equal(config.federation.peers[0].secret, GOOD);
    });

    it("a later file's psk_file stands for an earlier one's psk, and the other way round", () => {
      const psk = write("psk", "from the file");
      const inline = write("a.yaml", ROOMS);
      const named = write("b.toml", `[[rooms]]\nname = "ClubNet"\npsk_file = ${psk}\n`);
      assert.equal(loadConfig([inline, named], {}).config.rooms[0].psk, "from the file");
      assert.equal(loadConfig([named, inline], {}).config.rooms[0].psk, GOOD);
    });

    it("a weak one is warned of as in the configuration, by its file", () => {
      const psk = write("psk", "hunter2");
      const [warning, ...others] = modes([write("a.yaml", `rooms: [{ name: A, psk_file: ${psk} }]\n`)]);
      assert.equal(warning.startsWith(`${psk}:1: rooms[0].psk: expected a secret that nobody can guess`), true);
      assert.deepEqual(others, []);
    });

    it("modes that let others read or change a secret are warned of, group's reading is not", function () {
      if (process.platform === "win32") this.skip();
      const start = "expected a file with a secret in it to be its owner's and group's, found mode";
      for (const [mode, who] of [
        [0o600, null],
        [0o640, null],
        [0o644, "0644, which every user may read"],
        [0o660, "0660, which others may change"],
      ] as const) {
        const psk = write("psk", GOOD, mode);
        const named = write("named.yaml", `rooms: [{ name: A, psk_file: ${psk} }]\n`, 0o644);
        assert.deepEqual(modes([named]), who === null ? [] : [`${psk}: ${start} ${who}`]);
        const inline = write("inline.yaml", ROOMS, mode);
        assert.deepEqual(modes([inline]), who === null ? [] : [`${inline}: ${start} ${who}`]);
      }
      const harmless = write("harmless.yaml", "rooms: [{ name: A }, { name: B, psk: weak }]\n", 0o644);
      assert.equal(modes([harmless]).length, 1, "of the weak secret only");
    });
  });

  it("check --strict refuses weak secrets and not a file's mode", async () => {
    const strict = (yaml: string) => checkedByProgram({ "a.yaml": yaml }, { strict: true, mode: 0o644 });
    const good = await strict(ROOMS);
    assert.equal(good.code, 0);
    assert.match(good.lines[0], /^Warning: a\.yaml: expected a file with a secret/);
    const weak = await strict("rooms: [{ name: A, psk: hunter2 }]\n");
    assert.equal(weak.code, 2);
    assert.deepEqual(weak.lines, [
      "Error: a.yaml:1: rooms[0].psk: expected a secret that nobody can guess, found a weak secret of 7 characters (it has fewer than 12 characters)",
      "Try: make one with: openssl rand -hex 16",
    ]);
  });
});
