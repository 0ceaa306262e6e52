import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { Asker } from "../auth/asker.ts";
import { type Gate, Wait } from "../auth/gate.ts";
import { mayDo, maySee, type Principal, seesAll } from "../auth/principal.ts";
import type { Clock } from "../clock.ts";
import type { ClientsConfig } from "../config/schema.ts";
import { RoomError } from "../errors.ts";
import type { Log } from "../log.ts";
import { wireMessage } from "../room/message.ts";
import { nameProblem, postProblem } from "../room/post-problem.ts";
import type { Room, Rooms } from "../room/rooms.ts";
import {
  type ClientFrame,
  type ErrorCode,
  MAX_CLIENT_FRAME,
  PING_FRAME,
  parseClientFrame,
  type Ref,
  textFrame,
} from "./frames.ts";
import type { Participant } from "./status.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface ClientParts {
  rooms: Rooms;
  clock: Clock;
  log: Log;
  gate: Gate;
  /** `clients` of the configuration as it is now. */
  settings: () => ClientsConfig;
  topic: (room: Room) => string;
  participants: (room: Room) => Participant[];
  /** Counts an error that a client is told. */
  refused: (code: string) => void;
  /** Who has joined what; clients enter and leave by themselves. */
  members: Map<Room, Set<Client>>;
}

/** WebSocket close codes (RFC 6455 section 7.4, IANA registry). */
export const CLOSE = { goingAway: 1001, policy: 1008, tryLater: 1013 } as const;

const HELLO_MS = 10_000;
const RETRY_S = 5;
/** Frames of any kind: what a client may send at once and on average, beyond what its posts need. */
const FRAMES = { perMinute: 60, burst: 200 };
/** Messages of a history that cost as much work as one frame. */
const HISTORY_PER_FRAME = 5;
/** Who has to wait waits for as long at least: what then is answered together costs far less than one by one. */
const MIN_PAUSE_MS = 3000;
/** Frames that may wait; they were read from the connection before it could be paused. */
const MAX_HELD = 1000;
/** Stands in for the key of a room that is not there, so that a wrong proof takes as long. */
const NO_KEY = randomBytes(32);

type Frame = object;

/** One WebSocket connection. */
export class Client {
  readonly id = randomUUID();
  private readonly socket: WebSocket;
  private readonly wire: Duplex;
  private readonly asker: Asker;
  private readonly parts: ClientParts;
  private readonly nonce = randomBytes(32);
  private readonly posts = new TokenBucket();
  private readonly frames = new TokenBucket();
  private principal: Principal | null = null;
  private name: string | null = null;
  /** Why it is not read from now: a token is being checked, or it sent too much. */
  private pauses = 0;
  /** What came all the same. */
  private held: [data: Buffer, isBinary: boolean][] = [];
  /** In frames: what the one that is being answered costs. */
  private cost = 0;
  /** Monotonic ms of the last sign of life. */
  private heardMs: number;
  private moreUnread = 0;
  private cancelTimer: () => void;
  private cancelPause: () => void = () => undefined;

  /** `wire` is what `socket` talks over. */
  constructor(socket: WebSocket, wire: Duplex, asker: Asker, parts: ClientParts) {
    const { clock } = parts;
    this.socket = socket;
    this.wire = wire;
    this.asker = asker;
    this.parts = parts;
    this.heardMs = clock.nowMs();
    this.cancelTimer = clock.after(HELLO_MS, () => this.refuse("bad_request", "no hello came", CLOSE.policy));
    socket.on("message", (data, isBinary) => this.onMessage(data, isBinary));
    socket.on("pong", () => {
      this.heardMs = clock.nowMs();
    });
    // A broken frame or connection; ws closes by itself, and `close` follows.
    socket.on("error", (error) => parts.log.debug(`client ${this.id}: ${error.message}`));
    socket.on("close", () => {
      this.cancelTimer();
      this.cancelPause();
      for (const members of parts.members.values()) members.delete(this);
    });
  }

  /** The name it gave, null before its hello. */
  sender(): string | null {
    return this.name;
  }

  /** Sends frames as textFrame() made them, the same bytes for every client of a room. */
  sendFrame(bytes: Buffer): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.wire.writableLength > this.parts.settings().sendQueueKb * 1024 + this.moreUnread) {
      this.drop("it does not read");
      return;
    }
    // Past ws, which would make a header and two writes of it for each client. It keeps nothing back that could be overtaken.
    this.wire.write(bytes);
  }

  /** Ends the connection when the token it was opened with has been revoked or is over. */
  checkRights(): void {
    if (this.principal === null || this.parts.gate.stillStands(this.principal)) return;
    this.refuse("auth_failed", "this token is no longer good", CLOSE.policy);
  }

  /** An error frame and the end. */
  refuse(code: ErrorCode, message: string, closeCode: number, ref?: Ref): void {
    this.send(errorFrame(code, message, ref));
    this.close(closeCode, message);
  }

  close(code: number, reason: string): void {
    this.cancelTimer();
    this.socket.close(code, reason);
    // Its answer to that has to be read.
    this.socket.resume();
  }

  terminate(): void {
    this.cancelTimer();
    this.socket.terminate();
  }

  /** The end without a farewell, which would only queue behind what is not read. */
  private drop(why: string): void {
    this.parts.log.warn(`client ${this.id} was dropped: ${why}`);
    this.terminate();
  }

  private send(frame: Frame): void {
    if ("code" in frame) this.parts.refused(String(frame.code));
    this.sendFrame(textFrame(JSON.stringify(frame)));
  }

  private onMessage(data: RawData, isBinary: boolean): void {
    this.heardMs = this.parts.clock.nowMs();
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.pauses === 0) this.take(data as Buffer, isBinary);
    else if (this.held.length < MAX_HELD) this.held.push([data as Buffer, isBinary]);
    else this.drop("it sends too much");
  }

  private take(bytes: Buffer, isBinary: boolean): void {
    this.cost = 1;
    const answer = this.answer(bytes, isBinary);
    if (answer !== null) this.send(answer);
    // Who sends without end is read more slowly; TCP makes him wait, and nobody else does.
    const { clock, settings } = this.parts;
    const { messagesPerMinute, burst } = settings().rateLimit;
    const rate = { perMinute: FRAMES.perMinute + 2 * messagesPerMinute, burst: FRAMES.burst + 2 * burst };
    const waitMs = this.frames.spend(clock.nowMs(), rate, this.cost);
    if (waitMs === 0) return;
    this.pause();
    this.cancelPause = clock.after(Math.max(waitMs, MIN_PAUSE_MS), () => this.goOn());
  }

  private pause(): void {
    this.pauses++;
    this.socket.pause();
  }

  private goOn(): void {
    this.pauses--;
    this.wire.cork();
    while (this.pauses === 0 && this.socket.readyState === this.socket.OPEN) {
      const next = this.held.shift();
      if (next === undefined) break;
      this.take(...next);
    }
    this.wire.uncork();
    if (this.pauses > 0) return;
    this.heardMs = this.parts.clock.nowMs();
    this.socket.resume();
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
    const { name, principal } = this;
    if (name === null || principal === null) {
      const code = this.parts.gate.isRequired() ? "auth_required" : "bad_request";
      return errorFrame(code, "say hello first", frame.ref);
    }
    if (frame.type === "join") return this.join(principal, frame);
    const room = this.parts.rooms.get(frame.room);
    // Who has joined knows that the room is there, also where lists do not show it to him.
    if (room === undefined || !(maySee(principal, room) || this.isIn(room))) return unknownRoom(frame.room, frame.ref);
    if (frame.type === "leave") return this.leave(room, frame.ref);
    if (frame.type === "participants") return this.participants(room, frame.ref);
    return this.post(principal, name, room, frame);
  }

  private hello(name: string, token: string | undefined, ref: Ref): Frame | null {
    const { gate } = this.parts;
    if (this.name !== null) return errorFrame("bad_request", "hello was said already", ref);
    if (token !== undefined) {
      this.pause();
      void this.login(name, token, ref);
      return null;
    }
    if (gate.isRequired()) {
      this.refuse("auth_required", "this server wants a token", CLOSE.policy, ref);
      return null;
    }
    return this.welcome(name, gate.withoutToken(this.asker), ref);
  }

  private async login(name: string, token: string, ref: Ref): Promise<void> {
    const { gate, log } = this.parts;
    try {
      this.send(this.welcome(name, await gate.withToken(token, this.asker), ref));
      this.goOn();
    } catch (error) {
      if (error instanceof Wait) {
        this.send({ ...errorFrame("rate_limited", error.message, ref), retry_after_s: error.retryAfterS });
        this.close(CLOSE.tryLater, error.message);
      } else if (error instanceof RoomError && error.code === "auth_failed") {
        this.refuse("auth_failed", error.message, CLOSE.policy, ref);
      } else {
        log.error(`a token cannot be checked: ${String(error)}`);
        this.send(unavailableFrame(ref));
        this.close(CLOSE.tryLater, "try again later");
      }
    }
  }

  private welcome(name: string, principal: Principal, ref: Ref): Frame {
    const problem = nameProblem(name);
    if (problem !== null) return errorFrame("bad_request", problem, ref);
    const { rooms } = this.parts;
    this.name = name;
    this.principal = principal;
    this.cancelTimer();
    this.heardMs = this.parts.clock.nowMs();
    this.keepAlive();
    const list = rooms.list.filter((room) => maySee(principal, room));
    return {
      type: "welcome",
      client_id: this.id,
      nonce: this.nonce.toString("hex"),
      rooms: list.map((room) => ({
        ...{ name: room.name, private: room.isPrivate, description: room.description, topic: this.topic(room) },
      })),
    };
  }

  private topic(room: Room): string | undefined {
    return this.parts.topic(room) || undefined;
  }

  private join(
    principal: Principal,
    { room: name, proof, limit, grep, ref }: ClientFrame & { type: "join" },
  ): Frame | null {
    const room = this.parts.rooms.get(name);
    const isSeen = room !== undefined && maySee(principal, room);
    if (room === undefined || room.isPrivate || !isSeen) {
      const refusal = this.proofProblem(principal, room, name, proof, ref);
      if (refusal !== null || room === undefined) return refusal;
    }
    let joined: Buffer;
    try {
      const history = this.parts.rooms.history(room, { limit, grep }).map(wireMessage);
      this.cost += history.length / HISTORY_PER_FRAME;
      joined = textFrame(JSON.stringify({ type: "joined", room: room.name, topic: this.topic(room), history, ref }));
    } catch (error) {
      this.parts.log.error(`the history of "${room.name}" cannot be read: ${String(error)}`);
      return unavailableFrame(ref);
    }
    const members = this.parts.members.get(room) ?? new Set();
    this.parts.members.set(room, members.add(this));
    // A long history is no sign of a client that does not read.
    this.moreUnread = Math.max(this.moreUnread, joined.length);
    this.sendFrame(joined);
    return null;
  }

  /**
   * Why a room that is not simply open is not joined, null when the proof is right. For a room that he may not see, answer
   * and work are those for a name that nobody has.
   */
  private proofProblem(
    principal: Principal,
    room: Room | undefined,
    name: string,
    proof: string | undefined,
    ref: Ref,
  ): Frame | null {
    const { gate } = this.parts;
    const isSeen = room !== undefined && maySee(principal, room);
    if (!isSeen && (proof === undefined || seesAll(principal))) return unknownRoom(name, ref);
    // Who sits at this machine has the keys of the configuration anyway.
    const isGuessing = principal.kind !== "local";
    try {
      if (isGuessing) gate.mustNotWait(this.asker);
    } catch (error) {
      if (!(error instanceof Wait)) throw error;
      return { ...errorFrame("rate_limited", error.message, ref), retry_after_s: error.retryAfterS };
    }
    const isProven = this.proves(room?.key ?? NO_KEY, name, proof);
    const isInReach = principal.rooms === null || principal.rooms.includes(name);
    if (isProven && isInReach && room?.isPrivate === true) return null;
    if (isGuessing && proof !== undefined) gate.failed(this.asker);
    return errorFrame("proof_failed", `${JSON.stringify(name)} opens to a proof of its key, and this is none`, ref);
  }

  private leave(room: Room, ref: Ref): Frame | null {
    const left = this.parts.members.get(room)?.delete(this) ?? false;
    return left ? null : errorFrame("not_joined", `"${room.name}" was not joined`, ref);
  }

  private participants(room: Room, ref: Ref): Frame {
    if (!this.isIn(room)) return errorFrame("not_joined", `join "${room.name}" first`, ref);
    return { type: "participants", room: room.name, participants: this.parts.participants(room), ref };
  }

  private post(principal: Principal, sender: string, room: Room, frame: ClientFrame & { type: "post" }): Frame | null {
    const { rooms, clock, settings } = this.parts;
    const { text, ref } = frame;
    if (!this.isIn(room)) return errorFrame("not_joined", `join "${room.name}" first`, ref);
    if (!mayDo(principal, "post")) return errorFrame("read_only", "this token may only read", ref);
    const problem = postProblem(room, sender, text);
    if (problem !== null) return failureFrame(problem, ref);
    const { messagesPerMinute: perMinute, burst } = settings().rateLimit;
    const waitS = this.posts.take(clock.nowMs(), { perMinute, burst });
    if (waitS > 0) {
      const message = `too many messages: the next may come in ${waitS} s`;
      return { ...errorFrame("rate_limited", message, ref), retry_after_s: waitS };
    }
    rooms.post(room, sender, text, "client", (outcome) => {
      this.send(outcome.ok ? { type: "posted", ref, guid: outcome.message.guid } : failureFrame(outcome.error, ref));
    });
    return null;
  }

  private isIn(room: Room): boolean {
    return this.parts.members.get(room)?.has(this) === true;
  }

  /** proof = HMAC-SHA256(room key, nonce bytes || UTF-8 room name). */
  private proves(key: Uint8Array, room: string, proof: string | undefined): boolean {
    const expected = createHmac("sha256", key).update(this.nonce).update(room, "utf8").digest();
    const given = Buffer.from(proof ?? "", "hex");
    const isWhole = given.length === expected.length;
    return timingSafeEqual(isWhole ? given : Buffer.alloc(expected.length), expected) && isWhole;
  }

  /** With a timer of its own: pinged all at once, clients would hold up the messages. */
  private keepAlive(): void {
    const { clock, settings } = this.parts;
    this.cancelTimer = clock.after(settings().pingIntervalS * 1000, () => {
      // One that we do not read now is not silent.
      if (this.pauses === 0 && clock.nowMs() - this.heardMs >= settings().idleTimeoutS * 1000) {
        this.drop("it does not answer");
        return;
      }
      this.sendFrame(PING_FRAME);
      this.keepAlive();
    });
  }
}

function errorFrame(code: ErrorCode, message: string, ref: Ref): Frame {
  return { type: "error", code, message, ref };
}

function unknownRoom(name: string, ref: Ref): Frame {
  return errorFrame("unknown_room", `there is no room ${JSON.stringify(name)}`, ref);
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
