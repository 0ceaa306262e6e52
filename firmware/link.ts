// The board's end of the link to its host: docs/link.md is the specification.
import type { RadioSettings } from "../protocol/airtime.ts";
import { view, writeU32 } from "../protocol/bytes.ts";
import type { Message } from "../protocol/codec.ts";
import { kissFrame } from "../protocol/kiss.ts";
import {
  Ack,
  BoardHello,
  GetStatus,
  Heard,
  Hello,
  LINK_MIN_VERSION,
  LINK_PORT,
  LINK_VERSION,
  MESSAGE_GAP,
  RESULT_BAD_REQUEST,
  RESULT_OK,
  RemoveRoom,
  Result,
  Resume,
  RoomMessage,
  RoomState,
  Send,
  Sent,
  SetRadio,
  SetRoom,
  SetTime,
  Status,
  WANTS_HEARD,
} from "../protocol/link.ts";
import type { Crc32 } from "../protocol/link-frame.ts";
import { bodyType, bodyValue, LINK_MAX_BODY, sealBody } from "../protocol/link-frame.ts";
import type { Clock } from "./clock.ts";
import type { Hal } from "./hal.ts";
import type { Mesh } from "./mesh.ts";
import { AT, MAX_ROOMS, type Room, type Rooms } from "./rooms.ts";
import type { Settings } from "./settings.ts";

/** Room messages on their way to the host without its acknowledgement; bounds what a slow host makes us repeat. */
const WINDOW = 4;
const RESEND_MS = 3000;
const HOST_GONE_MS = 30000;
const KEY_CHECK_LABEL = "room-key-check";

/** One row of HANDLERS; the value is of the table's own type. */
function on<V>(
  table: Message<V>,
  handle: (link: Link, message: V) => void,
): [Message<unknown>, (link: Link, message: unknown) => void] {
  return [table, handle as (link: Link, message: unknown) => void];
}

/** What each message from the host does, the frequent ones first. */
const HANDLERS = [
  on(Ack, (link, m) => link.acknowledge(m.room, m.seq)),
  on(Send, (link, m) => link.sendPacket(m.req, m.payloadType, m.payload, m.priority)),
  on(GetStatus, (link, m) => link.sendStatus(m.req)),
  on(Resume, (link, m) => link.resume(m.room, m.seq)),
  on(Hello, (link, m) => link.hello(m.unixTime, m.wants)),
  on(SetTime, (link, m) => link.setTime(m.unixTime)),
  on(SetRoom, (link, m) => link.setRoom(m.req, m.name, m.key, m.keyLen, m.max)),
  on(RemoveRoom, (link, m) => link.removeRoom(m.req, m.name)),
  on(SetRadio, (link, m) => link.setRadio(m.req, m, m.dutyPermille)),
];

export class Link {
  linkErrors = 0;

  private readonly hal: Hal;
  private readonly rooms: Rooms;
  private readonly mesh: Mesh;
  private readonly clock: Clock;
  private readonly settings: Settings;
  private readonly bootId: number;
  private readonly crc32: Crc32;
  private readonly out = new Uint8Array(LINK_MAX_BODY);
  private wantsHeard = false;
  private hostSeenMs = -HOST_GONE_MS;
  private progressMs = 0;
  /** By room handle: 1 = the host asked for it, next number to send, acknowledged up to. */
  private readonly streaming = new Uint8Array(20);
  private readonly nextSend = new Uint32Array(MAX_ROOMS);
  private readonly acked = new Uint32Array(MAX_ROOMS);
  /** The message before `nextSend` is not the one that the host has: a gap is real. */
  private readonly gap = new Uint8Array(20);
  private inFlight = 0;
  private timer = 0;
  private streamTimer = 0;
  private readonly streamLater: () => void;

  constructor(hal: Hal, rooms: Rooms, mesh: Mesh, clock: Clock, settings: Settings) {
    this.hal = hal;
    this.rooms = rooms;
    this.mesh = mesh;
    this.clock = clock;
    this.settings = settings;
    this.bootId = hal.random();
    this.streamLater = () => {
      this.streamTimer = 0;
      this.stream();
    };
    this.crc32 = (bytes) => hal.crc32(bytes);
  }

  hasHost(): boolean {
    return this.hal.nowMs() - this.hostSeenMs < HOST_GONE_MS;
  }

  /** One deframed link message: type, fields, CRC-32. */
  receive(text: string): void {
    const bytes = this.hal.toBytes(text);
    const type = bodyType(this.crc32, bytes, bytes.length);
    if (type < 0) {
      this.linkErrors++;
      return;
    }
    this.hostSeenMs = this.hal.nowMs();
    if (!this.dispatch(type, bytes)) this.linkErrors++;
  }

  /** A message was stored in a room. */
  onMessage(room: Room): void {
    // Later: the radio comes first, and its handler has spent its time on this packet.
    if (this.streaming[room.handle] && !this.streamTimer) this.streamTimer = this.hal.after(1, this.streamLater);
  }

  onRoomChange(room: Room): void {
    if (this.hasHost()) this.sendRoomState(room);
  }

  onHeard(bytes: Uint8Array, rssi: number, snr: number): void {
    if (!this.wantsHeard || !this.hasHost() || this.inFlight >= WINDOW) return;
    this.send(Heard, { rssi, snr, packet: bytes });
  }

  onSent(request: number, ok: boolean, airtimeMs: number): void {
    if (request && this.hasHost()) this.send(Sent, { req: request, ok: ok ? 1 : 0, airtimeMs });
  }

  /** False when the message is unknown or does not fit its table. */
  private dispatch(type: number, bytes: Uint8Array): boolean {
    for (let i = 0; i < HANDLERS.length; i++) {
      const table = HANDLERS[i][0];
      if (table.type !== type) continue;
      const message = bodyValue(table, bytes, bytes.length);
      if (message) HANDLERS[i][1](this, message);
      return !!message;
    }
    return false;
  }

  hello(unixTime: number, wants: number): void {
    if (unixTime) this.clock.set(unixTime);
    this.wantsHeard = (wants & WANTS_HEARD) !== 0;
    this.streaming.fill(0);
    this.inFlight = 0;
    const text = [this.settings.board, this.hal.engine, this.settings.version, this.settings.name].join("\0");
    this.send(BoardHello, {
      version: LINK_VERSION,
      minVersion: LINK_MIN_VERSION,
      bootId: this.bootId,
      uptimeS: Math.floor(this.settings.uptimeMs() / 1000),
      sha256: this.settings.bundleHash(),
      text: this.hal.toBytes(text),
    });
    for (let i = 0; i < this.rooms.list.length; i++) {
      const room = this.rooms.list[i];
      if (room) this.sendRoomState(room);
    }
  }

  resume(handle: number, seq: number): void {
    if (handle >= this.rooms.list.length || !this.rooms.list[handle]) return;
    this.streaming[handle] = 1;
    this.acked[handle] = seq;
    this.nextSend[handle] = seq + 1;
    this.gap[handle] = 0;
    this.countInFlight();
    this.stream();
  }

  acknowledge(handle: number, seq: number): void {
    if (handle >= MAX_ROOMS || seq <= this.acked[handle] || seq >= this.nextSend[handle]) return;
    this.acked[handle] = seq;
    this.progressMs = this.hal.nowMs();
    this.countInFlight();
    this.stream();
  }

  sendPacket(request: number, type: number, payload: Uint8Array, priority: number): void {
    this.result(request, this.mesh.send(type, payload, priority, request), this.mesh.queue.size);
  }

  setTime(unixTime: number): void {
    this.clock.set(unixTime);
  }

  setRoom(request: number, name: Uint8Array, key: Uint8Array, size: number, max: number): void {
    const possible = size === 16 || size === 32;
    this.result(
      request,
      possible ? this.rooms.set(this.ownText(name), view(key, 0, size), max) : RESULT_BAD_REQUEST,
      0,
    );
  }

  removeRoom(request: number, name: Uint8Array): void {
    this.result(request, this.rooms.remove(this.ownText(name)) ? RESULT_OK : RESULT_BAD_REQUEST, 0);
  }

  setRadio(request: number, radio: RadioSettings, dutyPermille: number): void {
    this.result(request, this.settings.setRadio(radio, dutyPermille) ? RESULT_OK : RESULT_BAD_REQUEST, 0);
  }

  /** A copy that outlives the frame which `bytes` is part of. */
  private ownText(bytes: Uint8Array): string {
    return this.hal.toText(bytes) + "";
  }

  private countInFlight(): void {
    let count = 0;
    for (let i = 0; i < this.rooms.list.length; i++) {
      if (this.streaming[i]) count += this.nextSend[i] - this.acked[i] - 1;
    }
    this.inFlight = Math.max(count, 0);
  }

  /** Sends what is due, room by room, until the window is full; sees to a second try when the host stays silent. */
  private stream(): void {
    if (!this.hasHost()) {
      this.streaming.fill(0);
      return;
    }
    for (let i = 0; i < this.rooms.list.length && this.inFlight < WINDOW; i++) {
      const room = this.rooms.list[i];
      if (!room || !this.streaming[i]) continue;
      const end = this.rooms.ring.next(i);
      while (this.inFlight < WINDOW && this.nextSend[i] < end) this.sendMessage(room);
    }
    if (this.inFlight > 0 && !this.timer) {
      this.progressMs = this.hal.nowMs();
      this.timer = this.hal.after(RESEND_MS, () => this.resend());
    }
  }

  private sendMessage(room: Room): void {
    const handle = room.handle;
    const first = this.rooms.ring.first(handle);
    if (this.nextSend[handle] < first) {
      // Everything up to `first` is gone: the host must not wait for it.
      this.nextSend[handle] = first;
      this.acked[handle] = first - 1;
      this.gap[handle] = 1;
      this.countInFlight();
    }
    const record = this.rooms.record(room, this.nextSend[handle]);
    this.nextSend[handle]++;
    if (!record) return;
    this.inFlight++;
    this.out[0] = RoomMessage.type;
    this.out.set(record, 1);
    if (this.gap[handle]) {
      this.out[1 + AT.flags] |= MESSAGE_GAP;
      this.gap[handle] = 0;
    }
    const length = 1 + record.length;
    writeU32(this.out, length, this.crc32(view(this.out, 0, length)));
    this.flush(length + 4);
  }

  private resend(): void {
    this.timer = 0;
    if (!this.hasHost() || this.inFlight === 0) return;
    if (this.hal.nowMs() - this.progressMs >= RESEND_MS - 1) {
      for (let i = 0; i < this.rooms.list.length; i++) {
        if (this.streaming[i] && this.nextSend[i] > this.acked[i] + 1) {
          this.nextSend[i] = this.acked[i] + 1;
          // The gap flag may have been on the message that was lost.
          this.gap[i] = this.acked[i] + 1 === this.rooms.ring.first(i) ? 1 : 0;
        }
      }
      this.countInFlight();
    }
    this.stream();
    if (this.inFlight > 0 && !this.timer) this.timer = this.hal.after(RESEND_MS, () => this.resend());
  }

  private sendRoomState(room: Room): void {
    const handle = room.handle;
    const ring = this.rooms.ring;
    this.send(RoomState, {
      room: handle,
      max: room.max,
      count: ring.next(handle) - ring.first(handle),
      firstSeq: ring.first(handle),
      nextSeq: ring.next(handle),
      keyCheck: this.keyCheck(room),
      name: this.hal.toBytes(room.name),
    });
  }

  /** Tells the host which key we hold without telling the key. */
  private keyCheck(room: Room): number {
    const key = this.hal.toText(view(room.channel.key32, 0, room.channel.keyLen));
    const digest = this.hal.crypto.sha256(this.hal.toBytes(KEY_CHECK_LABEL + key));
    return (digest[0] | (digest[1] << 8) | (digest[2] << 16) | (digest[3] << 24)) >>> 0;
  }

  sendStatus(request: number): void {
    const mesh = this.mesh;
    const radio = mesh.radio;
    const memory = this.hal.memory();
    this.send(Status, {
      req: request,
      uptimeS: Math.floor(this.settings.uptimeMs() / 1000),
      unixTime: this.clock.unixTime(),
      rx: mesh.received,
      tx: mesh.sent,
      crcErrors: radio.crcErrors,
      headerErrors: radio.headerErrors,
      malformed: mesh.malformed,
      duplicates: mesh.duplicates,
      macFailures: this.rooms.macFailures,
      unknownChannel: this.rooms.unknownChannel,
      linkErrors: this.linkErrors,
      txDropped: mesh.txDropped,
      recoveries: radio.recoveries,
      noiseFloor: radio.noiseFloor,
      rssi: radio.rssi,
      snr: radio.snr,
      airPermille: Math.max(0, mesh.duty.usedPermille(this.hal.nowMs())),
      txQueue: mesh.queue.size,
      memFree: memory.free,
      memTotal: memory.total,
    });
  }

  private result(request: number, code: number, detail: number): void {
    this.send(Result, { req: request, code, detail });
  }

  private send<V>(table: Message<V>, value: V): void {
    this.flush(sealBody(this.crc32, table, value, this.out));
  }

  /** Sends the first `length` bytes of `out`, a whole body. */
  private flush(length: number): void {
    this.hal.print(kissFrame(LINK_PORT, 0, this.hal.toText(view(this.out, 0, length))));
  }
}
