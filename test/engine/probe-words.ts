// The steps of a probe (probe.ts), one line each.
import { bytesToLatin1, hexToBytes } from "../../protocol/bytes.ts";
import type { Message } from "../../protocol/codec.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { kissFrame } from "../../protocol/kiss.ts";
import * as link from "../../protocol/link.ts";
import { LINK_MAX_BODY, sealBody } from "../../protocol/link-frame.ts";

/** A packet is heard. */
export const hear = (label: string, hex: string): string =>
  `F ${label} ${Buffer.concat([new Uint8Array(3), hexToBytes(hex)]).toString("base64")}`;
/** Something is said at the serial line. */
export const say = (label: string, words: string): string =>
  `S ${label} ${Buffer.from(words, "latin1").toString("base64")}`;
/** A message of the host. */
export const frameOf = <V>(table: Message<V>, value: V): string => {
  const body = new Uint8Array(LINK_MAX_BODY);
  const size = sealBody(crc32, table, value, body);
  return kissFrame(link.LINK_PORT, 0, bytesToLatin1(body.slice(0, size)));
};
/** The host tells one. */
export const tell = <V>(label: string, table: Message<V>, value: V): string => say(label, frameOf(table, value));
/** Code for the engine's prompt. */
export const prompt = (code: string, label = "-"): string => `J ${label} ${Buffer.from(code).toString("base64")}`;
/** Timers that are due soon, so often. */
export const turns = (label: string, count: number): string[] => Array.from({ length: count }, () => `T ${label} 10`);
/** The same with timers of up to `ms`; those that are due later stay. */
export const waits = (label: string, ms: number, count = 1): string[] =>
  Array.from({ length: count }, () => `W ${label} ${ms}`);
