// Configurations with one mistake each, for broken.test.ts.
import type { Refusal } from "./files.ts";

export const YAML: Refusal[] = [
  [
    "a bracket that is not closed",
    { "a.yaml": "name: A\nrooms: [1\n" },
    "a.yaml:2: expected a closing quote or bracket",
    "close what was opened above",
  ],
  [
    "a quote that is not closed",
    { "a.yaml": "rooms:\n  - name: 'A\n" },
    "a.yaml:2: expected a closing quote or bracket",
    "close what was opened above",
  ],
  [
    "a tab at the start of a line",
    { "a.yaml": "rooms:\n\t- name: A\n" },
    "a.yaml:2: expected spaces at the start of the line",
    "replace the tab by spaces",
  ],
  [
    "keys of one table at different columns",
    { "a.yaml": "log:\n  level: info\n format: text\n" },
    "a.yaml:3: expected the same indentation for all keys of a table",
    "compare the spaces with the lines above",
  ],
  [
    "a key twice",
    { "a.yaml": "name: A\nname: B\n" },
    "a.yaml:2: expected each key once in a table",
    "remove one of the two",
  ],
  [
    "a text that begins with @",
    { "a.yaml": "rooms:\n  - name: A\n    psk: @hunter2\n" },
    "a.yaml:3: expected quotes around a text that begins with such a character",
    'write it as "..."',
  ],
  [
    "a text that begins with !",
    { "a.yaml": "rooms:\n  - name: A\n    psk: !hunter2\n" },
    "a.yaml:3: expected quotes around a text that begins with !",
    'write it as "..."',
  ],
  [
    "a text that begins with *",
    { "a.yaml": "rooms:\n  - name: A\n    psk: *hunter2\n" },
    "a.yaml:3: expected an anchor (&name) above its alias (*name)",
    "put a text that begins with * in quotes",
  ],
  [
    "an unknown escape",
    { "a.yaml": 'name: "a\\qb"\n' },
    "a.yaml:1: expected a known escape after the backslash",
    "write \\\\ for a backslash, or use '...' quotes",
  ],
  [
    "two colons in a line",
    { "a.yaml": "name: a: b\n" },
    'a.yaml:1: expected one "key: value" a line',
    "put a text that contains a colon in quotes, and check the indentation",
  ],
  [
    "a key without a colon",
    { "a.yaml": "name\nlisten: 127.0.0.1:1\n" },
    'a.yaml:1: expected "key: value"',
    "put a colon and a space after the key",
  ],
  [
    "two documents in a file",
    { "a.yaml": "name: A\n---\nname: B\n" },
    "a.yaml:2: expected one document in the file",
    "remove the line ---",
  ],
  [
    "a list at the top",
    { "a.yaml": "- a\n" },
    'a.yaml:1: expected keys such as "rooms:" at the start of the line, found a list',
    "see the example host-bridge/demo.yaml",
  ],
  [
    "a text at the top",
    { "a.yaml": "hunter2\n" },
    'a.yaml:1: expected keys such as "rooms:" at the start of the line, found a single value',
    "see the example host-bridge/demo.yaml",
  ],
  [
    "an alias inside of itself",
    { "a.yaml": "name: &x [*x]\n" },
    "a.yaml:1: expected an alias that does not contain itself",
    "write the values out",
  ],
  [
    "a list as key",
    { "a.yaml": "? [a]\n: b\n" },
    "a.yaml:1: expected a plain word as key",
    "remove the ? or the brackets",
  ],
];

export const TOML: Refusal[] = [
  [
    "a text without quotes",
    { "a.toml": "name = A\n" },
    "a.toml:1: expected valid TOML, found unexpected character",
    "put a text in quotes, and check the brackets",
  ],
  [
    "a secret without quotes",
    { "a.toml": "[federation]\nfederation_secret = hunter2!\n" },
    "a.toml:2: expected valid TOML, found unexpected character",
    "put a text in quotes, and check the brackets",
  ],
  [
    "a key twice",
    { "a.toml": "name = 'A'\nname = 'B'\n" },
    "a.toml:2: expected valid TOML, found defining a key multiple times is invalid",
    "remove one of the two, or use [[name]] for each item of a list",
  ],
  [
    "a table twice",
    { "a.toml": "[log]\nlevel = 'info'\n[log]\nformat = 'text'\n" },
    "a.toml:3: expected valid TOML, found defining a key multiple times is invalid",
    "remove one of the two, or use [[name]] for each item of a list",
  ],
  [
    "a list that is a table too",
    { "a.toml": "[[rooms]]\nname = 'A'\n[rooms]\nx=1\n" },
    "a.toml:3: expected valid TOML, found defining a key multiple times is invalid",
    "remove one of the two, or use [[name]] for each item of a list",
  ],
  [
    "a bracket that is not closed",
    { "a.toml": "[mqtt\n" },
    "a.toml:1: expected valid TOML, found unterminated table-key",
    "close the bracket",
  ],
  [
    "a quote that is not closed",
    { "a.toml": 'name = "A\n' },
    "a.toml:1: expected valid TOML, found unterminated string constant",
    "close the quotes",
  ],
  [
    "a key without a value",
    { "a.toml": "name\n" },
    "a.toml:1: expected valid TOML, found expected equal (=) token",
    "write key = value",
  ],
  [
    "a number with a zero in front",
    { "a.toml": "name = 012\n" },
    "a.toml:1: expected valid TOML, found leading zeros are not allowed",
    "remove the zero, or put the value in quotes",
  ],
  [
    "two keys in a line",
    { "a.toml": "name = 'a' listen = 'b'\n" },
    "a.toml:1: expected valid TOML, found must be a newline",
    "one key = value a line",
  ],
];
