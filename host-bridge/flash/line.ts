// The serial line to the board, with one listener at a time.
import type { BytePort } from "../../simulator/byte-port.ts";
import { RoomError } from "../errors.ts";
import { serialSource } from "../link/ports.ts";

const XON = 0x11;
const XOFF = 0x13;
/** An engine that stays busy for longer than this has lost its XON. */
const HELD_MS = 10_000;

export class Line {
  /** Why it is over, or null while it is open. */
  closed: string | null = null;
  private readonly port: BytePort;
  private listener: (bytes: Uint8Array) => void = () => undefined;
  private readonly closeListeners = new Set<(reason: string) => void>();
  private held: Uint8Array[] = [];
  private holding: NodeJS.Timeout | null = null;
  /** Obey XON and XOFF, which the engine's prompt sends and the room link does not. */
  private flowControl = false;

  constructor(port: BytePort) {
    this.port = port;
    port.onData((bytes) => this.onBytes(bytes));
    port.onClose((reason) => this.end(reason));
  }

  /** Who gets what comes in; replaces the one before. */
  listen(fn: (bytes: Uint8Array) => void, flowControl = false): void {
    this.listener = fn;
    this.flowControl = flowControl;
    if (!flowControl) this.release();
  }

  /** Throws RoomError `board_gone` when the line is over. */
  write(data: Uint8Array | string): void {
    if (this.closed !== null) throw gone(this.closed);
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    if (this.holding === null) this.port.write(bytes);
    else this.held.push(bytes);
  }

  /** Calls `fn` at the end of the line; returns how to stop that. */
  onClose(fn: (reason: string) => void): () => void {
    this.closeListeners.add(fn);
    return () => void this.closeListeners.delete(fn);
  }

  /** The result of `work`, or RoomError `board_gone` as soon as the line is over. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.closed !== null) throw gone(this.closed);
    let stop: () => void = () => undefined;
    const over = new Promise<never>((_, reject) => {
      stop = this.onClose((reason) => reject(gone(reason)));
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      stop();
    }
  }

  close(): void {
    this.release();
    this.end("closed");
    this.port.close();
  }

  private onBytes(bytes: Uint8Array): void {
    if (!this.flowControl) {
      this.listener(bytes);
      return;
    }
    for (const byte of bytes) {
      if (byte === XOFF) this.hold();
      else if (byte === XON) this.release();
    }
    this.listener(bytes.filter((byte) => byte !== XON && byte !== XOFF));
  }

  private hold(): void {
    if (this.holding !== null) clearTimeout(this.holding);
    this.holding = setTimeout(() => this.release(), HELD_MS);
  }

  private release(): void {
    if (this.holding !== null) clearTimeout(this.holding);
    this.holding = null;
    for (const bytes of this.held.splice(0)) if (this.closed === null) this.port.write(bytes);
  }

  private end(reason: string): void {
    if (this.closed !== null) return;
    this.closed = reason;
    if (this.holding !== null) clearTimeout(this.holding);
    for (const fn of [...this.closeListeners]) fn(reason);
  }
}

function gone(reason: string): RoomError {
  return new RoomError("board_gone", `the connection to the board is gone: ${reason}`);
}

const BAUD = 115200;

/** Throws RoomError `board_missing`, `board_busy`, `board_forbidden`, `board_unusable`. */
export async function openLine(path: string): Promise<Line> {
  try {
    return new Line(await serialSource({ type: "serial", id: "flash", path, baud: BAUD }).open());
  } catch (error) {
    if (!(error instanceof RoomError) || error.code !== "board_missing") throw error;
    throw new RoomError(error.code, error.message, { hint: "plug the board in, or name its port with --port" });
  }
}
