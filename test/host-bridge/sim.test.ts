import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { RoomError } from "../../host-bridge/errors.ts";
import { silentLog } from "../../host-bridge/log.ts";
import { runSim, type SimOptions } from "../../host-bridge/sim.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { until } from "./daemon-bench.ts";
import { EtherStation } from "./station.ts";

describe("sim", () => {
  let sim: { stop(): Promise<void> } | null = null;

  const start = async (fields: Partial<SimOptions> = {}) => {
    const ether = { host: "127.0.0.1", port: await freePort() };
    const serial = { host: "127.0.0.1", port: await freePort() };
    sim = await runSim({ ether, speed: 20, neighbours: 0, boards: [], serial, ...fields }, silentLog());
    return { ether, serial };
  };

  const dial = async (port: number): Promise<{ socket: Socket; text: () => string; closed: Promise<unknown> }> => {
    const socket = connect({ host: "127.0.0.1", port });
    let got = "";
    socket.on("data", (data) => {
      got += data.toString("latin1");
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("connect", resolve));
    return { socket, text: () => got, closed };
  };

  afterEach(async () => {
    await sim?.stop();
    sim = null;
  });

  it("lets stations hear each other", async () => {
    const { ether } = await start();
    const [one, two] = [await EtherStation.join(ether.port), await EtherStation.join(ether.port)];
    one.send("15000102030405");
    assert.equal((await two.next()).rx, "15000102030405");
    one.leave();
    two.leave();
  });

  it("has neighbours that chat without anybody's help", async () => {
    const { ether } = await start({ neighbours: 3 });
    const station = await EtherStation.join(ether.port);
    assert.match((await station.next()).rx, /^1500/);
    station.leave();
  });

  it("offers a board's console on TCP, to the latest who asks", async () => {
    const { serial } = await start({ boards: ["sim"] });
    const answers = ({ socket, text }: Awaited<ReturnType<typeof dial>>): Promise<void> =>
      until("an answer of the console", () => {
        socket.write("ver\r");
        return text().includes("  -> ");
      });
    const first = await dial(serial.port);
    await answers(first);
    const second = await dial(serial.port);
    await first.closed;
    await answers(second);
    second.socket.destroy();
    const third = await dial(serial.port);
    await answers(third);
    third.socket.destroy();
  });

  it("says why it cannot start, and leaves nothing behind", async () => {
    const { ether } = await start();
    const code = (expected: string) => (error: unknown) => error instanceof RoomError && error.code === expected;
    const options = { speed: 1, neighbours: 0, boards: [], serial: null };
    await assert.rejects(runSim({ ...options, ether }, silentLog()), code("port_in_use"));
    const other = { host: "127.0.0.1", port: await freePort() };
    await assert.rejects(runSim({ ...options, ether: other, boards: ["toaster"] }, silentLog()), code("unknown_board"));
    await (await runSim({ ...options, ether: other }, silentLog())).stop();
  });
});
