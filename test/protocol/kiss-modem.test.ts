import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KISS_LEAST, KISS_REQUESTS } from "../../protocol/kiss-modem.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/kiss.md"), "utf8");

describe("KISS modem numbers", () => {
  it("the requests are those of docs/kiss.md", () => {
    const rows = [...PAGE.matchAll(/^\| ([0-9a-f]{2}) \| (\w+) \| (\d+) \|/gm)];
    assert.deepEqual(
      rows.map(([, number, name, least]) => [Number.parseInt(number, 16), name, Number(least)]),
      KISS_REQUESTS.map((name, i) => [i + 1, name, KISS_LEAST[i]]),
    );
  });

  it("each request has its least length", () => {
    assert.equal(KISS_LEAST.length, KISS_REQUESTS.length);
  });
});
