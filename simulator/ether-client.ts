// A board's place at an ether in another process.
import { connect, type Socket } from "node:net";
import { bytesToHex } from "../protocol/bytes.ts";
import type { ChipRadio } from "./chip/radio.ts";
import type { EtherSeat, Station } from "./ether.ts";
import { type ChipLine, fromHeardFields, LineReader, radioFields, type Welcome } from "./ether-wire.ts";
import type { Position } from "./propagation.ts";

export interface RemoteSeat extends EtherSeat {
  readonly speed: number;
}

/** How long the other side may take to say welcome before it is taken for something else. */
const WELCOME_MS = 3000;
/** A board that has not dealt with an event by then is not waited for: the others on the ether must go on. */
const PATIENCE_MS = 500;

type Greeting = { welcome?: Welcome; rx?: string; rssi?: number; snr?: number; airtime_ms?: number };

/**
 * Joins the ether at host:port. Rejects when nobody listens there (the error of `connect`, for example ECONNREFUSED) or
 * when it is no ether. `onLost` is called once, with the reason, if the connection ends later by itself.
 */
export function joinEther(
  host: string,
  port: number,
  station: Station,
  onLost: (reason: string) => void,
): Promise<RemoteSeat> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    let seat: Remote | undefined;
    let failure = "";
    const timer = setTimeout(() => socket.destroy(new Error("it does not answer as an ether does")), WELCOME_MS);
    socket.setEncoding("utf8");
    socket.once("connect", () => say(socket, { hello: { chip: station.chip !== undefined, ...station.position } }));
    const lines = new LineReader(
      (line) => {
        const json = parse(line);
        if (seat) seat.take(json);
        else if (json?.welcome) {
          clearTimeout(timer);
          seat = new Remote(socket, station, json.welcome.speed);
          resolve(seat);
        } else socket.destroy(new Error("it does not answer as an ether does"));
      },
      () => socket.destroy(new Error("it sends lines that are too long")),
    );
    socket.on("data", (text: string) => lines.push(text));
    socket.on("error", (error) => {
      failure = error.message;
      if (!seat) reject(error);
    });
    socket.on("close", () => {
      clearTimeout(timer);
      if (seat?.isOpen) {
        seat.isOpen = false;
        onLost(failure || "the other side ended it");
      } else if (!seat) reject(new Error(failure || "it ended the connection"));
    });
  });
}

class Remote implements RemoteSeat {
  readonly speed: number;
  isOpen = true;
  private readonly socket: Socket;
  private readonly station: Station;
  private signal = false;
  private sending = 0;

  constructor(socket: Socket, station: Station, speed: number) {
    this.socket = socket;
    this.station = station;
    this.speed = speed;
  }

  transmit(frame: Uint8Array, radio?: ChipRadio, airMs?: number): void {
    this.sending++;
    say(this.socket, { tx: bytesToHex(frame), ...(radio && radioFields(radio)), airtime_ms: airMs });
  }

  abort(): void {
    this.sending = 0;
    say(this.socket, { abort: true });
  }

  listen(radio: ChipRadio | null): void {
    say(this.socket, { listen: radio && radioFields(radio) });
  }

  move(position: Position): void {
    say(this.socket, { hello: { chip: this.station.chip !== undefined, ...position } });
  }

  isChannelBusy(): boolean {
    return this.signal || (this.station.chip !== undefined && this.sending > 0);
  }

  leave(afterSending = false): void {
    this.isOpen = false;
    if (afterSending) this.socket.end();
    else this.socket.destroy();
  }

  /** One line of the ether. What it does not know it leaves alone: an ether may be newer than its boards. */
  take(json: (Greeting & Partial<ChipLine> & { n?: number }) | undefined): void {
    if (!json || !this.isOpen) return;
    if (json.rx !== undefined) {
      const { rx, rssi = 0, snr = 0, airtime_ms = 0 } = json;
      this.station.heard(fromHeardFields({ frame: rx, rssi, snr, airtime_ms }));
      return;
    }
    if (json.event !== undefined) this.happen(json as ChipLine);
    if (json.n !== undefined && this.speed === 0) this.acknowledge(json.n, performance.now());
  }

  private happen(line: ChipLine): void {
    const chip = this.station.chip;
    switch (line.event) {
      case "preamble":
        chip?.preamble();
        break;
      case "header":
        chip?.header(line.ok);
        break;
      case "heard":
        this.station.heard(fromHeardFields(line));
        break;
      case "broken":
        chip?.broken(fromHeardFields(line));
        break;
      case "sent":
        this.sending = Math.max(0, this.sending - 1);
        chip?.sent();
        break;
      case "level":
        this.signal = line.dbm !== null;
        chip?.level(line.dbm);
        break;
    }
  }

  /** An ether that skips time waits for this: the board has dealt with the event. */
  private acknowledge(n: number, since: number): void {
    setImmediate(() => {
      if (!this.isOpen) return;
      const settled = (this.station.ready?.() ?? true) || performance.now() - since > PATIENCE_MS;
      if (settled) say(this.socket, { ack: n });
      else this.acknowledge(n, since);
    });
  }
}

function say(socket: Socket, line: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
}

function parse(line: string): (Greeting & Partial<ChipLine>) | undefined {
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === "object" && json !== null ? (json as Greeting) : undefined;
  } catch {
    return undefined;
  }
}
