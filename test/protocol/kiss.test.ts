import assert from "node:assert/strict";
import { KISS_MAX, KissDeframer, kissFrame } from "../../protocol/kiss.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const END = "\xc0";

/** A deframer and all that came out of it, in order: frames as [type, body], text as a string. */
function bench(max?: number) {
  const out: (string | [number, string])[] = [];
  const deframer = new KissDeframer(
    (type, body) => out.push([type, body]),
    (text) => out.push(text),
    max,
  );
  return { deframer, out };
}

/** What comes out of `chunks`, neighbouring texts joined. */
function run(...chunks: string[]): (string | [number, string])[] {
  const { deframer, out } = bench();
  for (const chunk of chunks) deframer.push(chunk);
  return joined(out);
}

function joined(out: (string | [number, string])[]): (string | [number, string])[] {
  const all: (string | [number, string])[] = [];
  for (const item of out) {
    const last = all.length - 1;
    if (typeof item === "string" && typeof all[last] === "string") all[last] += item;
    else all.push(item);
  }
  return all;
}

describe("KISS frame", () => {
  it("puts port and command into one byte between two C0", () => {
    assert.equal(kissFrame(0, 0, "ab"), "\xc0\x00ab\xc0");
    assert.equal(kissFrame(1, 0, ""), "\xc0\x10\xc0");
    assert.equal(kissFrame(0, 6, "\x01"), "\xc0\x06\x01\xc0");
  });

  it("escapes C0 and DB and nothing else", () => {
    assert.equal(kissFrame(0, 0, "\xc0\xdb\xdc\xdd\xdb\xc0"), "\xc0\x00\xdb\xdc\xdb\xdd\xdc\xdd\xdb\xdd\xdb\xdc\xc0");
  });
});

describe("KISS deframer", () => {
  it("hands text out at once, also without a line end", () => {
    const { deframer, out } = bench();
    deframer.push("get ra");
    assert.deepEqual(out, ["get ra"]);
    deframer.push("dio\r");
    assert.deepEqual(out, ["get ra", "dio\r"]);
  });

  it("parts frames and the text around them", () => {
    const frame = kissFrame(1, 0, "body");
    assert.deepEqual(run(`before${frame}between${frame}after`), [
      "before",
      [0x10, "body"],
      "between",
      [0x10, "body"],
      "after",
    ]);
  });

  it("waits for the rest of half a frame", () => {
    const { deframer, out } = bench();
    deframer.push("\xc0\x10bo");
    assert.deepEqual(out, []);
    assert.equal(deframer.waiting(), true);
    deframer.push("dy\xc0");
    assert.deepEqual(out, [[0x10, "body"]]);
    assert.equal(deframer.waiting(), false);
  });

  it("undoes an escape that is cut in two", () => {
    assert.deepEqual(run("\xc0\x10a\xdb", "\xdcb\xdb", "\xdd\xc0"), [[0x10, "a\xc0b\xdb"]]);
  });

  it("takes C0 after C0 for one border", () => {
    assert.deepEqual(run(`${END}${END}${END}\x10a${END}${END}${END}\x00b${END}${END}`), [
      [0x10, "a"],
      [0, "b"],
    ]);
  });

  it("takes one C0 for the end of a frame and the beginning of the next", () => {
    assert.deepEqual(run(`${END}\x10a${END}\x10b${END}`), [
      [0x10, "a"],
      [0x10, "b"],
    ]);
  });

  it("hands out noise in front of the first C0 as text and finds the frame behind it", () => {
    assert.deepEqual(run("\xff\x00\x10\xdb\xdc\x80", kissFrame(1, 0, "a")), ["\xff\x00\x10\xdb\xdc\x80", [0x10, "a"]]);
  });

  it("loses a frame without end and nothing after the next C0", () => {
    const frame = kissFrame(1, 0, "whole");
    assert.deepEqual(run(frame.slice(0, 4), frame, "text", frame), [
      [0x10, "wh"],
      [0x10, "whole"],
      "text",
      [0x10, "whole"],
    ]);
  });

  it("takes what a C0 of noise encloses for text, and never turns frames and text around", () => {
    const frame = kissFrame(1, 0, "a");
    assert.deepEqual(run(`one${END}two\r\n${frame}three`), ["onetwo\r\n", [0x10, "a"], "three"]);
  });

  it("knows the frames of MeshCore's KISS modem and 'return'", () => {
    for (const type of [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 14, 15, 0x10, 0xff]) {
      assert.deepEqual(run(`${END}${String.fromCharCode(type)}x${END}`), [[type, "x"]]);
    }
  });

  it("takes no line of text for a frame", () => {
    for (const first of ["\r", "\n", "\t", " ", "a", "~", "\x1b", "\x7f", "\xc3", ">"]) {
      assert.deepEqual(run(`${END}${first}x${END}`), [`${first}x`]);
    }
  });

  it("forgets half a frame when told so, counts it, and takes what follows for text", () => {
    const { deframer, out } = bench();
    deframer.push("\xc0\x10half");
    deframer.drop();
    assert.equal(deframer.skipped, 5);
    assert.equal(deframer.waiting(), false);
    deframer.push(`help\r${kissFrame(1, 0, "a")}`);
    assert.deepEqual(out, ["help\r", [0x10, "a"]]);
  });

  for (const [name, wrong] of [
    ["DB in front of another byte", "a\xdbb"],
    ["DB in front of DB", "a\xdb\xdb\xdc"],
    ["DB at the end", "a\xdb"],
  ]) {
    it(`drops a frame with ${name}, counts it, and finds the next`, () => {
      const { deframer, out } = bench();
      deframer.push(`${END}\x10${wrong}${END}`);
      deframer.push(kissFrame(1, 0, "next"));
      assert.deepEqual(out, [[0x10, "next"]]);
      assert.equal(deframer.badEscapes, 1);
      assert.equal(deframer.skipped, wrong.length + 1);
    });
  }

  it("takes a frame at the limit and drops one that is a byte longer, up to its end", () => {
    const { deframer, out } = bench();
    const longest = "x".repeat(KISS_MAX - 1);
    deframer.push(kissFrame(1, 0, longest));
    assert.deepEqual(out.pop(), [0x10, longest]);
    const frame = kissFrame(1, 0, `${longest}x`);
    for (let i = 0; i < frame.length; i += 64) deframer.push(frame.slice(i, i + 64));
    assert.deepEqual(out, []);
    assert.deepEqual([deframer.tooLong, deframer.skipped], [1, KISS_MAX + 1]);
    deframer.push(`text${kissFrame(1, 0, "next")}`);
    assert.deepEqual(out, ["text", [0x10, "next"]]);
  });

  it("counts every byte of an endless frame and holds none of them", () => {
    const { deframer } = bench(100);
    deframer.push("\xc0\x10");
    for (let i = 0; i < 1000; i++) deframer.push("x".repeat(50));
    assert.deepEqual([deframer.tooLong, deframer.skipped], [1, 50001]);
    deframer.drop();
    assert.equal(deframer.skipped, 50001);
  });

  it("may be pushed from inside a callback", () => {
    const out: string[] = [];
    const deframer: KissDeframer = new KissDeframer(
      (_, body) => {
        out.push(body);
        if (body === "a") deframer.push(kissFrame(1, 0, "b"));
      },
      (text) => out.push(text),
    );
    deframer.push(`${kissFrame(1, 0, "a")}text`);
    assert.deepEqual(out, ["a", "b", "text"]);
  });

  it(`brings any frames and lines through any cuts unchanged, seed ${SEED}`, () => {
    const random = seeded();
    for (let round = 0; round < 300; round++) {
      const sent: (string | [number, string])[] = [];
      let line = "";
      for (let i = 0; i < 8; i++) {
        if (random.fraction() < 0.5) {
          const body = Buffer.from(bytes(random, whole(random, 0, 290))).toString("latin1");
          const special = body.replace(/[\x40-\x6f]/g, () => random.pick(["\xc0", "\xdb", "\xdc", "\xdd"]));
          if (special.length * 2 > KISS_MAX) continue;
          sent.push([0x10, special]);
          line += kissFrame(1, 0, special);
        } else {
          sent.push(`line ${i}\r\n`);
          line += `line ${i}\r\n`;
        }
      }
      const chunks: string[] = [];
      for (let at = 0; at < line.length; ) {
        const size = whole(random, 1, 100);
        chunks.push(line.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(run(...chunks), joined(sent));
    }
  });

  it(`accounts for every byte of noise and finds the frame after it, seed ${SEED}`, () => {
    const random = seeded();
    for (let round = 0; round < 300; round++) {
      const { deframer, out } = bench();
      const noise = Buffer.from(bytes(random, whole(random, 0, 1500))).toString("latin1");
      for (let at = 0; at < noise.length; at += 77) deframer.push(noise.slice(at, at + 77));
      deframer.push(END);
      deframer.push(kissFrame(1, 0, "after"));
      assert.deepEqual(out[out.length - 1], [0x10, "after"]);
      out.pop();
      let accounted = deframer.skipped;
      for (const item of out) accounted += typeof item === "string" ? item.length : kissFrame(0, 0, item[1]).length - 2;
      assert.equal(accounted, noise.split(END).join("").length);
    }
  });
});
