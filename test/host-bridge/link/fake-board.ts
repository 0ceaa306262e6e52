import { createHash } from "node:crypto";
import type { Clock } from "../../../host-bridge/clock.ts";
import type { RadioSettings } from "../../../protocol/airtime.ts";
import { latin1ToBytes, readU32 } from "../../../protocol/bytes.ts";
import type { Message } from "../../../protocol/codec.ts";
import { crc32 } from "../../../protocol/crc32.ts";
import { KissDeframer, kissFrame } from "../../../protocol/kiss.ts";
import * as wire from "../../../protocol/link.ts";
import { bodyType, bodyValue, sealBody } from "../../../protocol/link-frame.ts";
import type { BytePort } from "../../../simulator/byte-port.ts";

interface FakeRoom {
  name: string;
  keyCheck: number;
  max: number;
  firstSeq: number;
  records: Uint8Array[];
  flags: number[];
  streaming: boolean;
  next: number;
  acked: number;
  gap: boolean;
  /** Removed; the handle stays taken. */
  gone: boolean;
}

/** Fields of all messages from the host; each message has some of them. */
interface Values extends RadioSettings {
  req: number;
  room: number;
  seq: number;
  unixTime: number;
  id: number;
  valid: number;
  max: number;
  keyLen: number;
  key: Uint8Array;
  name: Uint8Array;
  payload: Uint8Array;
  priority: number;
}

/** What happens to bytes on the cable: return what arrives. */
export type Cable = (bytes: Uint8Array, to: "board" | "host") => Uint8Array | null;

/**
 * A board written from the link's description alone: its rings outlive the cable, a new bootId comes with powerCycle().
 * Everything goes as real bytes. Bytes take a millisecond each way.
 */
export class FakeBoard {
  bootId = 1000;
  version = wire.LINK_VERSION;
  minVersion = wire.LINK_MIN_VERSION;
  text = "fake\0NoEngine\0" + "9.9.9\0node";
  /** Codes that the next Sends are answered with instead of being taken. */
  sendCodes: number[] = [];
  /** Payloads that went on air, in order. */
  aired: string[] = [];
  /** After which time Sent comes; null = never. */
  sentAfterMs: number | null = 200;
  /** Packets that it says are waiting, and the thousandths of the hour that it says it has sent. */
  txQueue = 1;
  airPermille = 15;
  /** Priorities of the Sends that it took. */
  priorities: number[] = [];
  silent = false;
  /** How many times faster than the host's its clock runs. */
  speed = 1;
  /** Names of the messages that arrived. */
  heard: string[] = [];
  times: number[] = [];
  radio: RadioSettings | null = null;
  verdicts: { id: number; valid: number }[] = [];
  stock: Uint8Array[] = [];
  maxRooms = 8;
  rooms: FakeRoom[] = [];
  badFrames = 0;
  cable: Cable = (bytes) => bytes;
  private readonly clock: Clock;
  private readonly seen = new Set<string>();
  private bootMs: number;
  private deframer: KissDeframer;
  private port: { data: (bytes: Uint8Array) => void; close: (reason: string) => void; open: boolean } | null = null;
  private progressMs = 0;
  private hostSeenMs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.bootMs = clock.nowMs();
    this.deframer = this.newDeframer();
    const tick = (): void => {
      this.resend();
      clock.after(500, tick);
    };
    clock.after(500, tick);
  }

  /** The host's end of the cable. */
  open(): BytePort {
    const port = {
      data: (_: Uint8Array): void => undefined,
      close: (_: string): void => undefined,
      open: true,
    };
    this.port = port;
    this.deframer = this.newDeframer();
    return {
      write: (bytes) => {
        const arrived = port.open ? this.cable(bytes, "board") : null;
        if (arrived === null) return;
        this.clock.after(1, () => {
          if (port.open && !this.silent) this.deframer.push(Buffer.from(arrived).toString("latin1"));
        });
      },
      onData: (fn) => {
        port.data = fn;
      },
      onClose: (fn) => {
        port.close = fn;
      },
      close: () => {
        port.open = false;
      },
    };
  }

  unplug(): void {
    const { port } = this;
    this.port = null;
    for (const room of this.rooms) room.streaming = false;
    if (port?.open) {
      port.open = false;
      port.close("unplugged");
    }
  }

  /** Everything that the board knew is gone; the cable stays. */
  powerCycle(): void {
    this.bootId++;
    this.bootMs = this.clock.nowMs();
    this.rooms = [];
    this.seen.clear();
  }

  /** A packet of this room was heard (or said, with flags 1). */
  hear(name: string, payload: Uint8Array, flags = 0): void {
    const room = this.rooms.find((other) => !other.gone && other.name === name);
    if (room === undefined) return;
    this.seen.add(Buffer.from(payload).toString("hex"));
    room.records.push(payload);
    room.flags.push(flags);
    this.evict(room, room.max);
    this.stream();
  }

  /** The oldest messages go, until `keep` are left. */
  evict(room: FakeRoom, keep: number): void {
    while (room.records.length > keep) {
      room.records.shift();
      room.flags.shift();
      room.firstSeq++;
    }
  }

  print(text: string): void {
    this.write(Buffer.from(text));
  }

  write(bytes: Uint8Array): void {
    const { port } = this;
    const arrived = port?.open ? this.cable(bytes, "host") : null;
    if (port === null || arrived === null) return;
    this.clock.after(1, () => {
      if (port.open) port.data(arrived);
    });
  }

  hello(): void {
    const { bootId, version, minVersion } = this;
    this.send(wire.BoardHello, {
      ...{ version, minVersion, bootId, uptimeS: this.uptimeS() },
      ...{ sha256: new Uint8Array(32).fill(7), text: new Uint8Array(Buffer.from(this.text)) },
    });
    this.rooms.forEach(({ gone }, handle) => {
      if (!gone) this.state(handle);
    });
  }

  private uptimeS(): number {
    return Math.floor(((this.clock.nowMs() - this.bootMs) * this.speed) / 1000);
  }

  private newDeframer(): KissDeframer {
    return new KissDeframer(
      (type, body) => {
        if (type === 0x10) this.receive(latin1ToBytes(body));
      },
      () => undefined,
    );
  }

  private receive(body: Uint8Array): void {
    const table = wire.FROM_HOST.find(({ type }) => type === bodyType(crc32, body, body.length)) as
      | Message<Values>
      | undefined;
    const value = table === undefined ? null : bodyValue(table, body, body.length);
    if (table === undefined || value === null) {
      this.badFrames++;
      return;
    }
    this.heard.push(table.name);
    this.hostSeenMs = this.clock.nowMs();
    const result = (code: number): void => this.send(wire.Result, { req: value.req, code, detail: 0 });
    if (table.name === "Hello") {
      for (const room of this.rooms) room.streaming = false;
      this.hello();
    } else if (table.name === "SetRoom") {
      result(this.setRoom(value));
    } else if (table.name === "RemoveRoom") {
      const room = this.rooms.find(({ name, gone }) => !gone && name === Buffer.from(value.name).toString());
      if (room !== undefined) Object.assign(room, { gone: true, streaming: false });
      result(room === undefined ? wire.RESULT_BAD_REQUEST : wire.RESULT_OK);
    } else if (table.name === "SetRadio") {
      this.radio = value;
      result(wire.RESULT_OK);
    } else if (table.name === "Verdict") {
      this.verdicts.push({ id: value.id, valid: value.valid });
    } else if (table.name === "StockAdvert") {
      this.stock.push(new Uint8Array(value.payload));
    } else if (table.name === "SetTime") {
      this.times.push(value.unixTime);
    } else if (table.name === "Resume") {
      const room = this.rooms[value.room];
      if (room !== undefined)
        Object.assign(room, { streaming: true, next: value.seq + 1, acked: value.seq, gap: false });
      this.stream();
    } else if (table.name === "Ack") {
      const room = this.rooms[value.room];
      if (room !== undefined && value.seq > room.acked && value.seq < room.next) {
        room.acked = value.seq;
        this.progressMs = this.clock.nowMs();
      }
      this.stream();
    } else if (table.name === "GetStatus") {
      this.status(value.req);
    } else if (table.name === "Send") {
      const code = this.take(value.req, value.payload);
      if (code === wire.RESULT_OK) this.priorities.push(value.priority);
      result(code);
    }
  }

  private setRoom(value: Values): number {
    const name = Buffer.from(value.name).toString();
    const digest = createHash("sha256").update("room-key-check").update(value.key.slice(0, value.keyLen)).digest();
    const known = this.rooms.find((room) => !room.gone && room.name === name);
    if (known === undefined && this.rooms.length >= this.maxRooms) return wire.RESULT_FULL;
    const room: FakeRoom = known ?? {
      ...{ name, keyCheck: 0, max: 0, firstSeq: 1, records: [], flags: [] },
      ...{ streaming: false, next: 1, acked: 0, gap: false, gone: false },
    };
    if (known === undefined) this.rooms.push(room);
    room.keyCheck = readU32(new Uint8Array(digest), 0);
    room.max = value.max;
    this.state(this.rooms.indexOf(room));
    return wire.RESULT_OK;
  }

  private take(req: number, payload: Uint8Array): number {
    const code = this.sendCodes.shift();
    if (code !== undefined) return code;
    const hex = Buffer.from(payload).toString("hex");
    if (this.seen.has(hex)) return wire.RESULT_DUPLICATE;
    this.seen.add(hex);
    this.aired.push(hex);
    const { sentAfterMs, bootId } = this;
    if (sentAfterMs !== null) {
      this.clock.after(sentAfterMs, () => {
        if (bootId === this.bootId) this.send(wire.Sent, { req, ok: 1, airtimeMs: 100 });
      });
    }
    return wire.RESULT_OK;
  }

  private state(handle: number): void {
    const { name, keyCheck, max, firstSeq, records } = this.rooms[handle];
    this.send(wire.RoomState, {
      ...{ room: handle, max, count: records.length, firstSeq, nextSeq: firstSeq + records.length, keyCheck },
      name: new Uint8Array(Buffer.from(name)),
    });
  }

  private stream(): void {
    if ((this.clock.nowMs() - this.hostSeenMs) * this.speed > 30_000)
      for (const room of this.rooms) room.streaming = false;
    this.rooms.forEach((room, handle) => {
      while (room.streaming && this.inFlight() < 4 && room.next < room.firstSeq + room.records.length) {
        if (room.next < room.firstSeq)
          Object.assign(room, { next: room.firstSeq, acked: room.firstSeq - 1, gap: true });
        const at = room.next - room.firstSeq;
        const flags = room.flags[at] | (room.gap ? wire.MESSAGE_GAP : 0);
        room.gap = false;
        this.send(wire.RoomMessage, {
          ...{ room: handle, seq: room.next++, flags, pathLen: 2, rssi: -71, snr: 42, heardAt: 0 },
          payload: new Uint8Array(room.records[at]),
        });
      }
    });
  }

  private inFlight(): number {
    return this.rooms.reduce((sum, room) => sum + (room.streaming ? room.next - room.acked - 1 : 0), 0);
  }

  private resend(): void {
    if (this.clock.nowMs() - this.progressMs < 3000) return;
    for (const room of this.rooms) if (room.streaming) room.next = room.acked + 1;
    this.progressMs = this.clock.nowMs();
    this.stream();
  }

  private status(req: number): void {
    this.send(wire.Status, {
      ...{ req, uptimeS: this.uptimeS(), unixTime: 0, rx: 5, tx: 6, crcErrors: 0, headerErrors: 0, malformed: 0 },
      ...{ duplicates: 0, macFailures: 0, unknownChannel: 0, linkErrors: this.badFrames, txDropped: 0, recoveries: 0 },
      ...{
        busyStuck: 1,
        edgesMissed: 2,
        txEndless: 3,
        modeLeft: 4,
        chipSilent: 5,
        cadEndless: 6,
        deaf: 7,
        notTaken: 8,
      },
      ...{
        noiseFloor: -110,
        rssi: -70,
        snr: 40,
        airPermille: this.airPermille,
        txQueue: this.txQueue,
        memFree: 1,
        memTotal: 2,
      },
    });
  }

  private send<V>(table: Message<V>, value: V): void {
    const out = new Uint8Array(300);
    const length = sealBody(crc32, table, value, out);
    this.write(Buffer.from(kissFrame(1, 0, Buffer.from(out.slice(0, length)).toString("latin1")), "latin1"));
  }
}
