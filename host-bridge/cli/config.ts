// Which configuration a command works on, and where the key of a private room comes from.
import { readFileSync } from "node:fs";
import type { LoadedConfig } from "../config/load.ts";
import { defaultConfigFiles, loadConfig } from "../config/load.ts";
import { roomKey } from "../config/room-key.ts";
import { RoomError } from "../errors.ts";
import { DEMO_FILE } from "../files.ts";
import type { CliIo } from "./io.ts";

/** The files named with --config, else those of /etc. Throws `no_config` when there is none. */
export function filesToRun(io: CliIo, named: readonly string[] = []): string[] {
  const files = named.length > 0 ? [...named] : defaultConfigFiles(io.defaultFiles);
  if (files.length > 0) return files;
  const hint = "npm start for a try-out with simulated boards, or --config FILE";
  throw new RoomError("no_config", `no configuration: no --config, and no ${io.defaultFiles.join(" or ")}`, { hint });
}

/** The configuration that tells a client command the rooms: named, else of /etc, else the one of `npm start`. */
export function configForClient(io: CliIo, named: readonly string[] = []): LoadedConfig & { files: string[] } {
  const files = named.length > 0 ? [...named] : defaultConfigFiles(io.defaultFiles);
  const chosen = files.length > 0 ? files : [DEMO_FILE];
  return { ...loadConfig(chosen, io.env), files: chosen };
}

export interface KeyOptions {
  config?: string[];
  pskFile?: string;
}

/**
 * The key of a private room: from --psk-file, MESHCORE_ROOM_PSK, or the configuration; never from an argument, which every
 * user of the machine could read. Throws `no_key`.
 */
export async function keyForRoom(room: string, options: KeyOptions, io: CliIo): Promise<Uint8Array> {
  const given =
    options.pskFile === undefined
      ? io.env["MESHCORE_ROOM_PSK"]
      : readSecret(options.pskFile, "--psk-file", "the room's psk");
  if (given !== undefined && given !== "") return roomKey(room, given);
  const { config, files } = configForClient(io, options.config);
  const found = config.rooms.find(({ name }) => name === room);
  if (found?.isPrivate) return roomKey(room, found.psk);
  const hint = "--config FILE with the room in it, --psk-file FILE, or MESHCORE_ROOM_PSK";
  throw new RoomError("no_key", `the room "${room}" is private, and ${files.join(", ")} has no psk for it`, { hint });
}

/** The token of --token-file or MESHCORE_ROOM_TOKEN, null where there is none. Throws bad_usage. */
export function tokenOf(options: { tokenFile?: string }, io: CliIo): string | null {
  if (options.tokenFile !== undefined) return readSecret(options.tokenFile, "--token-file", "a token").trim();
  return io.env["MESHCORE_ROOM_TOKEN"]?.trim() || null;
}

function readSecret(file: string, option: string, what: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const found = String((error as NodeJS.ErrnoException).code);
    throw new RoomError("bad_usage", `${option} ${file}`, {
      expected: "a readable file",
      found,
      hint: "check the path",
      cause: error,
    });
  }
  // An editor's newline at the end is not part of the secret; a space may be.
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") {
    throw new RoomError("bad_usage", `${option} ${file}`, {
      expected: what,
      found: "an empty file",
      hint: `write ${what} into it`,
    });
  }
  return secret;
}
