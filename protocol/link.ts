/*
 * The room link between host and board: every message, its number and its fields. The rules of the conversation are in
 * docs/link.md. A frame is KISS port 1, command 0, and holds: number u8, fields, CRC-32 of both (link-frame.ts).
 */

import { fixed, i8, i16, message, rest, u8, u16, u32 } from "./codec.ts";

/** The version that this code speaks, and the oldest it still understands. */
export const LINK_VERSION = 2;
export const LINK_MIN_VERSION = 2;

/** KISS port of the link; port 0 is MeshCore's KISS modem. */
export const LINK_PORT = 1;

/** Hello.wants */
export const WANTS_HEARD = 1;

/** RoomMessage.flags */
export const MESSAGE_OWN = 1;
export const MESSAGE_GAP = 2;

/** Result.code */
export const RESULT_OK = 0;
export const RESULT_BAD_REQUEST = 1;
export const RESULT_FULL = 2;
export const RESULT_DUPLICATE = 3;
export const RESULT_NOT_HERE = 4;

/** Host -> board: the first message of each side; opens the conversation anew. */
export const Hello = message(0x01, "Hello", [
  ["version", u8],
  ["minVersion", u8],
  ["unixTime", u32],
  ["wants", u8],
]);

/** Host -> board: hold this room. The key is zero padded behind `keyLen` bytes, the name is UTF-8. */
export const SetRoom = message(0x02, "SetRoom", [
  ["req", u16],
  ["max", u16],
  ["keyLen", u8],
  ["key", fixed(32)],
  ["name", rest],
]);

/** Host -> board: forget this room and its messages. */
export const RemoveRoom = message(0x03, "RemoveRoom", [
  ["req", u16],
  ["name", rest],
]);

/** Host -> board: radio settings and the share of time it may transmit, in thousandths. */
export const SetRadio = message(0x04, "SetRadio", [
  ["req", u16],
  ["freqHz", u32],
  ["bwHz", u32],
  ["sf", u8],
  ["cr", u8],
  ["powerDbm", i8],
  ["dutyPermille", u16],
]);

/** Host -> board: the time of day. */
export const SetTime = message(0x05, "SetTime", [["unixTime", u32]]);

/** Host -> board: send every message of the room after `seq`, oldest first, then each new one. */
export const Resume = message(0x06, "Resume", [
  ["room", u8],
  ["seq", u32],
]);

/** Host -> board: everything up to and including `seq` is on disk. */
export const Ack = message(0x07, "Ack", [
  ["room", u8],
  ["seq", u32],
]);

/** Host -> board: transmit this payload as a flood, and keep it in the room that it belongs to. */
export const Send = message(0x08, "Send", [
  ["req", u16],
  ["priority", u8],
  ["payloadType", u8],
  ["payload", rest],
]);

/** Host -> board: answer with Status. */
export const GetStatus = message(0x09, "GetStatus", [["req", u16]]);

/** Host -> board: the answer to CheckAdvert `id`; 1 = the signature is good. */
export const Verdict = message(0x0a, "Verdict", [
  ["id", u16],
  ["valid", u8],
]);

/** Host -> board: an advert of this board for its stock, signed: a whole payload as on the air. */
export const StockAdvert = message(0x0b, "StockAdvert", [["payload", rest]]);

/** Board -> host: who is there. `text` is model, engine, firmware version and node name with NUL between. */
export const BoardHello = message(0x81, "BoardHello", [
  ["version", u8],
  ["minVersion", u8],
  ["bootId", u32],
  ["uptimeS", u32],
  ["sha256", fixed(32)],
  ["text", rest],
]);

// What boards send has its wide fields first: they write them as whole words, which takes an eighth of the steps. BoardHello
// is the exception, it begins with the versions for all time.

/** Board -> host: a room that the board holds, known from here on by its handle `room`. */
export const RoomState = message(0x82, "RoomState", [
  ["firstSeq", u32],
  ["nextSeq", u32],
  ["keyCheck", u32],
  ["max", u16],
  ["count", u16],
  ["room", u8],
  ["name", rest],
]);

/**
 * Board -> host: one message, its payload as on the air. Boards keep messages in this form.
 * rssi in dBm, snr in quarter dB, heardAt in Unix seconds or 0.
 */
export const RoomMessage = message(0x83, "RoomMessage", [
  ["seq", u32],
  ["heardAt", u32],
  ["rssi", i16],
  ["snr", i8],
  ["pathLen", u8],
  ["room", u8],
  ["flags", u8],
  ["payload", rest],
]);

/** Board -> host: how the request `req` ended. */
export const Result = message(0x84, "Result", [
  ["detail", u32],
  ["req", u16],
  ["code", u8],
]);

/**
 * Board -> host: counters since boot and levels of now. airPermille covers the last hour. The counters from `rx` to
 * `recoveries` are one array on a board, those from `busyStuck` to `notTaken` another (firmware/radio-faults.ts).
 */
export const Status = message(0x85, "Status", [
  ["uptimeS", u32],
  ["unixTime", u32],
  ["rx", u32],
  ["tx", u32],
  ["crcErrors", u32],
  ["headerErrors", u32],
  ["malformed", u32],
  ["duplicates", u32],
  ["macFailures", u32],
  ["unknownChannel", u32],
  ["linkErrors", u32],
  ["txDropped", u32],
  ["recoveries", u32],
  ["memFree", u32],
  ["memTotal", u32],
  ["req", u16],
  ["noiseFloor", i16],
  ["rssi", i16],
  ["airPermille", u16],
  ["busyStuck", u16],
  ["edgesMissed", u16],
  ["txEndless", u16],
  ["modeLeft", u16],
  ["chipSilent", u16],
  ["cadEndless", u16],
  ["deaf", u16],
  ["notTaken", u16],
  ["snr", i8],
  ["txQueue", u8],
]);

/** Board -> host: a whole packet that is no room message. */
export const Heard = message(0x86, "Heard", [
  ["rssi", i16],
  ["snr", i8],
  ["packet", rest],
]);

/** Board -> host: the transmission of a Send has ended. */
export const Sent = message(0x87, "Sent", [
  ["airtimeMs", u32],
  ["req", u16],
  ["ok", u8],
]);

/** Board -> host, from boards that cannot do it: is this the signature of that message by the key that it begins with? */
export const CheckAdvert = message(0x88, "CheckAdvert", [
  ["id", u16],
  ["signature", fixed(64)],
  ["message", rest],
]);

/**
 * Board -> host, from boards that cannot sign: `count` adverts with this app data, with timestamps above `after`, the first for
 * now and the next ones `intervalS` seconds apart.
 */
export const WantAdverts = message(0x89, "WantAdverts", [
  ["after", u32],
  ["intervalS", u32],
  ["count", u8],
  ["appData", rest],
]);

/** What a host says, by number. */
export const FROM_HOST = [
  Hello,
  SetRoom,
  RemoveRoom,
  SetRadio,
  SetTime,
  Resume,
  Ack,
  Send,
  GetStatus,
  Verdict,
  StockAdvert,
];

/** What a board says, by number. */
export const FROM_BOARD = [BoardHello, RoomState, RoomMessage, Result, Status, Heard, Sent, CheckAdvert, WantAdverts];

/** Every message, by number. */
export const MESSAGES = [...FROM_HOST, ...FROM_BOARD];
