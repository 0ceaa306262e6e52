// Configuration files for the tests of a folder of their own, gone after the test.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadedConfig } from "../../../host-bridge/config/load.ts";
import { loadConfig } from "../../../host-bridge/config/load.ts";
import { printError } from "../../../host-bridge/errors.ts";

/** The first of the two files of SPEC section 3, as it stands there. */
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
  const folder = mkdtempSync(join(tmpdir(), "meshcore-room-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
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
    rmSync(folder, { recursive: true });
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

/** A title, a file by its name, what the error says, what the hint says. */
export type Refusal = [title: string, files: Record<string, string>, says: string, tries: string];

/** One test for each: exactly this error, nothing of a secret (all are "hunter2" here) in it. */
export function refuses(cases: Refusal[]): void {
  for (const [title, files, says, tries] of cases) {
    it(`refuses ${title}`, () => {
      const lines = complaints(files);
      assert.deepEqual(lines, [`Error: ${says}`, `Try: ${tries}`]);
      assert.ok(!lines.join("").includes("hunter2"));
    });
  }
}
