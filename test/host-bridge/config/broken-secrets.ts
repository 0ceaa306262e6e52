// Configurations with one mistake each, for broken.test.ts.
import type { Refusal } from "./files.ts";

const CLUB = "rooms:\n  - name: ClubNet\n";

export const FILES: Refusal[] = [
  [
    "a file of unknown syntax",
    { "a.json": "{}" },
    "a.json: expected a file ending in .yaml, .yml, .conf or .toml",
    "rename it, so that its syntax is known",
  ],
];

export const CLIENTS: Refusal[] = [
  [
    "a proxy that is a name",
    { "a.yaml": "clients:\n  trusted_proxies: [localhost]\n" },
    'a.yaml:2: clients.trusted_proxies[0]: expected an address or a network, such as 127.0.0.1 or 10.0.0.0/8, found "localhost"',
    "for example 127.0.0.1",
  ],
  [
    "a network wider than its addresses",
    { "a.yaml": "clients:\n  trusted_proxies:\n    - 127.0.0.1\n    - 10.0.0.0/33\n" },
    'a.yaml:4: clients.trusted_proxies[1]: expected an address or a network, such as 127.0.0.1 or 10.0.0.0/8, found "10.0.0.0/33"',
    "for example 127.0.0.1",
  ],
  [
    "proxies without a list",
    { "a.yaml": "clients:\n  trusted_proxies: 127.0.0.1\n" },
    "a.yaml:2: clients.trusted_proxies: expected a list, found a single value",
    'begin each item with "- " (YAML), or use [[...]] (TOML)',
  ],
  [
    "an origin with a path",
    { "a.yaml": "clients:\n  allowed_origins: ['https://a.example/chat']\n" },
    'a.yaml:2: clients.allowed_origins[0]: expected an origin such as https://example.com, found "https://a.example/chat"',
    "https://a.example",
  ],
  [
    "clients that time out before they are pinged",
    { "a.yaml": "clients:\n  idle_timeout_s: 30\n  ping_interval_s: 30\n" },
    "a.yaml:2: clients.idle_timeout_s: expected more than the 30 s between two pings, found the number 30",
    "make it twice ping_interval_s or more",
  ],
  [
    "a first wait longer than the longest",
    { "a.yaml": "clients:\n  login:\n    delay_s: 60\n    max_delay_s: 10\n" },
    "a.yaml:4: clients.login.max_delay_s: expected no less than delay_s, 60, found the number 10",
    "raise it, or lower delay_s",
  ],
  [
    "no failure allowed",
    { "a.toml": "[clients.login]\nfailures = 0\n" },
    "a.toml:2: clients.login.failures: expected a whole number from 1 to 1000, found the number 0",
    "leave it out for the default, 5",
  ],
  [
    "a queue in bytes",
    { "a.toml": "clients.send_queue_kb = 16777216\n" },
    "a.toml:1: clients.send_queue_kb: expected a whole number from 16 to 1048576, found the number 16777216",
    "leave it out for the default, 1024",
  ],
  [
    "no message at all",
    { "a.yaml": "clients:\n  rate_limit:\n    messages_per_minute: 0\n" },
    "a.yaml:3: clients.rate_limit.messages_per_minute: expected a number from 0.1 to 100000, found the number 0",
    "leave it out for the default, 20",
  ],
  [
    "a mistyped limit",
    { "a.yaml": "clients:\n  rate_limits:\n    burst: 5\n" },
    'a.yaml:2: clients.rate_limits: expected one of auth, trusted_proxies, allowed_origins, ping_interval_s, idle_timeout_s, send_queue_kb, rate_limit, login, found the unknown key "rate_limits"',
    "did you mean rate_limit?",
  ],
  [
    "an unknown way with the history",
    { "a.yaml": `${CLUB}    on_rekey: delete\n` },
    'a.yaml:3: rooms[0].on_rekey: expected keep or archive, found "delete"',
    'leave it out for the default, "keep"',
  ],
  [
    "a topic of two lines",
    { "a.yaml": `${CLUB}    topic: "a\\nb"\n` },
    'a.yaml:3: rooms[0].topic: expected a text on one line, of at most 200 characters, found "a\\nb"',
    'leave it out for the default, ""',
  ],
  [
    "a room that was another one that is there",
    { "a.yaml": "rooms:\n  - name: A\n  - name: B\n    previous_name: A\n" },
    'a.yaml:4: rooms[1].previous_name: expected a name that no room has any more, found "A"',
    "remove previous_name, or rooms[0]",
  ],
  [
    "two rooms that were one",
    { "a.yaml": "rooms:\n  - { name: A, previous_name: C }\n  - { name: B, previous_name: C }\n" },
    'a.yaml:3: rooms[1].previous_name: expected another name than rooms[0].previous_name, found "C"',
    "only one room can have its history",
  ],
];

export const SECRET_FILES: Refusal[] = [
  [
    "a psk and its file",
    { "a.yaml": `${CLUB}    psk: hunter2hunter2\n    psk_file: FOLDER/psk\n` },
    "a.yaml:4: rooms[0].psk_file: expected either psk or psk_file, found both",
    "remove psk, or remove psk_file",
    { beside: { psk: "hunter2\n" } },
  ],
  [
    "a psk's file that is not there",
    { "a.yaml": `${CLUB}    psk_file: FOLDER/psk\n` },
    "a.yaml:3: rooms[0].psk_file: expected a readable file, found nothing there at psk",
    "check the path",
  ],
  [
    "a folder for a psk's file",
    { "a.yaml": `${CLUB}    psk_file: FOLDER/.\n` },
    "a.yaml:3: rooms[0].psk_file: expected a readable file, found a directory at .",
    "name the file in it",
  ],
  [
    "an empty file, which would open the room to everyone",
    { "a.yaml": `${CLUB}    psk_file: FOLDER/psk\n` },
    "a.yaml:3: rooms[0].psk_file: expected a file with the secret on its only line, found psk, which is empty",
    "write the secret into it",
    { beside: { psk: "\n" } },
  ],
  [
    "a file of several lines",
    { "a.yaml": "federation:\n  enabled: true\n  federation_secret_file: FOLDER/s\n" },
    "a.yaml:3: federation.federation_secret_file: expected a file with the secret on its only line, found s, which has several",
    "leave nothing but the secret in it",
    { beside: { s: "hunter2\nhunter2\n" } },
  ],
  [
    "a password's file that is no text",
    { "a.yaml": "mqtt:\n  broker: mqtt://h\n  username: u\n  password_file: FOLDER/p\n" },
    "a.yaml:4: mqtt.password_file: expected text in UTF-8, found p",
    "save the file as UTF-8",
    { beside: { p: Uint8Array.of(0xff, 0xfe) } },
  ],
  [
    "a peer's secret in a file that is not there, and says it once",
    { "a.toml": "[[peers]]\naddr = 'a.example:1'\nsecret_file = FOLDER/none\n" },
    "a.toml:3: peers[0].secret_file: expected a readable file, found nothing there at none",
    "check the path",
  ],
  [
    "a webhook's file without a URL in it",
    { "a.yaml": "alerts:\n  webhook_file: FOLDER/hook\n" },
    "hook:1: alerts.webhook: expected a URL such as https://example.com/hook, found a text of 7 characters",
    "leave it out",
    { beside: { hook: "hunter2\n" } },
  ],
  [
    "an empty name of a file",
    { "a.yaml": `${CLUB}    psk_file: ""\n` },
    'a.yaml:3: rooms[0].psk_file: expected the path of a file that is not empty, found ""',
    "leave it out",
  ],
];

export const ENVIRONMENT: Refusal[] = [
  [
    "an empty variable, which would open the room to everyone",
    { "a.yaml": CLUB },
    "MESHCORE_ROOM_ROOMS_CLUBNET_PSK: expected a value, found an empty variable",
    "give it a value, or remove it from the environment",
    { env: { MESHCORE_ROOM_ROOMS_CLUBNET_PSK: "" } },
  ],
  [
    "a variable for two rooms",
    { "a.yaml": "rooms:\n  - name: a-b\n  - name: a b\n" },
    "MESHCORE_ROOM_ROOMS_A_B_PSK: expected one key, found rooms[0].psk and rooms[1].psk",
    "name it by its place in the list, such as MESHCORE_ROOM_ROOMS_0_PSK",
    { env: { MESHCORE_ROOM_ROOMS_A_B_PSK: "hunter2" } },
  ],
  [
    "a variable with a wrong value, by the variable's name",
    { "a.yaml": "log: { level: info }\n" },
    'MESHCORE_ROOM_LOG_LEVEL: log.level: expected debug, info, warn or error, found "infos"',
    "did you mean info?",
    { env: { MESHCORE_ROOM_LOG_LEVEL: "infos" } },
  ],
  [
    "a variable with a number beyond the limit",
    { "a.yaml": "" },
    "MESHCORE_ROOM_FEDERATION_FEDERATION_PORT: federation.federation_port: expected a port from 1 to 65535, found the number 70000",
    "leave it out for the default, 5001",
    { env: { MESHCORE_ROOM_FEDERATION_FEDERATION_PORT: "70000" } },
  ],
  [
    "a variable that names a file that is not there",
    { "a.yaml": "mqtt: { broker: 'mqtt://u@h' }\n" },
    "MESHCORE_ROOM_MQTT_PASSWORD_FILE: mqtt.password_file: expected a readable file, found nothing there at none",
    "check the path",
    { env: { MESHCORE_ROOM_MQTT_PASSWORD_FILE: "FOLDER/none" } },
  ],
];

export const MERGED: Refusal[] = [
  [
    "a room's mistake in the file that has it",
    { "a.yaml": CLUB, "b.conf": '[[rooms]]\nname = "ClubNet"\nmax_history = "many"\n' },
    'b.conf:3: rooms[0].max_history: expected a whole number from 1 to 10000000, found "many"',
    "leave it out for the default, 1000",
  ],
  [
    "the same peer in both files",
    {
      "a.yaml": "peers:\n  - { addr: 'a.example:1', secret: x }\n",
      "b.conf": "[[peers]]\naddr='a.example:1'\nsecret='y'\n",
    },
    "b.conf:1: peers[1]: expected each peer once, found a.example:1 again",
    "remove one of the two",
  ],
  [
    "one room's key in another file's room",
    {
      "a.yaml": "rooms:\n  - { name: A, psk: 00112233445566778899aabbccddeeff }\n",
      "b.yaml": "rooms:\n  - { name: B, psk: 00112233445566778899AABBCCDDEEFF }\n",
    },
    "b.yaml:2: rooms[1].psk: expected a channel key of its own, and rooms[0] has the same, found a text of 32 characters",
    "give each room a psk of its own",
  ],
  [
    "a table over a list",
    { "a.yaml": CLUB, "b.toml": "[rooms.ClubNet]\npsk = 'hunter2'\n" },
    "b.toml:1: rooms: expected a list, found a table of keys",
    'begin each item with "- " (YAML), or use [[...]] (TOML)',
  ],
];
