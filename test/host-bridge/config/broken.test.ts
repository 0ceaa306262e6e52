// Every mistake that an operator can make, one at a time, through the program itself: the right sentence, the right advice,
// exit code 2, and nothing of a secret.
import assert from "node:assert/strict";
import { ADDRESSES, BOARDS_SECTION, KEYS, ROOMS } from "./broken-rooms.ts";
import { CLIENTS, ENVIRONMENT, FILES, MERGED, SECRET_FILES } from "./broken-secrets.ts";
import { PEERS, RADIO, SERVICES } from "./broken-services.ts";
import { TOML, YAML } from "./broken-syntax.ts";
import { checkedByProgram, type Refusal, SEED_TOML, SEED_YAML } from "./files.ts";

const GROUPS: Record<string, Refusal[]> = {
  "of its files": FILES,
  "in YAML": YAML,
  "in TOML": TOML,
  "in keys": KEYS,
  "in rooms": ROOMS,
  "in addresses": ADDRESSES,
  "in boards": BOARDS_SECTION,
  "in the radio": RADIO,
  "in peers": PEERS,
  "in MQTT and the rest": SERVICES,
  "in clients": CLIENTS,
  "in files with a secret": SECRET_FILES,
  "in the environment": ENVIRONMENT,
  "in several files": MERGED,
};
/** In every file and variable that holds one. */
const SECRET = "hunter2";

for (const [where, cases] of Object.entries(GROUPS)) {
  describe(`a configuration with a mistake ${where}`, () => {
    for (const [title, files, says, tries, around] of cases) {
      it(`refuses ${title}`, async () => {
        const { code, out, lines } = await checkedByProgram(files, around);
        assert.deepEqual([code, out, lines], [2, "", [`Error: ${says}`, `Try: ${tries}`]]);
        assert.ok(!lines.join("").includes(SECRET));
      });
    }
  });
}

describe("the suite of broken configurations", () => {
  it("has at least sixty, no two alike", () => {
    const all = Object.values(GROUPS).flat();
    const different = new Set(all.map(([, files, , , around]) => JSON.stringify([files, around])));
    assert.equal(different.size, all.length);
    assert.ok(all.length >= 60, `${all.length}`);
  });

  it("starts from files that are good: both of the specification, alone and together", async () => {
    const both = { "room-server.yaml": SEED_YAML, "room.conf": SEED_TOML };
    const bare = { "room.conf": SEED_TOML.replace(/"(\/etc.*)"/g, "$1") };
    for (const files of [{ "a.yaml": SEED_YAML }, { "b.conf": SEED_TOML }, both, bare]) {
      const { code, out } = await checkedByProgram(files as Record<string, string>);
      assert.equal(code, 0);
      assert.match(out, /: good \(/);
    }
  });
});
