// A server as monitoring sees it: two simulated boards, a peer, messages by radio, client and federation, and refusals.
import { silentLog } from "../../host-bridge/log.ts";
import { makeRoom } from "../../host-bridge/room/rooms.ts";
import { type Daemon, runDaemon } from "../../host-bridge/run.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { boardsReady, daemonConfig, flood, PUBLIC_KEY, until } from "../host-bridge/daemon-bench.ts";
import { federationConfig, peerConfig } from "../host-bridge/federation/server-bench.ts";
import { brokerConfig } from "../host-bridge/mqtt/broker-bench.ts";
import { TestNode } from "../host-bridge/nodes/nodes-bench.ts";
import { roomConfig, sealText } from "../host-bridge/room/rooms-bench.ts";
import type { Scratch } from "../host-bridge/scratch.ts";
import { EtherStation } from "../host-bridge/station.ts";
import { testConfig } from "../host-bridge/web/server-bench.ts";
import { freePort } from "../simulator/tcp-station.ts";

export interface Watched {
  url: string;
  metrics(): Promise<string>;
  status(): Promise<Record<string, unknown>>;
  /** Of the history of Public. */
  messages(): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** `broker` is the port of an MQTT broker on loopback, which need not be there. */
export async function startWatched(scratch: Scratch, broker?: number): Promise<Watched> {
  const ether = { host: "127.0.0.1", port: await freePort() };
  const [portA, portB] = [await freePort(), await freePort()];
  const mqtt = { enabled: true, brokers: [brokerConfig(broker ?? (await freePort()))] };
  const config = daemonConfig(
    scratch.dir(),
    [
      { type: "sim", id: "first", model: "heltec-v3", ether },
      { type: "sim", id: "second", model: "rak4631", ether },
    ],
    { federation: federationConfig(portA, { peers: [peerConfig("There", portB)] }), mqtt },
  );
  const daemons: Daemon[] = [await runDaemon(config, silentLog())];
  const { url } = daemons[0];
  const rooms = [roomConfig("Public", { psk: PUBLIC_KEY, maxHistory: 1000 })];
  const federation = federationConfig(portB, { peers: [peerConfig("here", portA)] });
  daemons.push(await runDaemon(testConfig(scratch.dir(), { name: "There", rooms, federation }), silentLog()));
  const station = await EtherStation.join(ether.port);
  await boardsReady(url);

  const metrics = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
  const post = async (to: string, text: string): Promise<unknown> => {
    const body = JSON.stringify({ sender: "Ann", text });
    const headers = { "content-type": "application/json" };
    return fetch(`${to}/api/v1/rooms/Public/messages`, { method: "POST", body, headers });
  };
  const shows = async (...patterns: RegExp[]): Promise<boolean> => {
    const text = await metrics();
    return patterns.every((pattern) => pattern.test(text));
  };
  /** Again and again: frames that meet on the air are lost, and a second copy counts nowhere. */
  const hear = async (frame: Uint8Array, ...patterns: RegExp[]): Promise<void> => {
    let atMs = Number.NEGATIVE_INFINITY;
    await until(String(patterns), async () => {
      if (performance.now() - atMs > 1000) {
        station.send(frame);
        atMs = performance.now();
      }
      return shows(...patterns);
    });
  };
  const stop = async (): Promise<void> => {
    station.leave();
    for (const daemon of daemons) await daemon.stop();
  };
  try {
    await until("peers connected", () => shows(/^meshcore_peers_connected 1$/m, /^meshcore_peer_latency_seconds\{/m));
    const room = makeRoom(roomConfig("Public"), hexToBytes(PUBLIC_KEY));
    const ofBoards = ["first", "second"].map((id) => new RegExp(`^meshcore_board_rssi_dbm\\{board="${id}"\\} -`, "m"));
    const via = (door: string): RegExp => new RegExp(`_messages_total\\{room="Public",via="${door}"\\} 1$`, "m");
    await hear(flood(sealText(room, 1000, "Carol: from the air")), via("radio"), ...ofBoards);
    const node = new TestNode().advert(1000, { latE6: 52_000_000, lonE6: 13_000_000 });
    await hear(node, /^meshcore_adverts_total [1-9]/m);
    await Promise.all([post(url, "of a client"), post(daemons[1].url, "of the peer")]);
    await until("both posts", () => shows(via("client"), via("federation")));
    await fetch(`${url}/status`, { headers: { authorization: "Bearer wrong" } });
  } catch (error) {
    await stop();
    throw error;
  }
  const json = async (path: string): Promise<Record<string, unknown>> =>
    (await (await fetch(url + path)).json()) as Record<string, unknown>;
  return {
    url,
    metrics,
    status: () => json("/status"),
    messages: async () => (await json("/api/v1/rooms/Public/messages"))["messages"] as Record<string, unknown>[],
    stop,
  };
}
