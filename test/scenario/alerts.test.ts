import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Notice } from "../../host-bridge/alerts/alert.ts";
import { silentLog } from "../../host-bridge/log.ts";
import type { NodeView } from "../../host-bridge/nodes/node.ts";
import { type Daemon, runDaemon } from "../../host-bridge/run.ts";
import type { Status } from "../../host-bridge/web/status.ts";
import { alertSettings } from "../host-bridge/alerts/alerts-bench.ts";
import { follows } from "../host-bridge/alerts/schema.ts";
import { command } from "../host-bridge/cli/start.ts";
import { boardsReady, daemonConfig, until } from "../host-bridge/daemon-bench.ts";
import { TestNode } from "../host-bridge/nodes/nodes-bench.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { EtherStation } from "../host-bridge/station.ts";
import { freePort } from "../simulator/tcp-station.ts";

const SECRET = "a secret of the receiver";

describe("a node that falls silent, from the air to the webhook", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  const hill = new TestNode();
  const valley = new TestNode();
  const notices: Notice[] = [];
  let receiver: Server;
  let daemon: Daemon;
  let station: EtherStation;
  let talk: NodeJS.Timeout;

  before(async () => {
    receiver = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        const { "x-meshcore-timestamp": time, "x-meshcore-signature": signature } = request.headers;
        const mac = createHmac("sha256", SECRET).update(`${time}.${body}`).digest("hex");
        assert.equal(signature, `sha256=${mac}`);
        const notice = JSON.parse(body) as Notice;
        follows("webhook", notice);
        notices.push(notice);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const ether = { host: "127.0.0.1", port: await freePort() };
    const board = { type: "sim", id: "b1", model: "sim", ether } as const;
    const alerts = alertSettings({
      ...{ silentAfterS: 3, webhookSecret: SECRET },
      webhook: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    });
    daemon = await runDaemon(daemonConfig(scratch.dir(), [board], { alerts }), silentLog());
    station = await EtherStation.join(ether.port);
    await boardsReady(daemon.url);
    // Once a second, each newer than the last.
    let time = Math.floor(Date.now() / 1000);
    talk = setInterval(() => station.send(valley.advert(time++, { name: "Valley" })), 1000);
  });
  after(async () => {
    clearInterval(talk);
    station.leave();
    await daemon.stop();
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    scratch.clean();
  });

  const statusNow = async (): Promise<Status> => (await (await fetch(`${daemon.url}/status`)).json()) as Status;

  const nodeIds = async (): Promise<string[]> => {
    const answer = await (await fetch(`${daemon.url}/api/v1/nodes`)).json();
    return (answer as { nodes: NodeView[] }).nodes.map(({ node_id }) => node_id);
  };
  let hillTime = 1_790_000_000;
  /** The hill speaks until it was heard: two frames that meet on the air are lost. */
  const said = async (isHeard: () => boolean | Promise<boolean>): Promise<void> => {
    station.send(hill.advert(hillTime++));
    const again = setInterval(() => station.send(hill.advert(hillTime++)), 730);
    await until("the hill is heard", isHeard).finally(() => clearInterval(again));
  };

  it("is reported, and no other is", async () => {
    await said(async () => (await nodeIds()).includes(hill.id));
    await until("the webhook", () => notices.length > 0);
    assert.deepEqual([notices[0].what, notices[0].id, notices[0].state], ["node", hill.id, "silent"]);
    const { silent_nodes, alerts } = await statusNow();
    assert.deepEqual([silent_nodes, alerts.map(({ id }) => id)], [1, [hill.id]]);
    const shown = await command(["nodes", "--silent", "--url", daemon.url]);
    assert.match(shown.out, new RegExp(`^${hill.id.slice(0, 12)}\tHill\t.* silent\t`));
    assert.match(
      (await command(["status", "--url", daemon.url])).out,
      /^alert {2}Node "Hill" .* is silent: not heard/m,
    );
  });

  it("is reported to be heard again", async () => {
    await said(() => notices.some(({ state }) => state === "ok"));
    assert.deepEqual([notices.map(({ id }) => id === hill.id), notices[1].state], [[true, true], "ok"]);
    assert.deepEqual((await statusNow()).alerts, []);
  });
});
