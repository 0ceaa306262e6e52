// A modem written from MeshCore's docs/kiss_modem_protocol.md, with the faults that one may have.
import type { BytePort } from "../../../simulator/byte-port.ts";
import type { FakeClock } from "../fake-clock.ts";

const FRAME = { data: 0x00, hardware: 0x06 };

export class FakeModem {
  /** Packets it was given for the air, hex. */
  aired: string[] = [];
  /** Numbers of the requests it was asked. */
  asked: number[] = [];
  /** Answers nothing at all. */
  silent = false;
  /** Knows no SetRadio and no SetTxPower. */
  fixed = false;
  /** Results of the next transmissions: true, false, "busy", or null for no word at all. */
  outcomes: (boolean | "busy" | null)[] = [];
  txMs = 300;
  radio = Buffer.from("00".repeat(10), "hex");
  power = 10;
  private readonly clock: FakeClock;
  private data: (bytes: Uint8Array) => void = () => undefined;
  private closed: (reason: string) => void = () => undefined;
  private isOpen = false;
  private buffer: number[] = [];

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  open(): BytePort {
    this.isOpen = true;
    return {
      write: (bytes) => this.receive(bytes),
      onData: (fn) => {
        this.data = fn;
      },
      onClose: (fn) => {
        this.closed = fn;
      },
      close: () => {
        this.isOpen = false;
      },
    };
  }

  unplug(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closed("unplugged");
  }

  /** A packet from the air, with or without RxMeta. */
  hear(packet: Uint8Array, meta = true): void {
    this.send(FRAME.data, packet);
    if (meta) this.send(FRAME.hardware, [0xf9, 42, -71 & 255]);
  }

  private receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte !== 0xc0) {
        this.buffer.push(byte);
        continue;
      }
      const hex = Buffer.from(this.buffer).toString("hex").replace(/(..)/g, "$1 ");
      this.buffer = [];
      const [type, ...body] = Buffer.from(
        hex.replaceAll("db dc ", "c0 ").replaceAll("db dd ", "db ").replaceAll(" ", ""),
        "hex",
      );
      if (type !== undefined) this.frame(type, body);
    }
  }

  private frame(type: number, body: number[]): void {
    if (this.silent) return;
    if (type === FRAME.data) this.transmit(Buffer.from(body).toString("hex"));
    else if (type === FRAME.hardware) this.request(body[0], body.slice(1));
  }

  private transmit(hex: string): void {
    const outcome = this.outcomes.length === 0 ? true : (this.outcomes.shift() ?? null);
    if (outcome === "busy") {
      this.send(FRAME.hardware, [0xf1, 7]);
      return;
    }
    if (outcome !== false) this.aired.push(hex);
    if (outcome === null) return;
    this.clock.after(this.txMs, () => this.send(FRAME.hardware, [0xf8, outcome ? 1 : 0]));
  }

  private request(number: number, data: number[]): void {
    this.asked.push(number);
    const answer = (...bytes: number[]): void => this.send(FRAME.hardware, [number | 0x80, ...bytes]);
    const ok = (): void => this.send(FRAME.hardware, [0xf0]);
    if (number === 0x11) answer(3, 0);
    else if (number === 0x16) answer(...Buffer.from("Heltec V3"));
    else if (number === 0x0b) answer(...this.radio);
    else if (number === 0x0c) answer(this.power);
    else if (number === 0x12) answer(9, 0, 0, 0, 8, 0, 0, 0, 7, 0, 0, 0);
    else if (number === 0x10) answer(0x94, 0xff);
    else if (number === 0x19) this.send(FRAME.hardware, [0x9a, data[0]]);
    else if (number === 0x09 && !this.fixed) {
      this.radio = Buffer.from(data.slice(0, 10));
      ok();
    } else if (number === 0x0a && !this.fixed) {
      this.power = data[0];
      ok();
    } else this.send(FRAME.hardware, [0xf1, 5]);
  }

  private send(type: number, body: Uint8Array | readonly number[]): void {
    const escaped = [...body].flatMap((byte) => (byte === 0xc0 ? [0xdb, 0xdc] : byte === 0xdb ? [0xdb, 0xdd] : [byte]));
    const bytes = Uint8Array.from([0xc0, type, ...escaped, 0xc0]);
    this.clock.after(1, () => {
      if (this.isOpen) this.data(bytes);
    });
  }
}
