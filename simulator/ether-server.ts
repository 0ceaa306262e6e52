// The ether as a TCP port (ether-wire.ts): every connection is a station.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { ChipEvents, Ether, EtherSeat, Heard } from "./ether.ts";
import {
  type ChipLine,
  heardFields,
  LineReader,
  MAX_LINE,
  parseStationLine,
  resolveRadio,
  type StationLine,
  type Welcome,
} from "./ether-wire.ts";

export interface EtherServerOptions {
  ether: Ether;
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** What our own boards are told: how many times faster than real time the channel runs, 0 = time is skipped. */
  speed: number;
}

export interface EtherServer {
  readonly port: number;
  /** Stations that are connected now. */
  stations(): number;
  close(): Promise<void>;
}

/** A station that lets this much wait for it is not reading and is dropped. */
const MAX_UNREAD_BYTES = 1 << 20;
/** At speed 0 nobody runs ahead of a station that still has this much to read. */
const SETTLED_UNREAD_BYTES = 1 << 16;
const MAX_STATIONS = 250;

/** Opens the port. Rejects with the error of `listen`, for example EADDRINUSE. */
export function serveEther(options: EtherServerOptions): Promise<EtherServer> {
  const connections = new Set<Connection>();
  // Half-open: a program that sends its frames and ends its side still gets them sent.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new Connection(socket, options, () => connections.delete(connection));
    connections.add(connection);
  });
  server.maxConnections = MAX_STATIONS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.removeListener("error", reject);
      resolve({
        port: (server.address() as AddressInfo).port,
        stations: () => connections.size,
        close: () => closeServer(server, connections),
      });
    });
  });
}

function closeServer(server: Server, connections: Set<Connection>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of [...connections]) connection.drop();
  });
}

class Connection {
  private readonly socket: Socket;
  private readonly options: EtherServerOptions;
  private readonly gone: () => void;
  private seat: EtherSeat;
  private isChip = false;
  private told = 0;
  private acked = 0;

  constructor(socket: Socket, options: EtherServerOptions, gone: () => void) {
    this.socket = socket;
    this.options = options;
    this.gone = gone;
    this.seat = this.joinAsStation();
    const lines = new LineReader(
      (line) => this.take(line),
      () => this.complain(`line longer than ${MAX_LINE} characters`),
    );
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => lines.push(text));
    socket.on("end", () => {
      this.seat.leave(!this.isChip);
      socket.end();
    });
    // What is left of a station that vanished is told by "close", which always follows.
    socket.on("error", () => socket.destroy());
    socket.on("close", (hadError) => {
      if (hadError) this.seat.leave();
      else this.seat.leave(!this.isChip);
      this.gone();
    });
  }

  drop(): void {
    this.socket.destroy();
  }

  private joinAsStation(): EtherSeat {
    return this.options.ether.join({ heard: (heard) => this.sayHeard(heard), ready: () => this.isReady() });
  }

  private take(line: string): void {
    try {
      this.obey(parseStationLine(line));
    } catch (error) {
      this.complain((error as Error).message);
    }
  }

  private obey(line: StationLine): void {
    const { ether } = this.options;
    switch (line.kind) {
      case "tx":
        if (line.position) this.seat.move(line.position);
        this.seat.transmit(line.frame, resolveRadio(line.radio, ether.radio), this.isChip ? line.airtimeMs : undefined);
        break;
      case "hello":
        this.hello(line.chip);
        if (line.position) this.seat.move(line.position);
        break;
      case "listen":
        if (this.isChip) this.seat.listen(line.radio && resolveRadio(line.radio, ether.radio));
        break;
      case "abort":
        if (this.isChip) this.seat.abort();
        break;
      case "ack":
        this.acked = Math.max(this.acked, Math.min(this.told, line.upTo));
        break;
    }
  }

  /** From here on the station is one of our own boards, if it says so. */
  private hello(chip: boolean): void {
    const { ether, speed } = this.options;
    const { freqHz, bwHz, sf, cr, powerDbm } = ether.radio;
    const radio = { freq_mhz: freqHz / 1e6, bw_khz: bwHz / 1e3, sf, cr, power_dbm: powerDbm };
    this.say({ welcome: { speed, radio } satisfies Welcome });
    if (!chip || this.isChip) return;
    this.isChip = true;
    this.seat.leave();
    const events: ChipEvents = {
      preamble: () => this.tell({ event: "preamble" }),
      header: (ok) => this.tell({ event: "header", ok }),
      broken: (heard) => this.tell({ event: "broken", ...heardFields(heard) }),
      sent: () => this.tell({ event: "sent" }),
      level: (dbm) => this.tell({ event: "level", dbm }),
    };
    this.seat = ether.join({
      heard: (heard) => this.tell({ event: "heard", ...heardFields(heard) }),
      ready: () => this.isReady(),
      chip: events,
    });
  }

  private isReady(): boolean {
    return this.socket.writableLength < SETTLED_UNREAD_BYTES && (!this.isChip || this.acked >= this.told);
  }

  private sayHeard(heard: Heard): void {
    const { frame, rssi, snr, airtime_ms } = heardFields(heard);
    this.say({ rx: frame, rssi, snr, airtime_ms });
  }

  private tell(line: ChipLine): void {
    this.told++;
    this.say({ ...line, n: this.told });
  }

  private complain(error: string): void {
    this.say({ error });
  }

  private say(line: object): void {
    if (!this.socket.writable) return;
    this.socket.write(`${JSON.stringify(line)}\n`);
    if (this.socket.writableLength > MAX_UNREAD_BYTES) this.drop();
  }
}
