import { airtimeMs, type RadioSettings } from "../../protocol/airtime.ts";
import { readU32, writeU32 } from "../../protocol/bytes.ts";
import { KISS_TX_BUSY, KISS_UNKNOWN_COMMAND } from "../../protocol/kiss-modem.ts";
import { encodePacket, ROUTE_FLOOD, TYPE_GRP_TXT } from "../../protocol/packet.ts";
import { utf8Decode } from "../../protocol/utf8.ts";
import type { BytePort } from "../../simulator/byte-port.ts";
import type { Clock } from "../clock.ts";
import type { AirBudget } from "../link/air-budget.ts";
import type { Session } from "../link/port-keeper.ts";
import type { Post } from "../link/state.ts";
import { type Answer, KissModem } from "./modem.ts";

export interface KissFigures {
  rx: number;
  tx: number;
  errors: number;
}

export interface KissHooks {
  up(name: string, version: number): void;
  packet(packet: Uint8Array, rssi: number | null, snr: number | null): void;
  takePosts(count: number): Post[];
  aired(id: number, isKnown: boolean): void;
  unsendable(id: number, why: string): void;
  figures(figures: KissFigures): void;
  noiseFloor(dbm: number): void;
  /** The transmission of this packet begins. */
  sending(packet: Uint8Array): void;
  log(level: "debug" | "info" | "warn", text: string): void;
  ended(reason: string, hint: string | null): void;
}

const POLL_MS = 10_000;
/** After a transmission that the modem could not make, and while it is busy with that of somebody else. */
const FAILED_MS = 10_000;
const BUSY_MS = 1000;
/** The time on air is reckoned here, the modem's own clock and preamble may differ a little. */
const MARGIN_MS = 5;

/**
 * A conversation with a KISS modem: who is there, its radio as configured, and then packets both ways. The hour's budget
 * is the host's, for the modem has none.
 */
export class KissSession implements Session {
  private readonly port: BytePort;
  private readonly radio: RadioSettings;
  private readonly budget: AirBudget;
  private readonly hooks: KissHooks;
  private readonly clock: Clock;
  private readonly modem: KissModem;
  private isUpNow = false;
  private ended = false;
  private post: { post: Post; packet: Uint8Array; airMs: number } | null = null;
  private cancelPoll: () => void = () => undefined;
  private cancelPost: () => void = () => undefined;

  constructor(port: BytePort, radio: RadioSettings, budget: AirBudget, hooks: KissHooks, clock: Clock) {
    this.port = port;
    this.radio = radio;
    this.budget = budget;
    this.hooks = hooks;
    this.clock = clock;
    this.modem = new KissModem(
      port,
      {
        packet: (packet, rssi, snr) => this.hooks.packet(packet, rssi, snr),
        text: (line) => hooks.log("debug", `says: ${line}`),
      },
      clock,
    );
  }

  start(): void {
    this.port.onClose((reason) => this.end(reason));
    this.modem.start();
    this.modem.ask("GetVersion", [], (version) => {
      if (!version.ok && version.error === "silent") {
        this.end(
          "it does not answer as a KISS modem",
          "flash MeshCore's KISS modem, or use type: serial for a board of ours",
        );
        return;
      }
      this.modem.ask("GetDeviceName", [], (name) =>
        this.setRadio(() => this.goUp(name.ok ? utf8Decode(name.data) : "", version.ok ? version.data[0] : 0)),
      );
    });
  }

  /** Closes the port; `ended` is not called. */
  stop(): void {
    if (this.ended) return;
    this.ended = true;
    this.cancelPoll();
    this.cancelPost();
    this.modem.stop();
    this.port.close();
  }

  isUp(): boolean {
    return this.isUpNow && !this.ended;
  }

  badFrames(): number {
    return this.modem.badFrames();
  }

  /** Packets that wait for the air here. */
  queue(): number {
    return this.post === null ? 0 : 1;
  }

  /** Sends the next post, when there is one and nothing else is on its way. */
  offer(): void {
    if (!this.isUp() || this.post !== null) return;
    const [post] = this.hooks.takePosts(1);
    if (post === undefined) return;
    const packet = encodePacket({ route: ROUTE_FLOOD, type: TYPE_GRP_TXT, payload: post.payload });
    this.post = { post, packet, airMs: Math.ceil(airtimeMs(this.radio, packet.length)) + MARGIN_MS };
    this.tryPost();
  }

  /** Settings that differ are set and read again; a modem that cannot is to be set by hand, and says so. */
  private setRadio(next: () => void): void {
    const { freqHz, bwHz, sf, cr, powerDbm } = this.radio;
    const wanted = new Uint8Array(10);
    writeU32(wanted, 0, freqHz);
    writeU32(wanted, 4, bwHz);
    wanted.set([sf, cr], 8);
    this.set(
      "Radio",
      wanted,
      (found) => {
        const says = found.length < 10 ? "" : radioText(found);
        return `its radio is not as configured: expected ${radioText(wanted)}, found ${says}`;
      },
      () => {
        this.set(
          "TxPower",
          Uint8Array.of(powerDbm & 255),
          (found) => {
            return `its transmit power is not as configured: expected ${powerDbm} dBm, found ${(found[0] << 24) >> 24} dBm`;
          },
          next,
        );
      },
    );
  }

  private set(what: "Radio" | "TxPower", wanted: Uint8Array, problem: (found: Uint8Array) => string, next: () => void) {
    const same = (answer: Answer) => answer.ok && wanted.every((byte, at) => answer.data[at] === byte);
    this.modem.ask(`Get${what}`, [], (before) => {
      if (same(before)) {
        next();
        return;
      }
      this.modem.ask(`Set${what}`, wanted, (result) => {
        this.modem.ask(`Get${what}`, [], (after) => {
          if (!same(after)) {
            const cannot = !after.ok || (!result.ok && result.error === KISS_UNKNOWN_COMMAND);
            this.hooks.log(
              "warn",
              cannot ? `does not let its ${what} be set; set it on the modem` : problem(after.ok ? after.data : wanted),
            );
          }
          next();
        });
      });
    });
  }

  private goUp(name: string, version: number): void {
    this.modem.ask("SetSignalReport", [1], () => {
      if (this.ended) return;
      this.isUpNow = true;
      this.hooks.up(name, version);
      this.poll();
      this.offer();
    });
  }

  private poll(): void {
    this.cancelPoll = this.clock.after(POLL_MS, () => this.poll());
    // Behind a transmission that takes long there is nothing to be learnt from asking twice.
    if (this.modem.isBusy()) return;
    this.modem.ask("GetStats", [], (answer) => {
      if (!answer.ok) {
        if (answer.error === "silent") this.end("it does not answer any more");
        return;
      }
      const { data } = answer;
      if (data.length >= 12)
        this.hooks.figures({ rx: readU32(data, 0), tx: readU32(data, 4), errors: readU32(data, 8) });
      this.modem.ask("GetNoiseFloor", [], (noise) => {
        // 0 until it was measured.
        const dbm = noise.ok && noise.data.length >= 2 ? ((noise.data[0] | (noise.data[1] << 8)) << 16) >> 16 : 0;
        if (dbm !== 0) this.hooks.noiseFloor(dbm);
      });
    });
  }

  private tryPost(): void {
    const job = this.post;
    if (job === null || this.ended) return;
    const nowMs = this.clock.nowMs();
    if (nowMs >= (job.post.untilMs ?? Number.POSITIVE_INFINITY)) {
      this.post = null;
      this.hooks.unsendable(job.post.id, "it is too old by now");
      this.offer();
      return;
    }
    const waitMs = this.budget.waitMs(job.airMs, nowMs);
    if (waitMs === Number.POSITIVE_INFINITY) {
      this.post = null;
      this.hooks.unsendable(job.post.id, "it takes more time on the air than duty_cycle_percent allows in an hour");
      this.offer();
      return;
    }
    if (waitMs > 0) {
      this.hooks.log("debug", `waits ${Math.ceil(waitMs / 1000)} s for its share of the air`);
      this.retry(waitMs);
      return;
    }
    this.hooks.sending(job.packet);
    this.modem.transmit(job.packet, (answer) => this.onSent(answer, job.airMs));
  }

  private onSent(answer: Answer, airMs: number): void {
    const job = this.post;
    if (job === null) return;
    if (!answer.ok && answer.error === KISS_TX_BUSY) {
      this.retry(BUSY_MS);
      return;
    }
    if (answer.ok && answer.data[0] === 0) {
      this.hooks.log("debug", "could not transmit; trying again");
      this.retry(FAILED_MS);
      return;
    }
    // Without an answer it may have been on the air: that counts, and once more does no harm, everyone knows the packet.
    this.budget.spend(airMs, this.clock.nowMs());
    if (!answer.ok) {
      this.hooks.log("warn", "did not say whether it has transmitted; trying again");
      this.retry(FAILED_MS);
      return;
    }
    this.post = null;
    this.hooks.aired(job.post.id, false);
    this.offer();
  }

  private retry(delayMs: number): void {
    this.cancelPost = this.clock.after(delayMs, () => this.tryPost());
  }

  private end(reason: string, hint: string | null = null): void {
    if (this.ended) return;
    this.stop();
    this.hooks.ended(reason, hint);
  }
}

function radioText(bytes: Uint8Array): string {
  return `${readU32(bytes, 0) / 1e6} MHz, ${readU32(bytes, 4) / 1e3} kHz, SF${bytes[8]}, 4/${bytes[9]}`;
}
