import assert from "node:assert/strict";
import { type AskerHeaders, askerOf, networkOf, TrustedProxies } from "../../../host-bridge/auth/asker.ts";
import { Attempts } from "../../../host-bridge/auth/attempts.ts";

describe("asker", () => {
  const ask = (peer: string, headers: AskerHeaders = {}, trusted: string[] = []): string => {
    const { address, isLocal } = askerOf(peer, headers, new TrustedProxies(trusted));
    return `${address}${isLocal ? " local" : ""}`;
  };

  it("is local on loopback, when called by an address or as localhost, and not through a proxy", () => {
    assert.equal(ask("127.0.0.1"), "127.0.0.1 local");
    assert.equal(ask("::1", { host: "[::1]:7070" }), "::1 local");
    assert.equal(ask("::ffff:127.0.0.1", { host: "LOCALHOST:7070" }), "127.0.0.1 local");
    assert.equal(ask("203.0.113.5", { host: "localhost" }), "203.0.113.5");
    // DNS rebinding: the page's own name points here.
    assert.equal(ask("127.0.0.1", { host: "evil.example:7070" }), "127.0.0.1");
    for (const headers of [{ "x-forwarded-for": "127.0.0.1" }, { "x-real-ip": "127.0.0.1" }, { forwarded: "for=1" }]) {
      assert.equal(ask("127.0.0.1", headers), "127.0.0.1", JSON.stringify(headers));
    }
  });

  it("believes X-Forwarded-For from trusted proxies only, from the right", () => {
    const chain = (list: string): AskerHeaders => ({ "x-forwarded-for": list });
    assert.equal(ask("198.51.100.7", chain("127.0.0.1")), "198.51.100.7");
    assert.equal(ask("127.0.0.1", chain("203.0.113.5"), ["127.0.0.1"]), "203.0.113.5");
    assert.equal(
      ask("127.0.0.1", chain("127.0.0.1, 203.0.113.5"), ["127.0.0.1"]),
      "203.0.113.5",
      "made up by the client",
    );
    assert.equal(ask("127.0.0.1", chain("203.0.113.5, 10.1.2.3"), ["127.0.0.1", "10.0.0.0/8"]), "203.0.113.5");
    assert.equal(
      ask("127.0.0.1", chain("10.9.9.9, 203.0.113.5, 10.1.2.3"), ["127.0.0.1", "10.0.0.0/8"]),
      "203.0.113.5",
    );
    assert.equal(ask("127.0.0.1", chain("2001:db8::5"), ["127.0.0.0/8"]), "2001:db8::5");
    assert.equal(ask("127.0.0.1", chain("nonsense"), ["127.0.0.1"]), "127.0.0.1");
    assert.equal(ask("127.0.0.1", {}, ["127.0.0.1"]), "127.0.0.1 local");
  });

  it("counts a /64 of IPv6 as one", () => {
    assert.equal(networkOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    assert.equal(networkOf("2001:db8::6"), "2001:db8:0:0::/64");
    assert.equal(networkOf("192.0.2.1"), "192.0.2.1");
  });

  it("lets an address that was wrong too often wait, twice as long each time, and forgets in the end", () => {
    const limits = { failures: 3, delayS: 1, maxDelayS: 5, forgetAfterS: 60 };
    const attempts = new Attempts();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      attempts.failed("a", 0, limits);
      waits.push(attempts.waitS("a", 0));
    }
    assert.deepEqual(waits, [0, 0, 1, 2, 4, 5, 5]);
    assert.equal(attempts.waitS("b", 0), 0);
    assert.equal(attempts.waitS("a", 4999), 1);
    assert.equal(attempts.waitS("a", 5000), 0);
    attempts.failed("a", 60_001, limits);
    assert.equal(attempts.waitS("a", 60_001), 0);
  });
});
