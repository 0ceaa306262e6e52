import type { TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";
import { RoomError } from "../errors.ts";
import { VERSION } from "../files.ts";
import { fingerprintOf } from "./certificate.ts";
import { channelOf, isProof, type PairKey, proofOf, type Role } from "./proof.ts";
import { decodeBody, encodeFrame, FrameReader, MAX_FRAME, type WireMessage, type WireName } from "./wire.ts";

/** The versions of the protocol that this one speaks. */
const OLDEST = 1;
const NEWEST = 1;
export const ALPN = "meshcore-federation/1";

/** Strangers get so many bytes a frame, and so long to prove who they are. */
const MAX_STRANGE_FRAME = 1024;
const HANDSHAKE_MS = 5000;
const PING_MS = 4000;
const SILENT_MS = 10_000;
/** Messages that wait for the disk; beyond, nothing more is read. */
const MAX_HELD = 64;

/** Who is at the other end, proven. */
export interface Identity {
  /** Its number among servers, 32 hex digits. */
  server: string;
  name: string;
  software: string;
  /** The secret that both have. */
  key: PairKey;
  /** Of the certificate it showed; null when it showed none. */
  fingerprint: string | null;
}

interface SessionParts {
  /** This server's number and name. */
  server: string;
  name: string;
  clock: Clock;
  /** The secrets that would do; one that dials has only its peer's. */
  keys: readonly PairKey[];
  /** Says why somebody with this secret and certificate must not come in; null when he may. */
  objection(key: PairKey, fingerprint: string | null): RoomError | null;
  /** The peer has proven itself and answered an echo. Not called where the session fails before. */
  opened(session: Session, peer: Identity): void;
  /** Once, also for a session that never opened. Null: we closed it. */
  closed(session: Session, error: RoomError | null): void;
}

/** One TLS connection to another server, from its first byte on. Whoever opened it, messages go both ways. */
export class Session {
  readonly role: Role;
  readonly channel: Buffer;
  /** Of the last echo. */
  latencyMs: number | null = null;
  bytesSent = 0;
  /** Takes what comes after the handshake; may throw RoomError. */
  onMessage: (message: WireMessage) => void = () => undefined;
  /** The socket takes more again. */
  onDrain: () => void = () => undefined;
  private readonly socket: TLSSocket;
  private readonly parts: SessionParts;
  private readonly reader = new FrameReader();
  private expected: WireName | null = "hello";
  private theirs = "";
  private key: PairKey | null = null;
  private peer: Identity | null = null;
  private isOpen = false;
  private isClosed = false;
  private held = 0;
  private pings = 0;
  private pingedMs = 0;
  private heardMs: number;
  private cancel: () => void;

  /** `socket` has ended its TLS handshake. */
  constructor(socket: TLSSocket, role: Role, parts: SessionParts) {
    this.socket = socket;
    this.role = role;
    this.parts = parts;
    this.channel = channelOf(socket);
    this.heardMs = parts.clock.nowMs();
    this.cancel = parts.clock.after(HANDSHAKE_MS, () => this.fail(silent("it did not say who it is")));
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    socket.on("drain", () => this.onDrain());
    socket.on("error", (error) => this.end(socketError(error)));
    socket.on("close", () => this.end(new RoomError("peer_closed", "connection closed")));
    this.send({ name: "hello", oldest: OLDEST, newest: NEWEST, server: parts.server });
  }

  /** False when the socket wants no more before onDrain. */
  send(message: WireMessage): boolean {
    if (this.isClosed) return false;
    const frame = encodeFrame(message);
    this.bytesSent += frame.length;
    return this.socket.write(frame);
  }

  /** What is sent until the returned function is called goes out in one piece. */
  cork(): () => void {
    this.socket.cork();
    return () => this.socket.uncork();
  }

  /** Something that came waits for the disk, until the returned function is called. */
  hold(): () => void {
    if (++this.held === MAX_HELD) this.socket.pause();
    return () => {
      this.heardMs = this.parts.clock.nowMs();
      if (this.held-- === MAX_HELD && !this.isClosed) this.socket.resume();
    };
  }

  /** Is it still there? If not, this ends within two seconds. */
  probe(): void {
    this.ping();
    const asked = this.pings;
    this.parts.clock.after(2000, () => {
      if (this.pingedMs !== 0 && this.pings === asked) this.fail(silent("no answer"));
    });
  }

  /** Says why, and closes. `closed` is called with null. */
  close(code: string, sentence: string): void {
    this.bye(code, sentence);
    this.end(null);
  }

  /** The other side did what no server does, or this one cannot go on. */
  fail(error: RoomError): void {
    this.bye(error.code, error.message);
    this.end(error);
  }

  private bye(code: string, sentence: string): void {
    if (this.isClosed) return;
    this.socket.end(encodeFrame({ name: "bye", code, sentence: sentence.slice(0, 80) }));
  }

  private end(error: RoomError | null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.cancel();
    // What was said last still goes out; a peer that does not read it is cut off.
    const { socket } = this;
    const cut = this.parts.clock.after(500, () => socket.destroy());
    socket.once("close", cut);
    if (socket.destroyed) cut();
    socket.resume();
    this.parts.closed(this, error);
  }

  private read(chunk: Buffer): void {
    if (this.isClosed) return;
    this.heardMs = this.parts.clock.nowMs();
    try {
      for (const body of this.reader.push(chunk, this.peer === null ? MAX_STRANGE_FRAME : MAX_FRAME)) {
        const message = decodeBody(body);
        if (message !== null) this.take(message);
        if (this.isClosed) return;
      }
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.fail(error);
    }
  }

  private take(message: WireMessage): void {
    if (message.name === "bye") this.end(byeError(message.code, message.sentence));
    else if (this.expected !== null) this.shake(message);
    else this.takeOpen(message);
  }

  private takeOpen(message: WireMessage): void {
    switch (message.name) {
      case "ping":
        this.send({ name: "pong", token: message.token });
        return;
      case "pong":
        if (message.token !== this.pings || this.pingedMs === 0) return;
        this.latencyMs = Math.max(0, this.parts.clock.nowMs() - this.pingedMs);
        this.pingedMs = 0;
        if (!this.isOpen) this.open();
        return;
      default:
        this.onMessage(message);
    }
  }

  private shake(message: WireMessage): void {
    if (message.name !== this.expected) throw new RoomError("peer_malformed", `it sent ${message.name} too early`);
    const { server, name } = this.parts;
    if (message.name === "hello") {
      checkVersion(message.oldest, message.newest);
      if (message.server === server) throw new RoomError("peer_is_self", "it is this server itself");
      this.theirs = message.server;
      this.expected = "proof";
      // Who listens does not answer strangers, so that nobody gets a proof to guess secrets by.
      if (this.role === "dial") this.prove(this.parts.keys[0]);
    } else if (message.name === "proof") {
      const role = this.role === "dial" ? "listen" : "dial";
      this.key = this.parts.keys.find(({ key }) => isProof(message.mac, this.proof(key, role))) ?? null;
      if (this.key === null) throw new RoomError("peer_untrusted", "it does not have our secret");
      const objection = this.parts.objection(this.key, this.fingerprint());
      if (objection !== null) throw objection;
      if (this.role === "listen") this.prove(this.key);
      this.expected = "ready";
      this.send({ name: "ready", label: name, software: `meshcore-room ${VERSION}` });
    } else if (message.name === "ready" && this.key !== null) {
      const { label, software } = message;
      this.peer = { server: this.theirs, name: label, software, key: this.key, fingerprint: this.fingerprint() };
      this.expected = null;
      this.ping();
    }
  }

  private open(): void {
    if (this.peer === null) throw new Error("bug: an open session without a peer");
    this.isOpen = true;
    this.cancel();
    const tick = (): void => {
      this.cancel = this.parts.clock.after(PING_MS, tick);
      const isReading = this.held < MAX_HELD;
      if (isReading && this.parts.clock.nowMs() - this.heardMs > SILENT_MS) this.fail(silent("no answer"));
      else this.ping();
    };
    this.cancel = this.parts.clock.after(PING_MS, tick);
    this.parts.opened(this, this.peer);
  }

  private ping(): void {
    this.pings++;
    this.pingedMs = this.parts.clock.nowMs();
    this.send({ name: "ping", token: this.pings });
  }

  private prove(key: PairKey): void {
    this.send({ name: "proof", mac: this.proof(key.key, this.role) });
  }

  private proof(key: Buffer, role: Role): Buffer {
    const { server } = this.parts;
    const [dialler, listener] = this.role === "dial" ? [server, this.theirs] : [this.theirs, server];
    return proofOf(key, role, this.channel, dialler, listener);
  }

  private fingerprint(): string | null {
    const { raw } = this.socket.getPeerCertificate();
    return raw === undefined ? null : fingerprintOf(raw);
  }
}

function checkVersion(oldest: number, newest: number): void {
  const found = `version ${newest} of the protocol`;
  const expected = OLDEST === NEWEST ? `version ${NEWEST}` : `version ${OLDEST} to ${NEWEST}`;
  if (newest < OLDEST) {
    throw new RoomError("peer_too_old", "it speaks an older version of the protocol: update meshcore-room there", {
      expected,
      found,
    });
  }
  if (oldest > NEWEST) {
    throw new RoomError("peer_too_new", "it speaks a newer version of the protocol: update meshcore-room here", {
      expected,
      found,
    });
  }
}

const silent = (sentence: string): RoomError => new RoomError("peer_silent", sentence);

/** Our own words for the reasons that we know; what else it says is quoted. */
const BYES: Record<string, string> = {
  peer_untrusted: "it does not accept our secret",
  peer_certificate: "it does not accept our certificate",
  peer_too_old: "it speaks a newer version of the protocol: update meshcore-room here",
  peer_too_new: "it speaks an older version of the protocol: update meshcore-room there",
  peer_is_self: "it is this server itself",
  stopping: "it is stopping",
  duplicate: "there is another connection",
  peer_checked: "it only looked whether the secret fits",
  rooms: "its rooms have changed",
};

function byeError(code: string, sentence: string): RoomError {
  const own = BYES[code];
  return new RoomError("peer_closed", own ?? `it said: ${JSON.stringify(sentence)}`, { cause: own && code });
}

const SYSTEM: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ETIMEDOUT: "no answer",
  EHOSTUNREACH: "no way to its address",
  ENETUNREACH: "no way to its address",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up now",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "no room server, or one of another version",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS",
};

/** A failure of the connection in words. */
export function socketError(error: unknown): RoomError {
  const { code, message } = error as NodeJS.ErrnoException;
  const sentence = SYSTEM[code ?? ""] ?? (code === undefined ? message : `${code}: ${message}`.slice(0, 160));
  return new RoomError("peer_unreachable", sentence, { cause: error });
}
