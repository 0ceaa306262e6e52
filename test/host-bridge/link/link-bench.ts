import { createHash } from "node:crypto";
import { BoardLink, type LinkHooks } from "../../../host-bridge/link/board-link.ts";
import { type LinkWish, newLink, type Post, type RingCursor } from "../../../host-bridge/link/state.ts";
import { readU32 } from "../../../protocol/bytes.ts";
import { FakeClock } from "../fake-clock.ts";
import { FakeBoard } from "./fake-board.ts";

export const RADIO = { freqHz: 869_618_000, bwHz: 62_500, sf: 8, cr: 8, powerDbm: 22, dutyPermille: 100 };

/** A room as the host wants it, with a key made of its name. */
export function wanted(name: string, max = 100): LinkWish["rooms"][number] {
  const key = new Uint8Array(createHash("sha256").update(name).digest().subarray(0, 16));
  const check = createHash("sha256").update("room-key-check").update(key).digest();
  return { name, key, keyCheck: readU32(new Uint8Array(check), 0), max };
}

/** The host's end over a fake board, with a store in memory: what a daemon has, without SQLite and rooms. */
export class LinkBench {
  readonly clock: FakeClock;
  readonly board: FakeBoard;
  readonly wish: LinkWish;
  /** Room name and payload text of everything stored, in order. */
  stored: string[] = [];
  cursors = new Map<string, RingCursor>();
  missed: string[] = [];
  logs: string[] = [];
  /** Adverts: what the board asked for, and what the daemon says to it. */
  asked: string[] = [];
  signed: number[] = [];
  real = true;
  hasKey = true;
  ends: string[] = [];
  ups = 0;
  aired: number[] = [];
  unsendable: number[] = [];
  outbox: Post[] = [];
  /** How long a commit takes. */
  storeMs = 5;
  storeFails = false;
  link: BoardLink | null = null;

  constructor(rooms = [wanted("A"), wanted("B")], clock = new FakeClock()) {
    this.clock = clock;
    this.board = new FakeBoard(clock);
    this.wish = { board: "b1", rooms, radio: RADIO, wantsHeard: false };
  }

  connect(): BoardLink {
    const hooks: LinkHooks = {
      store: (room, bootId, keyCheck, { seq, payload }, settle) => {
        this.clock.after(this.storeMs, () => {
          if (this.storeFails) {
            settle(new Error("disk full"));
            return;
          }
          this.stored.push(`${room}:${Buffer.from(payload)}`);
          this.cursors.set(room, { bootId, keyCheck, seq });
          settle(null);
        });
      },
      takePosts: (count) => this.outbox.splice(0, count),
      aired: (id) => void this.aired.push(id),
      unsendable: (id) => void this.unsendable.push(id),
      up: () => void this.ups++,
      status: () => undefined,
      heard: () => undefined,
      isRealAdvert: (message, signature) => {
        this.asked.push(`${Buffer.from(message)} ${signature.length}`);
        return this.real;
      },
      signAdvert: (timestamp, appData) => {
        this.signed.push(timestamp);
        return this.hasKey ? new Uint8Array([timestamp & 255, ...appData]) : null;
      },
      missed: (room, count) => void this.missed.push(`${room}:${count}`),
      log: (level, text) => void this.logs.push(`${level} ${text}`),
      ended: (reason, hint) => void this.ends.push(hint === null ? reason : `${reason} / ${hint}`),
    };
    this.link = new BoardLink(this.board.open(), newLink(this.wish, this.cursors, 40_000), hooks, this.clock);
    this.link.start();
    return this.link;
  }

  /** The board hears `count` packets of a room, numbered from `from`. */
  hear(room: string, from: number, count = 1): void {
    for (let i = from; i < from + count; i++) this.board.hear(room, new TextEncoder().encode(`${i}`));
  }

  /** What one room got, as numbers. */
  of(room: string): number[] {
    return this.stored.filter((line) => line.startsWith(`${room}:`)).map((line) => Number(line.slice(room.length + 1)));
  }

  post(id: number, text = `post ${id}`): void {
    this.outbox.push({ id, payload: new TextEncoder().encode(text) });
    this.link?.offer();
  }
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
