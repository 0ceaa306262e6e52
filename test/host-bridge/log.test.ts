import assert from "node:assert/strict";
import type { LogFormat, LogLevel } from "../../host-bridge/log.ts";
import { createLog, isSecretName, redact } from "../../host-bridge/log.ts";

function logTo(format: LogFormat, level: LogLevel = "info") {
  const lines: string[] = [];
  return { lines, log: createLog({ level, format, write: (line) => void lines.push(line) }) };
}

describe("log", () => {
  it("writes the text lines of the specification", () => {
    const { lines, log } = logTo("text");
    log.info('Federation peer "City B" connected (TLS, latency 12ms)');
    log.warn('Federation peer "City B" disconnected (reason), retry in 5s');
    assert.deepEqual(lines, [
      '[INFO] Federation peer "City B" connected (TLS, latency 12ms)\n',
      '[WARN] Federation peer "City B" disconnected (reason), retry in 5s\n',
    ]);
  });

  it("puts fields behind the text, in quotes where a space or a quote is in them", () => {
    const { lines, log } = logTo("text");
    log.error("board lost", {
      board: "heltec-v3",
      seq: 7,
      why: "no answer",
      none: null,
      list: [1, 2],
      at: new Date(0),
    });
    assert.equal(
      lines[0],
      '[ERROR] board lost board=heltec-v3 seq=7 why="no answer" none=null list=[1,2] at=1970-01-01T00:00:00.000Z\n',
    );
  });

  it("writes one JSON object a line with time, level and msg", () => {
    const { lines, log } = logTo("json");
    log.info("ready 100%s", { url: "http://127.0.0.1:7070", time: 5, msg: "other" });
    assert.equal(lines.length, 1);
    const { time, ...rest } = JSON.parse(lines[0]) as Record<string, unknown>;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual(rest, {
      level: "info",
      msg: "ready 100%s",
      url: "http://127.0.0.1:7070",
      field_time: 5,
      field_msg: "other",
    });
  });

  it("leaves out what is below its level, and takes a new level at once", () => {
    const { lines, log } = logTo("text", "warn");
    log.info("one");
    log.warn("two");
    log.setLevel("debug");
    log.debug("three");
    assert.deepEqual(lines, ["[WARN] two\n", "[DEBUG] three\n"]);
  });

  it("never lets a message forge a line or drive a terminal", () => {
    const { lines, log } = logTo("text");
    log.info("a\n[ERROR] b\u001b[2J\u009b", { name: "c\nd", e: "\u001b[31m" });
    assert.equal(lines.join(""), '[INFO] a\\u000a[ERROR] b\\u001b[2J\\u009b name="c\\nd" e=\\u001b[31m\n');
  });

  for (const format of ["text", "json"] as const) {
    it(`lets no secret out as ${format}`, () => {
      const { lines, log } = logTo(format);
      const secret = "hunter2hunter2";
      log.error("x", {
        psk: secret,
        roomKey: Buffer.from(secret),
        federation_secret: secret,
        Authorization: `Bearer ${secret}`,
        nested: { tokens: [secret], deep: [{ password: secret, proof: secret }] },
        bytes: new TextEncoder().encode(secret),
        url: `mqtt://user:${secret}@broker:1883/`,
        error: new Error(`cannot connect to mqtt://user:${secret}@broker`),
      });
      log.warn(`cannot reach mqtts://user:${secret}@broker`);
      const all = lines.join("");
      assert.ok(!all.includes(secret) && !all.includes(Buffer.from(secret).toString("hex")), all);
      assert.ok(all.includes("broker"));
    });
  }

  it("knows secrets by the last word of a field's name", () => {
    for (const name of ["psk", "key", "roomKey", "room_key", "federation-secret", "TOKEN", "apiTokens"]) {
      assert.ok(isSecretName(name), name);
    }
    for (const name of ["public_key", "publicKey", "monkey", "keyCheck", "key_check", "secretary", "tokenCount"]) {
      assert.ok(!isSecretName(name), name);
    }
  });

  it("survives what cannot be written as it is", () => {
    const loop: Record<string, unknown> = { big: 2n ** 70n };
    loop["self"] = loop;
    const text = JSON.stringify(redact(loop));
    assert.ok(text.startsWith('{"big":"1180591620717411303424","self":{'), text);
  });
});
