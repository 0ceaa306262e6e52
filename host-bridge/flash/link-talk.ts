// The few words over the room link (docs/link.md) that flashing needs: one question, one answer.
import { latin1ToBytes, view } from "../../protocol/bytes.ts";
import type { Message } from "../../protocol/codec.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { KissDeframer, kissFrame } from "../../protocol/kiss.ts";
import * as wire from "../../protocol/link.ts";
import { bodyType, bodyValue, LINK_MAX_BODY, LINK_TYPE_BYTE, sealBody } from "../../protocol/link-frame.ts";
import { utf8Decode, utf8Encode } from "../../protocol/utf8.ts";
import { RoomError } from "../errors.ts";
import type { Line } from "./line.ts";
import type { RoomPlan, RoomToSet } from "./room-file.ts";

/** Who answered. */
export interface BoardWords {
  model: string;
  /** Build and version, as in "RAK4631 2v29". */
  engine: string;
  firmware: string;
  /** Of the boot code, 64 hex digits; all zeros where the engine cannot tell. */
  sha256: string;
}

interface HeldRoom {
  name: string;
  keyCheck: number;
  max: number;
}

const ANSWER_MS = 2000;
const TRIES = 4;
/** RoomStates follow the hello one by one. */
const LIST_MS = 600;

/** Says Hello up to `tries` times; null when nobody answers. */
export async function sayHello(line: Line, tries: number): Promise<BoardWords | null> {
  for (let i = 0; i < tries; i++) {
    const body = await answer(line, wire.Hello, hello(), (number) => number === wire.BoardHello.type);
    if (body === null) continue;
    const value = bodyValue(wire.BoardHello, body, body.length);
    if (value === null) {
      const found = `version ${body[2]} to ${body[1]}`;
      throw new RoomError("board_version", "the board speaks another version of the room link", { found });
    }
    const [model = "", engine = "", firmware = ""] = utf8Decode(value.text).split("\0");
    return { model, engine, firmware, sha256: Buffer.from(value.sha256).toString("hex") };
  }
  return null;
}

/** Sets what differs. Returns the names of rooms that only the board has. Throws RoomError `not_set`. */
export async function setRooms(line: Line, plan: RoomPlan, done: (what: string) => void): Promise<string[]> {
  const before = await listRooms(line);
  let req = 1;
  for (const room of plan.rooms) {
    if (isHeld(before, room)) {
      done(`room "${room.name}" was there already`);
      continue;
    }
    const key = new Uint8Array(32);
    key.set(room.key);
    const fields = { max: room.max, keyLen: room.key.length, key, name: utf8Encode(room.name) };
    await request(line, wire.SetRoom, { req, ...fields }, req++, `room "${room.name}"`);
    done(`room "${room.name}" set`);
  }
  if (plan.radio !== null) {
    await request(line, wire.SetRadio, { req, ...plan.radio }, req, "radio settings");
    done("radio set");
  }
  const after = await listRooms(line);
  const lacking = plan.rooms.filter((room) => !isHeld(after, room)).map(({ name }) => `"${name}"`);
  if (lacking.length > 0) {
    throw new RoomError("not_set", `the board does not hold ${lacking.join(", ")} as set`, { hint: "run this again" });
  }
  const names = new Set(plan.rooms.map(({ name }) => name));
  return after.map(({ name }) => name).filter((name) => !names.has(name));
}

const isHeld = (held: readonly HeldRoom[], room: RoomToSet): boolean =>
  held.some(({ name, keyCheck, max }) => name === room.name && keyCheck === room.keyCheck && max === room.max);

async function listRooms(line: Line): Promise<HeldRoom[]> {
  const rooms = new Map<number, HeldRoom>();
  // Never true, so that everything of that time is seen.
  await answer(
    line,
    wire.Hello,
    hello(),
    (number, body) => {
      const value = number === wire.RoomState.type ? bodyValue(wire.RoomState, body, body.length) : null;
      if (value !== null)
        rooms.set(value.room, { name: utf8Decode(value.name), keyCheck: value.keyCheck, max: value.max });
      return false;
    },
    LIST_MS,
  );
  return [...rooms.values()];
}

const WHY: Record<number, string> = {
  [wire.RESULT_BAD_REQUEST]: "it calls the values impossible",
  [wire.RESULT_FULL]: "it has no space for another room",
  [wire.RESULT_NOT_HERE]: "this board cannot do that",
};

async function request<V>(line: Line, table: Message<V>, value: V, req: number, what: string): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const body = await answer(line, table, value, (number, bytes) => {
      return number === wire.Result.type && bodyValue(wire.Result, bytes, bytes.length)?.req === req;
    });
    const code = body === null ? undefined : bodyValue(wire.Result, body, body.length)?.code;
    if (code === wire.RESULT_OK) return;
    if (code === undefined) continue;
    const found = WHY[code] ?? `code ${code}`;
    throw new RoomError("not_set", `the board does not take ${what}`, {
      found,
      hint: "correct the file, then run this again",
    });
  }
  throw new RoomError("board_silent", `the board does not answer when it is told ${what}`, { hint: "run this again" });
}

function hello() {
  const unixTime = Math.floor(Date.now() / 1000);
  return { version: wire.LINK_VERSION, minVersion: wire.LINK_MIN_VERSION, unixTime, wants: 0 };
}

/** Sends one message; the first body that `isIt`, or null when none comes in `ms`. */
function answer<V>(
  line: Line,
  table: Message<V>,
  value: V,
  isIt: (number: number, body: Uint8Array) => boolean,
  ms = ANSWER_MS,
): Promise<Uint8Array | null> {
  return line.during(
    new Promise((resolve) => {
      const finish = (body: Uint8Array | null): void => {
        clearTimeout(limit);
        line.listen(() => undefined);
        resolve(body);
      };
      const limit = setTimeout(() => finish(null), ms);
      const deframer = new KissDeframer(
        (type, text) => {
          if (type !== LINK_TYPE_BYTE) return;
          const body = latin1ToBytes(text);
          const number = bodyType(crc32, body, body.length);
          if (number >= 0 && isIt(number, body)) finish(body);
        },
        () => undefined,
      );
      line.listen((bytes) => deframer.push(Buffer.from(bytes).toString("latin1")));
      const out = new Uint8Array(LINK_MAX_BODY);
      const length = sealBody(crc32, table, value, out);
      if (length < 0) throw new Error(`bug: ${table.name} does not fit into a frame`);
      line.write(kissFrame(wire.LINK_PORT, 0, Buffer.from(view(out, 0, length)).toString("latin1")));
    }),
  );
}
