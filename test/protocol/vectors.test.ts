import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { protocolApi } from "../../protocol/api.ts";
import type { CryptoPort } from "../../protocol/crypto.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { VECTOR_CHECKS } from "./vector-checks.ts";
import { loadVectors, vectorsDir } from "./vector-file.ts";

/** The other implementation of the port: protocol/ must not care which one it runs on. */
function nodeCrypto(): CryptoPort {
  return {
    sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
    sha512: (data) => new Uint8Array(createHash("sha512").update(data).digest()),
    aesEncrypt: (key, data, out) =>
      out.set(createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(data)),
    aesDecrypt: (key, data, out) =>
      out.set(createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(data)),
  };
}

const platforms = [
  { name: "plain crypto", api: protocolApi(softCrypto()) },
  { name: "node:crypto", api: protocolApi(nodeCrypto()) },
];

for (const platform of platforms) {
  describe(`interoperability vectors, ${platform.name}`, () => {
    for (const { file, title, check } of VECTOR_CHECKS) {
      it(`${title} (${file})`, () => {
        const failures = check(platform.api, loadVectors(file));
        assert.equal(failures.length, 0, `${failures.length} failures in ${vectorsDir()}:\n${failures.join("\n")}`);
      });
    }
  });
}

describe("vector files", () => {
  it("reports a missing file by its path", () => {
    assert.throws(() => loadVectors("no-such-file.json"), /no-such-file\.json is missing.*VECTORS_DIR/);
  });

  it("reports a missing group by its name", () => {
    for (const { check } of VECTOR_CHECKS) assert.throws(() => check(platforms[0].api, {}));
    assert.throws(() => VECTOR_CHECKS[0].check(platforms[0].api, {}), /no group "valid"/);
  });

  it("does not pass a group that has nothing in it", () => {
    assert.deepEqual(VECTOR_CHECKS[0].check(platforms[0].api, { valid: [] }), ["no vector was checked"]);
  });
});
