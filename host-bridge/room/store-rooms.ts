// Which row of the store belongs to which configured room, across new names and new keys.
import type { Statements } from "./store-sql.ts";

/** A configured room, as far as the store cares. */
export interface RoomWish {
  name: string;
  maxHistory: number;
  keyCheck?: number;
  /** The name that it had before; its history comes along. */
  previousName?: string | null;
  /** What becomes of the history when the key is another one than before. */
  onRekey?: "keep" | "archive";
}

/** Something that an operator wants to read in the log. */
export interface RoomMove {
  room: string;
  what: "renamed" | "rekeyed" | "archived";
  /** The old name; of an archive, the name that it is exported by. */
  name: string;
  /** Posts sealed with the old key that had not been on air and now never will. */
  dropped: number;
}

interface Row {
  id: number;
  keyCheck: number | null;
}

/**
 * Finds or makes the row of `wish`, within the caller's transaction. An archive is a row under a name that no room has; it
 * stays as it is and can be exported. `nowMs` (Unix) names it.
 */
export function settleRoom(sql: Statements, wish: RoomWish, nowMs: number, moves: RoomMove[]): number {
  const find = (name: string): Row | undefined => sql.roomOf.get(name) as Row | undefined;
  const { name, previousName } = wish;
  const keyCheck = wish.keyCheck ?? null;
  let row = find(name);
  if (row === undefined && previousName != null) {
    row = find(previousName);
    if (row !== undefined) {
      sql.renameRoom.run(name, row.id);
      moves.push({ room: name, what: "renamed", name: previousName, dropped: 0 });
    }
  }
  if (row === undefined) return Number(sql.addRoom.run(name, keyCheck).lastInsertRowid);
  if (keyCheck === null || row.keyCheck === keyCheck) return row.id;
  // A file of an older version does not know the key it was written with: it is the one of today.
  if (row.keyCheck !== null) {
    const dropped = Number(sql.dropOutboxOf.run(row.id).changes);
    if (wish.onRekey === "archive") {
      const renamed = moves.at(-1)?.room === name ? moves.pop() : undefined;
      const archive = freeName(renamed?.name ?? name, nowMs, find);
      sql.renameRoom.run(archive, row.id);
      moves.push({ room: name, what: "archived", name: archive, dropped });
      return Number(sql.addRoom.run(name, keyCheck).lastInsertRowid);
    }
    moves.push({ room: name, what: "rekeyed", name, dropped });
  }
  sql.setRoomKey.run(keyCheck, row.id);
  return row.id;
}

/** `Name@2026-11-21`, or with a number behind it where that is taken. */
function freeName(name: string, nowMs: number, find: (name: string) => unknown): string {
  const stem = `${name}@${new Date(nowMs).toISOString().slice(0, 10)}`;
  for (let n = 1; ; n++) {
    const free = n === 1 ? stem : `${stem}-${n}`;
    if (find(free) === undefined) return free;
  }
}

/** One line of the log. */
export function moveSentence({ room, what, name, dropped }: RoomMove): string {
  const posts = dropped === 0 ? "" : `; ${dropped} posts that waited for a board with the old key will not go on air`;
  switch (what) {
    case "renamed":
      return `The room "${name}" is now "${room}" and keeps its history`;
    case "rekeyed":
      return `The room "${room}" has a new key and keeps its history${posts}`;
    case "archived":
      return `The room "${room}" has a new key; its history is archived as "${name}"${posts}`;
  }
}
