import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { RawData, WebSocket } from "ws";
import type { Clock } from "../clock.ts";
import type { RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import { wireMessage } from "../room/message.ts";
import { nameProblem, postProblem, type Room, type Rooms } from "../room/rooms.ts";
import { type ClientFrame, type ErrorCode, MAX_CLIENT_FRAME, parseClientFrame, type Ref } from "./frames.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface ClientParts {
  rooms: Rooms;
  clock: Clock;
  log: Log;
  authRequired: boolean;
  rateLimit: { messagesPerMinute: number; burst: number };
  /** Who has joined what; clients enter and leave by themselves. */
  members: Map<Room, Set<Client>>;
}

/** WebSocket close codes (RFC 6455 section 7.4, IANA registry). */
export const CLOSE = { goingAway: 1001, policy: 1008, tryLater: 1013 } as const;

/** A client that leaves this much unread is dropped; the others never wait for it. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const HELLO_MS = 10_000;
const PING_MS = 30_000;
const RETRY_S = 5;

type Frame = object;

/** One connection of SPEC section 4. */
export class Client {
  readonly id = randomUUID();
  private readonly socket: WebSocket;
  private readonly parts: ClientParts;
  private readonly nonce = randomBytes(32);
  private readonly posts: TokenBucket;
  private name: string | null = null;
  /** Something has come since the last ping. */
  private alive = true;
  private maxUnread = MAX_UNREAD_BYTES;
  private cancelTimer: () => void;

  constructor(socket: WebSocket, parts: ClientParts) {
    const { clock, rateLimit } = parts;
    this.socket = socket;
    this.parts = parts;
    this.posts = new TokenBucket(rateLimit.messagesPerMinute, rateLimit.burst, clock.nowMs());
    this.cancelTimer = clock.after(HELLO_MS, () => this.refuse("bad_request", "no hello came", CLOSE.policy));
    socket.on("message", (data, isBinary) => this.onMessage(data, isBinary));
    socket.on("pong", () => {
      this.alive = true;
    });
    // A broken frame or connection; ws closes by itself, and `close` follows.
    socket.on("error", (error) => parts.log.debug(`client ${this.id}: ${error.message}`));
    socket.on("close", () => {
      this.cancelTimer();
      for (const members of parts.members.values()) members.delete(this);
    });
  }

  hasSaidHello(): boolean {
    return this.name !== null;
  }

  /** Sends a frame that is already text, the same for every client of a room. */
  sendText(frame: string | Buffer): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount > this.maxUnread) {
      this.parts.log.warn(`client ${this.id} was dropped: it does not read`);
      // No farewell: it would only queue behind what is not read.
      this.terminate();
      return;
    }
    this.socket.send(frame, { binary: false });
  }

  /** An error frame and the end. */
  refuse(code: ErrorCode, message: string, closeCode: number): void {
    this.send(errorFrame(code, message, undefined));
    this.close(closeCode, message);
  }

  close(code: number, reason: string): void {
    this.cancelTimer();
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.cancelTimer();
    this.socket.terminate();
  }

  private send(frame: Frame): void {
    this.sendText(JSON.stringify(frame));
  }

  private onMessage(data: RawData, isBinary: boolean): void {
    this.alive = true;
    if (this.socket.readyState !== this.socket.OPEN) return;
    const answer = this.answer(data as Buffer, isBinary);
    if (answer !== null) this.send(answer);
  }

  /** The frame to answer with, null when there is none (yet). */
  private answer(bytes: Buffer, isBinary: boolean): Frame | null {
    if (isBinary) return errorFrame("bad_request", "the frame is not text", undefined);
    if (bytes.length > MAX_CLIENT_FRAME) {
      const problem = `the frame has ${bytes.length} bytes, at most ${MAX_CLIENT_FRAME} are allowed`;
      return errorFrame("bad_request", problem, undefined);
    }
    const parsed = parseClientFrame(bytes.toString("utf8"));
    if (!parsed.ok) return errorFrame("bad_request", parsed.problem, parsed.ref);
    const { frame } = parsed;
    if (frame.type === "hello") return this.hello(frame.name, frame.token, frame.ref);
    if (this.name === null) {
      const code = this.parts.authRequired ? "auth_required" : "bad_request";
      return errorFrame(code, "say hello first", frame.ref);
    }
    const room = this.parts.rooms.get(frame.room);
    if (room === undefined) {
      return errorFrame("unknown_room", `there is no room ${JSON.stringify(frame.room)}`, frame.ref);
    }
    if (frame.type === "join") return this.join(room, frame);
    if (frame.type === "leave") return this.leave(room, frame.ref);
    return this.post(this.name, room, frame);
  }

  private hello(name: string, token: string | undefined, ref: Ref): Frame | null {
    const { authRequired, rooms } = this.parts;
    if (this.name !== null) return errorFrame("bad_request", "hello was said already", ref);
    if (token !== undefined || authRequired) {
      // Tokens do not exist yet, so none can be right.
      if (token !== undefined) this.refuse("auth_failed", "this token is not known here", CLOSE.policy);
      else this.refuse("auth_required", "this server wants a token", CLOSE.policy);
      return null;
    }
    const problem = nameProblem(name);
    if (problem !== null) return errorFrame("bad_request", problem, ref);
    this.name = name;
    this.cancelTimer();
    this.keepAlive();
    return {
      type: "welcome",
      client_id: this.id,
      nonce: this.nonce.toString("hex"),
      rooms: rooms.list.map((room) => ({ name: room.name, private: room.isPrivate, description: room.description })),
    };
  }

  private join(room: Room, { proof, limit, grep, ref }: ClientFrame & { type: "join" }): Frame | null {
    if (room.isPrivate && !this.proves(room, proof)) {
      return errorFrame("proof_failed", `"${room.name}" is private: prove that you hold its key`, ref);
    }
    let joined: string;
    try {
      const history = this.parts.rooms.history(room, { limit, grep }).map(wireMessage);
      joined = JSON.stringify({ type: "joined", room: room.name, history, ref });
    } catch (error) {
      this.parts.log.error(`the history of "${room.name}" cannot be read: ${String(error)}`);
      return unavailableFrame(ref);
    }
    const members = this.parts.members.get(room) ?? new Set();
    this.parts.members.set(room, members.add(this));
    // A long history is no sign of a client that does not read.
    this.maxUnread = Math.max(this.maxUnread, MAX_UNREAD_BYTES + joined.length);
    this.sendText(joined);
    return null;
  }

  private leave(room: Room, ref: Ref): Frame | null {
    const left = this.parts.members.get(room)?.delete(this) ?? false;
    return left ? null : errorFrame("not_joined", `"${room.name}" was not joined`, ref);
  }

  private post(sender: string, room: Room, { text, ref }: ClientFrame & { type: "post" }): Frame | null {
    const { rooms, clock, members } = this.parts;
    if (!members.get(room)?.has(this)) return errorFrame("not_joined", `join "${room.name}" first`, ref);
    const problem = postProblem(room, sender, text);
    if (problem !== null) return failureFrame(problem, ref);
    const waitS = this.posts.take(clock.nowMs());
    if (waitS > 0) {
      const message = `too many messages: the next may come in ${waitS} s`;
      return { ...errorFrame("rate_limited", message, ref), retry_after_s: waitS };
    }
    rooms.post(room, sender, text, "client", (outcome) => {
      this.send(outcome.ok ? { type: "posted", ref, guid: outcome.message.guid } : failureFrame(outcome.error, ref));
    });
    return null;
  }

  /** SPEC section 4: proof = HMAC-SHA256(room key, nonce bytes || UTF-8 room name). */
  private proves(room: Room, proof: string | undefined): boolean {
    const expected = createHmac("sha256", room.key).update(this.nonce).update(room.name, "utf8").digest();
    const given = Buffer.from(proof ?? "", "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private keepAlive(): void {
    this.cancelTimer = this.parts.clock.after(PING_MS, () => {
      if (!this.alive) {
        this.terminate();
        return;
      }
      this.alive = false;
      this.socket.ping();
      this.keepAlive();
    });
  }
}

function errorFrame(code: ErrorCode, message: string, ref: Ref): Frame {
  return { type: "error", code, message, ref };
}

function unavailableFrame(ref: Ref): Frame {
  return { ...errorFrame("unavailable", "the history cannot be used now", ref), retry_after_s: RETRY_S };
}

/** Why a post was refused. What went wrong in our own house is in the log, not in the answer. */
function failureFrame(error: RoomError, ref: Ref): Frame {
  const { code } = error;
  const isTheirs = code === "read_only" || code === "too_long" || code === "bad_request";
  return isTheirs ? errorFrame(code, error.message, ref) : unavailableFrame(ref);
}
