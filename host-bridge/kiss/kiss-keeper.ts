import type { BytePort } from "../../simulator/byte-port.ts";
import { RoomError } from "../errors.ts";
import { AirBudget } from "../link/air-budget.ts";
import type { BoardRadio, BoardStatus, BoardsParts, Keeper, PostDesk } from "../link/keeper.ts";
import { PortKeeper } from "../link/port-keeper.ts";
import type { PortSource } from "../link/ports.ts";
import type { BoardReport } from "../room/rooms.ts";
import { type KissFigures, KissSession } from "./kiss-session.ts";
import { RoomEar } from "./room-ear.ts";

/** While the store does not take messages, so many wait here: the modem keeps nothing. */
const MAX_WAITING = 500;
const STORE_RETRY_MS = 5000;

/** A stock MeshCore KISS modem: a radio and nothing else. What our firmware does on a board is done here, on the host. */
export class KissKeeper implements Keeper {
  readonly id: string;
  readonly radio: BoardRadio;
  private readonly source: PortSource;
  private readonly parts: BoardsParts;
  private readonly desk: PostDesk;
  private readonly port: PortKeeper;
  private readonly budget: AirBudget;
  private readonly ear = new RoomEar();
  private session: KissSession | null = null;
  private name = "";
  private version = 0;
  private figures: KissFigures | null = null;
  private noiseDbm: number | null = null;
  private badFrames = 0;
  private missed = 0;
  /** Reports that the store would not take. */
  private waiting: BoardReport[] = [];
  private cancelRetry: () => void = () => undefined;

  constructor(source: PortSource, radio: BoardRadio, parts: BoardsParts, desk: PostDesk) {
    this.id = source.id;
    this.radio = radio;
    this.source = source;
    this.parts = parts;
    this.desk = desk;
    this.budget = new AirBudget(radio.dutyPermille);
    this.port = new PortKeeper(source, { begin: this.begin.bind(this), lost: this.lost.bind(this) }, parts);
  }

  start(): () => Promise<void> {
    const stop = this.port.start();
    return async () => {
      await stop();
      this.session = null;
      this.cancelRetry();
    };
  }

  isUp(): boolean {
    return this.session?.isUp() ?? false;
  }

  publicKey(): null {
    // A modem does not advertise itself.
    return null;
  }

  queue(): number {
    return this.session?.queue() ?? 0;
  }

  airLeftMs(): number {
    return this.budget.wholeMs - this.budget.spentMs(this.parts.clock.nowMs());
  }

  offer(): void {
    this.session?.offer();
  }

  setRooms(): void {
    // They are looked up at each packet.
  }

  status(): BoardStatus {
    const { figures, ear } = this;
    const spentMs = this.budget.spentMs(this.parts.clock.nowMs());
    return {
      id: this.id,
      type: "kiss",
      model: this.name || this.source.model,
      engine: "KISS modem",
      firmware: this.version === 0 ? "" : String(this.version),
      sha256: "",
      port: this.source.place(),
      connected: this.isUp(),
      rx_packets: figures?.rx ?? null,
      tx_packets: figures?.tx ?? null,
      airtime_percent: Math.round(spentMs / 3600) / 10,
      noise_floor_dbm: this.noiseDbm,
      tx_queue: this.queue(),
      uptime_s: null,
      memory_free_percent: null,
      clock_offset_s: null,
      faults: {
        crc_errors: figures?.errors ?? null,
        header_errors: null,
        malformed: ear.counts.malformed,
        mac_failures: ear.counts.macFailures,
        tx_dropped: null,
        radio_recoveries: null,
        radio: null,
      },
      link_errors: this.badFrames + (this.session?.badFrames() ?? 0),
      disconnects: this.port.disconnects,
      missed: this.missed,
      error: this.port.error,
    };
  }

  console(): never {
    throw new RoomError("no_console", `board "${this.id}" is a KISS modem, which has no console`);
  }

  private begin(port: BytePort, ended: (reason: string, hint: string | null) => void): KissSession {
    const { log, clock } = this.parts;
    const hooks = {
      ...this.desk,
      up: (name: string, version: number) => {
        this.name = name;
        this.version = version;
        this.port.connected(`KISS modem${name === "" ? "" : ` ${name}`}, version ${version}`);
      },
      packet: (packet: Uint8Array, rssi: number | null, snr: number | null) => this.hear(packet, rssi, snr),
      figures: (figures: KissFigures) => {
        this.figures = figures;
      },
      noiseFloor: (dbm: number) => {
        this.noiseDbm = dbm;
      },
      sending: (packet: Uint8Array) => void this.ear.sending(packet),
      log: (level: "debug" | "info" | "warn", text: string) => log[level](`Board "${this.id}" ${text}`),
      ended,
    };
    this.session = new KissSession(port, this.radio, this.budget, hooks, clock);
    return this.session;
  }

  private lost(): void {
    this.badFrames += this.session?.badFrames() ?? 0;
    this.session = null;
    this.desk.lost();
  }

  private hear(packet: Uint8Array, rssi: number | null, snr: number | null): void {
    const { rooms, events } = this.parts;
    const heard = this.ear.hear(packet, rooms.list);
    if (heard.kind === "other") events.emit("heard", { board: this.id, rssi, snr, packet });
    if (heard.kind !== "room") return;
    const { room, payload, hops } = heard;
    const place = { board: this.id, room: room.name, bootId: 0, keyCheck: room.keyCheck, seq: 0 };
    this.store({ ...place, payload, own: false, rssi, snr, hops });
  }

  private store(report: BoardReport): void {
    const { rooms, clock, log } = this.parts;
    if (rooms.get(report.room) === undefined) return;
    rooms.ingest(report, (error) => {
      if (error === null) return;
      if (this.waiting.length >= MAX_WAITING) {
        this.missed++;
        log.error(`a message of "${report.room}" is lost: the store does not take it`, {
          board: this.id,
          reason: error instanceof RoomError ? error.code : String(error),
        });
        return;
      }
      this.waiting.push(report);
      if (this.waiting.length > 1) return;
      this.cancelRetry = clock.after(STORE_RETRY_MS, () => {
        for (const again of this.waiting.splice(0)) this.store(again);
      });
    });
  }
}
