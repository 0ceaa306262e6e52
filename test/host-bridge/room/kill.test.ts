import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../../host-bridge/clock.ts";
import { Scratch } from "../scratch.ts";
import { openRooms, testRoom } from "./rooms-bench.ts";

const scratch = new Scratch();
const ROUNDS = 6;

/** Runs the child until `lines` acknowledgements were read and a little longer, then SIGKILL. Returns what it said. */
function runAndKill(dir: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "kill-child.ts"), dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split("\n").length > lines) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(said.slice(0, said.lastIndexOf("\n")).split("\n"));
      else reject(new Error(`the child ended by itself with ${code}`));
    });
  });
}

describe("store: SIGKILL", () => {
  afterEach(() => scratch.clean());

  it("loses nothing that was acknowledged and doubles nothing", async () => {
    const dir = scratch.dir();
    const acknowledged = new Set<string>();
    let acknowledgedSeq = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = await runAndKill(dir, 50 + 37 * round);
      for (const line of lines) {
        const [word, value] = line.split(" ");
        if (word === "posted") acknowledged.add(value);
        else acknowledgedSeq = Math.max(acknowledgedSeq, Number(value));
      }
      const { store, rooms } = openRooms(dir, systemClock, [testRoom("A", { maxHistory: 100_000 })]);
      const history = rooms.history(rooms.list[0], { limit: 100_000 });
      const guids = history.map(({ guid }) => guid);
      const { seq } = store.cursors("b1")[0];
      const heard = history.filter(({ sender }) => sender === "radio").map(({ text }) => Number(text));
      const waiting = new Set(store.outbox(100_000).map(({ guid }) => guid));
      assert.equal(new Set(guids).size, guids.length);
      for (const guid of acknowledged) {
        assert.ok(guids.includes(guid), `round ${round}: ${guid} is gone`);
        assert.ok(waiting.has(guid), `round ${round}: ${guid} will not go on air`);
      }
      assert.ok(seq >= acknowledgedSeq);
      assert.deepEqual(
        heard,
        [...Array(seq).keys()].map((i) => i + 1),
        `round ${round}: everything up to the cursor`,
      );
      store.close();
    }
    assert.ok(acknowledged.size > 100);
  });
});
