import { connect, type Socket } from "node:net";

export interface HeardLine {
  rx: string;
  rssi: number;
  snr: number;
  airtime_ms: number;
}

/** By the type in the header byte. */
const isAdvert = (frame: string): boolean => ((Number.parseInt(frame.slice(0, 2), 16) >> 2) & 15) === 4;

/** A program at the ether's port, written from the description of the port alone. */
export class EtherStation {
  readonly heard: HeardLine[] = [];
  /** Apart from the rest: boards send them when it suits them. */
  readonly adverts: HeardLine[] = [];
  private readonly socket: Socket;
  private text = "";
  private waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const lines = (this.text + chunk).split("\n");
      this.text = lines.pop() ?? "";
      for (const line of lines) {
        const json = JSON.parse(line) as HeardLine;
        if (json.rx !== undefined) (isAdvert(json.rx) ? this.adverts : this.heard).push(json);
      }
      for (const wake of this.waiting.splice(0)) wake();
    });
    socket.on("error", () => undefined);
  }

  /** Tries until somebody listens. */
  static async join(port: number): Promise<EtherStation> {
    for (;;) {
      const socket = connect({ host: "127.0.0.1", port });
      const isThere = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true));
        socket.once("error", () => resolve(false));
      });
      if (isThere) return new EtherStation(socket);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  send(frame: Uint8Array | string): void {
    this.socket.write(
      `${JSON.stringify({ tx: typeof frame === "string" ? frame : Buffer.from(frame).toString("hex") })}\n`,
    );
  }

  /** The next frame that was not read yet. */
  async next(): Promise<HeardLine> {
    while (this.heard.length === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.heard.shift() as HeardLine;
  }

  leave(): void {
    this.socket.destroy();
  }
}
