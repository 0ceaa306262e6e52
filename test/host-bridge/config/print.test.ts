import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../../host-bridge/config/load.ts";
import { printConfig } from "../../../host-bridge/config/print.ts";
import { DEMO_FILE } from "../../../host-bridge/files.ts";
import { command } from "../cli/start.ts";
import { Scratch } from "../scratch.ts";
import { load, SEED_TOML, SEED_YAML } from "./files.ts";

const SECRETS = ["secretkeyhere", "clubsecretkey", "shared-peer-secret", "REPLACE_WITH", "hunter2"];
/** The first line like that, its spaces as one. */
const line = (text: string, start: RegExp): string =>
  (text.split("\n").find((one) => start.test(one)) ?? "").replace(/ +/g, " ").trim();

describe("run --print-config", () => {
  const scratch = new Scratch();
  let folder: string;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  beforeEach(() => {
    folder = scratch.dir();
  });
  afterEach(() => scratch.clean());

  it("shows each value with its file and line, its variable, or why it is the default", async () => {
    const yaml = file("a.yaml", `${SEED_YAML}radio: { spreading_factor: 9 }\n`);
    const psk = file("psk", "hunter2");
    const toml = file("b.toml", `${SEED_TOML}[[rooms]]\nname = "ClubNet"\npsk_file = ${psk}\n`);
    const args = ["run", "--print-config", "--config", yaml, "--config", toml];
    const env = { MESHCORE_ROOM_MQTT_PASSWORD: "hunter2", MESHCORE_ROOM_MQTT_USERNAME: "bob" };
    const { code, out, err } = await command(args, { env });
    assert.equal(code, 0);
    const lines: [RegExp, string][] = [
      [/^listen/, 'listen: "127.0.0.1:7070" # default'],
      [/^ {2}spreading_factor/, `spreading_factor: 9 # ${yaml}:28`],
      [/^ {2}bandwidth_khz/, "bandwidth_khz: 62.5 # of the preset"],
      [/EmergencyNet/, `- name: "EmergencyNet" # ${yaml}:8`],
      [/hidden.*a.yaml/, `psk: "[hidden]" # ${yaml}:9`],
      [/hidden.*psk:1$/, `psk: "[hidden]" # ${psk}:1`],
      [/# psk_file: "/, `# psk_file: "${psk}" # ${toml}:16`],
      [/^ {2}federation_port/, `federation_port: 5001 # ${toml}:3`],
      [/^ {2}status_port/, "status_port: 5002 # default"],
      [/^ {2}username/, 'username: "bob" # MESHCORE_ROOM_MQTT_USERNAME'],
      [/^ {2}password/, 'password: "[hidden]" # MESHCORE_ROOM_MQTT_PASSWORD'],
      [/^ {2}auth/, 'auth: "optional" # listen is for this machine only'],
      [/^# tls/, "# tls: # not set"],
    ];
    for (const [start, expected] of lines) assert.equal(line(out, start), expected);
    assert.match(err, /^Warning: .*weak secret/m);
    for (const secret of SECRETS) assert.ok(!(out + err).includes(secret), secret);
  });

  it("has the passwords of URLs out too", () => {
    const out = printConfig(load({ "a.yaml": 'mqtt: { broker: "mqtt://bob:hunter2@h" }\n' }));
    assert.equal(line(out, /^ {2}broker/).split(" #")[0], 'broker: "mqtt://bob:[hidden]@h"');
  });

  it("loads again as the same configuration, the secrets apart", () => {
    for (const files of [[DEMO_FILE], [file("a.yaml", SEED_YAML), file("b.toml", SEED_TOML)], [file("c.yaml", "")]]) {
      const first = loadConfig(files, {});
      const again = loadConfig([file("printed.yaml", printConfig(first))], {});
      const bare = (config: object): unknown =>
        JSON.parse(JSON.stringify(config, (key, value) => (["psk", "secret", "files"].includes(key) ? null : value)));
      assert.deepEqual(bare(again.config), bare(first.config));
      for (const secret of SECRETS) assert.ok(!printConfig(first).includes(secret), secret);
    }
  });

  it("fails as run does where the configuration is wrong", async () => {
    const { code, out, err } = await command(["run", "--print-config", "--config", file("a.yaml", "nam: x\n")]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^Error: .*a\.yaml:1: nam: .*\nTry: did you mean name\?\n$/);
  });
});
