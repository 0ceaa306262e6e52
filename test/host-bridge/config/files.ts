// Configuration files for the tests of a folder of their own, gone after the test.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadedConfig } from "../../../host-bridge/config/load.ts";
import { loadConfig } from "../../../host-bridge/config/load.ts";
import { printError } from "../../../host-bridge/errors.ts";
import { command } from "../cli/start.ts";
import { Scratch } from "../scratch.ts";

/** The first of the two files that configurations in use look like, verbatim. */
export const SEED_YAML = `rooms:
  # Public room - anyone can join, no encryption
  - name: "RegionMesh-Public"
    psk: ""
    description: "Public community channel for the region"
    max_history: 1000          # Messages to keep in memory
  # Emergency net - shared PSK with authorized operators
  - name: "EmergencyNet"
    psk: "secretkeyhere"
    description: "For emergency coordinators only"
    max_history: 500
  # Local club - private to members
  - name: "ClubNet"
    psk: "clubsecretkey"
    description: "For club members"
    max_history: 200
peers:
  - host: "room-server-portland.example.com"
    port: 7070
    secret: "shared-peer-secret"
  - host: "room-server-seattle.example.com"
    port: 7070
    secret: "shared-peer-secret"
mqtt:
  enabled: true
  broker: "mqtt://localhost:1883" # Or your MQTT broker address
  topic_prefix: "meshcore" # Base topic for all messages
`;

/** The second. */
export const SEED_TOML = `[federation]
enabled = true
federation_port = 5001
tls_cert = "/etc/meshcore/tls/server.crt"
tls_key  = "/etc/meshcore/tls/server.key"
federation_secret = "REPLACE_WITH_FEDERATION_PSK"
status_endpoint = true
[[federation.peers]]
  name = "City B Room Server"
  addr = "cityb.example.com:5001"
[[federation.peers]]
  name = "City C Room Server"
  addr = "203.0.113.45:5001"
`;

/** Writes the files and loads them in their order; the folder is gone afterwards. */
export function load(files: Record<string, string | Uint8Array>, env: NodeJS.ProcessEnv = {}): LoadedConfig {
  const scratch = new Scratch();
  const folder = scratch.dir();
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    return loadConfig(
      Object.keys(files).map((name) => join(folder, name)),
      env,
    );
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(`${folder}/`, "");
    for (const one of (error as { errors?: Error[] }).errors ?? [])
      one.message = one.message.replaceAll(`${folder}/`, "");
    throw error;
  } finally {
    scratch.clean();
  }
}

/** What a person reads when the files do not load; fails when they do. */
export function complaints(files: Record<string, string | Uint8Array>): string[] {
  try {
    load(files);
  } catch (error) {
    return printError(error).split("\n");
  }
  throw new Error("the configuration loads");
}

/** What a program around the files brings: the environment, and files that are none of the configuration's. */
export interface Around {
  env?: NodeJS.ProcessEnv;
  beside?: Record<string, string | Uint8Array>;
  strict?: boolean;
  mode?: number;
}

/** A title, the files by their names, what the error says, what the hint says. FOLDER is where they lie. */
export type Refusal = [title: string, files: Record<string, string>, says: string, tries: string, around?: Around];

/** `meshcore-room check` with the files: exit code and the lines of standard error. */
export async function checkedByProgram(files: Record<string, string>, around: Around = {}) {
  const scratch = new Scratch();
  const folder = scratch.dir();
  const here = (text: string): string => text.replaceAll("FOLDER", folder);
  try {
    for (const [name, text] of Object.entries({ ...files, ...around.beside })) {
      writeFileSync(join(folder, name), typeof text === "string" ? here(text) : text, { mode: around.mode ?? 0o600 });
    }
    const named = Object.keys(files).flatMap((name) => ["--config", join(folder, name)]);
    const env = Object.fromEntries(Object.entries(around.env ?? {}).map(([name, value]) => [name, here(value ?? "")]));
    const { code, out, err } = await command(["check", ...(around.strict ? ["--strict"] : []), ...named], { env });
    return { code, out, lines: err.replaceAll(`${folder}/`, "").trimEnd().split("\n") };
  } finally {
    scratch.clean();
  }
}
