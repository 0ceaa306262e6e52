import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import { RoomError } from "../../../host-bridge/errors.ts";
import { FakeClock } from "../fake-clock.ts";
import { Scratch } from "../scratch.ts";
import { startServer } from "./server-bench.ts";

describe("TLS on the listen address", () => {
  const scratch = new Scratch();

  before(function () {
    try {
      execFileSync("openssl", ["version"]);
    } catch {
      console.log("openssl not found");
      this.skip();
    }
  });
  afterEach(() => scratch.clean());

  const make = (dir: string, name: string): { cert: string; key: string } => {
    const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
    const kind = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
    ];
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { cert, key };
  };
  const commonName = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname: host, port } = new URL(url);
      const socket: TLSSocket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on("error", reject);
    });

  it("serves HTTPS and WSS, takes a new certificate when the files change, and keeps who is connected", async () => {
    const dir = scratch.dir();
    const clock = new FakeClock();
    const files = make(dir, "first");
    const server = await startServer(scratch.dir(), { tls: files }, clock);
    try {
      assert.match(server.url, /^https:/);
      assert.equal(await commonName(server.url), "first");
      const socket = new WebSocket(`${server.url.replace("https", "wss")}/ws`, { rejectUnauthorized: false });
      await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
      const second = make(dir, "second");
      // Half of the change: the old pair stays.
      copyFileSync(second.cert, files.cert);
      clock.advance(2000);
      assert.equal(await commonName(server.url), "first");
      copyFileSync(second.key, files.key);
      clock.advance(2000);
      assert.equal(await commonName(server.url), "second");
      writeFileSync(files.cert, "no certificate");
      clock.advance(2000);
      assert.equal(await commonName(server.url), "second");
      const answer = new Promise((resolve) => socket.once("message", (data) => resolve(JSON.parse(String(data)).type)));
      socket.send('{"type":"hello","name":"Ann"}');
      assert.equal(await answer, "welcome");
      socket.terminate();
    } finally {
      await server.stop();
    }
  });

  it("says at the start what is wrong with the files", async () => {
    const dir = scratch.dir();
    const [one, two] = [make(dir, "one"), make(dir, "two")];
    for (const tls of [
      { cert: join(dir, "none"), key: one.key },
      { cert: one.cert, key: two.key },
    ]) {
      await assert.rejects(
        startServer(scratch.dir(), { tls }),
        (error) => error instanceof RoomError && error.code === "tls_unusable" && error.hint !== undefined,
      );
    }
  });
});
