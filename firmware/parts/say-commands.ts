// What a person says in a room, over the air and into the room itself.
import { encodeGroupText, joinSender, MAX_TEXT } from "../../protocol/group-text.ts";
import { RESULT_DUPLICATE, RESULT_FULL, RESULT_OK } from "../../protocol/link.ts";
import { PRIORITY_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import type { Console } from "../console.ts";
import { splitWord } from "./words.ts";

export function sayCommands(console: Console, name: string, tail: string): string {
  const { rooms, mesh, clock } = console;
  const isPost = name === "room.post";
  const words = splitWord(tail);
  const room = isPost ? rooms.list.filter((each) => !!each)[0] : rooms.find(words[0]);
  const said = isPost ? tail : words[1];
  if (isPost && !said) return "ERR empty message";
  if (!room) return isPost ? "Error: no rooms; Try: room add NAME KEYHEX [MAX]" : "Error: no such room; Try: rooms";
  if (!said) return "Error: no text; Try: say ROOM TEXT";
  const prepare = (): string => {
    const text = console.hal.toBytes(joinSender(console.settings.prefs.name, said));
    if (text.length > MAX_TEXT) return "Error: too long by " + (text.length - MAX_TEXT) + " bytes";
    const plain = new Uint8Array(MAX_TEXT + 5);
    const payload = new Uint8Array(MAX_TEXT + 24);
    const known = clock.isSet();
    const time = console.settings.store.stamp();
    const send = (size: number): string => {
      const code = mesh.send(TYPE_GRP_TXT, new Uint8Array(payload.buffer, 0, size), PRIORITY_FLOOD, 0);
      if (code === RESULT_OK) return known ? "OK" : "OK - clock counts from 15 May 2024; Try: time EPOCH";
      if (code === RESULT_DUPLICATE) return "Error: the same text was sent this second; Try: again";
      return code === RESULT_FULL ? "Error: too many messages wait for the air; Try: later" : "Error: cannot be sent";
    };
    console.later(() => {
      const size = rooms.cipher.seal(room.channel, plain, encodeGroupText(time, text, plain), payload, 0);
      console.later(() => send(size));
      return "";
    });
    return "";
  };
  // Putting it together takes a handler, sealing one, and so does sending.
  console.later(prepare);
  return "";
}
