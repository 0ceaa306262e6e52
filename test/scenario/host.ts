// A host by script at a board's serial line: speaks the byte protocol of docs/link.md, and decides nothing by itself.

import type { Message } from "../../protocol/codec.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { KissDeframer, kissFrame } from "../../protocol/kiss.ts";
import {
  Ack,
  Hello,
  LINK_MIN_VERSION,
  LINK_PORT,
  LINK_VERSION,
  MESSAGES,
  Resume,
  RoomMessage,
  RoomState,
  SetRoom,
} from "../../protocol/link.ts";
import { bodyType, bodyValue, LINK_MAX_BODY, LINK_TYPE_BYTE, sealBody } from "../../protocol/link-frame.ts";
import type { BytePort } from "../../simulator/byte-port.ts";
import type { VirtualClock } from "../../simulator/clock.ts";

/** One whole link frame as a byte string. */
export function linkFrame<V>(table: Message<V>, value: V): string {
  const body = new Uint8Array(LINK_MAX_BODY);
  const length = sealBody(crc32, table, value, body);
  if (length < 0) throw new Error(`bug: ${table.name} does not fit a frame`);
  return kissFrame(LINK_PORT, 0, Buffer.from(body.subarray(0, length)).toString("latin1"));
}

interface Arrived {
  atMs: number;
  table: Message<unknown>;
  value: unknown;
}

export class Host {
  /** Frames whose checksum or fields were wrong. */
  broken = 0;
  /** Frames of port 0 as hex, the type byte first as one digit: the board answers to what looks like a KISS host. */
  modem: string[] = [];
  /** Acknowledges each message at once, as one with a fast disk. */
  acknowledges = false;
  /** Everything that was no frame. */
  text = "";
  private readonly port: BytePort;
  private readonly clock: VirtualClock;
  private arrived: Arrived[] = [];

  constructor(port: BytePort, clock: VirtualClock) {
    this.port = port;
    this.clock = clock;
    const deframer = new KissDeframer(
      (type, body) => this.take(type, Buffer.from(body, "latin1")),
      (text) => {
        this.text += text;
      },
    );
    port.onData((bytes) => deframer.push(Buffer.from(bytes).toString("latin1")));
  }

  send<V>(table: Message<V>, value: V): void {
    this.raw(linkFrame(table, value));
  }

  /** Any bytes, as a byte string. */
  raw(bytes: string): void {
    this.port.write(Buffer.from(bytes, "latin1"));
  }

  /** What has come of one kind since the last `forget`, oldest first. */
  got<V>(table: Message<V>): V[] {
    return this.arrived.filter((each) => each.table.type === table.type).map((each) => each.value as V);
  }

  /** When they came, in ms of the clock. */
  times(table: Message<never>): number[] {
    return this.arrived.filter((each) => each.table.type === table.type).map((each) => each.atMs);
  }

  /** Names of all that came, in order. */
  get order(): string[] {
    return this.arrived.map((each) => each.table.name);
  }

  forget(): void {
    this.arrived = [];
    this.modem = [];
    this.text = "";
  }

  hello(unixTime = 0, wants = 0): void {
    this.send(Hello, { version: LINK_VERSION, minVersion: LINK_MIN_VERSION, unixTime, wants });
    this.clock.advance(200);
  }

  /** Gives the board a room and returns its state. */
  room(name: string, keyHex: string, max = 50): { room: number; nextSeq: number } {
    const key = new Uint8Array(32);
    key.set(Buffer.from(keyHex, "hex"));
    this.send(SetRoom, { req: 1, max, keyLen: keyHex.length / 2, key, name: Buffer.from(name) });
    this.clock.advance(200);
    const state = this.got(RoomState).findLast((each) => Buffer.from(each.name).toString() === name);
    if (!state) throw new Error(`the board did not take the room ${name}`);
    return state;
  }

  resume(room: number, seq: number): void {
    this.send(Resume, { room, seq });
    this.clock.advance(200);
  }

  /** Numbers of the messages that came. */
  get numbers(): number[] {
    return this.got(RoomMessage).map((each) => each.seq);
  }

  private take(type: number, body: Buffer): void {
    if (type >> 4 !== LINK_PORT) {
      this.modem.push(type.toString(16) + body.toString("hex"));
      return;
    }
    const table: Message<unknown> | undefined = MESSAGES.find(
      (each) => each.type === bodyType(crc32, body, body.length),
    );
    const value = table && type === LINK_TYPE_BYTE ? bodyValue(table, body, body.length) : null;
    if (!table || !value) {
      this.broken++;
      return;
    }
    this.arrived.push({ atMs: this.clock.nowMs(), table, value });
    if (!this.acknowledges || table.type !== RoomMessage.type) return;
    const { room, seq } = value as { room: number; seq: number };
    this.send(Ack, { room, seq });
  }
}
