import assert from "node:assert/strict";
import { main } from "../../../host-bridge/cli/main.ts";
import { Scratch } from "../scratch.ts";
import { startServer } from "../web/server-bench.ts";

describe("meshcore-room room, notice", () => {
  const scratch = new Scratch();
  let server: Awaited<ReturnType<typeof startServer>>;

  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ["", ""];
    const code = await main([...args, "--url", server.url], {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      ...{ env: {}, defaultFiles: [], isTty: false, interrupted: () => new Promise<void>(() => undefined) },
      onHangup: () => () => undefined,
    });
    return { code, out, err };
  };

  beforeEach(async () => {
    server = await startServer(scratch.dir());
  });
  afterEach(async () => {
    await server.stop();
    scratch.clean();
  });

  it("mutes, lists and unmutes", async () => {
    assert.deepEqual(await run("room", "mute", "Open", "Bob", "--for", "1h"), {
      ...{ code: 0, out: "Bob is muted in Open\n", err: "" },
    });
    assert.match((await run("room", "mute", "Open")).out, /^bob\t\d{4}-/);
    assert.equal(server.access.moderation.isMuted("Open", "Bob"), true);
    assert.equal((await run("room", "unmute", "Open", "Bob")).code, 0);
    const again = await run("room", "unmute", "Open", "Bob");
    assert.deepEqual([again.code, again.err.split("\n")[0]], [1, 'Error: "Bob" is not muted']);
    assert.match((await run("room", "mute", "Nowhere", "Bob")).err, /^Error: there is no room "Nowhere"\nTry: /);
    assert.equal((await run("room", "mute", "Open", "Bob", "--for", "soon")).code, 2);
  });

  it("sets a topic and takes it back, and tells clients", async () => {
    assert.equal((await run("room", "topic", "Open", "storm", "warning")).code, 0);
    assert.equal(server.access.moderation.topic("Open"), "storm warning");
    assert.equal((await run("room", "topic", "Open")).code, 0);
    assert.equal(server.access.moderation.topic("Open"), null);
    assert.equal((await run("notice", "back", "at", "8")).out, "told to 0 clients\n");
  });
});
