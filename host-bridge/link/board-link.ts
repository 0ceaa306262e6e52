import { latin1ToBytes, view } from "../../protocol/bytes.ts";
import type { Message } from "../../protocol/codec.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { KissDeframer, kissFrame } from "../../protocol/kiss.ts";
import * as wire from "../../protocol/link.ts";
import { bodyType, bodyValue, LINK_MAX_BODY, LINK_TYPE_BYTE, sealBody } from "../../protocol/link-frame.ts";
import type { BytePort } from "../../simulator/byte-port.ts";
import { believableUnixS, type Clock } from "../clock.ts";
import { stockTimes } from "./board-key.ts";
import type { ConsoleSeat } from "./keeper.ts";
import { nextWakeMs, postSpace, step } from "./link.ts";
import type {
  BoardIdentity,
  Effect,
  FromBoard,
  HeardValue,
  LinkEvent,
  LinkState,
  LinkWish,
  Post,
  RingMessage,
  StatusValue,
  ToBoard,
} from "./state.ts";

/** What the link asks of the daemon and tells it. */
export interface LinkHooks {
  /** Make the message durable, then call `settle`, with null when that is done. */
  store(room: string, bootId: number, keyCheck: number, message: RingMessage, settle: (error: unknown) => void): void;
  /** Up to `count` posts for this board; it has them until `aired`, `unsendable` or the end of the link. */
  takePosts(count: number): Post[];
  /** `isKnown`: it was on air before the board was asked. */
  aired(id: number, isKnown: boolean): void;
  unsendable(id: number, why: string): void;
  up(identity: BoardIdentity): void;
  status(status: StatusValue): void;
  heard(packet: HeardValue): void;
  /** The public key that the board advertises itself with, 64 lower-case hex digits. Left out: it is not asked for it. */
  publicKey?(hex: string): void;
  missed(room: string, count: number): void;
  /** Whether `signature` is that of an advert; `message` begins with the key. */
  isRealAdvert(message: Uint8Array, signature: Uint8Array): boolean;
  /** An advert payload of this board, null when it has no key now. */
  signAdvert(timestamp: number, appData: Uint8Array): Uint8Array | null;
  log(level: "debug" | "info" | "warn", text: string): void;
  /** The link is over, the port closed. `hint` is there when only a person can help. */
  ended(reason: string, hint: string | null): void;
}

const FROM_BOARD = new Map(wire.FROM_BOARD.map((table) => [table.type, table as Message<unknown>]));
const FROM_HOST = new Map(wire.FROM_HOST.map((table) => [table.name, table as Message<unknown>]));

/** A frame that does not go on for so long has lost its end (kiss.ts). */
const HALF_FRAME_MS = 1000;
const MAX_LINE = 1000;
/** The board tells its key on the console (docs/console.md); the tag in front tells our question from a person's. */
const ASK_KEY = "\rhb|get public.key\r";
const KEY_LINE = /^ {2}-> hb\|> ([0-9a-f]{64})\r?$/i;
/** Between two questions: a board that has just been flashed draws its key first. */
const ASK_KEY_MS = 60_000;
/** Between two signatures, each of which takes a while: others have their turn. */
const SIGN_MS = 20;

/** Runs the link's state machine over an open port: frames to events, effects to frames, and the clock. */
export class BoardLink {
  /** Frames that were no message: bad checksum, bad escape, too long, unknown, wrong size. */
  badFrames = 0;
  private readonly port: BytePort;
  private readonly hooks: LinkHooks;
  private readonly clock: Clock;
  private readonly deframer: KissDeframer;
  private readonly out = new Uint8Array(LINK_MAX_BODY);
  private state: LinkState;
  private events: LinkEvent[] = [];
  private running = false;
  private ended = false;
  private line = "";
  private readonly seats = new Set<{ onText(text: string): void; onEnd(): void }>();
  /** When the board is asked for its key again; Infinity when that is known. */
  private askKeyAt = 0;
  private cancelWake: () => void = () => undefined;
  private cancelDrop: () => void = () => undefined;
  private cancelSign: () => void = () => undefined;

  /** `state` as newLink() makes it. */
  constructor(port: BytePort, state: LinkState, hooks: LinkHooks, clock: Clock) {
    this.port = port;
    this.state = state;
    this.hooks = hooks;
    this.clock = clock;
    this.deframer = new KissDeframer(
      (type, body) => this.onFrame(type, body),
      (text) => this.onText(text),
    );
  }

  start(): void {
    this.port.onData((bytes) => this.onData(bytes));
    this.port.onClose((reason) => this.end(reason, null));
    this.dispatch({ type: "opened" });
  }

  /** There may be new posts to take. */
  offer(): void {
    this.dispatch({ type: "tick" });
  }

  /** The rooms of this host are others now. */
  setRooms(rooms: LinkWish["rooms"], removed: readonly string[]): void {
    this.dispatch({ type: "rooms", rooms, removed });
  }

  /** A person at the board's console: gets what it prints until `onEnd`, and may type what typedText() lets through. */
  console(onText: (text: string) => void, onEnd: () => void): ConsoleSeat {
    const seat = { onText, onEnd };
    this.seats.add(seat);
    return {
      type: (bytes) => {
        if (!this.ended) this.port.write(bytes);
      },
      leave: () => void this.seats.delete(seat),
    };
  }

  /** Closes the port; `ended` is not called. */
  stop(): void {
    this.finish();
  }

  isUp(): boolean {
    return !this.ended && this.state.phase === "up";
  }

  /** Bad frames of both kinds: those that KISS could not read and those that the link could not. */
  linkErrors(): number {
    return this.badFrames + this.deframer.badEscapes + this.deframer.tooLong;
  }

  private onData(bytes: Uint8Array): void {
    if (this.ended) return;
    this.cancelDrop();
    this.deframer.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
    if (!this.ended && this.deframer.waiting()) {
      this.cancelDrop = this.clock.after(HALF_FRAME_MS, () => this.deframer.drop());
    }
  }

  private onFrame(type: number, text: string): void {
    // Port 0 is the KISS modem's; other programs may talk to it beside us.
    if (type !== LINK_TYPE_BYTE) return;
    const body = latin1ToBytes(text);
    const number = bodyType(crc32, body, body.length);
    const table = FROM_BOARD.get(number);
    const value = table === undefined ? null : bodyValue(table, body, body.length);
    if (table !== undefined && value !== null) {
      this.dispatch({ type: "message", message: { name: table.name, value } as FromBoard });
    } else if (number === wire.BoardHello.type && body.length > 6) {
      // Whatever else a later version changes, a hello begins with its two version bytes.
      this.dispatch({ type: "foreign", version: body[1], minVersion: body[2] });
    } else {
      this.badFrames++;
    }
  }

  private onText(text: string): void {
    for (const seat of this.seats) seat.onText(text);
    const lines = (this.line + text).split("\n");
    this.line = (lines.pop() ?? "").slice(-MAX_LINE);
    for (const line of lines) {
      const key = KEY_LINE.exec(line)?.[1].toLowerCase();
      if (key !== undefined) {
        this.askKeyAt = Number.POSITIVE_INFINITY;
        this.hooks.publicKey?.(key);
        continue;
      }
      if (line.trim() !== "") this.hooks.log("debug", `says: ${line.trimEnd().slice(0, MAX_LINE)}`);
    }
  }

  /** Events wait for their turn: a port may answer within write(), and a hook within an effect. */
  private dispatch(event: LinkEvent): void {
    this.events.push(event);
    if (this.running || this.ended) return;
    this.running = true;
    try {
      for (let next = this.events.shift(); next !== undefined && !this.ended; next = this.nextEvent()) {
        const [state, effects] = step(this.state, next, this.now());
        this.state = state;
        for (const effect of effects) if (!this.ended) this.perform(effect);
      }
    } finally {
      this.running = false;
    }
    this.schedule();
  }

  /** What waits, and when nothing does, posts, as long as the board has space for them. */
  private nextEvent(): LinkEvent | undefined {
    if (this.events.length === 0 && !this.ended) {
      const space = postSpace(this.state);
      if (space > 0) for (const post of this.hooks.takePosts(space)) this.events.push({ type: "post", post });
    }
    return this.events.shift();
  }

  private perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.send(effect.message);
        break;
      case "store": {
        const { room, bootId, keyCheck, message } = effect;
        this.hooks.store(room, bootId, keyCheck, message, (error) => {
          if (error === null) this.dispatch({ type: "stored", room, bootId, keyCheck, seq: message.seq });
          else this.dispatch({ type: "notStored", room });
        });
        break;
      }
      case "up":
        this.hooks.up(effect.identity);
        this.askKey();
        break;
      case "status":
        this.hooks.status(effect.status);
        if (this.isUp()) this.askKey();
        break;
      case "heard":
        this.hooks.heard(effect.packet);
        break;
      case "checkAdvert": {
        const { id, message, signature } = effect.question;
        const valid = this.hooks.isRealAdvert(message, signature) ? 1 : 0;
        this.send({ name: "Verdict", value: { id, valid } });
        break;
      }
      case "signAdverts": {
        const { after, intervalS, count, appData } = effect.wish;
        this.sign(stockTimes(effect.unixS, after, intervalS, count), appData);
        break;
      }
      case "aired":
        this.hooks.aired(effect.id, effect.isKnown ?? false);
        break;
      case "unsendable":
        this.hooks.unsendable(effect.id, effect.why);
        break;
      case "missed":
        this.hooks.missed(effect.room, effect.count);
        break;
      case "log":
        this.hooks.log(effect.level, effect.text);
        break;
      case "giveUp":
        this.end(effect.reason, effect.hint);
        break;
    }
  }

  /** Not while somebody types: the question would stand in the middle of a line. */
  private askKey(): void {
    const nowMs = this.clock.nowMs();
    if (this.hooks.publicKey === undefined || nowMs < this.askKeyAt || this.seats.size > 0) return;
    this.askKeyAt = nowMs + ASK_KEY_MS;
    this.port.write(Buffer.from(ASK_KEY));
  }

  /** Sends an advert of the first time, and later those of the others. What was being signed is wanted no more. */
  private sign(times: readonly number[], appData: Uint8Array): void {
    this.cancelSign();
    const [time, ...others] = times;
    if (time === undefined || this.ended) return;
    const payload = this.hooks.signAdvert(time, appData);
    if (payload === null) return;
    this.send({ name: "StockAdvert", value: { payload } });
    this.cancelSign = this.clock.after(SIGN_MS, () => this.sign(others, appData));
  }

  private send(message: ToBoard): void {
    const table = FROM_HOST.get(message.name);
    const length = table === undefined ? -1 : sealBody(crc32, table, message.value, this.out);
    if (length < 0) throw new Error(`bug: ${message.name} does not fit into a frame`);
    const body = Buffer.from(view(this.out, 0, length)).toString("latin1");
    this.port.write(Buffer.from(kissFrame(wire.LINK_PORT, 0, body), "latin1"));
  }

  private schedule(): void {
    this.cancelWake();
    if (this.ended) return;
    const wakeMs = nextWakeMs(this.state);
    if (wakeMs === Number.POSITIVE_INFINITY) return;
    // A timer may come up to a millisecond early.
    const delayMs = Math.max(1, Math.ceil(wakeMs - this.clock.nowMs()));
    this.cancelWake = this.clock.after(delayMs, () => this.dispatch({ type: "tick" }));
  }

  private now() {
    return { ms: this.clock.nowMs(), unixS: believableUnixS(this.clock) };
  }

  private end(reason: string, hint: string | null): void {
    if (this.ended) return;
    this.finish();
    this.hooks.ended(reason, hint);
  }

  private finish(): void {
    this.ended = true;
    this.cancelWake();
    this.cancelDrop();
    this.cancelSign();
    this.port.close();
    for (const seat of this.seats) seat.onEnd();
    this.seats.clear();
  }
}
