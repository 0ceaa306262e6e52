import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { BrokerConfig } from "../../../host-bridge/config/schema.ts";
import { tryBroker } from "../../../host-bridge/mqtt/try-broker.ts";
import type { BrokerStatus, MqttStatus } from "../../../host-bridge/web/status.ts";
import { has } from "../../deploy/proxy.ts";
import { DaemonProcess } from "../../scenario/durable-daemon.ts";
import { freePort } from "../../simulator/tcp-station.ts";
import { until } from "../daemon-bench.ts";
import { roomConfig } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { brokerConfig, Mosquitto, noMosquitto, Watcher } from "./broker-bench.ts";
import { openMqtt } from "./mqtt-bench.ts";

const noOpenssl = has("openssl", "version") ? "" : " (openssl not found)";

describe(`mqtt: how brokers are reached${noMosquitto}`, function () {
  if (noMosquitto) return void it("needs mosquitto");
  this.timeout(60_000);
  const scratch = new Scratch();
  let bench: ReturnType<typeof openMqtt> | null = null;
  let stops: (() => unknown)[] = [];

  afterEach(async () => {
    await bench?.stop();
    bench = null;
    for (const stop of stops.reverse()) await stop();
    stops = [];
    scratch.clean();
  });

  const brokerWith = async (dir: string, more?: string): Promise<Mosquitto> => {
    const broker = new Mosquitto(dir, await freePort(), more);
    await broker.start();
    stops.push(() => broker.stop());
    return broker;
  };
  const start = (config: BrokerConfig) => {
    bench = openMqtt(scratch.dir(), [roomConfig("Open")], [config]);
    bench.start();
    return bench;
  };
  const arrives = async (config: BrokerConfig): Promise<string[]> => {
    const { say, broker, lines } = start(config);
    await until("a connection", () => broker().connected);
    await say("Open", "hello");
    await until("an acknowledgement", () => broker().published === 1);
    return lines;
  };
  const refusal = async (config: BrokerConfig): Promise<string> => {
    const { broker, lines } = start(config);
    await until("a refusal", () => lines.length > 0);
    assert.equal(broker().connected, false);
    assert.ok(lines[0].includes(`(${broker().error})`), "status and log say the same");
    return lines[0].replace(/"mqtts?:\S+"/, "BROKER").replace(/\d+s$/, "..s");
  };

  describe("user and password", () => {
    const setUp = async (): Promise<number> => {
      const dir = scratch.dir();
      const file = join(dir, "users");
      spawnSync("mosquitto_passwd", ["-b", "-c", file, "bob", "hunter2 is wrong"]);
      writeFileSync(join(dir, "acl"), "user bob\ntopic write meshcore/status\ntopic write meshcore/messages/Open\n");
      return (await brokerWith(dir, `allow_anonymous false\npassword_file ${file}\nacl_file ${join(dir, "acl")}`)).port;
    };

    it("let the server in", async () => {
      const [line] = await arrives(brokerConfig(await setUp(), { username: "bob", password: "hunter2 is wrong" }));
      assert.match(line, /^\[INFO\] MQTT broker "mqtt:.*" connected \(MQTT 5\)$/);
    });

    it("that are wrong are said, without the password, and tried again seldom", async () => {
      const line = await refusal(brokerConfig(await setUp(), { username: "bob", password: "hunter2" }));
      const reason = "it refuses user name or password; check mqtt.username and mqtt.password";
      assert.equal(line, `[WARN] MQTT broker BROKER disconnected (${reason}), retry in ..s`);
    });

    it("are tried by the doctor, who leaves nothing behind", async () => {
      const port = await setUp();
      const right = brokerConfig(port, { username: "bob", password: "hunter2 is wrong" });
      assert.equal(await tryBroker(right), null);
      assert.match(
        (await tryBroker({ ...right, password: "hunter2" }))?.reason ?? "",
        /it refuses user name or password/,
      );
      assert.match((await tryBroker(brokerConfig(await freePort())))?.reason ?? "", /connection refused/);
    });

    it("with an access list: what it forbids is counted and said, and holds up nothing else", async () => {
      const config = brokerConfig(await setUp(), { username: "bob", password: "hunter2 is wrong" });
      bench = openMqtt(scratch.dir(), [roomConfig("Other"), roomConfig("Open")], [config]);
      const { start: begin, say, broker, lines } = bench;
      begin();
      await until("a connection", () => broker().connected);
      await say("Other", "not allowed");
      await say("Open", "allowed");
      await until("an acknowledgement", () => broker().published === 1);
      assert.equal(broker().refused, 1);
      assert.match(lines.at(-1) ?? "", /refuses what is published to meshcore\/messages \(this user may not/);
    });
  });

  describe(`TLS${noOpenssl}`, () => {
    if (noOpenssl) return void it("needs openssl");

    const openssl = (dir: string, ...args: string[]): void => {
      const { status, stderr } = spawnSync("openssl", args, { cwd: dir });
      assert.equal(status, 0, stderr.toString());
    };
    const ca = (dir: string, name: string): void =>
      openssl(
        dir,
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"],
        ...["-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.pem`],
      );
    const signed = (dir: string, name: string, by: string, san: string): void => {
      const subject = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${name}`];
      openssl(dir, "req", ...subject, "-keyout", `${name}.key`, "-out", `${name}.csr`);
      writeFileSync(join(dir, `${name}.ext`), `subjectAltName=${san}\n`);
      openssl(
        dir,
        ...["x509", "-req", "-in", `${name}.csr`, "-CA", `${by}.pem`, "-CAkey", `${by}.key`, "-CAcreateserial"],
        ...["-days", "30", "-extfile", `${name}.ext`, "-out", `${name}.pem`],
      );
    };
    const setUp = async (more = "allow_anonymous true"): Promise<{ dir: string; url: string }> => {
      const dir = scratch.dir();
      ca(dir, "ca");
      signed(dir, "broker", "ca", "IP:127.0.0.1");
      const files = `cafile ${dir}/ca.pem\ncertfile ${dir}/broker.pem\nkeyfile ${dir}/broker.key\n`;
      const { port } = await brokerWith(dir, files + more);
      return { dir, url: `mqtts://127.0.0.1:${port}` };
    };
    const tls = (dir: string, names: { ca?: string; cert?: string }): BrokerConfig["tls"] => ({
      ca: names.ca === undefined ? null : join(dir, `${names.ca}.pem`),
      cert: names.cert === undefined ? null : join(dir, `${names.cert}.pem`),
      key: names.cert === undefined ? null : join(dir, `${names.cert}.key`),
    });

    it("with an authority of one's own", async () => {
      const { dir, url } = await setUp();
      await arrives(brokerConfig(0, { url, tls: tls(dir, { ca: "ca" }) }));
    });

    it("does not send a word to a broker whose authority is unknown", async () => {
      const { url } = await setUp();
      assert.match(await refusal(brokerConfig(0, { url })), /no authority that is known here; name its CA in mqtt.ca/);
    });

    it("does not to one that shows a certificate for another name", async () => {
      const { dir, url } = await setUp();
      const config = brokerConfig(0, { url: url.replace("127.0.0.1", "localhost"), tls: tls(dir, { ca: "ca" }) });
      assert.match(await refusal(config), /its certificate is for another name/);
    });

    it("with a client certificate, for a broker that wants one", async () => {
      const { dir, url } = await setUp("require_certificate true\nuse_identity_as_username true");
      signed(dir, "server", "ca", "DNS:server");
      await arrives(brokerConfig(0, { url, tls: tls(dir, { ca: "ca", cert: "server" }) }));
    });

    it("says that a client certificate is wanted", async () => {
      const { dir, url } = await setUp("require_certificate true\nuse_identity_as_username true");
      const found = await refusal(brokerConfig(0, { url, tls: tls(dir, { ca: "ca" }) }));
      assert.match(found, /it wants a client certificate; set mqtt.cert and mqtt.key|connection closed/);
    });

    it("says which file cannot be read", async () => {
      const { dir, url } = await setUp();
      const found = await refusal(brokerConfig(0, { url, tls: tls(dir, { ca: "nowhere" }) }));
      assert.match(found, /mqtt\.ca: expected a readable file, found nothing there at .*nowhere\.pem/);
    });

    it("says that the other side does not speak it", async () => {
      const { port } = await brokerWith(scratch.dir());
      const found = await refusal(brokerConfig(0, { url: `mqtts://127.0.0.1:${port}` }));
      assert.match(found, /does not speak TLS|connection closed/);
    });
  });

  describe("WebSocket", () => {
    /** The built daemon: the loader of the tests gives the mqtt package another ws than Node does. */
    const daemonAt = async (url: string): Promise<string> => {
      const dir = scratch.dir();
      const file = join(dir, "a.yaml");
      const rooms = "rooms: [{ name: Open, rebroadcast: false }]\nlog: { level: error }\n";
      writeFileSync(file, `data_dir: ${dir}/data\nlisten: 127.0.0.1:0\n${rooms}mqtt: { broker: "${url}" }\n`);
      const daemon = new DaemonProcess(file);
      stops.push(() => daemon.kill());
      return String(await daemon.url);
    };
    const brokerOf = async (url: string): Promise<BrokerStatus> => {
      const { mqtt } = (await (await fetch(`${url}/status`)).json()) as { mqtt: MqttStatus };
      return mqtt.brokers[0];
    };

    it("carries it too", async () => {
      const { port } = await brokerWith(scratch.dir());
      // Debian's mosquitto does not listen for WebSocket on every machine, and this is what its proxy would be.
      const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/mqtt", handleProtocols: () => "mqtt" });
      server.on("connection", (socket) => {
        const near = createWebSocketStream(socket);
        const far = connect({ host: "127.0.0.1", port });
        for (const end of [near, far]) end.on("error", () => socket.terminate());
        near.pipe(far).pipe(near);
      });
      await new Promise((resolve) => server.once("listening", resolve));
      stops.push(() => server.close());
      const url = await daemonAt(`ws://127.0.0.1:${(server.address() as { port: number }).port}/mqtt`);
      await until("a connection", async () => (await brokerOf(url)).connected);
      const body = JSON.stringify({ sender: "Ann", text: "hello" });
      const headers = { "content-type": "application/json" };
      await fetch(`${url}/api/v1/rooms/Open/messages`, { method: "POST", headers, body });
      await until("an acknowledgement", async () => (await brokerOf(url)).published === 1);
    });

    it("to a web server that is no broker fails with what it answers", async () => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
      });
      const port = await listen(server);
      stops.push(() => server.close());
      const url = await daemonAt(`ws://127.0.0.1:${port}/mqtt`);
      await until("the reason", async () => (await brokerOf(url)).error === "Unexpected server response: 404");
    });
  });

  const old: [how: string, answer: Buffer][] = [
    ["that refuses MQTT 5", Buffer.from([0x20, 2, 0, 1])],
    ["that hangs up at MQTT 5", Buffer.alloc(0)],
  ];
  for (const [how, answer] of old) {
    it(`with MQTT 3.1.1 where there is a broker ${how}`, async () => {
      const { port } = await brokerWith(scratch.dir());
      const server = createServer((near) => {
        near.on("error", () => undefined);
        near.once("data", (bytes) => {
          // The protocol level stands behind the name "MQTT".
          if (bytes[bytes.indexOf("MQTT") + 4] === 5) return void near.end(answer);
          const far = connect({ host: "127.0.0.1", port });
          far.on("error", () => near.destroy());
          far.on("close", () => near.destroy());
          far.write(bytes);
          near.pipe(far).pipe(near);
        });
      });
      const middle = await listen(server);
      stops.push(() => server.close());
      const lines = await arrives(brokerConfig(middle));
      assert.match(lines.at(-1) ?? "", /connected \(MQTT 3\.1\.1\)$/);
      const watcher = await Watcher.at(port);
      stops.push(() => watcher.leave());
      await until("the retained status", () => watcher.on("meshcore/status").length > 0);
    });
  }
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}
