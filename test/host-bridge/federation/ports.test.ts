import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { Config } from "../../../host-bridge/config/schema.ts";
import { makeCertificate } from "../../../host-bridge/federation/certificate.ts";
import { type Daemon, runDaemon } from "../../../host-bridge/run.ts";
import { freePort } from "../../simulator/tcp-station.ts";
import { until } from "../daemon-bench.ts";
import { keptLog } from "../kept-log.ts";
import { roomConfig } from "../room/rooms-bench.ts";
import { Scratch } from "../scratch.ts";
import { testConfig } from "../web/server-bench.ts";
import { federationConfig, peerConfig } from "./server-bench.ts";

const scratch = new Scratch();

/** What the HTTP side must still be able to do. */
async function status(url: string): Promise<Record<string, never>> {
  return (await (await fetch(`${url}/status`)).json()) as Record<string, never>;
}

describe("federation: ports", () => {
  let daemons: Daemon[] = [];
  let lines: string[] = [];

  const start = async (name: string, fields: Partial<Config>): Promise<Daemon> => {
    const config = testConfig(scratch.dir(), { name, rooms: [roomConfig("Public")], ...fields });
    const daemon = await runDaemon(config, keptLog(lines));
    daemons.push(daemon);
    return daemon;
  };
  const isConnected = async (url: string): Promise<boolean> => {
    const { federation } = (await status(url)) as unknown as { federation: { peers: { connected: boolean }[] } };
    return federation.peers.length === 1 && federation.peers[0].connected;
  };

  afterEach(async () => {
    for (const daemon of daemons) await daemon.stop();
    daemons = [];
    lines = [];
    scratch.clean();
  });

  it("takes peers on the port of HTTP, which goes on as before, and shows the status on a port of its own", async () => {
    const listen = { host: "127.0.0.1", port: await freePort() };
    const statusPort = await freePort();
    const federation = federationConfig(await freePort(), { statusEndpoint: true, statusPort });
    const a = await start("A", { listen, federation });
    const peers = [peerConfig("A", listen.port)];
    const b = await start("B", { federation: federationConfig(await freePort(), { peers }) });
    await until("connected", async () => (await isConnected(a.url)) && (await isConnected(b.url)));
    const body = JSON.stringify({ sender: "Ann", text: "hello" });
    const headers = { "content-type": "application/json" };
    const posted = await fetch(`${a.url}/api/v1/rooms/Public/messages`, { method: "POST", body, headers });
    assert.equal(posted.status, 201, await posted.text());
    const texts = async (): Promise<string> => (await fetch(`${b.url}/api/v1/rooms/Public/messages`)).text();
    await until("there", async () => (await texts()).includes("hello"));
    const own = (await (await fetch(`http://127.0.0.1:${statusPort}/status`)).json()) as object;
    assert.deepEqual(Object.keys(own), ["enabled", "peers"]);
    assert.equal((await fetch(`http://127.0.0.1:${statusPort}/other`)).status, 404);
    assert.match(await (await fetch(`${a.url}/metrics`)).text(), /meshcore_peers_connected 1/);
    // Who says nothing, or HTTP in pieces.
    const socket = connect(listen.port, "127.0.0.1");
    socket.write("GET /hea");
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write("lthz HTTP/1.0\r\n\r\n");
    const [answer] = (await new Promise((resolve) => socket.once("data", (data) => resolve([data])))) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200/);
    socket.destroy();
  });

  it("tells HTTPS and federation apart on one port", async () => {
    const dir = scratch.dir();
    const pair = makeCertificate();
    const tls = { cert: join(dir, "cert.pem"), key: join(dir, "key.pem") };
    writeFileSync(tls.cert, pair.cert);
    writeFileSync(tls.key, pair.key);
    const listen = { host: "127.0.0.1", port: await freePort() };
    await start("A", { listen, tls, federation: federationConfig(await freePort()) });
    const peers = [peerConfig("A", listen.port)];
    const b = await start("B", { federation: federationConfig(await freePort(), { peers }) });
    await until("connected", () => isConnected(b.url));
    const socket = connectTls({ port: listen.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.write("GET /healthz HTTP/1.0\r\n\r\n");
    const [answer] = (await new Promise((resolve) => socket.once("data", (data) => resolve([data])))) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200/);
    socket.destroy();
  });

  it("adds and removes peers at a reload, without a restart", async () => {
    const a = await start("A", { federation: federationConfig(await freePort()) });
    const port = await freePort();
    const b = await start("B", { federation: federationConfig(port) });
    const reload = (daemon: Daemon, fields: Partial<Config>) =>
      daemon.reload(() => {
        const rooms = [roomConfig("Public")];
        return { config: testConfig(scratch.dir(), { name: "A", rooms, ...fields }), warnings: [] } as never;
      });
    const ours = federationConfig(5001);
    assert.ok(await reload(a, { federation: { ...ours, peers: [peerConfig("B", port)] } }));
    await until("connected", async () => (await isConnected(a.url)) && (await isConnected(b.url)));
    assert.ok(await reload(a, { federation: ours }));
    await until("gone", async () => !(await isConnected(a.url)) && !(await isConnected(b.url)));
  });
});
