import { createHash } from "node:crypto";
import { RoomError } from "../errors.ts";
import { VERSION } from "../files.ts";
import type { RoomMessage } from "./message.ts";
import { readStore, storedRooms } from "./store-file.ts";
import { HistoryReader } from "./store-query.ts";

/** Of the lines; import.ts reads this one and older ones. */
export const EXPORT_FORMAT = 1;

const PAGE = 500;

export interface ExportFacts {
  rooms: number;
  messages: number;
}

/**
 * Writes the history of `room`, or with null of every room in the file, as JSON Lines: a line that says what it is, one for
 * each message, room by room and in the order of the history, and one with the count and the SHA-256 of all before it. The
 * state of one instant, while a daemon may be writing. Throws RoomError `unknown_room`, `store_...`.
 */
export function exportHistory(
  dataDir: string,
  room: string | null,
  unixMs: number,
  write: (text: string) => void,
): ExportFacts {
  return readStore(dataDir, (db) => {
    db.exec("BEGIN");
    const all = storedRooms(db);
    const wanted = room === null ? all : all.filter(({ name }) => name === room);
    if (room !== null && wanted.length === 0) {
      const names = all.map(({ name }) => JSON.stringify(name)).join(", ");
      throw new RoomError("unknown_room", "the history has no such room", {
        expected: all.length === 0 ? "a room with a history" : `one of ${names}`,
        found: JSON.stringify(room),
        hint: "meshcore-room export --all",
      });
    }
    const hash = createHash("sha256");
    const put = (lines: object[]): void => {
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      hash.update(text);
      write(text);
    };
    const exported_at = new Date(unixMs).toISOString();
    put([{ type: "meshcore-room-export", format: EXPORT_FORMAT, version: VERSION, exported_at }]);
    const reader = new HistoryReader(db);
    let messages = 0;
    for (const { id, name } of wanted) {
      let page = reader.read(name, id, { limit: PAGE, after: null });
      while (page.length > 0) {
        put(page.map(exportLine));
        messages += page.length;
        page = reader.read(name, id, { limit: PAGE, after: page[page.length - 1].guid });
      }
    }
    write(`${JSON.stringify({ type: "end", messages, sha256: hash.digest("hex") })}\n`);
    return { rooms: wanted.length, messages };
  });
}

function exportLine(message: RoomMessage): object {
  const { room, guid, sender, text, timestamp, receivedAt, via, origin, rssi, snr, hops, board, payload } = message;
  const receptions = (message.receptions ?? []).map(({ heardAt, ...heard }) => ({ ...heard, heard_at_ms: heardAt }));
  return {
    ...{ type: "message", room, guid, sender, text, timestamp, received_at_ms: receivedAt, via, origin },
    ...{ rssi, snr, hops, board, receptions, payload: Buffer.from(payload).toString("hex") },
  };
}
