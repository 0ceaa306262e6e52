import assert from "node:assert/strict";
import { hostname } from "node:os";
import { defaultConfigFiles, loadConfig } from "../../../host-bridge/config/load.ts";
import { DEMO_FILE } from "../../../host-bridge/files.ts";
import { load, SEED_TOML, SEED_YAML } from "./files.ts";

describe("configuration", () => {
  describe("the seed files", () => {
    it("the YAML file loads verbatim", () => {
      const { config } = load({ "room-server.yaml": SEED_YAML });
      const flags = {
        federate: true,
        mqtt: true,
        mqttPost: false,
        rebroadcast: true,
        readOnly: false,
        roomServer: false,
        airtimePercent: 50,
        topic: "",
        previousName: null,
        onRekey: "keep",
      };
      assert.deepEqual(config.rooms, [
        {
          ...{ name: "RegionMesh-Public", psk: "", isPrivate: false, maxHistory: 1000, ...flags },
          description: "Public community channel for the region",
        },
        {
          ...{ name: "EmergencyNet", psk: "secretkeyhere", isPrivate: true, maxHistory: 500, ...flags },
          description: "For emergency coordinators only",
        },
        {
          ...{ name: "ClubNet", psk: "clubsecretkey", isPrivate: true, maxHistory: 200, ...flags },
          description: "For club members",
        },
      ]);
      assert.equal(config.federation.enabled, true);
      assert.deepEqual(config.federation.peers, [
        {
          name: "room-server-portland.example.com",
          address: { host: "room-server-portland.example.com", port: 7070 },
          secret: "shared-peer-secret",
          fingerprint: null,
          blindHub: false,
        },
        {
          name: "room-server-seattle.example.com",
          address: { host: "room-server-seattle.example.com", port: 7070 },
          secret: "shared-peer-secret",
          fingerprint: null,
          blindHub: false,
        },
      ]);
      const { enabled, brokers } = config.mqtt;
      assert.deepEqual(
        [enabled, brokers.map(({ url, topicPrefix }) => [url, topicPrefix])],
        [true, [["mqtt://localhost:1883", "meshcore"]]],
      );
    });

    const federation = {
      enabled: true,
      port: 5001,
      tls: { cert: "/etc/meshcore/tls/server.crt", key: "/etc/meshcore/tls/server.key" },
      statusEndpoint: true,
      statusPort: 5002,
      rebroadcastMaxAgeS: 300,
      ca: null,
      maxKibPerS: 0,
      blindHub: null,
      backbone: null,
      secret: "REPLACE_WITH_FEDERATION_PSK",
      peers: [
        {
          name: "City B Room Server",
          address: { host: "cityb.example.com", port: 5001 },
          secret: "REPLACE_WITH_FEDERATION_PSK",
          fingerprint: null,
          blindHub: false,
        },
        {
          name: "City C Room Server",
          address: { host: "203.0.113.45", port: 5001 },
          secret: "REPLACE_WITH_FEDERATION_PSK",
          fingerprint: null,
          blindHub: false,
        },
      ],
    };

    it("the TOML file loads verbatim", () => {
      assert.deepEqual(load({ "room.conf": SEED_TOML }).config.federation, federation);
    });

    it("the TOML file loads with its two paths unquoted, comments and CRLF included", () => {
      const bare = SEED_TOML.replace(/"(\/etc.*)"/g, "$1").replace("server.crt", "server.crt # of today");
      assert.ok(bare.includes("tls_key  = /etc/meshcore/tls/server.key\n"));
      const tls = { cert: "/etc/meshcore/tls/server.crt", key: "/etc/meshcore/tls/server.key" };
      assert.deepEqual(load({ "room.toml": bare }).config.federation.tls, tls);
      assert.deepEqual(load({ "room.toml": bare.replaceAll("\n", "\r\n") }).config.federation.tls, tls);
    });

    it("both together load, with the peers of both", () => {
      const { config } = load({ "room-server.yaml": SEED_YAML, "room.conf": SEED_TOML });
      assert.equal(config.rooms.length, 3);
      assert.deepEqual(
        config.federation.peers.map(({ address, secret }) => [address.host, secret]),
        [
          ["room-server-portland.example.com", "shared-peer-secret"],
          ["room-server-seattle.example.com", "shared-peer-secret"],
          ["cityb.example.com", "REPLACE_WITH_FEDERATION_PSK"],
          ["203.0.113.45", "REPLACE_WITH_FEDERATION_PSK"],
        ],
      );
    });
  });

  describe("defaults", () => {
    it("an empty file gives all of them", () => {
      const { config, warnings } = load({ "a.yaml": "# nothing\n" });
      const { files, ...rest } = config;
      assert.equal(files.length, 1);
      assert.deepEqual(warnings, []);
      assert.deepEqual(rest, {
        name: hostname(),
        dataDir: "./data",
        listen: { host: "127.0.0.1", port: 7070 },
        tls: null,
        companion: { listen: null },
        boards: [],
        radio: {
          preset: "EU/UK (Narrow)",
          settings: { freqHz: 869_618_000, bwHz: 62_500, sf: 8, cr: 8, powerDbm: 22 },
          dutyCyclePercent: 10,
        },
        rooms: [],
        federation: {
          ...{ enabled: false, port: 5001, tls: null, secret: "", peers: [] },
          statusEndpoint: false,
          statusPort: 5002,
          rebroadcastMaxAgeS: 300,
          ca: null,
          maxKibPerS: 0,
          blindHub: null,
          backbone: null,
        },
        mqtt: { enabled: false, brokers: [] },
        clients: {
          ...{ auth: "optional", trustedProxies: [], allowedOrigins: [] },
          ...{ pingIntervalS: 30, idleTimeoutS: 75, sendQueueKb: 1024 },
          rateLimit: { messagesPerMinute: 20, burst: 5, connectionsPerAddress: 20 },
          login: { failures: 5, delayS: 1, maxDelayS: 300, forgetAfterS: 3600 },
        },
        nodes: { forgetAfterS: 2_592_000, max: 10_000 },
        alerts: {
          ...{ silentAfterS: 3600, lostAfterS: 300, types: [], nodes: [] },
          ...{ quietHours: null, webhook: null, webhookSecret: null },
        },
        log: { level: "info", format: "text" },
        metrics: { privateRooms: false },
        simulator: { neighbours: 0, speed: 1 },
      });
    });

    it("data_dir is systemd's state directory where systemd names one", () => {
      const env = { STATE_DIRECTORY: "/var/lib/meshcore-room:/var/lib/other" };
      assert.equal(load({ "a.yaml": "" }, env).config.dataDir, "/var/lib/meshcore-room");
      assert.equal(load({ "a.yaml": "data_dir: here" }, env).config.dataDir, "here");
    });

    it("clients need a token exactly when strangers can reach the address", () => {
      const auth = (listen: string): string => load({ "a.yaml": `listen: "${listen}"` }).config.clients.auth;
      for (const listen of ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
        assert.equal(auth(listen), "optional", listen);
      for (const listen of ["0.0.0.0:1", "[::]:1", "192.168.1.2:1", "room.example.com:1"])
        assert.equal(auth(listen), "required", listen);
      assert.equal(
        load({ "a.yaml": "listen: 0.0.0.0:1\nclients: { auth: optional }" }).config.clients.auth,
        "optional",
      );
    });

    it("boards get an id from their model or port, never one that is taken", () => {
      const { config } = load({
        "a.yaml": `boards:
  - { type: sim, model: rak4631 }
  - { type: sim, model: rak4631, ether: "10.0.0.1:7300" }
  - { type: sim, id: rak4631-2 }
  - { type: serial, path: /dev/ttyACM0 }
  - { type: kiss, path: "tcp://pi.local:4000", baud: 57600 }
`,
      });
      assert.deepEqual(config.boards, [
        { type: "sim", id: "rak4631", model: "rak4631", ether: { host: "127.0.0.1", port: 7300 } },
        { type: "sim", id: "rak4631-3", model: "rak4631", ether: { host: "10.0.0.1", port: 7300 } },
        { type: "sim", id: "rak4631-2", model: "sim", ether: { host: "127.0.0.1", port: 7300 } },
        { type: "serial", id: "ttyACM0", path: "/dev/ttyACM0", baud: 115_200 },
        { type: "kiss", id: "pi.local-4000", path: "tcp://pi.local:4000", baud: 57_600 },
      ]);
    });

    it("federation and MQTT are on when they are named and not switched off", () => {
      const peers = "peers:\n  - { addr: 'a.example:1', secret: s }\n";
      assert.equal(load({ "a.yaml": peers }).config.federation.enabled, true);
      assert.equal(load({ "a.yaml": `${peers}federation: { enabled: false }` }).config.federation.enabled, false);
      assert.equal(load({ "a.yaml": "mqtt: { broker: 'mqtt://h' }" }).config.mqtt.enabled, true);
      assert.equal(load({ "a.yaml": "mqtt: { broker: 'mqtt://h', enabled: false }" }).config.mqtt.enabled, false);
    });

    it("brokers of mqtt.brokers come after the one of mqtt itself, and turn MQTT on as that does", () => {
      const brokers = "brokers: [{ broker: 'mqtt://b', topic_prefix: x }, { broker: 'mqtt://a', topic_prefix: y }]";
      const urls = (text: string) => load({ "a.yaml": text }).config.mqtt.brokers.map(({ url }) => url);
      assert.deepEqual(urls(`mqtt: { broker: 'mqtt://a', ${brokers} }`), ["mqtt://a", "mqtt://b", "mqtt://a"]);
      assert.deepEqual(urls(`mqtt: { ${brokers} }`), ["mqtt://b", "mqtt://a"]);
      assert.equal(load({ "a.yaml": `mqtt: { ${brokers} }` }).config.mqtt.enabled, true);
    });

    it("the broker's URL loses user and password, which stand in keys of their own", () => {
      const { mqtt } = load({ "a.yaml": "mqtt: { broker: 'mqtts://bob:p%40ss@h.example:8883/' }" }).config;
      const [{ url, username, password }] = mqtt.brokers;
      assert.deepEqual([url, username, password], ["mqtts://h.example:8883/", "bob", "p@ss"]);
    });

    it("sections with everything commented out are as good as absent", () => {
      const { config } = load({
        "a.yaml": "rooms:\n#  - name: A\nboards:\nmqtt:\n# enabled: true\nradio:\nclients:\n  rate_limit:\n",
      });
      assert.deepEqual([config.rooms, config.boards, config.mqtt.enabled], [[], [], false]);
    });
  });

  describe("radio", () => {
    const radio = (text: string) => load({ "a.yaml": `radio: { ${text} }` }).config.radio;

    it("a preset is found in any capitals, and explicit values come over it", () => {
      const { preset, settings } = radio("preset: 'usa/canada (recommended)', spreading_factor: 9, tx_power_dbm: 14");
      assert.equal(preset, "USA/Canada (Recommended)");
      assert.deepEqual(settings, { freqHz: 910_525_000, bwHz: 62_500, sf: 9, cr: 5, powerDbm: 14 });
    });

    it("all values can be given, the coding rate in both spellings", () => {
      const values =
        "frequency_mhz: 869.4325, bandwidth_khz: 7.8, spreading_factor: 5, coding_rate: 4/7, tx_power_dbm: -9";
      assert.deepEqual(radio(values).settings, { freqHz: 869_432_500, bwHz: 7800, sf: 5, cr: 7, powerDbm: -9 });
      assert.equal(radio("coding_rate: 6").settings.cr, 6);
    });

    it("the duty cycle is the European limit of the whole channel there, MeshCore's 50 % elsewhere", () => {
      const duty = (text: string): number => radio(text).dutyCyclePercent;
      assert.equal(duty("frequency_mhz: 869.525, bandwidth_khz: 250"), 10);
      assert.equal(duty("frequency_mhz: 868.3, bandwidth_khz: 125"), 1);
      assert.equal(duty("frequency_mhz: 433.65"), 10);
      assert.equal(duty("preset: Brazil"), 50);
      assert.equal(duty("frequency_mhz: 869.5, duty_cycle_percent: 2.5"), 2.5);
      // Half of this channel lies in the neighbouring sub-band.
      assert.equal(duty("frequency_mhz: 869.2, bandwidth_khz: 125, spreading_factor: 7"), 0.1);
    });

    it("more than the limit is a warning", () => {
      const { warnings } = load({ "a.yaml": "radio:\n  duty_cycle_percent: 11\n" });
      assert.equal(warnings.length, 1);
      assert.match(warnings[0].message, /a\.yaml:2: radio\.duty_cycle_percent$/);
      assert.equal(warnings[0].expected, "at most 10 on this frequency (ERC/REC 70-03)");
      assert.equal(warnings[0].found, "the number 11");
      assert.deepEqual(load({ "a.yaml": "radio:\n  duty_cycle_percent: 10\n" }).warnings, []);
    });
  });

  describe("several files", () => {
    const base = `name: base
rooms:
  - { name: A, max_history: 10, description: first }
  - { name: B }
boards:
  - { type: sim, id: one, model: sim }
  - { type: serial, path: /dev/a }
peers:
  - { addr: "a.example:1", secret: a }
log: { level: debug }
`;
    const later = `log.format = "json"
[[rooms]]
name = "C"
[[rooms]]
name = "A"
max_history = 20
[[boards]]
type = "sim"
id = "one"
model = "rak4631"
[[peers]]
addr = "b.example:1"
secret = "b"
`;
    it("merge in order: tables by key, rooms by name, boards by id, the rest appended", () => {
      const { config } = load({ "a.yaml": base, "b.conf": later });
      assert.equal(config.name, "base");
      assert.deepEqual(
        config.rooms.map(({ name, maxHistory, description }) => [name, maxHistory, description]),
        [
          ["A", 20, "first"],
          ["B", 1000, ""],
          ["C", 1000, ""],
        ],
      );
      assert.deepEqual(
        config.boards.map((board) => [board.id, board.type === "sim" ? board.model : board.path]),
        [
          ["one", "rak4631"],
          ["a", "/dev/a"],
        ],
      );
      assert.deepEqual(
        config.federation.peers.map(({ name }) => name),
        ["a.example:1", "b.example:1"],
      );
      assert.deepEqual(config.log, { level: "debug", format: "json" });
      assert.deepEqual(
        config.files.map((file) => file.split("/").pop()),
        ["a.yaml", "b.conf"],
      );
    });

    it("an empty section of a later file takes nothing away", () => {
      assert.equal(load({ "a.yaml": base, "b.yaml": "rooms:\nlog:\n" }).config.rooms.length, 2);
    });
  });

  it("the demo has the three rooms of the seed file, two simulated boards and four neighbours", () => {
    const { config } = loadConfig([DEMO_FILE], {});
    assert.deepEqual(config.rooms, load({ "a.yaml": SEED_YAML }).config.rooms);
    assert.deepEqual(
      config.boards.map((board) => board.type === "sim" && board.model),
      ["heltec-v3", "rak4631"],
    );
    assert.equal(config.simulator.neighbours, 4);
    assert.deepEqual([config.listen, config.dataDir], [{ host: "127.0.0.1", port: 7070 }, "./data"]);
  });

  it("the default files are those that exist, in their order", () => {
    const demo = DEMO_FILE;
    assert.deepEqual(defaultConfigFiles(["/nowhere/a.yaml", demo]), [demo]);
  });

  it("YAML anchors and byte order marks are understood", () => {
    const text =
      "\uFEFFrooms:\n  - &a { name: A, max_history: 7 }\n  - name: B\n    description: &d hi\n  - name: C\n    description: *d\n";
    const { config } = load({ "a.yml": text });
    assert.deepEqual(
      config.rooms.map(({ name, description }) => name + description),
      ["A", "Bhi", "Chi"],
    );
  });
});
