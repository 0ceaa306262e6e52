import assert from "node:assert/strict";
import { BOARDS } from "../../boards/all.ts";
import type { ProtocolApi } from "../../protocol/api.ts";
import { VECTOR_CHECKS } from "../protocol/vector-checks.ts";
import { loadVectors } from "../protocol/vector-file.ts";
import { World } from "./world.ts";

for (const { id } of BOARDS) {
  describe(`interoperability vectors in the built bundle of ${id}`, () => {
    const world = new World();
    let api: ProtocolApi;

    before(() => {
      const { board } = world.board(id);
      api = (board.globals.meshcore as { protocol(): ProtocolApi }).protocol();
    });
    after(() => world.stop());

    for (const { file, title, check } of VECTOR_CHECKS) {
      it(`${title} (${file})`, () => {
        const failures = check(api, loadVectors(file));
        assert.equal(failures.length, 0, failures.join("\n"));
      });
    }
  });
}
