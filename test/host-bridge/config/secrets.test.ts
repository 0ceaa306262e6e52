import assert from "node:assert/strict";
import { weakness } from "../../../host-bridge/config/secrets.ts";
import { describe as sentence } from "../../../host-bridge/errors.ts";
import { load, SEED_TOML, SEED_YAML } from "./files.ts";

/** The place and the finding of each warning: `rooms[1].psk: ...`. */
function warnings(yaml: string): string[] {
  return load({ "a.yaml": yaml }).warnings.map((warning) => sentence(warning).replace(/^.*a\.yaml:\d+: /, ""));
}

describe("weak secrets", () => {
  const WEAK = "expected a secret that nobody can guess, found a weak secret of";

  it("every secret of the seed files is warned of, at its line", () => {
    const { warnings } = load({ "a.yaml": SEED_YAML, "b.conf": SEED_TOML });
    assert.deepEqual(
      warnings.map((warning) => sentence(warning).replace(/^.*\/([ab]\.\w+:\d+: \S+) .*?(\d+ characters).*$/, "$1 $2")),
      [
        "a.yaml:9: rooms[1].psk: 13 characters",
        "a.yaml:14: rooms[2].psk: 13 characters",
        "a.yaml:20: peers[0].secret: 18 characters",
        "a.yaml:23: peers[1].secret: 18 characters",
        "b.conf:6: federation.federation_secret: 27 characters",
      ],
    );
    for (const warning of warnings) assert.match(String(warning.hint), /openssl rand -hex 16/);
  });

  it("no warning shows the secret", () => {
    const all = JSON.stringify(load({ "a.yaml": SEED_YAML, "b.conf": SEED_TOML }).warnings.map(sentence));
    for (const secret of ["secretkeyhere", "clubsecretkey", "shared-peer-secret", "REPLACE_WITH"]) {
      assert.ok(!all.includes(secret), secret);
    }
  });

  it("good secrets, keys and public rooms are not warned of", () => {
    const yaml = `rooms:
  - { name: A, psk: "" }
  - { name: B, psk: "correct horse battery staple" }
  - { name: C, psk: "8b3387e9c5cdea6ac9e5edbaa115cd73" }
  - { name: D, psk: "izOH6cXN6mrJ5e26oRXNcg==" }
  - { name: E, psk: "кит поёт под мостом" }
federation: { enabled: true, federation_secret: "kT9x!2LmQz4w" }
`;
    assert.deepEqual(warnings(yaml), []);
  });

  it("the reason is told", () => {
    const reasons: [secret: string, reason: RegExp | null][] = [
      ["kT9x!2LmQz4", /fewer than 12/],
      ["kT9x!2LmQz4w", null],
      ["changeme-changeme", /placeholder/],
      ["your-secret-here-123456", /placeholder/],
      ["abababababababab", /repeats/],
      ["aaaaaaaaaaaaaaaa", /repeats/],
    ];
    for (const [secret, reason] of reasons) {
      if (reason === null) assert.equal(weakness(secret), null, secret);
      else assert.match(String(weakness(secret)), reason, secret);
    }
    assert.match(String(weakness("Mountain-Rescue", ["mountain-rescue"])), /name itself/);
  });

  it("a key that repeats itself is weak", () => {
    assert.deepEqual(warnings(`rooms:\n  - { name: A, psk: "${"00".repeat(16)}" }\n`), [
      `rooms[0].psk: ${WEAK} 32 characters (it repeats the same few bytes)`,
    ]);
  });

  it("what looks like a damaged key is told to be used as a passphrase", () => {
    const key = "8b3387e9c5cdea6ac9e5edbaa115cd73";
    const found = (psk: string): string[] => warnings(`rooms:\n  - { name: A, psk: "${psk}" }\n`);
    const start = "rooms[0].psk: expected a key or a passphrase, found";
    const end = "; it is used as a passphrase";
    assert.deepEqual(found(key.slice(1)), [`${start} 31 hex digits, and a key has 32 or 64${end}`]);
    assert.deepEqual(found(`0x${key}`), [`${start} 32 hex digits with other characters among them${end}`]);
    assert.deepEqual(found("izOH6cXN6mrJ5e26oRXNcg"), [
      `${start} a base64 key without its padding, or of the URL alphabet${end}`,
    ]);
  });
});
