// The steps of a probe that what outlasts the power takes: 16 rooms with long names, and more messages than the pages hold.
import { groupText, TEST_KEY } from "../scenario/world.ts";
import { hear, prompt, say, turns, waits } from "./probe-words.ts";

const ROOMS = 16;
/** Handlers until the radio begins: with an empty log, and as many more with a full one. */
const READY = 42;
const AGAIN = 250;
const FIRST_TIME = 1750000000;

/** What the engine does with an error that nobody caught, with the longest text that is noted and more. */
const ERROR = `var f=process["#onuncaughtException"];(f.length&&f[0]||f)(new Error("${"e".repeat(120)}"));`;

const keyOf = (room: number): string => TEST_KEY.slice(0, 28) + (room + 16).toString(16).padStart(4, "0");
const nameOf = (room: number): string => `room-${room}-`.padEnd(32, "x");

/** Steps of a board with a log for the first time, and of its next start. */
export function storeSteps(): { first: string[]; again: string[] } {
  let n = 0;
  /** The longest message that there is, in one room after the other. */
  const longest = (sender = "Ann"): string => {
    n++;
    return groupText(keyOf(n % ROOMS), FIRST_TIME + n, sender, "x".repeat(158 - sender.length));
  };
  const many = (count: number): string[] =>
    Array.from({ length: count }, () => [
      hear("-", longest()),
      "W - 10",
      ...waits("store:message", 50),
      "W - 10",
    ]).flat();
  const rooms = Array.from({ length: ROOMS }, (_, room) => [
    say("-", `room add ${nameOf(room)} ${keyOf(room)} 500\r`),
    ...waits("store:room-add", 10, 8),
  ]).flat();
  const first = [
    ...waits("store:first-start", 10, READY),
    ...waits("turn:radio-set-up,curve", 10, 60),
    ...waits("store:first-pages-erased", 50, 6),
    ...rooms,
    ...["eu", "eu-north", "eu-north-coast", "the-longest-name-of-a-region-it"].flatMap((name) => [
      say("-", `region put ${name}\r`),
      ...waits("-", 10, 12),
    ]),
    say("-", "region save\r"),
    ...waits("-", 10, 12),
    ...waits("store:save", 5000),
    ...waits("store:save,turns", 10, 40),
    ...waits("store:save,turns", 50, 4),
    hear("radio:stored,16-rooms,no-clock", longest()),
    ...waits("-", 10, 2),
    "K -",
    ...waits("store:message,no-clock", 50),
    ...waits("store:message,no-clock,turns", 10, 4),
    hear("radio:stored,16-rooms,no-clock", longest("Bob")),
    ...waits("-", 10, 2),
    "K -",
    ...waits("store:message,no-clock", 50),
    ...waits("store:message,no-clock,turns", 10, 4),
    say("-", `time ${FIRST_TIME + 1000}\r`),
    ...waits("-", 10, 8),
    hear("radio:stored,16-rooms", longest()),
    "K timer:housekeeping",
    ...waits("store:message", 50),
    ...many(40),
    hear("radio:stored,16-rooms", longest()),
    "K timer:housekeeping",
    ...waits("store:message", 50),
    // Round the pages, so that those of quiet rooms come to be erased.
    ...many(230),
    say("console:set-name", "set name Somebody Else of Thirty-One By\r"),
    ...waits("console:set-name,turns", 10, 10),
    ...[1, 2, 3, 4].flatMap(() => [prompt(ERROR, "store:note"), ...waits("store:note,turns", 10, 4)]),
    ...waits("store:save", 5000),
    ...waits("store:save,turns", 10, 40),
    ...waits("store:save,turns", 50, 4),
    ...["radio:stored,16-rooms", "radio:stored,16-rooms,arena-full"].flatMap((label) => [
      hear(label, longest()),
      ...turns("-", 1),
    ]),
  ];
  return {
    first,
    again: [
      ...waits("store:start,16-rooms", 10, READY + AGAIN),
      ...waits("turn:radio-set-up,curve", 10, 60),
      ...waits("store:started", 50, 4),
    ],
  };
}
