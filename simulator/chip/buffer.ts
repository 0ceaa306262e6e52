/** The chip's 256 bytes for frames, shared by sending and receiving, and what is known of their content. */
export class FrameBuffer {
  txBase: number;
  rxBase: number;
  /** Where the next reception goes, and where the last one is. */
  rxAt: number;
  rxStart: number;
  rxLength: number;
  /** The part that the driver has filled for sending: from, and one past the end. */
  filledFrom: number;
  filledTo: number;
  private readonly data: Uint8Array;

  constructor() {
    this.data = new Uint8Array(256);
    this.txBase = this.rxBase = this.rxAt = this.rxStart = this.rxLength = 0;
    this.filledFrom = this.filledTo = 0;
  }

  setBases(tx: number, rx: number): void {
    this.txBase = tx;
    this.rxBase = this.rxAt = rx;
  }

  /** A payload from the driver, which may come in pieces, each where the last one ended. False: it ran over the end. */
  fill(at: number, bytes: Uint8Array): boolean {
    this.store(at, bytes);
    if (at !== this.filledTo) this.filledFrom = at;
    this.filledTo = at + bytes.length;
    return this.filledTo <= 256;
  }

  /** What the driver had filled for sending is gone. */
  forget(): void {
    this.filledTo = this.filledFrom;
  }

  /** A frame from the air. In continuous reception the next one goes behind it (datasheet 7.2.2), round the end. */
  receive(frame: Uint8Array, single: boolean): void {
    const start = this.rxAt;
    this.store(start, frame);
    this.rxStart = start;
    this.rxLength = frame.length;
    if (!single) this.rxAt = (start + frame.length) & 255;
    if (start < this.filledTo && start + frame.length > this.filledFrom) this.forget();
  }

  /** `count` bytes from `at`, round the end, to the front of `out`. */
  load(at: number, count: number, out: Uint8Array): void {
    const first = Math.min(256 - at, count);
    if (first > 0) out.set(new Uint8Array(this.data.buffer, this.data.byteOffset + at, first));
    if (first < count) out.set(new Uint8Array(this.data.buffer, this.data.byteOffset, count - first), first);
  }

  private store(at: number, bytes: Uint8Array): void {
    const first = Math.min(256 - at, bytes.length);
    // A length of 0 would mean "all that follows" on Espruino.
    if (!first) return;
    this.data.set(new Uint8Array(bytes.buffer, bytes.byteOffset, first), at);
    if (first < bytes.length) {
      this.data.set(new Uint8Array(bytes.buffer, bytes.byteOffset + first, bytes.length - first), 0);
    }
  }
}
