// Port 0 of the serial line: MeshCore's KISS modem (docs/kiss.md). In memory from a host's first frame until its "return".
import { view } from "../../protocol/bytes.ts";
import { KISS_FEND, kissEscaped, kissFrame } from "../../protocol/kiss.ts";
import {
  KISS_DATA,
  KISS_ERROR,
  KISS_FULL_DUPLEX,
  KISS_HARDWARE,
  KISS_MODEM_MAX,
  KISS_PERSISTENCE,
  KISS_RX_META,
  KISS_SLOT_TIME,
  KISS_TX_BUSY,
  KISS_TX_DELAY,
  KISS_TX_DONE,
  KISS_TX_TAIL,
} from "../../protocol/kiss-modem.ts";
import { MAX_PACKET } from "../../protocol/packet.ts";
import type { Adverts } from "../adverts.ts";
import type { Hal } from "../hal.ts";
import type { Mesh, RawPort } from "../mesh.ts";
import type { Settings } from "../settings.ts";
import type { kissCurve } from "./kiss-curve.ts";
import type { kissRequest } from "./kiss-request.ts";

/** The body of an answer, or what comes next on the way to one, in a handler of its own. */
export type KissStep = string | (() => KissStep);

/** Requests that may wait for their turns. */
const MAX_WAITING = 8;
/** Numbers of the requests that kiss-crypto.ts answers, and of those that kiss-curve.ts does. */
const CRYPTO = "\x02\x05\x06";
const CURVE = "\x03\x04\x07";
/** Bytes that one handler has time to escape. */
const PIECE = 128;
/** How often a busy channel is asked. */
const LOOK_MS = 20;
/** So long a frame waits for a radio that sends for others, or is down. */
const RADIO_LIMIT_MS = 20000;
/** After so many times the longest frame a busy channel is taken for broken (MeshCore's KissModem). */
const PATIENCE = 1.5;

/** `request` gets the part that answers a request; `curve` the one for those that take the curve, null where the board has none. */
export function kissModem(
  hal: Hal,
  mesh: Mesh,
  settings: Settings,
  adverts: Adverts,
  request: (isCrypto: boolean) => (...of: Parameters<typeof kissRequest>) => KissStep,
  curve: (() => typeof kissCurve) | null,
): RawPort {
  /** By the command that sets it; times in 10 ms. */
  const params = [0, 50, 63, 10, 0, 0];
  /** One at a time, from its arrival until TxDone. */
  let frame: Uint8Array | null = null;
  let isOnAir = false;
  let sinceMs = 0;
  const requests: string[] = [];
  /** What was made ready of an answer. */
  let escaped = "";

  /** The host is still there: after its "return" nothing more is sent, neither to it nor on the air. */
  const isOpen = (): boolean => mesh.raw === port;
  const send = (type: number, body: string): void => {
    if (isOpen()) hal.print(kissFrame(0, type, body));
  };
  const event = (code: number, value: number): void => send(KISS_HARDWARE, String.fromCharCode(code, value));

  const finish = (sent: boolean): void => {
    isOnAir = false;
    hal.after(
      () => {
        frame = null;
        event(KISS_TX_DONE, sent ? 1 : 0);
      },
      params[KISS_TX_TAIL] * 10 + 1,
    );
  };

  const transmit = (): void => {
    if (!isOpen()) return;
    // The end may come before we are told of the beginning.
    isOnAir = true;
    const started = mesh.sendRaw(frame as Uint8Array);
    if (started > 0) return;
    isOnAir = false;
    if (started < 0 || hal.nowMs() - sinceMs > RADIO_LIMIT_MS) finish(false);
    else hal.after(transmit, LOOK_MS);
  };

  const keyUp = (): void => {
    sinceMs = hal.nowMs();
    hal.after(transmit, params[KISS_TX_DELAY] * 10 + 1);
  };

  /** p-persistent CSMA. */
  const listen = (): void => {
    if (!isOpen()) return;
    const radio = mesh.radio;
    if (radio.isReceiving() && radio.isClear() && !radio.isLoud()) {
      if ((hal.random() & 255) <= params[KISS_PERSISTENCE]) {
        keyUp();
      } else {
        hal.after(startListening, params[KISS_SLOT_TIME] * 10 + 1);
      }
    } else if (hal.nowMs() - sinceMs >= PATIENCE * mesh.airMs(MAX_PACKET)) {
      keyUp();
    } else {
      hal.after(listen, LOOK_MS);
    }
  };

  const startListening = (): void => {
    sinceMs = hal.nowMs();
    listen();
  };

  /**
   * Getting the part and running it are handlers of their own, and so is each step. What waited when the host returned is forgotten:
   * at the curve it would take the place of the next host's request.
   */
  const answerNext = (): void => {
    if (!isOpen()) return;
    const text = requests[0];
    const isOf = (numbers: string): boolean => numbers.indexOf(text.charAt(0)) >= 0;
    if (curve && isOf(CURVE)) {
      const run = curve();
      hal.after(() => {
        if (isOpen()) run(adverts, text, answer);
      }, 1);
    } else {
      const run = request(isOf(CRYPTO));
      take(() => run(hal, mesh, settings, port, text));
    }
  };
  const take = (step: KissStep): void => {
    if (typeof step === "string") answer(step);
    else hal.after(() => take(step()), 1);
  };
  const answer = (body: string): void => {
    escaped += kissEscaped(body.substr(0, PIECE));
    if (body.length > PIECE) {
      hal.after(() => answer(body.substr(PIECE)), 1);
      return;
    }
    if (isOpen()) hal.print(KISS_FEND + String.fromCharCode(KISS_HARDWARE) + escaped + KISS_FEND);
    escaped = "";
    requests.shift();
    if (requests.length) hal.after(answerNext, 1);
  };

  const port: RawPort = {
    report: true,

    receive(command, body) {
      const size = body.length;
      if (!size || size >= KISS_MODEM_MAX) return;
      if (command === KISS_DATA) {
        if (frame) {
          event(KISS_ERROR, KISS_TX_BUSY);
        } else if (size <= MAX_PACKET) {
          frame = hal.toBytes(body);
          hal.after(params[KISS_FULL_DUPLEX] ? keyUp : startListening, 1);
        }
      } else if (command < KISS_HARDWARE) {
        params[command] = body.charCodeAt(0);
      } else if (command > KISS_HARDWARE) {
        // Of a KISS that we do not speak.
        return;
      } else if (requests.length >= MAX_WAITING) {
        event(KISS_ERROR, KISS_TX_BUSY);
      } else {
        requests.push(body);
        if (requests.length === 1) hal.after(answerNext, 1);
      }
    },

    onFrame(bytes, at, length) {
      const signal = mesh.radio.signal;
      hal.after(() => {
        send(KISS_DATA, hal.toText(view(bytes, at, length)));
        if (port.report) send(KISS_HARDWARE, String.fromCharCode(KISS_RX_META, (signal >> 16) & 255, signal & 255));
      }, 1);
    },

    onSent(sent) {
      if (isOnAir) finish(sent);
    },
  };
  return port;
}
