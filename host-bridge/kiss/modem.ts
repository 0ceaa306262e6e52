// The host's end of MeshCore's KISS modem protocol (its docs/kiss_modem_protocol.md).
import { KissDeframer, kissFrame } from "../../protocol/kiss.ts";
import {
  KISS_ANSWER,
  KISS_DATA,
  KISS_ERROR,
  KISS_HARDWARE,
  KISS_OK,
  KISS_REQUESTS,
  KISS_RX_META,
  KISS_TX_BUSY,
  KISS_TX_DONE,
} from "../../protocol/kiss-modem.ts";
import type { BytePort } from "../../simulator/byte-port.ts";
import type { Clock } from "../clock.ts";

/** How a request or a transmission ended: what came, an error code of the protocol, or silence. */
export type Answer = { ok: true; data: Uint8Array } | { ok: false; error: number | "silent" };

export interface ModemHooks {
  /** A packet from the air. Signal in dBm and dB, null where the modem did not tell. */
  packet(packet: Uint8Array, rssi: number | null, snr: number | null): void;
  /** Console text between the frames; a stock modem has none. */
  text(line: string): void;
}

interface Job {
  frame: string;
  /** First bytes of a SetHardware body that end it. */
  answers: readonly number[];
  tries: number;
  timeoutMs: number;
  done(answer: Answer): void;
}

const ANSWER_MS = 2000;
const TRIES = 3;
/** RxMeta follows its packet at once. */
const META_MS = 250;
/** The modem waits for a free channel without end; ours for 20 s. Then there is its time on air and TXtail. */
const SENT_MS = 60_000;
const HALF_FRAME_MS = 1000;
const MAX_LINE = 1000;

/**
 * One thing at a time: an Error does not say which request it answers, so nothing is asked while a packet is on its way
 * out, and the other way round.
 */
export class KissModem {
  private readonly port: BytePort;
  private readonly hooks: ModemHooks;
  private readonly clock: Clock;
  private readonly deframer: KissDeframer;
  private readonly jobs: Job[] = [];
  private current: Job | null = null;
  private waiting: Uint8Array | null = null;
  private line = "";
  private stopped = false;
  private cancelAnswer: () => void = () => undefined;
  private cancelMeta: () => void = () => undefined;
  private cancelDrop: () => void = () => undefined;

  constructor(port: BytePort, hooks: ModemHooks, clock: Clock) {
    this.port = port;
    this.hooks = hooks;
    this.clock = clock;
    this.deframer = new KissDeframer(
      (type, body) => this.onFrame(type, Buffer.from(body, "latin1")),
      (text) => this.onText(text),
    );
  }

  start(): void {
    this.port.onData((bytes) => {
      if (this.stopped) return;
      this.cancelDrop();
      this.deframer.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
      if (!this.stopped && this.deframer.waiting()) {
        this.cancelDrop = this.clock.after(HALF_FRAME_MS, () => this.deframer.drop());
      }
    });
  }

  /** Nothing is called any more, and no timer runs. The port is left to its owner. */
  stop(): void {
    this.stopped = true;
    this.cancelAnswer();
    this.cancelMeta();
    this.cancelDrop();
    this.jobs.length = 0;
    this.current = null;
  }

  badFrames(): number {
    return this.deframer.badEscapes + this.deframer.tooLong;
  }

  isBusy(): boolean {
    return this.current !== null;
  }

  /** A SetHardware request by its name in the protocol. `done` gets what follows the answer's number. */
  ask(name: string, data: readonly number[] | Uint8Array, done: (answer: Answer) => void): void {
    const number = KISS_REQUESTS.indexOf(name) + 1;
    if (number === 0) throw new Error(`bug: no KISS request ${name}`);
    const frame = kissFrame(0, KISS_HARDWARE, Buffer.from([number, ...data]).toString("latin1"));
    // SetSignalReport is answered with what is set, as GetSignalReport is.
    const asked = name === "SetSignalReport" ? KISS_REQUESTS.indexOf("GetSignalReport") + 1 : number;
    const answers = [asked | KISS_ANSWER, KISS_OK, KISS_ERROR];
    this.enqueue({ frame, answers, tries: TRIES, timeoutMs: ANSWER_MS, done });
  }

  /** A whole packet for the air. `done` gets one byte, 1 = it was on the air, 0 = it was not. */
  transmit(packet: Uint8Array, done: (answer: Answer) => void): void {
    const frame = kissFrame(0, KISS_DATA, Buffer.from(packet).toString("latin1"));
    // Not repeated: it may be on the air already.
    this.enqueue({ frame, answers: [KISS_TX_DONE, KISS_ERROR], tries: 1, timeoutMs: SENT_MS, done });
  }

  private enqueue(job: Job): void {
    this.jobs.push(job);
    if (this.current === null) this.proceed();
  }

  private proceed(): void {
    this.current = this.stopped ? null : (this.jobs.shift() ?? null);
    if (this.current !== null) this.send(this.current);
  }

  private send(job: Job): void {
    job.tries--;
    this.cancelAnswer = this.clock.after(job.timeoutMs, () => {
      if (job.tries > 0) this.send(job);
      else this.finish(job, { ok: false, error: "silent" });
    });
    this.port.write(Buffer.from(job.frame, "latin1"));
  }

  private finish(job: Job, answer: Answer): void {
    if (this.current !== job) return;
    this.cancelAnswer();
    this.current = null;
    job.done(answer);
    if (this.current === null) this.proceed();
  }

  private onFrame(type: number, body: Uint8Array): void {
    if (type === KISS_DATA) {
      this.deliver(null, null);
      this.waiting = Uint8Array.from(body);
      this.cancelMeta = this.clock.after(META_MS, () => this.deliver(null, null));
    } else if (type === KISS_HARDWARE && body.length > 0) {
      this.onHardware(body[0], body.subarray(1));
    }
  }

  private onHardware(kind: number, data: Uint8Array): void {
    if (kind === KISS_RX_META) {
      if (data.length >= 2) this.deliver((data[1] << 24) >> 24, ((data[0] << 24) >> 24) / 4);
      return;
    }
    const job = this.current;
    // An answer that came too late belongs to nobody.
    if (job === null || !job.answers.includes(kind)) return;
    if (kind === KISS_ERROR) this.finish(job, { ok: false, error: data[0] ?? KISS_TX_BUSY });
    else this.finish(job, { ok: true, data: Uint8Array.from(data) });
  }

  private deliver(rssi: number | null, snr: number | null): void {
    this.cancelMeta();
    const packet = this.waiting;
    this.waiting = null;
    if (packet !== null && !this.stopped) this.hooks.packet(packet, rssi, snr);
  }

  private onText(text: string): void {
    const lines = (this.line + text).split("\n");
    this.line = (lines.pop() ?? "").slice(-MAX_LINE);
    for (const line of lines) if (line.trim() !== "") this.hooks.text(line.trimEnd().slice(0, MAX_LINE));
  }
}
