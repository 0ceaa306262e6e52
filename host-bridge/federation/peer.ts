import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";
import type { PeerConfig } from "../config/schema.ts";
import type { RoomError } from "../errors.ts";
import type { Certificate } from "./certificate.ts";
import { ALPN, socketError } from "./session.ts";

const DIAL_MS = 5000;
const FIRST_RETRY_MS = 1000;
/** A peer that is back is to be found within ten seconds. */
const MAX_RETRY_MS = 5000;
/** A session that ends sooner counts as an attempt that failed. */
const STEADY_MS = 5000;
/** What only a person can change is looked at less often. */
const HOPELESS_RETRY_MS = 30_000;
const HOPELESS = ["peer_untrusted", "peer_certificate", "peer_too_old", "peer_too_new", "peer_is_self"];

export interface PeerParts {
  config: PeerConfig;
  certificate: Certificate;
  ca: string | null;
  clock: Clock;
  /** 0 up to 1. */
  random(): number;
  /** The TLS handshake is done. */
  dialled(peer: Peer, socket: TLSSocket): void;
  /** It could not be reached. */
  unreachable(peer: Peer, error: RoomError): void;
}

/** One configured peer: is dialled, and dialled again, while there is no session with it, whoever opened that. */
export class Peer {
  readonly config: PeerConfig;
  /** Its number among servers, once it is known. */
  server: string | null = null;
  private readonly parts: PeerParts;
  private attempts = 0;
  private connectedMs: number | null = null;
  private cancel: (() => void) | null = null;
  private socket: TLSSocket | null = null;
  private isStopped = false;

  constructor(parts: PeerParts) {
    this.parts = parts;
    this.config = parts.config;
  }

  start(): void {
    this.dial();
  }

  stop(): void {
    this.isStopped = true;
    this.cancel?.();
    this.socket?.destroy();
  }

  /** There is a session: nothing is dialled until retry(). */
  connected(): void {
    this.connectedMs = this.parts.clock.nowMs();
    this.cancel?.();
    this.cancel = null;
  }

  /** Dials again after a while, which is returned in milliseconds: longer each time, and not at the same moment as others. */
  retry(error: RoomError | null): number {
    if (this.connectedMs !== null && this.parts.clock.nowMs() - this.connectedMs >= STEADY_MS) this.attempts = 0;
    this.connectedMs = null;
    const isHopeless = error !== null && HOPELESS.includes(String(error.cause ?? error.code));
    const most = isHopeless ? HOPELESS_RETRY_MS : MAX_RETRY_MS;
    const waitMs = isHopeless ? most : Math.min(most, FIRST_RETRY_MS * 2 ** this.attempts);
    this.attempts++;
    const delayMs = waitMs * (0.75 + 0.25 * this.parts.random());
    this.cancel?.();
    if (!this.isStopped) this.cancel = this.parts.clock.after(delayMs, () => this.dial());
    return delayMs;
  }

  private dial(): void {
    this.cancel = null;
    const { config, certificate, ca, clock } = this.parts;
    const { host, port } = config.address;
    const socket = connect({
      ...{ host, port, minVersion: "TLSv1.3", ALPNProtocols: [ALPN], cert: certificate.cert, key: certificate.key },
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // Who it is is proven on the connection; an authority is only asked where one is configured.
      ...{ rejectUnauthorized: ca !== null, ca: ca ?? undefined },
    });
    this.socket = socket;
    let isSettled = false;
    const settle = (work: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      cancel();
      if (this.socket === socket) this.socket = null;
      if (!this.isStopped) work();
    };
    const fail = (error: unknown): void => {
      socket.destroy();
      settle(() => this.parts.unreachable(this, socketError(error)));
    };
    const cancel = clock.after(DIAL_MS, () => fail({ code: "ETIMEDOUT" }));
    socket.on("error", fail);
    socket.once("close", () => fail({ code: "ECONNRESET" }));
    socket.once("secureConnect", () => {
      if (socket.alpnProtocol !== ALPN) fail({ code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
      else settle(() => this.parts.dialled(this, socket));
    });
  }
}
