import assert from "node:assert/strict";
import { join } from "node:path";
import { buildSync } from "esbuild";

/** Bytes of a module with all that it imports, minified. */
function minified(...modules: string[]): number {
  const from = join(import.meta.dirname, "../../protocol");
  const contents = modules.map((name) => `export * from ${JSON.stringify(`${from}/${name}.ts`)};`).join("\n");
  const built = buildSync({
    stdin: { contents, resolveDir: from },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  return built.outputFiles[0].text.length;
}

describe("size of protocol/", () => {
  it("is at most 12,000 bytes for all that the vectors check, on the crypto of an engine", () => {
    const size = minified("api");
    assert.ok(size > 6000 && size <= 12000, `${size} bytes`);
  });

  it("is at most 20,000 bytes for what a board without any crypto carries", () => {
    const size = minified(
      "channel",
      "packet",
      "group-text",
      "soft-crypto",
      "kiss",
      "link",
      "link-frame",
      "airtime",
      "crc32",
    );
    assert.ok(size > 10000 && size <= 20000, `${size} bytes`);
  });

  it("is at most 7,000 bytes for Ed25519 with SHA-512", () => {
    const size = minified("ed25519", "sha512");
    assert.ok(size > 3000 && size <= 7000, `${size} bytes`);
  });
});
