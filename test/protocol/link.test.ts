import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesToHex, bytesToLatin1, latin1ToBytes } from "../../protocol/bytes.ts";
import type { Codec, Message } from "../../protocol/codec.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { KISS_MAX, kissFrame } from "../../protocol/kiss.ts";
import * as link from "../../protocol/link.ts";
import { bodyType, bodyValue, LINK_MAX_BODY, LINK_TYPE_BYTE, sealBody } from "../../protocol/link-frame.ts";
import { bytes, SEED, seeded, whole } from "./random.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/link.md"), "utf8");

/** The rows of the first table below a heading, without the two lines of its head. */
function tableBelow(heading: string): string[][] {
  const lines = PAGE.slice(PAGE.indexOf(`${heading}\n`)).split("\n");
  const first = lines.findIndex((line) => line.startsWith("| ---"));
  const after = lines.findIndex((line, i) => i > first && !line.startsWith("|"));
  return lines.slice(first + 1, after).map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

/** What the page calls a codec. */
function typeName(codec: Codec<number> | Codec<Uint8Array>): string {
  if (!codec.put) return codec.size ? `bytes ${codec.size}` : "bytes";
  return (codec.put.startsWith("setInt") ? "i" : "u") + codec.size * 8;
}

function headingOf(table: { type: number; name: string }): string {
  return `### 0x${(table.type < 16 ? "0" : "") + table.type.toString(16)} ${table.name}`;
}

function frame<V>(table: Message<V>, value: V): string {
  const out = new Uint8Array(LINK_MAX_BODY);
  const length = sealBody(crc32, table, value, out);
  return bytesToHex(latin1ToBytes(kissFrame(link.LINK_PORT, 0, bytesToLatin1(out.slice(0, length)))));
}

describe("docs/link.md", () => {
  for (const table of link.MESSAGES) {
    it(`has the fields of ${table.name} as link.ts has them`, () => {
      const names = table.rows.split(" ");
      const rows = tableBelow(headingOf(table)).map(([field, type]) => [field, type]);
      assert.deepEqual(
        rows,
        names.map((name, i) => [name, typeName(table.codecs[i])]),
      );
    });
  }

  it("has every message once, in the order of their numbers, on the right side", () => {
    const headings = PAGE.split("\n").filter((line) => line.startsWith("### 0x"));
    assert.deepEqual(headings, link.MESSAGES.map(headingOf));
    const border = PAGE.indexOf("## Board to host");
    for (const table of link.MESSAGES) assert.equal(PAGE.indexOf(headingOf(table)) > border, table.type > 0x7f);
  });

  it("has every constant with its value", () => {
    const constants: Record<string, number> = { LINK_TYPE_BYTE, LINK_MAX_BODY, KISS_MAX };
    for (const [name, value] of Object.entries(link)) if (typeof value === "number") constants[name] = value;
    const rows = tableBelow("## Constants").map(([name, value]) => [name, Number(value)]);
    assert.deepEqual(Object.fromEntries(rows), constants);
  });

  it("shows frames as they are sent", () => {
    const shown = Object.fromEntries(tableBelow("Examples, whole frames:"));
    const hex = (text: string) => text.replaceAll("`", "").replaceAll(" ", "");
    assert.equal(hex(shown["Ack, room 1, seq 258"]), frame(link.Ack, { room: 1, seq: 258 }));
    assert.equal(hex(shown["GetStatus, req 0xc0db"]), frame(link.GetStatus, { req: 0xc0db }));
  });
});

describe("link messages", () => {
  it("are listed by number, each number and name once, and all that link.ts exports", () => {
    const numbers = link.MESSAGES.map((table) => table.type);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    const exported = Object.entries(link).filter(([, value]) => typeof value === "object" && "codecs" in value);
    assert.deepEqual(exported.map(([name]) => name).sort(), link.MESSAGES.map((table) => table.name).sort());
    for (const [name, table] of exported) assert.equal((table as { name: string }).name, name);
  });

  it("have bytes without a length only at their end, and no field twice", () => {
    for (const table of link.MESSAGES) {
      const open = table.codecs.map((codec) => codec.size === 0);
      assert.equal(open.lastIndexOf(true) === -1 || open.indexOf(true) === open.length - 1, true, table.name);
      assert.equal(table.open, open[open.length - 1], table.name);
      const names = table.rows.split(" ");
      assert.equal(new Set(names).size, names.length, table.name);
    }
  });

  it("fit into a frame with the largest packet and every byte escaped", () => {
    for (const table of [link.RoomMessage, link.Send, link.Heard]) assert.ok(5 + table.size + 255 <= LINK_MAX_BODY);
    assert.ok(1 + 2 * LINK_MAX_BODY <= KISS_MAX);
  });
});

describe("link body", () => {
  const ack = { room: 3, seq: 70000 };

  it("is number, fields and checksum, and comes apart again", () => {
    const out = new Uint8Array(40);
    const length = sealBody(crc32, link.Ack, ack, out);
    assert.equal(length, 10);
    assert.equal(bytesToHex(out.slice(0, 6)), "070370110100");
    assert.equal(bodyType(crc32, out, length), link.Ack.type);
    assert.deepEqual(bodyValue(link.Ack, out, length), ack);
    assert.equal(bodyValue(link.Resume, out, length)?.seq, ack.seq);
    assert.equal(bodyValue(link.Hello, out, length), null);
  });

  it("is not made when the room or the link is too small for it", () => {
    assert.equal(sealBody(crc32, link.Ack, ack, new Uint8Array(10)), 10);
    assert.equal(sealBody(crc32, link.Ack, ack, new Uint8Array(9)), -1);
    assert.equal(sealBody(crc32, link.Ack, ack, new Uint8Array(3)), -1);
    const out = new Uint8Array(400);
    const heard = (length: number) => ({ rssi: -90, snr: 4, packet: new Uint8Array(length) });
    const longest = LINK_MAX_BODY - 5 - link.Heard.size;
    assert.equal(sealBody(crc32, link.Heard, heard(longest), out), LINK_MAX_BODY);
    assert.equal(sealBody(crc32, link.Heard, heard(longest + 1), out), -1);
  });

  it("is refused when any bit of it is turned", () => {
    const out = new Uint8Array(40);
    const length = sealBody(crc32, link.Ack, ack, out);
    for (let bit = 0; bit < 8 * length; bit++) {
      out[bit >> 3] ^= 1 << (bit & 7);
      assert.equal(bodyType(crc32, out, length), -1, `bit ${bit}`);
      out[bit >> 3] ^= 1 << (bit & 7);
    }
    assert.equal(bodyType(crc32, out, length), link.Ack.type);
  });

  it("is refused when it is cut, too short for a checksum, or too long", () => {
    const out = new Uint8Array(40);
    const length = sealBody(crc32, link.Ack, ack, out);
    for (const other of [-1, 0, 1, 4, length - 1, length + 1, 41]) assert.equal(bodyType(crc32, out, other), -1);
    const nothing = new Uint8Array(4);
    assert.equal(bodyType(crc32, nothing, 4), -1);
    const long = bytes(seeded(), LINK_MAX_BODY + 1);
    new DataView(long.buffer).setUint32(long.length - 4, crc32(long.slice(0, -4)), true);
    assert.equal(bodyType(crc32, long, long.length), -1);
  });

  it(`throws for no bytes at all, seed ${SEED}`, () => {
    const random = seeded();
    for (let round = 0; round < 5000; round++) {
      const some = bytes(random, whole(random, 5, 120));
      // A sender that has the checksum right and everything else wrong.
      new DataView(some.buffer).setUint32(some.length - 4, crc32(some.slice(0, -4)), true);
      const number = bodyType(crc32, some, some.length);
      assert.equal(number, some[0]);
      for (const table of link.MESSAGES) {
        const value = bodyValue(table as Message<unknown>, some, some.length);
        const fits = table.open ? some.length - 5 >= table.size : some.length - 5 === table.size;
        assert.equal(value !== null, fits);
      }
    }
  });
});
