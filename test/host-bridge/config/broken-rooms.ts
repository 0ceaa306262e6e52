// Configurations with one mistake each, for broken.test.ts.
import { BOARDS } from "../../../boards/all.ts";
import type { Refusal } from "./files.ts";

const MODELS = BOARDS.map((board) => board.id).join(", ");
const TOP_KEYS =
  "name, data_dir, listen, tls, companion, boards, radio, rooms, peers, federation, mqtt, clients, nodes, alerts, log, metrics, simulator";
const ROOM_KEYS =
  "name, psk, psk_file, description, topic, max_history, federate, mqtt, mqtt_post, rebroadcast, read_only, room_server, airtime_percent, previous_name, on_rekey";

export const KEYS: Refusal[] = [
  [
    "a top-level key with a slip",
    { "a.yaml": "room:\n  - name: A\n" },
    `a.yaml:1: room: expected one of ${TOP_KEYS}, found the unknown key "room"`,
    "did you mean rooms?",
  ],
  [
    "a key with two letters swapped",
    { "a.yaml": "rooms:\n  - name: A\n    max_histroy: 5\n" },
    `a.yaml:3: rooms[0].max_histroy: expected one of ${ROOM_KEYS}, found the unknown key "max_histroy"`,
    "did you mean max_history?",
  ],
  [
    "a key with a slip beside a secret value",
    { "a.yaml": "rooms:\n  - name: A\n    pks: hunter2hunter2\n" },
    `a.yaml:3: rooms[0].pks: expected one of ${ROOM_KEYS}, found the unknown key "pks"`,
    "did you mean psk?",
  ],
  [
    "a key of another program",
    { "a.yaml": "rooms:\n  - name: A\n    password: hunter2hunter2\n" },
    `a.yaml:3: rooms[0].password: expected one of ${ROOM_KEYS}, found the unknown key "password"`,
    "did you mean psk?",
  ],
  [
    "a key of a radio app",
    { "a.yaml": "radio:\n  sf: 8\n" },
    'a.yaml:2: radio.sf: expected one of preset, frequency_mhz, bandwidth_khz, spreading_factor, coding_rate, tx_power_dbm, duty_cycle_percent, found the unknown key "sf"',
    "did you mean spreading_factor?",
  ],
  [
    "a key in the wrong table",
    { "a.yaml": "max_history: 5\n" },
    `a.yaml:1: max_history: expected one of ${TOP_KEYS}, found the unknown key "max_history"`,
    "did you mean to put it under rooms[]?",
  ],
  [
    "a key that nothing resembles",
    { "a.yaml": "clients:\n  rate_limit:\n    frobnicate: 3\n" },
    'a.yaml:3: clients.rate_limit.frobnicate: expected one of messages_per_minute, burst, connections_per_address, found the unknown key "frobnicate"',
    "remove it",
  ],
  [
    "a key of another type of board",
    { "a.yaml": "boards:\n  - { type: sim, path: /dev/x }\n" },
    'a.yaml:2: boards[0].path: expected one of type, id, model, ether, radio, found the unknown key "path"',
    "remove it",
  ],
  [
    "a key that JavaScript objects have anyway",
    { "a.yaml": "log:\n  __proto__: 3\n" },
    'a.yaml:2: log.__proto__: expected one of level, format, found the unknown key "__proto__"',
    "remove it",
  ],
  [
    "an unknown key in TOML",
    { "a.toml": "[federation]\nfederation_prot = 5001\n" },
    'a.toml:2: federation.federation_prot: expected one of enabled, federation_port, tls_cert, tls_key, ca, max_kib_per_s, federation_secret, federation_secret_file, status_endpoint, status_port, rebroadcast_max_age_s, blind_hub, backbone, backbone_stream, backbone_replicas, backbone_user, backbone_password, backbone_password_file, backbone_creds, backbone_ca, backbone_cert, backbone_key, peers, found the unknown key "federation_prot"',
    "did you mean federation_port?",
  ],
];

export const ROOMS: Refusal[] = [
  [
    "a room without a name",
    { "a.yaml": "rooms:\n  - psk: x\n" },
    "a.yaml:2: rooms[0].name: expected the room's name, found nothing",
    "add name here",
  ],
  [
    "an empty name",
    { "a.yaml": "rooms:\n  - name: ''\n" },
    'a.yaml:2: rooms[0].name: expected the room\'s name that is not empty, found ""',
    "for example ClubNet",
  ],
  [
    "a name that is a number",
    { "a.yaml": "rooms:\n  - name: 5\n" },
    "a.yaml:2: rooms[0].name: expected the room's name, found the number 5",
    "put it in quotes",
  ],
  [
    "a name with a space in front",
    { "a.yaml": "rooms:\n  - name: ' A'\n" },
    'a.yaml:2: rooms[0].name: expected the room\'s name without spaces around it, found " A"',
    "for example ClubNet",
  ],
  [
    "a name of two lines",
    { "a.yaml": 'rooms:\n  - name: "A\\nB"\n' },
    'a.yaml:2: rooms[0].name: expected the room\'s name on one line, found "A\\nB"',
    "for example ClubNet",
  ],
  [
    "a name one byte too long",
    { "a.yaml": "rooms:\n  - name: éééééééééééééééé\n" },
    "a.yaml:2: rooms[0].name: expected a room's name of at most 31 bytes (MeshCore's limit), found \"éééééééééééééééé\"",
    "for example ClubNet",
  ],
  [
    "two rooms of one name",
    { "a.yaml": "rooms:\n  - name: A\n  - name: B\n  - name: A\n" },
    'a.yaml:4: rooms[2].name: expected another name than rooms[0], found "A"',
    "remove one of the two, or give it another name",
  ],
  [
    "two public rooms with one key",
    { "a.yaml": "rooms:\n  - name: Foo\n  - name: '#foo'\n" },
    'a.yaml:3: rooms[1].name: expected a channel key of its own, and rooms[0] has the same, found "#foo"',
    "give it another name; capital letters and # make no difference",
  ],
  [
    "two private rooms with one key",
    {
      "a.yaml":
        "rooms:\n  - { name: A, psk: 00112233445566778899aabbccddeeff }\n  - { name: B, psk: ABEiM0RVZneImaq7zN3u/w== }\n",
    },
    "a.yaml:3: rooms[1].psk: expected a channel key of its own, and rooms[0] has the same, found a text of 24 characters",
    "give each room a psk of its own",
  ],
  [
    "a psk without quotes that YAML reads as a number",
    { "a.yaml": "rooms:\n  - name: A\n    psk: 12345678\n" },
    'a.yaml:3: rooms[0].psk: expected a text in quotes ("" for a public room), found a number',
    "put it in quotes",
  ],
  [
    "a psk with nothing behind it",
    { "a.yaml": "rooms:\n  - name: A\n    psk:\n" },
    'a.yaml:3: rooms[0].psk: expected a text in quotes ("" for a public room), found nothing',
    'write the psk in quotes, or "" if everyone may join',
  ],
  [
    "a psk that is a list",
    { "a.yaml": "rooms:\n  - name: A\n    psk: [hunter2]\n" },
    'a.yaml:3: rooms[0].psk: expected a text in quotes ("" for a public room), found a list',
    'write the psk in quotes, or "" if everyone may join',
  ],
  [
    "no history",
    { "a.yaml": "rooms:\n  - name: A\n    max_history: 0\n" },
    "a.yaml:3: rooms[0].max_history: expected a whole number from 1 to 10000000, found the number 0",
    "leave it out for the default, 1000",
  ],
  [
    "a history that is a word",
    { "a.yaml": "rooms:\n  - name: A\n    max_history: many\n" },
    'a.yaml:3: rooms[0].max_history: expected a whole number from 1 to 10000000, found "many"',
    "leave it out for the default, 1000",
  ],
  [
    "a number in quotes",
    { "a.yaml": "rooms:\n  - name: A\n    max_history: '100'\n" },
    'a.yaml:3: rooms[0].max_history: expected a whole number from 1 to 10000000, found "100"',
    "remove the quotes",
  ],
  [
    "a fraction where a whole number belongs",
    { "a.yaml": "rooms:\n  - name: A\n    max_history: 1.5\n" },
    "a.yaml:3: rooms[0].max_history: expected a whole number from 1 to 10000000, found the number 1.5",
    "leave it out for the default, 1000",
  ],
  [
    "yes for true",
    { "a.yaml": "rooms:\n  - name: A\n    read_only: yes\n" },
    'a.yaml:3: rooms[0].read_only: expected true or false, found "yes"',
    "write true without quotes",
  ],
  [
    "a share above one hundred percent",
    { "a.yaml": "rooms:\n  - name: A\n    airtime_percent: 101\n" },
    "a.yaml:3: rooms[0].airtime_percent: expected a percentage from 0 to 100, found the number 101",
    "leave it out for the default, 50",
  ],
  [
    "rooms without dashes",
    { "a.yaml": "rooms:\n  name: A\n" },
    "a.yaml:1: rooms: expected a list, found a table of keys",
    'begin each item with "- " (YAML), or use [[...]] (TOML)',
  ],
  [
    "rooms as one text, which may be a secret",
    { "a.yaml": "rooms: hunter2hunter2\n" },
    "a.yaml:1: rooms: expected a list, found a single value",
    'begin each item with "- " (YAML), or use [[...]] (TOML)',
  ],
  [
    "a room that is only a word",
    { "a.yaml": "rooms:\n  - hunter2\n" },
    "a.yaml:2: rooms[0]: expected a table of keys, found a single value",
    "write its keys below it",
  ],
  [
    "rooms as a plain TOML table",
    { "a.toml": "[rooms]\nname='A'\n" },
    "a.toml:1: rooms: expected a list, found a table of keys",
    'begin each item with "- " (YAML), or use [[...]] (TOML)',
  ],
];

export const ADDRESSES: Refusal[] = [
  [
    "listen as a port alone",
    { "a.yaml": "listen: 7070\n" },
    "a.yaml:1: listen: expected host:port, such as 127.0.0.1:7070, with a port from 0 to 65535, found the number 7070",
    "127.0.0.1:7070 for this machine only, 0.0.0.0:7070 for every address",
  ],
  [
    "listen without a host",
    { "a.yaml": "listen: ':7070'\n" },
    'a.yaml:1: listen: expected host:port, such as 127.0.0.1:7070, with a port from 0 to 65535, found ":7070"',
    "0.0.0.0:7070 for every address of this machine",
  ],
  [
    "a port above 65535",
    { "a.yaml": "listen: 127.0.0.1:65536\n" },
    'a.yaml:1: listen: expected host:port, such as 127.0.0.1:7070, with a port from 0 to 65535, found "127.0.0.1:65536"',
    'leave it out for the default, "127.0.0.1:7070"',
  ],
  [
    "an impossible IPv4 address",
    { "a.yaml": "listen: 300.0.0.1:7070\n" },
    'a.yaml:1: listen: expected host:port, such as 127.0.0.1:7070, with a port from 0 to 65535, found "300.0.0.1:7070"',
    'leave it out for the default, "127.0.0.1:7070"',
  ],
  [
    "IPv6 without brackets",
    { "a.yaml": "listen: '::1:7070'\n" },
    'a.yaml:1: listen: expected host:port, such as 127.0.0.1:7070, with a port from 0 to 65535, found "::1:7070"',
    'leave it out for the default, "127.0.0.1:7070"',
  ],
  [
    "two services on one port",
    { "a.yaml": "companion:\n  listen: 0.0.0.0:7070\n" },
    "a.yaml:2: companion.listen: expected a port of its own, found port 7070, which listen has",
    "choose another port",
  ],
  [
    "the federation's status on the port of listen",
    {
      "a.yaml":
        "listen: 127.0.0.1:5002\nfederation:\n  enabled: true\n  federation_secret: s\n  status_endpoint: true\n",
    },
    "a.yaml:2: federation.status_port: expected a port of its own, found port 5002, which listen has",
    "choose another port",
  ],
  [
    "half of a certificate",
    { "a.yaml": "tls:\n  cert: a.pem\n" },
    "a.yaml:1: tls.key: expected the path of a PEM file, found nothing",
    "add key here",
  ],
];

export const BOARDS_SECTION: Refusal[] = [
  [
    "a mistyped type",
    { "a.yaml": "boards:\n  - type: seriel\n    path: /dev/x\n" },
    'a.yaml:2: boards[0].type: expected serial, sim or kiss, found "seriel"',
    "did you mean serial?",
  ],
  [
    "a board without a type",
    { "a.yaml": "boards:\n  - path: /dev/x\n" },
    "a.yaml:2: boards[0].type: expected serial, sim or kiss, found nothing",
    "add type here",
  ],
  [
    "a serial board without its port",
    { "a.yaml": "boards:\n  - type: serial\n" },
    "a.yaml:2: boards[0].path: expected a device such as /dev/ttyACM0 or COM3, or tcp://host:port, found nothing",
    "add path here",
  ],
  [
    "a TCP port without a number",
    { "a.yaml": "boards:\n  - type: serial\n    path: tcp://nowhere\n" },
    'a.yaml:3: boards[0].path: expected a device such as /dev/ttyACM0 or COM3, or tcp://host:port, found "tcp://nowhere"',
    "for example /dev/ttyACM0",
  ],
  [
    "an unknown model",
    { "a.yaml": "boards:\n  - { type: sim, model: heltec-v33 }\n" },
    `a.yaml:2: boards[0].model: expected one of ${MODELS}, found "heltec-v33"`,
    "did you mean heltec-v3?",
  ],
  [
    "two boards of one id",
    { "a.yaml": "boards:\n  - { type: sim, id: a }\n  - { type: sim, id: a }\n" },
    'a.yaml:3: boards[1].id: expected another id than boards[0], found "a"',
    "remove one of the two, or give it another id",
  ],
  [
    "two boards on one port",
    { "a.yaml": "boards:\n  - { type: serial, path: /dev/x }\n  - { type: kiss, path: /dev/x }\n" },
    'a.yaml:3: boards[1].path: expected a port that boards[0] does not use, found "/dev/x"',
    "one board a port; stable names are in /dev/serial/by-id/",
  ],
  [
    "an ether without a host",
    { "a.yaml": "boards:\n  - { type: sim, ether: 7300 }\n" },
    "a.yaml:2: boards[0].ether: expected host:port, such as 127.0.0.1:7070, with a port from 1 to 65535, found the number 7300",
    "127.0.0.1:7300",
  ],
];
