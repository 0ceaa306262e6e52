// Whether somebody may say something in a room, as far as the text and the room go.
import { joinSender, MAX_TEXT } from "../../protocol/group-text.ts";
import { RoomError } from "../errors.ts";
import type { Room } from "./rooms.ts";

// MeshCore's own names have at most 31 bytes; longer ones leave less for the text but do no harm.
const MAX_NAME_BYTES = 64;

/** What is wrong with a sender's name, as a sentence, or null. */
export function nameProblem(name: string): string | null {
  if (name.trim() !== name || name === "") return "a name must not be empty or begin or end with a space";
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `a name has at most ${MAX_NAME_BYTES} bytes`;
  if (/[\p{Cc}\p{Surrogate}\u2028\u2029]/u.test(name)) return "a name must not contain control characters";
  // On air the text is "sender: text", and the first ": " ends the sender.
  if (name.includes(": ")) return 'a name must not contain ": "';
  return null;
}

/** Why this text cannot be posted: `read_only`, `bad_request`, `too_long`; null when it can. */
export function postProblem(room: Room, sender: string, text: string): RoomError | null {
  if (room.readOnly) return new RoomError("read_only", `nobody posts to "${room.name}" from here: it is read-only`);
  const nameFault = nameProblem(sender);
  if (nameFault !== null) return new RoomError("bad_request", nameFault);
  if (text === "") return new RoomError("bad_request", "the text is empty");
  // On air a text ends at its first NUL; half a surrogate pair has no UTF-8 form.
  if (/[\0\p{Surrogate}]/u.test(text)) {
    return new RoomError(
      "bad_request",
      "the text has a character that cannot go on air (NUL or half a surrogate pair)",
    );
  }
  const bytes = Buffer.byteLength(joinSender(sender, text));
  if (bytes > MAX_TEXT) {
    return new RoomError("too_long", `"${sender}: " and the text have ${bytes} bytes together, ${MAX_TEXT} fit on air`);
  }
  return null;
}
