// The board's end of the link to its host: docs/link.md is the specification.
//
// One thing in each handler: what a message asks for, and each message that goes out, has its own turn, so that the radio is
// never kept waiting for long. Fields are read and written by their places, which the build works out from protocol/link.ts:
// the tables' own encode() and decode() take a board ten times as long.
import { readU16, readU32, view } from "../protocol/bytes.ts";
import { fieldAt } from "../protocol/codec.ts";
import { KISS_FEND, kissEscaped } from "../protocol/kiss.ts";
import {
  Ack,
  BoardHello,
  GetStatus,
  Heard,
  Hello,
  LINK_MIN_VERSION,
  LINK_VERSION,
  MESSAGE_GAP,
  RESULT_BAD_REQUEST,
  RESULT_OK,
  RemoveRoom,
  Result,
  Resume,
  RoomState,
  Send,
  Sent,
  SetRadio,
  SetRoom,
  SetTime,
  Status,
  StockAdvert,
  Verdict,
  WANTS_HEARD,
} from "../protocol/link.ts";
import { AROUND, CRC_RESIDUE, LINK_MAX_BODY, LINK_TYPE_BYTE } from "../protocol/link-frame.ts";
import { type Adverts, OWN } from "./adverts.ts";
import type { Clock } from "./clock.ts";
import { COUNT } from "./counters.ts";
import { HOST_SIGNS } from "./features.ts";
import type { Hal } from "./hal.ts";
import type { Mesh } from "./mesh.ts";
import { part } from "./parts.ts";
import { AT, MAX_ROOMS, type Room, type Rooms } from "./rooms.ts";
import type { Settings } from "./settings.ts";

/** Room messages on their way to the host without its acknowledgement; bounds what a slow host makes us repeat. */
const WINDOW = 4;
const RESEND_MS = 3000;
const HOST_GONE_MS = 30000;
/** Turns that may wait: more than a host that keeps to the rules ever makes. */
const MAX_WAITING = 40;
const KEY_CHECK_LABEL = "room-key-check";

/** Where the fields begin in a body. */
const IN = 1;
/** Where they begin in `out`: at a word. */
const OUT = 4;
const FRAME_HEAD = KISS_FEND + String.fromCharCode(LINK_TYPE_BYTE);

/** What a message from the host does; `m` is its body. */
type Handler = (link: Link, m: Uint8Array) => void;

/** By number of the message, which begins with 1: bytes of its fields, whether more may follow, what it does. */
const HANDLERS: [number, boolean, Handler][] = [
  [Hello.size, false, (link, m) => link.hello(m)],
  [SetRoom.size, true, (link, m) => link.later(() => link.setRoom(m))],
  [RemoveRoom.size, true, (link, m) => link.later(() => link.removeRoom(m))],
  [SetRadio.size, false, (link, m) => link.later(() => link.setRadio(m))],
  [SetTime.size, false, (link, m) => link.setTime(readU32(m, IN + fieldAt(SetTime, "unixTime")))],
  [
    Resume.size,
    false,
    (link, m) => link.resume(m[IN + fieldAt(Resume, "room")], readU32(m, IN + fieldAt(Resume, "seq"))),
  ],
  [Ack.size, false, (link, m) => link.acknowledge(m[IN + fieldAt(Ack, "room")], readU32(m, IN + fieldAt(Ack, "seq")))],
  [Send.size, true, (link, m) => link.later(() => link.sendPacket(m))],
  [GetStatus.size, false, (link, m) => link.later(() => link.sendStatus(readU16(m, IN + fieldAt(GetStatus, "req"))))],
  [Verdict.size, false, (link, m) => link.advert(m)],
  [StockAdvert.size, true, (link, m) => link.advert(m)],
];

export class Link {
  private readonly hal: Hal;
  private readonly rooms: Rooms;
  private readonly mesh: Mesh;
  private readonly clock: Clock;
  private readonly settings: Settings;
  private readonly counters: Uint32Array;
  private readonly adverts: Adverts;
  /** Chosen when the first host asks: at power-up some engines have no chance to offer but that moment. */
  private bootId = 0;
  /** The message that is put together: its number at OUT - 1, fields from OUT on; the same memory as halves and words. */
  private readonly out = new Uint8Array(OUT + LINK_MAX_BODY);
  private readonly halves: Uint16Array;
  private readonly words: Uint32Array;
  private wantsHeard = false;
  private hostSeenMs = -HOST_GONE_MS;
  private progressMs = 0;
  /** By room handle: 1 = the host asked for it, next number to send, acknowledged up to. */
  private readonly streaming = new Uint8Array(20);
  private readonly nextSend = new Uint32Array(MAX_ROOMS);
  private readonly acked = new Uint32Array(MAX_ROOMS);
  /** The message before `nextSend` is not the one that the host has: a gap is real. */
  private readonly gap = new Uint8Array(20);
  /** Sum of nextSend - acked - 1 over the streaming rooms. */
  private inFlight = 0;
  private resendTimer = 0;
  private turnTimer = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly takeTurn: () => void;

  constructor(
    hal: Hal,
    rooms: Rooms,
    mesh: Mesh,
    clock: Clock,
    settings: Settings,
    counters: Uint32Array,
    adverts: Adverts,
  ) {
    this.hal = hal;
    this.rooms = rooms;
    this.mesh = mesh;
    this.clock = clock;
    this.settings = settings;
    this.counters = counters;
    this.adverts = adverts;
    this.halves = new Uint16Array(this.out.buffer);
    this.words = new Uint32Array(this.out.buffer);
    this.takeTurn = () => this.turn();
  }

  hasHost(): boolean {
    return this.hal.nowMs() - this.hostSeenMs < HOST_GONE_MS;
  }

  /** One deframed link message: number, fields, CRC-32. */
  receive(text: string): void {
    const hal = this.hal;
    const bytes = hal.toBytes(text);
    if (bytes.length <= LINK_MAX_BODY && hal.crc32(bytes) === CRC_RESIDUE) {
      this.hostSeenMs = hal.nowMs();
      const row = HANDLERS[bytes[0] - 1];
      if (row) {
        const rest = bytes.length - AROUND - row[0];
        if (rest === 0 || (rest > 0 && row[1])) {
          row[2](this, bytes);
          return;
        }
      }
    }
    this.counters[COUNT.linkErrors]++;
  }

  /** Does one thing more in a turn of its own, after what waits already. When too much does, the host will ask again. */
  later(what: () => void): void {
    if (this.waiting.length < MAX_WAITING) this.waiting.push(what);
    this.soon();
  }

  private soon(): void {
    if (!this.turnTimer) this.turnTimer = this.hal.after(this.takeTurn, 1);
  }

  private turn(): void {
    this.turnTimer = 0;
    const what = this.waiting.shift();
    if (what) what();
    // With nothing sent and nothing waiting there is no next turn.
    else if (!this.stream()) return;
    this.soon();
  }

  /** A message was stored in a room. */
  onMessage(room: Room): void {
    if (this.streaming[room.handle]) this.soon();
  }

  onRoomChange(room: Room): void {
    if (this.hasHost()) this.later(() => this.sendRoomState(room));
  }

  onHeard(bytes: Uint8Array, at: number, length: number): void {
    // The host gets what there is time for.
    if (!this.wantsHeard || this.inFlight >= WINDOW || this.waiting.length || !this.hasHost()) return;
    const signal = this.mesh.radio.signal;
    this.later(() => {
      this.words[(OUT + fieldAt(Heard, "rssi")) / 4] = signal;
      this.out.set(view(bytes, at, length), OUT + Heard.size);
      this.send(Heard.type, Heard.size + length);
    });
  }

  onSent(request: number, ok: boolean, airtimeMs: number): void {
    if (!request || !this.hasHost()) return;
    this.later(() => {
      this.words[(OUT + fieldAt(Sent, "airtimeMs")) / 4] = airtimeMs;
      this.halves[(OUT + fieldAt(Sent, "req")) / 2] = request;
      this.out[OUT + fieldAt(Sent, "ok")] = ok ? 1 : 0;
      this.send(Sent.type, Sent.size);
    });
  }

  hello(m: Uint8Array): void {
    this.setTime(readU32(m, IN + fieldAt(Hello, "unixTime")));
    this.wantsHeard = (m[IN + fieldAt(Hello, "wants")] & WANTS_HEARD) !== 0;
    this.stopStreaming();
    this.later(() => {
      this.sendHello();
      this.listFrom(0);
    });
    // It may be time for some more of them.
    if (HOST_SIGNS) this.adverts.want(OWN.key);
  }

  /** Sends a message whose fields are ready. */
  sendFields(type: number, fields: Uint8Array): void {
    this.out.set(fields, OUT);
    this.send(type, fields.length);
  }

  /** Only hosts that were asked send such. */
  advert(m: Uint8Array): void {
    if (HOST_SIGNS) this.later(() => part(this.hal, "fromHost")(this.adverts, m));
  }

  /** Sends the state of the rooms from this handle on, in the next turns: before anything that was asked for meanwhile. */
  private listFrom(handle: number): void {
    let next = handle;
    while (next < this.rooms.list.length && !this.rooms.list[next]) next++;
    const room = this.rooms.list[next];
    if (!room) return;
    this.waiting.unshift(() => {
      this.sendRoomState(room);
      this.listFrom(next + 1);
    });
  }

  private stopStreaming(): void {
    for (let i = 0; i < this.rooms.list.length; i++) this.streaming[i] = 0;
    this.inFlight = 0;
  }

  private sendHello(): void {
    const text = [this.settings.board, this.hal.engine, this.settings.version, this.settings.prefs.name].join("\0");
    if (!this.bootId) this.bootId = this.hal.random();
    this.out[OUT + fieldAt(BoardHello, "version")] = LINK_VERSION;
    this.out[OUT + fieldAt(BoardHello, "minVersion")] = LINK_MIN_VERSION;
    this.halves[(OUT + fieldAt(BoardHello, "bootId")) / 2] = this.bootId;
    this.halves[(OUT + fieldAt(BoardHello, "bootId")) / 2 + 1] = this.bootId >>> 16;
    const uptimeS = this.settings.uptimeS();
    this.halves[(OUT + fieldAt(BoardHello, "uptimeS")) / 2] = uptimeS;
    this.halves[(OUT + fieldAt(BoardHello, "uptimeS")) / 2 + 1] = uptimeS >>> 16;
    this.out.set(this.hal.bundleHash, OUT + fieldAt(BoardHello, "sha256"));
    this.out.set(this.hal.toBytes(text), OUT + BoardHello.size);
    this.send(BoardHello.type, BoardHello.size + text.length);
  }

  resume(handle: number, seq: number): void {
    if (handle >= this.rooms.list.length || !this.rooms.list[handle]) return;
    if (this.streaming[handle]) this.goBack(handle);
    this.streaming[handle] = 1;
    this.acked[handle] = seq;
    this.nextSend[handle] = seq + 1;
    this.gap[handle] = 0;
    this.soon();
  }

  /** What is on its way counts as lost. */
  private goBack(handle: number): void {
    this.inFlight -= this.nextSend[handle] - this.acked[handle] - 1;
    this.nextSend[handle] = this.acked[handle] + 1;
  }

  acknowledge(handle: number, seq: number): void {
    const acked = this.acked[handle];
    if (!this.streaming[handle] || seq <= acked || seq >= this.nextSend[handle]) return;
    this.inFlight -= seq - acked;
    this.acked[handle] = seq;
    this.progressMs = this.hal.nowMs();
    this.soon();
  }

  sendPacket(m: Uint8Array): void {
    const request = readU16(m, IN + fieldAt(Send, "req"));
    const payload = view(m, IN + Send.size, m.length - AROUND - Send.size);
    const type = m[IN + fieldAt(Send, "payloadType")];
    const code = this.mesh.send(type, payload, m[IN + fieldAt(Send, "priority")], request);
    this.result(request, code, this.mesh.queue.size);
  }

  /** 0 = the host does not know it either. */
  setTime(unixTime: number): void {
    if (unixTime) this.clock.set(unixTime);
  }

  setRoom(m: Uint8Array): void {
    const name = this.restText(m, SetRoom.size);
    const size = m[IN + fieldAt(SetRoom, "keyLen")];
    // In the next turn, before anything that was asked for meanwhile.
    this.waiting.unshift(() => {
      const key = view(m, IN + fieldAt(SetRoom, "key"), 32);
      const code =
        size === 16 || size === 32
          ? this.rooms.set(name, view(key, 0, size), readU16(m, IN + fieldAt(SetRoom, "max")))
          : RESULT_BAD_REQUEST;
      this.result(readU16(m, IN + fieldAt(SetRoom, "req")), code, 0);
    });
  }

  removeRoom(m: Uint8Array): void {
    const known = this.rooms.remove(this.restText(m, RemoveRoom.size));
    this.result(readU16(m, IN + fieldAt(RemoveRoom, "req")), known ? RESULT_OK : RESULT_BAD_REQUEST, 0);
  }

  setRadio(m: Uint8Array): void {
    const power = m[IN + fieldAt(SetRadio, "powerDbm")];
    const radio = {
      freqHz: readU32(m, IN + fieldAt(SetRadio, "freqHz")),
      bwHz: readU32(m, IN + fieldAt(SetRadio, "bwHz")),
      sf: m[IN + fieldAt(SetRadio, "sf")],
      cr: m[IN + fieldAt(SetRadio, "cr")],
      powerDbm: power > 127 ? power - 256 : power,
    };
    const possible = this.settings.setRadio(radio, readU16(m, IN + fieldAt(SetRadio, "dutyPermille")));
    this.result(readU16(m, IN + fieldAt(SetRadio, "req")), possible ? RESULT_OK : RESULT_BAD_REQUEST, 0);
  }

  /** The last field of a body, behind `size` bytes of others, as text that outlives the body. */
  private restText(m: Uint8Array, size: number): string {
    return this.hal.toText(view(m, IN + size, m.length - AROUND - size)) + "";
  }

  /** Sends the next room message that is due, if any; sees to a second try when the host stays silent. */
  private stream(): boolean {
    if (this.inFlight >= WINDOW) return false;
    const ends = this.rooms.ring.endSeq;
    for (let i = 0; i < this.rooms.list.length; i++) {
      if (this.streaming[i] && this.nextSend[i] < ends[i]) {
        if (!this.hasHost()) {
          this.stopStreaming();
          return false;
        }
        this.sendMessage(this.rooms.list[i] as Room);
        if (!this.resendTimer) {
          this.progressMs = this.hal.nowMs();
          this.resendTimer = this.hal.after(() => this.resend(), RESEND_MS);
        }
        return true;
      }
    }
    return false;
  }

  private sendMessage(room: Room): void {
    const handle = room.handle;
    const first = this.rooms.ring.firstSeq[handle];
    if (this.nextSend[handle] < first) {
      // Everything up to `first` is gone: the host must not wait for it.
      this.goBack(handle);
      this.nextSend[handle] = first;
      this.acked[handle] = first - 1;
      this.gap[handle] = 1;
    }
    const record = this.rooms.record(room, this.nextSend[handle]++);
    this.inFlight++;
    if (!record) return;
    if (this.gap[handle]) {
      // In the ring itself for as long as it takes: a copy of the record would take longer than all else here.
      record[AT.flags] |= MESSAGE_GAP;
      this.frame(record);
      record[AT.flags] &= ~MESSAGE_GAP;
      this.gap[handle] = 0;
    } else {
      this.frame(record);
    }
  }

  private resend(): void {
    this.resendTimer = 0;
    if (this.inFlight === 0 || !this.hasHost()) return;
    if (this.hal.nowMs() - this.progressMs >= RESEND_MS - 1) {
      for (let i = 0; i < this.rooms.list.length; i++) {
        if (this.streaming[i] && this.nextSend[i] > this.acked[i] + 1) {
          this.goBack(i);
          // The gap flag may have been on the message that was lost.
          this.gap[i] = this.nextSend[i] === this.rooms.ring.first(i) ? 1 : 0;
        }
      }
      this.soon();
    }
    this.resendTimer = this.hal.after(() => this.resend(), RESEND_MS);
  }

  private sendRoomState(room: Room): void {
    const handle = room.handle;
    const ring = this.rooms.ring;
    const words = this.words;
    words[(OUT + fieldAt(RoomState, "firstSeq")) / 4] = ring.first(handle);
    words[(OUT + fieldAt(RoomState, "nextSeq")) / 4] = ring.next(handle);
    words[(OUT + fieldAt(RoomState, "keyCheck")) / 4] = this.keyCheck(room);
    this.halves[(OUT + fieldAt(RoomState, "max")) / 2] = room.max;
    this.halves[(OUT + fieldAt(RoomState, "count")) / 2] = ring.next(handle) - ring.first(handle);
    this.out[OUT + fieldAt(RoomState, "room")] = handle;
    this.out.set(this.hal.toBytes(room.name), OUT + RoomState.size);
    this.send(RoomState.type, RoomState.size + room.name.length);
  }

  /** Tells the host which key we hold without telling the key. */
  private keyCheck(room: Room): number {
    const key = this.hal.toText(view(room.channel.key32, 0, room.channel.keyLen));
    return readU32(this.hal.crypto.sha256(this.hal.toBytes(KEY_CHECK_LABEL + key)), 0);
  }

  sendStatus(request: number): void {
    const mesh = this.mesh;
    const radio = mesh.radio;
    const memory = this.hal.memory();
    const words = this.words;
    const halves = this.halves;
    words.set(this.counters, (OUT + fieldAt(Status, "rx")) / 4);
    words[(OUT + fieldAt(Status, "uptimeS")) / 4] = this.settings.uptimeS();
    words[(OUT + fieldAt(Status, "unixTime")) / 4] = this.clock.unixTime();
    words[(OUT + fieldAt(Status, "memFree")) / 4] = memory.free;
    words[(OUT + fieldAt(Status, "memTotal")) / 4] = memory.total;
    halves[(OUT + fieldAt(Status, "req")) / 2] = request;
    halves[(OUT + fieldAt(Status, "noiseFloor")) / 2] = radio.noiseFloor;
    halves[(OUT + fieldAt(Status, "rssi")) / 2] = (radio.signal << 16) >> 16;
    halves[(OUT + fieldAt(Status, "airPermille")) / 2] = Math.max(0, mesh.duty.usedPermille(this.hal.nowMs()));
    // More than its fields: what is behind them follows.
    halves.set(radio.faults, (OUT + fieldAt(Status, "busyStuck")) / 2);
    this.out[OUT + fieldAt(Status, "snr")] = (radio.signal << 8) >> 24;
    this.out[OUT + fieldAt(Status, "txQueue")] = mesh.queue.size;
    this.send(Status.type, Status.size);
  }

  private result(request: number, code: number, detail: number): void {
    this.later(() => {
      this.words[(OUT + fieldAt(Result, "detail")) / 4] = detail;
      this.halves[(OUT + fieldAt(Result, "req")) / 2] = request;
      this.out[OUT + fieldAt(Result, "code")] = code;
      this.send(Result.type, Result.size);
    });
  }

  /** Sends the message of which `size` bytes of fields are in `out`. */
  private send(type: number, size: number): void {
    this.out[OUT - 1] = type;
    this.frame(view(this.out, OUT - 1, 1 + size));
  }

  /** Sends a body that lacks only its checksum. */
  private frame(body: Uint8Array): void {
    const hal = this.hal;
    const crc = hal.crc32(body);
    const sum = String.fromCharCode(crc & 255, (crc >> 8) & 255, (crc >> 16) & 255, crc >>> 24);
    hal.print(FRAME_HEAD + kissEscaped(hal.toText(body)) + kissEscaped(sum) + KISS_FEND);
  }
}
