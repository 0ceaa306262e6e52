// Configurations with one mistake each, for broken.test.ts.
import type { Refusal } from "./files.ts";

export const RADIO: Refusal[] = [
  [
    "a mistyped preset",
    { "a.yaml": "radio:\n  preset: EU/UK narow\n" },
    'a.yaml:2: radio.preset: expected the name of a community preset, found "EU/UK narow"',
    'did you mean "EU/UK (Narrow)"?',
  ],
  [
    "a frequency beyond the chip",
    { "a.yaml": "radio:\n  frequency_mhz: 2400\n" },
    "a.yaml:2: radio.frequency_mhz: expected a frequency in MHz that the SX1262 reaches, from 150 to 960, found the number 2400",
    "leave it out",
  ],
  [
    "a frequency in Hz",
    { "a.yaml": "radio:\n  frequency_mhz: 869618000\n" },
    "a.yaml:2: radio.frequency_mhz: expected a frequency in MHz that the SX1262 reaches, from 150 to 960, found the number 869618000",
    "leave it out",
  ],
  [
    "a bandwidth that LoRa lacks",
    { "a.yaml": "radio:\n  bandwidth_khz: 60\n" },
    "a.yaml:2: radio.bandwidth_khz: expected one of 7.8, 10.4, 15.6, 20.8, 31.25, 41.7, 62.5, 125, 250, 500, found the number 60",
    "leave it out",
  ],
  [
    "spreading factor 4",
    { "a.yaml": "radio:\n  spreading_factor: 4\n" },
    "a.yaml:2: radio.spreading_factor: expected a whole number from 5 to 12, found the number 4",
    "leave it out",
  ],
  [
    "spreading factor 13",
    { "a.yaml": "radio:\n  spreading_factor: 13\n" },
    "a.yaml:2: radio.spreading_factor: expected a whole number from 5 to 12, found the number 13",
    "leave it out",
  ],
  [
    "a coding rate beyond 4/8",
    { "a.yaml": "radio:\n  coding_rate: 4/9\n" },
    'a.yaml:2: radio.coding_rate: expected 5, 6, 7 or 8 (or 4/5 ... 4/8), found "4/9"',
    "leave it out",
  ],
  [
    "more power than the chip has",
    { "a.yaml": "radio:\n  tx_power_dbm: 23\n" },
    "a.yaml:2: radio.tx_power_dbm: expected a whole number of dBm from -9 to 22, found the number 23",
    "leave it out",
  ],
  [
    "a packet longer than the hour's budget",
    { "a.yaml": "radio:\n  spreading_factor: 12\n  bandwidth_khz: 7.8\n  duty_cycle_percent: 5\n" },
    "a.yaml:1: radio: expected a longest packet that fits into the hour's transmit budget of 180 s, found 229 s on air",
    "use a lower spreading_factor, a wider bandwidth_khz, or a preset",
  ],
  [
    "a duty cycle of nothing",
    { "a.yaml": "radio:\n  duty_cycle_percent: 0\n" },
    "a.yaml:2: radio.duty_cycle_percent: expected a percentage from 0.1 to 100, found the number 0",
    "leave it out",
  ],
];

const BACKBONE =
  "expected nats://host:4222 or tls://host:4222, or several of them separated by commas, with one user and password or none";

export const PEERS: Refusal[] = [
  [
    "a peer without a port",
    { "a.yaml": "peers:\n  - host: a.example\n    secret: x\n" },
    "a.yaml:2: peers[0]: expected addr: host:port, or host and port, found only host",
    "add the peer's address",
  ],
  [
    "a peer without an address",
    { "a.yaml": "peers:\n  - name: X\n    secret: x\n" },
    "a.yaml:2: peers[0]: expected addr: host:port, or host and port, found neither",
    "add the peer's address",
  ],
  [
    "a peer with two addresses",
    { "a.yaml": "peers:\n  - addr: a.example:1\n    host: a\n    port: 1\n    secret: x\n" },
    "a.yaml:2: peers[0].addr: expected either addr, or host and port, found both",
    "remove one",
  ],
  [
    "a peer without any secret",
    { "a.yaml": "peers:\n  - host: a.example\n    port: 7070\n" },
    "a.yaml:2: peers[0].secret: expected a secret here, or federation.federation_secret for all peers, found nothing",
    "use the same secret on both sides; make one with: openssl rand -hex 16",
  ],
  [
    "one peer in both forms",
    { "a.yaml": "peers:\n  - { addr: 'a.example:1', secret: x }\n  - { host: A.example, port: 1, secret: x }\n" },
    "a.yaml:3: peers[1]: expected each peer once, found a.example:1 again",
    "remove one of the two",
  ],
  [
    "port 0",
    { "a.yaml": "peers:\n  - { host: a.example, port: 0, secret: x }\n" },
    "a.yaml:2: peers[0].port: expected a port from 1 to 65535, found the number 0",
    "for example 7070",
  ],
  [
    "a host with a scheme",
    { "a.yaml": "peers:\n  - { host: 'https://a.example', port: 1, secret: x }\n" },
    'a.yaml:2: peers[0].host: expected a host name or address, found "https://a.example"',
    "for example room-server.example.com",
  ],
  [
    "an address without a port",
    { "a.toml": "[[federation.peers]]\nname = 'x'\naddr = 'cityb'\nsecret = 'x'\n" },
    'a.toml:3: federation.peers[0].addr: expected host:port, such as 127.0.0.1:7070, with a port from 1 to 65535, found "cityb"',
    "for example room-server.example.com:5001",
  ],
  [
    "federation without any secret",
    { "a.yaml": "federation:\n  enabled: true\n" },
    "a.yaml:1: federation.federation_secret: expected a secret in quotes, found nothing",
    "make one with: openssl rand -hex 16",
  ],
  [
    "a backbone of another kind",
    { "a.yaml": "federation:\n  blind_hub: {}\n  backbone: 'mqtt://a.example'\n" },
    `a.yaml:3: federation.backbone: ${BACKBONE}, found "mqtt://a.example"`,
    "leave it out",
  ],
  [
    "a backbone with two logins",
    { "a.yaml": "federation:\n  blind_hub: {}\n  backbone: 'nats://a:hunter2@a.example,b:hunter3@b.example'\n" },
    `a.yaml:3: federation.backbone: ${BACKBONE}, found a URL with a login that is none`,
    "leave it out",
  ],
  [
    "a backbone with a token",
    { "a.yaml": "federation:\n  blind_hub: {}\n  backbone: 'nats://hunter2@a.example'\n" },
    `a.yaml:3: federation.backbone: ${BACKBONE}, found a URL with a login that is none`,
    "leave it out",
  ],
  [
    "a backbone with a password that is not escaped",
    { "a.yaml": "federation:\n  blind_hub: {}\n  backbone: 'nats://a:hunter/2@a.example'\n" },
    `a.yaml:3: federation.backbone: ${BACKBONE}, found a URL with a login that is none`,
    "leave it out",
  ],
  [
    "a backbone without a hub",
    { "a.yaml": "federation:\n  federation_secret: 'nobody'\n  backbone: 'nats://a.example'\n" },
    "a.yaml:1: federation.blind_hub: expected blind_hub beside backbone: only hubs have one, found nothing",
    "add blind_hub, or remove backbone",
  ],
  [
    "a backbone's user without a password",
    {
      "a.toml":
        "[federation]\nbackbone = 'nats://a.example'\nbackbone_user = 'x'\nfederation_secret = 'x'\nblind_hub = {}\n",
    },
    "a.toml:1: federation.backbone_password: expected a text in quotes beside the user, found nothing",
    "add backbone_password",
  ],
  [
    "a backbone with a user and a .creds file",
    {
      "a.toml":
        "[federation]\nbackbone = 'nats://u:p@a.example'\nbackbone_creds = 'x'\nfederation_secret = 'x'\nblind_hub = {}\n",
    },
    "a.toml:3: federation.backbone_creds: expected either backbone_creds, or user and password, found both",
    "remove one",
  ],
  [
    "a certificate without its key",
    { "a.yaml": "federation:\n  tls_cert: a.pem\n" },
    "a.yaml:1: federation.tls_key: expected a file beside tls_cert, found nothing",
    "add tls_key, or remove tls_cert",
  ],
  [
    "a port above the last",
    { "a.toml": "federation.federation_port = 99999\n" },
    "a.toml:1: federation.federation_port: expected a port from 1 to 65535, found the number 99999",
    "leave it out for the default, 5001",
  ],
];

export const SERVICES: Refusal[] = [
  [
    "MQTT without a broker",
    { "a.yaml": "mqtt:\n  enabled: true\n" },
    "a.yaml:1: mqtt.broker: expected a URL such as mqtt://localhost:1883, found nothing",
    "add broker: mqtt://HOST:1883, or set enabled to false",
  ],
  [
    "a broker twice",
    { "a.yaml": "mqtt:\n  broker: mqtt://h\n  brokers:\n    - broker: mqtt://h\n" },
    "a.yaml:4: mqtt.brokers[0].broker: expected each broker once, found h again",
    "remove one of the two, or give it another topic_prefix",
  ],
  [
    "one broker of several with a password and no user",
    { "a.yaml": "mqtt:\n  brokers:\n    - broker: mqtt://h\n      password: hunter2\n" },
    "a.yaml:3: mqtt.brokers[0].username: expected a user name beside the password, found nothing",
    "add username",
  ],
  [
    "a broker without a scheme",
    { "a.yaml": "mqtt:\n  broker: localhost:1883\n" },
    'a.yaml:2: mqtt.broker: expected a URL such as mqtt://localhost:1883, found "localhost:1883"',
    "mqtt://localhost:1883",
  ],
  [
    "a broker of another protocol",
    { "a.yaml": "mqtt:\n  broker: https://bob:hunter2@localhost\n" },
    'a.yaml:2: mqtt.broker: expected a URL such as mqtt://localhost:1883, found "https://bob:[hidden]@localhost"',
    "leave it out",
  ],
  [
    "a mistyped profile",
    { "a.yaml": "mqtt:\n  profile: mc2mqt\n" },
    'a.yaml:2: mqtt.profile: expected native or mc2mqtt, found "mc2mqt"',
    "did you mean mc2mqtt?",
  ],
  [
    "a topic with a wildcard",
    { "a.yaml": "mqtt:\n  topic_prefix: a/#\n" },
    'a.yaml:2: mqtt.topic_prefix: expected a topic without + # or spaces, and no / at its ends, found "a/#"',
    'leave it out for the default, "meshcore"',
  ],
  [
    "a password without a user",
    { "a.yaml": "mqtt:\n  password: hunter2\n" },
    "a.yaml:1: mqtt.username: expected a user name beside the password, found nothing",
    "add username",
  ],
  [
    "a region of four letters",
    { "a.yaml": "mqtt:\n  iata: ZRHX\n" },
    'a.yaml:2: mqtt.iata: expected a region code of three capital letters, or test, found "ZRHX"',
    'leave it out for the default, "test"',
  ],
  [
    "an unknown kind of auth",
    { "a.yaml": "clients:\n  auth: none\n" },
    'a.yaml:2: clients.auth: expected required or optional, found "none"',
    "leave it out",
  ],
  [
    "a webhook of another protocol",
    { "a.yaml": "alerts:\n  webhook: ftp://hunter2@x/\n" },
    "a.yaml:2: alerts.webhook: expected a URL such as https://example.com/hook, found a text of 16 characters",
    "leave it out",
  ],
  [
    "quiet hours without minutes",
    { "a.yaml": "alerts:\n  webhook: https://a.example/\n  quiet_hours: 22-7\n" },
    'a.yaml:3: alerts.quiet_hours: expected hours such as 22:00-07:00, found "22-7"',
    "leave it out",
  ],
  [
    "a secret for no webhook",
    { "a.yaml": "alerts:\n  webhook_secret: an otter crosses at dawn\n" },
    "a.yaml:1: alerts.webhook: expected a URL beside webhook_secret, found nothing",
    "add webhook, or remove webhook_secret",
  ],
  [
    "a watched node with a name instead of its number",
    { "a.yaml": "alerts:\n  nodes:\n    - { node: Hill }\n" },
    'a.yaml:3: alerts.nodes[0].node: expected a node\'s public key, 64 hex digits, or the first 8 or more of them, found "Hill"',
    "host-bridge/demo.yaml is an example",
  ],
  [
    "the same node twice",
    { "a.yaml": "alerts:\n  nodes:\n    - { node: aabbccdd }\n    - { node: AABBCCDD, ignore: true }\n" },
    'a.yaml:4: alerts.nodes[1].node: expected another node than alerts.nodes[0], found "AABBCCDD"',
    "remove one of the two",
  ],
  [
    "a log level of another program",
    { "a.yaml": "log:\n  level: verbose\n" },
    'a.yaml:2: log.level: expected debug, info, warn or error, found "verbose"',
    'leave it out for the default, "info"',
  ],
  [
    "a value where a table belongs",
    { "a.yaml": "log: debug\n" },
    "a.yaml:1: log: expected a table of keys, found a single value",
    "write its keys below it",
  ],
  [
    "a negative speed",
    { "a.yaml": "simulator:\n  speed: -1\n" },
    "a.yaml:2: simulator.speed: expected a number from 0 to 1000, found the number -1",
    "leave it out for the default, 1",
  ],
  [
    "an empty directory",
    { "a.yaml": "data_dir: ''\n" },
    'a.yaml:1: data_dir: expected a directory that is not empty, found ""',
    "leave it out",
  ],
  [
    "a list where a text belongs",
    { "a.yaml": "name: [a]\n" },
    "a.yaml:1: name: expected this server's name, found a list",
    "leave it out",
  ],
  [
    "a date where a text belongs",
    { "a.toml": "name = 1979-05-27\n" },
    "a.toml:1: name: expected this server's name, found a date",
    "put it in quotes",
  ],
];
