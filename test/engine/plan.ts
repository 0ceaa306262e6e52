// The steps that every bundle goes through in every engine, and what has to come of them.
import assert from "node:assert/strict";
import { hexToBytes } from "../../protocol/bytes.ts";
import { GroupCipher, makeChannel } from "../../protocol/channel.ts";
import { textEnd } from "../../protocol/group-text.ts";
import { TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { loadVectors } from "../protocol/vector-file.ts";
import { groupText, TEST_KEY } from "../scenario/world.ts";
import type { Outcome } from "./run.ts";

interface PacketVector {
  id: string;
  raw: string;
  accept_radio: boolean;
}
interface MessageVector {
  id: string;
  channel: string;
  raw: string;
  /** Entries that only try another key have none: whether a room takes them is not theirs to say. */
  delivered?: { event: string; timestamp: number; text_hex: string }[];
}
interface Vectors {
  valid: PacketVector[];
  invalid: PacketVector[];
  fuzz: PacketVector[];
  channels: { id: string; psk: string }[];
  messages: MessageVector[];
  receive: MessageVector[];
  negative: MessageVector[];
}

export interface Check {
  title: string;
  run(outcome: Outcome): void;
}

export interface Plan {
  steps: string[];
  checks: Check[];
}

/** Rooms that a board holds in one run. */
const ROOMS_AT_ONCE = 8;
const SIGNAL = "-71 10.5";

/** Every packet vector as a frame on the air; the board's counters tell which it took. */
export function packetPlan(): Plan {
  const { valid, invalid, fuzz } = loadVectors("packets.json") as Vectors;
  const frames = [...valid, ...invalid, ...fuzz].filter(({ raw }) => raw.length >= 2 && raw.length <= 510);
  const steps = ["D 300", "C stats-packets", ...frames.map(({ raw }) => `F ${SIGNAL} ${raw}`), "C stats-packets", "P"];
  return {
    steps,
    checks: [
      {
        title: `takes and refuses ${frames.length} packet vectors as the real firmware does`,
        run: (outcome) => {
          const [before, after] = outcome.answers.map((answer) => JSON.parse(answer.slice(answer.indexOf("{"))));
          assert.equal(outcome.deaf, 0, "the receiver was off");
          assert.equal(after.recv - before.recv, frames.length);
          assert.equal(after.recv_errors - before.recv_errors, frames.filter((frame) => !frame.accept_radio).length);
        },
      },
    ],
  };
}

/** Channel messages and forgeries: what a room's history holds afterwards. One plan for each few channels. */
export function channelPlans(): Plan[] {
  const { channels, messages, receive, negative } = loadVectors("group_channels.json") as Vectors;
  const plans: Plan[] = [];
  for (let at = 0; at < channels.length; at += ROOMS_AT_ONCE) {
    const some = channels.slice(at, at + ROOMS_AT_ONCE);
    const frames = [...messages, ...receive, ...negative].filter(
      ({ raw, delivered }) => delivered && raw && raw.length <= 510,
    );
    const known = new Set(some.map(({ id }) => id));
    const mine = frames.filter(({ channel }) => known.has(channel));
    plans.push({
      steps: [
        "D 300",
        ...some.map(({ psk }, n) => `C room add r${n} ${psk} 200`),
        ...mine.map(({ raw }) => `F ${SIGNAL} ${raw}`),
        ...some.map((_, n) => `C history r${n} 200`),
        "C stats-packets",
        "P",
      ],
      checks: some.map(({ id }, n) => ({
        title: `holds what was sent in channel ${id}, in order, and nothing forged`,
        run: (outcome) => {
          assert.match(outcome.answers[n], /OK/);
          assert.equal(outcome.deaf, 0, "the receiver was off");
          assert.match(outcome.answers[2 * some.length], new RegExp(`"recv":${mine.length},`), "frames received");
          const shown = outcome.answers[some.length + n]
            .split("\n")
            .map(shownOf)
            .filter((text) => text !== null);
          const expected = mine
            .filter(({ channel }) => channel === id)
            .flatMap(({ delivered }) => delivered ?? [])
            .filter(({ event, text_hex }) => event === "channel_text" && text_hex)
            .map(
              ({ timestamp, text_hex }) =>
                `${clockText(timestamp)} ${harmless(Buffer.from(text_hex, "hex").toString("latin1"))}`,
            );
          assert.deepEqual(shown, expected);
        },
      })),
    });
  }
  return plans;
}

/** What a board knows again after a reboot; for JerryScript, whose host has flash here. */
export function rebootPlan(): Plan {
  const frames = [1, 2, 3].map((n) => groupText(TEST_KEY, 1700000000 + n, "Ann", `message ${n}`));
  return {
    steps: [
      "D 300",
      `C room add kept ${TEST_KEY} 60`,
      "C set name Mast 7",
      ...frames.map((frame) => `F ${SIGNAL} ${frame}`),
      "D 600000",
      "B",
      "C rooms",
      "C get name",
      "C history kept 9",
      "P",
    ],
    checks: [
      {
        title: "knows its rooms, settings and messages again after a reboot",
        run: ({ answers: [add, set, rooms, name, history] }) => {
          assert.match(add, /OK/);
          assert.match(set, /OK/);
          assert.match(rooms, /kept: 3\/60 messages/);
          assert.match(name, /Mast 7/);
          assert.match(history, /#1 .*message 1 .*\r\n.*#2 .*message 2 .*\r\n.*#3 .*message 3 /);
        },
      },
    ],
  };
}

/** Console, `fill` times the longest message, and the air the other way. `isThumb`: AES is our own routine's. */
export function consolePlan(model: string, fill: number, isThumb: boolean): Plan {
  const longest = (n: number): string => groupText(TEST_KEY, 1700000000 + n, "Ann", "x".repeat(155 - (n % 2)));
  const wrongMac = longest(9).replace(/^(.{6})(.)/, (_, head, digit) => head + (digit === "0" ? "1" : "0"));
  const unknown = groupText("00112233445566778899aabbccddeeff", 1700000000, "Eve", "x".repeat(155));
  return {
    steps: [
      "D 300",
      "M start",
      "C ver",
      "C rooms",
      `C room add test ${TEST_KEY} 300`,
      ...[longest(1), longest(2), longest(2), wrongMac, unknown].map((frame) => `F ${SIGNAL} ${frame}`),
      ...Array.from({ length: fill }, (_, n) => `F ${SIGNAL} ${longest(10 + n)}`),
      "M full",
      "C rooms",
      "C history test 1",
      "C time 1700001000",
      "C say test Hello from inside",
      "D 4000",
      "X",
      "C get radio",
      "C stats-radio",
      "C nonsense",
      "P",
    ],
    checks: [
      {
        title: "answers on its console, fills its rooms and speaks on the air",
        run: ({ answers, sent, thumb }) => {
          // AES both ways, and the curve for the board's own key.
          assert.equal(thumb, isThumb ? 3 : 0, "native routines loaded");
          const [ver, none, add, rooms, history, time, say, radio, stats, nonsense] = answers;
          assert.match(ver, new RegExp(`0\\.1\\.0 \\(Build: meshcore-room ${model}, `));
          assert.match(none, /no rooms/);
          assert.match(add, /OK/);
          assert.match(rooms, /test: \d+\/300 messages/);
          assert.ok(Number(/test: (\d+)\//.exec(rooms)?.[1]) >= Math.min(fill + 2, 200), rooms);
          assert.match(history, /Ann: x{154,155} \(-71 dBm, 10\.50 dB, 0 hops\)/);
          assert.match(time, /OK - clock set: 22:30 - 14\/11\/2023 UTC/);
          assert.match(say, /OK/);
          assert.match(radio, /> 869\.617980\d,62\.5,8,8/);
          assert.match(stats, /"last_rssi":-71,"last_snr":10\.50/);
          assert.match(nonsense, /Unknown command/);
          // The first advert comes when it likes.
          const said = sent.filter((hex) => Number.parseInt(hex.slice(0, 2), 16) >> 2 === TYPE_GRP_TXT);
          assert.equal(said.length, 1, "messages sent");
          assert.equal(opened(said[0]), `${model}: Hello from inside`);
        },
      },
    ],
  };
}

function opened(frameHex: string): string {
  const cipher = new GroupCipher(softCrypto());
  const frame = hexToBytes(frameHex);
  const length = cipher.open(makeChannel(softCrypto(), hexToBytes(TEST_KEY)), frame, 2, frame.length - 2);
  return length < 0 ? "not authentic" : Buffer.from(cipher.plain.slice(5, textEnd(cipher.plain, length))).toString();
}

/** Time and text of a line of `history`, as a byte string; null for other lines, and for what is kept but not shown. */
function shownOf(line: string): string | null {
  const match = /-> #\d+ (\d\d:\d\d - \d+\/\d+\/\d+ UTC [\s\S]+) \((?:own|-?\d+ dBm, .*hops)\)$/.exec(line.trimEnd());
  return match ? match[1] : null;
}

/** Seconds since 1970 as MeshCore writes them. */
function clockText(unixTime: number): string {
  const at = new Date(unixTime * 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const date = `${at.getUTCDate()}/${at.getUTCMonth() + 1}/${at.getUTCFullYear()}`;
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())} - ${date} UTC`;
}

/** As the console shows what strangers wrote. */
const harmless = (text: string): string =>
  [...text].map((letter) => (letter < " " || letter === "\xc0" ? "?" : letter)).join("");
