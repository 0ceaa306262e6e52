import assert from "node:assert/strict";
import { parseBackbone } from "../../../host-bridge/config/backbone-url.ts";

const server = (host: string, port = 4222) => ({ host, port });
const plain = { isTls: false, user: null, password: null };

describe("the URL of a backbone", () => {
  it("is one server or several, with 4222 as port and the scheme said once", () => {
    for (const [text, servers] of [
      ["nats://a.example", [server("a.example")]],
      ["nats://a.example:5222/", [server("a.example", 5222)]],
      ["nats://10.0.0.1,10.0.0.2:1, nats://[::1]:2", [server("10.0.0.1"), server("10.0.0.2", 1), server("::1", 2)]],
    ] as const) {
      assert.deepEqual(parseBackbone(text), { ...plain, servers });
    }
  });

  it("may have a user and a password, the same for all", () => {
    const login = { user: "b r", password: "p@/:" };
    const text = "tls://b%20r:p%40%2F%3A@a.example";
    assert.deepEqual(parseBackbone(text), { servers: [server("a.example")], isTls: true, ...login });
    const both = [server("a.example"), server("b.example")];
    assert.deepEqual(parseBackbone(`${text},b.example`), { servers: both, isTls: true, ...login });
    assert.deepEqual(parseBackbone(`${text},${text.replace("a.", "b.")}`), { servers: both, isTls: true, ...login });
  });

  it("is nothing else", () => {
    for (const text of [
      ...["", ",", "a.example", "a.example:4222", "http://a.example", "nats:a.example", "nats://", "nats://a.example,"],
      ...["nats://a.example,tls://b.example", "nats://a.example:0", "nats://a.example:99999", "nats://a..example"],
      ...[
        "nats://a.example/x",
        "nats://a.example?x",
        "nats://a.example#x",
        "nats://token@a.example",
        "nats://u:@a.example",
      ],
      ...["nats://:p@a.example", "nats://u:p@a.example,nats://u:q@b.example", "nats://u:p@a.example,u:p@b.example"],
      ...["nats://u:%ff@a.example", "nats://u:p/q@a.example"],
    ]) {
      assert.equal(parseBackbone(text), null, text);
    }
  });
});
