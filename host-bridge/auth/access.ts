import type { Clock } from "../clock.ts";
import { openAccessFile } from "./access-file.ts";
import { Moderation } from "./moderation.ts";
import { Tokens } from "./tokens.ts";

/** All that the file of tokens.sqlite holds. */
export interface Access {
  tokens: Tokens;
  moderation: Moderation;
  close(): void;
}

/** Throws RoomError `access_unusable`, `access_newer`. */
export function openAccess(dataDir: string, clock: Clock): Access {
  const db = openAccessFile(dataDir);
  const unixMs = (): number => clock.unixMs();
  const tokens = new Tokens(db, unixMs);
  return { tokens, moderation: new Moderation(db, unixMs), close: () => tokens.close() };
}
