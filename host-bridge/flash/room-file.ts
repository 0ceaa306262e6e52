// Rooms and radio of --rooms FILE, read as the daemon reads its configuration.
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import type { Board } from "../../boards/board.ts";
import type { RadioSettings } from "../../protocol/airtime.ts";
import { readU32 } from "../../protocol/bytes.ts";
import { loadConfig } from "../config/load.ts";
import { nodeAt } from "../config/node.ts";
import { roomKey } from "../config/room-key.ts";
import { parseTomlFile } from "../config/toml.ts";
import { parseYamlFile } from "../config/yaml.ts";
import type { RoomError } from "../errors.ts";
import { nodeCrypto } from "../node-crypto.ts";

export interface RoomToSet {
  name: string;
  isPrivate: boolean;
  max: number;
  key: Uint8Array;
  /** What the board says of a key instead of the key (docs/link.md). */
  keyCheck: number;
}

export interface RoomPlan {
  file: string;
  rooms: RoomToSet[];
  /** Null where the file says nothing of the radio: the board keeps its settings. */
  radio: (RadioSettings & { dutyPermille: number }) | null;
}

/** Most messages that a board's `max` can say. */
const MOST = 0xffff;

/** Throws RoomErrorList `bad_config`. Warnings are worded like errors, and hold no secret. */
export async function readRoomFile(
  file: string,
  board: Board,
  env: NodeJS.ProcessEnv,
): Promise<{ plan: RoomPlan; warnings: RoomError[] }> {
  const { config, warnings } = loadConfig([file], env);
  const rooms = await Promise.all(
    config.rooms.map(async ({ name, psk, isPrivate, maxHistory }) => {
      const key = await roomKey(name, psk);
      const keyCheck = readU32(nodeCrypto.sha256(Buffer.concat([Buffer.from("room-key-check"), key])), 0);
      return { name, isPrivate, max: Math.min(maxHistory, MOST), key, keyCheck };
    }),
  );
  const says = (...path: string[]): boolean => nodeAt(parse(file), path) !== undefined;
  let radio: RoomPlan["radio"] = null;
  if (says("radio")) {
    const { settings, dutyCyclePercent } = config.radio;
    // The daemon's default is what the chip gives; a board with an amplifier has a lower one of its own.
    const powerDbm = says("radio", "tx_power_dbm") ? settings.powerDbm : board.radio.powerDbm;
    radio = { ...settings, powerDbm, dutyPermille: Math.max(1, Math.round(dutyCyclePercent * 10)) };
  }
  return { plan: { file, rooms, radio }, warnings };
}

function parse(file: string) {
  const text = readFileSync(file, "utf8").replace(/\r\n/g, "\n");
  return ([".yaml", ".yml"].includes(extname(file).toLowerCase()) ? parseYamlFile : parseTomlFile)(file, text).root;
}
