import assert from "node:assert/strict";
import { silentLog } from "../../host-bridge/log.ts";
import { makeRoom } from "../../host-bridge/room/rooms.ts";
import { type Daemon, runDaemon } from "../../host-bridge/run.ts";
import type { Status } from "../../host-bridge/web/status.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { boardsReady, daemonConfig, flood, PUBLIC_KEY, until } from "../host-bridge/daemon-bench.ts";
import { federationConfig, peerConfig } from "../host-bridge/federation/server-bench.ts";
import { roomConfig, sealText } from "../host-bridge/room/rooms-bench.ts";
import { Scratch } from "../host-bridge/scratch.ts";
import { EtherStation } from "../host-bridge/station.ts";
import { TestClient } from "../host-bridge/web/server-bench.ts";
import { freePort } from "../simulator/tcp-station.ts";

const room = makeRoom(roomConfig("Public"), hexToBytes(PUBLIC_KEY));
const ROUNDS = 2;
/** A machine that is busy with other things may let two boards talk at the same time: nobody hears either, and both are said again. */
const COLLIDED = 2;

describe("federated daemons on the air: A and B in reach of each other, C elsewhere", function () {
  this.timeout(120_000);
  const scratch = new Scratch();
  const daemons: Daemon[] = [];
  const stations: EtherStation[] = [];
  const clients: TestClient[] = [];

  before(async () => {
    const ethers = [await freePort(), await freePort()];
    const ports = [await freePort(), await freePort(), await freePort()];
    for (const [i, name] of ["A", "B", "C"].entries()) {
      const ether = { host: "127.0.0.1", port: ethers[i < 2 ? 0 : 1] };
      // Everyone dials those who came before.
      const peers = ports.slice(0, i).map((port, other) => peerConfig("ABC"[other], port));
      const board = { type: "sim", id: "b1", model: "sim", ether } as const;
      const federation = federationConfig(ports[i], { peers });
      daemons.push(await runDaemon(daemonConfig(scratch.dir(), [board], { name, federation }), silentLog()));
    }
    for (const port of ethers) stations.push(await EtherStation.join(port));
    for (const { url } of daemons) {
      await boardsReady(url);
      const client = new TestClient(url);
      await client.hello(`at ${clients.length}`);
      await client.ask({ type: "join", room: "Public", limit: 0 });
      clients.push(client);
    }
    await until("all three are connected", async () => {
      const all = await Promise.all(daemons.map(statusOf));
      return all.every(({ federation }) => federation.peers.filter(({ connected }) => connected).length > 0);
    });
  });

  after(async () => {
    for (const client of clients) client.socket.terminate();
    for (const station of stations) station.leave();
    for (const daemon of daemons) await daemon.stop();
    scratch.clean();
  });

  const statusOf = async ({ url }: Daemon): Promise<Status> => (await (await fetch(`${url}/status`)).json()) as Status;
  /** So that nobody talks into what another one says. */
  const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
  /** How often each payload was on air, as hex. */
  const counts = ({ heard }: EtherStation): Map<string, number> => {
    const all = new Map<string, number>();
    // Header and path length; nobody here repeats.
    for (const { rx } of heard) all.set(rx.slice(4), (all.get(rx.slice(4)) ?? 0) + 1);
    return all;
  };

  it("each message is once at every client and in every history, and once on each ether", async () => {
    for (let i = 0; i < ROUNDS; i++) {
      for (const [at, station] of stations.entries()) {
        station.send(flood(sealText(room, 1_790_000_000 + i, `phone ${at}: word ${i}`)));
        await pause();
      }
      for (const client of clients) {
        client.send({ type: "post", room: "Public", text: `text ${i}`, ref: i });
        await pause();
      }
    }
    const isQuiet = async () => {
      const all = await Promise.all(daemons.map(statusOf));
      return all.every(({ rooms }) => rooms[0].rebroadcast.waiting === 0);
    };
    await until("nothing waits for the air", isQuiet, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 1000));

    const total = 5 * ROUNDS;
    for (const client of clients) {
      const guids = client.frames.filter(({ type }) => type === "message").map(({ guid }) => guid);
      assert.deepEqual([guids.length, new Set(guids).size], [total, total]);
    }
    const [near, far] = stations.map(counts);
    // A station does not hear itself.
    assert.deepEqual([near.size, far.size], [total - ROUNDS, total - ROUNDS]);
    assert.ok([...far.values()].every((count) => count === 1));
    const again = [...near.values()].reduce((sum, count) => sum + count - 1, 0);
    assert.ok(again <= 1, `${again} were sent by both before they knew of each other`);
    const [a, b, c] = (await Promise.all(daemons.map(statusOf))).map(({ rooms }) => rooms[0].rebroadcast);
    // Two posts and a word of each round are new to C's ether, a post and a word to the other.
    assert.equal(c.sent, 3 * ROUNDS);
    const more = a.sent + b.sent - 2 * ROUNDS - again;
    assert.ok(more >= 0 && more <= COLLIDED, `${more} too many`);
    // What both were to send, and each other's posts; and words whose copy by the wire was faster than the board.
    const heard = a.not_sent.heard_on_air + b.not_sent.heard_on_air + again + more;
    assert.ok(heard >= 4 * ROUNDS && heard <= 5 * ROUNDS, `${heard} were heard`);
  });
});
