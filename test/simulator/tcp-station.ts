// Any program as a station of the ether: a TCP connection and JSON lines, nothing of the simulator in it.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Line {
  rx?: string;
  rssi?: number;
  snr?: number;
  airtime_ms?: number;
  error?: string;
  [key: string]: unknown;
}

export class TcpStation {
  readonly lines: Line[] = [];
  readonly socket: Socket;
  private rest = "";
  private readonly waiters: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", (text: string) => {
      const parts = (this.rest + text).split("\n");
      this.rest = parts.pop() ?? "";
      for (const part of parts) this.lines.push(JSON.parse(part) as Line);
      for (const waiter of this.waiters.splice(0)) waiter();
    });
    socket.on("close", () => {
      for (const waiter of this.waiters.splice(0)) waiter();
    });
  }

  static async join(port: number): Promise<TcpStation> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new TcpStation(socket);
  }

  say(...lines: (object | string)[]): void {
    this.socket.write(lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
  }

  /** Resolves when so many lines have come. */
  async count(lines: number): Promise<Line[]> {
    while (this.lines.length < lines) {
      if (this.socket.destroyed) throw new Error(`the connection ended after ${this.lines.length} of ${lines} lines`);
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
    return this.lines;
  }

  /** Resolves when everything said so far has been read: a wrong line gets its error after all others. */
  async flush(): Promise<void> {
    const before = this.lines.filter((line) => line.error?.startsWith("not JSON: flush")).length;
    this.say("flush");
    while (this.lines.filter((line) => line.error?.startsWith("not JSON: flush")).length === before)
      await this.count(this.lines.length + 1);
  }

  get heard(): (string | undefined)[] {
    return this.lines.filter((line) => line.rx !== undefined).map((line) => line.rx);
  }

  get errors(): (string | undefined)[] {
    return this.lines
      .filter((line) => line.error && !line.error.startsWith("not JSON: flush"))
      .map((line) => line.error);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
