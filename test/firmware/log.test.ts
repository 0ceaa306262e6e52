import assert from "node:assert/strict";
import type { FlashPort } from "../../firmware/hal.ts";
import { Log, PAGE_BYTES, RECORD_HEAD } from "../../firmware/log.ts";
import { scan } from "../../firmware/parts/recall.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { type Cut, Flash, type FlashOperation, PowerCut } from "../../simulator/flash.ts";
import { SEED, seeded, whole } from "../protocol/random.ts";
import { CUTS } from "../simulator/cuts.ts";

const ADDRESS = 0x90000;
/** The power goes when all is written. */
const behind = ({ words }: FlashOperation): Cut => ({ words, bits: 0 });

function portOf(flash: Flash): FlashPort {
  return {
    read: (length, address) => flash.read(address, length),
    write: (bytes, address) => flash.write(address, bytes),
    erasePage: (address) => flash.erase(address),
  };
}

/** A log over `flash` as a start finds it, and the records in it: the first byte of each word is its number. */
function open(flash: Flash, pages: number): { log: Log; found: number[] } {
  const port = portOf(flash);
  const waiting: (() => void)[] = [];
  const hal = { flash: port, crc32, after: (fn: () => void) => waiting.push(fn) };
  const log = new Log(hal, port, ADDRESS, pages);
  const found: number[] = [];
  let isDone = false;
  scan(
    hal,
    log,
    (bytes, at, length, kind, address) => {
      assert.equal(kind, 1 + (length % 200));
      const number = bytes[at] | (bytes[at + 1] << 8);
      for (let i = 2; i < length; i++) assert.equal(bytes[at + i], (number + i) & 255, "the record as it was written");
      assert.equal(flash.bytes[address - ADDRESS], bytes[at]);
      log.lastAt = address;
      found.push(number);
    },
    () => {
      isDone = true;
    },
  );
  for (let next = waiting.shift(); next; next = waiting.shift()) next();
  assert.ok(isDone);
  return { log, found };
}

function append(log: Log, number: number, length: number): boolean {
  const record = new Uint8Array(RECORD_HEAD + length + 8);
  record[RECORD_HEAD] = number & 255;
  record[RECORD_HEAD + 1] = number >> 8;
  for (let i = 2; i < length; i++) record[RECORD_HEAD + i] = (number + i) & 255;
  return log.append(record, length, 1 + (length % 200));
}

describe("log", () => {
  it("holds nothing in blank pages, and takes the first record", () => {
    const flash = new Flash(ADDRESS, 2);
    assert.deepEqual(open(flash, 2).found, []);
    assert.ok(append(open(flash, 2).log, 1, 40));
    assert.deepEqual(open(flash, 2).found, [1]);
  });

  it("goes on where it was after every start", () => {
    const flash = new Flash(ADDRESS, 3);
    for (let number = 1; number <= 30; number++) assert.ok(append(open(flash, 3).log, number, 97));
    assert.deepEqual(
      open(flash, 3).found,
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
    assert.deepEqual(flash.violations, []);
    assert.deepEqual([...flash.erased], [0, 0, 0], "blank pages are not erased, and no start costs one");
  });

  it("takes a record that fills a page to the last byte, and turns for one byte more", () => {
    const flash = new Flash(ADDRESS, 2);
    const { log } = open(flash, 2);
    const most = PAGE_BYTES - 12 - RECORD_HEAD;
    assert.ok(append(log, 1, most));
    assert.equal(log.at, PAGE_BYTES);
    assert.ok(append(log, 2, most - 4));
    assert.ok(log.isFull(1));
    assert.deepEqual(open(flash, 2).found, [1, 2]);
  });

  it("wears all pages alike", () => {
    const flash = new Flash(ADDRESS, 5);
    const { log } = open(flash, 5);
    for (let number = 0; number < 2000; number++) assert.ok(append(log, number, 200));
    const erased = [...flash.erased];
    assert.ok(Math.max(...erased) - Math.min(...erased) <= 1, erased.join(" "));
    assert.ok(erased[0] > 10);
  });

  it("says so when the flash does not keep what it is given", () => {
    const flash = new Flash(ADDRESS, 2);
    const port = portOf(flash);
    const log = new Log({ crc32 }, { ...port, write: () => undefined }, ADDRESS, 2);
    assert.equal(append(log, 1, 40), false);
  });

  for (const pages of [2, 5])
    it(`${pages} pages: power cut anywhere leaves every record before it, and no other (SEED=${SEED})`, () => {
      const random = seeded();
      const flash = new Flash(ADDRESS, pages);
      const { log } = open(flash, pages);
      const seen: { image: Flash; operation: FlashOperation; done: number }[] = [];
      let done = 0;
      flash.beforeEach = (operation) => {
        seen.push({ image: flash.copy(), operation, done });
        return null;
      };
      const lengths = [0];
      while (seen.length < 150 || flash.erased[0] < 2) {
        const length = whole(random, 3, pages === 2 ? 1500 : 400);
        lengths.push(length);
        assert.ok(append(log, lengths.length - 1, length));
        done = lengths.length - 1;
        if (whole(random, 0, 2) === 0) log.prepare();
      }
      for (const { image, operation, done: before } of seen) {
        for (const cut of [...CUTS, behind]) {
          const torn = image.copy();
          torn.beforeEach = () => cut(operation);
          assert.throws(() => torn.redo(operation), PowerCut);
          torn.beforeEach = () => null;
          const { found, log: again } = open(torn, pages);
          const last = found.at(-1) ?? 0;
          assert.ok(last === before || last === before + 1, `${last} after ${before}`);
          assert.deepEqual(
            found,
            found.map((_, i) => last + 1 - found.length + i),
            "in order, without a gap",
          );
          // It goes on from there, and what it had stays.
          for (let more = 1; more <= 2; more++) assert.ok(append(again, last + more, 60));
          again.prepare();
          assert.equal(open(torn, pages).found.at(-1), last + 2);
          assert.deepEqual(torn.violations, []);
        }
      }
    });

  it("a power cut in the repair of a power cut leaves the newest record too", () => {
    const flash = new Flash(ADDRESS, 2);
    const { log } = open(flash, 2);
    for (let number = 1; number <= 2; number++) assert.ok(append(log, number, 3000));
    const cutAt = (wanted: number, bits: number): void => {
      let count = 0;
      flash.beforeEach = ({ words }) => (count++ === wanted ? { words: words >> 1, bits } : null);
      assert.throws(() => append(open(flash, 2).log, 3, 3000), PowerCut);
      flash.beforeEach = () => null;
      assert.deepEqual(open(flash, 2).found.slice(-1), [2]);
    };
    for (let round = 0; round < 12; round++) cutAt(round % 3, 0x55aa0ff0 ^ round);
    assert.ok(append(open(flash, 2).log, 3, 3000));
    assert.deepEqual(open(flash, 2).found.slice(-1), [3]);
  });
});
