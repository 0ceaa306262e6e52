import type { Role } from "./tokens.ts";
import { ROLES } from "./tokens.ts";

/**
 * Who asks, as far as rights go. `local` is a program on this machine without a token, `anonymous` anybody else without one.
 * role `none` may do nothing in rooms.
 */
export interface Principal {
  kind: "local" | "token" | "anonymous";
  role: Role | "none";
  /** Names of the rooms it is kept to; null: all. */
  rooms: readonly string[] | null;
  token: { id: string; name: string } | null;
}

/** What the rights depend on. */
export interface RoomFacts {
  name: string;
  isPrivate: boolean;
}

export function mayDo({ role }: Principal, needed: Role): boolean {
  return role !== "none" && ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** A room that it may not see is to it as if it were not there: in lists, counts, and errors. */
export function maySee({ kind, rooms }: Principal, room: RoomFacts): boolean {
  if (rooms !== null && !rooms.includes(room.name)) return false;
  return !room.isPrivate || kind !== "anonymous";
}

/** May it have the room's messages without proving the room's key? Who sits at this machine sees that there is a room, not more. */
export function mayOpen(principal: Principal, room: RoomFacts): boolean {
  return maySee(principal, room) && (!room.isPrivate || principal.kind === "token");
}

/** May it know what concerns all rooms together, such as how many posts wait? */
export function seesAll({ kind, rooms }: Principal): boolean {
  return kind !== "anonymous" && rooms === null;
}
