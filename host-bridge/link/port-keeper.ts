import type { BytePort } from "../../simulator/byte-port.ts";
import type { Clock } from "../clock.ts";
import { describe, RoomError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Log } from "../log.ts";
import type { PortSource } from "./ports.ts";

/** A conversation over an open port. */
export interface Session {
  start(): void;
  /** Closes the port. */
  stop(): void;
}

/** Who has the conversation. */
export interface PortUser {
  /** Called with each open port. The session calls `ended` once when it is over by itself, the port being closed. */
  begin(port: BytePort, ended: (reason: string, hint: string | null) => void): Session;
  /** The session is over, or the port could not be opened. */
  lost(): void;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 5000;
/** Where only a person can help, there is no hurry. */
const HELPLESS_RETRY_MS = 60_000;

/** Opens a board's port, and opens it again for as long as the board is gone. */
export class PortKeeper {
  /** A sentence for the operator, null when all is well. */
  error: string | null = "not connected yet";
  /** Times that an open port went away. */
  disconnects = 0;
  private readonly source: PortSource;
  private readonly user: PortUser;
  private readonly parts: { clock: Clock; log: Log; events: Events };
  private session: Session | null = null;
  private retryMs = FIRST_RETRY_MS;
  private opening: Promise<void> = Promise.resolve();
  private stopped = true;
  private cancelRetry: () => void = () => undefined;

  constructor(source: PortSource, user: PortUser, parts: { clock: Clock; log: Log; events: Events }) {
    this.source = source;
    this.user = user;
    this.parts = parts;
  }

  start(): () => Promise<void> {
    this.stopped = false;
    this.opening = this.open();
    return async () => {
      this.stopped = true;
      this.cancelRetry();
      await this.opening;
      this.session?.stop();
      this.session = null;
      await this.source.stop();
    };
  }

  /** The board has answered; `what` says who it is. */
  connected(what: string): void {
    const { log, events } = this.parts;
    this.error = null;
    this.retryMs = FIRST_RETRY_MS;
    log.info(`Board "${this.source.id}" connected (${what})`);
    events.emit("board", { board: this.source.id, connected: true, error: null });
  }

  private async open(): Promise<void> {
    try {
      const port = await this.source.open();
      if (this.stopped) {
        port.close();
        return;
      }
      const session = this.user.begin(port, (reason, hint) => {
        this.session = null;
        this.disconnects++;
        this.fail(reason, hint, hint !== null);
      });
      this.session = session;
      session.start();
    } catch (error) {
      const hint = error instanceof RoomError ? (error.hint ?? null) : null;
      this.fail(error instanceof RoomError ? describe(error) : String(error), hint, false);
    }
  }

  private fail(reason: string, hint: string | null, helpless: boolean): void {
    const { log, events, clock } = this.parts;
    const { id } = this.source;
    const delayMs = helpless ? HELPLESS_RETRY_MS : this.retryMs;
    this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
    const text = `Board "${id}" is not connected: ${reason}`;
    // Said once, not at every attempt.
    if (this.error === reason) log.debug(text);
    else log.warn(hint === null ? text : `${text}. Try: ${hint}`);
    this.error = reason;
    if (!this.stopped) {
      this.cancelRetry = clock.after(delayMs, () => {
        this.opening = this.open();
      });
    }
    this.user.lost();
    events.emit("board", { board: id, connected: false, error: reason });
  }
}
