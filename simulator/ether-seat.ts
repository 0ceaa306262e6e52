// Where a station sits at the ether: what it sends, how it is tuned, which frame it is locked on to.
import { airtimeMs } from "../protocol/airtime.ts";
import type { ChipRadio } from "./chip/radio.ts";
import type { Ether, EtherSeat, Station } from "./ether.ts";
import { meshcoreRadio, type Position } from "./propagation.ts";

/** Frames that a station may have waiting. */
const MAX_QUEUE = 20_000;
/** A frame on the air. */
export interface Flight {
  readonly from: Seat;
  readonly frame: Uint8Array;
  readonly radio: ChipRadio;
  readonly airMs: number;
  readonly start: number;
  readonly preambleEnd: number;
  readonly headerEnd: number;
  /** Earlier than planned when the frame is cut off. */
  end: number;
  readonly power: Map<Seat, number>;
  aborted: boolean;
}

/** A station's place, as the ether keeps it. */
export class Seat implements EtherSeat {
  readonly queue: { frame: Uint8Array; radio: ChipRadio; airMs: number }[] = [];
  readonly station: Station;
  position: Position | undefined;
  /** A chip's tuning; for stations the one of its last own frame. */
  tuned: ChipRadio | null = null;
  listening = false;
  since = 0;
  sending: Flight | null = null;
  lock: Flight | null = null;
  leaving = false;
  /** It was waited for in vain; nobody waits again until it has caught up. */
  excused = false;
  shownLevel: number | null = null;
  private readonly ether: Ether;

  constructor(ether: Ether, station: Station) {
    this.ether = ether;
    this.station = station;
    this.position = station.position;
    this.since = ether.clock.nowMs();
  }

  transmit(frame: Uint8Array, radio?: ChipRadio, airMs?: number): void {
    if (this.queue.length >= MAX_QUEUE) throw new RangeError(`${MAX_QUEUE} frames are waiting already`);
    const settings = radio ?? meshcoreRadio(this.ether.radio);
    this.queue.push({ frame, radio: settings, airMs: airMs ?? airtimeMs(settings, frame.length) });
    if (!this.sending) this.ether.beginNext(this);
  }

  abort(): void {
    if (this.sending) this.ether.cutOff(this.sending);
  }

  listen(radio: ChipRadio | null): void {
    this.lock = null;
    this.listening = radio !== null;
    if (radio) this.ether.tune(this, radio);
  }

  move(position: Position): void {
    this.position = position;
  }

  isChannelBusy(): boolean {
    return this.sending !== null || this.ether.level(this) !== null;
  }

  leave(afterSending = false): void {
    if (afterSending && this.sending) this.leaving = true;
    else this.ether.remove(this);
  }
}
