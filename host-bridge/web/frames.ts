import { z } from "zod";

/** Longest frame that a client may send, in bytes. */
export const MAX_CLIENT_FRAME = 16 * 1024;

const FIN = 0x80;
const TEXT = 0x01;
const PING = 0x09;

/** Codes of the `error` frame; `unavailable` is the store's: try again later, nothing was accepted. */
export type ErrorCode =
  | "bad_request"
  | "auth_required"
  | "auth_failed"
  | "unknown_room"
  | "proof_failed"
  | "not_joined"
  | "read_only"
  | "too_long"
  | "rate_limited"
  | "too_many_connections"
  | "unavailable";

const room = z.string({ error: "the name of a room" });
const ref = z.union([z.string().max(200), z.number(), z.null()], { error: "a text or a number" }).optional();
const hex = z.string().regex(/^[0-9a-fA-F]*$/, { error: "hex digits" });

/** What clients send. Fields that are not named here are ignored, so that newer clients can talk to older servers. */
const clientFrame = z.discriminatedUnion(
  "type",
  [
    z.object({
      type: z.literal("hello"),
      name: z.string({ error: "a name" }),
      token: z.string({ error: "a text" }).optional(),
      ref,
    }),
    z.object({
      type: z.literal("join"),
      room,
      proof: hex.optional(),
      limit: z.number().int({ error: "a whole number" }).min(0, { error: "0 or more" }).default(50),
      /** Only messages with this in their text or sender. */
      grep: z.string({ error: "a text" }).max(160, { error: "at most 160 characters" }).optional(),
      ref,
    }),
    z.object({ type: z.literal("leave"), room, ref }),
    z.object({ type: z.literal("post"), room, text: z.string({ error: "a text" }), ref }),
    z.object({ type: z.literal("participants"), room, ref }),
  ],
  { error: "one of hello, join, leave, post, participants" },
);

/** Every `type` that a client may send. */
export const CLIENT_FRAMES = clientFrame.options.map((option) => option.shape.type.value);

export type ClientFrame = z.infer<typeof clientFrame>;
export type Ref = ClientFrame["ref"];

/** A frame, or what is wrong with it as a sentence and its `ref` where it has a usable one. */
export type Parsed = { ok: true; frame: ClientFrame } | { ok: false; problem: string; ref: Ref };

/** Takes one text frame apart. Never throws. */
export function parseClientFrame(text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, problem: "the frame is no JSON", ref: undefined };
  }
  const parsed = clientFrame.safeParse(json);
  if (parsed.success) return { ok: true, frame: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue.path.length === 0 ? "the frame" : issue.path.join(".");
  const given = typeof json === "object" && json !== null && "ref" in json ? ref.safeParse(json.ref) : null;
  return { ok: false, problem: `${where}: expected ${issue.message}`, ref: given?.data };
}

/** A whole text frame as a server sends it (RFC 6455 section 5.2): unmasked, in one piece, not compressed. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headLength = length < 126 ? 2 : length < 0x10000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headLength + length);
  frame[0] = FIN | TEXT;
  if (headLength === 2) {
    frame[1] = length;
  } else if (headLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, headLength);
  return frame;
}

export const PING_FRAME = Buffer.from([FIN | PING, 0]);
