import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { textFrame } from "../../../host-bridge/web/frames.ts";
import { TokenBucket } from "../../../host-bridge/web/token-bucket.ts";

describe("text frames", () => {
  it("of any length are what a WebSocket client reads", async () => {
    const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 300_000].map((length) => "x".repeat(length));
    texts.push("Привет 🚀", "ü".repeat(63), "ü".repeat(32_768));
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    server.on("connection", (_, { socket }) => {
      socket.write(Buffer.concat(texts.map(textFrame)));
    });
    await once(server, "listening");
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const got: string[] = [];
    await new Promise<void>((resolve, reject) => {
      client.on("error", reject);
      client.on("message", (data, isBinary) => {
        assert.equal(isBinary, false);
        if (got.push(String(data)) === texts.length) resolve();
      });
    });
    assert.deepEqual(got, texts);
    client.terminate();
    server.close();
  });
});

describe("token bucket", () => {
  const rate = { perMinute: 60, burst: 3 };

  it("lets a burst pass, then one at a time, and says when", () => {
    const bucket = new TokenBucket();
    assert.deepEqual(
      [0, 0, 0, 0, 999, 1000, 1000].map((ms) => bucket.take(ms, rate)),
      [0, 0, 0, 1, 1, 0, 1],
    );
  });

  it("lets nothing pass for who goes on asking, until he pauses", () => {
    const bucket = new TokenBucket();
    for (let i = 0; i < 3; i++) bucket.take(0, rate);
    // Twenty refusals cost nothing: that many come of a burst.
    for (let i = 0; i < 20; i++) assert.equal(bucket.take(0, rate), 1);
    assert.equal(bucket.take(1000, rate), 0);
    for (let ms = 1000; ms < 60_000; ms += 40) assert.ok(bucket.take(ms, rate) > 0 || ms < 2000, `at ${ms} ms`);
    assert.equal(bucket.take(60_000, rate), 2);
    assert.equal(bucket.take(62_000, rate), 0);
  });

  it("lets spend more than there is, and says when it is paid back", () => {
    const bucket = new TokenBucket();
    assert.equal(bucket.spend(0, rate, 3), 0);
    assert.equal(bucket.spend(0, rate, 2), 2000);
    assert.equal(bucket.take(2000, rate), 1);
    assert.equal(bucket.take(3000, rate), 0);
    assert.equal(bucket.spend(3_600_000, rate, 4), 1000);
  });
});
