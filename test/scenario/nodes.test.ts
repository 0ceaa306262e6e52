import assert from "node:assert/strict";
import { openBoardKey } from "../../host-bridge/link/board-key.ts";
import { silentLog } from "../../host-bridge/log.ts";
import type { NodeDetail } from "../../host-bridge/nodes/node.ts";
import { type Daemon, runDaemon } from "../../host-bridge/run.ts";
import { encodeAppData } from "../../protocol/advert.ts";
import { bytesToHex } from "../../protocol/bytes.ts";
import { encodePacket, ROUTE_FLOOD, TYPE_ADVERT } from "../../protocol/packet.ts";
import { command } from "../host-bridge/cli/start.ts";
import { boardsReady, daemonConfig, until } from "../host-bridge/daemon-bench.ts";
import { TestNode } from "../host-bridge/nodes/nodes-bench.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { EtherStation } from "../host-bridge/station.ts";
import { freePort } from "../simulator/tcp-station.ts";

const NOW = Math.floor(Date.now() / 1000);

describe("nodes of the mesh, from the air to the command line", function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  const hill = new TestNode();
  const valley = new TestNode();
  let dir: string;
  let ether: { host: string; port: number };
  let daemon: Daemon;
  let station: EtherStation;

  const begin = async (): Promise<void> => {
    const board = (id: string, model: string) => ({ type: "sim", id, model, ether }) as const;
    const boards = [board("b1", "rak4631"), board("b2", "heltec-v3")];
    daemon = await runDaemon(daemonConfig(dir, boards), silentLog());
    station = await EtherStation.join(ether.port);
    await boardsReady(daemon.url);
  };
  const end = async (): Promise<void> => {
    station.leave();
    await daemon.stop();
  };
  const nodes = async (): Promise<NodeDetail[]> =>
    ((await (await fetch(`${daemon.url}/api/v1/nodes`)).json()) as { nodes: NodeDetail[] }).nodes;
  const find = async (id: string): Promise<NodeDetail | undefined> =>
    (await nodes()).find(({ node_id }) => node_id === id);

  before(async () => {
    dir = scratch.dir();
    ether = { host: "127.0.0.1", port: await freePort() };
    await begin();
  });
  after(async () => {
    await end();
    scratch.clean();
  });

  it("an advert on the air is a node of the API, /status and the command line", async () => {
    station.send(hill.advert(NOW, { name: "Hill", latE6: 60_500_000, lonE6: 5_250_000, path: [0xc2] }));
    await until("the first node", async () => (await find(hill.id)) !== undefined);
    station.send(valley.advert(NOW, { name: "Valley", type: 1 }));
    await until("the second node", async () => (await find(valley.id)) !== undefined);
    const node = await find(hill.id);
    assert.ok(node);
    assert.deepEqual(
      [node.name, node.type, node.lat, node.lon, node.hops, node.path, node.own],
      ["Hill", "repeater", 60.5, 5.25, 1, ["c2"], false],
    );
    assert.ok(typeof node.rssi === "number" && typeof node.snr === "number" && (node.last_seen ?? 0) >= NOW);
    const status = (await (await fetch(`${daemon.url}/status`)).json()) as { nodes: number };
    assert.ok(status.nodes >= 2);
    const args = ["nodes", "--url", daemon.url, "--sort", "name", "--type", "chat"];
    assert.match((await command(args)).out, new RegExp(`^${valley.id.slice(0, 12)}\tValley\tchat\t`));
  });

  it("a forged advert and one from the past change nothing", async () => {
    const forged = hill.advert(NOW + 10, { name: "Forged" });
    forged[forged.length - 1] ^= 1;
    station.send(forged);
    station.send(hill.advert(NOW - 10, { name: "Past" }));
    station.send(valley.advert(NOW + 5, { name: "Valley 2" }));
    await until("what was sent behind them", async () => (await find(valley.id))?.name === "Valley 2");
    const node = await find(hill.id);
    assert.deepEqual([node?.name, node?.adverts], ["Hill", 1]);
  });

  it("boards of ours are marked", async () => {
    // Both start at the same moment and speak at the same time, so a repeater says again what one of them said.
    const key = openBoardKey(dir, "b2");
    const payload = key.advert(NOW + 60, encodeAppData(2, 0, 0, new TextEncoder().encode("Two")));
    station.send(encodePacket({ route: ROUTE_FLOOD, type: TYPE_ADVERT, path: Uint8Array.of(0xe2), payload }));
    await until("it is marked", async () => (await find(bytesToHex(key.publicKey)))?.own === true);
    const shown = await command(["nodes", "--url", daemon.url], { isTty: true, env: { NO_COLOR: "1" } });
    assert.match(shown.out, /, ours/);
  });

  it("a restart knows them", async () => {
    await end();
    await begin();
    assert.deepEqual([(await find(hill.id))?.name, (await find(valley.id))?.adverts], ["Hill", 2]);
  });
});
