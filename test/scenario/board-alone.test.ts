import assert from "node:assert/strict";
import { groupText, TEST_KEY, World } from "./world.ts";

describe("a board without a host", () => {
  for (const model of ["heltec-v3", "rak4631", "sim"]) {
    it(`takes a room from the console, hears it and speaks in it (${model})`, () => {
      const world = new World();
      const { run, board } = world.board(model);
      const station = world.station();
      assert.match(run("rooms"), /no rooms/);
      assert.equal(run(`room add test ${TEST_KEY} 50`), "  -> OK");
      station.send(groupText(TEST_KEY, 1700000000, "Ann", "hello room", "a1b2"));
      world.wait();
      assert.match(
        run("history test"),
        /22:13 - 14\/11\/2023 UTC Ann: hello room \(-\d+ dBm, -?\d+\.\d\d dB, 2 hops\)/,
      );
      assert.match(run("time 1700000100"), /OK - clock set: 22:15 - 14\/11\/2023 UTC/);
      assert.equal(run("say test good evening"), "  -> OK");
      world.wait();
      assert.equal(station.heard.length, 1);
      assert.equal(
        Buffer.from(station.heard[0].frame).toString("hex"),
        groupText(TEST_KEY, 1700000100, model, "good evening"),
      );
      assert.match(run("rooms"), /test: 2\/50 messages/);
      assert.deepEqual(board.violations, []);
      assert.deepEqual(board.uncaught, []);
      world.stop();
    });
  }
});
