// docs/config.md says what keys.ts says. UPDATE_DOCS=1 writes the tables anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referenceTables } from "../../../host-bridge/config/reference.ts";
import { load } from "./files.ts";

const PAGE = join(import.meta.dirname, "..", "..", "..", "docs", "config.md");
const START = "<!-- keys: made from host-bridge/config/keys.ts -->\n\n";

describe("docs/config.md", () => {
  it("has every key with what it accepts, its default and its meaning", () => {
    const page = readFileSync(PAGE, "utf8");
    const at = page.indexOf(START);
    assert.ok(at > 0, "the page has lost its mark");
    if (process.env["UPDATE_DOCS"]) writeFileSync(PAGE, page.slice(0, at + START.length) + referenceTables());
    else assert.equal(page.slice(at + START.length), referenceTables());
  });

  it("has examples that load", () => {
    const page = readFileSync(PAGE, "utf8");
    const examples = [...page.matchAll(/^```(yaml|toml)\n(.*?)^```/gms)];
    assert.ok(examples.length >= 2);
    for (const [, syntax, text] of examples) load({ [`example.${syntax}`]: text });
  });
});
