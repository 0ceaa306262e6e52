// The regions of the board itself with MeshCore's vectors of them; test/protocol/ has them for the plain code in protocol/.
import assert from "node:assert/strict";
import type { Hal } from "../../firmware/hal.ts";
import { regionCommand } from "../../firmware/parts/region-commands.ts";
import { REGION_DENY, type Regions, regions } from "../../firmware/parts/regions.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { softCrypto } from "../../protocol/soft-crypto.ts";
import { loadVectors } from "../protocol/vector-file.ts";
import { ForwardBench } from "./forward-bench.ts";

const { codes, region_map } = loadVectors("transport.json") as {
  codes: { id: string; region: string; payload_type: number; payload: string; code: number }[];
  region_map: {
    entries: { name: string; deny_flood: boolean }[];
    find_match: { raw: string; match: string | null }[];
    name_rules: { name: string; accepted: boolean }[];
  };
};
const hal = { crypto: softCrypto(), toBytes: (text: string) => Buffer.from(text, "latin1") as Uint8Array } as Hal;
/** As it comes over the console: UTF-8 as a byte string. */
const typed = (name: string): string => Buffer.from(name).toString("latin1");

function mapOf(entries: { name: string; deny_flood: boolean }[]): Regions {
  const map = regions(hal);
  for (const { name, deny_flood } of entries) map.add(typed(name), 0, deny_flood ? REGION_DENY : 0);
  return map;
}

describe("regions of a board (transport.json)", () => {
  it("have the codes of the vectors", () => {
    assert.ok(codes.length > 0);
    for (const { id, region, payload_type, payload, code } of codes) {
      const map = mapOf([{ name: region, deny_flood: false }]);
      const bytes = hexToBytes(payload);
      map.begin(payload_type, bytes, 0, bytes.length);
      assert.equal(map.code(1), code, id);
    }
  });

  it("let a scoped flood pass when one of them is meant that allows floods", () => {
    const { entries, find_match } = region_map;
    assert.ok(find_match.some(({ match }) => match !== null) && find_match.some(({ match }) => match === null));
    for (const { raw, match } of find_match) {
      for (const only of [entries, entries.filter(({ name }) => name !== match)]) {
        const bench = new ForwardBench("7e".repeat(32));
        bench.mesh.regions = mapOf(only);
        const isMeant = match !== null && only === entries;
        assert.equal(bench.hear(raw).length, isMeant ? 1 : 0, `${match ?? "none"}: ${raw}`);
      }
    }
  });

  it("may be called what MeshCore lets them be called", () => {
    assert.ok(region_map.name_rules.length > 0);
    for (const { name, accepted } of region_map.name_rules) {
      const answer = regionCommand(
        mapOf([]),
        `put ${typed(name)}`,
        () => true,
        () => undefined,
      );
      assert.equal(answer.startsWith("OK"), accepted, `${name}: ${answer}`);
    }
  });
});
