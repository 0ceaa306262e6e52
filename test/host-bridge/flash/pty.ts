// A pseudo terminal between a simulated board and whoever opens its other end as a serial port. Node cannot make one; python3 can.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { BytePort } from "../../../simulator/byte-port.ts";

/** Its own end stays open as well, so that the board's end does not break when nobody has the port open. */
const PROGRAM = `
import os, pty, sys, threading, tty
master, slave = pty.openpty()
tty.setraw(slave)
sys.stderr.write(os.ttyname(slave) + "\\n")
sys.stderr.flush()
def up():
    while True:
        data = os.read(master, 65536)
        os.write(1, data)
threading.Thread(target=up, daemon=True).start()
while True:
    data = os.read(0, 65536)
    if not data:
        break
    while data:
        data = data[os.write(master, data):]
`;

export const hasPython = spawnSync("python3", ["-c", "import pty"]).status === 0;

export class Pty {
  /** What to open. */
  readonly path: string;
  private readonly child: ChildProcess;
  private ended = false;

  private constructor(child: ChildProcess, path: string) {
    this.child = child;
    this.path = path;
  }

  /** `toHost`, where given, sees what the board sends before the host gets it, `toBoard` the other way. */
  static async open(
    board: BytePort,
    watch: { toBoard?: (bytes: Buffer) => void; toHost?: (bytes: Buffer) => void } = {},
  ): Promise<Pty> {
    const child = spawn("python3", ["-u", "-c", PROGRAM], { stdio: ["pipe", "pipe", "pipe"] });
    const path = await new Promise<string>((resolve, reject) => {
      child.stderr.once("data", (data: Buffer) => resolve(data.toString().trim()));
      child.once("error", reject);
    });
    const pty = new Pty(child, path);
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (data: Buffer) => {
      watch.toBoard?.(data);
      if (!pty.ended) board.write(data);
    });
    board.onData((bytes) => {
      watch.toHost?.(Buffer.from(bytes));
      if (!pty.ended) child.stdin.write(bytes);
    });
    return pty;
  }

  /** The cable is pulled: the port at the other end is gone. */
  async cut(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const over = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGKILL");
    await over;
  }
}
