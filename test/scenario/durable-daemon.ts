// A daemon as an operator runs it, to be killed; writers who note what was acknowledged; a board that keeps hearing.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { type Clock, systemClock } from "../../host-bridge/clock.ts";
import { makeRoom } from "../../host-bridge/room/rooms.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { FakeBoard } from "../host-bridge/link/fake-board.ts";
import { roomConfig, sealText } from "../host-bridge/room/rooms-bench.ts";
import { type Frame, proof, TestClient } from "../host-bridge/web/server-bench.ts";

const PROGRAM = join(import.meta.dirname, "../../dist/meshcore-room.mjs");
const KEY = "00112233445566778899aabbccddeeff";
const LOAD = makeRoom(roomConfig("Load", { psk: KEY, isPrivate: true }), hexToBytes(KEY));

export function durableConfig(dataDir: string, boardPort: number | null): string {
  const board = boardPort === null ? "[]" : `[{ id: b1, type: serial, path: "tcp://127.0.0.1:${boardPort}" }]`;
  return `name: here
data_dir: ${dataDir}
listen: 127.0.0.1:0
rooms:
  - { name: Load, psk: "${KEY}", max_history: 1000000, rebroadcast: false }
boards: ${board}
log: { level: error }
clients: { rate_limit: { messages_per_minute: 100000, burst: 10000, connections_per_address: 100 } }
`;
}

/** The daemon in a process of its own. */
export class DaemonProcess {
  /** Resolves with the URL, or with null when it ended before it was there. */
  readonly url: Promise<string | null>;
  readonly ended: Promise<void>;
  readonly pid: number;
  private readonly child: ChildProcess;

  /** `prefix` is a command that runs what follows it. */
  constructor(config: string, prefix: string[] = []) {
    const [command, ...args] = [...prefix, process.execPath, PROGRAM, "run", "--config", config];
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.pid = this.child.pid ?? 0;
    this.ended = new Promise((resolve) => this.child.once("close", () => resolve()));
    this.url = new Promise((resolve) => {
      let said = "";
      this.child.stdout?.on("data", (data: Buffer) => {
        said += data.toString();
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
        if (url !== undefined) resolve(url);
      });
      this.child.once("close", () => resolve(null));
    });
  }

  isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

/** Says hello and joins. The history comes with it. */
export async function enter(
  url: string,
  name: string,
  limit: number,
): Promise<{ client: TestClient; history: Frame[] }> {
  const client = new TestClient(url);
  const { nonce } = await client.hello(name);
  const joined = await client.ask({ type: "join", room: "Load", limit, proof: proof(LOAD, nonce) });
  if (joined.type !== "joined") throw new Error(JSON.stringify(joined));
  return { client, history: joined.history as Frame[] };
}

const IN_FLIGHT = 4;

/** Posts 1, 2, 3 ... as long as there is a daemon, several at a time. */
export class Writer {
  readonly name: string;
  /** GUID by number. */
  readonly acknowledged = new Map<number, string>();
  readonly refused: string[] = [];
  next = 1;

  constructor(name: string) {
    this.name = name;
  }

  /** Until the connection is over, the first refusal, or `enough` acknowledgements in all. Never throws. */
  async run(url: string, enough = Number.POSITIVE_INFINITY): Promise<void> {
    try {
      const { client } = await enter(url, this.name, 0);
      const post = (): void => client.send({ type: "post", room: "Load", text: `${this.next}`, ref: this.next++ });
      for (let i = 0; i < IN_FLIGHT; i++) post();
      while (this.acknowledged.size < enough) {
        const frame = await client.next();
        if (frame.type === "error") {
          this.refused.push(String(frame.code));
          break;
        }
        if (frame.type !== "posted") continue;
        this.acknowledged.set(Number(frame.ref), String(frame.guid));
        post();
      }
      client.socket.terminate();
    } catch {
      // Killed, which is what this is about; what was not acknowledged stays open.
    }
  }
}

/** A board on TCP that hears 1, 2, 3 ... from "radio", whether anybody asks it or not. */
export class HearingBoard {
  heard = 0;
  port = 0;
  private isOver = false;
  private readonly clock: Clock = {
    nowMs: () => systemClock.nowMs(),
    unixMs: () => systemClock.unixMs(),
    after: (ms, fn) => (this.isOver ? () => undefined : systemClock.after(ms, () => this.isOver || fn())),
  };
  private readonly board = new FakeBoard(this.clock);
  private readonly server: Server = createServer((socket) => {
    this.board.unplug();
    const port = this.board.open();
    socket.on("data", (bytes) => port.write(bytes));
    port.onData((bytes) => socket.write(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => port.close());
  });

  async start(everyMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as { port: number }).port;
    const hear = (): void => {
      // Nothing to keep it in before the daemon has pushed the room.
      if (this.board.rooms.length > 0) {
        this.heard++;
        this.board.hear("Load", sealText(LOAD, this.heard, `radio: ${this.heard}`));
      }
      this.clock.after(everyMs, hear);
    };
    hear();
  }

  /** Up to which one the daemon said that it has them safely. */
  acknowledged(): number {
    return this.board.rooms[0]?.acked ?? 0;
  }

  stop(): void {
    this.isOver = true;
    this.server.close();
  }
}
