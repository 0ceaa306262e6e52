import type { BytePort } from "./byte-port.ts";
import type { SimClock } from "./clock.ts";

/** Turns of the event loop without traffic after which a line counts as quiet. */
const QUIET_TURNS = 3;

/** The cable between a simulated board and its host. One port is open at a time; what nobody reads is lost, as on USB. */
export class SerialLine {
  plugged = true;
  private readonly clock: SimClock;
  private readonly toBoard: (bytes: Uint8Array) => void;
  private port: Port | null = null;
  private busyTurns = 0;

  constructor(clock: SimClock, toBoard: (bytes: Uint8Array) => void) {
    this.clock = clock;
    this.toBoard = toBoard;
  }

  /** The open port, or a new one. Throws while unplugged. */
  open(): BytePort {
    if (!this.plugged) throw new Error("the simulated board is unplugged");
    this.port ??= new Port(
      (bytes) => {
        this.traffic();
        this.clock.after(0, () => this.toBoard(bytes));
      },
      (port) => {
        if (this.port === port) this.port = null;
      },
    );
    return this.port;
  }

  fromBoard(bytes: Uint8Array): void {
    const { port } = this;
    if (!port) return;
    this.traffic();
    this.clock.after(0, () => port.deliver(bytes));
  }

  /** True when nothing has gone either way for a moment. Each question counts as a turn. */
  isQuiet(): boolean {
    if (this.busyTurns > 0) this.busyTurns--;
    return this.busyTurns === 0;
  }

  unplug(reason: string): void {
    this.plugged = false;
    this.port?.end(reason);
    this.port = null;
  }

  plug(): void {
    this.plugged = true;
  }

  private traffic(): void {
    this.busyTurns = QUIET_TURNS;
  }
}

class Port implements BytePort {
  private readonly send: (bytes: Uint8Array) => void;
  private readonly gone: (port: Port) => void;
  private readonly dataListeners: ((bytes: Uint8Array) => void)[] = [];
  private readonly closeListeners: ((reason: string) => void)[] = [];
  private isOpen = true;

  constructor(send: (bytes: Uint8Array) => void, gone: (port: Port) => void) {
    this.send = send;
    this.gone = gone;
  }

  write(bytes: Uint8Array): void {
    if (this.isOpen) this.send(Uint8Array.from(bytes));
  }

  onData(fn: (bytes: Uint8Array) => void): void {
    this.dataListeners.push(fn);
  }

  onClose(fn: (reason: string) => void): void {
    this.closeListeners.push(fn);
  }

  close(): void {
    this.isOpen = false;
    this.gone(this);
  }

  deliver(bytes: Uint8Array): void {
    if (this.isOpen) for (const fn of this.dataListeners) fn(bytes);
  }

  end(reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const fn of this.closeListeners) fn(reason);
  }
}
