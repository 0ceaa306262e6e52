// A host that keeps what it was given, as a real one does: over unplugged cables, restarts of the board, and its own silences.
import {
  Ack,
  BoardHello,
  GetStatus,
  Hello,
  LINK_MIN_VERSION,
  LINK_VERSION,
  RESULT_DUPLICATE,
  RESULT_OK,
  Result,
  Resume,
  RoomMessage,
  RoomState,
  Send,
  Sent,
  SetRadio,
  SetRoom,
  Status,
} from "../../protocol/link.ts";
import type { VirtualClock } from "../../simulator/clock.ts";
import type { SimBoard } from "../../simulator/sim-board.ts";
import { Host } from "./host.ts";
import { RADIO } from "./world.ts";

const POLL_MS = 5000;
const ANSWER_MS = 3000;
const UNSURE_MS = 15_000;
const GRP_TXT = 5;
/** Flag of a message that the board sent itself. */
const OWN = 1;

interface Own {
  payload: Uint8Array;
  /** The board has heard of it before: once nothing waits there any more, it is out. */
  isKnown: boolean;
  /** Of the state. */
  sinceMs: number;
  state: "waits" | "asked" | "accepted" | "sent";
}

export class SoakHost {
  /** Payloads as hex. */
  readonly stored = new Set<string>();
  /** Those of others that came once more under another number of the same start. */
  doubled = 0;
  /** Messages that we want on the air. */
  readonly own: Own[] = [];
  /** Rounds of Send that ended without the air having had the message. */
  failed = 0;
  /** Set false to say and take nothing. */
  isAwake = true;
  lastStatus: { txQueue: number; uptimeS: number } | null = null;
  private readonly board: SimBoard;
  private readonly clock: VirtualClock;
  private readonly key: string;
  private readonly dutyPermille: number;
  private readonly ofBoot = new Set<string>();
  private line: Host | null = null;
  private bootId = 0;
  private room = -1;
  private last = 0;
  private req = 0;
  private polledMs = -POLL_MS;
  private answeredMs = 0;
  private askedMs = 0;

  constructor(board: SimBoard, clock: VirtualClock, key: string, dutyPermille: number) {
    this.dutyPermille = dutyPermille;
    this.board = board;
    this.clock = clock;
    this.key = key;
  }

  say(payload: Uint8Array): void {
    this.own.push({ payload, state: "waits", sinceMs: 0, isKnown: false });
  }

  /** True when everything of ours was on the air. */
  get isDone(): boolean {
    return this.own.every((each) => each.state === "sent");
  }

  /** What there is to do at this moment. */
  work(): void {
    if (!this.board.plugged || !this.isAwake) {
      this.line = null;
      return;
    }
    const now = this.clock.nowMs();
    if (!this.line) {
      this.line = new Host(this.board.serial, this.clock);
      this.greet();
    }
    const line = this.line;
    if (now - this.polledMs >= POLL_MS) {
      this.polledMs = now;
      if (now - this.answeredMs > 2 * POLL_MS || this.room < 0) this.greet();
      line.send(GetStatus, { req: 0xffff });
    }
    this.take(line);
    this.ask(line);
  }

  private greet(): void {
    this.line?.send(Hello, {
      version: LINK_VERSION,
      minVersion: LINK_MIN_VERSION,
      unixTime: 1_760_000_000 + Math.floor(this.clock.nowMs() / 1000),
      wants: 0,
    });
  }

  private take(line: Host): void {
    const hello = line.got(BoardHello).at(-1);
    if (hello) {
      if (hello.bootId !== this.bootId) this.forgetBoot();
      this.bootId = hello.bootId;
      this.room = -1;
      line.send(SetRadio, { req: 0xfffd, ...RADIO, dutyPermille: this.dutyPermille });
      const key = new Uint8Array(32);
      key.set(Buffer.from(this.key, "hex"));
      line.send(SetRoom, { req: 0xfffe, max: 100, keyLen: this.key.length / 2, key, name: Buffer.from("soak") });
    }
    for (const state of line.got(RoomState)) {
      if (Buffer.from(state.name).toString() !== "soak") continue;
      this.room = state.room;
      line.send(Resume, { room: state.room, seq: this.last });
    }
    for (const message of line.got(RoomMessage)) this.keep(line, message);
    for (const status of line.got(Status)) {
      this.answeredMs = this.clock.nowMs();
      // It knows no more what we had asked it for.
      if (this.lastStatus && status.uptimeS < this.lastStatus.uptimeS) this.room = -1;
      this.lastStatus = status;
      // Its Sent may have come while we were away.
      for (const own of this.own) {
        const forMs = this.clock.nowMs() - own.sinceMs;
        if (own.state !== "accepted" || status.txQueue || forMs < (own.isKnown ? ANSWER_MS : UNSURE_MS)) continue;
        own.state = own.isKnown ? "sent" : "waits";
      }
    }
    for (const { req, code } of line.got(Result)) this.settle(req, code);
    for (const { req, ok } of line.got(Sent)) {
      const own = this.own[req - 1];
      if (!own) continue;
      if (!ok) this.failed++;
      own.state = ok ? "sent" : "waits";
    }
    line.forget();
  }

  private keep(
    line: Host,
    { room, seq, flags, payload }: { room: number; seq: number; flags: number; payload: Uint8Array },
  ): void {
    if (room !== this.room) return;
    if (seq > this.last + 1 && !(flags & 2)) {
      line.send(Resume, { room, seq: this.last });
      return;
    }
    if (seq > this.last) {
      const hex = Buffer.from(payload).toString("hex");
      if (this.ofBoot.has(hex) && !(flags & OWN)) this.doubled++;
      this.ofBoot.add(hex);
      this.stored.add(hex);
      this.last = seq;
    }
    line.send(Ack, { room, seq: this.last });
  }

  /** One request at a time; what the board took and has not sent is the board's. */
  private ask(line: Host): void {
    const now = this.clock.nowMs();
    const asked = this.own.find((each) => each.state === "asked");
    if (asked) {
      if (now - this.askedMs > ANSWER_MS) asked.state = "waits";
      return;
    }
    const at = this.own.findIndex((each) => each.state === "waits");
    if (at < 0 || this.room < 0 || now - this.askedMs < 1000) return;
    this.own[at].state = "asked";
    this.askedMs = now;
    this.req = at + 1;
    line.send(Send, { req: this.req, priority: 1, payloadType: GRP_TXT, payload: this.own[at].payload });
  }

  private settle(req: number, code: number): void {
    const own = this.own[req - 1];
    if (own?.state !== "asked") return;
    own.isKnown = code === RESULT_DUPLICATE;
    own.state = own.isKnown || code === RESULT_OK ? "accepted" : "waits";
    own.sinceMs = this.clock.nowMs();
  }

  /** Another start of the board: what it had taken and not sent is gone, and its numbers begin anew. */
  private forgetBoot(): void {
    this.last = 0;
    for (const own of this.own) if (own.state === "accepted" || own.state === "asked") own.state = "waits";
    this.ofBoot.clear();
  }
}
