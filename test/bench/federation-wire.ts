// What a message costs on the lines between four servers: every byte that passes, both directions, TLS and acks included.
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { roomOf, TestServer } from "../host-bridge/federation/server-bench.ts";
import { SHAPES } from "../host-bridge/federation/shapes.ts";
import { freePort } from "../simulator/tcp-station.ts";
import { stamped, wait } from "./processes.ts";

export interface WireFigures {
  shape: string;
  lines: number;
  /** Bytes for each server that a message had to come to (three of four), over all lines together. */
  alone: number;
  together: number;
  /** Bytes of payload and origin in a message of the bench. */
  content: number;
}

/** Passes on to a port what comes, and counts it. */
class Meter {
  bytes = 0;
  port = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(target: number) {
    this.server = createServer((near) => {
      const far = connect({ host: "127.0.0.1", port: target, noDelay: true });
      this.join(near.setNoDelay(true), far);
      this.join(far, near);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on("data", (chunk) => {
      this.bytes += chunk.length;
      to.write(chunk);
    });
    from.on("error", () => from.destroy());
    from.on("close", () => to.destroy());
  }
}

const NAMES = ["City A", "City B", "City C", "City D"];

/** `messages` one by one, each when the last is everywhere, and as many again at once; posted at the servers in turn. */
export async function benchWire(folder: string, messages: number): Promise<WireFigures[]> {
  const figures: WireFigures[] = [];
  for (const [shape, pairs] of Object.entries(SHAPES)) {
    const servers: TestServer[] = [];
    for (const name of NAMES) {
      const room = roomOf("Open", { maxHistory: 10 * messages });
      servers.push(new TestServer(name, join(folder, shape, name), await freePort(), [room]));
    }
    const meters: Meter[] = [];
    for (const [from, to] of pairs) {
      const meter = new Meter(servers[to].settings.port);
      await meter.listen();
      meters.push(meter);
      servers[from].dials(servers[to]);
      Object.assign(servers[from].settings.peers.at(-1)?.address ?? {}, { port: meter.port });
    }
    for (const server of servers) await server.start();
    const isJoined = (): boolean => servers.reduce((sum, one) => sum + one.connected(), 0) === 2 * pairs.length;
    const isEverywhere = (count: number): boolean => servers.every(({ told }) => told.length >= count);
    while (!isJoined()) await wait(10);
    const post = (i: number): Promise<string> => servers[i % servers.length].post(stamped(), "Open", "Alice");
    // The vectors are through when a message is.
    await post(0);
    while (!isEverywhere(1)) await wait(5);
    const spent = async (work: () => Promise<void>): Promise<number> => {
      await quiet(meters);
      const before = sum(meters);
      await work();
      await quiet(meters);
      return (sum(meters) - before) / messages / (servers.length - 1);
    };
    const alone = await spent(async () => {
      for (let i = 0; i < messages; i++) {
        await post(i);
        while (!isEverywhere(i + 2)) await wait(1);
      }
    });
    const together = await spent(async () => {
      await Promise.all(Array.from({ length: messages }, (_, i) => post(i)));
      while (!isEverywhere(2 * messages + 1)) await wait(5);
    });
    const [sample] = servers[0].told;
    const content = sample.payload.length + Buffer.byteLength(sample.origin);
    figures.push({ shape, lines: pairs.length, alone, together, content });
    for (const server of servers) await server.stop();
    for (const meter of meters) meter.close();
  }
  return figures;
}

const sum = (meters: readonly Meter[]): number => meters.reduce((all, { bytes }) => all + bytes, 0);

/** Until the last acks are through. */
async function quiet(meters: readonly Meter[]): Promise<void> {
  for (let before = -1; before !== sum(meters); ) {
    before = sum(meters);
    await wait(100);
  }
}
