import { connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import type { BoardConfig, Config } from "../../host-bridge/config/schema.ts";
import { encodePacket, ROUTE_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { roomConfig } from "./room/rooms-bench.ts";
import { testConfig } from "./web/server-bench.ts";

export const PUBLIC_KEY = "8b3387e9c5cdea6ac9e5edbaa115cd72";
export const SECRET_KEY = "00112233445566778899aabbccddeeff";

/** The configuration of a daemon with the rooms Public, Secret and Quiet (nothing of it goes on air) and these boards, on a free port. */
export function daemonConfig(dataDir: string, boards: BoardConfig[], fields: Partial<Config> = {}): Config {
  return testConfig(dataDir, {
    rooms: [
      roomConfig("Public", { psk: PUBLIC_KEY, maxHistory: 1000 }),
      roomConfig("Secret", { psk: SECRET_KEY, isPrivate: true, maxHistory: 500 }),
      roomConfig("Quiet", { maxHistory: 500, rebroadcast: false }),
    ],
    boards,
    metrics: { privateRooms: false },
    simulator: { neighbours: 0, speed: 20 },
    ...fields,
  });
}

/** A flood packet as it goes on air; `path` are one-byte hashes. */
export const flood = (payload: Uint8Array, path = new Uint8Array(0)): Uint8Array =>
  encodePacket({ route: ROUTE_FLOOD, type: TYPE_GRP_TXT, path, payload });

/** Asks again every 20 ms, for up to 20 s. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface StatusBoard {
  id: string;
  connected: boolean;
  sha256: string;
  rx_packets: number | null;
  missed: number;
}

export async function boardsOf(url: string): Promise<StatusBoard[]> {
  const { boards } = (await (await fetch(`${url}/status`)).json()) as { boards: StatusBoard[] };
  return boards;
}

/** Every board is connected and has had the time to take its rooms. */
export async function boardsReady(url: string): Promise<void> {
  await until("boards connected", async () => (await boardsOf(url)).every(({ connected }) => connected));
  await new Promise((resolve) => setTimeout(resolve, 300));
}

/** A serial cable of TCP that can be cut: passes bytes on to `target` while it is whole. */
export class Cable {
  port = 0;
  /** By how much what passes comes later. */
  delayMs = 0;
  private readonly target: { host: string; port: number };
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  /** Bytes that pass before it is cut. */
  private left = Number.POSITIVE_INFINITY;

  constructor(port: number, host = "127.0.0.1") {
    this.target = { host, port };
    this.server = createServer((near) => this.pass(near));
  }

  async lay(host = "127.0.0.1"): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, host, resolve));
    this.port = (this.server.address() as { port: number }).port;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Cut when so many more bytes have passed, wherever in a frame that is. */
  tear(bytes: number): void {
    this.left = bytes;
  }

  mend(): void {
    this.isCut = false;
    this.left = Number.POSITIVE_INFINITY;
  }

  remove(): void {
    this.cut();
    this.server.close();
  }

  private pass(near: Socket): void {
    near.on("error", () => near.destroy());
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.target);
    this.join(near, far);
    this.join(far, near);
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.pipe(this.wire()).pipe(to);
    from.on("error", () => from.destroy());
    from.on("close", () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }

  private wire(): Transform {
    let last: Promise<unknown> | null = null;
    const pass = (wire: Transform, part: Buffer): void => {
      wire.push(part);
      if (this.left === 0) setImmediate(() => this.cut());
    };
    const wire = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const part = chunk.subarray(0, Math.min(chunk.length, this.left));
        this.left -= part.length;
        if (this.delayMs === 0 && last === null) pass(wire, part);
        else {
          const due = new Promise((resolve) => setTimeout(resolve, this.delayMs));
          const own = Promise.all([last, due]).then(() => {
            pass(wire, part);
            if (last === own) last = null;
          });
          last = own;
        }
        done();
      },
      flush: (done) => void (last ?? Promise.resolve()).then(() => done()),
    });
    return wire;
  }
}
